// SPDX-License-Identifier: MIT
/* The table of a flat book follows from application.yaml; what contradicts itself is refused with
 * its place. */
#include "cr_flat.h"

#include <math.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"

static int load(const char *folder, struct cr_portfolio **ret_portfolio, struct cr_error *err)
{
    return cr_portfolio_load(folder, "small", ret_portfolio, err);
}

static void assert_column(const struct cr_table *table, size_t i, const char *name,
                          const char *header, enum cr_type type, bool nullable)
{
    const struct cr_table_column *column = &table->columns[i];

    assert_string_equal(column->name, name);
    assert_string_equal(column->header, header);
    assert_int_equal(column->type, type);
    assert_int_equal(column->nullable, nullable);
}

static void test_table(void **state)
{
    CR_CLEANUP(cr_freep) char *folder = cr_flat_folder();
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *p = NULL;
    struct cr_error err;

    (void)state;
    cr_assert_ok(load(folder, &p, &err), &err);
    assert_true(p->is_flat);
    assert_int_equal(p->separator, ';');
    assert_int_equal(p->n_missing, 2);
    assert_int_equal(p->n_tables, 1);
    assert_string_equal(p->tables[0].name, "cards");
    assert_string_equal(p->tables[0].file, "cards.csv");
    assert_int_equal(p->tables[0].n_columns, 10);
    assert_column(&p->tables[0], 0, "row_number", "row_number", CR_INT, false);
    assert_column(&p->tables[0], 1, "is_bad", "Loan Status", CR_BOOL, true);
    assert_column(&p->tables[0], 2, "is_test", "is_test", CR_BOOL, false);
    assert_column(&p->tables[0], 3, "amount", "Amount (EUR)", CR_NUMBER, false);
    assert_column(&p->tables[0], 4, "kind", "kind", CR_ENUM, true);
    assert_column(&p->tables[0], 5, "visits", "visits", CR_INT, true);
    assert_column(&p->tables[0], 6, "is_client", "is_client", CR_BOOL, false);
    assert_column(&p->tables[0], 7, "card", "card", CR_TEXT, false);
    assert_column(&p->tables[0], 8, "client", "client", CR_TEXT, false);
    assert_column(&p->tables[0], 9, "opened", "opened", CR_DATE, false);
    assert_true(p->tables[0].columns[0].key && p->tables[0].columns[0].numbered);
    assert_true(p->tables[0].columns[7].unique && !p->tables[0].columns[8].unique);
    cr_assert_same(p->tables[0].columns[3].max, 1000.0);
    assert_int_equal(cr_levels_find(&p->tables[0].columns[1].levels, "Default", 7), 1);
    assert_int_equal(cr_levels_find(&p->tables[0].columns[1].levels, "Fully Paid", 10), 0);
    assert_int_equal(cr_levels_find(&p->tables[0].columns[1].levels, "1", 1), -1);
    assert_string_equal(p->key_row, "card");
    assert_string_equal(p->key_test, "is_test");
    assert_int_equal(p->fields[2].line, 16);
    assert_int_equal(p->features[1].line, 4);
}

/* Writes application.yaml with its one `from` replaced by `to`. */
static void change(const char *folder, const char *from, const char *to)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    const char *place = strstr(CR_FLAT_APPLICATION, from);

    assert_non_null(place);
    cr_strbuf_append(&text, CR_FLAT_APPLICATION, (size_t)(place - CR_FLAT_APPLICATION));
    cr_strbuf_puts(&text, to);
    cr_strbuf_puts(&text, place + strlen(from));
    free(cr_test_write(folder, "application.yaml", cr_strbuf_text(&text)));
}

/* Without a key in the file, the number of the row is one. */
static void test_number_is_key(void **state)
{
    CR_CLEANUP(cr_freep) char *folder = cr_flat_folder();
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *p = NULL;
    struct cr_error err;

    (void)state;
    change(folder, "keys: {row: card, customer: client, date: opened, test: is_test}\n", "");
    cr_assert_ok(load(folder, &p, &err), &err);
    assert_string_equal(p->key_row, "row_number");
    assert_null(p->key_test);
    assert_int_equal(p->tables[0].n_columns, 6);
}

/* A key that is also a field is one column, typed as the field. */
static void test_field_is_key(void **state)
{
    CR_CLEANUP(cr_freep) char *folder = cr_flat_folder();
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *p = NULL;
    struct cr_error err;

    (void)state;
    change(folder, "customer: client", "customer: visits");
    cr_assert_ok(load(folder, &p, &err), &err);
    assert_int_equal(p->tables[0].n_columns, 9);
    assert_column(&p->tables[0], 5, "visits", "visits", CR_INT, true);
}

static void test_faults(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        const char *message; /* behind the folder */
    } faults[] = {
        {"  table: cards\n", "", "/application.yaml:6:3: 'table' is missing"},
        {"  separator: \";\"\n", "  separator: \"--\"\n",
         "/application.yaml:7:14: the separator '--' is none of , ; : | tab and blank"},
        {"amount: Amount (EUR)", "amuont: Amount (EUR)",
         "/application.yaml:9:34: there is no column of the table 'amuont'; did you mean "
         "'amount'?"},
        {"amount: Amount (EUR)", "amount: kind",
         "/application.yaml:9:42: 'amount' and 'kind' are both read from 'kind'"},
        {"[Charged Off, Default]", "[Charged Off, Fully Paid]",
         "/application.yaml:11:22: 'Fully Paid' is in the lists twice"},
        {"  good: [Fully Paid]\n", "", "/application.yaml:6:3: 'good' is missing"},
        {"name: visits", "name: is_test",
         "/application.yaml:16:12: the test column 'is_test' cannot be a field of the application"},
        {"name: visits", "name: row_number",
         "/application.yaml:6:3: two columns of the table have the name 'row_number'"},
        {"test: is_test", "test: is_bad",
         "/application.yaml:6:3: two columns of the table have the name 'is_bad'"},
    };
    CR_CLEANUP(cr_freep) char *folder = cr_flat_folder();

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(faults); i++) {
        struct cr_portfolio *p = NULL;
        struct cr_error err = {0};

        change(folder, faults[i].from, faults[i].to);
        assert_int_equal(load(folder, &p, &err), CR_EPARSE);
        assert_string_equal(err.message + strlen(folder), faults[i].message);
    }
}

/* One of the two describes the table. */
static void test_tables_too(void **state)
{
    CR_CLEANUP(cr_freep) char *folder = cr_flat_folder();
    struct cr_portfolio *p = NULL;
    struct cr_error err;

    (void)state;
    free(cr_test_write(folder, "tables.yaml",
                       "tables: [{name: t, file: t.csv, columns: [{name: a, type: text}]}]\n"));
    assert_int_equal(load(folder, &p, &err), CR_EPARSE);
    assert_non_null(
        strstr(err.message, "/tables.yaml:1:1: the section 'book' of application.yaml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),        cmocka_unit_test(test_number_is_key),
        cmocka_unit_test(test_field_is_key), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_tables_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
