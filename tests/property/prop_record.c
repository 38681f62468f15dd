// SPDX-License-Identifier: MIT
/* Records and their JSON: what is written reads back bit for bit; what is sendable is accepted and
 * nothing else; and on hostile bodies the reader agrees with jansson about what is JSON and what it
 * means. */
#include "cr_test.h"

#include <math.h>

#include "cr_draw.h"
#include "creditrisk/portfolio/record.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/rng.h"

enum { MAX_FIELDS = 100, SEED = 20260131 };

static struct cr_portfolio *portfolio;
static struct cr_arena arena;

static int set_up(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("config/portfolios/retail");
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_portfolio_load(path, NULL, &portfolio, &err), &err);
    assert_true(portfolio->n_fields <= MAX_FIELDS);
    cr_arena_init(&arena, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cr_arena_finish(&arena);
    cr_portfolio_destroy(portfolio);
    return 0;
}

/* A number in [min, max]: an end, a whole one, one with few decimals, or one with all its bits. */
static double random_number(struct cr_rng *rng, double min, double max)
{
    double number = cr_rng_between(rng, min, max);

    switch (cr_rng_below(rng, 6)) {
    case 0:
        return min;
    case 1:
        return max;
    case 2:
        return floor(number) >= min ? floor(number) : min;
    case 3:
        number = round(number * 100.0) / 100.0;
        return number > max ? max : number < min ? min : number;
    case 4:
        return min <= 0.0 && max >= 0.0 ? 0.0 * number : nextafter(min, max);
    default:
        return number;
    }
}

/* Lives as long as the arena. */
static char *random_date(struct cr_rng *rng)
{
    char *date = cr_arena_alloc(&arena, 11);

    cr_clock_format_date((int64_t)cr_rng_below(rng, 30000), date);
    return date;
}

/* A value inside the field's domain. */
static struct cr_value random_value(struct cr_rng *rng, const struct cr_field *field)
{
    struct cr_value value = CR_VALUE_MISSING;

    if (field->type == CR_INT) {
        value.number =
            field->min + (double)cr_rng_below(rng, (uint64_t)(field->max - field->min) + 1);
        return value;
    }
    if (field->type == CR_NUMBER) {
        value.number = random_number(rng, field->min, field->max);
        return value;
    }
    return cr_draw_word(rng, field, random_date(rng));
}

static void random_record(struct cr_rng *rng, struct cr_value *values)
{
    double missing = cr_rng_uniform(rng);

    for (size_t i = 0; i < portfolio->n_fields; i++) {
        const struct cr_field *field = &portfolio->fields[i];

        values[i] = field->nullable && cr_rng_uniform(rng) < missing ? CR_VALUE_MISSING
                                                                     : random_value(rng, field);
    }
}

/* A record as history may hold it: now and then something that no client could send. */
static void random_historical(struct cr_rng *rng, struct cr_value *values)
{
    size_t n = cr_rng_below(rng, 3);

    random_record(rng, values);
    for (size_t k = 0; k < n; k++) {
        size_t i = cr_rng_below(rng, portfolio->n_fields);
        const struct cr_field *field = &portfolio->fields[i];

        if (cr_rng_below(rng, 4) == 0) {
            values[i] = CR_VALUE_MISSING;
        } else if (field->type == CR_ENUM) {
            values[i].text = cr_rng_below(rng, 2) ? "High School" : "Nowhere";
            values[i].number = NAN;
        } else if (field->type == CR_INT || field->type == CR_NUMBER) {
            values[i].number = cr_rng_between(rng, field->min - 2.0, field->max + 2.0);
        }
    }
}

static struct cr_issues read_text(const char *text, size_t len, struct cr_record *record)
{
    struct cr_issues issues;
    struct cr_error err;

    cr_assert_ok(cr_record_from_json(portfolio, text, len, &arena, record, &issues, &err), &err);
    return issues;
}

static bool same(const struct cr_value *a, const struct cr_value *b)
{
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        bool both_nan = isnan(a[i].number) && isnan(b[i].number);
        bool same_bits = memcmp(&a[i].number, &b[i].number, sizeof(double)) == 0;
        bool date = portfolio->fields[i].type == CR_DATE && a[i].text != NULL && b[i].text != NULL;
        bool same_text = date ? strcmp(a[i].text, b[i].text) == 0 : a[i].text == b[i].text;

        if (!(both_nan || same_bits) || !same_text) {
            print_error("field %s: %.17g '%s', %.17g '%s'\n", portfolio->fields[i].name,
                        a[i].number, a[i].text ? a[i].text : "", b[i].number,
                        b[i].text ? b[i].text : "");
            return false;
        }
    }
    return true;
}

static void check_read(size_t i, const char *how, const char *text, const struct cr_value *values)
{
    struct cr_record record = {0};
    struct cr_issues issues = read_text(text, strlen(text), &record);

    if (issues.n > 0 || !same(values, record.values)) {
        fail_msg("seed %d, case %zu, %s: %s", SEED, i, how, text);
    }
}

/* The object with its keys in another order. */
static json_t *permuted(struct cr_rng *rng, json_t *object)
{
    json_t *copy = json_object();
    const char *keys[MAX_FIELDS];
    size_t order[MAX_FIELDS], n = 0;
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        order[n] = n;
        keys[n++] = key;
    }
    cr_rng_shuffle(rng, order, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(
            json_object_set(copy, keys[order[i]], json_object_get(object, keys[order[i]])), 0);
    }
    return copy;
}

static void test_round_trip(void **state)
{
    struct cr_value values[MAX_FIELDS];
    const struct cr_record record = {.values = values};
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, SEED, 1);
    for (size_t i = 0; i < cr_test_cases(3000); i++) {
        CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
        CR_CLEANUP(cr_json_decrefp) json_t *other = NULL;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
        CR_CLEANUP(cr_freep) char *by_jansson = NULL;
        struct cr_record back = {0};
        struct cr_issues issues;
        struct cr_error err;

        cr_arena_reset(&arena);
        random_record(&rng, values);
        json = cr_record_to_json(portfolio, &record);
        other = permuted(&rng, json);
        cr_json_write(json, cr_rng_below(&rng, 2) == 0, &text);
        by_jansson = json_dumps(other, JSON_ENSURE_ASCII);
        check_read(i, "as written", cr_strbuf_text(&text), values);
        check_read(i, "permuted", by_jansson, values);
        cr_assert_ok(cr_record_from_value(portfolio, json, &arena, &back, &issues, &err), &err);
        if (issues.n > 0 || !same(values, back.values)) {
            fail_msg("seed %d, case %zu, as a value: %s", SEED, i, cr_strbuf_text(&text));
        }
    }
}

static void test_sendable(void **state)
{
    struct cr_value values[MAX_FIELDS];
    const struct cr_record record = {.values = values};
    size_t n_sendable = 0, n = cr_test_cases(3000);
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, SEED, 2);
    for (size_t i = 0; i < n; i++) {
        CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
        struct cr_record back = {0};
        bool sendable;

        cr_arena_reset(&arena);
        random_historical(&rng, values);
        json = cr_record_to_json(portfolio, &record);
        cr_json_write(json, false, &text);
        sendable = cr_record_is_sendable(portfolio, &record);
        n_sendable += sendable;
        if (sendable != (read_text(text.data, text.len, &back).n == 0)) {
            fail_msg("seed %d, case %zu: sendable %d, but: %s", SEED, i, sendable, text.data);
        }
    }
    assert_true(n_sendable > n / 10 && n_sendable < n - n / 10);
}

/* Bytes that matter to a JSON parser. */
static const char *const snippets[] = {
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\n",
    "0",
    "-",
    "1",
    ".",
    "e",
    "E+",
    "null",
    "true",
    "false",
    "NaN",
    "Infinity",
    "\\u0000",
    "\\u00e9",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\\udc00",
    "\xc3\xa9",
    "\xff",
    "\xe2\x82",
    "\xf0\x9f\x98\x80",
    "\x01",
    "/",
    "1e5",
    "-0",
    "-0.0",
    "0.1",
    "1e-400",
    "12345678901234567",
    "\"age\": 3",
    "\"x\": 1",
    "\"x\": {\"a\": 1}",
    "[1, 2]",
    "{\"a\": 1, \"a\": 2}",
    "\"gender\": \"Other\"",
    "\\n",
    "u",
    "\t",
    "\x7f",
};

/* One to four edits: bytes are changed, removed, repeated or put in. */
static void mutate(struct cr_rng *rng, struct cr_strbuf *text)
{
    size_t n = 1 + cr_rng_below(rng, 4);

    for (size_t k = 0; k < n && text->len > 0; k++) {
        CR_CLEANUP(cr_freep) char *old = strndup(text->data, text->len);
        size_t len = text->len;
        size_t at = cr_rng_below(rng, len);
        size_t cut = cr_rng_below(rng, 3) == 0 ? cr_rng_below(rng, len - at + 1) : 1;
        const char *snippet = snippets[cr_rng_below(rng, CR_ARRAY_LEN(snippets))];
        unsigned kind = (unsigned)cr_rng_below(rng, 4);

        cut = cut > 12 ? 12 : cut;
        cr_strbuf_reset(text);
        cr_strbuf_append(text, old, at);
        if (kind != 1) {
            cr_strbuf_puts(text, snippet);
        }
        if (kind == 3) {
            cr_strbuf_append(text, old + at, cut);
        }
        cr_strbuf_append(text, old + at + (kind == 0 ? 0 : cut), len - at - (kind == 0 ? 0 : cut));
    }
}

static void random_body(struct cr_rng *rng, struct cr_strbuf *text)
{
    struct cr_value values[MAX_FIELDS];
    const struct cr_record record = {.values = values};
    CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;

    random_historical(rng, values);
    json = cr_record_to_json(portfolio, &record);
    if (cr_rng_below(rng, 2) == 0) { /* short ones are hit where it matters */
        while (json_object_size(json) > 3) {
            assert_int_equal(json_object_del(json, json_object_iter_key(json_object_iter(json))),
                             0);
        }
    }
    cr_json_write(json, cr_rng_below(rng, 4) == 0, text);
    mutate(rng, text);
}

static bool same_issues(const struct cr_issues *a, const struct cr_issues *b)
{
    for (size_t i = 0; i < a->n && a->n == b->n; i++) {
        CR_CLEANUP(cr_json_decrefp) json_t *x = cr_issue_to_json(&a->items[i]);
        CR_CLEANUP(cr_json_decrefp) json_t *y = cr_issue_to_json(&b->items[i]);

        if (x == NULL || y == NULL || !json_equal(x, y)) {
            return false;
        }
    }
    return a->n == b->n;
}

/* Whether reader and jansson agree; what only one of them has an opinion on counts as agreement. */
static bool agree(const struct cr_strbuf *text, bool *ret_valid)
{
    const int flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    json_error_t problem;
    CR_CLEANUP(cr_json_decrefp)
    json_t *json = json_loadb(cr_strbuf_text(text), text->len, flags, &problem);
    struct cr_record ours = {0}, theirs = {0};
    struct cr_issues our_issues = read_text(cr_strbuf_text(text), text->len, &ours);
    struct cr_issues their_issues;
    struct cr_error err;
    bool invalid = our_issues.n > 0 && our_issues.items[0].type == CR_ISSUE_JSON_INVALID;

    *ret_valid = json != NULL;
    if (text->len == 0 ||
        (json == NULL && json_error_code(&problem) == json_error_numeric_overflow) ||
        (invalid && strcmp(our_issues.items[0].reason, "Nested too deeply") == 0)) {
        return true;
    }
    if (json == NULL || invalid) {
        return json == NULL && invalid && our_issues.n == 1 &&
               our_issues.items[0].offset <= text->len;
    }
    cr_assert_ok(cr_record_from_value(portfolio, json, &arena, &theirs, &their_issues, &err), &err);
    return same_issues(&our_issues, &their_issues) &&
           (our_issues.n > 0 || same(ours.values, theirs.values));
}

static void test_hostile(void **state)
{
    size_t n_valid = 0, n = cr_test_cases(20000);
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, SEED, 3);
    for (size_t i = 0; i < n; i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
        bool valid = false;

        cr_arena_reset(&arena);
        random_body(&rng, &text);
        if (!agree(&text, &valid)) {
            fail_msg("seed %d, case %zu: %s", SEED, i, cr_strbuf_text(&text));
        }
        n_valid += valid;
    }
    assert_true(n_valid > n / 20 && n_valid < n - n / 20);
}

/* Every byte at every place of strings of every length up to that of a few words of memory. */
static void test_strings(void **state)
{
    enum { MAX_LEN = 20 };

    (void)state;
    for (size_t i = 0; i < MAX_LEN * MAX_LEN * 256; i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
        size_t len = 1 + i / 256 / MAX_LEN, at = i / 256 % MAX_LEN;
        bool valid = false;

        if (at >= len) {
            continue;
        }
        cr_arena_reset(&arena);
        cr_strbuf_puts(&text, "{\"");
        for (size_t k = 0; k < len; k++) {
            cr_strbuf_putc(&text, k == at ? (char)(i % 256) : 'a');
        }
        cr_strbuf_puts(&text, "\":1}");
        if (!agree(&text, &valid)) {
            fail_msg("byte %zu at %zu of %zu", i % 256, at, len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_sendable),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_strings),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
