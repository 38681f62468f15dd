// SPDX-License-Identifier: MIT
/* The table of kinds. Serving needs no training library, so every kind is in every build. */
#include <assert.h>
#include <string.h>

#include "creditrisk/model/model.h"
#include "creditrisk/util/cleanup.h"
#include "kinds.h"

/* Simplest first: the order breaks ties between equally good models. */
static const struct cr_model_ops *const kinds[] = {
    &cr_logistic_ops,
    &cr_gbm_ops,
    &cr_lightgbm_ops,
    &cr_xgboost_ops,
};

/* A table entry has everything a caller may use without asking. */
static bool is_complete(const struct cr_model_ops *ops)
{
    return ops->kind != NULL && ops->display_name != NULL && ops->file_name != NULL &&
           ops->load != NULL && ops->margin != NULL && ops->destroy != NULL &&
           (ops->linear == NULL) != (ops->forest == NULL);
}

const struct cr_model_ops *cr_model_find(const char *kind)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i]->kind, kind) == 0) {
            assert(is_complete(kinds[i]));
            return kinds[i];
        }
    }
    return NULL;
}

const struct cr_model_ops *const *cr_model_kinds(size_t *ret_n)
{
    *ret_n = CR_ARRAY_LEN(kinds);
    return kinds;
}
