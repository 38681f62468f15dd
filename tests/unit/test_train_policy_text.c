// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "../../src/train/policy_text.h"

#include <math.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/yaml.h"

static const struct cr_costs constant = {250000, NAN, 12500.5};
static const struct cr_costs share = {NAN, 0.45, 12500.5};

static void becomes(const char *before, const struct cr_costs *costs, const char *after)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
    struct cr_error err;
    cr_assert_ok(cr_policy_text_set_costs("p", before, strlen(before), costs, &out, &err), &err);
    assert_string_equal(cr_strbuf_text(&out), after);
}

static void replaces_the_numbers_only(void **state)
{
    (void)state;
    becomes("# a\ncosts: {false_negative: 100000, false_positive: 10000} # b\nbands: []\n",
            &constant,
            "# a\ncosts: {false_negative: 250000, false_positive: 12500.5} # b\nbands: []\n");
    becomes("costs: {false_positive: 10000,false_negative: 1e5}", &constant,
            "costs: {false_positive: 12500.5,false_negative: 250000}");
    becomes("a: 1\ncosts:\n  # 10000\n  false_positive:   10000   # 10000\n\n  false_negative:\n"
            "    100000\nz: 100000\n",
            &constant,
            "a: 1\ncosts:\n  # 10000\n  false_positive:   12500.5   # 10000\n\n  false_negative:\n"
            "    250000\nz: 100000\n");
    becomes("costs: {\r\n  \"false_negative\": 100000,\r\n  'false_positive': 10000\r\n}\r\n",
            &constant,
            "costs: {\r\n  \"false_negative\": 250000,\r\n  'false_positive': 12500.5\r\n}\r\n");
}

static void keeps_a_number_that_is_right(void **state)
{
    (void)state;
    becomes("costs: {false_negative: 2.5e5, false_positive: 012500.50}\n", &constant,
            "costs: {false_negative: 2.5e5, false_positive: 012500.50}\n");
    becomes("costs: {false_negative: {lgd: 0.450}, false_positive: 1}\n", &share,
            "costs: {false_negative: {lgd: 0.450}, false_positive: 12500.5}\n");
}

static void makes_a_share_and_back(void **state)
{
    (void)state;
    becomes("costs: {false_negative: 100000, false_positive: 10000}\n", &share,
            "costs: {false_negative: {lgd: 0.45}, false_positive: 12500.5}\n");
    becomes("costs:\n  false_negative: 100000 # a\n  false_positive: 10000\n", &share,
            "costs:\n  false_negative: {lgd: 0.45} # a\n  false_positive: 12500.5\n");
    becomes("costs: {false_negative: { lgd: 0.6 , }, false_positive: 10000}\n", &constant,
            "costs: {false_negative: 250000, false_positive: 12500.5}\n");
    becomes("costs: {false_negative: {lgd: 0.6 # }\n # }\n }, false_positive: 10000}\n", &constant,
            "costs: {false_negative: 250000, false_positive: 12500.5}\n");
    becomes(
        "costs:\n  false_negative:\n    # of the amount\n    lgd: 0.6 # a\n  false_positive: 1\n",
        &constant,
        "costs:\n  false_negative:\n    # of the amount\n    250000 # a\n  false_positive: "
        "12500.5\n");
}

/* The parser counts characters and knows more line ends than \n. */
static void counts_as_the_parser_does(void **state)
{
    (void)state;
    becomes("\xEF\xBB\xBF# ₹ é 💰\ncosts: {false_negative: 100000, false_positive: 10000}\n",
            &constant,
            "\xEF\xBB\xBF# ₹ é 💰\ncosts: {false_negative: 250000, false_positive: 12500.5}\n");
    becomes("{\"₹é💰\": 1, costs: {false_negative: 100000, false_positive: 10000}}", &constant,
            "{\"₹é💰\": 1, costs: {false_negative: 250000, false_positive: 12500.5}}");
    becomes("# a\xC2\x85# b\xE2\x80\xA8# c\xE2\x80\xA9# d\r# e\r\ncosts: {false_negative: 1, "
            "false_positive: 2}",
            &constant,
            "# a\xC2\x85# b\xE2\x80\xA8# c\xE2\x80\xA9# d\r# e\r\ncosts: {false_negative: 250000, "
            "false_positive: 12500.5}");
}

static void refuses_what_it_cannot_replace(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "costs: {false_negative: 1}",
        "costs: {false_positive: 1}",
        "costs: 7",
        "costs: {false_negative: {}, false_positive: 1}",
        "costs: {false_negative: {lgd: 0.6, more: 1}, false_positive: 1}",
        "costs: {false_negative: many, false_positive: 1}",
        "costs: {false_negative: '1', false_positive: 1}",
        "costs: {false_negative: [1], false_positive: 1}",
        "costs: {false_negative: 1, false_positive: {}}",
        "costs: {",
    };
    for (size_t i = 0; i < CR_ARRAY_LEN(texts); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
        struct cr_error err = {0};
        int result =
            cr_policy_text_set_costs("p", texts[i], strlen(texts[i]), &constant, &out, &err);
        if (result != CR_EPARSE) {
            fail_msg("'%s' gave %d: %s", texts[i], result, err.message);
        }
        assert_non_null(strstr(err.message, "p:"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces_the_numbers_only),
        cmocka_unit_test(keeps_a_number_that_is_right),
        cmocka_unit_test(makes_a_share_and_back),
        cmocka_unit_test(counts_as_the_parser_does),
        cmocka_unit_test(refuses_what_it_cannot_replace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
