// SPDX-License-Identifier: MIT
/* What is packed here, gzip's own program unpacks. zlib fails where a test wants it to. */
#include "cr_test.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/gzip.h"
#include "creditrisk/util/rng.h"
#include "creditrisk/util/strbuf.h"

/* How long it is packed. */
static size_t check(const char *bytes, size_t len)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *packed = NULL;
    CR_CLEANUP(cr_freep) char *again = NULL;
    CR_CLEANUP(cr_freep) char *unpacked = NULL;
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, "x.gz");
    CR_CLEANUP(cr_freep) char *plain = cr_fs_join(dir, "x");
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf command = CR_STRBUF_INIT;
    size_t packed_len = 0, again_len = 0, unpacked_len = 0;
    struct cr_error err;

    cr_assert_ok(cr_gzip_pack(bytes, len, &packed, &packed_len, &err), &err);
    cr_assert_ok(cr_gzip_pack(bytes, len, &again, &again_len, &err), &err);
    assert_int_equal(packed_len, again_len);
    assert_memory_equal(packed, again, packed_len);
    cr_assert_ok(cr_fs_write(path, packed, packed_len, &err), &err);
    cr_strbuf_printf(&command, "gzip -d '%s'", path);
    assert_int_equal(system(cr_strbuf_text(&command)), 0);
    cr_assert_ok(cr_fs_read(plain, 1 << 24, &unpacked, &unpacked_len, &err), &err);
    assert_int_equal(unpacked_len, len);
    assert_memory_equal(unpacked, bytes, len);
    return packed_len;
}

static bool deflate_fails;

int __real_deflate(z_stream *stream, int flush);
int __wrap_deflate(z_stream *stream, int flush);

int __wrap_deflate(z_stream *stream, int flush)
{
    int r = __real_deflate(stream, flush);

    return deflate_fails ? Z_BUF_ERROR : r;
}

static void failure_delivers_nothing(void **state)
{
    char *packed = NULL;
    size_t len = 42;
    struct cr_error err = {0};

    (void)state;
    assert_int_equal(cr_gzip_pack("a", ((size_t)1 << 30) + 1, &packed, &len, &err), CR_ETOOBIG);
    deflate_fails = true;
    assert_int_equal(cr_gzip_pack("abc", 3, &packed, &len, &err), CR_ENOMEM);
    deflate_fails = false;
    assert_string_equal(err.message, "cannot pack 3 bytes");
    assert_null(packed);
    assert_int_equal(len, 42);
}

static void whatever_is_packed_comes_back(void **state)
{
    enum { LEN = 300000 };
    CR_CLEANUP(cr_freep) char *noise = malloc(LEN);
    CR_CLEANUP(cr_freep) char *text = malloc(LEN);
    struct cr_rng rng;

    (void)state;
    assert_true(noise != NULL && text != NULL);
    cr_rng_init(&rng, 3, 0);
    for (size_t i = 0; i < LEN; i++) {
        noise[i] = (char)cr_rng_below(&rng, 256);
        text[i] = "0123456789, \n"[cr_rng_below(&rng, 13)];
    }
    assert_in_range(check("", 0), 18, 30);
    assert_in_range(check("a", 1), 18, 30);
    assert_in_range(check(noise, LEN), LEN, LEN + 300);            /* nothing can pack it */
    assert_in_range(check(text, LEN), LEN * 4 / 10, LEN * 6 / 10); /* 3.7 of 8 bits */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_packed_comes_back),
        cmocka_unit_test(failure_delivers_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
