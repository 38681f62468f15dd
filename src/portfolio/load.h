// SPDX-License-Identifier: MIT
/* Loading: what the readers of the YAML files share. A reader fills its part of the portfolio;
 * every text and array it leaves there is allocated in the loader's arena, which the portfolio
 * owns. */
#ifndef PORTFOLIO_LOAD_H
#define PORTFOLIO_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/yaml.h"
#include "names.h"

struct cr_loader {
    struct cr_portfolio *portfolio;
    struct cr_arena *arena;
};

/* One file each. Features and policy refer to fields: the application comes first. */
int cr_load_application(struct cr_loader *loader, const struct cr_yaml_node *root,
                        struct cr_error *err);
int cr_load_catalogue(struct cr_loader *loader, const struct cr_yaml_node *root,
                      struct cr_error *err);
int cr_load_policy(struct cr_loader *loader, const struct cr_yaml_node *root, struct cr_error *err);
int cr_load_gates(struct cr_loader *loader, const struct cr_yaml_node *policy,
                  struct cr_error *err); /* its section `gates` */
int cr_load_search(struct cr_loader *loader, const struct cr_yaml_node *root, struct cr_error *err);
int cr_load_tables(struct cr_loader *loader, const struct cr_yaml_node *root, struct cr_error *err);
int cr_load_flat(struct cr_loader *loader, const struct cr_yaml_node *application,
                 struct cr_error *err); /* its section `book`, if there is one */

/* How CSV files are written: the members separator and missing of a map. */
int cr_load_csv_form(struct cr_loader *loader, const struct cr_yaml_node *map,
                     struct cr_error *err);

/* Makes the index, once the fields are there. */
int cr_index_build(struct cr_loader *loader, struct cr_error *err);

/* What a map may hold. A loader of one structure is mostly a table of these; the entry of kind 0
 * only makes the key known, a row without key ends the table. */
enum cr_member_kind {
    CR_MEMBER_KNOWN,
    CR_MEMBER_TEXT,   /* const char *; one of `words` if there are any */
    CR_MEMBER_NAME,   /* const char *; goes unquoted into SQL: letters, digits, _, at most 63 */
    CR_MEMBER_NUMBER, /* double, in [min, max] unless both are 0 */
    CR_MEMBER_COUNT,  /* size_t, in [min, max] */
    CR_MEMBER_BOOL,   /* bool */
    CR_MEMBER_CHOICE, /* an enum: the index of one of `words` */
};

struct cr_member {
    enum cr_member_kind kind;
    const char *key;
    size_t offset;            /* where in the structure the value goes */
    bool needed;              /* else absence and null leave the value as it was */
    const char *const *words; /* ends with NULL */
    double min, max;
};

#define CR_MEMBER(kind_, key_, owner, field_)                                                      \
    .kind = CR_MEMBER_##kind_, .key = (key_), .offset = offsetof(owner, field_)

/* The words of cr_type and cr_kind. */
extern const char *const cr_load_types[];
extern const char *const cr_load_kinds[];

/* Reads the members into the structure; an unknown key is CR_EPARSE. */
int cr_load_members(struct cr_loader *loader, const struct cr_yaml_node *map,
                    const struct cr_member *members, void *structure, struct cr_error *err);

/* The member under key; NULL when it is absent or null. */
const struct cr_yaml_node *cr_load_find(const struct cr_yaml_node *map, const char *key);

/* A zeroed array of n items, never NULL. CR_ENOMEM. */
int cr_load_array(struct cr_loader *loader, size_t n, size_t size, void *ret_array,
                  struct cr_error *err);

/* The loader's own copy of a text, of a node's text (CR_EPARSE when null or empty), of a list of
 * different texts. */
int cr_load_strndup(struct cr_loader *loader, const char *text, size_t len, const char **ret_copy,
                    struct cr_error *err);
int cr_load_copy(struct cr_loader *loader, const struct cr_yaml_node *node, const char **ret_text,
                 struct cr_error *err);
int cr_load_texts(struct cr_loader *loader, const struct cr_yaml_node *list,
                  const char *const **ret_texts, size_t *ret_n, struct cr_error *err);

/* A list under key of 1 to 1,000 items. */
int cr_load_need_list(const struct cr_yaml_node *map, const char *key,
                      const struct cr_yaml_node **ret_list, struct cr_error *err);

/* CR_EPARSE at the map's name when one of `taken` has it, case ignored as SQL does. */
int cr_load_check_new(const struct cr_yaml_node *map, struct cr_names taken, struct cr_error *err);

/* The levels under list_key and, unless aliases_key is NULL, the map under that of other spellings.
 */
int cr_load_levels(struct cr_loader *loader, const struct cr_yaml_node *map, const char *list_key,
                   const char *aliases_key, struct cr_levels *ret_levels, struct cr_error *err);

/* The domain of a field or column: min and max, open ends infinite, only for CR_INT (whole) and
 * CR_NUMBER; levels and aliases, only for CR_ENUM. */
int cr_load_range(const struct cr_yaml_node *map, enum cr_type type, double *ret_min,
                  double *ret_max, struct cr_error *err);
int cr_load_domain(struct cr_loader *loader, const struct cr_yaml_node *map, enum cr_type type,
                   const char *list_key, struct cr_levels *ret_levels, struct cr_error *err);

#endif
