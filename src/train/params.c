// SPDX-License-Identifier: MIT
/* A trainer alone knows its parameters, and refuses one before it fits anything: so it is asked to
 * fit a few rows, and ended at its first round. */
#include "params.h"

#include <stdlib.h>

#include "creditrisk/model/trainer.h"
#include "creditrisk/util/cleanup.h"

/* Of both outcomes, and not to be told apart, for which there is no best logistic model. */
enum { N_ROWS = 4 };
static const double x[N_ROWS] = {0, 0, 1, 1};
static const double y[N_ROWS] = {0, 1, 0, 1};
static const char *const names[] = {"x"};

static bool end_at_once(void *context, size_t n_rounds, const double *margins)
{
    (void)context;
    (void)n_rounds;
    (void)margins;
    return true;
}

/* Whether a model comes of these rows does not matter. */
static int ask(const struct cr_trainer *trainer, struct cr_prepared *prepared,
               const struct cr_model_search *search, const struct cr_param *params, size_t n_params,
               struct cr_error *err)
{
    const struct cr_fit_options options = {.params = params, .n_params = n_params};
    const struct cr_fit_watch watch = {x, N_ROWS, 1, end_at_once, NULL};
    struct cr_error cause;
    int result = trainer->fit(prepared, &options, &watch, NULL, &cause);
    return result == 0 || result == CR_EMODEL
               ? 0
               : cr_error_at(err, result, "search.yaml", search->line, 0, "%s", cause.message);
}

/* *ret_trainer and *ret_prepared are NULL where this program cannot train the kind. */
static int prepare(const struct cr_model_search *search, const struct cr_trainer **ret_trainer,
                   struct cr_prepared **ret_prepared, struct cr_error *err)
{
    const struct cr_fit_data data = {x, y, N_ROWS, 1, names};
    *ret_prepared = NULL;
    *ret_trainer = cr_trainer_find(search->kind);
    return *ret_trainer == NULL ? 0 : (*ret_trainer)->prepare(&data, ret_prepared, err);
}

int cr_params_check_fixed(const struct cr_model_search *search, struct cr_error *err)
{
    const struct cr_trainer *trainer;
    struct cr_prepared *prepared;
    int result = prepare(search, &trainer, &prepared, err);
    if (result == 0 && trainer != NULL) {
        result = ask(trainer, prepared, search, search->fixed, search->n_fixed, err);
        trainer->release(prepared);
    }
    return result;
}

/* As many candidates as have every value in one of them: the k-th of each parameter, or its last.
 */
static int ask_all(const struct cr_trainer *trainer, struct cr_prepared *prepared,
                   const struct cr_model_search *search, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct cr_param *params = calloc(search->n_spaces + 1, sizeof *params);
    if (params == NULL) {
        return cr_error_no_memory(err);
    }
    bool has_more = search->n_spaces > 0;
    int result = 0;
    for (size_t k = 0; has_more && result == 0; k++) {
        has_more = false;
        for (size_t i = 0; i < search->n_spaces; i++) {
            const struct cr_param_space *space = &search->spaces[i];
            bool is_last = k + 1 >= space->n;
            params[i] = (struct cr_param){space->name, space->values[is_last ? space->n - 1 : k]};
            has_more |= !is_last;
        }
        result = ask(trainer, prepared, search, params, search->n_spaces, err);
    }
    return result;
}

int cr_params_check_spaces(const struct cr_model_search *search, struct cr_error *err)
{
    const struct cr_trainer *trainer;
    struct cr_prepared *prepared;
    int result = prepare(search, &trainer, &prepared, err);
    if (result == 0 && trainer != NULL) {
        result = ask_all(trainer, prepared, search, err);
        trainer->release(prepared);
    }
    return result;
}
