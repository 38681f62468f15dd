// SPDX-License-Identifier: MIT
#include <math.h>

#include "cr_golden.h"
#include "cr_test.h"
#include "creditrisk/preprocess/pipeline.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

enum { MAX_FEATURES = 32, MAX_LEVELS = 8, MAX_ROWS = 128 };

/* A portfolio that is nothing but a catalogue, and a frame of its columns. */
struct table {
    struct cr_feature features[MAX_FEATURES];
    const char *levels[MAX_FEATURES][MAX_LEVELS];
    struct cr_portfolio portfolio;
    struct cr_frame frame;
    size_t rows[MAX_ROWS]; /* 0, 1, 2, … */
};

static const struct cr_feature_set sets[] = {{"small", "Small", -1}, {"large", "Large", 0}};

static void table_finish(struct table *table)
{
    cr_frame_finish(&table->frame);
}

static void table_init(struct table *table)
{
    memset(table, 0, sizeof(*table));
    table->portfolio = (struct cr_portfolio){
        .name = "tiny", .n_sets = 2, .sets = sets, .features = table->features};
    for (size_t i = 0; i < MAX_ROWS; i++) {
        table->rows[i] = i;
    }
}

static struct cr_feature *add_feature(struct table *table, const char *name, enum cr_kind kind)
{
    struct cr_feature *feature = &table->features[table->portfolio.n_features];
    bool is_text = kind == CR_ORDINAL || kind == CR_NOMINAL;
    struct cr_error err;

    assert_true(table->portfolio.n_features < MAX_FEATURES);
    feature->name = name;
    feature->kind = kind;
    feature->levels.texts = table->levels[table->portfolio.n_features++];
    cr_assert_ok(
        cr_frame_add_column(&table->frame, name, is_text ? CR_COLUMN_TEXT : CR_COLUMN_NUMBER, &err),
        &err);
    return feature;
}

static void add_level(struct table *table, struct cr_feature *feature, const char *text)
{
    assert_true(feature->levels.n < MAX_LEVELS);
    table->levels[feature - table->features][feature->levels.n++] = text;
}

static void add_rows(struct table *table, size_t n)
{
    struct cr_error err;

    assert_true(n <= MAX_ROWS);
    for (size_t i = 0; i < n; i++) {
        cr_assert_ok(cr_frame_add_row(&table->frame, &err), &err);
    }
}

static void set_text(struct table *table, size_t row, size_t col, const char *text)
{
    struct cr_error err;

    cr_assert_ok(cr_frame_set_text(&table->frame, row, col, text, strlen(text), &err), &err);
}

static struct cr_pipeline *fit(struct table *table, size_t set, bool include_protected, bool scale,
                               size_t n_rows)
{
    struct cr_pipeline_options options = {set, include_protected, scale, NULL};
    struct cr_pipeline *pipeline = NULL;
    struct cr_error err;

    cr_assert_ok(cr_pipeline_fit(&table->portfolio, &options, &table->frame, 0, table->rows, n_rows,
                                 &pipeline, &err),
                 &err);
    return pipeline;
}

static void get_row(const struct table *table, size_t row, struct cr_value *cells)
{
    for (size_t i = 0; i < table->portfolio.n_features; i++) {
        cells[i] = cr_frame_get(&table->frame, row, i);
    }
}

/* scikit-learn */

static enum cr_kind kind_of(const char *name)
{
    static const char *const names[] = {"numeric", "ordinal", "nominal", "flag"};
    int kind = 0;

    while (strcmp(names[kind], name) != 0) {
        assert_true(kind < 3);
        kind++;
    }
    return (enum cr_kind)kind;
}

static enum cr_scale scale_of(const char *name)
{
    return strcmp(name, "standard") == 0 ? CR_SCALE_STANDARD
           : strcmp(name, "robust") == 0 ? CR_SCALE_ROBUST
                                         : CR_SCALE_NONE;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    assert_non_null(text);
    return text;
}

static void load_features(struct table *table, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        const json_t *levels = json_object_get(entry, "levels");
        struct cr_feature *feature =
            add_feature(table, text_of(entry, "name"), kind_of(text_of(entry, "kind")));

        feature->scale = scale_of(text_of(entry, "scale"));
        feature->indicator = json_is_true(json_object_get(entry, "indicator"));
        for (size_t k = 0; k < json_array_size(levels); k++) {
            add_level(table, feature, json_string_value(json_array_get(levels, k)));
        }
    }
}

static void load_cells(struct table *table, const json_t *list)
{
    add_rows(table, json_array_size(json_object_get(json_array_get(list, 0), "cells")));
    for (size_t col = 0; col < json_array_size(list); col++) {
        const json_t *cells = json_object_get(json_array_get(list, col), "cells");

        assert_int_equal(json_array_size(cells), table->frame.n_rows);
        for (size_t row = 0; row < json_array_size(cells); row++) {
            const json_t *cell = json_array_get(cells, row);

            if (json_is_string(cell)) {
                set_text(table, row, col, json_string_value(cell));
            } else if (json_is_number(cell)) {
                cr_frame_set_number(&table->frame, row, col, json_number_value(cell));
            }
        }
    }
}

/* Numbers that were not scaled are the same; scaled ones differ by the rounding of sums. */
static size_t compare_case(struct table *table, const json_t *expected)
{
    size_t n_fit = (size_t)json_integer_value(json_object_get(expected, "n_fit"));
    bool scale = json_is_true(json_object_get(expected, "scale"));
    const json_t *names = json_object_get(expected, "names");
    const json_t *rows = json_object_get(expected, "inputs");
    CR_CLEANUP(cr_pipeline_destroyp)
    struct cr_pipeline *pipeline = fit(table, 0, true, scale, n_fit);
    CR_CLEANUP(cr_matrix_finish) struct cr_matrix inputs = {0};
    struct cr_error err;
    size_t n = cr_pipeline_n_inputs(pipeline);

    assert_int_equal(n, json_array_size(names));
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(cr_pipeline_input(pipeline, i)->name,
                            json_string_value(json_array_get(names, i)));
    }
    cr_assert_ok(cr_pipeline_apply_frame(pipeline, &table->frame, 0, table->rows,
                                         table->frame.n_rows, &inputs, &err),
                 &err);
    assert_int_equal(json_array_size(rows), inputs.n_rows);
    for (size_t row = 0; row < inputs.n_rows; row++) {
        for (size_t i = 0; i < n; i++) {
            double wanted = json_number_value(json_array_get(json_array_get(rows, row), i));
            double got = cr_matrix_row(&inputs, row)[i];

            cr_assert_close(got, wanted, scale ? 1e-12 * fmax(1, fabs(wanted)) : 0);
        }
    }
    return inputs.n_rows * n;
}

static void test_scikit_learn(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *golden = cr_golden_load("pipeline.json");
    CR_CLEANUP(table_finish) struct table table;
    const json_t *cases;
    size_t n = 0;

    (void)state;
    table_init(&table);
    load_features(&table, json_object_get(golden, "features"));
    load_cells(&table, json_object_get(golden, "features"));
    cases = json_object_get(golden, "cases");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        n += compare_case(&table, json_array_get(cases, i));
    }
    assert_true(n > 10000);
}

/* Our own rules */

static void test_inputs_of_a_set(void **state)
{
    static const char *const all[] = {"a",   "late", "o",  "c_is_missing", "o_is_missing",
                                      "c_y", "c_x",  "p_u"};
    CR_CLEANUP(table_finish) struct table table;
    struct cr_feature *o, *c, *p, *late;

    (void)state;
    table_init(&table);
    (void)add_feature(&table, "a", CR_NUMERIC);
    c = add_feature(&table, "c", CR_NOMINAL);
    p = add_feature(&table, "p", CR_NOMINAL);
    late = add_feature(&table, "late", CR_FLAG);
    o = add_feature(&table, "o", CR_ORDINAL);
    add_level(&table, c, "y");
    add_level(&table, c, "x");
    add_level(&table, p, "u");
    add_level(&table, o, "l");
    c->indicator = o->indicator = true;
    p->protection = CR_PROHIBITED;
    o->protection = CR_RESTRICTED; /* stays */
    late->set = 1;
    add_rows(&table, 1);
    for (int keep = 0; keep < 2; keep++) {
        for (size_t set = 0; set < 2; set++) {
            CR_CLEANUP(cr_pipeline_destroyp)
            struct cr_pipeline *pipeline = fit(&table, set, keep == 1, false, 1);
            size_t n = 0;

            for (size_t i = 0; i < CR_ARRAY_LEN(all); i++) {
                if ((strcmp(all[i], "late") != 0 || set == 1) &&
                    (strcmp(all[i], "p_u") != 0 || keep == 1)) {
                    assert_true(n < cr_pipeline_n_inputs(pipeline));
                    assert_string_equal(cr_pipeline_input(pipeline, n++)->name, all[i]);
                }
            }
            assert_int_equal(cr_pipeline_n_inputs(pipeline), n);
            assert_int_equal(cr_pipeline_uses(pipeline, 2), keep == 1);
            assert_int_equal(cr_pipeline_uses(pipeline, 3), set == 1);
            assert_int_equal(cr_pipeline_options(pipeline)->set, set);
            assert_int_equal(cr_pipeline_options(pipeline)->include_protected, keep == 1);
        }
    }
    {
        CR_CLEANUP(cr_pipeline_destroyp)
        struct cr_pipeline *pipeline = fit(&table, 1, true, false, 1);
        const struct cr_input *input = cr_pipeline_input(pipeline, 6);

        assert_int_equal(input->kind, CR_INPUT_LEVEL);
        assert_int_equal(input->feature, 1);
        assert_int_equal(input->level, 1);
        assert_int_equal(cr_pipeline_input(pipeline, 3)->kind, CR_INPUT_INDICATOR);
        assert_int_equal(cr_pipeline_input(pipeline, 2)->kind, CR_INPUT_VALUE);
    }
}

static void test_excluded_features(void **state)
{
    CR_CLEANUP(table_finish) struct table table;
    const bool excluded[2] = {false, true};
    struct cr_pipeline_options options = {0, true, false, excluded};
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *pipeline = NULL;
    struct cr_error err;

    (void)state;
    table_init(&table);
    add_feature(&table, "kept", CR_NUMERIC);
    add_feature(&table, "left_out", CR_NUMERIC)->indicator = true;
    add_rows(&table, 1);
    cr_assert_ok(cr_pipeline_fit(&table.portfolio, &options, &table.frame, 0, table.rows, 1,
                                 &pipeline, &err),
                 &err);
    assert_int_equal(cr_pipeline_n_inputs(pipeline), 1);
    assert_string_equal(cr_pipeline_input(pipeline, 0)->name, "kept");
    assert_true(cr_pipeline_uses(pipeline, 0));
    assert_false(cr_pipeline_uses(pipeline, 1));
}

static void test_no_inputs(void **state)
{
    CR_CLEANUP(table_finish) struct table table;
    struct cr_pipeline_options options = {0, false, false, NULL};
    struct cr_pipeline *pipeline = NULL;
    struct cr_error err;

    (void)state;
    table_init(&table);
    add_feature(&table, "a", CR_NUMERIC)->protection = CR_PROHIBITED;
    add_rows(&table, 1);
    assert_int_equal(cr_pipeline_fit(&table.portfolio, &options, &table.frame, 0, table.rows, 1,
                                     &pipeline, &err),
                     CR_EINVAL);
    assert_string_equal(err.message, "feature set 'small' leaves no model input");
    cr_pipeline_destroy(NULL);
}

static void test_unknown_and_missing(void **state)
{
    CR_CLEANUP(table_finish) struct table table;
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *pipeline = NULL;
    struct cr_feature *o, *c;
    struct cr_value cells[3] = {{NAN, "nowhere"}, {NAN, "nothing"}, {INFINITY, NULL}};
    double inputs[4] = {9, 9, 9, 9};
    bool unknown[3] = {false, false, false};
    size_t n_unknown;
    char copy[] = "two"; /* another pointer than the level's */

    (void)state;
    table_init(&table);
    o = add_feature(&table, "o", CR_ORDINAL);
    c = add_feature(&table, "c", CR_NOMINAL);
    (void)add_feature(&table, "n", CR_NUMERIC);
    add_level(&table, o, "one");
    add_level(&table, o, "two");
    add_level(&table, c, "two");
    add_level(&table, c, "one");
    add_rows(&table, 2);
    set_text(&table, 1, 0, "two");
    set_text(&table, 1, 1, "one");
    cr_frame_set_number(&table.frame, 1, 2, 5);
    pipeline = fit(&table, 0, true, false, 2);

    n_unknown = cr_pipeline_apply(pipeline, cells, inputs, unknown);
    cr_assert_same(inputs[0], -1);
    cr_assert_same(inputs[1], 5); /* an infinite number is a missing one */
    cr_assert_same(inputs[2], 0);
    cr_assert_same(inputs[3], 0);
    assert_true(unknown[0] && unknown[1] && !unknown[2]);
    assert_int_equal(n_unknown, 2);

    cells[0].text = cells[1].text = copy;
    cells[2].number = -3;
    assert_int_equal(cr_pipeline_apply(pipeline, cells, inputs, NULL), 0);
    cr_assert_same(inputs[0], 1);
    cr_assert_same(inputs[1], -3);
    cr_assert_same(inputs[2], 1);
    cr_assert_same(inputs[3], 0);

    unknown[0] = unknown[1] = false;
    cells[0].text = cells[1].text = NULL;
    n_unknown = cr_pipeline_apply(pipeline, cells, inputs, unknown);
    cr_assert_same(inputs[0], 1); /* the only level that was seen */
    cr_assert_same(inputs[2], 0);
    cr_assert_same(inputs[3], 1);
    assert_false(unknown[0] || unknown[1] || unknown[2]);
    assert_int_equal(n_unknown, 0);
}

static void test_empty_features(void **state)
{
    CR_CLEANUP(table_finish) struct table table;
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *pipeline = NULL;
    struct cr_feature *o;
    struct cr_value cells[4];
    double inputs[4];
    const size_t *empty;
    size_t n;

    (void)state;
    table_init(&table);
    (void)add_feature(&table, "none", CR_NUMERIC);
    o = add_feature(&table, "unheard", CR_ORDINAL);
    (void)add_feature(&table, "some", CR_NUMERIC);
    (void)add_feature(&table, "flag", CR_FLAG);
    add_level(&table, o, "first");
    add_level(&table, o, "second");
    add_rows(&table, 2);
    set_text(&table, 0, 1, "no level"); /* counts for no mode */
    cr_frame_set_number(&table.frame, 0, 2, 3);
    pipeline = fit(&table, 0, true, true, 2);
    empty = cr_pipeline_empty_features(pipeline, &n);
    assert_int_equal(n, 3);
    assert_int_equal(empty[0], 0);
    assert_int_equal(empty[1], 1);
    assert_int_equal(empty[2], 3);
    get_row(&table, 1, cells);
    assert_int_equal(cr_pipeline_apply(pipeline, cells, inputs, NULL), 0);
    cr_assert_same(inputs[0], 0);
    cr_assert_same(inputs[1], 0);
    cr_assert_same(inputs[2], 3);
    cr_assert_same(inputs[3], 0);
}

/* Cells count, not rows; only the chosen rows and the features that are used. */
static void test_count_unknown(void **state)
{
    static const char *const cells[][3] = {
        {"a", "x", "x"}, {"?", "y", "?"}, {"b", NULL, "x"}, {"?", "z", "x"}, {NULL, "?", "x"}};
    const size_t chosen[] = {0, 1, 3, 3};
    CR_CLEANUP(table_finish) struct table table;
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *pipeline = NULL;
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *whole = NULL;
    struct cr_feature *ordinal;
    struct cr_feature *nominal;
    struct cr_feature *prohibited;

    (void)state;
    table_init(&table);
    ordinal = add_feature(&table, "ordinal", CR_ORDINAL);
    nominal = add_feature(&table, "nominal", CR_NOMINAL);
    prohibited = add_feature(&table, "prohibited", CR_NOMINAL);
    prohibited->protection = CR_PROHIBITED;
    add_level(&table, ordinal, "a");
    add_level(&table, ordinal, "b");
    add_level(&table, nominal, "x");
    add_level(&table, nominal, "y");
    add_level(&table, prohibited, "x");
    add_rows(&table, CR_ARRAY_LEN(cells));
    for (size_t row = 0; row < CR_ARRAY_LEN(cells); row++) {
        for (size_t col = 0; col < 3; col++) {
            if (cells[row][col] != NULL) {
                set_text(&table, row, col, cells[row][col]);
            }
        }
    }
    pipeline = fit(&table, 0, false, false, 5);
    whole = fit(&table, 0, true, false, 5);
    assert_int_equal(cr_pipeline_count_unknown(pipeline, &table.frame, 0, table.rows, 5), 4);
    assert_int_equal(cr_pipeline_count_unknown(whole, &table.frame, 0, table.rows, 5), 5);
    assert_int_equal(cr_pipeline_count_unknown(pipeline, &table.frame, 0, table.rows, 1), 0);
    assert_int_equal(cr_pipeline_count_unknown(pipeline, &table.frame, 0, chosen, 4), 5);
}

static void test_too_large(void **state)
{
    CR_CLEANUP(table_finish) struct table table;
    struct cr_pipeline_options options = {0, false, true, NULL};
    struct cr_pipeline *pipeline = NULL;
    struct cr_error err;

    (void)state;
    table_init(&table);
    add_feature(&table, "huge", CR_NUMERIC)->scale = CR_SCALE_STANDARD;
    add_rows(&table, 2);
    cr_frame_set_number(&table.frame, 0, 0, 1e308);
    cr_frame_set_number(&table.frame, 1, 0, 1.5e308);
    assert_int_equal(cr_pipeline_fit(&table.portfolio, &options, &table.frame, 0, table.rows, 2,
                                     &pipeline, &err),
                     CR_EINVAL);
    assert_string_equal(err.message, "the numbers of feature 'huge' are too large");
}

/* pipeline.json */

static void make_saved(struct table *table, struct cr_strbuf *out)
{
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *pipeline = NULL;
    struct cr_feature *o;
    struct cr_error err;

    table_init(table);
    add_feature(table, "n", CR_NUMERIC)->scale = CR_SCALE_ROBUST;
    o = add_feature(table, "o", CR_ORDINAL);
    add_level(table, o, "low");
    add_level(table, o, "high");
    o->indicator = true;
    (void)add_feature(table, "e", CR_FLAG);
    add_rows(table, 3);
    cr_frame_set_number(&table->frame, 0, 0, 0.1);
    cr_frame_set_number(&table->frame, 1, 0, 0.7);
    set_text(table, 2, 1, "high");
    pipeline = fit(table, 0, false, true, 3);
    cr_assert_ok(cr_pipeline_save(pipeline, out, &err), &err);
}

static const char saved[] = "{\n"
                            "  \"format\": 1,\n"
                            "  \"portfolio\": \"tiny\",\n"
                            "  \"set\": \"small\",\n"
                            "  \"include_protected\": false,\n"
                            "  \"scale\": true,\n"
                            "  \"features\": [\n"
                            "    {\n"
                            "      \"name\": \"n\",\n"
                            "      \"kind\": \"numeric\",\n"
                            "      \"impute\": 0.39999999999999997,\n"
                            "      \"center\": 0.39999999999999997,\n"
                            "      \"spread\": 0.29999999999999993\n"
                            "    },\n"
                            "    {\n"
                            "      \"name\": \"o\",\n"
                            "      \"kind\": \"ordinal\",\n"
                            "      \"impute\": \"high\"\n"
                            "    },\n"
                            "    {\n"
                            "      \"name\": \"e\",\n"
                            "      \"kind\": \"flag\",\n"
                            "      \"impute\": 0.0,\n"
                            "      \"empty\": true\n"
                            "    }\n"
                            "  ],\n"
                            "  \"inputs\": [\n"
                            "    \"n\",\n"
                            "    \"o\",\n"
                            "    \"e\",\n"
                            "    \"o_is_missing\"\n"
                            "  ]\n"
                            "}\n";

static void test_saved_text(void **state)
{
    CR_CLEANUP(table_finish) struct table table;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf again = CR_STRBUF_INIT;
    CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *pipeline = NULL;
    struct cr_error err;
    const size_t *empty;
    size_t n;

    (void)state;
    make_saved(&table, &text);
    assert_string_equal(text.data, saved);
    cr_assert_ok(cr_pipeline_load(&table.portfolio, text.data, text.len, &pipeline, &err), &err);
    cr_assert_ok(cr_pipeline_save(pipeline, &again, &err), &err);
    assert_string_equal(again.data, saved);
    empty = cr_pipeline_empty_features(pipeline, &n);
    assert_int_equal(n, 1);
    assert_int_equal(empty[0], 2);
    assert_false(cr_pipeline_options(pipeline)->include_protected);
    assert_true(cr_pipeline_options(pipeline)->scale);
}

/* saved with its first `from` replaced */
static char *changed(const char *from, const char *to)
{
    const char *at = strstr(saved, from);
    char *text = NULL;

    assert_non_null(at);
    assert_true(asprintf(&text, "%.*s%s%s", (int)(at - saved), saved, to, at + strlen(from)) > 0);
    return text;
}

static void test_refused_texts(void **state)
{
    static const struct {
        const char *from;
        const char *to;
        const char *message; /* behind the file's name */
    } cases[] = {
        {"\"format\": 1", "\"format\": 2", "'format' must be 1"},
        {"\"format\": 1", "\"more\": 1, \"format\": 1", "there must be 7 members"},
        {"\"tiny\"", "\"other\"", "'portfolio' is 'other' where 'tiny' is wanted"},
        {"\"small\"", "\"huge\"", "'set' is 'huge', no feature set of the portfolio"},
        {"\"small\"", "null", "'set' is '', no feature set of the portfolio"},
        {"\"scale\": true", "\"scale\": 1",
         "'include_protected' and 'scale' must be true or false"},
        {"0.29999999999999993", "0", "'spread' of feature 'n' is '0', not positive"},
        {"0.29999999999999993", "-1.5", "'spread' of feature 'n' is '-1.5', not positive"},
        {"0.29999999999999993", "null", "'spread' of feature 'n' must be a finite number"},
        {"0.39999999999999997", "\"0.4\"", "'impute' of feature 'n' must be a finite number"},
        {"\"center\": 0.39999999999999997,", "", "'center' of feature 'n' must be a finite number"},
        {"\"name\": \"n\"", "\"name\": \"m\"",
         "feature 'm' is unknown in features.yaml or not of this set"},
        {"\"name\": \"n\"", "\"name\": \"o\"", "feature 'o' stands where 'n' is wanted"},
        {"\"name\": \"n\"", "\"name\": 1", "entry 1 of 'features' has no name"},
        {"\"numeric\"", "\"flag\"", "feature 'n' is 'flag' but 'numeric' in features.yaml"},
        {"\"high\"", "\"higher\"", "'impute' of feature 'o' must be one of its levels"},
        {"\"high\"", "1", "'impute' of feature 'o' must be one of its levels"},
        {"\"impute\": \"high\"", "\"impute\": \"high\", \"center\": 0",
         "feature 'o' has members that do not belong there"},
        {"\"empty\": true", "\"empty\": false", "'empty' of feature 'e' must be true or absent"},
        {"\"features\": [", "\"features\": [], \"more\": [", "there must be 7 members"},
        {"\"o_is_missing\"", "\"o_missing\"",
         "input 4 is 'o_missing' but 'o_is_missing' by features.yaml"},
        {"\"o_is_missing\"", "\"o_is_missing\", \"x\"", "input 5 is 'x' but '' by features.yaml"},
        {",\n    \"o_is_missing\"", "", "input 4 is '' but 'o_is_missing' by features.yaml"},
    };
    CR_CLEANUP(table_finish) struct table table;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

    (void)state;
    make_saved(&table, &text);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_freep) char *bad = changed(cases[i].from, cases[i].to);
        struct cr_pipeline *pipeline = NULL;
        struct cr_error err = {0};

        assert_int_equal(cr_pipeline_load(&table.portfolio, bad, strlen(bad), &pipeline, &err),
                         CR_EMODEL);
        assert_null(pipeline);
        assert_int_equal(strncmp(err.message, "pipeline.json: ", 15), 0);
        assert_string_equal(err.message + 15, cases[i].message);
    }
}

static void test_refused_json(void **state)
{
    static const char *const texts[] = {
        "", "[]", "{", "null", "\xff", "1e999", "{\"format\": 1e999}", "{\"format\": NaN}"};
    CR_CLEANUP(table_finish) struct table table;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_pipeline *pipeline = NULL;

    (void)state;
    make_saved(&table, &text);
    for (size_t i = 0; i < CR_ARRAY_LEN(texts); i++) {
        struct cr_error err = {0};

        assert_int_equal(
            cr_pipeline_load(&table.portfolio, texts[i], strlen(texts[i]), &pipeline, &err),
            CR_EMODEL);
        assert_int_equal(err.code, CR_EMODEL);
        assert_non_null(strstr(err.message, "pipeline.json"));
    }
    /* cut anywhere before its end, it is refused */
    for (size_t len = 0; len + 2 < text.len; len++) {
        struct cr_error err;

        assert_int_equal(cr_pipeline_load(&table.portfolio, text.data, len, &pipeline, &err),
                         CR_EMODEL);
    }
    assert_null(pipeline);
}

/* A catalogue that changed under the file. */
static void test_another_catalogue(void **state)
{
    CR_CLEANUP(table_finish) struct table table;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_pipeline *pipeline = NULL;
    struct cr_error err;

    (void)state;
    make_saved(&table, &text);
    (void)add_level(&table, &table.features[1], "higher still"); /* changes no input */
    cr_assert_ok(cr_pipeline_load(&table.portfolio, text.data, text.len, &pipeline, &err), &err);
    cr_pipeline_destroy(pipeline);

    table.features[table.portfolio.n_features++] =
        (struct cr_feature){.name = "added", .kind = CR_NUMERIC};
    assert_int_equal(cr_pipeline_load(&table.portfolio, text.data, text.len, &pipeline, &err),
                     CR_EMODEL);
    assert_string_equal(err.message, "pipeline.json: feature 'added' is missing");
    table.portfolio.n_features -= 2;
    assert_int_equal(cr_pipeline_load(&table.portfolio, text.data, text.len, &pipeline, &err),
                     CR_EMODEL);
    assert_string_equal(
        err.message, "pipeline.json: feature 'e' is unknown in features.yaml or not of this set");
}

/* The default portfolio: how many inputs, and that the file survives. */
static void test_retail(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("config/portfolios/retail");
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_frame_finish) struct cr_frame frame = {0};
    static const struct {
        const char *set;
        bool include_protected;
        size_t n_inputs;
    } cases[] = {{"application", true, 66},
                 {"application", false, 59},
                 {"behavioural", true, 80},
                 {"behavioural", false, 73}};
    size_t row = 0;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_portfolio_load(path, NULL, &portfolio, &err), &err);
    for (size_t i = 0; i < portfolio->n_features; i++) {
        const struct cr_feature *feature = &portfolio->features[i];
        bool is_text = feature->kind == CR_ORDINAL || feature->kind == CR_NOMINAL;

        cr_assert_ok(cr_frame_add_column(&frame, feature->name,
                                         is_text ? CR_COLUMN_TEXT : CR_COLUMN_NUMBER, &err),
                     &err);
    }
    cr_assert_ok(cr_frame_add_row(&frame, &err), &err);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        ptrdiff_t set = cr_portfolio_find_set(portfolio, cases[i].set);
        struct cr_pipeline_options options = {(size_t)set, cases[i].include_protected, true, NULL};
        CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *pipeline = NULL;
        CR_CLEANUP(cr_pipeline_destroyp) struct cr_pipeline *again = NULL;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

        assert_true(set >= 0);
        cr_assert_ok(cr_pipeline_fit(portfolio, &options, &frame, 0, &row, 1, &pipeline, &err),
                     &err);
        assert_int_equal(cr_pipeline_n_inputs(pipeline), cases[i].n_inputs);
        cr_assert_ok(cr_pipeline_save(pipeline, &text, &err), &err);
        cr_assert_ok(cr_pipeline_load(portfolio, text.data, text.len, &again, &err), &err);
        assert_int_equal(cr_pipeline_n_inputs(again), cases[i].n_inputs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scikit_learn),        cmocka_unit_test(test_inputs_of_a_set),
        cmocka_unit_test(test_excluded_features),   cmocka_unit_test(test_no_inputs),
        cmocka_unit_test(test_unknown_and_missing), cmocka_unit_test(test_empty_features),
        cmocka_unit_test(test_too_large),           cmocka_unit_test(test_saved_text),
        cmocka_unit_test(test_refused_texts),       cmocka_unit_test(test_refused_json),
        cmocka_unit_test(test_another_catalogue),   cmocka_unit_test(test_retail),
        cmocka_unit_test(test_count_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
