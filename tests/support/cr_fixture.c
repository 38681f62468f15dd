// SPDX-License-Identifier: MIT
#include "cr_fixture.h"

#include "cr_test.h"
#include "creditrisk/book/generate.h"
#include "creditrisk/model/calibrate.h"
#include "creditrisk/model/model.h"
#include "creditrisk/model/trainer.h"
#include "creditrisk/preprocess/pipeline.h"
#include "creditrisk/score/selftest.h"
#include "creditrisk/store/migrate.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/frame.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

static struct cr_db *open_book(void)
{
    struct cr_db *db = NULL;
    struct cr_error err;

    cr_assert_ok(cr_db_open("sqlite::memory:", true, &db, &err), &err);
    return db;
}

static void generate_book(struct cr_db *db, const struct cr_portfolio *portfolio,
                          size_t n_customers, size_t n_loans)
{
    const struct cr_generate_options options = {
        .n_customers = n_customers,
        .n_loans = n_loans,
        .seed = 42,
        .mode = CR_IMPORT_EMPTY,
        .quiet = true,
    };
    CR_CLEANUP(cr_freep) char *migrations = cr_test_path("migrations");
    struct cr_migration_report migrated;
    struct cr_generate_report generated;
    struct cr_error err;

    cr_assert_ok(cr_migrate_up(db, migrations, &migrated, &err), &err);
    cr_assert_ok(cr_generate_book(db, portfolio, &options, &generated, &err), &err);
}

/* Everything but portfolio and book. */
static void read_book(struct cr_fixture *fixture, struct cr_db *db)
{
    size_t n_rows;
    struct cr_error err;

    cr_assert_ok(cr_extract_book(db, fixture->portfolio, &fixture->extract, &err), &err);
    n_rows = fixture->extract.frame.n_rows;
    fixture->records = calloc(n_rows, sizeof(*fixture->records));
    fixture->rows = calloc(n_rows, sizeof(*fixture->rows));
    assert_non_null(fixture->records);
    assert_non_null(fixture->rows);
    for (size_t row = 0; row < n_rows; row++) {
        struct cr_record record;

        cr_assert_ok(cr_extract_record(&fixture->extract, fixture->portfolio, row, &fixture->arena,
                                       &record, &err),
                     &err);
        if (cr_record_is_sendable(fixture->portfolio, &record)) {
            fixture->rows[fixture->n_records] = row;
            fixture->records[fixture->n_records++] = record;
        }
    }
    assert_true(fixture->n_records > CR_FIXTURE_GOLDEN);
    fixture->registry_dir = cr_test_tempdir();
    cr_assert_ok(cr_registry_open(fixture->registry_dir, NULL, true, &fixture->registry, &err),
                 &err);
}

static void load_portfolio(struct cr_fixture *fixture, const char *folder)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path(folder);
    struct cr_error err;

    *fixture = (struct cr_fixture){.n_trees = CR_FIXTURE_TREES};
    cr_assert_ok(cr_portfolio_load(path, NULL, &fixture->portfolio, &err), &err);
}

void cr_fixture_init(struct cr_fixture *fixture)
{
    cr_fixture_init_sized(fixture, CR_FIXTURE_CUSTOMERS, CR_FIXTURE_LOANS);
}

void cr_fixture_init_sized(struct cr_fixture *fixture, size_t n_customers, size_t n_loans)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = open_book();

    load_portfolio(fixture, "config/portfolios/retail");
    generate_book(db, fixture->portfolio, n_customers, n_loans);
    read_book(fixture, db);
}

void cr_fixture_init_small(struct cr_fixture *fixture)
{
    CR_CLEANUP(cr_db_closep) struct cr_db *db = open_book();
    CR_CLEANUP(cr_freep) char *folder = cr_test_path("tests/support/small");
    size_t len;
    CR_CLEANUP(cr_freep) char *sql = cr_fixture_read(folder, "book.sql", &len);
    struct cr_error err;

    load_portfolio(fixture, "tests/support/small");
    cr_assert_ok(cr_db_exec(db, sql, &err), &err);
    read_book(fixture, db);
}

void cr_fixture_finish(struct cr_fixture *fixture)
{
    cr_registry_close(fixture->registry);
    free(fixture->registry_dir);
    free(fixture->rows);
    free(fixture->records);
    cr_arena_finish(&fixture->arena);
    cr_extract_finish(&fixture->extract);
    cr_portfolio_destroy(fixture->portfolio);
}

char *cr_fixture_read(const char *dir, const char *name, size_t *ret_len)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
    char *text = NULL;
    struct cr_error err;

    assert_non_null(path);
    cr_assert_ok(cr_fs_read(path, CR_MODEL_MAX_BYTES, &text, ret_len, &err), &err);
    return text;
}

void cr_fixture_write(const char *dir, const char *name, const char *data, size_t len)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
    struct cr_error err;

    assert_non_null(path);
    cr_assert_ok(cr_fs_write(path, data, len, &err), &err);
}

/* Also empties the buffer. */
static void write_buffer(const char *dir, const char *name, struct cr_strbuf *text)
{
    struct cr_error err;

    cr_assert_ok(cr_strbuf_check(text, &err), &err);
    cr_fixture_write(dir, name, cr_strbuf_text(text), text->len);
    cr_strbuf_reset(text);
}

static char *make_folder(const char *dir, const char *name)
{
    char *path = cr_fs_join(dir, name);
    struct cr_error err;

    cr_assert_ok(cr_fs_mkdirs(path, &err), &err);
    return path;
}

static void write_portfolio(const struct cr_portfolio *portfolio, const char *dir)
{
    CR_CLEANUP(cr_freep) char *folder = make_folder(dir, "portfolio");

    for (size_t i = 0; i < portfolio->n_files; i++) {
        cr_fixture_write(folder, portfolio->files[i].name, portfolio->files[i].data,
                         portfolio->files[i].len);
    }
}

/* All rows of the book: the fixture needs a model, not a good one. */
struct training {
    const struct cr_model_ops *ops;
    struct cr_pipeline *pipeline;
    struct cr_matrix x;
    size_t *rows;
    size_t n;
    const double *y;
    const char **names;
};

static void training_init(struct training *training, const struct cr_fixture *fixture,
                          const char *kind)
{
    const struct cr_extract *extract = &fixture->extract;
    const struct cr_model_ops *ops = cr_model_find(kind);
    const struct cr_pipeline_options options = {.scale = ops->scaled_input};
    struct cr_error err;

    *training = (struct training){.ops = ops, .n = extract->frame.n_rows};
    training->rows = calloc(training->n, sizeof(*training->rows));
    assert_non_null(training->rows);
    for (size_t i = 0; i < training->n; i++) {
        training->rows[i] = i;
    }
    training->y = extract->frame.columns[extract->col_outcome].numbers;
    cr_assert_ok(cr_pipeline_fit(fixture->portfolio, &options, &extract->frame,
                                 extract->first_feature, training->rows, training->n,
                                 &training->pipeline, &err),
                 &err);
    cr_assert_ok(cr_pipeline_apply_frame(training->pipeline, &extract->frame,
                                         extract->first_feature, training->rows, training->n,
                                         &training->x, &err),
                 &err);
    training->names = calloc(training->x.n_cols, sizeof(*training->names));
    assert_non_null(training->names);
    for (size_t i = 0; i < training->x.n_cols; i++) {
        training->names[i] = cr_pipeline_input(training->pipeline, i)->name;
    }
}

static void training_finish(struct training *training)
{
    cr_pipeline_destroy(training->pipeline);
    cr_matrix_finish(&training->x);
    free(training->rows);
    free(training->names);
}

/* Fits the model into `file` and its calibration on the same rows. */
static struct cr_calibration fit_model(const struct training *training, size_t n_trees,
                                       struct cr_strbuf *file)
{
    static const struct cr_param logistic[] = {{"penalty", {NAN, "l2"}}, {"C", {0.1, NULL}}};
    const struct cr_param trees[] = {{"n_estimators", {(double)n_trees, NULL}},
                                     {"max_depth", {3, NULL}},
                                     {"learning_rate", {0.1, NULL}}};
    bool is_logistic = strcmp(training->ops->kind, "logistic") == 0;
    const struct cr_fit_options options = {
        .params = is_logistic ? logistic : trees,
        .n_params = is_logistic ? CR_ARRAY_LEN(logistic) : CR_ARRAY_LEN(trees),
        .seed = 42,
    };
    const struct cr_fit_data data = {training->x.values, training->y, training->n,
                                     training->x.n_cols, training->names};
    const struct cr_trainer *trainer = cr_trainer_find(training->ops->kind);
    CR_CLEANUP(cr_model_destroyp) struct cr_model *model = NULL;
    CR_CLEANUP(cr_freep) double *raw = calloc(training->n, sizeof(*raw));
    struct cr_calibration calibration = {0};
    struct cr_error err;

    assert_non_null(trainer);
    assert_non_null(raw);
    cr_assert_ok(cr_trainer_fit(trainer, &data, &options, file, &err), &err);
    cr_assert_ok(cr_model_load(training->ops->kind, file->data, file->len, training->names,
                               training->x.n_cols, &model, &err),
                 &err);
    for (size_t i = 0; i < training->n; i++) {
        raw[i] = cr_model_margin(model, cr_matrix_row(&training->x, i));
    }
    cr_assert_ok(cr_calibrate_fit(raw, training->y, training->n, &calibration, &err), &err);
    return calibration;
}

static void write_learnt(const struct cr_fixture *fixture, const char *kind, const char *dir)
{
    CR_CLEANUP(training_finish) struct training training;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_calibration calibration;
    struct cr_error err;

    training_init(&training, fixture, kind);
    calibration = fit_model(&training, fixture->n_trees, &text);
    write_buffer(dir, training.ops->file_name, &text);
    cr_assert_ok(cr_calibrate_save(&calibration, &text, &err), &err);
    write_buffer(dir, "calibration.json", &text);
    cr_assert_ok(cr_pipeline_save(training.pipeline, &text, &err), &err);
    write_buffer(dir, "pipeline.json", &text);
}

static void write_golden(const struct cr_fixture *fixture, const char *dir, const json_t *manifest)
{
    CR_CLEANUP(cr_bundle_unrefp) struct cr_bundle *bundle = NULL;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_error err;

    cr_assert_ok(cr_bundle_assemble(dir, manifest, 1, &bundle, &err), &err);
    cr_assert_ok(cr_selftest_write(bundle, fixture->records, CR_FIXTURE_GOLDEN, &text, &err), &err);
    write_buffer(dir, "golden.jsonl", &text);
}

char *cr_fixture_stage(struct cr_fixture *fixture, const char *kind, json_t **ret_manifest)
{
    static const char margins[] = "loan_id,fold,is_default,raw_margin,pd\n1,0,0,-1.5,0.2\n";
    const struct cr_model_ops *ops = cr_model_find(kind);
    json_t *manifest = NULL;
    char *dir = NULL;
    struct cr_error err;

    assert_non_null(ops);
    manifest = json_pack("{s:s, s:{s:s, s:s}, s:f}", "portfolio", fixture->portfolio->name, "model",
                         "kind", ops->kind, "name", ops->display_name, "optimal_threshold", 0.11);
    assert_non_null(manifest);
    cr_assert_ok(cr_registry_stage(fixture->registry, &dir, &err), &err);
    write_portfolio(fixture->portfolio, dir);
    write_learnt(fixture, kind, dir);
    cr_fixture_write(dir, "oof.csv", margins, strlen(margins));
    cr_fixture_write(dir, "test.csv", margins, strlen(margins));
    free(make_folder(dir, "report"));
    cr_fixture_write(dir, "report/report.json", "{}\n", 3);
    write_golden(fixture, dir, manifest);
    *ret_manifest = manifest;
    return dir;
}

char *cr_fixture_publish(struct cr_fixture *fixture, const char *kind)
{
    const struct cr_registry_actor actor = {"fixture", ""};
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_stage(fixture, kind, &manifest);
    char *version = NULL;
    struct cr_error err;

    cr_assert_ok(cr_registry_publish(fixture->registry, fixture->portfolio->name, dir, manifest,
                                     &actor, &version, &err),
                 &err);
    return version;
}

void cr_fixture_promote(struct cr_fixture *fixture, const char *version)
{
    const struct cr_registry_actor actor = {"fixture", ""};
    struct cr_error err;

    cr_assert_ok(cr_registry_promote(fixture->registry, fixture->portfolio->name, version, NULL,
                                     &actor, NULL, &err),
                 &err);
}

int cr_fixture_set_up(void **state)
{
    static struct cr_fixture fixture;

    cr_fixture_init(&fixture);
    *state = &fixture;
    return 0;
}

int cr_fixture_tear_down(void **state)
{
    cr_fixture_finish(*state);
    return 0;
}

char *cr_fixture_dir(const struct cr_fixture *fixture, const char *version)
{
    char *dir = NULL;
    struct cr_error err;

    cr_assert_ok(cr_registry_path(fixture->registry, fixture->portfolio->name, version, &dir, &err),
                 &err);
    return dir;
}

struct cr_bundle *cr_fixture_load(struct cr_fixture *fixture, const char *version,
                                  size_t n_contexts)
{
    struct cr_bundle *bundle = NULL;
    struct cr_error err;

    cr_assert_ok(cr_bundle_load(fixture->registry, fixture->portfolio->name, version, n_contexts,
                                &bundle, &err),
                 &err);
    return bundle;
}
