// SPDX-License-Identifier: MIT
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/num.h"

static const struct cr_option options[] = {
    {"origin", NULL, "also where each value comes from: default, file, environment or flag"},
};

/* NULL without memory. */
static json_t *value_to_json(const struct cr_settings_entry *entry)
{
    int64_t number = 0;
    if (entry->value == NULL) {
        return NULL;
    }
    switch (entry->kind) {
    case CR_SETTINGS_BOOL:
        return json_boolean(strcmp(entry->value, "true") == 0);
    case CR_SETTINGS_INTEGER:
        (void)cr_num_parse_int(entry->value, strlen(entry->value), &number); /* it is one */
        return json_integer(number);
    default:
        return json_string(entry->value);
    }
}

static int print_json(const struct cr_cli *cli, bool origin, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *settings = json_object();
    struct cr_settings_entry entry;
    for (size_t i = 0; cr_settings_entry(&cli->settings, i, &entry); i++) {
        json_t *value = value_to_json(&entry);
        free(entry.value);
        if (origin) {
            value = json_pack("{s:o, s:s}", "value", value, "origin", entry.origin);
        }
        if (json_object_set_new(settings, entry.key, value) != 0) {
            return cr_error_set(err, CR_ENOMEM, "out of memory for the settings");
        }
    }
    return cr_cli_print_json(
        json_pack("{s:s?, s:O}", "config", cli->settings.config_path, "settings", settings), err);
}

static int print_text(const struct cr_cli *cli, bool origin, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    struct cr_settings_entry entry;
    for (size_t i = 0; cr_settings_entry(&cli->settings, i, &entry); i++) {
        cr_cells_add(&cells, "%s", entry.key);
        cr_cells_add(&cells, "%s", entry.value != NULL ? entry.value : "?");
        if (origin) {
            cr_cells_add(&cells, "%s", entry.origin);
        }
        free(entry.value);
    }
    if (origin) {
        cr_cli_say(cli, "the file is %s",
                   cli->settings.config_path != NULL ? cli->settings.config_path : "absent");
    }
    return cr_cells_print(&cells, origin ? 3 : 2, 0, err);
}

static int show(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    bool origin = cr_cli_has(cli, "origin");
    (void)registry; /* none */
    return cli->json ? print_json(cli, origin, err) : print_text(cli, origin, err);
}

static const struct cr_verb verbs[] = {
    {
        .name = "show",
        .usage = "[--origin]",
        .summary = "Show every setting; passwords inside database addresses are masked",
        .example = "--origin",
        .options = {"origin"},
        .run = show,
    },
};

const struct cr_command cr_cmd_config = {
    .name = "config",
    .arguments = "VERB",
    .summary = "Show every setting as the programs would use it",
    .options = options,
    .n_options = CR_ARRAY_LEN(options),
    .verbs = verbs,
    .n_verbs = CR_ARRAY_LEN(verbs),
    .run = cr_cli_run_verb,
};
