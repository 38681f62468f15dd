// SPDX-License-Identifier: MIT
/* The search: every candidate of every model is fitted fold by fold on the same prepared data,
 * scored by AUC-ROC on the rows it has not seen, and raced (race.c). A task is one candidate, or a
 * chain of candidates that start where the one before ended; tasks run on any number of threads
 * without changing a bit. */
#include "search.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/parallel.h"

/* Prepared data of one model and fold; a thread takes one and gives it back. */
struct pool {
    pthread_mutex_t mutex;
    struct cr_prepared **spare;
    size_t n_spare;
};

struct task {
    struct cr_run_model *model;
    struct pool *pool;
    size_t *candidates; /* indices, in the order of their fits */
    size_t n;
};

/* All tasks of one fold. */
struct heat {
    struct cr_run *run;
    struct cr_fold *fold;
    struct pool *pools; /* n_models */
    struct task *tasks;
    size_t n_tasks;
    char best[48]; /* ", mean AUC 0.8412 (xgboost)" of the best over the folds before, and over this
                      one, too, once it is done; "" before the first is */
};

static int take(struct heat *heat, const struct task *task, struct cr_prepared **ret_prepared,
                struct cr_error *err)
{
    struct pool *pool = task->pool;
    pthread_mutex_lock(&pool->mutex);
    struct cr_prepared *prepared = pool->n_spare > 0 ? pool->spare[--pool->n_spare] : NULL;
    pthread_mutex_unlock(&pool->mutex);
    if (prepared != NULL) {
        *ret_prepared = prepared;
        return 0;
    }
    const struct cr_fold_inputs *inputs = &heat->fold->inputs[task->model->ops->scaled_input];
    const struct cr_fit_data data = {inputs->seen.values, heat->fold->seen_y, inputs->seen.n_rows,
                                     inputs->seen.n_cols, inputs->names};
    return task->model->trainer->prepare(&data, ret_prepared, err);
}

/* There are never more prepared data than tasks, which is what the pool has room for. */
static void give(const struct task *task, struct cr_prepared *prepared)
{
    pthread_mutex_lock(&task->pool->mutex);
    task->pool->spare[task->pool->n_spare++] = prepared;
    pthread_mutex_unlock(&task->pool->mutex);
}

/* What looks on at one fit. */
struct onlooker {
    const double *y;
    size_t n;
    double *margins; /* n, of the last look */
    double auc;      /* of the last look */
    struct cr_rounds rounds;
    struct cr_error err;
    int result;
};

static bool look(void *context, size_t n_rounds, const double *margins)
{
    struct onlooker *onlooker = context;
    memcpy(onlooker->margins, margins, onlooker->n * sizeof *margins);
    onlooker->result =
        cr_metrics_auc(margins, onlooker->y, onlooker->n, &onlooker->auc, &onlooker->err);
    return onlooker->result != 0 || cr_rounds_look(&onlooker->rounds, n_rounds, onlooker->auc);
}

/* The rounds at which the first fold stopped hold from there on. */
static void decide_rounds(struct cr_candidate *candidate, size_t stopped_at)
{
    struct cr_param *rounds = cr_candidate_param(candidate, "n_estimators");
    if (rounds != NULL && stopped_at > 0 && (double)stopped_at < rounds->value.number) {
        candidate->n_estimators_asked = rounds->value.number;
        rounds->value.number = (double)stopped_at;
    }
}

bool cr_search_is_race(const struct cr_run *run)
{
    return !run->options->no_search && !run->options->exhaustive &&
           run->split.n_train >= CR_SEARCH_MIN_ROWS;
}

static bool is_raced(const struct cr_run *run, const struct cr_run_model *model)
{
    return model->n_candidates > 1 && cr_search_is_race(run);
}

/* 0 = it may not be stopped. Only a candidate whose rounds are a parameter can carry the stop to
 * the other folds. */
static size_t patience_of(const struct heat *heat, const struct cr_run_model *model,
                          const struct cr_candidate *candidate)
{
    const struct cr_param *rate = cr_candidate_param(candidate, "learning_rate");
    if (heat->fold->index > 0 || !is_raced(heat->run, model) ||
        cr_candidate_param(candidate, "n_estimators") == NULL) {
        return 0;
    }
    return rate == NULL ? CR_ROUNDS_MIN_PATIENCE : cr_rounds_patience(rate->value.number);
}

static int fit_candidate(const struct heat *heat, const struct task *task,
                         struct cr_prepared *prepared, struct cr_candidate *candidate,
                         struct cr_error *err)
{
    const struct cr_fold *fold = heat->fold;
    const struct cr_fold_inputs *inputs = &fold->inputs[task->model->ops->scaled_input];
    CR_CLEANUP(cr_freep) double *margins = calloc(fold->n_held_out, sizeof *margins);
    if (margins == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the margins of a fold");
    }
    size_t patience = patience_of(heat, task->model, candidate);
    struct onlooker onlooker = {
        .y = fold->held_out_y,
        .n = fold->n_held_out,
        .margins = margins,
        .rounds = {.patience = patience},
    };
    const struct cr_fit_watch watch = {inputs->held_out.values, fold->n_held_out,
                                       patience > 0 ? CR_SEARCH_EVERY : 0, look, &onlooker};
    const struct cr_fit_options options = {candidate->params, candidate->n_params,
                                           heat->run->options->seed, task->model->n_candidates > 1};
    int64_t start = cr_clock_ns();
    int result = task->model->trainer->fit(prepared, &options, &watch, NULL, err);
    if (result == 0 && onlooker.result != 0) {
        *err = onlooker.err;
        result = onlooker.result;
    }
    if (result != 0) {
        return result;
    }
    candidate->seconds += (double)(cr_clock_ns() - start) / 1e9;
    decide_rounds(candidate, onlooker.rounds.stopped_at);
    candidate->fold_auc[fold->index] = onlooker.auc;
    candidate->n_seen = fold->index + 1;
    for (size_t i = 0; i < fold->n_held_out; i++) {
        candidate->oof_raw[fold->held_out[i]] = margins[i];
    }
    return 0;
}

static void tell(const struct heat *heat, size_t n_fits)
{
    char note[64];
    snprintf(note, sizeof note, "fold %zu of %zu%s", heat->fold->index + 1,
             heat->run->split.n_folds, heat->best);
    cr_progress_advance(heat->run->progress, n_fits, note);
}

static int run_task(size_t index, void *context, struct cr_error *err)
{
    struct heat *heat = context;
    const struct task *task = &heat->tasks[index];
    struct cr_prepared *prepared = NULL;
    int result = take(heat, task, &prepared, err);
    for (size_t i = 0; result == 0 && i < task->n; i++) {
        if (cr_run_is_cancelled(heat->run)) {
            result = cr_error_set(err, CR_EUNAVAIL, "interrupted");
        } else {
            result = fit_candidate(heat, task, prepared,
                                   &task->model->candidates[task->candidates[i]], err);
        }
        tell(heat, 1);
    }
    if (prepared != NULL) {
        give(task, prepared);
    }
    return result;
}

/* Whether two candidates differ in the warm parameter only. */
static bool is_same_chain(const struct cr_candidate *a, const struct cr_candidate *b,
                          const char *warm_param)
{
    for (size_t i = 0; i < a->n_params; i++) {
        const struct cr_value x = a->params[i].value;
        const struct cr_value y = b->params[i].value;
        bool is_equal = x.text != NULL && y.text != NULL ? strcmp(x.text, y.text) == 0
                                                         : x.text == y.text && x.number == y.number;
        if (!is_equal && strcmp(a->params[i].name, warm_param) != 0) {
            return false;
        }
    }
    return true;
}

static double warm_value(const struct task *task, size_t i)
{
    const struct cr_candidate *candidate = &task->model->candidates[task->candidates[i]];
    const struct cr_param *param = cr_candidate_param(candidate, task->model->trainer->warm_param);
    return param == NULL ? 0 : param->value.number;
}

/* Keeps a chain in ascending order of its warm parameter. */
static void insert_in_order(struct task *task, size_t candidate)
{
    size_t place = task->n++;
    task->candidates[place] = candidate;
    for (; place > 0 && warm_value(task, place - 1) > warm_value(task, place); place--) {
        size_t swap = task->candidates[place];
        task->candidates[place] = task->candidates[place - 1];
        task->candidates[place - 1] = swap;
    }
}

static int add_candidate(struct heat *heat, size_t first_task, struct cr_run_model *model,
                         struct pool *pool, size_t candidate, struct cr_error *err)
{
    const char *warm_param = model->trainer->warm_param;
    for (size_t t = first_task; warm_param != NULL && t < heat->n_tasks; t++) {
        struct task *task = &heat->tasks[t];
        if (is_same_chain(&model->candidates[candidate], &model->candidates[task->candidates[0]],
                          warm_param)) {
            insert_in_order(task, candidate);
            return 0;
        }
    }
    struct task *task = &heat->tasks[heat->n_tasks++];
    *task = (struct task){model, pool, calloc(model->n_candidates, sizeof(size_t)), 1};
    if (task->candidates == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the search");
    }
    task->candidates[0] = candidate;
    return 0;
}

static size_t n_running(const struct cr_run *run)
{
    size_t n = 0;
    for (size_t m = 0; m < run->n_models; m++) {
        for (size_t i = 0; i < run->models[m].n_candidates; i++) {
            n += run->models[m].candidates[i].dropped_after == 0;
        }
    }
    return n;
}

/* The slower models come last in a run; they begin first, so that the threads end together. */
static int make_tasks(struct heat *heat, struct cr_error *err)
{
    struct cr_run *run = heat->run;
    heat->tasks = calloc(n_running(run) + 1, sizeof *heat->tasks);
    heat->pools = calloc(run->n_models, sizeof *heat->pools);
    if (heat->tasks == NULL || heat->pools == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the search");
    }
    for (size_t m = run->n_models; m-- > 0;) {
        struct cr_run_model *model = &run->models[m];
        struct pool *pool = &heat->pools[m];
        size_t first_task = heat->n_tasks;
        pthread_mutex_init(&pool->mutex, NULL);
        pool->spare = calloc(model->n_candidates, sizeof(struct cr_prepared *));
        if (pool->spare == NULL) {
            return cr_error_set(err, CR_ENOMEM, "out of memory for the search");
        }
        for (size_t i = 0; i < model->n_candidates; i++) {
            int result = model->candidates[i].dropped_after > 0
                             ? 0
                             : add_candidate(heat, first_task, model, pool, i, err);
            if (result != 0) {
                return result;
            }
        }
    }
    return 0;
}

static void finish_heat(struct heat *heat)
{
    for (size_t m = 0; heat->pools != NULL && m < heat->run->n_models; m++) {
        struct pool *pool = &heat->pools[m];
        for (size_t i = 0; i < pool->n_spare; i++) {
            heat->run->models[m].trainer->release(pool->spare[i]);
        }
        free(pool->spare);
        pthread_mutex_destroy(&pool->mutex);
    }
    for (size_t t = 0; t < heat->n_tasks; t++) {
        free(heat->tasks[t].candidates);
    }
    free(heat->pools);
    free(heat->tasks);
}

/* Who leads, for people who wait. */
static void describe_best(const struct cr_run *run, char *text, size_t size)
{
    double best = 0;
    text[0] = '\0';
    for (size_t m = 0; m < run->n_models; m++) {
        for (size_t i = 0; i < run->models[m].n_candidates; i++) {
            const struct cr_candidate *candidate = &run->models[m].candidates[i];
            double mean = cr_candidate_mean(candidate);
            if (candidate->dropped_after == 0 && mean > best) {
                best = mean;
                snprintf(text, size, ", mean AUC %.4f (%s)", best, run->models[m].ops->kind);
            }
        }
    }
}

/* After a fold that is not the last. The folds that the dropped ones will not see count as done. */
static void drop_losers(struct cr_run *run, const struct cr_fold *fold)
{
    size_t n_before = n_running(run);
    size_t n_seen = fold->index + 1;
    double n_bad = 0;
    for (size_t i = 0; i < fold->n_held_out; i++) {
        n_bad += fold->held_out_y[i];
    }
    for (size_t m = 0; m < run->n_models; m++) {
        if (is_raced(run, &run->models[m])) {
            cr_race_drop(&run->models[m], n_seen, n_bad, (double)fold->n_held_out - n_bad);
        }
    }
    size_t n_dropped = n_before - n_running(run);
    cr_progress_advance(run->progress, n_dropped * (run->split.n_folds - n_seen), NULL);
}

static int run_fold(struct cr_run *run, size_t index, struct cr_error *err)
{
    struct cr_fold fold = {0};
    struct heat heat = {.run = run, .fold = &fold};
    describe_best(run, heat.best, sizeof heat.best);
    int result = cr_fold_make(run, index, &fold, err);
    if (result == 0) {
        result = make_tasks(&heat, err);
    }
    if (result == 0) {
        result = cr_parallel_for(heat.n_tasks, run->options->jobs, run_task, &heat, err);
    }
    if (result == 0) {
        describe_best(run, heat.best, sizeof heat.best);
        tell(&heat, 0);
    }
    if (result == 0 && index + 1 < run->split.n_folds) {
        drop_losers(run, &fold);
    }
    finish_heat(&heat);
    cr_fold_finish(&fold);
    return result;
}

/* The best mean of those that saw all folds; the first drawn on ties. */
static void choose(struct cr_run_model *model)
{
    double best = -1;
    for (size_t i = 0; i < model->n_candidates; i++) {
        const struct cr_candidate *candidate = &model->candidates[i];
        if (candidate->dropped_after == 0 && cr_candidate_mean(candidate) > best) {
            best = cr_candidate_mean(candidate);
            model->best = candidate;
        }
    }
}

int cr_search_run(struct cr_run *run, struct cr_error *err)
{
    int result = 0;
    run->progress =
        cr_progress_create("search", n_running(run) * run->split.n_folds, run->options->quiet);
    for (size_t fold = 0; result == 0 && fold < run->split.n_folds; fold++) {
        result = run_fold(run, fold, err);
    }
    cr_progress_destroy(run->progress);
    run->progress = NULL;
    for (size_t m = 0; result == 0 && m < run->n_models; m++) {
        choose(&run->models[m]);
    }
    return result;
}
