// SPDX-License-Identifier: MIT
/* Where settings come from: defaults, the file, the environment, the command line, in this order.
 */
#include "creditrisk/settings/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/slip.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/util/yaml.h"
#include "setting.h"

#define PREFIX "CREDITRISK_"

enum { MAX_CONFIG_LEN = 1 << 20 };

static int load_defaults(struct cr_settings *settings, struct cr_error *err)
{
    const struct cr_setting *setting;
    size_t n = 0;

    while (cr_setting_at(n) != NULL) {
        n++;
    }
    settings->origins = calloc(n, sizeof(*settings->origins));
    if (settings->origins == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; (setting = cr_setting_at(i)) != NULL; i++) {
        if (setting->fallback != NULL) {
            int result =
                cr_setting_set(settings, setting, setting->fallback, CR_ORIGIN_DEFAULT, err);

            if (result < 0) {
                return result; /* a default always fits: only memory can be missing */
            }
        }
    }
    return 0;
}

/* A sequence of single values, as text with commas between them. */
static int join_list(const struct cr_setting *setting, const struct cr_yaml_node *list,
                     struct cr_strbuf *text, struct cr_error *err)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct cr_yaml_node *entry = list->values[i];
        int result = cr_yaml_expect(entry, CR_YAML_SCALAR, err);

        if (result < 0) {
            return result;
        }
        if (entry->text == NULL || *entry->text == '\0') {
            return cr_yaml_error(entry, err, "%s: entry %zu is empty", setting->key, i + 1);
        }
        if (strchr(entry->text, ',') != NULL) {
            return cr_yaml_error(entry, err, "expected one entry of a list");
        }
        cr_strbuf_printf(text, "%s%s", i > 0 ? "," : "", entry->text);
    }
    return cr_strbuf_check(text, err);
}

static int load_list(struct cr_settings *settings, const struct cr_setting *setting,
                     const struct cr_yaml_node *node, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_error why;
    int result = cr_yaml_expect(node, CR_YAML_LIST, err);

    if (result == 0) {
        result = join_list(setting, node, &text, err);
    }
    if (result < 0) {
        return result;
    }
    result = cr_setting_set(settings, setting, cr_strbuf_text(&text), CR_ORIGIN_FILE, &why);
    return result < 0 ? cr_yaml_error(node, err, "%s: %s", setting->key, why.message) : 0;
}

static int load_value(struct cr_settings *settings, const struct cr_setting *setting,
                      const struct cr_yaml_node *node, struct cr_error *err)
{
    struct cr_error why;
    int result;

    if (cr_setting_is_list(setting)) {
        return load_list(settings, setting, node, err);
    }
    result = cr_yaml_expect(node, CR_YAML_SCALAR, err);
    if (result < 0) {
        return result;
    }
    if (node->text == NULL) { /* null: unset, where that is possible */
        return setting->fallback == NULL
                   ? 0
                   : cr_yaml_error(node, err, "%s: needs a value", setting->key);
    }
    if (node->quoted && !cr_setting_is_text(setting)) {
        return cr_yaml_error(node, err, "%s: expected a plain value, found the quoted text '%s'",
                             setting->key, node->text);
    }
    result = cr_setting_set(settings, setting, node->text, CR_ORIGIN_FILE, &why);
    return result < 0 ? cr_yaml_error(node, err, "%s: %s", setting->key, why.message) : 0;
}

static int refuse_unknown(const struct cr_yaml_node *key, const char *prefix, const char *path,
                          struct cr_error *err)
{
    char likely[CR_SETTING_MAX_KEY_LEN], hint[CR_SLIP_HINT_LEN];

    return cr_yaml_error(key, err, "unknown setting '%s'%s", path,
                         cr_slip_hint(cr_setting_find_likely(prefix, path, likely), hint));
}

/* Walks one map of the file; prefix is "" or "limits.". */
static int load_map(struct cr_settings *settings, const struct cr_yaml_node *map,
                    const char *prefix, struct cr_error *err)
{
    int result = cr_yaml_expect(map, CR_YAML_MAP, err);

    for (size_t i = 0; result == 0 && i < map->n; i++) {
        const char *key = map->keys[i]->text;
        const struct cr_setting *setting;
        char path[CR_SETTING_MAX_KEY_LEN];
        int len = snprintf(path, sizeof(path), "%s%s", prefix, key);
        bool section;

        if (strchr(key, '.') != NULL || len >= (int)sizeof(path) - 1) {
            return cr_yaml_error(map->keys[i], err, "unknown setting '%s%s'", prefix, key);
        }
        setting = cr_setting_find_path(path, &section);
        if (setting != NULL) {
            result = load_value(settings, setting, map->values[i], err);
        } else if (section) {
            memcpy(path + len, ".", sizeof(".")); /* for which a byte was kept */
            result = load_map(settings, map->values[i], path, err);
        } else {
            result = refuse_unknown(map->keys[i], prefix, path, err);
        }
    }
    return result;
}

CR_DEFINE_CLEANUP(struct cr_yaml_doc *, cr_yaml_destroy);

static const char file_variable[] = PREFIX "CONFIG"; /* names the file */

/* Variables that are no settings. */
static const char *const others[] = {
    file_variable, PREFIX "ACTOR", /* who acts, in the registry's events */
    PREFIX "LIGHTGBM",             /* where the trainer finds that library */
};

/* An empty value in the environment means that the variable is not set. */
static const char *env_get(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}

static int load_file(struct cr_settings *settings, const char *named, struct cr_error *err)
{
    CR_CLEANUP(cr_yaml_destroyp) struct cr_yaml_doc *doc = NULL;
    const char *path = named != NULL ? named : env_get(file_variable);
    const struct cr_yaml_node *root;
    int result;

    if (path == NULL) {
        path = CR_SETTINGS_CONFIG;
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
        return cr_error_no_memory(err);
    }
    root = cr_yaml_root(doc);
    if (root == NULL || (root->kind == CR_YAML_SCALAR && root->text == NULL)) {
        return 0; /* only comments */
    }
    return load_map(settings, root, "", err);
}

static int load_variable(struct cr_settings *settings, const struct cr_setting *setting,
                         const char *name, struct cr_error *err)
{
    const char *value = env_get(name);
    struct cr_error why;
    int result;

    if (value == NULL) {
        return 0;
    }
    result = cr_setting_set(settings, setting, value, CR_ORIGIN_ENVIRONMENT, &why);
    return result < 0 ? cr_error_set(err, result, "environment variable %s: %s", name, why.message)
                      : 0;
}

/* CREDITRISK_ and the flag or key in capitals. */
static void put_variable(const char *base, char name[CR_SETTING_MAX_KEY_LEN])
{
    (void)snprintf(name, CR_SETTING_MAX_KEY_LEN, PREFIX "%s", base); /* the longest fits */
    for (char *c = name; *c != '\0'; c++) {
        if (*c == '.' || *c == '-') {
            *c = '_';
        } else if (*c >= 'a' && *c <= 'z') {
            *c = (char)(*c - 'a' + 'A');
        }
    }
}

static void variable_name(const struct cr_setting *setting, char name[CR_SETTING_MAX_KEY_LEN])
{
    put_variable(setting->flag != NULL ? setting->flag : setting->key, name);
}

static int load_environment(struct cr_settings *settings, struct cr_error *err)
{
    /* hosting platforms assign a port this way; ours is the more specific one and wins */
    int result = load_variable(settings, cr_setting_find("listen.port"), "PORT", err);

    const struct cr_setting *setting;

    for (size_t i = 0; result == 0 && (setting = cr_setting_at(i)) != NULL; i++) {
        char name[CR_SETTING_MAX_KEY_LEN];

        if (setting->key != NULL) {
            variable_name(setting, name);
            result = load_variable(settings, setting, name, err);
        }
    }
    return result;
}

/* The i-th variable that something reads, "" for what can be a flag only; false beyond the last. */
static bool known_variable(size_t i, char ret_name[CR_SETTING_MAX_KEY_LEN])
{
    const struct cr_setting *setting;

    if (i < CR_ARRAY_LEN(others)) {
        (void)snprintf(ret_name, CR_SETTING_MAX_KEY_LEN, "%s", others[i]); /* fits */
        return true;
    }
    setting = cr_setting_at(i - CR_ARRAY_LEN(others));
    ret_name[0] = '\0';
    if (setting != NULL && setting->key != NULL) {
        variable_name(setting, ret_name);
    }
    return setting != NULL;
}

/* The one variable whose end is the name, as LISTEN_PORT ends with PORT; "" where there is none, or
 * several. */
static void find_longer(const char *name, char likely[CR_SETTING_MAX_KEY_LEN])
{
    const char *end = name + sizeof(PREFIX) - 1;
    char known[CR_SETTING_MAX_KEY_LEN];
    size_t n = 0;

    for (size_t i = 0; known_variable(i, known); i++) {
        size_t len = strlen(known);

        if (len > strlen(name) && known[len - strlen(end) - 1] == '_' &&
            strcmp(known + len - strlen(end), end) == 0) {
            memcpy(likely, known, sizeof(known));
            n++;
        }
    }
    if (n != 1) {
        likely[0] = '\0';
    }
}

/* Whether the name is that of a setting's key, whose variable has the name of its flag instead. */
static bool find_by_key(const char *name, char likely[CR_SETTING_MAX_KEY_LEN])
{
    const struct cr_setting *setting;

    for (size_t i = 0; (setting = cr_setting_at(i)) != NULL; i++) {
        char of_key[CR_SETTING_MAX_KEY_LEN];

        if (setting->key == NULL) {
            continue;
        }
        put_variable(setting->key, of_key);
        if (strcmp(of_key, name) == 0) {
            variable_name(setting, likely);
            return true;
        }
    }
    return false;
}

/* Whether nothing reads the variable, and what was meant instead. */
static bool is_stray(struct cr_settings_stray *stray)
{
    char known[CR_SETTING_MAX_KEY_LEN];
    size_t best = CR_SLIP_NONE;

    stray->likely[0] = '\0';
    for (size_t i = 0; known_variable(i, known); i++) {
        size_t d;

        if (strcmp(known, stray->name) == 0) {
            return false;
        }
        d = known[0] != '\0'
                ? cr_slip_distance(known + sizeof(PREFIX) - 1, stray->name + sizeof(PREFIX) - 1)
                : CR_SLIP_NONE;
        if (d < best) {
            best = d;
            memcpy(stray->likely, known, sizeof(known));
        }
    }
    if (!find_by_key(stray->name, stray->likely) && best == CR_SLIP_NONE) {
        find_longer(stray->name, stray->likely);
    }
    return true;
}

bool cr_settings_next_stray(size_t *at, struct cr_settings_stray *ret_stray)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

    for (; environ[*at] != NULL; (*at)++) {
        const char *variable = environ[*at];
        size_t len = strspn(variable, letters); /* other names are of somebody else */

        if (variable[len] != '=' || len >= sizeof(ret_stray->name) ||
            strncmp(variable, PREFIX, sizeof(PREFIX) - 1) != 0) {
            continue;
        }
        memcpy(ret_stray->name, variable, len);
        ret_stray->name[len] = '\0';
        if (is_stray(ret_stray)) {
            (*at)++;
            return true;
        }
    }
    return false;
}

/* ADDRESS:PORT; an IPv6 address stands in brackets. */
static int read_listen(struct cr_settings *settings, const char *value, struct cr_error *err)
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
        return cr_error_no_memory(err);
    }
    result =
        cr_setting_set(settings, cr_setting_find("listen.address"), address, CR_ORIGIN_FLAG, err);
    return result < 0 ? result
                      : cr_setting_set(settings, cr_setting_find("listen.port"), colon + 1,
                                       CR_ORIGIN_FLAG, err);
}

/* The port of an example: that of a faulty --listen, if it has one. */
static const char *example_port(const char *value)
{
    const struct cr_setting *setting = cr_setting_find("listen.port");
    const char *colon = strrchr(value, ':');
    const char *port = colon != NULL ? colon + 1 : value;
    int64_t number;

    return cr_num_parse_int(port, strlen(port), &number) && number >= setting->min &&
                   number <= setting->max
               ? port
               : setting->fallback;
}

/* --listen */
static int load_listen(struct cr_settings *settings, const char *value, struct cr_error *err)
{
    const char *port = example_port(value);
    struct cr_error why;
    int result = read_listen(settings, value, &why);

    return result < 0 ? cr_error_set(err, result, "%s; write it as 127.0.0.1:%s or [::1]:%s",
                                     why.message, port, port)
                      : 0;
}

static int load_flag(struct cr_settings *settings, const struct cr_settings_flag *flag,
                     struct cr_error *err)
{
    const struct cr_setting *setting = cr_setting_find_flag(flag->name);
    struct cr_error why;
    int result;

    if (strcmp(flag->name, "config") == 0) {
        return 0; /* has been read */
    }
    if (strcmp(flag->name, "listen") == 0) {
        result = load_listen(settings, flag->value, &why);
    } else if (setting != NULL) {
        result = cr_setting_set(settings, setting, flag->value, CR_ORIGIN_FLAG, &why);
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

/* What each of several values allows, but not together. */
static int check_together(const struct cr_settings *settings, struct cr_error *err)
{
    return settings->require_signature && settings->trusted_keys == NULL
               ? cr_error_set(err, CR_EINVAL,
                              "signatures are required (registry.require_signature), but no file "
                              "of the keys that may sign is named: registry.trusted_keys, "
                              "CREDITRISK_REGISTRY_TRUSTED_KEYS")
               : 0;
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
        result = check_together(&settings, err);
    }
    if (result == 0) {
        *ret_settings = settings;
        settings = (struct cr_settings){0};
    }
    return result;
}
