// SPDX-License-Identifier: MIT
/* application.yaml, section `book`: a book that is one CSV file. Its table follows from what the
 * file describes anyway: the row's number, the keys, the outcome, the fields. */
#include "load.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

/* The column that the import numbers the rows in, and the key of a book that names none. */
static const char row_number[] = "row_number";

enum { N_KEYS = 3, N_OWN = 3 }; /* row, customer, date; number, outcome, test */

struct draft {
    struct cr_loader *loader;
    const struct cr_yaml_node *book;
    struct cr_table_column *columns;
    size_t n;
};

/* The name that a column has in the file: `columns` says it where it is another one. */
static int find_header(const struct draft *draft, const char *name, const char **ret_header,
                       struct cr_error *err)
{
    const struct cr_yaml_node *node = cr_yaml_get(cr_load_find(draft->book, "columns"), name);

    *ret_header = name;
    return node != NULL ? cr_load_copy(draft->loader, node, ret_header, err) : 0;
}

/* Appends a column over the whole range of its type, which the caller narrows. */
static int add_column(struct draft *draft, const char *name, enum cr_type type,
                      struct cr_table_column **ret_column, struct cr_error *err)
{
    struct cr_table_column *column = &draft->columns[draft->n];

    if (cr_names_find_folded(CR_NAMES(draft->columns, draft->n), name) >= 0) {
        return cr_yaml_error(draft->book, err, "two columns of the table have the name '%s'", name);
    }
    *column =
        (struct cr_table_column){.name = name, .type = type, .min = -INFINITY, .max = INFINITY};
    draft->n++;
    *ret_column = column;
    return find_header(draft, name, &column->header, err);
}

/* A key is a text, whatever it looks like; one that is also a field has its column already. */
static int add_key(struct draft *draft, const char *name, bool is_date, bool is_unique,
                   struct cr_error *err)
{
    struct cr_table_column *column = NULL;
    int result;

    if (name == NULL || cr_names_find(CR_NAMES(draft->columns, draft->n), name) >= 0) {
        return 0;
    }
    result = add_column(draft, name, is_date ? CR_DATE : CR_TEXT, &column, err);
    if (result == 0) {
        column->unique = is_unique;
    }
    return result;
}

/* What a request may leave out may also be missing in the file. */
static int add_field(struct draft *draft, const struct cr_field *field, struct cr_error *err)
{
    struct cr_table_column *column = NULL;
    int result = add_column(draft, field->name, field->type, &column, err);

    if (result == 0) {
        column->min = field->min;
        column->max = field->max;
        column->levels = field->levels;
        column->nullable = field->nullable || !field->required;
    }
    return result;
}

/* The texts under `key` mean this outcome. */
static int add_words(struct draft *draft, const char *key, size_t outcome, const char **texts,
                     size_t *targets, size_t *n, struct cr_error *err)
{
    const struct cr_yaml_node *list = NULL;
    int result = cr_load_need_list(draft->book, key, &list, err);

    for (size_t i = 0; result == 0 && i < list->n; i++) {
        result = cr_load_copy(draft->loader, list->values[i], &texts[*n], err);
        if (result == 0 && cr_names_find(CR_NAMES(texts, *n), texts[*n]) >= 0) {
            result = cr_yaml_error(list->values[i], err, "'%s' is in the lists twice", texts[*n]);
        }
        targets[(*n)++] = outcome;
    }
    return result;
}

/* `good` and `bad`: how the file writes the outcome, unless with 0 and 1 or yes and no. */
static int load_words(struct draft *draft, struct cr_levels *ret_words, struct cr_error *err)
{
    const struct cr_yaml_node *good = cr_load_find(draft->book, "good");
    const struct cr_yaml_node *bad = cr_load_find(draft->book, "bad");
    size_t n_max = (good != NULL ? good->n : 0) + (bad != NULL ? bad->n : 0);
    const char **texts = NULL;
    size_t *targets = NULL;
    size_t n = 0;
    int result;

    if (good == NULL && bad == NULL) {
        return 0;
    }
    result = cr_load_array(draft->loader, n_max, sizeof(*texts), &texts, err);
    if (result == 0) {
        result = cr_load_array(draft->loader, n_max, sizeof(*targets), &targets, err);
    }
    if (result == 0) {
        result = add_words(draft, "good", 0, texts, targets, &n, err);
    }
    if (result == 0) {
        result = add_words(draft, "bad", 1, texts, targets, &n, err);
    }
    if (result == 0) {
        *ret_words =
            (struct cr_levels){.n_aliases = n, .alias_texts = texts, .alias_targets = targets};
    }
    return result;
}

/* The outcome of a young loan may not be known yet. */
static int add_outcome(struct draft *draft, struct cr_error *err)
{
    struct cr_table_column *column = NULL;
    int result = add_column(draft, draft->loader->portfolio->outcome, CR_BOOL, &column, err);

    if (result != 0) {
        return result;
    }
    column->nullable = true;
    return load_words(draft, &column->levels, err);
}

static int add_columns(struct draft *draft, struct cr_portfolio *portfolio, struct cr_error *err)
{
    struct cr_table_column *column = NULL;
    int result = add_column(draft, row_number, CR_INT, &column, err);

    if (result == 0) {
        column->key = true;
        column->numbered = true;
        result = add_outcome(draft, err);
    }
    if (result == 0 && portfolio->key_test != NULL) {
        result = add_column(draft, portfolio->key_test, CR_BOOL, &column, err);
    }
    for (size_t i = 0; result == 0 && i < portfolio->n_fields; i++) {
        result = add_field(draft, &portfolio->fields[i], err);
    }
    if (result == 0) {
        result = add_key(draft, portfolio->key_row, false, true, err);
    }
    if (result == 0) {
        result = add_key(draft, portfolio->key_customer, false, false, err);
    }
    if (result == 0) {
        result = add_key(draft, portfolio->key_date, true, false, err);
    }
    if (result == 0 && portfolio->key_row == NULL) {
        portfolio->key_row = row_number;
    }
    return result;
}

/* Every name that `columns` speaks of must be a column, and no header may stand for two. */
static int check_headers(const struct draft *draft, struct cr_error *err)
{
    const struct cr_names columns = CR_NAMES(draft->columns, draft->n);
    const struct cr_yaml_node *map = cr_load_find(draft->book, "columns");
    int result = map != NULL ? cr_yaml_expect(map, CR_YAML_MAP, err) : 0;

    for (size_t i = 0; result == 0 && map != NULL && i < map->n; i++) {
        ptrdiff_t column = cr_names_find(columns, map->keys[i]->text);

        if (column < 0) {
            return cr_names_unknown(columns, map->keys[i], "column of the table", err);
        }
        for (ptrdiff_t other = 0; result == 0 && other < (ptrdiff_t)draft->n; other++) {
            if (other != column && !draft->columns[other].numbered &&
                strcmp(draft->columns[other].header, draft->columns[column].header) == 0) {
                result = cr_yaml_error(map->values[i], err, "'%s' and '%s' are both read from '%s'",
                                       draft->columns[column].name, draft->columns[other].name,
                                       map->values[i]->text);
            }
        }
    }
    return result;
}

static int make_table(struct draft *draft, struct cr_table *table, struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(NAME, "table", struct cr_table, name), .needed = true},
        {.key = "separator"},
        {.key = "missing"},
        {.key = "columns"},
        {.key = "good"},
        {.key = "bad"},
        {.key = NULL},
    };
    struct cr_loader *loader = draft->loader;
    char *file;
    size_t size;
    int result = cr_load_members(loader, draft->book, members, table, err);

    if (result == 0) {
        result = cr_load_csv_form(loader, draft->book, err);
    }
    if (result != 0) {
        return result;
    }
    size = strlen(table->name) + sizeof(".csv");
    file = cr_arena_alloc(loader->arena, size);
    if (file == NULL) {
        return cr_error_no_memory(err);
    }
    (void)snprintf(file, size, "%s.csv", table->name);
    table->file = file;
    result = add_columns(draft, loader->portfolio, err);
    if (result == 0) {
        result = check_headers(draft, err);
    }
    table->columns = draft->columns;
    table->n_columns = draft->n;
    return result;
}

int cr_load_flat(struct cr_loader *loader, const struct cr_yaml_node *application,
                 struct cr_error *err)
{
    struct cr_portfolio *portfolio = loader->portfolio;
    struct draft draft = {.loader = loader, .book = cr_load_find(application, "book")};
    struct cr_table *table = NULL;
    int result;

    if (draft.book == NULL) {
        return 0;
    }
    result = cr_load_array(loader, portfolio->n_fields + N_KEYS + N_OWN, sizeof(*draft.columns),
                           &draft.columns, err);
    if (result == 0) {
        result = cr_load_array(loader, 1, sizeof(*table), &table, err);
    }
    if (result == 0) {
        result = make_table(&draft, table, err);
    }
    if (result == 0) {
        portfolio->tables = table;
        portfolio->n_tables = 1;
        portfolio->is_flat = true;
    }
    return result;
}
