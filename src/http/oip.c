// SPDX-License-Identifier: MIT
#include "oip.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/slip.h"

static const char probability[] = "probability";
static const char category[] = "risk_category";

const char *cr_oip_datatype(const struct cr_field *field)
{
    static const char *const names[] = {
        [CR_INT] = "INT64", [CR_NUMBER] = "FP64", [CR_ENUM] = "BYTES",
        [CR_BOOL] = "BOOL", [CR_DATE] = "BYTES",  [CR_TEXT] = "BYTES",
    };

    return names[field->type];
}

/* Numbers come in any numeric type, so that an integer that may be missing can travel as FP64. */
static bool is_datatype(const struct cr_field *field, const char *datatype)
{
    static const char *const numeric[] = {"INT8",   "INT16",  "INT32", "INT64", "UINT8", "UINT16",
                                          "UINT32", "UINT64", "FP16",  "FP32",  "FP64"};

    if (field->type != CR_INT && field->type != CR_NUMBER) {
        return strcmp(cr_oip_datatype(field), datatype) == 0;
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(numeric); i++) {
        if (strcmp(numeric[i], datatype) == 0) {
            return true;
        }
    }
    return false;
}

/* A copy of the body with null for every NaN outside strings; NULL without memory. */
static char *replace_nan(const char *body, size_t len, struct cr_arena *arena, size_t *ret_len)
{
    char *copy = cr_arena_alloc(arena, len + len / 3 + 1);
    size_t n = 0;
    bool in_string = false;

    for (size_t i = 0; copy != NULL && i < len; i++) {
        if (in_string && body[i] == '\\' && i + 1 < len) {
            copy[n++] = body[i++];
        } else if (body[i] == '"') {
            in_string = !in_string;
        } else if (!in_string && len - i >= 3 && memcmp(body + i, "NaN", 3) == 0) {
            memcpy(copy + n, "null", 4);
            n += 4;
            i += 2;
            continue;
        }
        copy[n++] = body[i];
    }
    *ret_len = n;
    return copy;
}

/* A tree costs many times its text, and every value is followed by a comma or ends a tensor. */
static bool is_too_long(const char *body, size_t len, size_t max_values)
{
    size_t n = 0;

    for (const char *p = body; (p = memchr(p, ',', (size_t)(body + len - p))) != NULL; p++) {
        n++;
    }
    return n > max_values;
}

static int parse(struct cr_oip_batch *batch, const char *body, size_t len, size_t max_rows,
                 struct cr_arena *arena, struct cr_error *err)
{
    size_t max_values = (max_rows + 16) * (batch->portfolio->n_fields + 1);

    if (len == 0) { /* body may be NULL, then */
        return cr_error_set(err, CR_EINVAL, "The body is empty");
    }
    if (is_too_long(body, len, max_values)) {
        return cr_error_set(err, CR_EINVAL, "The body has more values than %zu rows can have",
                            max_rows);
    }
    if (memmem(body, len, "NaN", 3) != NULL) {
        body = replace_nan(body, len, arena, &len);
        if (body == NULL) {
            return cr_error_no_memory(err);
        }
    }
    if (cr_json_parse("body", body, len, &batch->body, NULL) < 0) {
        return cr_error_set(err, CR_EINVAL, "The body is not JSON");
    }
    return 0;
}

/* n of [n] or [n, 1]; false for any other shape. */
static bool read_shape(const json_t *shape, size_t *ret_n)
{
    size_t n_axes = json_array_size(shape);
    const json_t *rows = json_array_get(shape, 0);

    if (n_axes < 1 || n_axes > 2 || !json_is_integer(rows) || json_integer_value(rows) < 0 ||
        (n_axes == 2 && json_integer_value(json_array_get(shape, 1)) != 1)) {
        return false;
    }
    *ret_n = (size_t)json_integer_value(rows);
    return true;
}

/* Without the client's text: only the field that was probably meant. */
static int refuse_name(const struct cr_portfolio *portfolio, const char *name, size_t i,
                       struct cr_error *err)
{
    const char *likely = NULL;
    char hint[CR_SLIP_HINT_LEN];

    for (size_t j = 0; j < portfolio->n_fields && name != NULL; j++) {
        likely = cr_slip_nearer(likely, portfolio->fields[j].name, name);
    }
    return cr_error_set(err, CR_EINVAL, "inputs[%zu]: name must be a field of the model%s", i,
                        cr_slip_hint(likely, hint));
}

/* One input; `i` is its place, for messages. */
static int read_input(struct cr_oip_batch *batch, const json_t *input, size_t i,
                      struct cr_error *err)
{
    const char *name = json_string_value(json_object_get(input, "name"));
    const char *datatype = json_string_value(json_object_get(input, "datatype"));
    const json_t *data = json_object_get(input, "data");
    ptrdiff_t field = name != NULL ? cr_portfolio_find_field(batch->portfolio, name) : -1;
    size_t n;

    if (field < 0) {
        return refuse_name(batch->portfolio, name, i, err);
    }
    if (batch->columns[field] != NULL) {
        return cr_error_set(err, CR_EINVAL, "inputs[%zu]: '%s' was given before", i, name);
    }
    if (datatype == NULL || !is_datatype(&batch->portfolio->fields[field], datatype)) {
        return cr_error_set(err, CR_EINVAL, "inputs[%zu]: the datatype of '%s' must be %s", i, name,
                            cr_oip_datatype(&batch->portfolio->fields[field]));
    }
    if (!read_shape(json_object_get(input, "shape"), &n)) {
        return cr_error_set(err, CR_EINVAL, "inputs[%zu]: the shape must be [n] or [n, 1]", i);
    }
    if (!json_is_array(data) || json_array_size(data) != n) {
        return cr_error_set(err, CR_EINVAL, "inputs[%zu]: data must have as many values as shape",
                            i);
    }
    if (i > 0 && n != batch->n_rows) {
        return cr_error_set(err, CR_EINVAL, "inputs[%zu]: all inputs must have one length", i);
    }
    batch->n_rows = n;
    batch->columns[field] = data;
    return 0;
}

static int read_inputs(struct cr_oip_batch *batch, size_t max_rows, struct cr_error *err)
{
    const json_t *inputs = json_object_get(batch->body, "inputs");
    int r = 0;

    if (!json_is_array(inputs)) {
        return cr_error_set(err, CR_EINVAL,
                            "inputs must be a list of tensors, one for each field that is sent");
    }
    if (json_array_size(inputs) == 0) {
        return cr_error_set(err, CR_EINVAL,
                            "inputs is empty: there must be a tensor for each field that is sent");
    }
    for (size_t i = 0; r == 0 && i < json_array_size(inputs); i++) {
        r = read_input(batch, json_array_get(inputs, i), i, err);
    }
    if (r == 0 && batch->n_rows > max_rows) {
        r = cr_error_set(err, CR_EINVAL, "There may be at most %zu rows", max_rows);
    }
    return r;
}

/* Which outputs are asked for, and under which id. */
static int read_wishes(struct cr_oip_batch *batch, struct cr_error *err)
{
    const json_t *outputs = json_object_get(batch->body, "outputs");
    const json_t *id = json_object_get(batch->body, "id");

    if (id != NULL && !json_is_string(id)) {
        return cr_error_set(err, CR_EINVAL, "id must be a text");
    }
    batch->id = json_string_value(id);
    if (outputs != NULL && !json_is_array(outputs)) {
        return cr_error_set(err, CR_EINVAL, "outputs must be a list");
    }
    batch->wants_probability = batch->wants_category = json_array_size(outputs) == 0;
    for (size_t i = 0; i < json_array_size(outputs); i++) {
        const json_t *name = json_object_get(json_array_get(outputs, i), "name");

        if (json_is_string(name) && strcmp(json_string_value(name), probability) == 0) {
            batch->wants_probability = true;
        } else if (json_is_string(name) && strcmp(json_string_value(name), category) == 0) {
            batch->wants_category = true;
        } else {
            return cr_error_set(err, CR_EINVAL, "outputs[%zu]: name must be '%s' or '%s'", i,
                                probability, category);
        }
    }
    return 0;
}

int cr_oip_read(const struct cr_portfolio *portfolio, const char *body, size_t len, size_t max_rows,
                struct cr_arena *arena, struct cr_oip_batch *ret_batch, struct cr_error *err)
{
    CR_CLEANUP(cr_oip_batch_finish)
    struct cr_oip_batch batch = {
        .portfolio = portfolio,
        .columns = cr_arena_alloc_array(arena, portfolio->n_fields, sizeof(*batch.columns)),
    };
    int r = batch.columns == NULL ? cr_error_no_memory(err)
                                  : parse(&batch, body, len, max_rows, arena, err);

    if (r == 0) {
        r = read_inputs(&batch, max_rows, err);
    }
    if (r == 0) {
        r = read_wishes(&batch, err);
    }
    if (r == 0) {
        *ret_batch = batch;
        batch.body = NULL;
    }
    return r;
}

void cr_oip_batch_finish(struct cr_oip_batch *batch)
{
    json_decref(batch->body);
    batch->body = NULL;
}

json_t *cr_oip_row(const struct cr_oip_batch *batch, size_t i)
{
    CR_CLEANUP(cr_json_decrefp) json_t *row = json_object();

    for (size_t f = 0; f < batch->portfolio->n_fields; f++) {
        json_t *value = json_array_get(batch->columns[f], i);

        if (json_array_size(value) == 1) { /* of shape [n, 1], not flattened */
            value = json_array_get(value, 0);
        }
        if (value != NULL && json_object_set(row, batch->portfolio->fields[f].name, value) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(row);
}
