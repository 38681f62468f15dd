// SPDX-License-Identifier: MIT
/* Complaints with pointers: RFC 6901 inside RFC 3986. */
#include "cr_test.h"

#include "../../src/http/problem.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

static void check(const char *loc, const char *place, const char *value)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *details = json_pack("[{s:s, s:o, s:s, s:{s:i}}]", "type", "greater_than_equal", "loc",
                                json_loads(loc, 0, NULL), "msg", "too small", "ctx", "ge", 18);
    CR_CLEANUP(cr_json_decrefp) json_t *errors = cr_problem_errors(details);
    CR_CLEANUP(cr_json_decrefp)
    json_t *expected =
        json_pack("[{s:s, s:s, s:o, s:{s:i}}]", "type", "greater_than_equal", "detail", "too small",
                  place, json_loads(value, JSON_DECODE_ANY, NULL), "ctx", "ge", 18);

    assert_non_null(expected);
    assert_true(json_equal(errors, expected));
}

static void places(void **state)
{
    (void)state;
    check("[\"body\", \"age\"]", "pointer", "\"#/age\"");
    check("[\"body\"]", "pointer", "\"#\"");
    check("[\"body\", \"a/b~c\"]", "pointer", "\"#/a~1b~0c\"");
    check("[\"body\", \"é #%\"]", "pointer", "\"#/%C3%A9%20%23%25\"");
    check("[\"body\", \"\"]", "pointer", "\"#/\"");
    check("[\"body\", 17]", "offset", "17");
    check("[\"query\", \"explain\"]", "parameter", "\"explain\"");
}

static void nothing(void **state)
{
    CR_CLEANUP(cr_json_decrefp) json_t *details = json_array();
    CR_CLEANUP(cr_json_decrefp) json_t *errors = cr_problem_errors(details);

    (void)state;
    assert_true(json_is_array(errors));
    assert_int_equal(json_array_size(errors), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places),
        cmocka_unit_test(nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
