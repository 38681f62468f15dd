// SPDX-License-Identifier: MIT
#include "params.h"

#include "creditrisk/model/model.h"
#include "creditrisk/model/trainer.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"

int cr_params_check_kind(const char *kind, struct cr_error *err)
{
    if (cr_model_find(kind) != NULL) {
        return 0;
    }
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf known = CR_STRBUF_INIT;
    size_t n_kinds;
    const struct cr_model_ops *const *kinds = cr_model_kinds(&n_kinds);
    for (size_t i = 0; i < n_kinds; i++) {
        cr_strbuf_printf(&known, "%s%s", i > 0 ? ", " : "", kinds[i]->kind);
    }
    return cr_error_set(err, CR_EINVAL, "there is no model '%s': it is one of %s", kind,
                        cr_strbuf_text(&known));
}

/* The result of a check, with the place of what it looked at. */
static int place(size_t line, int result, const struct cr_error *cause, struct cr_error *err)
{
    return result == 0 ? 0 : cr_error_at(err, result, "search.yaml", line, 0, "%s", cause->message);
}

int cr_params_check_model(const struct cr_model_search *search, struct cr_error *err)
{
    struct cr_error cause;
    return place(search->line, cr_params_check_kind(search->kind, &cause), &cause, err);
}

static int check_param(const struct cr_model_search *search, struct cr_param param, size_t line,
                       struct cr_error *err)
{
    struct cr_error cause;
    return place(line, cr_trainer_check_param(search->kind, &param, &cause), &cause, err);
}

int cr_params_check_fixed(const struct cr_model_search *search, size_t i, struct cr_error *err)
{
    return check_param(search, search->fixed[i], search->fixed_lines[i], err);
}

int cr_params_check_space(const struct cr_model_search *search, size_t i, struct cr_error *err)
{
    const struct cr_param_space *space = &search->spaces[i];
    int result = 0;
    for (size_t k = 0; k < space->n && result == 0; k++) {
        result =
            check_param(search, (struct cr_param){space->name, space->values[k]}, space->line, err);
    }
    return result;
}
