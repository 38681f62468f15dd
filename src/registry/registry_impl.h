// SPDX-License-Identifier: MIT
/* Private to registry/: the handle, and short ways to its database. */
#ifndef REGISTRY_REGISTRY_IMPL_H
#define REGISTRY_REGISTRY_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/registry/registry.h"
#include "creditrisk/store/db.h"
#include "creditrisk/util/error.h"

/* The pointer to the version that serves. */
#define CR_REGISTRY_CHAMPION "champion"

/* Names of versions in the making begin so. */
#define CR_REGISTRY_STAGE_PREFIX ".staging-"

struct cr_registry {
    char *dir;
    struct cr_db *db;
    struct cr_trust *trust; /* NULL = no signature is asked for */
};

/* Prepares sql with texts[i] as parameter i (NULL = null); they must live as long as the statement,
 * which is yours. */
int cr_registry_prepare(struct cr_registry *registry, const char *sql, const char *const *texts,
                        size_t n, struct cr_stmt **ret_stmt, struct cr_error *err);

/* The same for a statement without rows. */
int cr_registry_run(struct cr_registry *registry, const char *sql, const char *const *texts,
                    size_t n, struct cr_error *err);

/* The first column of the first row as a new string (yours); NULL when there is no row. */
int cr_registry_query_text(struct cr_registry *registry, const char *sql, const char *const *texts,
                           size_t n, char **ret_text, struct cr_error *err);

/* One thing more that an event tells; text NULL or "" = it does not. */
struct cr_registry_detail {
    const char *name; /* one of CR_DETAIL_…; NULL ends a list */
    const char *text;
};

/* Appends to the events, inside a transaction; from, to and details (a list) may be NULL. Only
 * where details are told, what an older program made is brought up to date, in that transaction. */
int cr_registry_record_event(struct cr_registry *registry, const char *portfolio,
                             const char *action, const char *from, const char *to,
                             const struct cr_registry_actor *actor,
                             const struct cr_registry_detail *details, struct cr_error *err);

/* Whether a version is recorded; and what to say when it is not: CR_ENOTFOUND. */
int cr_registry_is_recorded(struct cr_registry *registry, const char *portfolio,
                            const char *version, bool *ret_recorded, struct cr_error *err);
int cr_registry_refuse_unknown(const char *portfolio, const char *version, struct cr_error *err);

/* How a transaction ends: committed when r is 0, else rolled back. */
int cr_registry_end(struct cr_registry *registry, int r, struct cr_error *err);

/* The number in "v7"; 0 when the text is no version. */
long cr_registry_version_number(const char *version);

/* Folder of a portfolio's versions; yours. CR_EINVAL for a name that is none. */
int cr_registry_portfolio_path(const struct cr_registry *registry, const char *portfolio,
                               char **ret_dir, struct cr_error *err);

/* Whether a folder of a version lies in the registry's, recorded or not. */
int cr_registry_find_versions(const struct cr_registry *registry, bool *ret_found,
                              struct cr_error *err);

#endif
