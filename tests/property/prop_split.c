// SPDX-License-Identifier: MIT
/* Splits of random little books: every row in exactly one part, no customer in two parts, every
 * part with nearly the same share of bad rows. */
#include "cr_test.h"

#include <math.h>

#include "creditrisk/features/extract.h"
#include "creditrisk/train/split.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/rng.h"

enum { COL_ROW, COL_CUSTOMER, COL_DATE, COL_OUTCOME };

static void make_book(struct cr_extract *extract, struct cr_rng *rng, size_t n, bool is_text)
{
    struct cr_error err;
    *extract = (struct cr_extract){.col_row = COL_ROW,
                                   .col_customer = COL_CUSTOMER,
                                   .col_date = COL_DATE,
                                   .col_outcome = COL_OUTCOME};
    struct cr_frame *frame = &extract->frame;
    cr_frame_init(frame);
    cr_assert_ok(cr_frame_add_column(frame, "loan_id", CR_COLUMN_NUMBER, &err), &err);
    enum cr_column_type type = is_text ? CR_COLUMN_TEXT : CR_COLUMN_NUMBER;
    cr_assert_ok(cr_frame_add_column(frame, "customer_id", type, &err), &err);
    cr_assert_ok(cr_frame_add_column(frame, "application_date", CR_COLUMN_TEXT, &err), &err);
    cr_assert_ok(cr_frame_add_column(frame, "is_default", CR_COLUMN_NUMBER, &err), &err);
    for (size_t i = 0; i < n; i++) {
        char date[16];
        int len = snprintf(date, sizeof date, "20%02d-%02d-%02d", 20 + (int)cr_rng_below(rng, 5),
                           1 + (int)cr_rng_below(rng, 12), 1 + (int)cr_rng_below(rng, 28));
        cr_assert_ok(cr_frame_add_row(frame, &err), &err);
        cr_frame_set_number(frame, i, COL_ROW, (double)(1000 + i));
        double customer = (double)cr_rng_below(rng, n / 2 + 1);
        if (!is_text) {
            bool is_missing = cr_rng_uniform(rng) < 0.1;
            cr_frame_set_number(frame, i, COL_CUSTOMER, is_missing ? NAN : customer);
        } else if (cr_rng_uniform(rng) >= 0.1) {
            char name[16];
            int name_len = snprintf(name, sizeof name, "C%.0f", customer);
            cr_assert_ok(cr_frame_set_text(frame, i, COL_CUSTOMER, name, (size_t)name_len, &err),
                         &err);
        }
        cr_assert_ok(cr_frame_set_text(frame, i, COL_DATE, date, (size_t)len, &err), &err);
        cr_frame_set_number(frame, i, COL_OUTCOME, cr_rng_uniform(rng) < 0.3);
    }
}

/* part[row]: −1 = test, else the fold. */
static int *parts_of(const struct cr_split *split, size_t n)
{
    int *part = calloc(n, sizeof *part);
    CR_CLEANUP(cr_freep) int *seen = calloc(n, sizeof *seen);
    assert_true(part != NULL && seen != NULL);
    for (size_t i = 0; i < split->n_train; i++) {
        part[split->train[i]] = (int)split->fold[i];
        seen[split->train[i]]++;
    }
    for (size_t i = 0; i < split->n_test; i++) {
        part[split->test[i]] = -1;
        seen[split->test[i]]++;
    }
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(seen[i], 1);
    }
    return part;
}

/* Rows whose customer is known; the id is the number, or the text behind its letter. */
static bool customer_of(const struct cr_extract *extract, size_t row, size_t *ret_customer)
{
    struct cr_value cell = cr_frame_get(&extract->frame, row, COL_CUSTOMER);
    if (cr_value_is_missing(cell)) {
        return false;
    }
    *ret_customer = cell.text != NULL ? strtoul(cell.text + 1, NULL, 10) : (size_t)cell.number;
    return true;
}

static void check_customers(const struct cr_extract *extract, const int *part, size_t n)
{
    CR_CLEANUP(cr_freep) int *of_customer = calloc(n + 1, sizeof *of_customer);
    assert_non_null(of_customer);
    for (size_t i = 0; i < n; i++) {
        size_t customer;
        if (customer_of(extract, i, &customer)) {
            assert_true(of_customer[customer] == 0 || of_customer[customer] == part[i] + 2);
            of_customer[customer] = part[i] + 2;
        }
    }
}

/* Size and share of bad rows of every fold beside those of the whole; returns the mean gap of the
 * shares. */
static double check_shares(const struct cr_extract *extract, const struct cr_split *split,
                           double tolerance)
{
    double all = 0;
    double gaps = 0;
    for (size_t i = 0; i < split->n_train; i++) {
        all += extract->frame.columns[COL_OUTCOME].numbers[split->train[i]];
    }
    for (size_t f = 0; f < split->n_folds; f++) {
        double n = 0;
        double n_bad = 0;
        for (size_t i = 0; i < split->n_train; i++) {
            bool is_here = split->fold[i] == f;
            double y = extract->frame.columns[COL_OUTCOME].numbers[split->train[i]];
            n += is_here;
            n_bad += is_here ? y : 0;
        }
        cr_assert_close(n_bad / n, all / (double)split->n_train, tolerance);
        cr_assert_close(n / (double)split->n_train, 1.0 / (double)split->n_folds, tolerance);
        gaps += fabs(n_bad / n - all / (double)split->n_train);
    }
    return gaps / (double)split->n_folds;
}

static void random_books(void **state)
{
    (void)state;
    struct cr_error err;
    size_t n_cases = cr_test_cases(1000);
    double mean_gap = 0; /* of grouped folds; at random it would be √(.21/56 · 2/π) = .049 */
    for (size_t seed = 0; seed < n_cases; seed++) {
        struct cr_rng rng;
        cr_rng_init(&rng, seed, 1);
        CR_CLEANUP(cr_extract_finish) struct cr_extract extract;
        size_t n = 150 + (size_t)cr_rng_below(&rng, 400);
        make_book(&extract, &rng, n, seed % 2 == 1);
        static const char *const specs[] = {"group", "random", "time"};
        for (size_t s = 0; s < CR_ARRAY_LEN(specs); s++) {
            CR_CLEANUP(cr_split_finish) struct cr_split split = {0};
            CR_CLEANUP(cr_split_finish) struct cr_split again = {0};
            CR_CLEANUP(cr_freep) int *part = NULL;
            CR_CLEANUP(cr_freep) int *part_again = NULL;
            cr_assert_ok(cr_split_make(specs[s], &extract, 5, seed, &split, &err), &err);
            cr_assert_ok(cr_split_make(specs[s], &extract, 5, seed, &again, &err), &err);
            assert_string_equal(split.kind, specs[s]);
            part = parts_of(&split, n);
            part_again = parts_of(&again, n);
            assert_memory_equal(part, part_again, n * sizeof *part);
            if (strcmp(specs[s], "group") == 0) {
                check_customers(&extract, part, n);
                mean_gap += check_shares(&extract, &split, 0.3) / (double)n_cases;
            }
            if (strcmp(specs[s], "random") == 0) {
                check_shares(&extract, &split, 6.0 / (double)split.n_train); /* one row */
                cr_assert_close((double)split.n_test / (double)n, 0.2, 2.0 / (double)n);
            }
        }
    }
    print_message("mean gap of a grouped fold's default rate: %.4f\n", mean_gap);
    assert_true(mean_gap < 0.035);
}

static const char *date_of(const struct cr_extract *extract, size_t row)
{
    return cr_frame_get(&extract->frame, row, COL_DATE).text;
}

static void time_split_tests_on_the_latest(void **state)
{
    (void)state;
    struct cr_error err;
    struct cr_rng rng;
    cr_rng_init(&rng, 3, 1);
    CR_CLEANUP(cr_extract_finish) struct cr_extract extract;
    CR_CLEANUP(cr_split_finish) struct cr_split split = {0};
    make_book(&extract, &rng, 500, false);
    cr_assert_ok(cr_split_make("time", &extract, 5, 1, &split, &err), &err);
    assert_int_equal(split.n_test, 100);
    const char *latest = "";
    for (size_t i = 0; i < split.n_train; i++) {
        const char *date = date_of(&extract, split.train[i]);
        latest = strcmp(date, latest) > 0 ? date : latest;
    }
    for (size_t i = 0; i < split.n_test; i++) {
        assert_true(strcmp(date_of(&extract, split.test[i]), latest) >= 0);
    }
}

static void ids_and_refusals(void **state)
{
    (void)state;
    struct cr_error err;
    struct cr_rng rng;
    cr_rng_init(&rng, 4, 1);
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_extract_finish) struct cr_extract extract;
    CR_CLEANUP(cr_split_finish) struct cr_split split = {0};
    make_book(&extract, &rng, 300, false);
    char text[2048] = "loan_id\n";
    for (int i = 0; i < 100; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d\n", 1000 + 3 * i);
    }
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "ids.csv", text);
    char spec[512];
    snprintf(spec, sizeof spec, "ids:%s", path);
    cr_assert_ok(cr_split_make(spec, &extract, 5, 1, &split, &err), &err);
    assert_string_equal(split.kind, "ids");
    assert_int_equal(split.n_test, 100);
    for (size_t i = 0; i < split.n_test; i++) {
        assert_int_equal(split.test[i], 3 * i);
    }
    extract.col_row = -1;
    struct cr_split refused;
    assert_int_equal(cr_split_make(spec, &extract, 5, 1, &refused, &err), CR_EINVAL);
    assert_non_null(strstr(err.message, "needs the keys of the rows, which training.sql lacks: "));
    extract.col_row = COL_ROW;
    assert_int_equal(cr_split_make("weekday", &extract, 5, 1, &refused, &err), CR_EINVAL);
    assert_non_null(strstr(err.message, "'weekday'"));
    assert_int_equal(cr_split_make("column:nothing", &extract, 5, 1, &refused, &err), CR_EINVAL);
    extract.col_customer = -1;
    CR_CLEANUP(cr_split_finish) struct cr_split ungrouped = {0};
    cr_assert_ok(cr_split_make("group", &extract, 5, 1, &ungrouped, &err), &err);
    assert_string_equal(ungrouped.kind, "random");
    assert_true(ungrouped.note[0] != '\0');
}

/* The dates serve as keys that are texts: a file with some of them, in any order and twice, tests
 * on the rows that have them and on no other. */
static void ids_are_texts(void **state)
{
    (void)state;
    struct cr_error err;
    struct cr_rng rng;
    cr_rng_init(&rng, 5, 1);
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_extract_finish) struct cr_extract extract;
    make_book(&extract, &rng, 400, false);
    extract.col_row = COL_DATE;
    for (int has_header = 0; has_header < 2; has_header++) {
        CR_CLEANUP(cr_split_finish) struct cr_split split = {0};
        char text[4096];
        bool is_named[400] = {false};
        snprintf(text, sizeof text, "%s", has_header ? "Application-Date\n" : "");
        for (int i = 0; i < 120; i++) {
            size_t row = (size_t)cr_rng_below(&rng, 400);
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n",
                     date_of(&extract, row));
            for (size_t j = 0; j < 400; j++) {
                is_named[j] |= strcmp(date_of(&extract, j), date_of(&extract, row)) == 0;
            }
        }
        CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "texts.csv", text);
        char spec[512];
        snprintf(spec, sizeof spec, "ids:%s", path);
        cr_assert_ok(cr_split_make(spec, &extract, 5, 1, &split, &err), &err);
        for (size_t i = 0; i < split.n_test; i++) {
            assert_true(is_named[split.test[i]]);
        }
        for (size_t i = 0; i < split.n_train; i++) {
            assert_false(is_named[split.train[i]]);
        }
        assert_true(split.n_test >= 80 && split.n_test + split.n_train == 400);
    }
}

/* What a file of ids must not pass, nor be refused for: NULL for what is taken. */
static const struct {
    const char *ids;
    const char *message;
} files_of_ids[] = {
    {"LoanId\n1\n2\n3\n", NULL},
    {"\"loan ID\",x\n1,a\n2,b\n3,c\n", NULL},
    {"1\n2\n3\n3\n", NULL},
    {"loan_id\n1\n7\n", "ids.csv:3:1: no application has the id '7'"},
    {"1\nloan_id\n", "ids.csv:2:1: no application has the id 'loan_id'"},
    {"7\n1\n", "ids.csv:1:1: no application has the id '7', and a header would be 'loan_id'"},
    {"loan\n1\n", "ids.csv:1:1: no application has the id 'loan', and a header would be 'loan_id'"},
    {"loan_ids\n1\n", "ids.csv:1:1: no application has the id 'loan_ids', and a header would"},
    {"loan_id\n1\n7\nx\n9\n",
     "ids.csv:3:1: no application has the id '7'; it is the first of 3 such lines"},
    {"1\n\n1e999\n", "ids.csv:3:1: no application has the id '1e999'"},
    {"", "ids.csv' names no application"},
    {"loan_id\n", "ids.csv' names no application"},
    {"1\n2\n3\n4\n5\n6\n", "ids.csv' names all 6 applications: none is left to train on"},
};

/* Six loans with the ids 1 to 6, or texts that look so; every other one is bad. */
static void make_loans(struct cr_extract *extract, enum cr_column_type type)
{
    struct cr_error err;
    *extract =
        (struct cr_extract){.col_row = 0, .col_outcome = 1, .col_customer = -1, .col_date = -1};
    cr_frame_init(&extract->frame);
    cr_assert_ok(cr_frame_add_column(&extract->frame, "loan_id", type, &err), &err);
    cr_assert_ok(cr_frame_add_column(&extract->frame, "is_bad", CR_COLUMN_NUMBER, &err), &err);
    for (size_t i = 0; i < 6; i++) {
        char id[] = {(char)('1' + i), '\0'};
        cr_assert_ok(cr_frame_add_row(&extract->frame, &err), &err);
        if (type == CR_COLUMN_TEXT) {
            cr_assert_ok(cr_frame_set_text(&extract->frame, i, 0, id, 1, &err), &err);
        } else {
            cr_frame_set_number(&extract->frame, i, 0, (double)(i + 1));
        }
        cr_frame_set_number(&extract->frame, i, 1, (double)(i % 2));
    }
}

static void ids_are_known_or_refused(void **state)
{
    (void)state;
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    for (size_t i = 0; i < 2 * CR_ARRAY_LEN(files_of_ids); i++) {
        struct cr_error err = {0};
        CR_CLEANUP(cr_extract_finish) struct cr_extract extract;
        CR_CLEANUP(cr_split_finish) struct cr_split split = {0};
        const char *message = files_of_ids[i / 2].message;
        make_loans(&extract, i % 2 == 0 ? CR_COLUMN_NUMBER : CR_COLUMN_TEXT);
        CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "ids.csv", files_of_ids[i / 2].ids);
        char spec[512];
        snprintf(spec, sizeof spec, "ids:%s", path);
        int result = cr_split_make(spec, &extract, 1, 1, &split, &err);
        if (message == NULL) {
            cr_assert_ok(result, &err);
            assert_int_equal(split.n_test, 3);
            assert_true(split.test[0] == 0 && split.test[1] == 1 && split.test[2] == 2);
        } else {
            assert_int_equal(result, CR_EINVAL);
            assert_non_null(strstr(err.message, message));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_books),
        cmocka_unit_test(time_split_tests_on_the_latest),
        cmocka_unit_test(ids_and_refusals),
        cmocka_unit_test(ids_are_texts),
        cmocka_unit_test(ids_are_known_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
