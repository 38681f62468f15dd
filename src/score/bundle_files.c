// SPDX-License-Identifier: MIT
#include "bundle_files.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/archive.h"
#include "creditrisk/registry/artifact.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

enum {
    MAX_PIPELINE_LEN = 16 << 20,
    MAX_CALIBRATION_LEN = 4096,
};

_Static_assert(CR_MODEL_MAX_BYTES <= CR_ARCHIVE_MAX_FILE_BYTES, "what can be served can travel");

int cr_bundle_refuse(const char *name, const struct cr_error *cause, struct cr_error *err)
{
    int code = cr_artifact_code(cause->code);

    return strstr(cause->message, name) != NULL
               ? cr_error_set(err, code, "%s", cause->message)
               : cr_error_set(err, code, "%s: %s", name, cause->message);
}

int cr_bundle_read_file(const char *dir, const char *name, size_t max_len, char **ret_text,
                        size_t *ret_len, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
    struct cr_error cause;

    if (path == NULL) {
        return cr_error_no_memory(err);
    }
    return cr_fs_read(path, max_len, ret_text, ret_len, &cause) == 0
               ? 0
               : cr_bundle_refuse(name, &cause, err);
}

static int read_manifest(struct cr_bundle *bundle, const char **ret_kind, struct cr_error *err)
{
    static const char name[] = CR_ARTIFACT_MANIFEST;
    const json_t *model = NULL;
    struct cr_error cause;
    int r = cr_json_get_object(bundle->manifest, "model", name, &model, &cause);

    if (r == 0) {
        r = cr_json_get_string(model, "kind", name, ret_kind, &cause);
    }
    if (r == 0) {
        r = cr_json_get_string(model, "name", name, &bundle->model_name, &cause);
    }
    if (r == 0) {
        r = cr_json_get_number(bundle->manifest, "optimal_threshold", name, false,
                               &bundle->threshold, &cause);
    }
    if (r < 0) {
        return cr_bundle_refuse(name, &cause, err);
    }
    if (!(bundle->threshold > 0.0 && bundle->threshold < 1.0)) {
        return cr_error_set(err, CR_EMODEL, "%s: optimal_threshold '%g' is not between 0 and 1",
                            name, bundle->threshold);
    }
    return 0;
}

static int read_portfolio(struct cr_bundle *bundle, const char *dir, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, "portfolio");
    const char *name = NULL;
    struct cr_error cause;

    if (path == NULL) {
        return cr_error_no_memory(err);
    }
    if (cr_json_get_string(bundle->manifest, "portfolio", CR_ARTIFACT_MANIFEST, &name, &cause) <
        0) {
        return cr_bundle_refuse(CR_ARTIFACT_MANIFEST, &cause, err);
    }
    return cr_portfolio_load(path, name, &bundle->portfolio, &cause) == 0
               ? 0
               : cr_bundle_refuse("portfolio", &cause, err);
}

static int read_pipeline(struct cr_bundle *bundle, const char *dir, bool scaled,
                         struct cr_error *err)
{
    static const char name[] = "pipeline.json";
    CR_CLEANUP(cr_freep) char *text = NULL;
    struct cr_error cause;
    size_t len;
    int r = cr_bundle_read_file(dir, name, MAX_PIPELINE_LEN, &text, &len, err);

    if (r < 0) {
        return r;
    }
    if (cr_pipeline_load(bundle->portfolio, text, len, &bundle->pipeline, &cause) < 0) {
        return cr_bundle_refuse(name, &cause, err);
    }
    if (cr_pipeline_options(bundle->pipeline)->scale != scaled) {
        return cr_error_set(err, CR_EMODEL, "%s: it %s, the model wants it the other way", name,
                            scaled ? "does not scale" : "scales");
    }
    return 0;
}

static int read_calibration(struct cr_bundle *bundle, const char *dir, struct cr_error *err)
{
    static const char name[] = "calibration.json";
    CR_CLEANUP(cr_freep) char *text = NULL;
    struct cr_error cause;
    size_t len;
    int r = cr_bundle_read_file(dir, name, MAX_CALIBRATION_LEN, &text, &len, err);

    if (r < 0) {
        return r;
    }
    return cr_calibrate_load(text, len, &bundle->calibration, &cause) == 0
               ? 0
               : cr_bundle_refuse(name, &cause, err);
}

static int read_model(struct cr_bundle *bundle, const char *dir, const struct cr_model_ops *ops,
                      struct cr_error *err)
{
    size_t n_inputs = cr_pipeline_n_inputs(bundle->pipeline);
    CR_CLEANUP(cr_freep) char *text = NULL;
    CR_CLEANUP(cr_freep) const char **names = calloc(n_inputs + 1, sizeof(*names));
    struct cr_error cause;
    size_t len;
    int r = names == NULL
                ? cr_error_no_memory(err)
                : cr_bundle_read_file(dir, ops->file_name, CR_MODEL_MAX_BYTES, &text, &len, err);

    if (r < 0) {
        return r;
    }
    for (size_t i = 0; i < n_inputs; i++) {
        names[i] = cr_pipeline_input(bundle->pipeline, i)->name;
    }
    r = cr_model_load(ops->kind, text, len, names, n_inputs, &bundle->model, &cause);
    if (r < 0) {
        return cr_bundle_refuse(ops->file_name, &cause, err);
    }
    if (bundle->model->n_inputs != n_inputs) {
        return cr_error_set(err, CR_EMODEL, "%s: it has %zu inputs, pipeline.json has %zu",
                            ops->file_name, bundle->model->n_inputs, n_inputs);
    }
    return 0;
}

int cr_bundle_read_files(struct cr_bundle *bundle, const char *dir, struct cr_error *err)
{
    const struct cr_model_ops *ops = NULL;
    const char *kind = NULL;
    int r = read_manifest(bundle, &kind, err);

    if (r == 0) {
        ops = cr_model_find(kind);
        r = ops != NULL ? 0
                        : cr_error_set(err, CR_EMODEL, "%s: model kind '%s' is unknown",
                                       CR_ARTIFACT_MANIFEST, kind);
    }
    if (r == 0) {
        r = read_portfolio(bundle, dir, err);
    }
    if (r == 0) {
        r = read_pipeline(bundle, dir, ops->scaled_input, err);
    }
    if (r == 0) {
        r = read_calibration(bundle, dir, err);
    }
    return r < 0 ? r : read_model(bundle, dir, ops, err);
}
