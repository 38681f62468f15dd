// SPDX-License-Identifier: MIT
#include "problem.h"

#include <string.h>

#include "creditrisk/portfolio/record.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

/* One reference token of a pointer: RFC 6901 escapes ~ and /, RFC 3986 what no fragment may hold.
 */
static void put_token(struct cr_strbuf *out, const char *token)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._!$&'()*+,;=:@?";

    cr_strbuf_putc(out, '/');
    for (; *token != '\0'; token++) {
        if (*token == '~' || *token == '/') {
            cr_strbuf_puts(out, *token == '~' ? "~0" : "~1");
        } else if (strchr(plain, *token) != NULL) {
            cr_strbuf_putc(out, *token);
        } else {
            cr_strbuf_printf(out, "%%%02X", (unsigned)(unsigned char)*token);
        }
    }
}

static json_t *make_pointer(const json_t *loc)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

    cr_strbuf_putc(&text, '#');
    for (size_t i = 1; i < json_array_size(loc); i++) {
        put_token(&text, json_string_value(json_array_get(loc, i)));
    }
    return text.failed ? NULL : json_string(cr_strbuf_text(&text));
}

/* Where it is: the member's name depends on the kind of place. */
static bool put_place(json_t *error, const json_t *loc)
{
    const char *kind = json_string_value(json_array_get(loc, 0));
    json_t *place = json_array_get(loc, 1);

    if (json_is_integer(place)) {
        return json_object_set(error, "offset", place) == 0;
    }
    if (strcmp(kind, "body") != 0) {
        return json_object_set(error, "parameter", place) == 0;
    }
    return json_object_set_new(error, "pointer", make_pointer(loc)) == 0;
}

/* The message; of what is no JSON, with the reason that FastAPI tells beside it. */
static json_t *make_detail(const json_t *detail)
{
    const char *msg = json_string_value(json_object_get(detail, "msg"));
    const char *type = json_string_value(json_object_get(detail, "type"));

    if (strcmp(type, cr_issue_type_name(CR_ISSUE_JSON_INVALID)) != 0) {
        return json_string(msg);
    }
    return json_sprintf(
        "%s: %s", msg, json_string_value(json_object_get(json_object_get(detail, "ctx"), "error")));
}

static json_t *make_error(const json_t *detail)
{
    json_t *ctx = json_object_get(detail, "ctx");
    CR_CLEANUP(cr_json_decrefp)
    json_t *error = json_pack("{s:O, s:o}", "type", json_object_get(detail, "type"), "detail",
                              make_detail(detail));

    if (error == NULL || !put_place(error, json_object_get(detail, "loc")) ||
        (ctx != NULL && json_object_set(error, "ctx", ctx) != 0)) {
        return NULL;
    }
    return CR_STEAL(error);
}

json_t *cr_problem_errors(const json_t *details)
{
    CR_CLEANUP(cr_json_decrefp) json_t *errors = json_array();

    for (size_t i = 0; i < json_array_size(details); i++) {
        if (json_array_append_new(errors, make_error(json_array_get(details, i))) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(errors);
}
