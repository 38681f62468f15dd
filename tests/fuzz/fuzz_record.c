// SPDX-License-Identifier: MIT
/* A request's body → record → JSON → record: what was accepted can be written down and read back,
 * by the direct reader and through jansson's tree, to the same values; what was refused has
 * complaints that are JSON. jansson accepts and refuses the same bodies, and its tree gives the
 * same record or the same complaints. Read as the row of a file it has the keys that are in
 * jansson's tree, which gives the rest without them. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

#include "creditrisk/portfolio/record.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

enum { MAX_ARENA_LEN = 64 << 20 };

static void check_same(const struct cr_record *a, const struct cr_record *b)
{
    for (size_t i = 0; i < fuzz_retail()->n_fields; i++) {
        const struct cr_value *x = &a->values[i], *y = &b->values[i];

        FUZZ_CHECK((x->text == NULL) == (y->text == NULL));
        FUZZ_CHECK(x->text == NULL || strcmp(x->text, y->text) == 0);
        FUZZ_CHECK((isnan(x->number) && isnan(y->number)) || x->number == y->number);
    }
}

static void check_accepted(const struct cr_record *record, struct cr_arena *arena)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = cr_record_to_json(fuzz_retail(), record);
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    struct cr_record again;
    struct cr_issues issues;
    struct cr_error err;

    FUZZ_CHECK(json != NULL);
    FUZZ_CHECK(cr_record_is_sendable(fuzz_retail(), record));
    FUZZ_CHECK(cr_record_from_value(fuzz_retail(), json, arena, &again, &issues, &err) == 0);
    FUZZ_CHECK(issues.n == 0);
    check_same(record, &again);
    cr_json_write(json, false, &text);
    FUZZ_CHECK(
        cr_record_from_json(fuzz_retail(), text.data, text.len, arena, &again, &issues, &err) == 0);
    FUZZ_CHECK(issues.n == 0);
    check_same(record, &again);
}

static void check_refused(const struct cr_issues *issues)
{
    for (size_t i = 0; i < issues->n; i++) {
        CR_CLEANUP(cr_json_decrefp) json_t *issue = cr_issue_to_json(&issues->items[i]);
        CR_CLEANUP(cr_json_decrefp) json_t *again = NULL;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
        struct cr_error err;

        FUZZ_CHECK(issue != NULL);
        cr_json_write(issue, false, &text);
        FUZZ_CHECK(cr_json_parse("issue", text.data, text.len, &again, &err) == 0);
    }
}

/* What jansson refuses and the direct reader need not: a number beyond its types is a number to
 * compare, and may be followed by anything. */
static bool is_overflow(json_error_t *problem)
{
    return json_error_code(problem) == json_error_numeric_overflow;
}

/* What the direct reader alone refuses, on purpose or because jansson loses a NUL behind a number.
 */
static bool is_own_fault(const char *fault, const uint8_t *data, size_t size)
{
    return strcmp(fault, "Nested too deeply") == 0 ||
           strcmp(fault, "Number with too many digits") == 0 || memchr(data, '\0', size) != NULL;
}

/* The tree gives the same record or the same complaints. */
static void check_value(const json_t *json, const struct cr_record *record,
                        const struct cr_issues *issues, struct cr_arena *arena)
{
    struct cr_record other;
    struct cr_issues complaints;
    struct cr_error err;

    FUZZ_CHECK(cr_record_from_value(fuzz_retail(), json, arena, &other, &complaints, &err) == 0);
    FUZZ_CHECK(complaints.n == issues->n);
    for (size_t i = 0; i < issues->n; i++) {
        const struct cr_issue *a = &issues->items[i], *b = &complaints.items[i];

        FUZZ_CHECK(a->type == b->type && a->expected == b->expected);
        FUZZ_CHECK((a->field == NULL) == (b->field == NULL));
        FUZZ_CHECK(a->field == NULL || strcmp(a->field, b->field) == 0);
    }
    if (issues->n == 0) {
        check_same(record, &other);
    }
}

static json_t *load_tree(const char *text, size_t len, json_error_t *ret_problem)
{
    return json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, ret_problem);
}

/* Both readers find JSON or neither does, and where both do they read the same record or have the
 * same complaints. */
static void check_tree(const uint8_t *data, size_t size, const struct cr_record *record,
                       const struct cr_issues *issues, struct cr_arena *arena)
{
    json_error_t problem;
    CR_CLEANUP(cr_json_decrefp) json_t *json = load_tree((const char *)data, size, &problem);
    bool refused = issues->n > 0 && issues->items[0].type == CR_ISSUE_JSON_INVALID;

    if (json == NULL) {
        FUZZ_CHECK(refused || size == 0 || is_overflow(&problem));
    } else if (refused) {
        FUZZ_CHECK(is_own_fault(issues->items[0].reason, data, size));
    } else {
        check_value(json, record, issues, arena);
    }
}

/* Takes the key from the tree. */
static void check_key(json_t *json, const char *name, const char *text)
{
    const json_t *value = json_object_get(json, name);
    json_error_t problem;
    CR_CLEANUP(cr_json_decrefp) json_t *again = NULL;

    if (value == NULL || json_is_array(value) || json_is_object(value)) {
        FUZZ_CHECK(text == NULL);
        return;
    }
    FUZZ_CHECK(text != NULL);
    again = load_tree(text, strlen(text), &problem);
    FUZZ_CHECK(again != NULL && json_equal(value, again));
    (void)json_object_del(json, name); /* it is there */
}

static void check_row(const uint8_t *data, size_t size, struct cr_arena *arena)
{
    json_error_t problem;
    CR_CLEANUP(cr_json_decrefp) json_t *json = load_tree((const char *)data, size, &problem);
    struct cr_record record;
    struct cr_row_keys keys;
    struct cr_issues issues;
    struct cr_error err;

    FUZZ_CHECK(cr_record_from_row(fuzz_retail(), (const char *)data, size, arena, &record, &keys,
                                  &issues, &err) == 0);
    if (issues.n > 0 && issues.items[0].type == CR_ISSUE_JSON_INVALID) {
        FUZZ_CHECK(keys.row == NULL && keys.customer == NULL);
    } else if (json != NULL) {
        check_key(json, fuzz_retail()->key_row, keys.row);
        check_key(json, fuzz_retail()->key_customer, keys.customer);
        check_value(json, &record, &issues, arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena;
    struct cr_record record;
    struct cr_issues issues;
    struct cr_error err = {0};
    int result;

    cr_arena_init(&arena, MAX_ARENA_LEN);
    result = cr_record_from_json(fuzz_retail(), (const char *)data, size, &arena, &record, &issues,
                                 &err);
    FUZZ_CHECK(result == 0);
    if (issues.n > 0) {
        check_refused(&issues);
    } else {
        check_accepted(&record, &arena);
    }
    check_tree(data, size, &record, &issues, &arena);
    check_row(data, size, &arena);
    return 0;
}
