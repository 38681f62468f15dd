// SPDX-License-Identifier: MIT
/* The reference system's own feature matrix against ours, computed from its four tables. Compared
 * are the loans whose source fields are all there; what it derives from a missing value is its own.
 * The columns that are left out differ on purpose (see `differing`). */
#include <math.h>

#include "cr_reference.h"
#include "cr_test.h"
#include "creditrisk/features/extract.h"
#include "creditrisk/preprocess/pipeline.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/num.h"

enum { N_COLUMNS = 45, N_COMPLETE = 7984, N_LOANS = 10000, N_INPUTS = 66 };

/* Columns that hang on the reference's stored instalment and ratio, which it rounded. All others
 * agree to 1e-9. */
static const struct {
    const char *name;
    double tolerance;
} rounded[] = {
    {"emi_amount", 0.005},
    {"dti_ratio", 6e-5},
    {"emi_to_income_ratio", 1e-6},
    {"interest_to_principal_ratio", 2e-5},
};

/* It divides by dependents instead of by people, has other education levels, and counts future
 * loans. */
static const char *const differing[] = {"income_per_dependent", "education", "total_loans",
                                        "total_exposure_to_income", "loan_type_diversity"};

/* A row counts when all of these fields are known to us. */
static const char *const nullable[] = {"education",         "employment_years",   "credit_score",
                                       "enquiries_last_6m", "enquiries_last_12m", "interest_rate"};

static struct {
    char *folder;
    struct cr_portfolio *portfolio;
    struct cr_extract extract;
    size_t *row_of; /* by loan_id, + 1; 0 = none */
} ours;

/* What the CSV callback fills. */
static struct {
    ptrdiff_t loan_id;
    ptrdiff_t feature[64]; /* of each column; −1 = not compared */
    double tolerance[64];
    double worst[64];
    size_t n_fields;
    size_t n_compared; /* columns */
    size_t n_exact;    /* columns with 1e-9 */
    size_t n_rows;
    size_t n_lines;
} reference;

static bool is_among(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int setup(void **state)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = NULL;
    struct cr_error err;

    (void)state;
    ours.portfolio = cr_reference_portfolio();
    db = cr_reference_book(ours.portfolio, ours.folder);
    cr_assert_ok(cr_extract_book(db, ours.portfolio, &ours.extract, &err), &err);
    assert_int_equal(ours.extract.frame.n_rows, N_LOANS);
    ours.row_of = calloc(N_LOANS + 1, sizeof(*ours.row_of));
    assert_non_null(ours.row_of);
    for (size_t row = 0; row < N_LOANS; row++) {
        double id = cr_frame_get(&ours.extract.frame, row, (size_t)ours.extract.col_row).number;

        assert_true(id >= 1 && id <= N_LOANS);
        ours.row_of[(size_t)id] = row + 1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cr_extract_finish(&ours.extract);
    cr_portfolio_destroy(ours.portfolio);
    free(ours.row_of);
    free(ours.folder);
    return 0;
}

static void read_header(const struct cr_csv_row *csv)
{
    reference.n_fields = csv->n;
    assert_true(csv->n <= CR_ARRAY_LEN(reference.feature));
    for (size_t i = 0; i < csv->n; i++) {
        const char *name = csv->fields[i].text;
        ptrdiff_t feature = cr_portfolio_find_feature(ours.portfolio, name);

        reference.feature[i] = -1;
        if (strcmp(name, "loan_id") == 0) {
            reference.loan_id = (ptrdiff_t)i;
        } else if (strcmp(name, "is_default") != 0) {
            if (feature < 0) {
                fail_msg("we have no feature '%s'", name);
            }
            if (!is_among(name, differing, CR_ARRAY_LEN(differing))) {
                reference.feature[i] = feature;
                reference.tolerance[i] = 1e-9;
                reference.n_compared++;
                reference.n_exact++;
            }
        }
        for (size_t k = 0; k < CR_ARRAY_LEN(rounded); k++) {
            if (strcmp(name, rounded[k].name) == 0) {
                reference.tolerance[i] = rounded[k].tolerance;
                reference.n_exact--;
            }
        }
    }
}

static bool is_complete(size_t row)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(nullable); i++) {
        ptrdiff_t field = cr_portfolio_find_field(ours.portfolio, nullable[i]);

        assert_true(field >= 0);
        if (cr_value_is_missing(
                cr_frame_get(&ours.extract.frame, row, ours.extract.first_field + (size_t)field))) {
            return false;
        }
    }
    return true;
}

static void compare_cell(const struct cr_csv_row *csv, size_t i, size_t row)
{
    const struct cr_csv_field *field = &csv->fields[i];
    struct cr_value cell = cr_frame_get(&ours.extract.frame, row,
                                        ours.extract.first_feature + (size_t)reference.feature[i]);
    const char *name = ours.portfolio->features[reference.feature[i]].name;
    double wanted;

    if (cell.text != NULL) {
        if (strcmp(cell.text, field->text) != 0) {
            fail_msg("%s:%zu: %s is '%s', ours '%s'", csv->file, csv->line, name, field->text,
                     cell.text);
        }
        return;
    }
    if (!cr_num_parse(field->text, field->len, &wanted) ||
        !(fabs(cell.number - wanted) <= reference.tolerance[i])) {
        fail_msg("%s:%zu: %s is '%s', ours %.17g", csv->file, csv->line, name, field->text,
                 cell.number);
    }
    reference.worst[i] = fmax(reference.worst[i], fabs(cell.number - wanted));
}

static int compare_row(const struct cr_csv_row *csv, void *context, struct cr_error *err)
{
    double id;
    size_t row;

    (void)context;
    (void)err;
    if (csv->line == 1) {
        read_header(csv);
        return 0;
    }
    assert_int_equal(csv->n, reference.n_fields);
    assert_true(
        cr_num_parse(csv->fields[reference.loan_id].text, csv->fields[reference.loan_id].len, &id));
    assert_true(id >= 1 && id <= N_LOANS && ours.row_of[(size_t)id] > 0);
    row = ours.row_of[(size_t)id] - 1;
    reference.n_lines++;
    if (!is_complete(row)) {
        return 0;
    }
    reference.n_rows++;
    for (size_t i = 0; i < csv->n; i++) {
        if (reference.feature[i] >= 0) {
            compare_cell(csv, i, row);
        }
    }
    return 0;
}

static void test_columns_agree(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *path = cr_reference_unpack(ours.folder, dir, "ml_features.csv");
    struct cr_csv_options options = {0};
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_csv_read(path, &options, compare_row, NULL, &err), &err);
    for (size_t i = 0; i < reference.n_fields; i++) {
        if (reference.worst[i] > 0) {
            print_message("%-30s differs by at most %.2g\n",
                          ours.portfolio->features[reference.feature[i]].name, reference.worst[i]);
        }
    }
    print_message("%zu columns of %zu loans compared\n", reference.n_compared, reference.n_rows);
    assert_int_equal(reference.n_lines, N_LOANS);
    assert_int_equal(reference.n_fields, N_COLUMNS + 2);
    assert_int_equal(reference.n_compared, N_COLUMNS - CR_ARRAY_LEN(differing));
    assert_int_equal(reference.n_exact, 36);
    assert_int_equal(reference.n_rows, N_COMPLETE);
}

/* ---- the model's inputs against the reference's matrix ---- */

/* Inputs that mean the same here and there; those of `differing` are left out. */
enum { N_TRAINING = 8000, N_COMPARED = 61, N_COMPLETE_TRAINING = 6387 };

/* A loan is found by these columns of the matrix, which has no key; together they are unique. The
 * instalment is rounded. */
static const char *const key_columns[] = {"annual_income", "loan_amount", "age", "emi_amount"};

static struct {
    struct cr_pipeline *pipeline;
    struct cr_matrix inputs; /* of all our loans */
    bool compared[N_INPUTS];
    double tolerance[N_INPUTS];
    size_t key[CR_ARRAY_LEN(key_columns)];
    size_t n_compared;
    size_t n_rows;
    size_t n_complete;
} matrix;

/* Names and order are the reference's, too. */
static void match_inputs(const struct cr_csv_row *csv)
{
    assert_int_equal(csv->n, N_INPUTS);
    assert_int_equal(cr_pipeline_n_inputs(matrix.pipeline), N_INPUTS);
    for (size_t i = 0; i < N_INPUTS; i++) {
        const struct cr_input *input = cr_pipeline_input(matrix.pipeline, i);
        const char *feature = ours.portfolio->features[input->feature].name;

        assert_string_equal(input->name, csv->fields[i].text);
        matrix.compared[i] =
            input->kind != CR_INPUT_VALUE || !is_among(feature, differing, CR_ARRAY_LEN(differing));
        matrix.n_compared += matrix.compared[i];
        matrix.tolerance[i] = 1e-9;
        for (size_t k = 0; k < CR_ARRAY_LEN(rounded); k++) {
            if (strcmp(feature, rounded[k].name) == 0) {
                matrix.tolerance[i] = rounded[k].tolerance;
            }
        }
        for (size_t k = 0; k < CR_ARRAY_LEN(key_columns); k++) {
            if (strcmp(input->name, key_columns[k]) == 0) {
                matrix.key[k] = i;
            }
        }
    }
}

/* Our row of the loan with these inputs. */
static size_t find_row(const double *wanted, size_t line)
{
    size_t found = N_LOANS;

    for (size_t row = 0; row < N_LOANS; row++) {
        const double *inputs = cr_matrix_row(&matrix.inputs, row);
        bool same = true;

        for (size_t k = 0; k < CR_ARRAY_LEN(key_columns) && same; k++) {
            size_t i = matrix.key[k];

            same = fabs(inputs[i] - wanted[i]) <= matrix.tolerance[i];
        }
        if (same) {
            assert_int_equal(found, N_LOANS);
            found = row;
        }
    }
    if (found == N_LOANS) {
        fail_msg("X_train.csv:%zu is none of our loans", line);
    }
    return found;
}

static int compare_inputs(const struct cr_csv_row *csv, void *context, struct cr_error *err)
{
    double wanted[N_INPUTS];
    const double *inputs;
    size_t row;

    (void)context;
    (void)err;
    if (csv->line == 1) {
        match_inputs(csv);
        return 0;
    }
    assert_int_equal(csv->n, N_INPUTS);
    for (size_t i = 0; i < N_INPUTS; i++) {
        assert_true(cr_num_parse(csv->fields[i].text, csv->fields[i].len, &wanted[i]));
    }
    row = find_row(wanted, csv->line);
    matrix.n_rows++;
    if (!is_complete(row)) {
        return 0;
    }
    matrix.n_complete++;
    inputs = cr_matrix_row(&matrix.inputs, row);
    for (size_t i = 0; i < N_INPUTS; i++) {
        if (matrix.compared[i] && !(fabs(inputs[i] - wanted[i]) <= matrix.tolerance[i])) {
            fail_msg("%s:%zu: %s is %.17g, ours %.17g", csv->file, csv->line,
                     cr_pipeline_input(matrix.pipeline, i)->name, wanted[i], inputs[i]);
        }
    }
    return 0;
}

static void test_inputs_agree(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *path = cr_reference_unpack(ours.folder, dir, "X_train.csv");
    CR_CLEANUP(cr_freep) size_t *rows = calloc(N_LOANS, sizeof(*rows));
    ptrdiff_t set = cr_portfolio_find_set(ours.portfolio, "application");
    struct cr_pipeline_options options = {(size_t)set, true, false, NULL};
    struct cr_csv_options csv_options = {0};
    struct cr_error err;

    (void)state;
    assert_true(set >= 0 && rows != NULL);
    for (size_t i = 0; i < N_LOANS; i++) {
        rows[i] = i;
    }
    cr_assert_ok(cr_pipeline_fit(ours.portfolio, &options, &ours.extract.frame,
                                 ours.extract.first_feature, rows, N_LOANS, &matrix.pipeline, &err),
                 &err);
    cr_assert_ok(cr_pipeline_apply_frame(matrix.pipeline, &ours.extract.frame,
                                         ours.extract.first_feature, rows, N_LOANS, &matrix.inputs,
                                         &err),
                 &err);
    cr_assert_ok(cr_csv_read(path, &csv_options, compare_inputs, NULL, &err), &err);
    print_message("%zu inputs of %zu loans compared\n", matrix.n_compared, matrix.n_complete);
    assert_int_equal(matrix.n_compared, N_COMPARED);
    assert_int_equal(matrix.n_rows, N_TRAINING);
    assert_int_equal(matrix.n_complete, N_COMPLETE_TRAINING);
    cr_matrix_finish(&matrix.inputs);
    cr_pipeline_destroy(matrix.pipeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_agree),
        cmocka_unit_test(test_inputs_agree),
    };

    ours.folder = cr_reference_folder_or_skip();
    return cmocka_run_group_tests(tests, setup, teardown);
}
