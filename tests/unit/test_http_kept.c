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
    static const size_t cases[][2] = {{0, 128},   {1, 128},     {127, 128},  {128, 256},
                                      {129, 256}, {3968, 4096}, {4095, 4096}};
    static const size_t too_long[] = {4096, 4097, 70000};
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
    for (size_t i = 0; i < CR_ARRAY_LEN(too_long); i++) {
        put(&answer, too_long[i]);
        cr_kept_fill(&answer);
        assert_int_equal(answer.len, too_long[i]);
        assert_int_equal(strspn(answer.data, "x"), too_long[i]);
    }
}

static void test_find(void **state)
{
    static char here[4096 + 128], there[4096];
    struct cr_kept *kept = NULL;
    struct MHD_Response **place, **longer;

    (void)state;
    assert_null(cr_kept_find(&kept, here, 0));
    assert_null(cr_kept_find(&kept, here, 100));
    assert_null(cr_kept_find(&kept, here, 4096 + 128));
    place = cr_kept_find(&kept, here, 256);
    longer = cr_kept_find(&kept, here, 4096);
    assert_non_null(place);
    assert_non_null(longer);
    assert_ptr_not_equal(place, longer);
    assert_null(*place);
    *place = MHD_create_response_from_buffer(256, here, MHD_RESPMEM_PERSISTENT);
    assert_non_null(*place);
    assert_null(*longer);
    assert_ptr_equal(cr_kept_find(&kept, here, 256), place);
    assert_non_null(*place);

    place = cr_kept_find(&kept, there, 256); /* the response for `here` would send other bytes */
    assert_non_null(place);
    assert_null(*place);
    *place = MHD_create_response_from_buffer(256, there, MHD_RESPMEM_PERSISTENT);
    assert_non_null(*place);
    cr_kept_destroy(kept);
    cr_kept_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_find),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
