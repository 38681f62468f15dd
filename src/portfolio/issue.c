// SPDX-License-Identifier: MIT
/* Issues on the wire, worded as pydantic 2 words them (tests/golden/pydantic.py). */
#include <math.h>

#include "creditrisk/portfolio/record.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/strbuf.h"

static const struct {
    const char *name;
    const char *message; /* without what depends on the field */
    const char *ctx;     /* the one member of "ctx", NULL = none */
} types[] = {
    [CR_ISSUE_MISSING] = {"missing", "Field required", NULL},
    [CR_ISSUE_INT_TYPE] = {"int_type", "Input should be a valid integer", NULL},
    [CR_ISSUE_INT_FROM_FLOAT] =
        {"int_from_float", "Input should be a valid integer, got a number with a fractional part",
         NULL},
    [CR_ISSUE_FLOAT_TYPE] = {"float_type", "Input should be a valid number", NULL},
    [CR_ISSUE_BOOL_TYPE] = {"bool_type", "Input should be a valid boolean", NULL},
    [CR_ISSUE_STRING_TYPE] = {"string_type", "Input should be a valid string", NULL},
    [CR_ISSUE_GREATER_THAN_EQUAL] = {"greater_than_equal",
                                     "Input should be greater than or equal to ", "ge"},
    [CR_ISSUE_LESS_THAN_EQUAL] = {"less_than_equal", "Input should be less than or equal to ",
                                  "le"},
    [CR_ISSUE_ENUM] = {"enum", "Input should be ", "expected"},
    [CR_ISSUE_EXTRA_FORBIDDEN] = {"extra_forbidden", "Extra inputs are not permitted", NULL},
    [CR_ISSUE_FINITE_NUMBER] = {"finite_number", "Input should be a finite number", NULL},
    [CR_ISSUE_JSON_INVALID] = {"json_invalid", "JSON decode error", "error"},
    [CR_ISSUE_MODEL_ATTRIBUTES_TYPE] =
        {"model_attributes_type",
         "Input should be a valid dictionary or object to extract fields from", NULL},
    [CR_ISSUE_DATE_FROM_DATETIME_PARSING] = {"date_from_datetime_parsing",
                                             "Input should be a valid date or datetime, ", "error"},
    [CR_ISSUE_LIST_TYPE] = {"list_type", "Input should be a valid list", NULL},
    [CR_ISSUE_TOO_LONG] = {"too_long", "List should have at most ", "max_length"},
};

const char *cr_issue_type_name(enum cr_issue_type type)
{
    return types[type].name;
}

/* "'Male', 'Female' or 'Other'" */
static void write_levels(const struct cr_levels *levels, struct cr_strbuf *out)
{
    for (size_t i = 0; i < levels->n; i++) {
        const char *joint = i == 0 ? "" : i + 1 == levels->n ? " or " : ", ";

        cr_strbuf_printf(out, "%s'%s'", joint, levels->texts[i]);
    }
}

/* The end of the message, which is also the text of ctx.expected and ctx.error. */
static void write_detail(const struct cr_issue *issue, struct cr_strbuf *out)
{
    switch (issue->type) {
    case CR_ISSUE_GREATER_THAN_EQUAL:
    case CR_ISSUE_LESS_THAN_EQUAL:
        cr_strbuf_put_double(out, issue->bound);
        break;
    case CR_ISSUE_TOO_LONG:
        cr_strbuf_put_double(out, issue->bound);
        cr_strbuf_puts(out, " items");
        break;
    case CR_ISSUE_ENUM:
        write_levels(&issue->expected->levels, out);
        break;
    case CR_ISSUE_JSON_INVALID:
    case CR_ISSUE_DATE_FROM_DATETIME_PARSING:
        cr_strbuf_puts(out, issue->reason);
        break;
    default:
        break;
    }
}

static json_t *make_loc(const struct cr_issue *issue)
{
    const char *place = issue->place != NULL ? issue->place : "body";

    if (issue->type == CR_ISSUE_JSON_INVALID) {
        return json_pack("[s, I]", place, (json_int_t)issue->offset);
    }
    return issue->field != NULL ? json_pack("[s, s]", place, issue->field)
                                : json_pack("[s]", place);
}

static json_t *make_ctx(const struct cr_issue *issue, const char *detail)
{
    json_t *value;

    if (isnan(issue->bound)) {
        value = json_string(detail);
    } else if (issue->expected == NULL || issue->expected->type == CR_INT) {
        value = json_integer((json_int_t)issue->bound);
    } else {
        value = cr_json_number(issue->bound);
    }
    return json_pack("{s: o}", types[issue->type].ctx, value);
}

json_t *cr_issue_to_json(const struct cr_issue *issue)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf detail = CR_STRBUF_INIT;
    bool in_message = issue->type != CR_ISSUE_JSON_INVALID;
    json_t *msg;
    json_t *ctx = NULL;

    write_detail(issue, &detail);
    if (detail.failed) {
        return NULL;
    }
    msg =
        json_sprintf("%s%s", types[issue->type].message, in_message ? cr_strbuf_text(&detail) : "");
    if (types[issue->type].ctx != NULL) {
        ctx = make_ctx(issue, cr_strbuf_text(&detail));
        return json_pack("{s:s, s:o, s:o, s:o}", "type", types[issue->type].name, "loc",
                         make_loc(issue), "msg", msg, "ctx", ctx);
    }
    return json_pack("{s:s, s:o, s:o}", "type", types[issue->type].name, "loc", make_loc(issue),
                     "msg", msg);
}
