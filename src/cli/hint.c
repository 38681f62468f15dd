// SPDX-License-Identifier: MIT
/* Commands that the reader is told to give next, and what to do with a version that is to serve. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"

/* As a shell reads it back: plain where it can be, else between single quotes. */
static void put_quoted(struct cr_strbuf *out, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "%+,-./:=@_";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        cr_strbuf_puts(out, word);
        return;
    }
    cr_strbuf_putc(out, '\'');
    for (const char *c = word; *c != '\0'; c++) {
        if (*c == '\'') {
            cr_strbuf_puts(out, "'\\''");
        } else {
            cr_strbuf_putc(out, *c);
        }
    }
    cr_strbuf_putc(out, '\'');
}

static void put_word(struct cr_strbuf *out, const char *word)
{
    cr_strbuf_putc(out, ' ');
    put_quoted(out, word);
}

static void put_option(struct cr_strbuf *out, const char *name, const char *value)
{
    cr_strbuf_printf(out, " --%s", name);
    put_word(out, value);
}

/* A flag holds for this call only, and so may a variable; a masked address in a variable is left
 * out, for the variable may still hold and would serve better. */
static bool must_repeat(const struct cr_settings_entry *entry)
{
    return entry->flag != NULL && entry->value != NULL &&
           (strcmp(entry->origin, "flag") == 0 ||
            (strcmp(entry->origin, "environment") == 0 && strstr(entry->value, "***") == NULL));
}

static void put_places(struct cr_strbuf *out, const struct cr_cli *cli, enum cr_cli_where where)
{
    struct cr_settings_entry entry;
    for (size_t i = 0; cr_settings_entry(&cli->settings, i, &entry); i++) {
        bool is_portfolio = strcmp(entry.key, "portfolio") == 0;
        if (must_repeat(&entry) &&
            (is_portfolio ? where != CR_CLI_HERE_NAMED : where != CR_CLI_ELSEWHERE)) {
            put_option(out, entry.flag, entry.value);
        }
        free(entry.value);
    }
    const char *config = cli->settings.config_path;
    if (where != CR_CLI_ELSEWHERE && config != NULL && strcmp(config, CR_SETTINGS_CONFIG) != 0) {
        put_option(out, "config", config);
    }
}

char *cr_cli_command(const struct cr_cli *cli, enum cr_cli_where where, ...)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf command = CR_STRBUF_INIT;
    va_list words;
    put_quoted(&command, cli->program);
    va_start(words, where);
    for (const char *word; (word = va_arg(words, const char *)) != NULL;) {
        put_word(&command, word);
    }
    va_end(words);
    put_places(&command, cli, where);
    return cr_strbuf_steal(&command);
}

int cr_cli_advise(struct cr_error *err, int code, char *command, const char *format, ...)
{
    char message[sizeof err->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    bool fits = command != NULL &&
                strlen(message) + strlen(": run ''") + strlen(command) < sizeof err->message;
    (void)(fits ? cr_error_set(err, code, "%s: run '%s'", message, command)
                : cr_error_set(err, code, "%s", message)); /* both give code */
    free(command);
    return code;
}

int cr_cli_advise_undecided(const struct cr_cli *cli, const struct cr_registry *registry,
                            const char *command, int code, struct cr_error *err)
{
    if (code >= 0 || registry == NULL || !cr_registry_is_undecided(registry)) {
        return code;
    }
    return cr_cli_advise(err, code, cr_cli_command(cli, CR_CLI_HERE, command, "list", NULL), "%s",
                         err->message);
}

int cr_cli_advise_undecided_book(const struct cr_cli *cli, const struct cr_db *db, int code,
                                 struct cr_error *err)
{
    if (code >= 0 || !cr_db_is_undecided(db)) {
        return code;
    }
    return cr_cli_advise(err, code, cr_cli_command(cli, CR_CLI_HERE, "doctor", NULL), "%s",
                         err->message);
}

int cr_cli_advise_version(const struct cr_cli *cli, const char *version, int code,
                          struct cr_error *err)
{
    return code != CR_EMODEL ? code
                             : cr_cli_advise(err, code,
                                             cr_cli_command(cli, CR_CLI_HERE, "registry", "verify",
                                                            version, NULL),
                                             "%s", err->message);
}

/* Where the value of a setting comes from, in the words of `config --origin`. */
static const char *find_origin(const struct cr_cli *cli, const char *key)
{
    const char *origin = "";
    struct cr_settings_entry entry;
    for (size_t i = 0; cr_settings_entry(&cli->settings, i, &entry); i++) {
        origin = strcmp(entry.key, key) == 0 ? entry.origin : origin;
        free(entry.value);
    }
    return origin;
}

static bool comes_from(const struct cr_cli *cli, const char *key, const char *origin)
{
    return strcmp(find_origin(cli, key), origin) == 0;
}

bool cr_cli_names_portfolio(const struct cr_cli *cli)
{
    return comes_from(cli, "portfolio", "flag");
}

bool cr_cli_names_registry(const struct cr_cli *cli)
{
    return !comes_from(cli, "registry.dir", "default") ||
           !comes_from(cli, "registry.db", "default");
}

const char *cr_cli_registry_named_by(const struct cr_cli *cli)
{
    const char *origin = find_origin(cli, "registry.dir");
    return strcmp(origin, "flag") == 0          ? "--registry"
           : strcmp(origin, "environment") == 0 ? "CREDITRISK_REGISTRY"
           : strcmp(origin, "file") == 0        ? cli->settings.config_path
                                                : NULL;
}

void cr_cli_say_promote(const struct cr_cli *cli, const char *version)
{
    CR_CLEANUP(cr_freep)
    char *command =
        cr_cli_command(cli, CR_CLI_HERE, "registry", "promote", version, "--reason", "…", NULL);
    if (command != NULL) {
        cr_cli_say(cli, "let it serve: %s", command);
    }
}

void cr_cli_say_reload(const struct cr_cli *cli)
{
    cr_cli_say(cli, "a running daemon takes it over with kill -HUP or POST /admin/reload");
}
