// SPDX-License-Identifier: MIT
#include "creditrisk/settings/settings.h"

#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/inet.h"
#include "creditrisk/util/list.h"
#include "creditrisk/util/name.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/slip.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/util/url.h"
#include "setting.h"

#define AT(member) offsetof(struct cr_settings, member)

#define ROW(key, flag, type, ...)                                                                  \
    {                                                                                              \
        key, flag, CR_SETTING_##type, __VA_ARGS__                                                  \
    }

/* clang-format off */
/* THE table. Every value goes through the same text reader, wherever it comes from. */
static const struct cr_setting table[] = {
    ROW("portfolio", "portfolio", NAME, AT(portfolio), "retail", 0, 0, NULL),
    ROW("portfolios", NULL, NAMES, AT(portfolios), "*", 0, 0, NULL),
    ROW("db", "db", URL, AT(db), "sqlite:data/creditrisk.db", 0, 0, NULL),
    ROW("registry.dir", "registry", TEXT, AT(registry), "models", 0, 0, NULL),
    ROW("registry.db", "registry-db", URL, AT(registry_db), NULL, 0, 0, NULL),
    ROW("registry.trusted_keys", NULL, TEXT, AT(trusted_keys), NULL, 0, 0, NULL),
    ROW("registry.require_signature", NULL, BOOL, AT(require_signature), "false", 0, 0, NULL),
    ROW("registry.watch", NULL, INT, AT(registry_watch_s), "0", 0, 86400, NULL),
    ROW("paths.portfolios", NULL, TEXT, AT(portfolios_dir), "config/portfolios", 0, 0, NULL),
    ROW("paths.migrations", NULL, TEXT, AT(migrations_dir), "migrations", 0, 0, NULL),
    ROW("paths.results", NULL, TEXT, AT(results_dir), "results", 0, 0, NULL),
    ROW("listen.address", NULL, INET, AT(listen_address), "127.0.0.1", 0, 0, NULL),
    ROW("listen.port", NULL, INT, AT(listen_port), "8001", 0, 65535, NULL),
    ROW(NULL, "listen-fd", INT, AT(listen_fd), "-1", -1, INT_MAX, NULL),
    ROW("threads", NULL, INT, AT(threads), "0", 0, 256, NULL),
    ROW("limits.body_bytes", NULL, SIZE, AT(body_bytes), "65536", 1024, 64 << 20, NULL),
    ROW("limits.batch_bytes", NULL, SIZE, AT(batch_bytes), "8388608", 1024, 256 << 20, NULL),
    ROW("limits.batch_rows", NULL, INT, AT(batch_rows), "10000", 1, 1000000, NULL),
    ROW("limits.header_bytes", NULL, SIZE, AT(header_bytes), "16384", 1024, 1 << 20, NULL),
    ROW("limits.header_count", NULL, INT, AT(header_count), "64", 8, 1000, NULL),
    ROW("limits.connections", NULL, INT, AT(connections), "1024", 1, 100000, NULL),
    ROW("limits.connections_per_address", NULL, INT, AT(connections_per_ip), "64", 1, 100000, NULL),
    ROW("limits.header_timeout_s", NULL, INT, AT(header_timeout_s), "10", 1, 3600, NULL),
    ROW("limits.transfer_timeout_s", NULL, INT, AT(transfer_timeout_s), "10", 1, 3600, NULL),
    ROW("limits.transfer_bytes_per_s", NULL, INT, AT(transfer_bytes_per_s), "1024", 1, 1 << 30, NULL),
    ROW("limits.idle_timeout_s", NULL, INT, AT(idle_timeout_s), "30", 1, 3600, NULL),
    ROW("limits.drain_timeout_s", NULL, INT, AT(drain_timeout_s), "10", 0, 3600, NULL),
    ROW("limits.bodies_bytes", NULL, SIZE, AT(bodies_bytes), "268435456", 1 << 20, INT64_C(1) << 40, NULL),
    ROW("queue.threads", NULL, INT, AT(queue_threads), "1", 1, 256, NULL),
    ROW("queue.length", NULL, INT, AT(queue_length), "16", 1, 10000, NULL),
    ROW("rate_limit.requests", NULL, INT, AT(rate_requests), "0", 0, 1000000000, NULL),
    ROW("rate_limit.window_s", NULL, INT, AT(rate_window_s), "60", 1, 86400, NULL),
    ROW("trusted_proxies", NULL, LIST, AT(trusted_proxies), "", 0, 0, NULL),
    ROW("cors.allow_origins", NULL, LIST, AT(cors_origins), "", 0, 0, NULL),
    ROW("log.level", NULL, CHOICE, AT(log_level), "info", 0, 0, "debug,info,warn,error"),
    ROW("log.access", NULL, BOOL, AT(access_log), "false", 0, 0, NULL),
    ROW("auth.mode", NULL, CHOICE, AT(auth_mode), "none", 0, 0, "none,key"),
    ROW("auth.key", NULL, SECRET, AT(auth_key), NULL, 0, 0, NULL),
    ROW("auth.refresh_s", NULL, INT, AT(auth_refresh_s), "5", 1, 3600, NULL),
    ROW("auth.allow_anonymous", NULL, BOOL, AT(allow_anonymous), "false", 0, 0, NULL),
};
/* clang-format on */

enum { N_SETTINGS = CR_ARRAY_LEN(table), MIN_SECRET_LEN = 32 };

bool cr_setting_is_text(const struct cr_setting *setting)
{
    return setting->type == CR_SETTING_TEXT || setting->type == CR_SETTING_URL ||
           setting->type == CR_SETTING_SECRET || setting->type == CR_SETTING_INET ||
           setting->type == CR_SETTING_NAME || setting->type == CR_SETTING_CHOICE ||
           cr_setting_is_list(setting);
}

bool cr_setting_is_list(const struct cr_setting *setting)
{
    return setting->type == CR_SETTING_LIST || setting->type == CR_SETTING_NAMES;
}

static char **text_at(const struct cr_settings *settings, const struct cr_setting *setting)
{
    return (char **)(void *)((char *)settings + setting->offset);
}

const struct cr_setting *cr_setting_at(size_t i)
{
    return i < N_SETTINGS ? &table[i] : NULL;
}

const struct cr_setting *cr_setting_find(const char *key)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (table[i].key != NULL && strcmp(table[i].key, key) == 0) {
            return &table[i];
        }
    }
    assert(0 && "no such setting");
    return NULL;
}

const struct cr_setting *cr_setting_find_path(const char *path, bool *ret_section)
{
    size_t len = strlen(path);

    *ret_section = false;
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (table[i].key == NULL) {
            continue;
        }
        if (strcmp(table[i].key, path) == 0) {
            return &table[i];
        }
        if (strncmp(table[i].key, path, len) == 0 && table[i].key[len] == '.') {
            *ret_section = true;
        }
    }
    return NULL;
}

const char *cr_setting_find_likely(const char *prefix, const char *path,
                                   char likely[CR_SETTING_MAX_KEY_LEN])
{
    size_t prefix_len = strlen(prefix), best = CR_SLIP_NONE;

    likely[0] = '\0';
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const char *key = table[i].key;
        char known[CR_SETTING_MAX_KEY_LEN];
        size_t d;

        if (key == NULL || strncmp(key, prefix, prefix_len) != 0) {
            continue;
        }
        (void)snprintf(known, sizeof(known), "%.*s",
                       (int)(prefix_len + strcspn(key + prefix_len, ".")), key); /* a key fits */
        d = cr_slip_distance(known, path);
        if (d < best) {
            best = d;
            memcpy(likely, known, sizeof(known));
        }
    }
    return likely;
}

const struct cr_setting *cr_setting_find_flag(const char *name)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (table[i].flag != NULL && strcmp(table[i].flag, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static bool is_choice(const char *choices, const char *value)
{
    struct cr_list_entry choice;

    for (const char *at = choices; cr_list_next(&at, &choice);) {
        if (cr_list_entry_is(&choice, value)) {
            return true;
        }
    }
    return false;
}

static int check_list(const struct cr_setting *setting, const char *value, struct cr_error *err)
{
    struct cr_list_entry entry;
    size_t n = 0;
    int result = 0;

    for (const char *at = cr_list_begin(value); result == 0 && cr_list_next(&at, &entry);) {
        n++;
        if (entry.len == 0) {
            result = cr_error_set(err, CR_EINVAL, "entry %zu of '%s' is empty", n, value);
        } else if (memchr(entry.text, ' ', entry.len) != NULL ||
                   memchr(entry.text, '\t', entry.len) != NULL) {
            result = cr_error_set(err, CR_EINVAL, "'%s' holds a blank", value);
        } else if (setting->type == CR_SETTING_NAMES && !cr_list_entry_is(&entry, "*")) {
            result = cr_name_check(entry.text, entry.len, "portfolio", err);
        }
    }
    return result;
}

static int check_text(const struct cr_setting *setting, const char *value, struct cr_error *err)
{
    if (cr_setting_is_list(setting)) {
        return check_list(setting, value, err);
    }
    if (*value == '\0') {
        return cr_error_set(err, CR_EINVAL, "must not be empty");
    }
    if (setting->type == CR_SETTING_SECRET &&
        (strlen(value) < MIN_SECRET_LEN || strpbrk(value, " \t\r\n") != NULL)) {
        return cr_error_set(err, CR_EINVAL, "must have at least %d characters and no blank",
                            MIN_SECRET_LEN);
    }
    if (setting->type == CR_SETTING_URL) {
        enum cr_url_kind kind;

        return cr_url_read_kind(value, &kind, err);
    }
    if (setting->type == CR_SETTING_INET) {
        union cr_inet address;

        return cr_inet_read(value, 0, &address) > 0
                   ? 0
                   : cr_error_set(err, CR_EINVAL, "'%s' is no IP address, as 127.0.0.1 is", value);
    }
    if (setting->type == CR_SETTING_NAME) {
        return cr_name_check(value, strlen(value), "portfolio", err);
    }
    if (setting->type == CR_SETTING_CHOICE && !is_choice(setting->choices, value)) {
        return cr_error_set(err, CR_EINVAL, "'%s' is none of %s", value, setting->choices);
    }
    return 0;
}

static int set_text(struct cr_settings *settings, const struct cr_setting *setting,
                    const char *value, struct cr_error *err)
{
    char **text = text_at(settings, setting);
    char *copy;
    int result = check_text(setting, value, err);

    if (result != 0) {
        return result;
    }
    copy = strdup(value);
    if (copy == NULL) {
        return cr_error_no_memory(err);
    }
    free(*text);
    *text = copy;
    return 0;
}

static int set_number(struct cr_settings *settings, const struct cr_setting *setting,
                      const char *value, struct cr_error *err)
{
    char *member = (char *)settings + setting->offset;
    int64_t number;

    if (!cr_num_parse_int(value, strlen(value), &number)) {
        return cr_error_set(err, CR_EINVAL, "'%s' is no integer", value);
    }
    if (number < setting->min || number > setting->max) {
        return cr_error_set(err, CR_EINVAL, "'%s' is not between %lld and %lld", value,
                            (long long)setting->min, (long long)setting->max);
    }
    if (setting->type == CR_SETTING_INT) {
        *(int *)(void *)member = (int)number;
    } else {
        *(size_t *)(void *)member = (size_t)number;
    }
    return 0;
}

static int set_bool(struct cr_settings *settings, const struct cr_setting *setting,
                    const char *value, struct cr_error *err)
{
    bool yes = is_choice("true,1", value);

    if (!yes && !is_choice("false,0", value)) {
        return cr_error_set(err, CR_EINVAL, "'%s' is neither true nor false", value);
    }
    *(bool *)(void *)((char *)settings + setting->offset) = yes;
    return 0;
}

int cr_setting_set(struct cr_settings *settings, const struct cr_setting *setting,
                   const char *value, enum cr_origin origin, struct cr_error *err)
{
    int result;

    if (cr_setting_is_text(setting)) {
        result = set_text(settings, setting, value, err);
    } else if (setting->type == CR_SETTING_BOOL) {
        result = set_bool(settings, setting, value, err);
    } else {
        result = set_number(settings, setting, value, err);
    }
    if (result == 0) {
        settings->origins[setting - table] = (unsigned char)origin;
    }
    return result;
}

void cr_settings_finish(struct cr_settings *settings)
{
    if (settings == NULL) {
        return;
    }
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (cr_setting_is_text(&table[i])) {
            free(*text_at(settings, &table[i]));
        }
    }
    free(settings->origins);
    free(settings->config_path);
    *settings = (struct cr_settings){0};
}

static void put_value(struct cr_strbuf *out, const struct cr_settings *settings,
                      const struct cr_setting *setting)
{
    const char *member = (const char *)settings + setting->offset;

    if (setting->type == CR_SETTING_BOOL) {
        cr_strbuf_puts(out, *(const bool *)(const void *)member ? "true" : "false");
    } else if (setting->type == CR_SETTING_INT) {
        cr_strbuf_printf(out, "%d", *(const int *)(const void *)member);
    } else if (setting->type == CR_SETTING_SIZE) {
        cr_strbuf_printf(out, "%zu", *(const size_t *)(const void *)member);
    } else if (*text_at(settings, setting) != NULL && setting->type == CR_SETTING_SECRET) {
        cr_strbuf_puts(out, "***");
    } else if (*text_at(settings, setting) != NULL && setting->type == CR_SETTING_URL) {
        cr_url_put_masked(out, *text_at(settings, setting));
    } else if (*text_at(settings, setting) != NULL) {
        cr_strbuf_puts(out, *text_at(settings, setting));
    }
}

bool cr_settings_entry(const struct cr_settings *settings, size_t i,
                       struct cr_settings_entry *ret_entry)
{
    static const char *const origins[] = {"default", "file", "environment", "flag"};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf value = CR_STRBUF_INIT;

    if (i >= N_SETTINGS) {
        return false;
    }
    cr_strbuf_puts(&value, "");
    put_value(&value, settings, &table[i]);
    ret_entry->key = table[i].key != NULL ? table[i].key : table[i].flag;
    ret_entry->flag = table[i].flag;
    ret_entry->kind = cr_setting_is_text(&table[i])      ? CR_SETTINGS_TEXT
                      : table[i].type == CR_SETTING_BOOL ? CR_SETTINGS_BOOL
                                                         : CR_SETTINGS_INTEGER;
    ret_entry->value = cr_strbuf_steal(&value);
    ret_entry->origin = origins[settings->origins[i]];
    return true;
}

char *cr_settings_portfolio_path(const struct cr_settings *settings)
{
    return cr_fs_join(settings->portfolios_dir, settings->portfolio);
}

static const char *nearest(const char *best, char *const *names, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        best = cr_slip_nearer(best, names[i], text);
    }
    return best;
}

int cr_settings_find_portfolio(const struct cr_settings *settings, const char *name,
                               char *const *others, size_t n, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(settings->portfolios_dir, name);
    const char *likely;
    char hint[CR_SLIP_HINT_LEN];
    char **folders = NULL;
    size_t n_folders = 0;
    int result;

    if (path == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a path");
    }
    if (cr_fs_is_dir(path)) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(others[i], name) == 0) {
            return 0;
        }
    }
    (void)cr_fs_list(settings->portfolios_dir, &folders, &n_folders, NULL); /* or none is near */
    likely = nearest(nearest(NULL, others, n, name), folders, n_folders, name);
    result = cr_error_set(err, CR_ENOTFOUND, "there is no portfolio '%s' in '%s'%s%s", name,
                          settings->portfolios_dir,
                          cr_fs_is_dir(settings->portfolios_dir) ? "" : ", and no such folder here",
                          cr_slip_hint(likely, hint));
    cr_fs_free_names(folders, n_folders);
    return result;
}
