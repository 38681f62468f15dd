// SPDX-License-Identifier: MIT
/* The logistic trainer against scikit-learn (golden/logistic.json) and the conditions of a minimum,
 * and the file it writes. */
#include <jansson.h>
#include <math.h>
#include <pthread.h>

#include "cr_golden.h"
#include "cr_test.h"
#include "creditrisk/model/trainer.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "model_data.h"

enum { N_ROWS = 1500, N_COLS = 12 };

static struct model_data data;

/* Dependent columns, then every column with mean 0 and deviation 1, as the pipeline would give. */
static int setup(void **state)
{
    (void)state;
    model_data_init(&data, N_ROWS, N_COLS, 3);
    for (size_t i = 0; i < N_ROWS; i++) {
        double *row = data.x + i * N_COLS;

        row[8] = row[0] + row[4];
        row[10] = 1.0 - row[2];
        row[11] = 5.0; /* constant: it becomes 0 */
    }
    for (size_t j = 0; j < N_COLS; j++) {
        double sum = 0.0, squares = 0.0, sd;

        for (size_t i = 0; i < N_ROWS; i++) {
            sum += data.x[i * N_COLS + j];
        }
        for (size_t i = 0; i < N_ROWS; i++) {
            squares += pow(data.x[i * N_COLS + j] - sum / N_ROWS, 2);
        }
        sd = squares > 0.0 ? sqrt(squares / N_ROWS) : 1.0;
        for (size_t i = 0; i < N_ROWS; i++) {
            data.x[i * N_COLS + j] = (data.x[i * N_COLS + j] - sum / N_ROWS) / sd;
        }
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    model_data_finish(&data);
    return 0;
}

static void fit(const struct cr_fit_data *rows, const char *penalty, double c,
                struct cr_strbuf *out)
{
    const struct cr_param params[] = {{"penalty", {NAN, penalty}}, {"C", {c, NULL}}};
    const struct cr_fit_options options = {params, 2, 1, false};
    struct cr_error err;

    cr_assert_ok(cr_trainer_fit(cr_trainer_find("logistic"), rows, &options, out, &err), &err);
}

/* One entry of "fits" of the golden file. */
static void check_golden(const json_t *golden, const struct cr_fit_data *rows)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    const json_t *weights = json_object_get(golden, "weights");
    const struct cr_linear *linear;
    struct cr_model *model;

    fit(rows, json_string_value(json_object_get(golden, "penalty")),
        json_number_value(json_object_get(golden, "C")), &file);
    model = model_data_load("logistic", &file, rows->n_cols);
    linear = model->ops->linear(model);
    assert_int_equal(json_array_size(weights), linear->n);
    for (size_t j = 0; j < linear->n; j++) {
        cr_assert_close(linear->weights[j], json_number_value(json_array_get(weights, j)), 1e-4);
    }
    cr_assert_close(linear->intercept, json_number_value(json_object_get(golden, "intercept")),
                    1e-4);
    cr_model_destroy(model);
}

static void read_rows(const json_t *set, struct model_data *rows)
{
    const json_t *x = json_object_get(set, "x"), *y = json_object_get(set, "y");
    size_t n_rows = json_array_size(x), n_cols = json_array_size(json_array_get(x, 0));

    rows->x = malloc(n_rows * n_cols * sizeof(*rows->x));
    rows->y = malloc(n_rows * sizeof(*rows->y));
    assert_true(rows->x != NULL && rows->y != NULL);
    for (size_t i = 0; i < n_rows; i++) {
        for (size_t j = 0; j < n_cols; j++) {
            rows->x[i * n_cols + j] = json_number_value(json_array_get(json_array_get(x, i), j));
        }
        rows->y[i] = json_number_value(json_array_get(y, i));
    }
    rows->fit = (struct cr_fit_data){rows->x, rows->y, n_rows, n_cols, model_data_names()};
}

static void coefficients_equal_scikit_learn(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *golden = cr_golden_load("logistic.json");
    size_t n = 0;

    (void)state;
    for (size_t s = 0; s < json_array_size(json_object_get(golden, "sets")); s++) {
        const json_t *set = json_array_get(json_object_get(golden, "sets"), s);
        const json_t *fits = json_object_get(set, "fits");
        struct model_data rows;

        read_rows(set, &rows);
        for (size_t k = 0; k < json_array_size(fits); k++, n++) {
            check_golden(json_array_get(fits, k), &rows.fit);
        }
        model_data_finish(&rows);
    }
    assert_int_equal(n, 8);
}

/* ∂/∂w_j of the loss alone (j < d) or ∂/∂b (j = d), straight from the definition. */
static double derivative(const struct cr_linear *linear, size_t j)
{
    long double sum = 0.0L;
    double n_outcome[2] = {0, 0};

    for (size_t i = 0; i < N_ROWS; i++) {
        n_outcome[(int)data.y[i]]++;
    }
    for (size_t i = 0; i < N_ROWS; i++) {
        const double *row = data.x + i * N_COLS;
        long double sign = data.y[i] == 1.0 ? 1.0L : -1.0L;
        long double z = linear->intercept;

        for (size_t k = 0; k < N_COLS; k++) {
            z += (long double)linear->weights[k] * row[k];
        }
        sum += -sign / (1.0L + expl(sign * z)) * (j < N_COLS ? row[j] : 1.0) /
               (2.0 * n_outcome[(int)data.y[i]]);
    }
    return (double)sum;
}

static void check_optimum(const char *penalty, double c)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    const struct cr_linear *linear;
    struct cr_model *model;
    double lambda = 1.0 / (c * N_ROWS);

    fit(&data.fit, penalty, c, &file);
    model = model_data_load("logistic", &file, N_COLS);
    linear = model->ops->linear(model);
    for (size_t j = 0; j < N_COLS; j++) {
        double w = linear->weights[j], slope = derivative(linear, j);

        if (strcmp(penalty, "l2") == 0) {
            cr_assert_close(slope, -lambda * w, 1e-6);
        } else if (w != 0.0) {
            cr_assert_close(slope, -copysign(lambda, w), 1e-6);
        } else {
            assert_true(fabs(slope) <= lambda + 1e-6);
        }
    }
    cr_assert_close(derivative(linear, N_COLS), 0.0, 1e-6);
    cr_assert_close(linear->weights[11], 0.0, 0.0);
    cr_model_destroy(model);
}

static void all_fits_fulfil_the_conditions_of_a_minimum(void **state)
{
    static const double cs[] = {.001, .01, .1, .5, 1, 5, 10};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cs); i++) {
        check_optimum("l1", cs[i]);
        check_optimum("l2", cs[i]);
    }
}

static void the_file_holds_the_model(void **state)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
    CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
    struct cr_model *model;
    struct cr_error err;
    double margin = 0.0;

    (void)state;
    fit(&data.fit, "l1", .1, &file);
    cr_assert_ok(cr_json_parse("model.json", file.data, file.len, &json, &err), &err);
    assert_string_equal(json_string_value(json_object_get(json, "kind")), "logistic");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "params"), "penalty")), "l1");
    assert_int_equal(json_array_size(json_object_get(json, "inputs")), N_COLS);
    model = model_data_load("logistic", &file, N_COLS);
    assert_string_equal(model->ops->display_name, "Logistic_Regression");
    assert_true(model->ops->scaled_input);
    for (size_t j = 0; j < N_COLS; j++) {
        const struct cr_linear *linear = model->ops->linear(model);

        cr_assert_same(linear->weights[j],
                       json_number_value(json_array_get(json_object_get(json, "weights"), j)));
        cr_assert_close(linear->means[j], 0.0, 1e-12);
        margin += linear->weights[j] * data.x[j];
    }
    margin += model->ops->linear(model)->intercept;
    cr_assert_close(cr_model_margin(model, data.x), margin, 1e-12);
    cr_model_destroy(model);
}

static void *fit_in_thread(void *file)
{
    fit(&data.fit, "l1", .5, file);
    return NULL;
}

static void same_data_same_bytes_in_any_thread(void **state)
{
    struct cr_strbuf files[3] = {CR_STRBUF_INIT, CR_STRBUF_INIT, CR_STRBUF_INIT};
    pthread_t threads[2];

    (void)state;
    fit(&data.fit, "l1", .5, &files[2]);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, fit_in_thread, &files[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(files[i].len, files[2].len);
        assert_memory_equal(files[i].data, files[2].data, files[2].len);
    }
    for (size_t i = 0; i < 3; i++) {
        cr_strbuf_finish(&files[i]);
    }
}

static void unusable_data_and_parameters_are_refused(void **state)
{
    static double x[] = {1, 2, NAN, 4}, y[] = {0, 1, 0, 1}, ones[] = {1, 1}, odd[] = {0, 2};
    static const struct cr_param l3[] = {{"penalty", {NAN, "l3"}}}, zero[] = {{"C", {0, NULL}}},
                                 number[] = {{"penalty", {2, NULL}}};
    const char *const *names = model_data_names();
    const struct {
        struct cr_fit_data rows;
        struct cr_fit_options options;
        int result;
        const char *message;
    } cases[] = {
        {{x, y, 4, 1, names}, {0}, CR_EINVAL, "training row 2: input 'x0' is not finite"},
        {{x, odd, 2, 1, names}, {0}, CR_EINVAL, "training row 1: the outcome is '2', not 0 or 1"},
        {{x, ones, 2, 1, names}, {0}, CR_EMODEL, "the 2 training rows have one outcome only"},
        {{x, y, 0, 1, names}, {0}, CR_EINVAL, "cannot train on 0 rows of 1 inputs"},
        {{x, y, 2, 1, names},
         {l3, 1, 0, false},
         CR_EINVAL,
         "parameter 'penalty' of logistic must be one of l1, l2, not 'l3'"},
        {{x, y, 2, 1, names},
         {number, 1, 0, false},
         CR_EINVAL,
         "parameter 'penalty' of logistic must be one of l1, l2, not '2'"},
        {{x, y, 2, 1, names},
         {zero, 1, 0, false},
         CR_EINVAL,
         "parameter 'C' of logistic must be a number above 0 and at most 1000000, not '0'"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
        struct cr_error err = {0};

        assert_int_equal(cr_trainer_fit(cr_trainer_find("logistic"), &cases[i].rows,
                                        &cases[i].options, &file, &err),
                         cases[i].result);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(file.len, 0);
    }
}

static const char good[] = "{\"format\":1,\"kind\":\"logistic\",\"inputs\":[\"x0\",\"x1\"],"
                           "\"weights\":[0.5,-1],\"means\":[0.1,0],\"intercept\":-2.5,"
                           "\"params\":{\"penalty\":\"l2\",\"C\":1.0}}";

static int load(const char *bytes, size_t len, struct cr_model **ret_model, struct cr_error *err)
{
    return cr_model_load("logistic", bytes, len, model_data_names(), 2, ret_model, err);
}

static void hostile_files_are_refused(void **state)
{
    static const struct {
        const char *find;
        const char *by;
        const char *message;
    } cases[] = {
        {"\"format\":1", "\"format\":2", "unknown format '2'"},
        {"\"format\":1", "\"format\":\"1\"", "'format' is not a number"},
        {"\"logistic\"", "\"linear\"", "kind is 'linear', not 'logistic'"},
        {"\"x1\"]", "\"x2\"]", "input 1 is 'x2' where the pipeline has 'x1'"},
        {"[\"x0\",\"x1\"]", "[\"x0\"]", "has 1 inputs, the pipeline makes 2"},
        {"[0.5,-1]", "[0.5]", "'weights' has 1 numbers for 2 inputs"},
        {"[0.5,-1]", "[0.5,-1,2]", "'weights' has 3 numbers for 2 inputs"},
        {"[0.5,-1]", "[0.5,null]", "'weights'[1] is not a finite number"},
        {"[0.5,-1]", "[0.5,\"1\"]", "'weights'[1] is not a finite number"},
        {"[0.5,-1]", "[0.5,1e999]", "real number overflow"},
        {"[0.1,0]", "{}", "'means' is not an array"},
        {"-2.5", "null", "'intercept' is not a number"},
        {"{\"penalty\":\"l2\",\"C\":1.0}", "[]", "'params' is not an object"},
        {"\"kind\"", "\"king\"", "'kind' is missing"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf file = CR_STRBUF_INIT;
        const char *place = strstr(good, cases[i].find);
        struct cr_model *model = NULL;
        struct cr_error err = {0};

        assert_non_null(place);
        cr_strbuf_append(&file, good, (size_t)(place - good));
        cr_strbuf_puts(&file, cases[i].by);
        cr_strbuf_puts(&file, place + strlen(cases[i].find));
        assert_true(load(file.data, file.len, &model, &err) < 0 && model == NULL);
        if (strstr(err.message, cases[i].message) == NULL) {
            fail_msg("'%s', not '%s'", err.message, cases[i].message);
        }
    }
}

static void no_damage_is_fatal(void **state)
{
    static const double x[2] = {1.0, -1.0};
    size_t n_refused = 0;

    (void)state;
    for (size_t i = 0; i < strlen(good); i++) {
        for (int pattern = 1; pattern < 256; pattern++) {
            CR_CLEANUP(cr_freep) char *copy = malloc(strlen(good));
            struct cr_model *model = NULL;
            struct cr_error err = {0};

            assert_non_null(copy);
            memcpy(copy, good, strlen(good));
            copy[i] = (char)(good[i] ^ pattern);
            if (load(copy, strlen(good), &model, &err) < 0) {
                n_refused++;
            } else {
                assert_true(isfinite(cr_model_margin(model, x)));
            }
            cr_model_destroy(model);
        }
    }
    assert_true(n_refused > 200 * strlen(good));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coefficients_equal_scikit_learn),
        cmocka_unit_test(all_fits_fulfil_the_conditions_of_a_minimum),
        cmocka_unit_test(the_file_holds_the_model),
        cmocka_unit_test(same_data_same_bytes_in_any_thread),
        cmocka_unit_test(unusable_data_and_parameters_are_refused),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(no_damage_is_fatal),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
