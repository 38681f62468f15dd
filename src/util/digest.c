// SPDX-License-Identifier: MIT
#include "creditrisk/util/digest.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"
#include "os.h"

_Static_assert(CR_DIGEST_LEN == 2 * crypto_hash_sha256_BYTES + 1, "a digest is 64 digits");

enum { CHUNK = 65536, SPREAD = 2048 /* of one seed */ };

static void init(void)
{
    int result = sodium_init();

    assert(result >= 0); /* fails only without a random source: nothing could be signed or salted */
    (void)result;        /* with NDEBUG */
}

static void init_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, init); /* cannot fail with a valid argument */
}

/* Of x < 16; without a branch or a table, as some are secret. 'a' stands 39 behind '9' + 1. */
static char hex_digit(unsigned x)
{
    return (char)('0' + x + ((9 - x) >> 8 & 39));
}

/* sodium_bin2hex does the same in ten times as long; every request has an id. */
static void to_hex(char *ret_hex, const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ret_hex[2 * i] = hex_digit(bytes[i] >> 4);
        ret_hex[2 * i + 1] = hex_digit(bytes[i] & 15);
    }
    ret_hex[2 * len] = '\0';
}

void cr_digest_bytes(const void *data, size_t len, char ret_hex[CR_DIGEST_LEN])
{
    unsigned char hash[crypto_hash_sha256_BYTES];

    init_once();
    (void)crypto_hash_sha256(hash, data, len); /* cannot fail */
    to_hex(ret_hex, hash, sizeof(hash));
}

struct cr_digest {
    crypto_hash_sha256_state state;
};

struct cr_digest *cr_digest_create(void)
{
    struct cr_digest *digest = malloc(sizeof(*digest));

    init_once();
    if (digest != NULL) {
        (void)crypto_hash_sha256_init(&digest->state); /* none of the three can fail */
    }
    return digest;
}

void cr_digest_destroy(struct cr_digest *digest)
{
    free(digest);
}

void cr_digest_add(struct cr_digest *digest, const void *data, size_t len)
{
    (void)crypto_hash_sha256_update(&digest->state, data, len);
}

void cr_digest_end(struct cr_digest *digest, char ret_hex[CR_DIGEST_LEN])
{
    unsigned char hash[crypto_hash_sha256_BYTES];

    (void)crypto_hash_sha256_final(&digest->state, hash);
    to_hex(ret_hex, hash, sizeof(hash));
}

int cr_digest_file(const char *path, char ret_hex[CR_DIGEST_LEN], struct cr_error *err)
{
    CR_CLEANUP(cr_fclosep) FILE *file = fopen(path, "rbe");
    CR_CLEANUP(cr_freep) unsigned char *chunk = malloc(CHUNK);
    CR_CLEANUP(cr_digest_destroyp) struct cr_digest *digest = cr_digest_create();
    size_t n;

    if (file == NULL) {
        return os_error(err, "open", path);
    }
    if (chunk == NULL || digest == NULL) {
        return cr_error_no_memory(err);
    }
    while ((n = fread(chunk, 1, CHUNK, file)) > 0) {
        cr_digest_add(digest, chunk, n);
    }
    if (ferror(file)) {
        return os_error(err, "read", path);
    }
    cr_digest_end(digest, ret_hex);
    return 0;
}

void cr_digest_random_hex(char *ret_hex, size_t n)
{
    unsigned char seed[randombytes_SEEDBYTES];
    unsigned char bytes[SPREAD];

    init_once();
    *ret_hex = '\0';
    for (size_t done = 0; done < n; done += sizeof(bytes)) {
        size_t len = n - done < sizeof(bytes) ? n - done : sizeof(bytes);

        randombytes_buf(seed, sizeof(seed));
        randombytes_buf_deterministic(bytes, len, seed);
        to_hex(ret_hex + 2 * done, bytes, len);
    }
    sodium_memzero(seed, sizeof(seed));
    sodium_memzero(bytes, sizeof(bytes));
}

void cr_digest_wipep(char **secret)
{
    if (*secret != NULL) {
        sodium_memzero(*secret, strlen(*secret));
        free(*secret);
    }
}
