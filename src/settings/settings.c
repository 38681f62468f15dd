// SPDX-License-Identifier: MIT
#include "creditrisk/settings/settings.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/util/url.h"
#include "creditrisk/util/yaml.h"

#define DEFAULT_CONFIG "config/creditriskd.yaml"

enum { MAX_CONFIG_LEN = 1 << 20, MAX_KEY_LEN = 64 };

enum type {
    TEXT,   /* char *, not empty */
    URL,    /* char *, not empty: a database, perhaps with a password */
    NAME,   /* char *, a single component of a path */
    CHOICE, /* char *, one of the comma-separated `choices` */
    INT,    /* int */
    SIZE,   /* size_t */
    BOOL,   /* bool */
};

/* One setting. Its variable in the environment is CREDITRISK_ and the flag, or the key where there
 * is no flag, in capitals with _ for dots and dashes. */
struct setting {
    const char *key;  /* in the file; dots separate levels; NULL = given as a flag only */
    const char *flag; /* on the command line, without the dashes; NULL = none */
    enum type type;
    size_t offset;
    const char *fallback; /* the default as text; NULL = unset, and null is allowed in the file */
    int64_t min;
    int64_t max;
    const char *choices;
};

#define AT(member) offsetof(struct cr_settings, member)

/* THE table. Every value goes through the same text reader, wherever it comes from. */
/* clang-format off */
static const struct setting table[] = {
    {"portfolio", "portfolio", NAME, AT(portfolio), "retail", 0, 0, NULL},
    {"db", "db", URL, AT(db), "sqlite:data/creditrisk.db", 0, 0, NULL},
    {"registry.dir", "registry", TEXT, AT(registry), "models", 0, 0, NULL},
    {"registry.db", "registry-db", URL, AT(registry_db), NULL, 0, 0, NULL},
    {"paths.portfolios", NULL, TEXT, AT(portfolios_dir), "config/portfolios", 0, 0, NULL},
    {"paths.migrations", NULL, TEXT, AT(migrations_dir), "migrations", 0, 0, NULL},
    {"paths.results", NULL, TEXT, AT(results_dir), "results", 0, 0, NULL},
    {"listen.address", NULL, TEXT, AT(listen_address), "127.0.0.1", 0, 0, NULL},
    {"listen.port", NULL, INT, AT(listen_port), "8001", 0, 65535, NULL},
    {NULL, "listen-fd", INT, AT(listen_fd), "-1", -1, INT_MAX, NULL},
    {"threads", NULL, INT, AT(threads), "0", 0, 256, NULL},
    {"limits.body_bytes", NULL, SIZE, AT(body_bytes), "65536", 1024, 64 << 20, NULL},
    {"limits.batch_bytes", NULL, SIZE, AT(batch_bytes), "8388608", 1024, 256 << 20, NULL},
    {"limits.batch_rows", NULL, INT, AT(batch_rows), "10000", 1, 1000000, NULL},
    {"limits.header_bytes", NULL, SIZE, AT(header_bytes), "16384", 1024, 1 << 20, NULL},
    {"limits.header_count", NULL, INT, AT(header_count), "64", 8, 1000, NULL},
    {"limits.connections", NULL, INT, AT(connections), "1024", 1, 100000, NULL},
    {"limits.connections_per_address", NULL, INT, AT(connections_per_ip), "64", 1, 100000, NULL},
    {"limits.idle_timeout_s", NULL, INT, AT(idle_timeout_s), "30", 1, 3600, NULL},
    {"limits.drain_timeout_s", NULL, INT, AT(drain_timeout_s), "10", 0, 3600, NULL},
    {"log.level", NULL, CHOICE, AT(log_level), "info", 0, 0, "debug,info,warn,error"},
    {"log.access", NULL, BOOL, AT(access_log), "false", 0, 0, NULL},
    {"auth.allow_anonymous", NULL, BOOL, AT(allow_anonymous), "false", 0, 0, NULL},
};
/* clang-format on */

enum { N_SETTINGS = CR_ARRAY_LEN(table) };

static bool is_text(enum type type)
{
    return type == TEXT || type == URL || type == NAME || type == CHOICE;
}

static char **text_at(const struct cr_settings *settings, const struct setting *setting)
{
    return (char **)(void *)((char *)settings + setting->offset);
}

static const struct setting *find(const char *key)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (table[i].key != NULL && strcmp(table[i].key, key) == 0) {
            return &table[i];
        }
    }
    assert(0 && "no such setting");
    return NULL;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);

    while (len > 0) {
        size_t choice_len = strcspn(choices, ",");

        if (choice_len == len && memcmp(choices, value, len) == 0) {
            return true;
        }
        if (choices[choice_len] == '\0') {
            return false;
        }
        choices += choice_len + 1;
    }
    return false;
}

static int set_text(struct cr_settings *settings, const struct setting *setting, const char *value,
                    struct cr_error *err)
{
    char **text = text_at(settings, setting);
    char *copy;

    if (*value == '\0') {
        return cr_error_set(err, CR_EINVAL, "must not be empty");
    }
    if (setting->type == NAME && (value[0] == '.' || strchr(value, '/') != NULL)) {
        return cr_error_set(err, CR_EINVAL, "'%s' is no name of a folder", value);
    }
    if (setting->type == CHOICE && !is_choice(setting->choices, value)) {
        return cr_error_set(err, CR_EINVAL, "'%s' is none of %s", value, setting->choices);
    }
    copy = strdup(value);
    if (copy == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    free(*text);
    *text = copy;
    return 0;
}

static int set_number(struct cr_settings *settings, const struct setting *setting,
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
    if (setting->type == INT) {
        *(int *)(void *)member = (int)number;
    } else {
        *(size_t *)(void *)member = (size_t)number;
    }
    return 0;
}

static int set_bool(struct cr_settings *settings, const struct setting *setting, const char *value,
                    struct cr_error *err)
{
    bool yes = is_choice("true,1", value);

    if (!yes && !is_choice("false,0", value)) {
        return cr_error_set(err, CR_EINVAL, "'%s' is neither true nor false", value);
    }
    *(bool *)(void *)((char *)settings + setting->offset) = yes;
    return 0;
}

/* Reads one value; the message says what is wrong with it, callers say where it stands. */
static int set(struct cr_settings *settings, const struct setting *setting, const char *value,
               enum cr_origin origin, struct cr_error *err)
{
    int result;

    if (is_text(setting->type)) {
        result = set_text(settings, setting, value, err);
    } else if (setting->type == BOOL) {
        result = set_bool(settings, setting, value, err);
    } else {
        result = set_number(settings, setting, value, err);
    }
    if (result == 0) {
        settings->origins[setting - table] = (unsigned char)origin;
    }
    return result;
}

static int load_defaults(struct cr_settings *settings, struct cr_error *err)
{
    settings->origins = calloc(N_SETTINGS, sizeof(*settings->origins));
    if (settings->origins == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (table[i].fallback != NULL) {
            int result = set(settings, &table[i], table[i].fallback, CR_ORIGIN_DEFAULT, err);

            if (result < 0) {
                return result; /* a default always fits: only memory can be missing */
            }
        }
    }
    return 0;
}

/* The setting that `path` names in the file (NULL when none), and whether it is the beginning of
 * one ("limits"). */
static const struct setting *find_path(const char *path, bool *ret_section)
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

static int load_value(struct cr_settings *settings, const struct setting *setting,
                      const struct cr_yaml_node *node, struct cr_error *err)
{
    struct cr_error why;
    int result = cr_yaml_expect(node, CR_YAML_SCALAR, err);

    if (result < 0) {
        return result;
    }
    if (node->text == NULL) { /* null: unset, where that is possible */
        return setting->fallback == NULL
                   ? 0
                   : cr_yaml_error(node, err, "%s: needs a value", setting->key);
    }
    if (node->quoted && !is_text(setting->type)) {
        return cr_yaml_error(node, err, "%s: expected a plain value, found the quoted text '%s'",
                             setting->key, node->text);
    }
    result = set(settings, setting, node->text, CR_ORIGIN_FILE, &why);
    return result < 0 ? cr_yaml_error(node, err, "%s: %s", setting->key, why.message) : 0;
}

/* Walks one map of the file; prefix is "" or "limits.". */
static int load_map(struct cr_settings *settings, const struct cr_yaml_node *map,
                    const char *prefix, struct cr_error *err)
{
    int result = cr_yaml_expect(map, CR_YAML_MAP, err);

    for (size_t i = 0; result == 0 && i < map->n; i++) {
        const char *key = map->keys[i]->text;
        const struct setting *setting;
        char path[MAX_KEY_LEN];
        bool section;

        if (strchr(key, '.') != NULL ||
            snprintf(path, sizeof(path), "%s%s", prefix, key) >= (int)sizeof(path) - 1) {
            return cr_yaml_error(map->keys[i], err, "unknown setting '%s%s'", prefix, key);
        }
        setting = find_path(path, &section);
        if (setting != NULL) {
            result = load_value(settings, setting, map->values[i], err);
        } else if (section) {
            strcat(path, ".");
            result = load_map(settings, map->values[i], path, err);
        } else {
            result = cr_yaml_error(map->keys[i], err, "unknown setting '%s'", path);
        }
    }
    return result;
}

CR_DEFINE_CLEANUP(struct cr_yaml_doc *, cr_yaml_destroy);

/* An empty value in the environment means that the variable is not set. */
static const char *env_get(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}

static int load_file(struct cr_settings *settings, const char *named, struct cr_error *err)
{
    CR_CLEANUP(cr_yaml_destroyp) struct cr_yaml_doc *doc = NULL;
    const char *path = named != NULL ? named : env_get("CREDITRISK_CONFIG");
    const struct cr_yaml_node *root;
    int result;

    if (path == NULL) {
        path = DEFAULT_CONFIG;
        if (!cr_fs_exists(path)) {
            return 0;
        }
    }
    result = cr_yaml_load(path, MAX_CONFIG_LEN, &doc, err);
    if (result < 0) {
        return result;
    }
    settings->config_path = strdup(path);
    if (settings->config_path == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    root = cr_yaml_root(doc);
    if (root == NULL || (root->kind == CR_YAML_SCALAR && root->text == NULL)) {
        return 0; /* only comments */
    }
    return load_map(settings, root, "", err);
}

static int load_variable(struct cr_settings *settings, const struct setting *setting,
                         const char *name, struct cr_error *err)
{
    const char *value = env_get(name);
    struct cr_error why;
    int result;

    if (value == NULL) {
        return 0;
    }
    result = set(settings, setting, value, CR_ORIGIN_ENVIRONMENT, &why);
    return result < 0 ? cr_error_set(err, result, "environment variable %s: %s", name, why.message)
                      : 0;
}

static void variable_name(const struct setting *setting, char name[MAX_KEY_LEN])
{
    const char *base = setting->flag != NULL ? setting->flag : setting->key;

    (void)snprintf(name, MAX_KEY_LEN, "CREDITRISK_%s", base); /* the longest fits */
    for (char *c = name; *c != '\0'; c++) {
        if (*c == '.' || *c == '-') {
            *c = '_';
        } else if (*c >= 'a' && *c <= 'z') {
            *c = (char)(*c - 'a' + 'A');
        }
    }
}

static int load_environment(struct cr_settings *settings, struct cr_error *err)
{
    /* hosting platforms assign a port this way; ours is the more specific one and wins */
    int result = load_variable(settings, find("listen.port"), "PORT", err);

    for (size_t i = 0; result == 0 && i < N_SETTINGS; i++) {
        char name[MAX_KEY_LEN];

        if (table[i].key != NULL) {
            variable_name(&table[i], name);
            result = load_variable(settings, &table[i], name, err);
        }
    }
    return result;
}

/* --listen ADDRESS:PORT; an IPv6 address stands in brackets. */
static int load_listen(struct cr_settings *settings, const char *value, struct cr_error *err)
{
    const char *colon = strrchr(value, ':');
    CR_CLEANUP(cr_freep) char *address = NULL;
    size_t len = colon != NULL ? (size_t)(colon - value) : 0;
    int result;

    if (len >= 2 && value[0] == '[' && value[len - 1] == ']') {
        address = strndup(value + 1, len - 2);
    } else if (len > 0 && memchr(value, ':', len) == NULL) {
        address = strndup(value, len);
    } else {
        return cr_error_set(err, CR_EINVAL, "'%s' is not ADDRESS:PORT", value);
    }
    if (address == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    result = set(settings, find("listen.address"), address, CR_ORIGIN_FLAG, err);
    return result < 0 ? result : set(settings, find("listen.port"), colon + 1, CR_ORIGIN_FLAG, err);
}

static const struct setting *find_flag(const char *name)
{
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (table[i].flag != NULL && strcmp(table[i].flag, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static int load_flag(struct cr_settings *settings, const struct cr_settings_flag *flag,
                     struct cr_error *err)
{
    const struct setting *setting = find_flag(flag->name);
    struct cr_error why;
    int result;

    if (strcmp(flag->name, "config") == 0) {
        return 0; /* has been read */
    }
    if (strcmp(flag->name, "listen") == 0) {
        result = load_listen(settings, flag->value, &why);
    } else if (setting != NULL) {
        result = set(settings, setting, flag->value, CR_ORIGIN_FLAG, &why);
    } else {
        return cr_error_set(err, CR_EINVAL, "unknown option '--%s'", flag->name);
    }
    return result < 0 ? cr_error_set(err, result, "option --%s: %s", flag->name, why.message) : 0;
}

static const char *flag_value(const struct cr_settings_flag *flags, size_t n_flags,
                              const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < n_flags; i++) {
        if (strcmp(flags[i].name, name) == 0) {
            value = flags[i].value; /* the last one counts */
        }
    }
    return value;
}

int cr_settings_load(const struct cr_settings_flag *flags, size_t n_flags,
                     struct cr_settings *ret_settings, struct cr_error *err)
{
    CR_CLEANUP(cr_settings_finish) struct cr_settings settings = {0};
    int result = load_defaults(&settings, err);

    if (result == 0) {
        result = load_file(&settings, flag_value(flags, n_flags, "config"), err);
    }
    if (result == 0) {
        result = load_environment(&settings, err);
    }
    if (result == 0 && flag_value(flags, n_flags, "listen") != NULL &&
        flag_value(flags, n_flags, "listen-fd") != NULL) {
        result = cr_error_set(err, CR_EINVAL, "--listen and --listen-fd exclude each other");
    }
    for (size_t i = 0; result == 0 && i < n_flags; i++) {
        result = load_flag(&settings, &flags[i], err);
    }
    if (result == 0) {
        *ret_settings = settings;
        settings = (struct cr_settings){0};
    }
    return result;
}

void cr_settings_finish(struct cr_settings *settings)
{
    if (settings == NULL) {
        return;
    }
    for (size_t i = 0; i < N_SETTINGS; i++) {
        if (is_text(table[i].type)) {
            free(*text_at(settings, &table[i]));
        }
    }
    free(settings->origins);
    free(settings->config_path);
    *settings = (struct cr_settings){0};
}

bool cr_settings_is_flag(const char *name)
{
    return find_flag(name) != NULL || strcmp(name, "config") == 0 || strcmp(name, "listen") == 0;
}

static void put_value(struct cr_strbuf *out, const struct cr_settings *settings,
                      const struct setting *setting)
{
    const char *member = (const char *)settings + setting->offset;

    if (setting->type == BOOL) {
        cr_strbuf_puts(out, *(const bool *)(const void *)member ? "true" : "false");
    } else if (setting->type == INT) {
        cr_strbuf_printf(out, "%d", *(const int *)(const void *)member);
    } else if (setting->type == SIZE) {
        cr_strbuf_printf(out, "%zu", *(const size_t *)(const void *)member);
    } else if (*text_at(settings, setting) != NULL && setting->type == URL) {
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
    ret_entry->value = cr_strbuf_steal(&value);
    ret_entry->origin = origins[settings->origins[i]];
    return true;
}

char *cr_settings_portfolio_path(const struct cr_settings *settings)
{
    return cr_fs_join(settings->portfolios_dir, settings->portfolio);
}
