// SPDX-License-Identifier: MIT
#include "cr_batch.h"

#include <math.h>

#include "cr_test.h"
#include "creditrisk/features/engine.h"
#include "creditrisk/features/extract.h"
#include "creditrisk/preprocess/pipeline.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

enum { MAX_PIPELINES = 4, MAX_FEATURES = 256 };

/* A batch and what is needed to repeat it row by row: each set, unscaled and scaled. */
struct batch {
    const struct cr_portfolio *portfolio;
    struct cr_extract extract;
    size_t n_pipelines;
    struct cr_pipeline *pipelines[MAX_PIPELINES];
    struct cr_matrix inputs[MAX_PIPELINES];
    struct cr_engine *engine;
    size_t row; /* being compared */
};

static struct batch batch;

static void add_pipeline(size_t set, bool scale, const size_t *rows)
{
    struct cr_pipeline_options options = {set, true, scale, NULL};
    size_t n = batch.extract.frame.n_rows;
    size_t i = batch.n_pipelines++;
    struct cr_error err;

    assert_true(i < MAX_PIPELINES);
    cr_assert_ok(cr_pipeline_fit(batch.portfolio, &options, &batch.extract.frame,
                                 batch.extract.first_feature, rows, n, &batch.pipelines[i], &err),
                 &err);
    cr_assert_ok(cr_pipeline_apply_frame(batch.pipelines[i], &batch.extract.frame,
                                         batch.extract.first_feature, rows, n, &batch.inputs[i],
                                         &err),
                 &err);
}

static void batch_init(const struct cr_portfolio *portfolio, struct cr_db *db)
{
    CR_CLEANUP(cr_freep) size_t *rows = NULL;
    struct cr_error err;

    batch = (struct batch){.portfolio = portfolio};
    cr_assert_ok(cr_extract_book(db, portfolio, &batch.extract, &err), &err);
    cr_assert_ok(cr_engine_create(portfolio, &batch.engine, &err), &err);
    rows = calloc(batch.extract.frame.n_rows, sizeof(*rows));
    assert_non_null(rows);
    for (size_t i = 0; i < batch.extract.frame.n_rows; i++) {
        rows[i] = i;
    }
    for (size_t set = 0; set < portfolio->n_sets; set++) {
        add_pipeline(set, false, rows);
        add_pipeline(set, true, rows);
    }
    assert_int_equal(batch.inputs[0].n_cols, 66);
    assert_int_equal(batch.inputs[2].n_cols, 80);
}

static void batch_finish(void)
{
    for (size_t i = 0; i < batch.n_pipelines; i++) {
        cr_pipeline_destroy(batch.pipelines[i]);
        cr_matrix_finish(&batch.inputs[i]);
    }
    cr_engine_destroy(batch.engine);
    cr_extract_finish(&batch.extract);
}

static void compare_features(const struct cr_value *row)
{
    struct cr_value wanted[MAX_FEATURES];

    cr_extract_row(&batch.extract, batch.portfolio, batch.row, wanted);
    for (size_t i = 0; i < batch.portfolio->n_features; i++) {
        cr_assert_same(row[i].number, wanted[i].number);
        assert_int_equal(row[i].text == NULL, wanted[i].text == NULL);
        if (row[i].text != NULL) {
            assert_string_equal(row[i].text, wanted[i].text);
        }
    }
}

/* The record through engine and pipelines against the batch's row. */
static void compare(const struct cr_record *record, struct cr_arena *arena)
{
    struct cr_value row[MAX_FEATURES];
    double inputs[MAX_FEATURES];
    struct cr_error err;

    assert_true(batch.portfolio->n_features <= MAX_FEATURES);
    cr_assert_ok(cr_engine_row(batch.engine, record, arena, row, &err), &err);
    compare_features(row);
    for (size_t i = 0; i < batch.n_pipelines; i++) {
        size_t n = batch.inputs[i].n_cols;

        assert_true(n <= MAX_FEATURES);
        (void)cr_pipeline_apply(batch.pipelines[i], row, inputs, NULL);
        for (size_t k = 0; k < n; k++) {
            cr_assert_same(inputs[k], cr_matrix_row(&batch.inputs[i], batch.row)[k]);
        }
    }
}

/* The same record as a client would send it. */
static void compare_json(const struct cr_record *record, struct cr_arena *arena)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = cr_record_to_json(batch.portfolio, record);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_record again;
    struct cr_issues issues = {0};
    struct cr_error err;

    assert_non_null(json);
    cr_json_write(json, false, &text);
    cr_assert_ok(cr_strbuf_check(&text, &err), &err);
    cr_assert_ok(
        cr_record_from_json(batch.portfolio, text.data, text.len, arena, &again, &issues, &err),
        &err);
    if (issues.n > 0) {
        fail_msg("%s: %s: %s", issues.items[0].field, cr_issue_type_name(issues.items[0].type),
                 text.data);
    }
    compare(&again, arena);
}

size_t cr_batch_compare(const struct cr_portfolio *portfolio, struct cr_db *db)
{
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    size_t n_unsendable = 0;
    size_t n_json = 0;

    batch_init(portfolio, db);
    for (batch.row = 0; batch.row < batch.extract.frame.n_rows; batch.row++) {
        struct cr_record record;
        struct cr_error err;

        cr_arena_reset(&arena);
        cr_assert_ok(cr_extract_record(&batch.extract, portfolio, batch.row, &arena, &record, &err),
                     &err);
        compare(&record, &arena);
        if (cr_record_is_sendable(portfolio, &record)) {
            compare_json(&record, &arena);
            n_json++;
        } else {
            n_unsendable++;
        }
    }
    print_message("%zu rows the same, %zu of them through JSON too, %zu not sendable\n", batch.row,
                  n_json, n_unsendable);
    assert_true(batch.row > 0);
    batch_finish();
    return n_json;
}

int cr_batch_say_row(void **state)
{
    (void)state;
    print_message("stopped at row %zu\n", batch.row);
    return 0;
}
