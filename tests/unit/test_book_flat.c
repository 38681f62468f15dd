// SPDX-License-Identifier: MIT
/* The import of a flat book: it makes the table, types the cells, counts the rows and rejects what
 * is wrong. On both engines (cr_engine.h). */
#include "cr_flat.h"

#include "cr_engine.h"
#include "creditrisk/book/import.h"
#include "creditrisk/book/table.h"
#include "creditrisk/features/extract.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/strbuf.h"

#define HEADER "card;client;opened;is_test;Loan Status;Amount (EUR);kind;visits;is_client;branch\n"
#define GOOD_1 "7;a;2020-01-31;0;Fully Paid;12.5;N;3;yes;x\n"
#define GOOD_2 "8;a;2020-02-01;1;Default;99;old;NA;no;y\n"
#define GOOD_3 "9;b;2020-02-02;0;;1e2;;;1;y\n"

struct setup {
    struct cr_portfolio *portfolio;
    struct cr_db *db;
    char *folder;
    char *data;
};

static int make(void **state)
{
    struct setup *setup = calloc(1, sizeof(*setup));
    struct cr_error err;

    assert_non_null(setup);
    setup->folder = cr_flat_folder();
    setup->data = cr_test_tempdir();
    cr_assert_ok(cr_portfolio_load(setup->folder, "small", &setup->portfolio, &err), &err);
    setup->db = cr_engine_open("flat");
    *state = setup;
    return 0;
}

static int destroy(void **state)
{
    struct setup *setup = *state;

    cr_db_close(setup->db);
    cr_portfolio_destroy(setup->portfolio);
    free(setup->folder);
    free(setup->data);
    free(setup);
    return 0;
}

/* Imports text as book.csv, given as a file. */
static int import(struct setup *setup, const char *text, enum cr_import_mode mode,
                  struct cr_import_report *ret_report, struct cr_error *err)
{
    const struct cr_import_options options = {.mode = mode, .quiet = true};
    CR_CLEANUP(cr_freep) char *path = cr_test_write(setup->data, "book.csv", text);

    return cr_import_book(setup->db, setup->portfolio, path, &options, NULL, NULL, ret_report, err);
}

#define ALL "SELECT * FROM cards ORDER BY row_number"

static void test_good(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    CR_CLEANUP(cr_extract_finish) struct cr_extract x = {0};
    struct cr_error err;

    cr_assert_ok(import(setup, HEADER GOOD_1 GOOD_2 GOOD_3, CR_IMPORT_EMPTY, &report, &err), &err);
    assert_int_equal(report.n_tables, 1);
    assert_int_equal(report.tables[0].n_rows, 3);
    assert_int_equal(report.tables[0].n_ignored_columns, 1);
    cr_engine_assert_rows(setup->db, ALL,
                          "1|0|0|12.5|new|3|1|7|a|2020-01-31\n"
                          "2|1|1|99|old|-|0|8|a|2020-02-01\n"
                          "3|-|0|100|-|-|1|9|b|2020-02-02\n");
    /* and it can be trained on: one row without outcome is left out, the test column is there */
    cr_assert_ok(cr_extract_book(setup->db, setup->portfolio, &x, &err), &err);
    assert_int_equal(x.frame.n_rows, 2);
    cr_assert_same(cr_frame_get(&x.frame, 0, (size_t)x.col_row).number, 7.0);
    assert_string_equal(cr_frame_get(&x.frame, 1, (size_t)x.col_customer).text, "a");
    cr_assert_same(cr_frame_get(&x.frame, 1, (size_t)x.col_test).number, 1.0);
    cr_assert_same(cr_frame_get(&x.frame, 1, x.col_outcome).number, 1.0);
    assert_int_equal(cr_frame_find(&x.frame, "is_test"), x.col_test);
}

static void gather(const char *note, void *context)
{
    cr_strbuf_printf(context, "%s\n", note);
}

/* Texts that no cell is are told of once all cells were seen, as they may be misspelt; of a part of
 * a book nothing can be said. */
static void test_words(void **state)
{
    struct setup *setup = *state;
    struct cr_import_options options = {.mode = CR_IMPORT_EMPTY, .quiet = true};
    struct cr_error err;
    static const struct {
        const char *rows, *notes;
        enum cr_import_mode mode;
    } cases[] = {
        {GOOD_1 GOOD_2 GOOD_3,
         "no row has 'Charged Off', which application.yaml lists under book, bad\n",
         CR_IMPORT_EMPTY},
        {"1;a;2020-01-31;0;Charged Off;1;N;3;yes;NA\n",
         "no row has 'NA', which application.yaml lists under book, missing\n"
         "no row has 'Fully Paid', which application.yaml lists under book, good\n"
         "no row has 'Default', which application.yaml lists under book, bad\n",
         CR_IMPORT_REPLACE},
        {GOOD_1, "", CR_IMPORT_APPEND},
    };

    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf told = CR_STRBUF_INIT;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

        cr_strbuf_printf(&text, "%s%s", HEADER, cases[i].rows);
        CR_CLEANUP(cr_freep)
        char *path = cr_test_write(setup->data, "book.csv", cr_strbuf_text(&text));
        options.mode = cases[i].mode;
        cr_assert_ok(cr_import_book(setup->db, setup->portfolio, path, &options, gather, &told,
                                    &report, &err),
                     &err);
        assert_string_equal(strchr(cr_strbuf_text(&told), '\n') + 1, cases[i].notes);
    }
}

/* Every kind of bad row is named with its place, and the numbers still tell where a row stood. */
static void test_rejects(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    CR_CLEANUP(cr_freep) char *text = NULL;
    struct cr_error err;
    size_t len;

    cr_assert_ok(import(setup,
                        HEADER "1;a;2020-01-31;0;Fully Paid;many;N;3;yes;x\n"
                               "2;a;2020-01-31;0;Fully Paid;1001;N;3;yes;x\n"
                               "3;a;2020-01-31;0;Fully Paid;1;X;3;yes;x\n"
                               "4;a;2020-01-31;0;1;1;N;3;yes;x\n"
                               "5;a;31.1.2020;0;Default;1;N;3;yes;x\n"
                               "6;a;2020-01-31;0;Default;;N;3;yes;x\n" GOOD_1
                               "7;a;2020-01-31;0;Default;1;N;3;yes;x\n"
                               "8;a\n" GOOD_2,
                        CR_IMPORT_EMPTY, &report, &err),
                 &err);
    assert_int_equal(report.tables[0].n_rows, 2);
    assert_int_equal(report.n_rejected, 8);
    cr_assert_ok(cr_fs_read(report.rejects_path, 1 << 16, &text, &len, &err), &err);
    assert_string_equal(text, "file,line,column,reason\n"
                              "book.csv,2,amount (6),'many' is not a number\n"
                              "book.csv,3,amount (6),'1001' is above 1000\n"
                              "book.csv,4,kind (7),\"'X' is none of new, old\"\n"
                              "book.csv,5,is_bad (5),\"'1' is none of Fully Paid, Charged Off, "
                              "Default\"\n"
                              "book.csv,6,opened (3),'31.1.2020' is not a date of the form "
                              "YYYY-MM-DD\n"
                              "book.csv,7,amount (6),the value is missing\n"
                              "book.csv,9,card (1),a row with card '7' is there already\n"
                              "book.csv,10,opened (3),\"the row has 2 fields, the header 10\"\n");
    cr_engine_assert_rows(setup->db, "SELECT row_number, card FROM cards ORDER BY row_number",
                          "7|7\n10|8\n");
}

static void test_modes(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report first = {0};
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report second = {0};
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report third = {0};
    struct cr_error err;

    cr_assert_ok(import(setup, HEADER GOOD_1, CR_IMPORT_EMPTY, &first, &err), &err);
    assert_int_equal(import(setup, HEADER GOOD_2, CR_IMPORT_EMPTY, &second, &err), CR_EINVAL);
    assert_non_null(strstr(err.message,
                           "table 'cards' has 1 row: --replace removes what is there first, "
                           "--append keeps it"));
    cr_assert_ok(import(setup, HEADER GOOD_2, CR_IMPORT_APPEND, &second, &err), &err);
    cr_engine_assert_rows(setup->db, "SELECT row_number, card FROM cards ORDER BY row_number",
                          "1|7\n2|8\n");
    cr_assert_ok(import(setup, HEADER GOOD_3, CR_IMPORT_REPLACE, &third, &err), &err);
    cr_engine_assert_rows(setup->db, "SELECT row_number, card FROM cards ORDER BY row_number",
                          "1|9\n");
}

/* A header alone replaces no book, and makes none. */
static void test_no_row(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    struct cr_import_report none = {0};
    struct cr_error err;
    int64_t n;

    assert_int_equal(import(setup, HEADER, CR_IMPORT_EMPTY, &none, &err), CR_EINVAL);
    assert_int_equal(cr_db_count(setup->db, "cards", &n, &err), CR_EDB);
    cr_assert_ok(import(setup, HEADER GOOD_1, CR_IMPORT_EMPTY, &report, &err), &err);
    assert_int_equal(import(setup, HEADER, CR_IMPORT_REPLACE, &none, &err), CR_EINVAL);
    assert_non_null(strstr(err.message, "/book.csv' holds no row: nothing was changed"));
    cr_engine_assert_rows(setup->db, "SELECT row_number, card FROM cards", "1|7\n");
}

/* A column that is refused is not said to be ignored besides. */
static void test_slip(void **state)
{
    struct setup *setup = *state;
    const struct cr_import_options options = {.mode = CR_IMPORT_EMPTY, .quiet = true};
    CR_CLEANUP(cr_freep)
    char *path = cr_test_write(setup->data, "book.csv",
                               "card;clinet;opened;is_test;Loan Status;Amount (EUR);kind;visits;"
                               "is_client;branch\n" GOOD_1);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf told = CR_STRBUF_INIT;
    struct cr_import_report none = {0};
    struct cr_error err;

    assert_int_equal(
        cr_import_book(setup->db, setup->portfolio, path, &options, gather, &told, &none, &err),
        CR_EINVAL);
    assert_non_null(strstr(err.message, "there is no column 'clinet'; did you mean 'client'?"));
    assert_null(strstr(cr_strbuf_text(&told), "'clinet'"));
    assert_non_null(strstr(cr_strbuf_text(&told), "column 'branch' is not in the portfolio"));
}

/* Without a list of rejected rows the message says what is wrong with the first. */
static void test_all_bad(void **state)
{
    struct setup *setup = *state;
    struct cr_import_report none = {0};
    struct cr_error err;

    assert_int_equal(import(setup,
                            HEADER "7;a;2020-01-31;0;Fully Paid;12,5;N;3;yes;x\n"
                                   "8;a\n",
                            CR_IMPORT_EMPTY, &none, &err),
                     CR_EINVAL);
    assert_non_null(strstr(err.message, "/book.csv: every one of its 2 rows is bad, so nothing was "
                                        "imported; the first, line 2: amount: '12,5' is not a "
                                        "number: write numbers as 1234.56"));
    assert_int_equal(import(setup, HEADER "8;a\n", CR_IMPORT_EMPTY, &none, &err), CR_EINVAL);
    assert_non_null(strstr(err.message, "; the first, line 2: opened: the row has 2 fields, "));
}

/* Loads the portfolio again, with the one text in place of the other. */
static void change(struct setup *setup, const char *before, const char *after)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    const char *at = strstr(CR_FLAT_APPLICATION, before);
    struct cr_error err;

    assert_non_null(at);
    cr_strbuf_append(&text, CR_FLAT_APPLICATION, (size_t)(at - CR_FLAT_APPLICATION));
    cr_strbuf_printf(&text, "%s%s", after, at + strlen(before));
    free(cr_test_write(setup->folder, "application.yaml", cr_strbuf_text(&text)));
    cr_portfolio_destroy(setup->portfolio);
    setup->portfolio = NULL;
    cr_assert_ok(cr_portfolio_load(setup->folder, "small", &setup->portfolio, &err), &err);
}

static bool is_outdated(struct setup *setup)
{
    struct cr_error err;
    bool outdated;

    cr_assert_ok(cr_table_is_outdated(setup->db, setup->portfolio, &outdated, &err), &err);
    return outdated;
}

/* What changes the meaning of rows that are there is seen, and nothing else is. */
static void test_outdated(void **state)
{
    static const struct {
        const char *before, *after;
        bool expected;
    } cases[] = {
        {"good: [Fully Paid]", "good: [Fully Paid, Settled]", true},
        {"\"NA\"", "\"none\"", true},
        {"row: card, ", "", true},
        {"Amount (EUR)", "branch", true},
        {"type: int", "type: number", true},
        {"Small cards", "Large cards", false},
        {"max: 1000", "max: 2000", true},
        {"O: old", "O: new", true},
    };
    struct setup *setup = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    struct cr_error err;
    bool outdated;

    assert_int_equal(cr_table_is_outdated(setup->db, setup->portfolio, &outdated, &err), CR_EDB);
    cr_assert_ok(import(setup, HEADER GOOD_1, CR_IMPORT_EMPTY, &report, &err), &err);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        change(setup, cases[i].before, cases[i].after);
        assert_int_equal(is_outdated(setup), cases[i].expected);
    }
    change(setup, "", "");
    assert_false(is_outdated(setup));
}

/* Rows that an append leaves as they were read stay outdated, a replacement reads all anew; and
 * where an older import has not kept how it read, nothing is said. */
static void test_read_anew(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report first = {0};
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report second = {0};
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report third = {0};
    struct cr_error err;

    cr_assert_ok(import(setup, HEADER GOOD_1, CR_IMPORT_EMPTY, &first, &err), &err);
    change(setup, "good: [Fully Paid]", "good: [Fully Paid, Settled]");
    cr_assert_ok(import(setup, HEADER GOOD_2, CR_IMPORT_APPEND, &second, &err), &err);
    assert_true(is_outdated(setup));
    cr_assert_ok(import(setup, HEADER GOOD_1 GOOD_2, CR_IMPORT_REPLACE, &third, &err), &err);
    assert_false(is_outdated(setup));
    cr_assert_ok(cr_db_exec(setup->db,
                            "UPDATE creditrisk_flat_tables SET definition = "
                            "substr(definition, 1, length(definition) - 68)",
                            &err),
                 &err);
    change(setup, "", "");
    assert_false(is_outdated(setup));
    change(setup, "type: int", "type: number");
    assert_true(is_outdated(setup));
}

/* A changed application.yaml wants another table: only --replace makes it. */
static void test_another_table(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report again = {0};
    struct cr_error err;

    cr_assert_ok(import(setup, HEADER GOOD_1, CR_IMPORT_EMPTY, &report, &err), &err);
    free(cr_test_write(setup->folder, "application.yaml",
                       CR_FLAT_APPLICATION
                       "  - {name: branch, type: enum, choices: [x, y], group: All}\n"));
    cr_portfolio_destroy(setup->portfolio);
    setup->portfolio = NULL;
    cr_assert_ok(cr_portfolio_load(setup->folder, "small", &setup->portfolio, &err), &err);
    assert_int_equal(import(setup, HEADER GOOD_1, CR_IMPORT_APPEND, &again, &err), CR_EINVAL);
    assert_non_null(strstr(err.message, "'cards' was made from another application.yaml"));
    cr_assert_ok(import(setup, HEADER GOOD_1, CR_IMPORT_REPLACE, &again, &err), &err);
    cr_engine_assert_rows(setup->db, "SELECT card, branch FROM cards", "7|x\n");
}

/* Tables of others are not touched, whatever the mode. */
static void test_foreign_table(void **state)
{
    struct setup *setup = *state;
    struct cr_import_report report = {0};
    struct cr_error err;

    cr_assert_ok(
        cr_db_exec(setup->db, "CREATE TABLE cards (x TEXT); INSERT INTO cards VALUES ('1')", &err),
        &err);
    assert_int_equal(import(setup, HEADER GOOD_1, CR_IMPORT_REPLACE, &report, &err), CR_EINVAL);
    assert_non_null(strstr(err.message, "there is a table 'cards' that no import"));
    cr_engine_assert_rows(setup->db, "SELECT * FROM cards", "1\n");
}

/* The table of another portfolio is not touched, whatever the mode. */
static void test_another_portfolio(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    struct cr_import_report none = {0};
    struct cr_error err;

    cr_assert_ok(import(setup, HEADER GOOD_1, CR_IMPORT_EMPTY, &report, &err), &err);
    cr_portfolio_destroy(setup->portfolio);
    setup->portfolio = NULL;
    cr_assert_ok(cr_portfolio_load(setup->folder, "large", &setup->portfolio, &err), &err);
    assert_int_equal(import(setup, HEADER GOOD_2, CR_IMPORT_REPLACE, &none, &err), CR_EINVAL);
    assert_non_null(strstr(err.message, "table 'cards' is that of the portfolio 'small'"));
    cr_engine_assert_rows(setup->db, "SELECT row_number, card FROM cards", "1|7\n");
}

/* A failed import leaves no table behind either. */
static void test_failure(void **state)
{
    struct setup *setup = *state;
    struct cr_import_report report = {0};
    struct cr_error err;
    int64_t n;

    assert_int_equal(import(setup, "card;client\n", CR_IMPORT_EMPTY, &report, &err), CR_EINVAL);
    assert_non_null(strstr(err.message, "/book.csv:1:3: column 'Loan Status' is missing"));
    assert_int_equal(cr_db_count(setup->db, "cards", &n, &err), CR_EDB);
}

/* The separator that a header was written with is told: what it has most of outside quotes. */
static void test_separator(void **state)
{
    static const struct {
        const char *text;
        const char *message; /* behind the file */
    } cases[] = {
        {"card,client,Loan Status\n", ":1: the columns seem to be separated by \",\", but the "
                                      "portfolio's separator is \";\": say "
                                      "'separator: \",\"' in application.yaml, under book"},
        {"card\tLoan, Status\tclient\n",
         ":1: the columns seem to be separated by \"\\t\", but the portfolio's separator is \";\": "
         "say 'separator: \"\\t\"' in application.yaml, under book"},
        {"a|b\n", ":1: the columns seem to be separated by \"|\", but "},
        {"\"card,client\"\n", ":1:2: column 'Loan Status' is missing"},
        {"cards\n", ":1:2: column 'Loan Status' is missing"},
        {"a,b;c,d\n", ":1: the columns seem to be separated by \",\", but "},
        {"a,b;c\n", ":1:3: column 'Loan Status' is missing"},
    };
    struct setup *setup = *state;

    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct cr_import_report report = {0};
        struct cr_error err;
        const char *place;

        assert_int_equal(import(setup, cases[i].text, CR_IMPORT_EMPTY, &report, &err), CR_EINVAL);
        place = strstr(err.message, "/book.csv:");
        assert_non_null(place);
        if (strncmp(place + strlen("/book.csv"), cases[i].message, strlen(cases[i].message)) != 0) {
            fail_msg("%s: %s", cases[i].text, err.message);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good, make, destroy),
        cmocka_unit_test_setup_teardown(test_separator, make, destroy),
        cmocka_unit_test_setup_teardown(test_words, make, destroy),
        cmocka_unit_test_setup_teardown(test_rejects, make, destroy),
        cmocka_unit_test_setup_teardown(test_modes, make, destroy),
        cmocka_unit_test_setup_teardown(test_no_row, make, destroy),
        cmocka_unit_test_setup_teardown(test_slip, make, destroy),
        cmocka_unit_test_setup_teardown(test_all_bad, make, destroy),
        cmocka_unit_test_setup_teardown(test_another_table, make, destroy),
        cmocka_unit_test_setup_teardown(test_outdated, make, destroy),
        cmocka_unit_test_setup_teardown(test_read_anew, make, destroy),
        cmocka_unit_test_setup_teardown(test_foreign_table, make, destroy),
        cmocka_unit_test_setup_teardown(test_another_portfolio, make, destroy),
        cmocka_unit_test_setup_teardown(test_failure, make, destroy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
