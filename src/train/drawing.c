// SPDX-License-Identifier: MIT
#include "drawing.h"

#include <math.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

const struct cr_curve_info cr_curves[CR_N_CURVES] = {
    [CR_CURVE_ROC] = {"roc", "ROC curve", "share of good payers flagged",
                      "share of defaults flagged", true},
    [CR_CURVE_PRECISION_RECALL] = {"precision_recall", "Precision and recall", "recall",
                                   "precision", true},
    [CR_CURVE_CALIBRATION] = {"calibration", "Calibration", "predicted PD", "observed default rate",
                              false},
    [CR_CURVE_LIFT] = {"lift", "Lift", "share of applications, riskiest first",
                       "times the average default rate", false},
};

const json_t *cr_drawing_at(const json_t *node, const char *path)
{
    while (node != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        node = json_object_getn(node, path, len);
        path += len + (path[len] == '.');
    }
    return json_is_null(node) ? NULL : node;
}

double cr_drawing_number(const json_t *node, const char *path)
{
    const json_t *value = cr_drawing_at(node, path);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *cr_drawing_text(const json_t *node, const char *path)
{
    return json_string_value(cr_drawing_at(node, path));
}

const char *cr_drawing_model_name(const json_t *model)
{
    const char *name = cr_drawing_text(model, "name");
    if (name == NULL) {
        name = cr_drawing_text(model, "kind");
    }
    return name == NULL ? "model" : name;
}

void cr_drawing_init(struct cr_drawing *drawing, const json_t *report)
{
    const char *kind = cr_drawing_text(report, "champion_kind");
    const char *symbol = cr_drawing_text(report, "currency.symbol");
    const char *grouping = cr_drawing_text(report, "currency.grouping");
    *drawing = (struct cr_drawing){.report = report, .currency = symbol == NULL ? "" : symbol};
    drawing->derived_from = cr_drawing_text(report, "derived.from");
    drawing->is_promoted = json_is_true(cr_drawing_at(report, "promoted"));
    drawing->role = drawing->derived_from != NULL ? "this version"
                    : drawing->is_promoted        ? "the champion"
                                                  : "this run's choice";
    drawing->indian = grouping != NULL && strcmp(grouping, "indian") == 0;
    drawing->models = cr_drawing_at(report, "models");
    drawing->champion = json_array_get(drawing->models, 0);
    if (kind == NULL) {
        kind = cr_drawing_text(report, "champion.kind");
    }
    for (size_t i = 0; kind != NULL && i < json_array_size(drawing->models); i++) {
        const json_t *model = json_array_get(drawing->models, i);
        const char *own = cr_drawing_text(model, "kind");
        if (own != NULL && strcmp(own, kind) == 0) {
            drawing->champion = model;
            drawing->champion_index = i;
            break;
        }
    }
}

static void add_point(struct cr_points *points, double x, double y)
{
    if (isfinite(x) && isfinite(y) && points->n < CR_DRAWING_MAX_POINTS) {
        points->x[points->n] = x;
        points->y[points->n] = y;
        points->n++;
    }
}

static void read_pairs(const json_t *pairs, struct cr_points *points)
{
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        const json_t *pair = json_array_get(pairs, i);
        const json_t *x = json_array_get(pair, 0);
        const json_t *y = json_array_get(pair, 1);
        if (json_is_number(x) && json_is_number(y)) {
            add_point(points, json_number_value(x), json_number_value(y));
        }
    }
}

static void read_objects(const json_t *objects, const char *x, const char *y,
                         struct cr_points *points)
{
    for (size_t i = 0; i < json_array_size(objects); i++) {
        const json_t *object = json_array_get(objects, i);
        add_point(points, cr_drawing_number(object, x), cr_drawing_number(object, y));
    }
}

void cr_drawing_curve(const json_t *model, enum cr_curve curve, struct cr_points *ret_points)
{
    ret_points->n = 0;
    switch (curve) {
    case CR_CURVE_ROC:
        read_pairs(cr_drawing_at(model, "curves.roc"), ret_points);
        break;
    case CR_CURVE_PRECISION_RECALL:
        read_pairs(cr_drawing_at(model, "curves.precision_recall"), ret_points);
        break;
    case CR_CURVE_CALIBRATION:
        read_objects(cr_drawing_at(model, "curves.calibration"), "mean_pd", "default_rate",
                     ret_points);
        break;
    case CR_CURVE_LIFT:
        read_objects(cr_drawing_at(model, "curves.lift"), "share", "lift", ret_points);
        break;
    }
}

bool cr_drawing_has_precision(const json_t *point)
{
    return cr_drawing_number(point, "declined") != 0;
}

void cr_drawing_sweep(const json_t *model, const char *key, struct cr_points *ret_points)
{
    const json_t *sweep = cr_drawing_at(model, "threshold_analysis.sweep");
    bool is_precision = strcmp(key, "precision") == 0;
    ret_points->n = 0;
    for (size_t i = 0; i < json_array_size(sweep); i++) {
        const json_t *point = json_array_get(sweep, i);
        if (!is_precision || cr_drawing_has_precision(point)) {
            add_point(ret_points, cr_drawing_number(point, "threshold"),
                      cr_drawing_number(point, key));
        }
    }
}

void cr_drawing_extent(const struct cr_drawing *drawing, enum cr_curve curve, double *ret_x,
                       double *ret_y)
{
    *ret_x = *ret_y = 0;
    for (size_t m = 0; m < json_array_size(drawing->models); m++) {
        struct cr_points points;
        cr_drawing_curve(json_array_get(drawing->models, m), curve, &points);
        for (size_t i = 0; i < points.n; i++) {
            *ret_x = fmax(*ret_x, points.x[i]);
            *ret_y = fmax(*ret_y, points.y[i]);
        }
    }
}

double cr_drawing_round_up(double value, double *ret_step)
{
    static const double steps[] = {1, 2, 2.5, 5, 10};
    if (!(value > 0 && isfinite(value))) {
        *ret_step = 0.2;
        return 1;
    }
    double unit = pow(10, floor(log10(value / 5)));
    for (size_t i = 0; i < CR_ARRAY_LEN(steps); i++) {
        *ret_step = unit * steps[i];
        if (*ret_step * 5 >= value * (1 - 1e-9)) {
            break;
        }
    }
    return *ret_step * ceil(value / *ret_step - 1e-9);
}

int cr_drawing_save(const char *dir, const char *name, const struct cr_strbuf *text,
                    struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
    int result = cr_strbuf_check(text, err);
    if (result != 0) {
        return result;
    }
    if (path == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    return cr_fs_write(path, cr_strbuf_text(text), text->len, err);
}
