// SPDX-License-Identifier: MIT
/* tables.yaml: the tables of the book and the CSV files that carry them. */
#include "load.h"

#include <string.h>

static int load_column(struct cr_loader *loader, const struct cr_yaml_node *map,
                       struct cr_names taken, struct cr_table_column *column, struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(NAME, "name", struct cr_table_column, name), .needed = true},
        {CR_MEMBER(CHOICE, "type", struct cr_table_column, type), .needed = true,
         .words = cr_load_types},
        {CR_MEMBER(BOOL, "key", struct cr_table_column, key)},
        {CR_MEMBER(BOOL, "nullable", struct cr_table_column, nullable)},
        {CR_MEMBER(BOOL, "optional", struct cr_table_column, optional)},
        {CR_MEMBER(TEXT, "references", struct cr_table_column, references)},
        {.key = "min"},
        {.key = "max"},
        {.key = "levels"},
        {.key = "aliases"},
        {.key = NULL},
    };
    int result = cr_load_members(loader, map, members, column, err);

    if (result == 0) {
        result = cr_load_check_new(map, taken, err);
    }
    if (result == 0) {
        result = cr_load_range(map, column->type, &column->min, &column->max, err);
    }
    if (result == 0) {
        result = cr_load_domain(loader, map, column->type, "levels", &column->levels, err);
    }
    column->header = column->name;
    if (result == 0 && column->key && (column->nullable || column->optional)) {
        result = cr_yaml_error(cr_yaml_get(map, column->nullable ? "nullable" : "optional"), err,
                               "'%s' is a key and can never be missing", column->name);
    }
    return result;
}

/* The file stands in the folder that is imported: its name must not lead out of it. */
static int check_file(const struct cr_yaml_node *map, const char *file, struct cr_error *err)
{
    if (strchr(file, '/') != NULL || file[0] == '.') {
        return cr_yaml_error(cr_yaml_get(map, "file"), err, "'%s' is no plain file name", file);
    }
    return 0;
}

static int load_table(struct cr_loader *loader, const struct cr_yaml_node *map,
                      struct cr_names taken, struct cr_table *table, struct cr_error *err)
{
    static const struct cr_member members[] = {
        {CR_MEMBER(NAME, "name", struct cr_table, name), .needed = true},
        {CR_MEMBER(TEXT, "file", struct cr_table, file), .needed = true},
        {.key = "columns"},
        {.key = NULL},
    };
    const struct cr_yaml_node *list = NULL;
    struct cr_table_column *columns = NULL;
    int result = cr_load_members(loader, map, members, table, err);

    if (result == 0) {
        result = cr_load_check_new(map, taken, err);
    }
    if (result == 0) {
        result = check_file(map, table->file, err);
    }
    if (result == 0) {
        result = cr_load_need_list(map, "columns", &list, err);
    }
    if (result == 0) {
        result = cr_load_array(loader, list->n, sizeof(*columns), &columns, err);
    }
    for (size_t i = 0; result == 0 && i < list->n; i++) {
        result = load_column(loader, list->values[i], CR_NAMES(columns, i), &columns[i], err);
    }
    if (result == 0) {
        table->columns = columns;
        table->n_columns = list->n;
    }
    return result;
}

/* "table.column" must be a column of the book. */
static int check_reference(const struct cr_portfolio *portfolio, const struct cr_yaml_node *node,
                           struct cr_error *err)
{
    const struct cr_names tables = CR_NAMES(portfolio->tables, portfolio->n_tables);
    const char *dot = strchr(node->text, '.');
    const struct cr_table *table;
    size_t len = dot != NULL ? (size_t)(dot - node->text) : 0;

    if (dot == NULL) {
        return cr_yaml_error(node, err, "'%s' is not of the form table.column", node->text);
    }
    for (size_t i = 0; i < portfolio->n_tables; i++) {
        table = &portfolio->tables[i];
        if (strncmp(table->name, node->text, len) == 0 && table->name[len] == '\0') {
            return cr_names_find(CR_NAMES(table->columns, table->n_columns), dot + 1) >= 0
                       ? 0
                       : cr_yaml_error(node, err, "'%s': the table '%s' has no column '%s'",
                                       node->text, table->name, dot + 1);
        }
    }
    return cr_names_unknown(tables, node, "table for", err);
}

static int check_references(const struct cr_portfolio *portfolio, const struct cr_yaml_node *tables,
                            struct cr_error *err)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < portfolio->n_tables; i++) {
        const struct cr_yaml_node *columns = cr_yaml_get(tables->values[i], "columns");

        for (size_t j = 0; result == 0 && j < columns->n; j++) {
            if (portfolio->tables[i].columns[j].references != NULL) {
                result =
                    check_reference(portfolio, cr_yaml_get(columns->values[j], "references"), err);
            }
        }
    }
    return result;
}

static int load_separator(struct cr_portfolio *portfolio, const struct cr_yaml_node *root,
                          struct cr_error *err)
{
    const struct cr_yaml_node *node = cr_load_find(root, "separator");
    const char *text = ",";
    int result = node != NULL ? cr_yaml_text(node, &text, err) : 0;

    if (result != 0) {
        return result;
    }
    if (strlen(text) != 1 || strchr(",;:|\t ", text[0]) == NULL) {
        return cr_yaml_error(node, err, "the separator '%s' is none of , ; : | tab and blank",
                             text);
    }
    portfolio->separator = text[0];
    return 0;
}

/* Without a list only the empty text means missing. */
static int load_missing(struct cr_loader *loader, const struct cr_yaml_node *root,
                        struct cr_error *err)
{
    const struct cr_yaml_node *list = cr_load_find(root, "missing");
    size_t n = list != NULL ? list->n : 1;
    const char **texts = NULL;
    int result = list != NULL ? cr_yaml_expect(list, CR_YAML_LIST, err) : 0;

    if (result == 0) {
        result = cr_load_array(loader, n, sizeof(*texts), &texts, err);
    }
    for (size_t i = 0; result == 0 && i < n; i++) {
        const char *text = "";

        result = list != NULL ? cr_yaml_text(list->values[i], &text, err) : 0;
        if (result == 0) {
            result = cr_load_strndup(loader, text, strlen(text), &texts[i], err);
        }
    }
    if (result == 0) {
        loader->portfolio->missing = texts;
        loader->portfolio->n_missing = n;
    }
    return result;
}

int cr_load_csv_form(struct cr_loader *loader, const struct cr_yaml_node *map, struct cr_error *err)
{
    int result = load_separator(loader->portfolio, map, err);

    return result != 0 ? result : load_missing(loader, map, err);
}

static int load_all(struct cr_loader *loader, const struct cr_yaml_node *root, struct cr_error *err)
{
    const struct cr_yaml_node *list = NULL;
    struct cr_table *tables = NULL;
    int result = cr_load_need_list(root, "tables", &list, err);

    if (result == 0) {
        result = cr_load_array(loader, list->n, sizeof(*tables), &tables, err);
    }
    for (size_t i = 0; result == 0 && i < list->n; i++) {
        result = load_table(loader, list->values[i], CR_NAMES(tables, i), &tables[i], err);
    }
    if (result != 0) {
        return result;
    }
    loader->portfolio->tables = tables;
    loader->portfolio->n_tables = list->n;
    return check_references(loader->portfolio, list, err);
}

int cr_load_tables(struct cr_loader *loader, const struct cr_yaml_node *root, struct cr_error *err)
{
    static const struct cr_member members[] = {
        {.key = "separator"},
        {.key = "missing"},
        {.key = "tables"},
        {.key = NULL},
    };
    int result = cr_load_members(loader, root, members, NULL, err);

    if (result == 0 && loader->portfolio->is_flat) {
        result = cr_yaml_error(root, err,
                               "the section 'book' of application.yaml describes the "
                               "table already: one of the two is too many");
    }
    if (result == 0) {
        result = cr_load_csv_form(loader, root, err);
    }
    return result != 0 ? result : load_all(loader, root, err);
}
