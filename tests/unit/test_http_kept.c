// SPDX-License-Identifier: MIT
/* Which answers share a response, and how they are filled up. */
#include "cr_test.h"

#include <string.h>

#include "../../src/http/kept.h"

#include "creditrisk/util/cleanup.h"

static void put(struct cr_strbuf *answer, size_t len)
{
    cr_strbuf_reset(answer);
    for (size_t i = 0; i < len; i++) {
        cr_strbuf_putc(answer, 'x');
    }
}

static void test_fill(void **state)
{
    static const size_t cases[][2] = {{0, 128},     {1, 128},      {127, 128},   {128, 256},
                                      {129, 256},   {3968, 4096},  {4095, 4096}, {8191, 8192},
                                      {8192, 8320}, {70000, 70016}};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf answer = CR_STRBUF_INIT;

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        size_t len = cases[i][0], filled = cases[i][1];

        put(&answer, len);
        cr_kept_fill(&answer);
        assert_int_equal(answer.len, filled);
        assert_int_equal(strspn(answer.data, "x"), len);
        assert_int_equal(strspn(answer.data + len, " "), filled - len - 1);
        assert_string_equal(answer.data + filled - 1, "\n");
    }
}

static struct MHD_Response *make(char *bytes, size_t len)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_PERSISTENT);

    assert_non_null(response);
    return response;
}

static void test_get(void **state)
{
    static char here[CR_KEPT_MAX], there[CR_KEPT_MAX];
    struct cr_kept *kept = cr_kept_create();
    struct MHD_Response *shorter = make(here, 256), *longest = make(here, CR_KEPT_MAX), *other;

    (void)state;
    assert_non_null(kept);
    assert_null(cr_kept_get(kept, here, 256));
    cr_kept_put(kept, shorter, here, 256);
    cr_kept_put(kept, longest, here, CR_KEPT_MAX);
    assert_ptr_equal(cr_kept_get(kept, here, 256), shorter);
    assert_ptr_equal(cr_kept_get(kept, here, CR_KEPT_MAX), longest);
    assert_null(cr_kept_get(kept, here, 128));
    assert_null(cr_kept_get(kept, here, 384));

    assert_null(cr_kept_get(kept, there, 256)); /* `shorter` would send other bytes */
    other = make(there, 256);
    cr_kept_put(kept, other, there, 256);
    assert_ptr_equal(cr_kept_get(kept, there, 256), other);
    assert_null(cr_kept_get(kept, there, CR_KEPT_MAX));
    assert_null(cr_kept_get(kept, here, 256));
    cr_kept_destroy(kept);
    cr_kept_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_get),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
