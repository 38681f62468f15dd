// SPDX-License-Identifier: MIT
#include <math.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/slip.h"
#include "train.h"

static const struct cr_trainer *const trainers[] = {
    &cr_logistic_trainer,
    &cr_gbm_trainer,
    &cr_lightgbm_trainer,
    &cr_xgboost_trainer,
};

/* Whether its library is there or not. */
static const struct cr_trainer *find_known(const char *kind)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(trainers); i++) {
        if (strcmp(trainers[i]->kind, kind) == 0) {
            return trainers[i];
        }
    }
    return NULL;
}

const struct cr_trainer *cr_trainer_find(const char *kind)
{
    return cr_trainer_absence(kind) == NULL ? find_known(kind) : NULL;
}

const char *cr_trainer_absence(const char *kind)
{
    const struct cr_trainer *trainer = find_known(kind);

    if (trainer == NULL) {
        return "this program has no trainer of that kind";
    }
    return trainer->absence == NULL ? NULL : trainer->absence();
}

int cr_trainer_fit(const struct cr_trainer *trainer, const struct cr_fit_data *data,
                   const struct cr_fit_options *options, struct cr_strbuf *out,
                   struct cr_error *err)
{
    struct cr_prepared *prepared = NULL;
    int result = trainer->prepare(data, &prepared, err);

    if (result == 0) {
        result = trainer->fit(prepared, options, NULL, out, err);
    }
    trainer->release(prepared);
    return result;
}

/* What it may be: "one of l1, l2", "a number above 0 and at most 1", or either. */
static void describe(const struct cr_param_spec *spec, struct cr_strbuf *out)
{
    for (size_t i = 0; spec->texts != NULL && spec->texts[i] != NULL; i++) {
        cr_strbuf_printf(out, "%s%s", i > 0 ? ", " : "one of ", spec->texts[i]);
    }
    if (spec->texts != NULL) {
        if (!spec->or_number) {
            return;
        }
        cr_strbuf_puts(out, ", or ");
    }
    cr_strbuf_puts(out, spec->integer ? "a whole number" : "a number");
    cr_strbuf_puts(out, spec->above_min ? " above " : " of at least ");
    cr_strbuf_put_double(out, spec->min);
    cr_strbuf_puts(out, " and at most ");
    cr_strbuf_put_double(out, spec->max);
}

static int refuse(const char *kind, const struct cr_param_spec *spec, struct cr_value value,
                  struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf wanted = CR_STRBUF_INIT;
    bool is_text = value.text != NULL;
    char number[CR_NUM_LEN];

    describe(spec, &wanted);
    (void)cr_num_format(value.number, number); /* the length is of no use here */
    return cr_error_set(err, CR_EINVAL, "parameter '%s' of %s must be %s, not %s'%s'", spec->name,
                        kind, cr_strbuf_text(&wanted),
                        is_text && spec->texts == NULL ? "the text " : "",
                        is_text ? value.text : number);
}

static int read_value(const char *kind, const struct cr_param_spec *spec, struct cr_value value,
                      double *ret_value, struct cr_error *err)
{
    double number = value.number;

    if (spec->texts != NULL && !(spec->or_number && value.text == NULL)) {
        for (size_t i = 0; value.text != NULL && spec->texts[i] != NULL; i++) {
            if (strcmp(spec->texts[i], value.text) == 0) {
                *ret_value = spec->or_number ? -1.0 - (double)i : (double)i;
                return 0;
            }
        }
        return refuse(kind, spec, value, err);
    }
    if (value.text != NULL || !(number >= spec->min && number <= spec->max) ||
        (spec->above_min && number <= spec->min) || (spec->integer && number != floor(number))) {
        return refuse(kind, spec, value, err);
    }
    *ret_value = number;
    return 0;
}

/* *ret_place is the parameter's among the trainer's. */
static int read_param(const struct cr_trainer *trainer, const struct cr_param *param,
                      size_t *ret_place, double *ret_value, struct cr_error *err)
{
    const char *likely = NULL;
    char hint[CR_SLIP_HINT_LEN];

    for (size_t i = 0; i < trainer->n_params; i++) {
        if (strcmp(trainer->params[i].name, param->name) == 0) {
            *ret_place = i;
            return read_value(trainer->kind, &trainer->params[i], param->value, ret_value, err);
        }
        likely = cr_slip_nearer(likely, trainer->params[i].name, param->name);
    }
    return cr_error_set(err, CR_EINVAL, "%s has no parameter '%s'%s", trainer->kind, param->name,
                        cr_slip_hint(likely, hint));
}

int cr_trainer_check_param(const char *kind, const struct cr_param *param, struct cr_error *err)
{
    const struct cr_trainer *trainer = find_known(kind);
    size_t place;
    double value;

    return trainer == NULL ? 0 : read_param(trainer, param, &place, &value, err);
}

int cr_train_read_params(const struct cr_trainer *trainer, const struct cr_fit_options *options,
                         double *values, struct cr_error *err)
{
    for (size_t i = 0; i < trainer->n_params; i++) {
        values[i] = trainer->params[i].fallback;
    }
    for (size_t i = 0; i < options->n_params; i++) {
        const struct cr_param *param = &options->params[i];
        size_t place;
        double value;
        int result;

        for (size_t j = 0; j < i; j++) {
            if (strcmp(options->params[j].name, param->name) == 0) {
                return cr_error_set(err, CR_EINVAL, "parameter '%s' of %s is given twice",
                                    param->name, trainer->kind);
            }
        }
        result = read_param(trainer, param, &place, &value, err);
        if (result < 0) {
            return result;
        }
        values[place] = value;
    }
    return 0;
}

int cr_train_check_data(const struct cr_fit_data *data, struct cr_error *err)
{
    size_t n_ones = 0;

    if (data->n_rows == 0 || data->n_cols == 0 || data->n_rows > INT32_MAX ||
        data->n_cols > INT32_MAX) {
        return cr_error_set(err, CR_EINVAL, "cannot train on %zu rows of %zu inputs", data->n_rows,
                            data->n_cols);
    }
    for (size_t i = 0; i < data->n_rows; i++) {
        const double *row = data->x + i * data->n_cols;

        for (size_t j = 0; j < data->n_cols; j++) {
            if (!isfinite(row[j])) {
                return cr_error_set(err, CR_EINVAL, "training row %zu: input '%s' is not finite", i,
                                    data->input_names[j]);
            }
        }
        if (data->y[i] != 0.0 && data->y[i] != 1.0) {
            return cr_error_set(err, CR_EINVAL, "training row %zu: the outcome is '%g', not 0 or 1",
                                i, data->y[i]);
        }
        n_ones += data->y[i] == 1.0;
    }
    if (n_ones == 0 || n_ones == data->n_rows) {
        return cr_error_set(err, CR_EMODEL, "the %zu training rows have one outcome only",
                            data->n_rows);
    }
    return 0;
}
