// SPDX-License-Identifier: MIT
/* Versions that go, and what work that was cut off left behind. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/history.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/strbuf.h"
#include "registry_impl.h"

/* CR_EINVAL when a pointer names the version. */
static int check_idle(struct cr_registry *registry, const char *portfolio, const char *version,
                      struct cr_error *err)
{
    const char *const texts[] = {portfolio, version};
    CR_CLEANUP(cr_freep) char *role = NULL;
    int r = cr_registry_query_text(registry,
                                   "SELECT name FROM pointers WHERE portfolio = ?1"
                                   " AND version = ?2 ORDER BY name",
                                   texts, CR_ARRAY_LEN(texts), &role, err);

    if (r == 0 && role != NULL) {
        r = cr_error_set(err, CR_EINVAL, "'%s' is the %s: it is not deleted", version, role);
    }
    return r;
}

/* Inside a transaction, whose lock keeps out publishers: a folder that is not recorded by now never
 * will be. */
static int forget(struct cr_registry *registry, const char *portfolio, const char *version,
                  const char *dir, const struct cr_registry_actor *actor, bool *ret_recorded,
                  struct cr_error *err)
{
    const char *const texts[] = {portfolio, version};
    int r = cr_registry_is_recorded(registry, portfolio, version, ret_recorded, err);

    if (r == 0 && !*ret_recorded && !cr_fs_exists(dir)) {
        r = cr_registry_refuse_unknown(portfolio, version, err);
    }
    if (r == 0) {
        r = check_idle(registry, portfolio, version, err);
    }
    if (r == 0) {
        r = cr_registry_record_event(registry, portfolio, CR_EVENT_DELETE, version, NULL, actor,
                                     NULL, err);
    }
    return r < 0 ? r
                 : cr_registry_run(registry,
                                   "DELETE FROM versions WHERE portfolio = ?1 AND version = ?2",
                                   texts, CR_ARRAY_LEN(texts), err);
}

static int forget_all(struct cr_registry *registry, const char *portfolio,
                      const char *const *versions, size_t n, const struct cr_registry_actor *actor,
                      bool *ret_recorded, struct cr_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        CR_CLEANUP(cr_freep) char *dir = NULL;

        for (size_t j = 0; r == 0 && j < i; j++) {
            if (strcmp(versions[j], versions[i]) == 0) {
                r = cr_error_set(err, CR_EINVAL, "'%s' is named twice", versions[i]);
            }
        }
        if (r == 0) {
            r = cr_registry_path(registry, portfolio, versions[i], &dir, err);
        }
        if (r == 0) {
            r = forget(registry, portfolio, versions[i], dir, actor, &ret_recorded[i], err);
        }
    }
    return r;
}

static void put_name(struct cr_strbuf *list, const char *name)
{
    cr_strbuf_printf(list, "%s%s", list->len > 0 ? ", " : "", name);
}

/* Every folder that can go goes; those that cannot are told, and why the first of them. */
static int remove_folders(const struct cr_registry *registry, const char *portfolio,
                          const char *const *versions, size_t n, const bool *recorded,
                          struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf forgotten = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf left = CR_STRBUF_INIT;
    struct cr_error first = {0};

    for (size_t i = 0; i < n; i++) {
        CR_CLEANUP(cr_freep) char *dir = NULL;
        struct cr_error cause = {0};
        int r = cr_registry_path(registry, portfolio, versions[i], &dir, &cause);

        if (r == 0) {
            r = cr_fs_remove_tree(dir, &cause);
        }
        if (recorded[i]) {
            put_name(&forgotten, versions[i]);
        }
        if (r < 0) {
            put_name(&left, versions[i]);
            first = first.code == 0 ? cause : first;
        }
    }
    return first.code == 0
               ? 0
               : cr_error_set(err, first.code, "%s%s%sfolders that are still there: %s (%s)",
                              forgotten.len > 0 ? "forgotten: " : "", cr_strbuf_text(&forgotten),
                              forgotten.len > 0 ? "; " : "", cr_strbuf_text(&left), first.message);
}

int cr_registry_delete(struct cr_registry *registry, const char *portfolio,
                       const char *const *versions, size_t n, const struct cr_registry_actor *actor,
                       bool *ret_recorded, struct cr_error *err)
{
    int r = cr_db_begin(registry->db, err);

    if (r < 0) {
        return r;
    }
    r = forget_all(registry, portfolio, versions, n, actor, ret_recorded, err);
    r = cr_registry_end(registry, r, err);
    /* only now: a version that is recorded always has its folder */
    return r < 0 ? r : remove_folders(registry, portfolio, versions, n, ret_recorded, err);
}

struct names {
    char **items;
    size_t n;
};

static void names_finish(struct names *names)
{
    cr_fs_free_names(names->items, names->n);
}

static int add_name(struct names *names, const char *name, struct cr_error *err)
{
    char **items = reallocarray(names->items, names->n + 1, sizeof(*items));

    if (items == NULL) {
        return cr_error_no_memory(err);
    }
    names->items = items;
    items[names->n] = strdup(name);
    if (items[names->n] == NULL) {
        return cr_error_no_memory(err);
    }
    names->n++;
    return 0;
}

/* Folders first, records second: what is published in between is found recorded. */
static int list_unrecorded(struct cr_registry *registry, const char *portfolio, struct names *found,
                           struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *folder = NULL;
    char **names = NULL;
    size_t n = 0;
    int r = cr_registry_portfolio_path(registry, portfolio, &folder, err);

    if (r < 0 || !cr_fs_is_dir(folder)) {
        return r;
    }
    r = cr_fs_list(folder, &names, &n, err);
    for (size_t i = 0; r == 0 && i < n; i++) {
        bool recorded = false;

        r = cr_registry_is_recorded(registry, portfolio, names[i], &recorded, err);
        if (r == 0 && !recorded) {
            r = add_name(found, names[i], err);
        }
    }
    cr_fs_free_names(names, n);
    return r;
}

/* A publisher moves its folder into place before it commits the record: what looks unrecorded is
 * looked for again under the lock, which no publisher holds then. Who may not write (a replica on a
 * read-only volume) gets no lock and takes the first answer. */
static int find_folders(struct cr_registry *registry, const char *portfolio, struct names *found,
                        struct cr_error *err)
{
    int r = list_unrecorded(registry, portfolio, found, err);

    if (r == 0 && found->n > 0 && cr_db_begin(registry->db, NULL) == 0) {
        names_finish(found);
        *found = (struct names){NULL, 0};
        r = list_unrecorded(registry, portfolio, found, err);
        cr_db_rollback(registry->db);
    }
    return r;
}

static int find_stages(const struct cr_registry *registry, struct names *found,
                       struct cr_error *err)
{
    DIR *dir = opendir(registry->dir);
    const struct dirent *entry;
    int r = 0;

    if (dir == NULL) {
        return cr_error_set(err, CR_EIO, "cannot list '%s'", registry->dir);
    }
    while (r == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, CR_REGISTRY_STAGE_PREFIX, strlen(CR_REGISTRY_STAGE_PREFIX)) ==
            0) {
            r = add_name(found, entry->d_name, err);
        }
    }
    if (r == 0 && errno != 0) {
        r = cr_error_set(err, CR_EIO, "cannot list '%s'", registry->dir);
    }
    (void)closedir(dir); /* a reader's close has nothing to report */
    return r;
}

int cr_registry_find_leftovers(struct cr_registry *registry, const char *portfolio,
                               struct cr_registry_leftovers *ret_leftovers, struct cr_error *err)
{
    CR_CLEANUP(names_finish) struct names folders = {NULL, 0};
    CR_CLEANUP(names_finish) struct names stages = {NULL, 0};
    int r = find_folders(registry, portfolio, &folders, err);

    if (r == 0) {
        r = find_stages(registry, &stages, err);
    }
    if (r < 0) {
        return r;
    }
    *ret_leftovers =
        (struct cr_registry_leftovers){folders.items, folders.n, stages.items, stages.n};
    folders = stages = (struct names){NULL, 0};
    return 0;
}

void cr_registry_leftovers_finish(struct cr_registry_leftovers *leftovers)
{
    cr_fs_free_names(leftovers->folders, leftovers->n_folders);
    cr_fs_free_names(leftovers->stages, leftovers->n_stages);
    *leftovers = (struct cr_registry_leftovers){NULL, 0, NULL, 0};
}
