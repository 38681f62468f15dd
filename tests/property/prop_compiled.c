// SPDX-License-Identifier: MIT
/* The compiled features against SQLite, bit for bit: the retail portfolio over random records, NULL
 * in every place that may have it; and random texts of the grammar over random records. */
#include <inttypes.h>
#include <math.h>

#include "../../src/features/compile.h"
#include "cr_draw.h"
#include "cr_test.h"
#include "creditrisk/features/engine.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/rng.h"
#include "creditrisk/util/strbuf.h"

enum { USUAL_CASES = 4000, MAX_FIELDS = 128, MAX_FEATURES = 256 };

static const uint64_t seed = 20260511;

static double draw_number(const struct cr_field *field, struct cr_rng *rng)
{
    double min = isfinite(field->min) ? field->min : -1000.0;
    double max = isfinite(field->max) ? field->max : 1000.0;
    double number;

    switch (cr_rng_below(rng, 8)) {
    case 0:
        return min;
    case 1:
        return max;
    case 2:
        return 0.0; /* also where a client could not send it: history may */
    case 3:
        number = floor(cr_rng_between(rng, min, fmin(max, min + 130.0)));
        break;
    default:
        number = cr_rng_between(rng, min, max);
        break;
    }
    return field->type == CR_INT ? floor(number) : number;
}

static struct cr_value draw_value(const struct cr_field *field, bool missing, struct cr_rng *rng)
{
    struct cr_value value = CR_VALUE_MISSING;

    if (missing) {
        return value;
    }
    if (field->type == CR_INT || field->type == CR_NUMBER) {
        value.number = draw_number(field, rng);
        return value;
    }
    return cr_draw_word(rng, field, cr_rng_below(rng, 2) == 0 ? "2020-02-29" : "1999-12-31");
}

static void check_same(const struct cr_portfolio *portfolio, const struct cr_value *row,
                       const struct cr_value *wanted, size_t i, const char *text)
{
    for (size_t k = 0; k < portfolio->n_features; k++) {
        bool same = memcmp(&row[k].number, &wanted[k].number, sizeof(double)) == 0 ||
                    (isnan(row[k].number) && isnan(wanted[k].number));

        same = same && (row[k].text == NULL) == (wanted[k].text == NULL) &&
               (row[k].text == NULL || strcmp(row[k].text, wanted[k].text) == 0);
        if (!same) {
            fail_msg("case %zu, feature '%s': %.17g '%s', not %.17g '%s'\n%s", i,
                     portfolio->features[k].name, row[k].number, row[k].text, wanted[k].number,
                     wanted[k].text, text);
        }
    }
}

/* The level's own pointer wherever SQLite's row has it. */
static void check_pointers(const struct cr_portfolio *portfolio, const struct cr_value *row,
                           const struct cr_value *wanted)
{
    for (size_t k = 0; k < portfolio->n_features; k++) {
        if (wanted[k].text != NULL &&
            cr_levels_index(&portfolio->features[k].levels, wanted[k].text) >= 0) {
            assert_ptr_equal(row[k].text, wanted[k].text);
        }
    }
}

static void retail_is_the_same(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("config/portfolios/retail");
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *portfolio = NULL;
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_program_destroyp) struct cr_program *program = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    size_t n = cr_test_cases(USUAL_CASES);
    struct cr_value values[MAX_FIELDS], row[MAX_FEATURES], wanted[MAX_FEATURES];
    struct cr_record record = {values};
    size_t n_null[MAX_FIELDS] = {0};
    struct cr_error err;
    struct cr_rng rng;

    (void)state;
    print_message("seed %" PRIu64 ", %zu cases\n", seed, n);
    cr_assert_ok(cr_portfolio_load(path, NULL, &portfolio, &err), &err);
    assert_true(portfolio->n_fields <= MAX_FIELDS && portfolio->n_features <= MAX_FEATURES);
    cr_assert_ok(cr_engine_create(portfolio, &engine, &err), &err);
    cr_assert_ok(cr_program_create(portfolio, cr_portfolio_find_file(portfolio, CR_SQL_FILE),
                                   &program, &err),
                 &err);
    cr_rng_init(&rng, seed, 0);
    for (size_t i = 0; i < n; i++) {
        double share = cr_rng_uniform(&rng);

        cr_arena_reset(&arena);
        for (size_t k = 0; k < portfolio->n_fields; k++) {
            bool missing = cr_rng_uniform(&rng) < share;

            values[k] = draw_value(&portfolio->fields[k], missing, &rng);
            n_null[k] += missing;
        }
        cr_assert_ok(cr_engine_row(engine, &record, &arena, wanted, &err), &err);
        cr_program_run(program, &record, row);
        check_same(portfolio, row, wanted, i, "");
        check_pointers(portfolio, row, wanted);
    }
    for (size_t k = 0; k < portfolio->n_fields; k++) {
        assert_true(n_null[k] > 0 && n_null[k] < n);
    }
}

/* A small portfolio for texts that are drawn. */

static const char *const grades[] = {"A", "B", "C"};

/* The same levels at other places; and one among them that the feature has not. */
static const char other_a[] = "A", other_b[] = "B", other_c[] = "C", other_d[] = "D";
static const char *const copies[] = {other_a, other_b, other_c};
static const char *const others[] = {other_a, other_c, other_d};

static const struct cr_field fields[] = {
    {.name = "age", .type = CR_INT, .min = 0, .max = 9, .example = {3, NULL}},
    {.name = "income", .type = CR_NUMBER, .min = -2, .max = 2, .example = {1, NULL}},
    {.name = "debt", .type = CR_NUMBER, .min = -1e300, .max = 1e300, .example = {1, NULL}},
    {.name = "grade", .type = CR_ENUM, .levels = {3, grades, 0, NULL, NULL}, .example = {NAN, "B"}},
    {.name = "copy", .type = CR_ENUM, .levels = {3, copies, 0, NULL, NULL}, .example = {NAN, "A"}},
    {.name = "other", .type = CR_ENUM, .levels = {3, others, 0, NULL, NULL}, .example = {NAN, "A"}},
    {.name = "owner", .type = CR_BOOL, .example = {1, NULL}},
    {.name = "since", .type = CR_DATE, .example = {NAN, "2020-02-29"}},
};

static const struct cr_feature features[] = {
    {.name = "first", .kind = CR_NUMERIC},
    {.name = "second", .kind = CR_NOMINAL, .levels = {3, grades, 0, NULL, NULL}},
    {.name = "third", .kind = CR_NUMERIC},
};

static void draw_condition(struct cr_strbuf *out, size_t depth, struct cr_rng *rng);
static void draw_real(struct cr_strbuf *out, size_t depth, struct cr_rng *rng);

static void draw_text(struct cr_strbuf *out, size_t depth, struct cr_rng *rng)
{
    static const char *const leaves[] = {"grade", "copy", "other",       "since",  "'A'",
                                         "'B'",   "'C'",  "'elsewhere'", "a.grade"};

    switch (depth == 0 ? 0 : cr_rng_below(rng, 5)) {
    case 1:
        cr_strbuf_puts(out, "CASE WHEN ");
        draw_condition(out, depth - 1, rng);
        cr_strbuf_puts(out, " THEN ");
        draw_text(out, depth - 1, rng);
        if (cr_rng_below(rng, 2) == 0) {
            cr_strbuf_puts(out, " ELSE ");
            draw_text(out, depth - 1, rng);
        }
        cr_strbuf_puts(out, " END");
        break;
    case 2:
        cr_strbuf_puts(out, "COALESCE(");
        draw_text(out, depth - 1, rng);
        cr_strbuf_puts(out, ", ");
        draw_text(out, depth - 1, rng);
        cr_strbuf_puts(out, ")");
        break;
    default:
        cr_strbuf_puts(out, leaves[cr_rng_below(rng, CR_ARRAY_LEN(leaves))]);
        break;
    }
}

/* first op second, in brackets */
static void draw_two(struct cr_strbuf *out, size_t depth, struct cr_rng *rng)
{
    static const char *const ops[] = {" + ", " - ", " * ", " / "};

    cr_strbuf_puts(out, "(");
    draw_real(out, depth, rng);
    cr_strbuf_puts(out, ops[cr_rng_below(rng, CR_ARRAY_LEN(ops))]);
    draw_real(out, depth, rng);
    cr_strbuf_puts(out, ")");
}

static void draw_case(struct cr_strbuf *out, size_t depth, struct cr_rng *rng)
{
    bool simple = cr_rng_below(rng, 4) == 0;

    cr_strbuf_puts(out, "CASE ");
    if (simple) {
        draw_real(out, depth, rng);
    }
    for (size_t n = 1 + cr_rng_below(rng, 3); n > 0; n--) {
        cr_strbuf_puts(out, " WHEN ");
        if (simple) {
            draw_real(out, depth, rng);
        } else {
            draw_condition(out, depth, rng);
        }
        cr_strbuf_puts(out, " THEN ");
        draw_real(out, depth, rng);
    }
    if (cr_rng_below(rng, 3) != 0) {
        cr_strbuf_puts(out, " ELSE ");
        draw_real(out, depth, rng);
    }
    cr_strbuf_puts(out, " END");
}

static void draw_call(struct cr_strbuf *out, size_t depth, struct cr_rng *rng)
{
    switch (cr_rng_below(rng, 5)) {
    case 0:
        cr_strbuf_puts(out, "LN(");
        break;
    case 1:
        cr_strbuf_puts(out, "POWER(");
        draw_real(out, depth, rng);
        cr_strbuf_puts(out, ", ");
        break;
    case 2:
        cr_strbuf_puts(out, "COALESCE(");
        draw_real(out, depth, rng);
        cr_strbuf_puts(out, ", ");
        break;
    case 3:
        cr_strbuf_puts(out, "CAST(");
        draw_real(out, depth, rng);
        cr_strbuf_puts(out, " AS DOUBLE PRECISION)");
        return;
    default:
        cr_strbuf_puts(out, "- (");
        break;
    }
    draw_real(out, depth, rng);
    cr_strbuf_puts(out, ")");
}

static void draw_real(struct cr_strbuf *out, size_t depth, struct cr_rng *rng)
{
    static const char *const leaves[] = {"age",       "income",  "debt", "owner", "0.5",
                                         "3.0",       "\"age\"", "2e3",  "0.0",   "-0.25",
                                         "twice_age", "NULL",    "share"};

    switch (depth == 0 ? 0 : cr_rng_below(rng, 7)) {
    case 1:
    case 2:
        draw_two(out, depth - 1, rng);
        break;
    case 3:
        draw_case(out, depth - 1, rng);
        break;
    case 4:
        draw_call(out, depth - 1, rng);
        break;
    default:
        cr_strbuf_puts(out, leaves[cr_rng_below(rng, CR_ARRAY_LEN(leaves))]);
        break;
    }
}

static void draw_comparison(struct cr_strbuf *out, size_t depth, struct cr_rng *rng)
{
    static const char *const ops[] = {" = ", " <> ", " < ", " <= ", " > ", " >= "};
    bool texts = cr_rng_below(rng, 3) == 0;
    void (*draw)(struct cr_strbuf *, size_t, struct cr_rng *) = texts ? draw_text : draw_real;
    size_t kind = cr_rng_below(rng, 6);

    draw(out, depth, rng);
    switch (kind) {
    case 0:
        cr_strbuf_puts(out, cr_rng_below(rng, 2) == 0 ? " IS NULL" : " IS NOT NULL");
        break;
    case 1:
        cr_strbuf_puts(out, cr_rng_below(rng, 2) == 0 ? " IN (" : " NOT IN (");
        draw(out, depth, rng);
        cr_strbuf_puts(out, ", ");
        draw(out, depth, rng);
        cr_strbuf_puts(out, ")");
        break;
    case 2:
        cr_strbuf_puts(out, cr_rng_below(rng, 2) == 0 ? " BETWEEN " : " NOT BETWEEN ");
        draw(out, depth, rng);
        cr_strbuf_puts(out, " AND ");
        draw(out, depth, rng);
        break;
    default:
        cr_strbuf_puts(out, ops[cr_rng_below(rng, CR_ARRAY_LEN(ops))]);
        draw(out, depth, rng);
        break;
    }
}

static void draw_condition(struct cr_strbuf *out, size_t depth, struct cr_rng *rng)
{
    switch (depth == 0 ? 3 : cr_rng_below(rng, 6)) {
    case 0:
        cr_strbuf_puts(out, "NOT ");
        draw_condition(out, depth - 1, rng);
        break;
    case 1:
    case 2:
        cr_strbuf_puts(out, cr_rng_below(rng, 2) == 0 ? "(" : "NOT (");
        draw_condition(out, depth - 1, rng);
        cr_strbuf_puts(out, cr_rng_below(rng, 2) == 0 ? " AND " : " OR ");
        draw_condition(out, depth - 1, rng);
        cr_strbuf_puts(out, ")");
        break;
    default:
        draw_comparison(out, depth == 0 ? 0 : depth - 1, rng);
        break;
    }
}

static void draw_sql(struct cr_strbuf *out, struct cr_rng *rng)
{
    cr_strbuf_reset(out);
    cr_strbuf_puts(out, "SELECT row_id,\n");
    draw_real(out, 4, rng);
    cr_strbuf_puts(out, " AS first, -- a comment\n");
    draw_text(out, 4, rng);
    cr_strbuf_puts(out, " AS second, /* and another */\n");
    draw_real(out, 4, rng);
    cr_strbuf_puts(out, " AS third\nFROM (SELECT application.*, age * 2.0 AS twice_age, CASE WHEN "
                        "income > 0 THEN debt / income END AS share FROM application) a");
}

/* How often a text was compiled. */
static bool check_text(const char *sql, size_t i, struct cr_rng *rng)
{
    struct cr_portfolio_file file = {CR_SQL_FILE, sql, strlen(sql)};
    struct cr_portfolio portfolio = {.name = "small",
                                     .n_fields = CR_ARRAY_LEN(fields),
                                     .fields = fields,
                                     .n_features = CR_ARRAY_LEN(features),
                                     .features = features,
                                     .n_files = 1,
                                     .files = &file};
    CR_CLEANUP(cr_engine_destroyp) struct cr_engine *engine = NULL;
    CR_CLEANUP(cr_program_destroyp) struct cr_program *program = NULL;
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    struct cr_value values[CR_ARRAY_LEN(fields)], row[CR_ARRAY_LEN(features)];
    struct cr_value wanted[CR_ARRAY_LEN(features)];
    struct cr_record record = {values};
    struct cr_error err;
    int result;

    cr_assert_ok(cr_engine_create(&portfolio, &engine, &err), &err);
    result = cr_program_create(&portfolio, &file, &program, &err);
    if (result == CR_EUNAVAIL) {
        return false; /* such as a comparison of two columns that are always NULL */
    }
    cr_assert_ok(result, &err);
    for (size_t k = 0; k < 20; k++) {
        for (size_t j = 0; j < CR_ARRAY_LEN(fields); j++) {
            values[j] = draw_value(&fields[j], cr_rng_below(rng, 5) == 0, rng);
        }
        cr_assert_ok(cr_engine_row(engine, &record, &arena, wanted, &err), &err);
        cr_program_run(program, &record, row);
        check_same(&portfolio, row, wanted, i, sql);
        check_pointers(&portfolio, row, wanted);
    }
    return true;
}

static void drawn_texts_are_the_same(void **state)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    size_t n = cr_test_cases(USUAL_CASES), n_compiled = 0;

    (void)state;
    print_message("seed %" PRIu64 ", %zu cases\n", seed, n);
    for (size_t i = 0; i < n; i++) {
        struct cr_rng rng;

        cr_rng_init(&rng, seed, i + 1);
        draw_sql(&sql, &rng);
        n_compiled += check_text(cr_strbuf_text(&sql), i, &rng);
    }
    print_message("%zu compiled\n", n_compiled);
    assert_true(n_compiled > n / 2);
}

/* What is computed in one arm only is computed again outside of it. */
static void an_arm_is_not_taken_for_granted(void **state)
{
    static const char sql[] = "SELECT row_id, COALESCE(income, age * 2.0) AS first, grade AS "
                              "second, age * 2.0 AS third FROM application";
    struct cr_rng rng;

    (void)state;
    cr_rng_init(&rng, seed, 0);
    assert_true(check_text(sql, 0, &rng));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retail_is_the_same),
        cmocka_unit_test(drawn_texts_are_the_same),
        cmocka_unit_test(an_arm_is_not_taken_for_granted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
