// SPDX-License-Identifier: MIT
/* The flags of the command line that are settings, as the help of a program shows them. */
#include <string.h>

#include "creditrisk/settings/settings.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/url.h"

static const struct cr_settings_flag_help flags[] = {
    {"portfolio", "NAME", "which loan book (default retail)", false},
    {"db", "URL", "sqlite:PATH or postgresql://… (default sqlite:data/creditrisk.db)", false},
    {"registry", "DIR", "where versions live (default models)", false},
    {"registry-db", "URL", "the registry's database (default sqlite:DIR/registry.db)", false},
    {"config", "FILE", "settings (default " CR_SETTINGS_CONFIG ")", false},
    {"listen", "ADDRESS:PORT", "where to listen (default 127.0.0.1:8001; port 0 = any free one)",
     true},
    {"listen-fd", "N", "an already listening socket", true},
};

const struct cr_settings_flag_help *cr_settings_flag_at(size_t i)
{
    return i < CR_ARRAY_LEN(flags) ? &flags[i] : NULL;
}

const struct cr_settings_flag_help *cr_settings_find_flag(const char *name)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(flags); i++) {
        if (strcmp(flags[i].name, name) == 0) {
            return &flags[i];
        }
    }
    return NULL;
}

/* An address that people may not see as it is. */
static bool has_password(const char *url)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf shown = CR_STRBUF_INIT;

    cr_url_put_masked(&shown, url);
    return cr_strbuf_check(&shown, NULL) == 0 && strcmp(cr_strbuf_text(&shown), url) != 0;
}

const char *cr_settings_find_password(const struct cr_settings_flag *given, size_t n_flags)
{
    for (size_t i = 0; i < n_flags; i++) {
        const struct cr_settings_flag_help *flag = cr_settings_find_flag(given[i].name);

        if (flag != NULL && strcmp(flag->argument, "URL") == 0 && has_password(given[i].value)) {
            return flag->name;
        }
    }
    return NULL;
}
