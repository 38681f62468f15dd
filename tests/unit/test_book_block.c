// SPDX-License-Identifier: MIT
/* Many rows on their way into a table, good and bad ones mixed: what becomes of each is as if they
 * went one by one. On both engines (cr_engine.h). */
#include "cr_engine.h"
#include "cr_retail.h"

#include <math.h>

#include "creditrisk/book/import.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/rng.h"
#include "creditrisk/util/strbuf.h"

enum { N_CUSTOMERS = 20, N_LOANS = 2500, LONG = 40000 };

static void add_customers(struct cr_db *db)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    struct cr_error err;

    for (int id = 1; id <= N_CUSTOMERS; id++) {
        cr_strbuf_printf(&sql,
                         "INSERT INTO customers VALUES (%d, 40, 'Male', 'Single', 0, NULL,"
                         " 'Salaried', NULL, 1000, 1, 'Goa', '1', '0');\n",
                         id);
    }
    cr_assert_ok(cr_db_exec(db, cr_strbuf_text(&sql), &err), &err);
}

static int make(void **state)
{
    static struct cr_retail retail;

    cr_retail_init(&retail, "block");
    add_customers(retail.db);
    *state = &retail;
    return 0;
}

static int destroy(void **state)
{
    cr_retail_finish(*state);
    return 0;
}

static int import(const struct cr_retail *retail, bool strict, cr_import_note_fn *on_note,
                  void *context, struct cr_import_report *ret_report, struct cr_error *err)
{
    const struct cr_import_options options = {
        .mode = CR_IMPORT_APPEND, .strict = strict, .quiet = true};

    return cr_import_book(retail->db, retail->portfolio, retail->dir, &options, on_note, context,
                          ret_report, err);
}

/* ---- good and bad loans ---- */

enum fault { GOOD, NO_PARENT, DUPLICATE, BAD_TERM, RAGGED, N_FAULTS };

/* The book of loans as it is written, and what must become of it. */
struct loans {
    struct cr_strbuf file;
    struct cr_strbuf rows;    /* that arrive, as cr_engine_rows writes them */
    struct cr_strbuf rejects; /* "line column (position)" of the others */
    size_t n_good;
    size_t n_bad;
    size_t line;
    long first_good;
};

static void loans_finish(struct loans *loans)
{
    cr_strbuf_finish(&loans->file);
    cr_strbuf_finish(&loans->rows);
    cr_strbuf_finish(&loans->rejects);
}

/* A text that COPY, CSV and SQL could each stumble over; now and then a long one. */
static void put_purpose(struct cr_rng *rng, struct cr_strbuf *out)
{
    static const char *const texts[] = {"Travel", "a\tb", "\\N",    "\\.",
                                        "it's",   "₹ 5",  "back\\", "NULL"};

    cr_strbuf_puts(out, texts[cr_rng_below(rng, CR_ARRAY_LEN(texts))]);
    if (cr_rng_below(rng, 50) == 0) {
        for (size_t i = 0; i < LONG; i++) {
            cr_strbuf_putc(out, 'x');
        }
    }
}

/* Any double of at least 1. */
static double draw_amount(struct cr_rng *rng)
{
    return 1 + ldexp(cr_rng_uniform(rng), (int)cr_rng_below(rng, 60));
}

static void add_loan(struct loans *loans, struct cr_rng *rng, long id, enum fault fault)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf purpose = CR_STRBUF_INIT;
    static const char *const places[] = {
        [GOOD] = "",
        [NO_PARENT] = "customer_id (2)",
        [DUPLICATE] = "loan_id (1)",
        [BAD_TERM] = "loan_term_months (4)",
        [RAGGED] = "is_default (13)",
    };
    long customer = 1 + (long)cr_rng_below(rng, N_CUSTOMERS);
    double amount = draw_amount(rng);

    loans->line++;
    put_purpose(rng, &purpose);
    cr_strbuf_printf(&loans->file, "%ld,%ld,", fault == DUPLICATE ? loans->first_good : id,
                     fault == NO_PARENT ? customer + N_CUSTOMERS : customer);
    cr_strbuf_put_double(&loans->file, amount);
    cr_strbuf_printf(&loans->file, ",%d,,10,Home,%s,no,,2020-02-29,Active%s\n",
                     fault == BAD_TERM ? 1000 : 12, cr_strbuf_text(&purpose),
                     fault == RAGGED ? "" : ",");
    if (fault != GOOD) {
        cr_strbuf_printf(&loans->rejects, "%zu %s\n", loans->line, places[fault]);
        loans->n_bad++;
        return;
    }
    cr_strbuf_printf(&loans->rows, "%ld|%ld|", id, customer);
    cr_strbuf_put_double(&loans->rows, amount);
    cr_strbuf_printf(&loans->rows, "|%s|2020-02-29\n", cr_strbuf_text(&purpose));
    loans->n_good++;
    loans->first_good = loans->first_good == 0 ? id : loans->first_good;
}

static void draw_loans(struct loans *loans, uint64_t seed, double share_bad)
{
    struct cr_rng rng;

    cr_rng_init(&rng, seed, 0);
    cr_strbuf_puts(&loans->file, CR_LOAN_HEADER);
    loans->line = 1;
    for (long id = 1; id <= N_LOANS; id++) {
        bool bad = cr_rng_uniform(&rng) < share_bad;
        enum fault fault = bad ? 1 + (enum fault)cr_rng_below(&rng, N_FAULTS - 1) : GOOD;

        /* a duplicate needs something to repeat */
        add_loan(loans, &rng, id, fault == DUPLICATE && loans->first_good == 0 ? GOOD : fault);
    }
}

/* The rejects as "line column (position)". */
static void assert_rejects(const char *path, const char *expected)
{
    CR_CLEANUP(cr_freep) char *text = NULL;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf places = CR_STRBUF_INIT;
    struct cr_error err;
    size_t len;
    char *rest;

    cr_assert_ok(cr_fs_read(path, 1 << 24, &text, &len, &err), &err);
    for (char *line = strtok_r(text, "\n", &rest); (line = strtok_r(NULL, "\n", &rest)) != NULL;) {
        char place[64];
        int number;

        assert_int_equal(sscanf(line, "loan_applications.csv,%d,%63[^,]", &number, place), 2);
        cr_strbuf_printf(&places, "%d %s\n", number, place);
    }
    assert_string_equal(cr_strbuf_text(&places), expected);
}

static void test_good_and_bad(void **state)
{
    static const double shares[] = {0, 0.0005, 0.01, 0.2, 0.9};
    struct cr_retail *retail = *state;

    for (size_t i = 0; i < CR_ARRAY_LEN(shares); i++) {
        CR_CLEANUP(loans_finish) struct loans loans = {0};
        CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
        struct cr_error err;

        cr_assert_ok(cr_db_exec(retail->db, "DELETE FROM loan_applications", &err), &err);
        draw_loans(&loans, i, shares[i]);
        cr_retail_write(retail, "loan_applications.csv", cr_strbuf_text(&loans.file));
        cr_assert_ok(import(retail, false, NULL, NULL, &report, &err), &err);
        assert_int_equal(report.tables[2].n_rows, loans.n_good);
        assert_int_equal(report.tables[2].n_rejected, loans.n_bad);
        cr_engine_assert_rows(retail->db,
                              "SELECT loan_id, customer_id, loan_amount, loan_purpose,"
                              " application_date FROM loan_applications ORDER BY loan_id",
                              cr_strbuf_text(&loans.rows));
        if (loans.n_bad > 0) {
            assert_rejects(report.rejects_path, cr_strbuf_text(&loans.rejects));
        }
    }
}

/* A strict import names the first fault of the file, whoever sees it: the reader or the database.
 */
static void test_first_fault(void **state)
{
    static const struct {
        enum fault first;
        enum fault second; /* N_FAULTS: a quote that is not closed */
        const char *message;
    } cases[] = {
        {NO_PARENT, BAD_TERM, "loan_applications.csv:41:2: customer_id: there is no"},
        {BAD_TERM, NO_PARENT, "loan_applications.csv:41:4: loan_term_months: '1000' is above"},
        {DUPLICATE, RAGGED, "loan_applications.csv:41:1: loan_id: a row with loan_id '1'"},
        {RAGGED, DUPLICATE, "loan_applications.csv:41:13: is_default: the row has 12 fields"},
        {DUPLICATE, NO_PARENT, "loan_applications.csv:41:1: loan_id: a row with loan_id '1'"},
        {NO_PARENT, N_FAULTS, "loan_applications.csv:41:2: customer_id: there is no"},
        {GOOD, N_FAULTS, "loan_applications.csv:81: "},
    };
    struct cr_retail *retail = *state;

    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(loans_finish) struct loans loans = {.line = 1};
        struct cr_import_report report = {0};
        struct cr_error err = {0};
        struct cr_rng rng;

        cr_rng_init(&rng, 1, 0);
        cr_strbuf_puts(&loans.file, CR_LOAN_HEADER);
        for (long id = 1; id <= 79; id++) {
            enum fault fault = id == 40 ? cases[i].first : id == 60 ? cases[i].second : GOOD;

            add_loan(&loans, &rng, id, fault == N_FAULTS ? GOOD : fault);
        }
        cr_strbuf_puts(&loans.file, cases[i].second == N_FAULTS ? "80,\"" : "");
        cr_retail_write(retail, "loan_applications.csv", cr_strbuf_text(&loans.file));
        assert_true(import(retail, true, NULL, NULL, &report, &err) != 0);
        cr_assert_says(&err, cases[i].message);
        cr_engine_assert_rows(retail->db, "SELECT count(*) FROM loan_applications", "0\n");
    }
}

/* ---- triggers ---- */

/* What a trigger of the table's owner does at a loan of 14 months. */
static void add_trigger(struct cr_db *db, const char *action)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    struct cr_error err;

    cr_strbuf_puts(&sql, cr_engine_of("CREATE TRIGGER own BEFORE INSERT ON loan_applications WHEN"
                                      " NEW.loan_term_months = 14 BEGIN SELECT ",
                                      "CREATE FUNCTION own() RETURNS trigger LANGUAGE plpgsql AS"
                                      " $$ BEGIN "));
    cr_strbuf_puts(&sql, action);
    cr_strbuf_puts(&sql,
                   cr_engine_of("; END", "; RETURN NEW; END $$;"
                                         "CREATE TRIGGER own BEFORE INSERT ON loan_applications"
                                         " FOR EACH ROW WHEN (NEW.loan_term_months = 14)"
                                         " EXECUTE FUNCTION own()"));
    cr_assert_ok(cr_db_exec(db, cr_strbuf_text(&sql), &err), &err);
}

/* Forty loans from line 2 on; that of line 31 has 14 months. */
static void write_loans(const struct cr_retail *retail)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;

    cr_strbuf_puts(&file, CR_LOAN_HEADER);
    for (int id = 1; id <= 40; id++) {
        cr_strbuf_printf(&file, "%d,1,100,%d,,10,Home,Travel,no,,2020-02-29,Active,\n", id,
                         id == 30 ? 14 : 12);
    }
    cr_retail_write(retail, "loan_applications.csv", cr_strbuf_text(&file));
}

static void test_row_that_a_trigger_refuses(void **state)
{
    struct cr_retail *retail = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    struct cr_error err;

    add_trigger(retail->db, cr_engine_of("RAISE(ABORT, 'a loan_term_months of 14')",
                                         "RAISE EXCEPTION 'a loan_term_months of 14'"));
    write_loans(retail);
    cr_assert_ok(import(retail, false, NULL, NULL, &report, &err), &err);
    assert_int_equal(report.tables[2].n_rows, 39);
    assert_rejects(report.rejects_path, "31 loan_term_months (4)\n");
}

/* A failure that is no refusal: the rows are named that it may have come from. */
static void test_trigger_that_fails(void **state)
{
    struct cr_retail *retail = *state;
    struct cr_import_report report = {0};
    struct cr_error err;

    add_trigger(retail->db,
                cr_engine_of("abs(-9223372036854775807 - 1)", "PERFORM 1 / (NEW.loan_id - 30)"));
    write_loans(retail);
    assert_int_equal(import(retail, false, NULL, NULL, &report, &err), CR_EDB);
    cr_assert_says(&err, cr_engine_of("loan_applications.csv:18: this row or one up to line 33: ",
                                      "loan_applications.csv:2: this row or one up to line 41: "));
    cr_assert_says(&err, cr_engine_of("integer overflow", "division by zero"));
    cr_engine_assert_rows(retail->db, "SELECT count(*) FROM loan_applications", "0\n");
}

/* What SQLite allows a trigger beyond refusing a row: rows before it stay that would be sent again,
 * or the transaction is over and those behind it would be committed each by itself. */
static void test_trigger_that_does_more(void **state)
{
    static const struct {
        const char *action;
        const char *message;
    } cases[] = {
        {"RAISE(FAIL, 'no 14')", "loan_applications.csv:18: this row or one up to line 33: no 14"},
        {"RAISE(ROLLBACK, 'no 14')", "loan_applications.csv:18: this row or one up to line 33:"
                                     " no 14; the whole transaction was rolled back"},
    };
    struct cr_retail *retail = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    struct cr_error err;

    if (cr_engine_server() != NULL) {
        return; /* its triggers can only refuse */
    }
    write_loans(retail);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        add_trigger(retail->db, cases[i].action);
        assert_int_equal(import(retail, false, NULL, NULL, &report, &err), CR_EDB);
        cr_assert_says(&err, cases[i].message);
        cr_engine_assert_rows(retail->db, "SELECT count(*) FROM loan_applications", "0\n");
        cr_assert_ok(cr_db_exec(retail->db, "DROP TRIGGER own", &err), &err);
    }
    cr_assert_ok(import(retail, false, NULL, NULL, &report, &err), &err);
    cr_engine_assert_rows(retail->db, "SELECT count(*) FROM loan_applications", "40\n");
}

/* ---- rows that refer to rows of their own table ---- */

/* A parent that is there only behind its child is missing, as if they went one by one. */
static void test_own_parents(void **state)
{
    static const struct cr_table_column columns[] = {
        {.name = "id", .header = "id", .type = CR_INT, .min = 1, .max = 100, .key = true},
        {.name = "parent_id",
         .header = "parent_id",
         .type = CR_INT,
         .min = 1,
         .max = 100,
         .nullable = true,
         .references = "members.id"},
    };
    static const struct cr_table members = {"members", "members.csv", CR_ARRAY_LEN(columns),
                                            columns};
    struct cr_retail *retail = *state;
    struct cr_portfolio portfolio = *retail->portfolio;
    struct cr_retail own = {&portfolio, retail->db, retail->dir};
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    struct cr_error err;

    portfolio.tables = &members;
    portfolio.n_tables = 1;
    cr_assert_ok(cr_db_exec(retail->db,
                            "CREATE TABLE members (id INTEGER PRIMARY KEY,"
                            " parent_id INTEGER REFERENCES members (id))",
                            &err),
                 &err);
    cr_strbuf_puts(&file, "id,parent_id\n1,\n2,1\n4,3\n3,2\n5,3\n6,6\n");
    for (int id = 7; id <= 40; id++) {
        cr_strbuf_printf(&file, "%d,%d\n", id, id - 1);
    }
    cr_retail_write(retail, "members.csv", cr_strbuf_text(&file));
    cr_assert_ok(import(&own, false, NULL, NULL, &report, &err), &err);
    assert_int_equal(report.tables[0].n_rejected, 1);
    cr_engine_assert_rows(retail->db,
                          "SELECT count(*), sum(CASE WHEN id = 4 THEN 1 ELSE 0 END) FROM members",
                          "39|0\n");
}

/* ---- the server goes away ---- */

/* The header has been read: called for a column that nobody knows (cr_import_note_fn). */
static void throw_out(const char *note, void *context)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *other = NULL;
    struct cr_error err;
    char sql[96];

    (void)note;
    cr_assert_ok(cr_db_open(cr_engine_server(), false, &other, &err), &err);
    (void)snprintf(sql, sizeof(sql), "SELECT CAST(pg_terminate_backend(%.0f, 60000) AS INT)",
                   *(const double *)context);
    cr_assert_same(cr_engine_number(other, sql), 1);
}

static void test_server_gone(void **state)
{
    struct cr_retail *retail = *state;
    CR_CLEANUP(loans_finish) struct loans loans = {.line = 1};
    struct cr_import_report report = {0};
    struct cr_error err = {0};
    struct cr_rng rng;
    double pid;

    if (cr_engine_server() == NULL) {
        return; /* a file does not go away */
    }
    cr_rng_init(&rng, 1, 0);
    cr_strbuf_puts(&loans.file, "unknown," CR_LOAN_HEADER);
    for (long id = 1; id <= 20; id++) {
        cr_strbuf_puts(&loans.file, "x,");
        add_loan(&loans, &rng, id, GOOD);
    }
    cr_retail_write(retail, "loan_applications.csv", cr_strbuf_text(&loans.file));
    pid = cr_engine_number(retail->db, "SELECT pg_backend_pid()");
    assert_int_equal(import(retail, false, throw_out, &pid, &report, &err), CR_EUNAVAIL);
    cr_assert_says(&err, "/loan_applications.csv:2: database '");
    cr_engine_assert_rows(retail->db, "SELECT count(*) FROM loan_applications", "0\n");
    cr_assert_ok(import(retail, false, NULL, NULL, &report, &err), &err);
    cr_import_report_finish(&report);
    cr_engine_assert_rows(retail->db, "SELECT count(*) FROM loan_applications", "20\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good_and_bad, make, destroy),
        cmocka_unit_test_setup_teardown(test_first_fault, make, destroy),
        cmocka_unit_test_setup_teardown(test_row_that_a_trigger_refuses, make, destroy),
        cmocka_unit_test_setup_teardown(test_trigger_that_fails, make, destroy),
        cmocka_unit_test_setup_teardown(test_trigger_that_does_more, make, destroy),
        cmocka_unit_test_setup_teardown(test_own_parents, make, destroy),
        cmocka_unit_test_setup_teardown(test_server_gone, make, destroy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
