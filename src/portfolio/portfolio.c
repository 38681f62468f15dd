// SPDX-License-Identifier: MIT
#include "creditrisk/portfolio/portfolio.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/name.h"
#include "load.h"

enum { MAX_FILE_LEN = 1 << 20 };

/* What cr_portfolio_load really makes: the portfolio and the memory of everything that it points
 * to. */
struct owned {
    struct cr_portfolio portfolio;
    struct cr_arena arena;
};

_Static_assert(offsetof(struct owned, portfolio) == 0, "destroy converts the pointer back");

/* The files of a folder, in the order of their names, which is also an order in which each finds
 * what it refers to. */
static const struct part {
    const char *file;
    bool optional;
    int (*load)(struct cr_loader *loader, const struct cr_yaml_node *root, struct cr_error *err);
} parts[] = {
    {"application.yaml", false, cr_load_application},
    {"features.sql", false, NULL},
    {"features.yaml", false, cr_load_catalogue},
    {"policy.yaml", false, cr_load_policy},
    {"search.yaml", false, cr_load_search},
    {"tables.yaml", true, cr_load_tables},
    {"training.postgres.sql", true, NULL},
    {"training.sql", false, NULL},
    {"truth.sql", true, NULL},
};

static void destroy_docp(struct cr_yaml_doc **doc)
{
    cr_yaml_destroy(*doc);
}

static int load_yaml(struct cr_loader *loader, const struct part *part, const char *path,
                     const struct cr_portfolio_file *file, struct cr_error *err)
{
    CR_CLEANUP(destroy_docp) struct cr_yaml_doc *doc = NULL;
    int result = cr_yaml_parse(path, file->data, file->len, &doc, err);

    return result != 0 ? result : part->load(loader, cr_yaml_root(doc), err);
}

/* Keeps a copy of the file's bytes. */
static int keep_file(struct cr_loader *loader, const char *name, const char *path,
                     struct cr_portfolio_file *ret_file, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *data = NULL;
    struct cr_portfolio_file file = {.name = name};
    int result = cr_fs_read(path, MAX_FILE_LEN, &data, &file.len, err);

    if (result != 0) {
        return result;
    }
    if (memchr(data, '\0', file.len) != NULL) {
        return cr_error_set(err, CR_EPARSE, "%s: not a text: it holds a NUL byte", path);
    }
    file.data = cr_arena_strndup(loader->arena, data, file.len);
    if (file.data == NULL) {
        return cr_error_set(err, CR_ENOMEM, "no memory for the portfolio");
    }
    *ret_file = file;
    return 0;
}

static int load_parts(struct cr_loader *loader, const char *folder, struct cr_error *err)
{
    struct cr_portfolio *portfolio = loader->portfolio;
    struct cr_portfolio_file *files;
    int result = cr_load_array(loader, CR_ARRAY_LEN(parts), sizeof(*files), &files, err);

    if (result != 0) {
        return result;
    }
    portfolio->files = files;
    for (size_t i = 0; i < CR_ARRAY_LEN(parts); i++) {
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(folder, parts[i].file);
        struct cr_portfolio_file *file = &files[portfolio->n_files];

        if (path == NULL) {
            return cr_error_set(err, CR_ENOMEM, "no memory for the portfolio");
        }
        if (parts[i].optional && !cr_fs_exists(path)) {
            continue;
        }
        result = keep_file(loader, parts[i].file, path, file, err);
        if (result == 0 && parts[i].load != NULL) {
            result = load_yaml(loader, &parts[i], path, file, err);
        }
        if (result != 0) {
            return result;
        }
        portfolio->n_files++;
    }
    return portfolio->n_tables > 0
               ? 0
               : cr_error_set(err, CR_ENOTFOUND,
                              "nothing in '%s' describes the tables of the book: neither "
                              "tables.yaml nor a section 'book' of application.yaml",
                              folder);
}

static int copy_portfolio_name(struct cr_loader *loader, const char *path, const char *name,
                               struct cr_error *err)
{
    const char *end = path + strlen(path);
    const char *begin;
    size_t len;
    int result;

    while (end > path && end[-1] == '/') {
        end--;
    }
    begin = end;
    while (begin > path && begin[-1] != '/') {
        begin--;
    }
    if (name == NULL) {
        name = begin;
        len = (size_t)(end - begin);
    } else {
        len = strlen(name);
    }
    result = cr_name_check(name, len, "portfolio", err);
    if (result != 0) {
        return result;
    }
    loader->portfolio->name = cr_arena_strndup(loader->arena, name, len);
    return loader->portfolio->name != NULL
               ? 0
               : cr_error_set(err, CR_ENOMEM, "no memory for the portfolio");
}

int cr_portfolio_load(const char *path, const char *name, struct cr_portfolio **ret_portfolio,
                      struct cr_error *err)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    struct owned *owned = calloc(1, sizeof(*owned));
    struct cr_loader loader;
    int result;

    if (owned == NULL) {
        return cr_error_set(err, CR_ENOMEM, "no memory for the portfolio");
    }
    cr_arena_init(&owned->arena, 0);
    portfolio = &owned->portfolio;
    loader = (struct cr_loader){.portfolio = portfolio, .arena = &owned->arena};
    result = copy_portfolio_name(&loader, path, name, err);
    if (result != 0) {
        return result;
    }
    if (!cr_fs_is_dir(path)) {
        return cr_error_set(err, CR_ENOTFOUND, "there is no portfolio folder '%s'", path);
    }
    result = load_parts(&loader, path, err);
    if (result == 0) {
        result = cr_index_build(&loader, err);
    }
    if (result != 0) {
        return result;
    }
    *ret_portfolio = CR_STEAL(portfolio);
    return 0;
}

void cr_portfolio_destroy(struct cr_portfolio *portfolio)
{
    struct owned *owned = (struct owned *)portfolio;

    if (owned != NULL) {
        cr_arena_finish(&owned->arena);
        free(owned);
    }
}

ptrdiff_t cr_portfolio_find_field(const struct cr_portfolio *portfolio, const char *name)
{
    return cr_names_find(CR_NAMES(portfolio->fields, portfolio->n_fields), name);
}

ptrdiff_t cr_portfolio_find_feature(const struct cr_portfolio *portfolio, const char *name)
{
    return cr_names_find(CR_NAMES(portfolio->features, portfolio->n_features), name);
}

ptrdiff_t cr_portfolio_find_set(const struct cr_portfolio *portfolio, const char *name)
{
    return cr_names_find(CR_NAMES(portfolio->sets, portfolio->n_sets), name);
}

int cr_portfolio_choose_set(const struct cr_portfolio *portfolio, const char *name, size_t *ret_set,
                            struct cr_error *err)
{
    ptrdiff_t set = name == NULL ? 0 : cr_portfolio_find_set(portfolio, name);
    char tail[CR_NAMES_TAIL_LEN];

    if (set < 0) {
        return cr_error_set(
            err, CR_EINVAL, "portfolio '%s' has no feature set '%s'%s", portfolio->name, name,
            cr_names_tail(CR_NAMES(portfolio->sets, portfolio->n_sets), name, tail));
    }
    *ret_set = (size_t)set;
    return 0;
}

bool cr_portfolio_set_has(const struct cr_portfolio *portfolio, size_t set, size_t feature)
{
    size_t home = portfolio->features[feature].set;

    /* The loader lets a set extend only an earlier one: the walk ends. */
    while (set != home && portfolio->sets[set].extends >= 0) {
        set = (size_t)portfolio->sets[set].extends;
    }
    return set == home;
}

const struct cr_portfolio_file *cr_portfolio_find_file(const struct cr_portfolio *portfolio,
                                                       const char *name)
{
    ptrdiff_t i = cr_names_find(CR_NAMES(portfolio->files, portfolio->n_files), name);

    return i < 0 ? NULL : &portfolio->files[i];
}

const struct cr_model_search *cr_portfolio_find_search(const struct cr_portfolio *portfolio,
                                                       const char *kind)
{
    const struct cr_search *search = &portfolio->search;
    ptrdiff_t i = cr_names_find(CR_NAMES(search->models, search->n_models), kind);

    return i < 0 ? NULL : &search->models[i];
}

const char *const cr_load_types[] = {
    [CR_INT] = "int",
    [CR_NUMBER] = "number",
    [CR_ENUM] = "enum",
    [CR_BOOL] = "bool",
    [CR_DATE] = "date",
    [CR_TEXT] = "text",
    NULL,
};

const char *const cr_load_kinds[] = {
    [CR_NUMERIC] = "numeric",
    [CR_ORDINAL] = "ordinal",
    [CR_NOMINAL] = "nominal",
    [CR_FLAG] = "flag",
    NULL,
};

const char *cr_type_name(enum cr_type type)
{
    return cr_load_types[type];
}

const char *cr_kind_name(enum cr_kind kind)
{
    return cr_load_kinds[kind];
}
