// SPDX-License-Identifier: MIT
#include "params.h"

#include "creditrisk/model/trainer.h"

static int check_param(const struct cr_model_search *search, struct cr_param param,
                       struct cr_error *err)
{
    struct cr_error cause;
    int result = cr_trainer_check_param(search->kind, &param, &cause);
    return result == 0
               ? 0
               : cr_error_at(err, result, "search.yaml", search->line, 0, "%s", cause.message);
}

int cr_params_check_fixed(const struct cr_model_search *search, struct cr_error *err)
{
    int result = 0;
    for (size_t i = 0; i < search->n_fixed && result == 0; i++) {
        result = check_param(search, search->fixed[i], err);
    }
    return result;
}

int cr_params_check_spaces(const struct cr_model_search *search, struct cr_error *err)
{
    int result = 0;
    for (size_t i = 0; i < search->n_spaces && result == 0; i++) {
        const struct cr_param_space *space = &search->spaces[i];
        for (size_t k = 0; k < space->n && result == 0; k++) {
            result = check_param(search, (struct cr_param){space->name, space->values[k]}, err);
        }
    }
    return result;
}
