// SPDX-License-Identifier: MIT
/* The import of the retail book, on both engines (cr_engine.h). */
#include "cr_engine.h"
#include "cr_retail.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "creditrisk/book/import.h"
#include "creditrisk/book/table.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/strbuf.h"

#define CUSTOMER_1 "1,49,Female,Single,1,Bachelor,Salaried,6.8,153000.0,3,Delhi,True,no\n"
#define CUSTOMER_2 "2,44,Male,Married,0,High School,Freelance,NA,119000,1,\"Goa, North\",1,0\n"
#define CREDIT     "1,1,516.0,6,1,5,0,0,2,147181.22,66708.13,2.0,,185\n"
#define LOAN       "1,1,126000,60,15.66,3041.36,Personal,Travel,FALSE,0,2020-03-29,Active,1.0\n"
#define REPAYMENT                                                                                  \
    "1,1,1,1,2020-04-29,2020-05-02,3041.36,3087.61,3,yes,no,180440.5,UPI\n"                        \
    "2,1,1,2,2020-05-29,,3041.36,0,180,1,1,180440.5,Cheque\n"

/* The retail book, with a good file for each table. */
struct setup {
    struct cr_retail retail;
    char *rejects;
    size_t n_notes;
    char last_note[256];
};

static void write_file(const struct setup *setup, const char *name, const char *text)
{
    cr_retail_write(&setup->retail, name, text);
}

static int make(void **state)
{
    struct setup *setup = calloc(1, sizeof(*setup));

    assert_non_null(setup);
    cr_retail_init(&setup->retail, "book");
    setup->rejects = cr_fs_join(setup->retail.dir, "rejects.csv");
    write_file(setup, "customers.csv", CR_CUSTOMER_HEADER CUSTOMER_1 CUSTOMER_2);
    write_file(setup, "credit_history.csv", CR_CREDIT_HEADER CREDIT);
    write_file(setup, "loan_applications.csv", CR_LOAN_HEADER LOAN);
    write_file(setup, "repayment_history.csv", CR_REPAYMENT_HEADER REPAYMENT);
    *state = setup;
    return 0;
}

static int destroy(void **state)
{
    struct setup *setup = *state;

    cr_retail_finish(&setup->retail);
    free(setup->rejects);
    free(setup);
    return 0;
}

static void keep_note(const char *note, void *context)
{
    struct setup *setup = context;

    setup->n_notes++;
    (void)snprintf(setup->last_note, sizeof(setup->last_note), "%s", note);
}

static int import(struct setup *setup, enum cr_import_mode mode, bool strict,
                  struct cr_import_report *ret_report, struct cr_error *err)
{
    const struct cr_import_options options = {.mode = mode, .strict = strict, .quiet = true};

    return cr_import_book(setup->retail.db, setup->retail.portfolio, setup->retail.dir, &options,
                          keep_note, setup, ret_report, err);
}

static int64_t count(const struct setup *setup, const char *table)
{
    struct cr_error err;
    int64_t n = -1;

    cr_assert_ok(cr_db_count(setup->retail.db, table, &n, &err), &err);
    return n;
}

static void test_good(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    struct cr_error err;

    cr_assert_ok(import(setup, CR_IMPORT_EMPTY, true, &report, &err), &err);
    assert_int_equal(report.n_tables, 4);
    assert_string_equal(report.tables[0].table, "customers");
    assert_int_equal(report.tables[0].n_rows, 2);
    assert_int_equal(report.tables[3].n_rows, 2);
    assert_int_equal(report.n_rejected, 0);
    assert_null(report.rejects_path);
    assert_false(cr_fs_exists(setup->rejects));
    assert_int_equal(setup->n_notes, 0);
    cr_engine_assert_rows(setup->retail.db, "SELECT * FROM customers WHERE customer_id = 1",
                          "1|49|Female|Single|1|Bachelor|Salaried|6.8|153000|3|Delhi|1|0\n");
    cr_engine_assert_rows(
        setup->retail.db, "SELECT * FROM customers WHERE customer_id = 2",
        "2|44|Male|Married|0|Higher Secondary|Freelance|-|119000|1|Goa, North|1|0\n");
    cr_engine_assert_rows(setup->retail.db, "SELECT * FROM credit_history",
                          "1|1|516|6|1|5|0|0|2|147181.22|66708.13|2|-|185|-\n");
    cr_engine_assert_rows(setup->retail.db,
                          "SELECT is_secured, is_default, application_date FROM loan_applications",
                          "0|1|2020-03-29\n");
    cr_engine_assert_rows(setup->retail.db,
                          "SELECT payment_date, days_past_due, is_late FROM repayment_history"
                          " WHERE installment_number = 2",
                          "-|180|1\n");
    cr_assert_same(cr_engine_count_indexes(setup->retail.db), 3);
    if (cr_engine_server() == NULL) {
        cr_engine_assert_rows(setup->retail.db, "PRAGMA integrity_check", "ok\n");
    }
}

/* A column that may be absent and has the name of another but for a slip is not lost in silence. */
static void test_slip(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    struct cr_error err;

    write_file(setup, "credit_history.csv",
               "customer_id,credit_id,credit_score,total_accounts,active_accounts,closed_accounts,"
               "overdue_30_count,overdue_60_count,overdue_90_count,total_credit_limit,"
               "current_balance,enquiries_last_6m,enquiries_last_12m,credit_history_length_months,"
               "pulldate\n");
    cr_assert_ok(import(setup, CR_IMPORT_EMPTY, true, &report, &err), &err);
    assert_non_null(strstr(setup->last_note, "/credit_history.csv: column 'pulldate' is not in the "
                                             "portfolio: ignored; did you mean 'pull_date'?"));
}

static void test_columns(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    struct cr_error err;

    /* any order, a byte order mark, line ends of another system, an optional and two unknown ones
     */
    write_file(setup, "credit_history.csv",
               "\xef\xbb\xbfpull_date,grade,customer_id,credit_id,credit_score,total_accounts,"
               "active_accounts,closed_accounts,overdue_30_count,overdue_60_count,"
               "overdue_90_count,total_credit_limit,current_balance,enquiries_last_6m,"
               "enquiries_last_12m,credit_history_length_months,x\r\n"
               "2020-01-31,A,2,7,null,6,1,5,0,0,2,1e5,0.5,NaN,None,185,\r\n"
               "\r\n"
               ",B,1,8,,6,1,5,0,0,2,1e5,0.5,,,185,\r\n");
    cr_assert_ok(import(setup, CR_IMPORT_EMPTY, true, &report, &err), &err);
    assert_int_equal(report.tables[1].n_rows, 2);
    assert_int_equal(report.tables[1].n_ignored_columns, 2);
    assert_int_equal(setup->n_notes, 2);
    assert_non_null(strstr(setup->last_note, "/credit_history.csv: column 'x' is not in the"));
    cr_engine_assert_rows(setup->retail.db, "SELECT * FROM credit_history WHERE credit_id = 7",
                          "7|2|-|6|1|5|0|0|2|100000|0.5|-|-|185|2020-01-31\n");
}

/* Word for word; up to its end where what is expected ends with a blank. */
static bool is_told(const char *message, const char *expected)
{
    size_t len = strlen(expected);

    return strncmp(message, expected, len) == 0 &&
           (message[len] == '\0' || expected[len - 1] == ' ');
}

/* A strict import ends at the first bad row, says where, and leaves nothing. */
static void test_broken(void **state)
{
    static const struct {
        const char *file;
        const char *text;
        int code;
        const char *message; /* behind the folder */
    } cases[] = {
        {"customers.csv", "", CR_EINVAL,
         "/customers.csv:1:1: the file is empty: a header is expected"},
        {"credit_history.csv", "credit_id,customer_id\n1,1\n", CR_EINVAL,
         "/credit_history.csv:1:3: column 'credit_score' is missing"},
        {"credit_history.csv", "credit_id,custmer_id\n1,1\n", CR_EINVAL,
         "/credit_history.csv:1:2: there is no column 'custmer_id'; did you mean 'customer_id'?"},
        {"loan_applications.csv", "loan_id,loan_id\n", CR_EINVAL,
         "/loan_applications.csv:1:2: column 'loan_id' is there twice"},
        {"customers.csv", CR_CUSTOMER_HEADER CUSTOMER_1 "2,44,Male\n", CR_EINVAL,
         "/customers.csv:3:4: marital_status: the row has 3 fields, the header 13"},
        {"customers.csv", CR_CUSTOMER_HEADER "1,44,Male,Single,0,PhD,Salaried,1,1e5,1,x,1,1,1\n",
         CR_EINVAL, "/customers.csv:2:14: the row has 14 fields, the header 13"},
        {"customers.csv", CR_CUSTOMER_HEADER "\n\n" CUSTOMER_1 "2,\"44\n", CR_EPARSE,
         "/customers.csv:5: the row has a quote that is not closed"},
        {"customers.csv", CR_CUSTOMER_HEADER "1,44,M\"ale,Single\n", CR_EPARSE,
         "/customers.csv:2: "},
        {"customers.csv", CR_CUSTOMER_HEADER "1,44.5,Male,Single,0,,Salaried,1,1e5,1,x,1,1\n",
         CR_EINVAL, "/customers.csv:2:2: age: '44.5' is not a whole number"},
        {"customers.csv", CR_CUSTOMER_HEADER "1,44,Male,Single,0,,Salaried,\"1,5\",1e5,1,x,1,1\n",
         CR_EINVAL,
         "/customers.csv:2:8: years_employed: '1,5' is not a number: write numbers as 1234.56, "
         "without a decimal comma, separators of thousands, currency or percent sign"},
        {"customers.csv", CR_CUSTOMER_HEADER "1,\"1.244,00\",Male,Single,0,,Salaried,1,1,1,x,1,1\n",
         CR_EINVAL, "/customers.csv:2:2: age: '1.244,00' is not a whole number: write numbers as "},
        {"customers.csv", CR_CUSTOMER_HEADER "1,44,Male,Single,0,,Salaried,1,\"€ 5,00\",1,x,1,1\n",
         CR_EINVAL,
         "/customers.csv:2:9: annual_income: '€ 5,00' is not a number: write numbers as 1234.56, "},
        {"customers.csv", CR_CUSTOMER_HEADER "1,\"4,x\",Male,Single,0,,Salaried,1,1,1,x,1,1\n",
         CR_EINVAL, "/customers.csv:2:2: age: '4,x' is not a whole number"},
        {"customers.csv",
         CR_CUSTOMER_HEADER "9007199254740994,44,Male,Single,0,,Salaried,1,1,1,x,1,1\n", CR_EINVAL,
         "/customers.csv:2:1: customer_id: '9007199254740994' is too large"},
        {"customers.csv", CR_CUSTOMER_HEADER "1,17,Male,Single,0,,Salaried,1,1e5,1,x,1,1\n",
         CR_EINVAL, "/customers.csv:2:2: age: '17' is below 18"},
        {"customers.csv", CR_CUSTOMER_HEADER "1,81,Male,Single,0,,Salaried,1,1e5,1,x,1,1\n",
         CR_EINVAL, "/customers.csv:2:2: age: '81' is above 80"},
        {"customers.csv", CR_CUSTOMER_HEADER "1,44,male,Single,0,,Salaried,1,1e5,1,x,1,1\n",
         CR_EINVAL, "/customers.csv:2:3: gender: 'male' is none of Male, Female, Other"},
        {"customers.csv", CR_CUSTOMER_HEADER "1,44,,Single,0,,Salaried,1,1e5,1,x,1,1\n", CR_EINVAL,
         "/customers.csv:2:3: gender: the value is missing"},
        {"customers.csv", CR_CUSTOMER_HEADER "1,44,Male,Single,0,,Salaried,1,1e999,1,x,1,1\n",
         CR_EINVAL, "/customers.csv:2:9: annual_income: '1e999' is too large"},
        {"customers.csv", CR_CUSTOMER_HEADER "1,44,Male,Single,0,,Salaried,1,₹1,1,x,1,1\n",
         CR_EINVAL,
         "/customers.csv:2:9: annual_income: '₹1' is not a number: write numbers as 1234.56, "},
        {"customers.csv", CR_CUSTOMER_HEADER "1,44,Male,Single,0,,Salaried,1,1e5,1,\xff,1,1\n",
         CR_EINVAL, "/customers.csv:2:11: state: '?' is not UTF-8"},
        {"customers.csv", CR_CUSTOMER_HEADER "1,44,Male,Single,0,,Salaried,1,1e5,1,x,maybe,1\n",
         CR_EINVAL,
         "/customers.csv:2:12: phone_verified: 'maybe' is none of true, false, yes, no, 1, 0"},
        {"customers.csv", CR_CUSTOMER_HEADER CUSTOMER_1 CUSTOMER_1, CR_EINVAL,
         "/customers.csv:3:1: customer_id: a row with customer_id '1' is there already"},
        {"loan_applications.csv",
         CR_LOAN_HEADER "1,3,1e5,60,15,3041.36,Personal,Travel,0,0,2020-03-29,Active,1\n",
         CR_EINVAL,
         "/loan_applications.csv:2:2: customer_id: there is no customers.customer_id '3'"},
        {"loan_applications.csv",
         CR_LOAN_HEADER "1,1,1e5,60,15,3041.36,Personal,Travel,0,0,2021-02-29,Active,1\n",
         CR_EINVAL,
         "/loan_applications.csv:2:11: application_date: '2021-02-29' is not a date of the form"
         " YYYY-MM-DD"},
        {"repayment_history.csv",
         CR_REPAYMENT_HEADER REPAYMENT "3,1,1,2,2020-05-29,,3041.36,0,180,1,1,180440.5,UPI\n",
         CR_EINVAL,
         "/repayment_history.csv:4:2: loan_id: a row with loan_id '1', installment_number '2' is"
         " there already"},
        {"customers.csv", "customer_id;age;gender\n1;44;Male\n", CR_EINVAL,
         "/customers.csv:1: the columns seem to be separated by \";\", but the portfolio's "
         "separator is \",\": say 'separator: \";\"' in tables.yaml"},
        {"customers.csv", "\n\"customer_id\";\"age\";\"gender\"\n1;44;Male\n", CR_EINVAL,
         "/customers.csv:2: the columns seem to be separated by \";\", but the portfolio's "
         "separator is \",\": say 'separator: \";\"' in tables.yaml"},
        {"customers.csv", "customer_id;age, in years;gender\n1;44;Male\n", CR_EINVAL,
         "/customers.csv:1: the columns seem to be separated by "},
        {"customers.csv", "customer_id,age, in years;gender;state\n1;44;Male\n", CR_EINVAL,
         "/customers.csv:1:4: column 'gender' is missing"},
        {"customers.csv", "customer_id,\"age;\"x;y;z\n", CR_EINVAL,
         "/customers.csv:1: the columns seem to be separated by "},
        {"customers.csv", "customer_id,\"age;y;z\"x\n", CR_EPARSE, "/customers.csv:1: a quote "},
        {"repayment_history.csv",
         CR_REPAYMENT_HEADER "3,9,1,2,2020-05-29,,3041.36,0,180,1,1,180440.5,UPI\n", CR_EINVAL,
         "/repayment_history.csv:2:2: loan_id: there is no loan_applications.loan_id '9'"},
    };
    struct setup *setup = *state;

    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(setup->retail.dir, cases[i].file);
        CR_CLEANUP(cr_freep) char *good = NULL;
        CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
        struct cr_error err;
        size_t len;
        int r;

        cr_assert_ok(cr_fs_read(path, 1 << 20, &good, &len, &err), &err);
        write_file(setup, cases[i].file, cases[i].text);
        r = import(setup, CR_IMPORT_EMPTY, true, &report, &err);
        if (r != cases[i].code ||
            strncmp(err.message, setup->retail.dir, strlen(setup->retail.dir)) != 0 ||
            !is_told(err.message + strlen(setup->retail.dir), cases[i].message)) {
            fail_msg("case %zu: %d '%s'\nexpected: '%s'", i, r, r == 0 ? "" : err.message,
                     cases[i].message);
        }
        assert_int_equal(count(setup, "customers"), 0);
        assert_false(cr_fs_exists(setup->rejects));
        write_file(setup, cases[i].file, good);
    }
    cr_assert_same(cr_engine_count_indexes(setup->retail.db), 3);
}

static void test_rejects(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_import_report_finish) struct cr_import_report report = {0};
    CR_CLEANUP(cr_freep) char *rejects = NULL;
    struct cr_error err;
    size_t len;

    write_file(setup, "customers.csv",
               CR_CUSTOMER_HEADER CUSTOMER_1
               "2,44,\"a \"\"b\"\"\",Single,0,,Salaried,1,1e5,1,x,1,1\n"
               "1,2\n"
               "1,44,Male,Single,0,,Salaried,1,1e5,1,\"two\nlines\",1,1\n"
               "4,44,Male,Single,0,,Salaried,1,1e5,1,x,1,1,\n"
               "5,44,Male,Single,0,,Salaried,1,1e5,1,\"two\nlines\",1,1\n");
    write_file(setup, "loan_applications.csv",
               CR_LOAN_HEADER LOAN
               "2,2,1e5,60,15,3041.36,Personal,Travel,0,0,2020-03-29,Active,1\n");
    cr_assert_ok(import(setup, CR_IMPORT_EMPTY, false, &report, &err), &err);
    assert_int_equal(report.tables[0].n_rows, 2);
    assert_int_equal(report.tables[0].n_rejected, 4);
    assert_int_equal(report.tables[2].n_rows, 1);
    assert_int_equal(report.tables[2].n_rejected, 1);
    assert_int_equal(report.n_rejected, 5);
    assert_string_equal(report.rejects_path, setup->rejects);
    assert_int_equal(count(setup, "customers"), 2);
    cr_assert_ok(cr_fs_read(setup->rejects, 1 << 20, &rejects, &len, &err), &err);
    assert_string_equal(
        rejects, "file,line,column,reason\n"
                 "customers.csv,3,gender (3),\"'a \"\"b\"\"' is none of Male, Female, Other\"\n"
                 "customers.csv,4,gender (3),\"the row has 2 fields, the header 13\"\n"
                 "customers.csv,5,customer_id (1),a row with customer_id '1' is there already\n"
                 "customers.csv,7,(14),\"the row has 14 fields, the header 13\"\n"
                 "loan_applications.csv,3,customer_id (2),there is no customers.customer_id '2'\n");
}

#define EARLIER "file,line,column,reason\ncustomers.csv,2,age (5),of an earlier import\n"

/* The file of rejects belongs to the last import. */
static void test_rejects_file(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(setup->retail.dir, "elsewhere.csv");
    const struct cr_import_options options = {
        .mode = CR_IMPORT_APPEND, .quiet = true, .rejects_path = path};
    struct cr_import_report report = {0};
    struct cr_error err;

    write_file(setup, "rejects.csv", EARLIER);
    cr_assert_ok(import(setup, CR_IMPORT_EMPTY, false, &report, &err), &err);
    cr_import_report_finish(&report);
    assert_false(cr_fs_exists(setup->rejects));

    cr_assert_ok(cr_import_book(setup->retail.db, setup->retail.portfolio, setup->retail.dir,
                                &options, NULL, NULL, &report, &err),
                 &err);
    assert_int_equal(report.n_rejected, 6); /* every row is there already */
    assert_string_equal(report.rejects_path, path);
    assert_true(cr_fs_exists(path));
    cr_import_report_finish(&report);

    /* rejects of a table before the file that ends the import */
    write_file(setup, "repayment_history.csv", "");
    assert_int_equal(import(setup, CR_IMPORT_APPEND, false, &report, &err), CR_EINVAL);
    assert_false(cr_fs_exists(setup->rejects));
}

static void assert_text(const struct setup *setup, const char *name, const char *expected)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(setup->retail.dir, name);
    CR_CLEANUP(cr_freep) char *text = NULL;
    struct cr_error err;
    size_t len;

    cr_assert_ok(cr_fs_read(path, 1 << 20, &text, &len, &err), &err);
    assert_string_equal(text, expected);
}

static size_t count_files(const struct setup *setup)
{
    struct cr_error err;
    char **names;
    size_t n;

    cr_assert_ok(cr_fs_list(setup->retail.dir, &names, &n, &err), &err);
    cr_fs_free_names(names, n);
    return n;
}

/* A file that is no file of rejects survives whatever an import is told. */
static void test_rejects_of_others(void **state)
{
    static const char *const refused[] = {"customers.csv", "./loan_applications.csv", "link", ".",
                                          "precious.txt"};
    static const char *const whys[] = {"the import reads it", "the import reads it",
                                       "no regular file", "no regular file",
                                       "no list of rejected rows"};
    struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *precious = cr_fs_join(setup->retail.dir, "precious.txt");
    CR_CLEANUP(cr_freep) char *input = cr_fs_join(setup->retail.dir, "customers.csv");
    CR_CLEANUP(cr_freep) char *link_path = cr_fs_join(setup->retail.dir, "link");
    struct cr_import_options options = {.mode = CR_IMPORT_EMPTY, .quiet = true};
    struct cr_import_report report = {0};
    struct cr_error err;
    size_t n_files;

    assert_int_equal(symlink(input, link_path), 0);
    write_file(setup, "precious.txt", "precious");
    for (size_t i = 0; i < CR_ARRAY_LEN(refused); i++) {
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(setup->retail.dir, refused[i]);

        options.rejects_path = path;
        assert_int_equal(cr_import_book(setup->retail.db, setup->retail.portfolio,
                                        setup->retail.dir, &options, NULL, NULL, &report, &err),
                         CR_EINVAL);
        cr_assert_says(&err, whys[i]);
    }
    assert_text(setup, "customers.csv", CR_CUSTOMER_HEADER CUSTOMER_1 CUSTOMER_2);

    assert_text(setup, "precious.txt", "precious");

    /* nothing was rejected: a named file stays */
    write_file(setup, "precious.txt", EARLIER);
    options.rejects_path = precious;
    cr_assert_ok(cr_import_book(setup->retail.db, setup->retail.portfolio, setup->retail.dir,
                                &options, NULL, NULL, &report, &err),
                 &err);
    assert_null(report.rejects_path);
    cr_import_report_finish(&report);
    assert_text(setup, "precious.txt", EARLIER);

    /* one of the usual name that is something else stops the import */
    write_file(setup, "rejects.csv", "precious");
    options = (struct cr_import_options){.mode = CR_IMPORT_APPEND, .quiet = true};
    assert_int_equal(cr_import_book(setup->retail.db, setup->retail.portfolio, setup->retail.dir,
                                    &options, NULL, NULL, &report, &err),
                     CR_EINVAL);
    cr_assert_says(&err, "no list of rejected rows");
    assert_text(setup, "rejects.csv", "precious");

    /* a failure leaves both as they were, and nothing beside them */
    write_file(setup, "rejects.csv", EARLIER);
    write_file(setup, "repayment_history.csv", "");
    n_files = count_files(setup);
    for (int pass = 0; pass < 2; pass++) {
        options = (struct cr_import_options){
            .mode = CR_IMPORT_APPEND, .quiet = true, .rejects_path = pass == 0 ? precious : NULL};
        assert_int_equal(cr_import_book(setup->retail.db, setup->retail.portfolio,
                                        setup->retail.dir, &options, NULL, NULL, &report, &err),
                         CR_EINVAL);
    }
    assert_int_equal(count_files(setup), n_files);
    assert_text(setup, "precious.txt", EARLIER);
    assert_text(setup, "rejects.csv", EARLIER);
}

static void test_modes(void **state)
{
    struct setup *setup = *state;
    struct cr_import_report report = {0};
    struct cr_error err;

    cr_assert_ok(import(setup, CR_IMPORT_EMPTY, true, &report, &err), &err);
    cr_import_report_finish(&report);
    assert_int_equal(import(setup, CR_IMPORT_EMPTY, true, &report, &err), CR_EINVAL);
    assert_string_equal(err.message,
                        "table 'customers' has 2 rows: --replace removes what is there first,"
                        " --append keeps it");

    /* a failed replacement leaves what was there */
    write_file(setup, "repayment_history.csv", CR_REPAYMENT_HEADER REPAYMENT REPAYMENT);
    assert_int_equal(import(setup, CR_IMPORT_REPLACE, true, &report, &err), CR_EINVAL);
    assert_int_equal(count(setup, "repayment_history"), 2);

    write_file(setup, "repayment_history.csv", CR_REPAYMENT_HEADER);
    cr_assert_ok(import(setup, CR_IMPORT_REPLACE, true, &report, &err), &err);
    cr_import_report_finish(&report);
    assert_int_equal(count(setup, "repayment_history"), 0);
    assert_int_equal(count(setup, "customers"), 2);

    write_file(setup, "customers.csv", CR_CUSTOMER_HEADER);
    write_file(setup, "credit_history.csv", CR_CREDIT_HEADER);
    write_file(setup, "loan_applications.csv", CR_LOAN_HEADER);
    write_file(setup, "repayment_history.csv", CR_REPAYMENT_HEADER REPAYMENT);
    cr_assert_ok(import(setup, CR_IMPORT_APPEND, true, &report, &err), &err);
    cr_import_report_finish(&report);
    assert_int_equal(count(setup, "repayment_history"), 2);
    assert_int_equal(count(setup, "customers"), 2);
}

/* Headers alone are no book: whatever the mode, what was there stays. */
static void test_no_row(void **state)
{
    static const enum cr_import_mode modes[] = {CR_IMPORT_REPLACE, CR_IMPORT_APPEND};
    struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *expected = NULL;
    struct cr_import_report report = {0};
    struct cr_error err;

    assert_true(asprintf(&expected, "'%s' holds no row: nothing was changed", setup->retail.dir) >
                0);
    cr_assert_ok(import(setup, CR_IMPORT_EMPTY, true, &report, &err), &err);
    cr_import_report_finish(&report);
    write_file(setup, "customers.csv", CR_CUSTOMER_HEADER);
    write_file(setup, "credit_history.csv", CR_CREDIT_HEADER);
    write_file(setup, "loan_applications.csv", CR_LOAN_HEADER);
    write_file(setup, "repayment_history.csv", CR_REPAYMENT_HEADER);
    for (size_t i = 0; i < CR_ARRAY_LEN(modes); i++) {
        for (int strict = 0; strict < 2; strict++) {
            assert_int_equal(import(setup, modes[i], strict == 1, &report, &err), CR_EINVAL);
            assert_string_equal(err.message, expected);
            assert_int_equal(count(setup, "customers"), 2);
            assert_int_equal(count(setup, "repayment_history"), 2);
        }
    }
    cr_assert_same(cr_engine_count_indexes(setup->retail.db), 3);
}

static void test_absent(void **state)
{
    struct setup *setup = *state;
    const struct cr_portfolio *portfolio = setup->retail.portfolio;
    struct cr_import_report report = {0};
    struct cr_error err;

    cr_assert_ok(cr_import_find(setup->retail.dir, portfolio, &err), &err);
    for (size_t i = portfolio->n_tables; i-- > 0;) { /* the first one that is not there is told */
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(setup->retail.dir, portfolio->tables[i].file);
        CR_CLEANUP(cr_freep) char *expected = NULL;

        assert_true(asprintf(&expected, "the folder '%s' has no file '%s'", setup->retail.dir,
                             portfolio->tables[i].file) > 0);
        cr_assert_ok(cr_fs_remove_tree(path, &err), &err);
        assert_int_equal(cr_import_find(setup->retail.dir, portfolio, &err), CR_ENOTFOUND);
        assert_string_equal(err.message, expected);
        assert_int_equal(import(setup, CR_IMPORT_EMPTY, false, &report, &err), CR_ENOTFOUND);
        assert_string_equal(err.message, expected);
        assert_int_equal(count(setup, "customers"), 0);
    }
    cr_assert_ok(cr_fs_remove_tree(setup->retail.dir, &err), &err);
    assert_int_equal(import(setup, CR_IMPORT_EMPTY, false, &report, &err), CR_ENOTFOUND);
}

static void test_cells(void **state)
{
    static const struct cr_table_column flag = {.name = "flag", .type = CR_BOOL};
    static const struct cr_table_column day = {.name = "day", .type = CR_DATE, .nullable = true};
    static const struct {
        const char *text;
        double number; /* NaN = refused */
    } cases[] = {{"true", 1}, {"FALSE", 0}, {"Yes", 1}, {"nO", 0},   {"1", 1},     {"0", 0},
                 {"1.0", 1},  {"2", NAN},   {"t", NAN}, {" 1", NAN}, {"yess", NAN}};
    const struct setup *setup = *state;
    struct cr_value value;
    struct cr_error err;

    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        int r = cr_table_parse_cell(setup->retail.portfolio, &flag, cases[i].text,
                                    strlen(cases[i].text), false, &value, &err);

        assert_int_equal(r, isnan(cases[i].number) ? CR_EINVAL : 0);
        if (r == 0) {
            cr_assert_same(value.number, cases[i].number);
        }
    }
    cr_assert_ok(cr_table_parse_cell(setup->retail.portfolio, &day, "NA", 2, false, &value, &err),
                 &err);
    assert_true(cr_value_is_missing(value));
    cr_assert_ok(
        cr_table_parse_cell(setup->retail.portfolio, &day, "2024-02-29", 10, false, &value, &err),
        &err);
    assert_string_equal(value.text, "2024-02-29");
}

/* A marker in quotes is a value where it can be one. */
static void test_quoted_markers(void **state)
{
    static const char *const levels[] = {"Some", "None"};
    static const struct cr_table_column name = {.type = CR_TEXT, .nullable = true};
    static const struct cr_table_column level = {
        .type = CR_ENUM, .nullable = true, .levels = {2, levels, 0, NULL, NULL}};
    static const struct cr_table_column number = {
        .type = CR_NUMBER, .nullable = true, .min = 0, .max = 1};
    static const struct {
        const struct cr_table_column *column;
        const char *text;
        bool quoted;
        const char *expected; /* NULL = missing */
    } cases[] = {
        {&name, "NA", false, NULL},    {&name, "NA", true, "NA"},      {&name, "", true, NULL},
        {&level, "None", false, NULL}, {&level, "None", true, "None"}, {&level, "NA", true, NULL},
        {&number, "NA", true, NULL},   {&number, "", true, NULL},
    };
    const struct setup *setup = *state;

    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct cr_value value = {1, "x"};
        struct cr_error err;

        cr_assert_ok(cr_table_parse_cell(setup->retail.portfolio, cases[i].column, cases[i].text,
                                         strlen(cases[i].text), cases[i].quoted, &value, &err),
                     &err);
        if (cases[i].expected == NULL) {
            assert_true(cr_value_is_missing(value));
        } else {
            assert_string_equal(value.text, cases[i].expected);
        }
    }
}

/* A text that looks like a missing marker goes out and comes back. */
static void test_markers_round_trip(void **state)
{
    static const char query[] = "SELECT state, education FROM customers ORDER BY customer_id";
    struct setup *setup = *state;
    struct cr_import_report report = {0};
    struct cr_error err;

    write_file(setup, "customers.csv",
               CR_CUSTOMER_HEADER "1,49,Female,Single,1,None,Salaried,NA,1e5,3,\"None\",1,0\n"
                                  "2,44,Male,Married,0,,Freelance,NA,119000,1,Goa,1,0\n");
    for (int pass = 0; pass < 2; pass++) {
        cr_assert_ok(import(setup, CR_IMPORT_REPLACE, true, &report, &err), &err);
        cr_import_report_finish(&report);
        cr_engine_assert_rows(setup->retail.db, query, "None|-\nGoa|-\n");
        cr_assert_ok(
            cr_table_dump_all(setup->retail.db, setup->retail.portfolio, setup->retail.dir, &err),
            &err);
    }
}

/* A dump without space leaves no half a file, but the link that it was written through stays. */
static void test_dump_without_space(void **state)
{
    struct setup *setup = *state;
    CR_CLEANUP(cr_freep) char *out = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(out, "customers.csv");
    struct cr_import_report report = {0};
    struct rlimit usual, small;
    struct stat info;
    struct cr_error err;

    cr_assert_ok(import(setup, CR_IMPORT_EMPTY, true, &report, &err), &err);
    cr_import_report_finish(&report);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    small = (struct rlimit){.rlim_cur = 10, .rlim_max = usual.rlim_max};
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    for (int linked = 0; linked < 2; linked++) {
        int r;

        if (linked) {
            assert_int_equal(symlink("elsewhere.csv", path), 0);
        }
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        r = cr_table_dump_all(setup->retail.db, setup->retail.portfolio, out, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
        assert_int_equal(r, CR_EIO);
        assert_int_equal(lstat(path, &info), linked ? 0 : -1);
        assert_true(!linked || S_ISLNK(info.st_mode));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good, make, destroy),
        cmocka_unit_test_setup_teardown(test_columns, make, destroy),
        cmocka_unit_test_setup_teardown(test_slip, make, destroy),
        cmocka_unit_test_setup_teardown(test_broken, make, destroy),
        cmocka_unit_test_setup_teardown(test_rejects, make, destroy),
        cmocka_unit_test_setup_teardown(test_rejects_file, make, destroy),
        cmocka_unit_test_setup_teardown(test_rejects_of_others, make, destroy),
        cmocka_unit_test_setup_teardown(test_modes, make, destroy),
        cmocka_unit_test_setup_teardown(test_no_row, make, destroy),
        cmocka_unit_test_setup_teardown(test_absent, make, destroy),
        cmocka_unit_test_setup_teardown(test_cells, make, destroy),
        cmocka_unit_test_setup_teardown(test_quoted_markers, make, destroy),
        cmocka_unit_test_setup_teardown(test_markers_round_trip, make, destroy),
        cmocka_unit_test_setup_teardown(test_dump_without_space, make, destroy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
