// SPDX-License-Identifier: MIT
/* Train: what the trainers share: the list of them, their parameters, checks of the data. */
#ifndef CREDITRISK_SRC_MODEL_TRAIN_H
#define CREDITRISK_SRC_MODEL_TRAIN_H

#include <stdbool.h>

#include "creditrisk/model/trainer.h"

extern const struct cr_trainer cr_logistic_trainer;
extern const struct cr_trainer cr_gbm_trainer;
extern const struct cr_trainer cr_lightgbm_trainer;
extern const struct cr_trainer cr_xgboost_trainer;

/* One parameter that a trainer knows: a number within [min, max], or (above_min) within
 * (min, max]; or, where texts is given, one of these texts, read as its index; or (or_number)
 * either, the text read as −1 − its index. */
struct cr_param_spec {
    const char *name;
    double fallback; /* when it is not given */
    double min;
    double max;
    bool above_min;
    bool integer;
    const char *const *texts; /* NULL-terminated */
    bool or_number;
};

/* values[i] gets the value of the trainer's params[i]. CR_EINVAL for a parameter that is unknown,
 * given twice or out of range. */
int cr_train_read_params(const struct cr_trainer *trainer, const struct cr_fit_options *options,
                         double *values, struct cr_error *err);

/* CR_EINVAL unless x is finite and y is 0 or 1, CR_EMODEL unless both outcomes occur. */
int cr_train_check_data(const struct cr_fit_data *data, struct cr_error *err);

#endif
