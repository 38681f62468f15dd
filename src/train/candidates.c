// SPDX-License-Identifier: MIT
/* The candidates of a search: points of the grid that search.yaml spans, drawn without repetition.
 */
#include "search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/rng.h"

/* Streams of the seed from here on belong to the draws, one per kind. */
enum { STREAM_DRAWS = 200 };

/* The kind's place among all kinds, not among those of the run: its draws are the same whatever
 * else is trained. */
static uint64_t draw_stream(const struct cr_model_ops *ops)
{
    size_t n_kinds;
    const struct cr_model_ops *const *kinds = cr_model_kinds(&n_kinds);
    size_t place = 0;
    while (place < n_kinds && kinds[place] != ops) {
        place++;
    }
    return STREAM_DRAWS + place;
}

/* Points of the grid; SIZE_MAX when they are too many to count. */
static size_t grid_size(const struct cr_model_search *search)
{
    size_t size = 1;
    for (size_t i = 0; i < search->n_spaces; i++) {
        if (__builtin_mul_overflow(size, search->spaces[i].n, &size)) {
            return SIZE_MAX;
        }
    }
    return size;
}

static int make_room(struct cr_candidate *candidate, size_t n_params, const struct cr_split *split,
                     struct cr_error *err)
{
    candidate->params = calloc(n_params + 1, sizeof *candidate->params);
    candidate->fold_auc = calloc(split->n_folds, sizeof *candidate->fold_auc);
    candidate->oof_raw = calloc(split->n_train, sizeof *candidate->oof_raw);
    if (candidate->params == NULL || candidate->fold_auc == NULL || candidate->oof_raw == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a candidate");
    }
    candidate->n_params = n_params;
    return 0;
}

/* Parameters of the grid's point `index`; the last space varies fastest. */
static void set_point(struct cr_candidate *candidate, const struct cr_model_search *search,
                      size_t index)
{
    for (size_t i = search->n_spaces; i-- > 0;) {
        const struct cr_param_space *space = &search->spaces[i];
        candidate->params[i] = (struct cr_param){space->name, space->values[index % space->n]};
        index /= space->n;
    }
}

static bool is_drawn(const size_t *drawn, size_t n, size_t index)
{
    for (size_t i = 0; i < n; i++) {
        if (drawn[i] == index) {
            return true;
        }
    }
    return false;
}

static int draw(struct cr_run_model *model, const struct cr_run *run, struct cr_error *err)
{
    const struct cr_model_search *search = model->search;
    size_t grid = grid_size(search);
    bool is_whole = search->draws >= grid;
    size_t n = is_whole ? grid : search->draws;
    struct cr_rng rng;
    cr_rng_init(&rng, run->options->seed, draw_stream(model->ops));
    CR_CLEANUP(cr_freep) size_t *drawn = calloc(n + 1, sizeof *drawn);
    model->candidates = calloc(n + 1, sizeof *model->candidates);
    if (drawn == NULL || model->candidates == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for %zu candidates", n);
    }
    for (size_t i = 0; i < n; i++) {
        do {
            drawn[i] = is_whole ? i : (size_t)cr_rng_below(&rng, grid);
        } while (is_drawn(drawn, i, drawn[i]));
        struct cr_candidate *candidate = &model->candidates[model->n_candidates++];
        int result = make_room(candidate, search->n_spaces, &run->split, err);
        if (result != 0) {
            return result;
        }
        set_point(candidate, search, drawn[i]);
    }
    return 0;
}

/* Without a search the one candidate has search.yaml's fixed parameters. */
static int take_fixed(struct cr_run_model *model, const struct cr_run *run, struct cr_error *err)
{
    const struct cr_model_search *search = model->search;
    model->candidates = calloc(1, sizeof *model->candidates);
    if (model->candidates == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for a candidate");
    }
    model->n_candidates = 1;
    int result = make_room(&model->candidates[0], search->n_fixed, &run->split, err);
    if (result == 0) {
        memcpy(model->candidates[0].params, search->fixed, search->n_fixed * sizeof *search->fixed);
    }
    return result;
}

/* Whether a kind's candidates are drawn, or its one has the fixed parameters. */
static bool draws(const struct cr_run *run, const struct cr_model_search *search)
{
    return !run->options->no_search && search->n_spaces > 0;
}

int cr_candidates_make(struct cr_run *run, struct cr_error *err)
{
    for (size_t m = 0; m < run->n_models; m++) {
        struct cr_run_model *model = &run->models[m];
        int result =
            draws(run, model->search) ? draw(model, run, err) : take_fixed(model, run, err);
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

void cr_candidate_finish(struct cr_candidate *candidate)
{
    free(candidate->params);
    free(candidate->fold_auc);
    free(candidate->oof_raw);
    *candidate = (struct cr_candidate){0};
}

struct cr_param *cr_candidate_param(const struct cr_candidate *candidate, const char *name)
{
    for (size_t i = 0; i < candidate->n_params; i++) {
        if (strcmp(candidate->params[i].name, name) == 0) {
            return &candidate->params[i];
        }
    }
    return NULL;
}

json_t *cr_candidate_to_json(const struct cr_candidate *candidate)
{
    json_t *params = json_object();
    for (size_t i = 0; i < candidate->n_params; i++) {
        const struct cr_param *param = &candidate->params[i];
        json_t *value = param->value.text != NULL ? json_string(param->value.text)
                                                  : cr_json_number(param->value.number);
        if (json_object_set_new(params, param->name, value) != 0) {
            json_decref(params);
            return NULL;
        }
    }
    return params;
}

double cr_candidate_mean(const struct cr_candidate *candidate)
{
    double sum = 0;
    for (size_t f = 0; f < candidate->n_seen; f++) {
        sum += candidate->fold_auc[f];
    }
    return candidate->n_seen == 0 ? 0 : sum / (double)candidate->n_seen;
}
