// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"

/* FIPS 180-4 examples: "", "abc", and a million times "a". */
static void test_vectors(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, "million");
    CR_CLEANUP(cr_freep) char *million = malloc(1000000);
    CR_CLEANUP(cr_digest_destroyp) struct cr_digest *digest = NULL;
    char hex[CR_DIGEST_LEN];
    struct cr_error err;

    (void)state;
    cr_digest_bytes(NULL, 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    cr_digest_bytes("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_non_null(million);
    memset(million, 'a', 1000000);
    cr_assert_ok(cr_fs_write(path, million, 1000000, &err), &err);
    cr_assert_ok(cr_digest_file(path, hex, &err), &err);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    digest = cr_digest_create();
    assert_non_null(digest);
    cr_digest_add(digest, "a", 1);
    cr_digest_add(digest, "", 0);
    cr_digest_add(digest, "bc", 2);
    cr_digest_end(digest, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_file_errors(void **state)
{
    char hex[CR_DIGEST_LEN] = "kept";
    struct cr_error err;

    (void)state;
    assert_int_equal(cr_digest_file("/nonexistent", hex, &err), CR_ENOTFOUND);
    assert_int_equal(cr_digest_file("/", hex, &err), CR_EIO);
    assert_string_equal(hex, "kept");
}

static void test_random(void **state)
{
    static char many[2 * 5000 + 1]; /* of more than one seed */
    char one[81], two[81];
    size_t n_seen[16] = {0};

    (void)state;
    cr_digest_random_hex(one, 0);
    assert_string_equal(one, "");
    cr_digest_random_hex(one, 40);
    cr_digest_random_hex(two, 40);
    assert_int_equal(strlen(one), 80);
    assert_int_equal(strspn(one, "0123456789abcdef"), 80);
    assert_string_not_equal(one, two);
    cr_digest_random_hex(many, 5000);
    assert_int_equal(strlen(many), 10000);
    memcpy(two, many, 40);
    two[40] = '\0';
    assert_null(strstr(many + 1, two)); /* nowhere does it begin anew */
    for (size_t i = 0; i < 10000; i++) {
        n_seen[many[i] <= '9' ? many[i] - '0' : many[i] - 'a' + 10]++;
    }
    for (size_t i = 0; i < 16; i++) { /* 625 ± 24: ten deviations */
        assert_in_range(n_seen[i], 385, 865);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_file_errors),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
