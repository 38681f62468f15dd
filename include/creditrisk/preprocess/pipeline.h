// SPDX-License-Identifier: MIT
/* Pipeline: feature row → model input. Indicator, impute, encode, scale; everything learnt
 * (medians, modes, spreads) is in here and travels in pipeline.json. Immutable after fit or load
 * and safe to share between threads.
 *
 * Inputs, in this order: every numeric, ordinal and flag feature of the set in the catalogue's
 * order; the missing indicators; the one-hot columns of the nominal features, each in the order of
 * its levels. */
#ifndef CREDITRISK_PREPROCESS_PIPELINE_H
#define CREDITRISK_PREPROCESS_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/frame.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/util/value.h"

struct cr_pipeline;

enum cr_input_kind { CR_INPUT_VALUE, CR_INPUT_INDICATOR, CR_INPUT_LEVEL };

struct cr_input {
    const char *name; /* "age", "education_is_missing", "gender_Female" */
    size_t feature;   /* index in the portfolio's catalogue */
    enum cr_input_kind kind;
    size_t level; /* CR_INPUT_LEVEL: index into the feature's levels; else 0 */
};

struct cr_pipeline_options {
    size_t set;             /* index of the feature set */
    bool include_protected; /* keep features marked `prohibited` */
    bool scale;             /* for the logistic model */
    const bool *excluded; /* n_features: leave these out, too; NULL = none. For comparisons: such a
                             pipeline cannot be saved. Must outlive it. */
};

/* Learns from the given rows (indices into `features`, whose columns first_feature… are the
 * catalogue's; n_rows > 0). CR_EINVAL when the set leaves no input or a number is too large to be
 * averaged, CR_ENOMEM. Yours: cr_pipeline_destroy. The portfolio must outlive it. */
int cr_pipeline_fit(const struct cr_portfolio *portfolio, const struct cr_pipeline_options *options,
                    const struct cr_frame *features, size_t first_feature, const size_t *rows,
                    size_t n_rows, struct cr_pipeline **ret_pipeline, struct cr_error *err);
void cr_pipeline_destroy(struct cr_pipeline *pipeline);

static inline void cr_pipeline_destroyp(struct cr_pipeline **pipeline)
{
    cr_pipeline_destroy(*pipeline);
}

size_t cr_pipeline_n_inputs(const struct cr_pipeline *pipeline);

/* Input i of [0, n_inputs); borrowed. */
const struct cr_input *cr_pipeline_input(const struct cr_pipeline *pipeline, size_t i);

/* The set it was fitted for. Borrowed. */
const struct cr_pipeline_options *cr_pipeline_options(const struct cr_pipeline *pipeline);

/* Whether the feature belongs to the inputs. */
bool cr_pipeline_uses(const struct cr_pipeline *pipeline, size_t feature);

/* row[0..n_features) → inputs[0..n_inputs). A text that is no level of a nominal feature gives all
 * zeros, of an ordinal one −1; unknown (may be NULL), an array of n_features, then has its
 * feature's flag set; no flag is ever cleared. Returns how many such texts there are. The same row
 * gives the same bits alone or in a batch. */
size_t cr_pipeline_apply(const struct cr_pipeline *pipeline, const struct cr_value *row,
                         double *inputs, bool *unknown);

/* The chosen rows of a frame, through cr_pipeline_apply; *ret_inputs is n_rows × n_inputs and
 * yours: cr_matrix_finish. */
int cr_pipeline_apply_frame(const struct cr_pipeline *pipeline, const struct cr_frame *features,
                            size_t first_feature, const size_t *rows, size_t n_rows,
                            struct cr_matrix *ret_inputs, struct cr_error *err);

/* Cells among them that hold an undeclared value: a text that is no level of its feature. */
size_t cr_pipeline_count_unknown(const struct cr_pipeline *pipeline,
                                 const struct cr_frame *features, size_t first_feature,
                                 const size_t *rows, size_t n_rows);

/* Features that had no value in the rows of the fit, as indices in the catalogue: numbers impute 0,
 * texts the first level; the report says so. Count in *ret_n; borrowed. */
const size_t *cr_pipeline_empty_features(const struct cr_pipeline *pipeline, size_t *ret_n);

/* pipeline.json, of which a version has at most 16 MiB. Loading refuses (CR_EMODEL) whatever is not
 * a pipeline of this portfolio's catalogue: bad JSON, other features or inputs, numbers that are
 * not finite, spreads that are not positive. What was loaded applies bit for bit as what was saved.
 */
int cr_pipeline_save(const struct cr_pipeline *pipeline, struct cr_strbuf *out,
                     struct cr_error *err);
int cr_pipeline_load(const struct cr_portfolio *portfolio, const char *text, size_t len,
                     struct cr_pipeline **ret_pipeline, struct cr_error *err);

#endif
