// SPDX-License-Identifier: MIT
/* policy.yaml, gates: what a version must show before it can become the champion. */
#include "load.h"

#include <math.h>

#include "creditrisk/util/cleanup.h"

/* The metrics that have a floor: the larger, the better. */
static const char *const metrics[] = {"auc_roc",   "auc_pr", "ks", "gini",  "accuracy",
                                      "precision", "recall", "f1", "cv_auc"};

static int load_floor(struct cr_loader *loader, const struct cr_yaml_node *key,
                      const struct cr_yaml_node *value, struct cr_floor *floor,
                      struct cr_error *err)
{
    const struct cr_names known = CR_NAMES(metrics, CR_ARRAY_LEN(metrics));
    int result = cr_load_copy(loader, key, &floor->metric, err);

    if (result == 0 && cr_names_find(known, floor->metric) < 0) {
        return cr_names_unknown(known, key, "floor", err);
    }
    if (result == 0) {
        result = cr_yaml_number(value, &floor->least, err);
    }
    if (result == 0 && !(floor->least >= 0.0 && floor->least <= 1.0)) {
        result = cr_yaml_error(value, err, "%s '%s' is outside 0..1", floor->metric, value->text);
    }
    return result;
}

static int load_floors(struct cr_loader *loader, const struct cr_yaml_node *gates,
                       struct cr_error *err)
{
    const struct cr_yaml_node *map = cr_load_find(gates, "least");
    struct cr_floor *floors = NULL;
    int result;

    if (map == NULL) {
        return 0;
    }
    result = cr_yaml_expect(map, CR_YAML_MAP, err);
    if (result == 0) {
        result = cr_load_array(loader, map->n, sizeof(*floors), &floors, err);
    }
    for (size_t i = 0; result == 0 && i < map->n; i++) {
        result = load_floor(loader, map->keys[i], map->values[i], &floors[i], err);
    }
    if (result == 0) {
        loader->portfolio->policy.gates.floors = floors;
        loader->portfolio->policy.gates.n_floors = map->n;
    }
    return result;
}

int cr_load_gates(struct cr_loader *loader, const struct cr_yaml_node *policy, struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(NUMBER, "calibration_error", struct cr_gates, calibration_error), .max = 1},
        {CR_MEMBER(BOOL, "report", struct cr_gates, report)},
        {CR_MEMBER(BOOL, "second_approver", struct cr_gates, second_approver)},
        {.key = "least"},
        {.key = NULL},
    };
    struct cr_gates *gates = &loader->portfolio->policy.gates;
    const struct cr_yaml_node *map = cr_load_find(policy, "gates");
    int result;

    gates->calibration_error = NAN;
    if (map == NULL) {
        return 0;
    }
    result = cr_load_members(loader, map, members, gates, err);
    return result != 0 ? result : load_floors(loader, map, err);
}
