// SPDX-License-Identifier: MIT
/* Which portfolios a registry knows. */
#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "registry_impl.h"

void cr_registry_free_portfolios(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(names[i]);
    }
    free(names);
}

/* Appends a copy. */
static int add_name(const char *text, char ***names, size_t *n, struct cr_error *err)
{
    char **grown = reallocarray(*names, *n + 1, sizeof(*grown));
    char *name = strdup(text);

    *names = grown != NULL ? grown : *names;
    if (grown == NULL || name == NULL) {
        free(name);
        return cr_error_set(err, CR_ENOMEM, "out of memory for the portfolios");
    }
    grown[(*n)++] = name;
    return 0;
}

/* The names that a statement finds; its parameter, where it has one, is text. */
static int query_names(struct cr_registry *registry, const char *sql, const char *text,
                       char ***ret_names, size_t *ret_n, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    char **names = NULL;
    size_t n = 0;
    bool row = false;
    int r = cr_db_prepare(registry->db, sql, NULL, &stmt, err);

    if (r == 0 && text != NULL) {
        r = cr_stmt_bind_text(stmt, 0, text, err);
    }
    while (r == 0 && (r = cr_stmt_step(stmt, &row, err)) == 0 && row) {
        r = add_name(cr_stmt_text(stmt, 0), &names, &n, err);
    }
    if (r != 0) {
        cr_registry_free_portfolios(names, n);
        return r;
    }
    *ret_names = names;
    *ret_n = n;
    return 0;
}

int cr_registry_portfolios(struct cr_registry *registry, char ***ret_names, size_t *ret_n,
                           struct cr_error *err)
{
    return query_names(registry,
                       "SELECT portfolio FROM pointers WHERE name = ?1 ORDER BY portfolio",
                       CR_REGISTRY_CHAMPION, ret_names, ret_n, err);
}

/* Appends the folders that may be a portfolio's and are none of the recorded ones'. */
static int add_folders(const struct cr_registry *registry, char ***names, size_t *n,
                       struct cr_error *err)
{
    size_t n_recorded = *n;
    char **entries = NULL;
    size_t n_entries = 0;
    int r = cr_fs_list(registry->dir, &entries, &n_entries, err);

    for (size_t i = 0; r == 0 && i < n_entries; i++) {
        CR_CLEANUP(cr_freep) char *folder = NULL;
        bool is_known = false;

        for (size_t j = 0; !is_known && j < n_recorded; j++) {
            is_known = strcmp((*names)[j], entries[i]) == 0;
        }
        if (!is_known && cr_registry_portfolio_path(registry, entries[i], &folder, NULL) == 0 &&
            cr_fs_is_dir(folder)) {
            r = add_name(entries[i], names, n, err);
        }
    }
    cr_fs_free_names(entries, n_entries);
    return r;
}

int cr_registry_all_portfolios(struct cr_registry *registry, char ***ret_names, size_t *ret_n,
                               struct cr_error *err)
{
    char **names = NULL;
    size_t n = 0;
    int r = query_names(registry, "SELECT DISTINCT portfolio FROM versions ORDER BY portfolio",
                        NULL, &names, &n, err);

    if (r == 0) {
        r = add_folders(registry, &names, &n, err);
    }
    if (r != 0) {
        cr_registry_free_portfolios(names, n);
        return r;
    }
    *ret_names = names;
    *ret_n = n;
    return 0;
}

/* Whether the folder has one of a version. */
static int find_version(const char *folder, bool *found, struct cr_error *err)
{
    char **entries = NULL;
    size_t n = 0;
    int r = cr_fs_list(folder, &entries, &n, err);

    for (size_t i = 0; r == 0 && i < n && !*found; i++) {
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(folder, entries[i]);

        if (path == NULL) {
            r = cr_error_no_memory(err);
        } else {
            *found = cr_registry_version_number(entries[i]) > 0 && cr_fs_is_dir(path);
        }
    }
    cr_fs_free_names(entries, n);
    return r;
}

int cr_registry_find_versions(const struct cr_registry *registry, bool *ret_found,
                              struct cr_error *err)
{
    char **folders = NULL;
    size_t n = 0;
    int r = add_folders(registry, &folders, &n, err);

    *ret_found = false;
    for (size_t i = 0; r == 0 && i < n && !*ret_found; i++) {
        CR_CLEANUP(cr_freep) char *folder = NULL;

        r = cr_registry_portfolio_path(registry, folders[i], &folder, err);
        if (r == 0) {
            r = find_version(folder, ret_found, err);
        }
    }
    cr_registry_free_portfolios(folders, n);
    return r;
}
