// SPDX-License-Identifier: MIT
#include "portfolio.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/list.h"
#include "creditrisk/util/log.h"

/* The names that the registry knows; none where there is no registry yet. Its errors. */
static int list_recorded(const struct cr_settings *settings, char ***ret_names, size_t *ret_n,
                         struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    int result = cr_registry_open(settings->registry, settings->registry_db, false, &registry, err);

    if (result == CR_ENOTFOUND) {
        return 0;
    }
    return result < 0 ? result : cr_registry_all_portfolios(registry, ret_names, ret_n, err);
}

static int check_name(const struct cr_settings *settings, const char *name, struct cr_error *err)
{
    char **names = NULL;
    size_t n = 0;
    int result;

    if (cr_settings_find_portfolio(settings, name, NULL, 0, err) == 0 ||
        list_recorded(settings, &names, &n, err) < 0) {
        return 0;
    }
    result = cr_settings_find_portfolio(settings, name, names, n, err);
    cr_registry_free_portfolios(names, n);
    if (result == CR_ENOTFOUND && !cr_fs_is_dir(settings->portfolios_dir)) {
        cr_log(CR_LOG_WARN, "portfolio_unknown", "{s:s}", "reason", err->message);
        return 0;
    }
    return result;
}

int cr_daemon_check_portfolios(const struct cr_settings *settings, struct cr_error *err)
{
    struct cr_list_entry entry;
    int result = check_name(settings, settings->portfolio, err);

    for (const char *at = cr_list_begin(settings->portfolios);
         result == 0 && cr_list_next(&at, &entry);) {
        CR_CLEANUP(cr_freep) char *name = strndup(entry.text, entry.len);

        if (name == NULL) {
            return cr_error_no_memory(err);
        }
        if (strcmp(name, "*") != 0 && strcmp(name, settings->portfolio) != 0) {
            result = check_name(settings, name, err);
        }
    }
    return result;
}
