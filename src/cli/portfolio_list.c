// SPDX-License-Identifier: MIT
/* portfolio list: every loan book that has a folder below paths.portfolios, or versions in the
 * registry. */
#include "portfolio_verbs.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

/* Where the names come from, and all of them, sorted; one that is in both places is there twice. */
struct names {
    char **folders;
    size_t n_folders;
    char **recorded;
    size_t n_recorded;
    const char **all;
    size_t n;
};

static void names_finish(struct names *names)
{
    cr_fs_free_names(names->folders, names->n_folders);
    cr_registry_free_portfolios(names->recorded, names->n_recorded);
    free(names->all);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* `registry` may be NULL: there is none yet. */
static int find_names(const struct cr_cli *cli, struct cr_registry *registry, struct names *names,
                      struct cr_error *err)
{
    int result = cr_fs_list(cli->settings.portfolios_dir, &names->folders, &names->n_folders, err);
    if (result == CR_ENOTFOUND) {
        result = 0;
    }
    if (result == 0 && registry != NULL) {
        result = cr_registry_all_portfolios(registry, &names->recorded, &names->n_recorded, err);
    }
    if (result != 0) {
        return result;
    }
    names->all = calloc(names->n_folders + names->n_recorded + 1, sizeof *names->all);
    if (names->all == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < names->n_folders; i++) {
        CR_CLEANUP(cr_freep)
        char *path = cr_fs_join(cli->settings.portfolios_dir, names->folders[i]);
        if (path != NULL && cr_fs_is_dir(path)) { /* without memory the next step fails, too */
            names->all[names->n++] = names->folders[i];
        }
    }
    for (size_t i = 0; i < names->n_recorded; i++) {
        names->all[names->n++] = names->recorded[i];
    }
    qsort(names->all, names->n, sizeof *names->all, by_text);
    return 0;
}

/* *ret_champion stays NULL where there is none. */
static int find_champion(struct cr_registry *registry, const char *name, char **ret_champion,
                         struct cr_error *err)
{
    int result =
        registry != NULL ? cr_registry_champion(registry, name, ret_champion, err) : CR_ENOTFOUND;
    return result == CR_ENOTFOUND ? 0 : result;
}

/* One entry of the list. What is wrong with a portfolio's folder is its fault, and no error. */
static int add_portfolio(const struct cr_cli *cli, struct cr_registry *registry, const char *name,
                         json_t *list, struct cr_error *err)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_freep) char *champion = NULL;
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(cli->settings.portfolios_dir, name);
    struct cr_error fault;
    if (path == NULL) {
        return cr_error_no_memory(err);
    }
    bool has_folder = cr_fs_is_dir(path);
    bool is_broken = has_folder && cr_portfolio_load(path, name, &portfolio, &fault) != 0;
    int result = find_champion(registry, name, &champion, err);
    if (result == 0 && json_array_append_new(
                           list, json_pack("{s:s, s:s?, s:s?, s:s?, s:s?}", "name", name, "title",
                                           portfolio != NULL ? portfolio->title : NULL, "folder",
                                           has_folder ? path : NULL, "champion", champion, "fault",
                                           is_broken ? fault.message : NULL)) != 0) {
        result = cr_error_no_memory(err);
    }
    return result;
}

static const char *text_of(const json_t *entry, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(entry, key));
    return text != NULL ? text : otherwise;
}

static int print_list(const struct cr_cli *cli, const json_t *list, struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    static const char *const header[] = {"portfolio", "champion", "from", "title"};
    size_t i;
    json_t *entry;
    for (size_t h = 0; h < CR_ARRAY_LEN(header); h++) {
        cr_cells_add(&cells, "%s", header[h]);
    }
    json_array_foreach(list, i, entry)
    {
        cr_cells_add(&cells, "%s", text_of(entry, "name", ""));
        cr_cells_add(&cells, "%s", text_of(entry, "champion", "none"));
        cr_cells_add(&cells, "%s", text_of(entry, "folder", "the registry alone"));
        cr_cells_add(&cells, "%s", text_of(entry, "title", "?"));
    }
    int result = cr_cells_print(&cells, CR_ARRAY_LEN(header), 0, err);
    json_array_foreach(list, i, entry)
    {
        const char *fault = text_of(entry, "fault", NULL);
        if (fault != NULL) {
            cr_cli_say(cli, "%s cannot be read: %s", text_of(entry, "name", ""), fault);
        }
    }
    return result;
}

int cr_portfolio_verb_list(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *list = json_array();
    CR_CLEANUP(names_finish) struct names names = {0};
    int result = find_names(cli, registry, &names, err);
    for (size_t i = 0; result == 0 && i < names.n; i++) {
        if (i == 0 || strcmp(names.all[i], names.all[i - 1]) != 0) {
            result = add_portfolio(cli, registry, names.all[i], list, err);
        }
    }
    if (result != 0) {
        return result;
    }
    result = cli->json ? cr_cli_print_json(json_pack("{s:O}", "portfolios", list), err)
                       : print_list(cli, list, err);
    if (result == 0 && registry == NULL) {
        cr_cli_say(cli, "there is no registry '%s' yet: nothing serves", cli->settings.registry);
    }
    return result;
}
