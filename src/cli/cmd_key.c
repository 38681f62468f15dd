// SPDX-License-Identifier: MIT
#include "cli.h"

#include <stdio.h>
#include <string.h>

#include "creditrisk/registry/key.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

static const struct cr_option options[] = {
    {"scope", "LIST", "what it is good for: predict, read, admin, with commas between them"},
    {"note", "TEXT", "whose it is, what for; recorded with the key"},
};

static int check_scopes(const struct cr_cli *cli, struct cr_error *err)
{
    unsigned scopes;
    return cr_key_parse_scopes(cr_cli_option(cli, "scope"), &scopes, err) < 0 ? CR_CLI_USAGE : 0;
}

/* The key goes to standard output, alone, so that it can be piped to where it is kept. */
static int create(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_digest_wipep) char *presented = NULL;
    unsigned scopes;
    const struct cr_registry_actor actor = {cr_cli_actor(), ""};
    const char *note = cr_cli_option(cli, "note");
    int result = cr_key_parse_scopes(cr_cli_option(cli, "scope"), &scopes, err);
    if (result < 0 || (result = cr_key_create(registry, scopes, note != NULL ? note : "", &actor,
                                              &presented, err)) < 0) {
        return result;
    }
    if (cli->json) {
        return cr_cli_print_json(
            json_pack("{s:s%, s:s}", "id", presented, (size_t)CR_KEY_ID_LEN - 1, "key", presented),
            err);
    }
    puts(presented);
    cr_cli_say(cli, "keep it: it is shown this once; clients send it as 'Authorization: Bearer …' "
                    "or 'X-API-Key: …'");
    return CR_CLI_OK;
}

static json_t *key_to_json(const struct cr_key *key, const char *scopes)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:s?}", "id", key->id, "scopes", scopes,
                     "note", key->note, "created_at", key->created_at, "created_by",
                     key->created_by, "revoked_at", key->revoked_at, "revoked_by", key->revoked_by);
}

static int print_keys(const struct cr_cli *cli, const struct cr_keys *keys, struct cr_error *err)
{
    static const char *const header[] = {"id", "scopes", "created", "by", "revoked", "by", "note"};
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    CR_CLEANUP(cr_json_decrefp) json_t *list = json_array();
    for (size_t i = 0; i < CR_ARRAY_LEN(header); i++) {
        cr_cells_add(&cells, "%s", header[i]);
    }
    for (size_t i = 0; i < keys->n; i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf scopes = CR_STRBUF_INIT;
        const struct cr_key *key = &keys->items[i];
        cr_key_put_scopes(&scopes, key->scopes);
        if (json_array_append_new(list, key_to_json(key, cr_strbuf_text(&scopes))) != 0) {
            return cr_error_set(err, CR_ENOMEM, "out of memory for the list");
        }
        cr_cells_add(&cells, "%s", key->id);
        cr_cells_add(&cells, "%s", cr_strbuf_text(&scopes));
        cr_cells_add(&cells, "%s", key->created_at);
        cr_cells_add(&cells, "%s", key->created_by);
        cr_cells_add(&cells, "%s", key->revoked_at != NULL ? key->revoked_at : "");
        cr_cells_add(&cells, "%s", key->revoked_by != NULL ? key->revoked_by : "");
        cr_cells_add(&cells, "%s", key->note);
    }
    if (cli->json) {
        return cr_cli_print_json(json_pack("{s:O}", "keys", list), err);
    }
    if (keys->n == 0) {
        CR_CLEANUP(cr_freep)
        char *create =
            cr_cli_command(cli, CR_CLI_HERE, "key", "create", "--scope", "predict", NULL);
        cr_cli_say(cli, "there is no key yet%s%s%s", create != NULL ? ": '" : "",
                   create != NULL ? create : "", create != NULL ? "' makes one" : "");
    }
    return cr_cells_print(&cells, CR_ARRAY_LEN(header), 0, err);
}

static int list(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    struct cr_keys keys;
    int result = cr_keys_list(registry, &keys, err);
    if (result == 0) {
        result = print_keys(cli, &keys, err);
        cr_keys_finish(&keys);
    }
    return result;
}

static int revoke_key(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    const char *id = cli->args[1];
    const struct cr_registry_actor actor = {cr_cli_actor(), ""};
    size_t len = strcspn(id, ".");
    if (id[len] != '\0') { /* the rest is secret: it is not shown again */
        return cr_cli_usage(err, "a key is revoked by its id, which stands before its dot: %.*s",
                            (int)len, id);
    }
    int result = cr_key_revoke(registry, id, &actor, err);
    if (result < 0) {
        return result;
    }
    if (cli->json) {
        return cr_cli_print_json(json_pack("{s:s, s:b}", "id", id, "revoked", 1), err);
    }
    printf("key %s is revoked; a running daemon stops taking it within %d s\n", id,
           cli->settings.auth_refresh_s);
    return CR_CLI_OK;
}

static const struct cr_verb verbs[] = {
    {
        .name = "create",
        .usage = "--scope LIST [--note TEXT]",
        .summary = "Make a key and show it, this once",
        .example = "--scope predict,read --note 'the branch in Pune'",
        .options = {"scope", "note"},
        .needs = {"scope"},
        .registry = CR_VERB_READS,
        .check = check_scopes,
        .run = create,
    },
    {
        .name = "list",
        .usage = "",
        .summary = "Show who has keys, what for, and which are revoked",
        .example = "",
        .registry = CR_VERB_READS,
        .run = list,
    },
    {
        .name = "revoke",
        .usage = "ID",
        .summary = "Let a key open nothing any more",
        .example = "0123456789abcdef",
        .min_args = 1,
        .max_args = 1,
        .arguments = "the id of a key",
        .registry = CR_VERB_READS,
        .run = revoke_key,
    },
};

const struct cr_command cr_cmd_key = {
    .name = "key",
    .arguments = "VERB",
    .summary = "Make, list and revoke the keys of the daemon's clients",
    .details = "The daemon asks for keys when auth.mode is key. The registry keeps a salted hash "
               "of a key,\n"
               "never the key: whoever loses one gets a new one.",
    .options = options,
    .n_options = CR_ARRAY_LEN(options),
    .verbs = verbs,
    .n_verbs = CR_ARRAY_LEN(verbs),
    .run = cr_cli_run_verb,
};
