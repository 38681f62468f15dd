// SPDX-License-Identifier: MIT
/* SHA-256 (libsodium) as 64 lower-case hexadecimal digits. */
#ifndef CREDITRISK_UTIL_DIGEST_H
#define CREDITRISK_UTIL_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "creditrisk/util/error.h"

#define CR_DIGEST_LEN 65

void cr_digest_bytes(const void *data, size_t len, char ret_hex[CR_DIGEST_LEN]);

/* Streams the file; CR_ENOTFOUND, CR_EIO. */
int cr_digest_file(const char *path, char ret_hex[CR_DIGEST_LEN], struct cr_error *err);

/* Of bytes as they come. NULL without memory; yours: cr_digest_destroy. */
struct cr_digest;

struct cr_digest *cr_digest_create(void);
void cr_digest_destroy(struct cr_digest *digest);

static inline void cr_digest_destroyp(struct cr_digest **digest)
{
    cr_digest_destroy(*digest);
}

void cr_digest_add(struct cr_digest *digest, const void *data, size_t len);

/* Of all that was added; nothing can be added any more. */
void cr_digest_end(struct cr_digest *digest, char ret_hex[CR_DIGEST_LEN]);

/* n random bytes as 2·n hexadecimal digits and a NUL; for ids, salts and secrets, never for
 * statistics. The operating system gives a seed of 256 bits for every 2,048 of them, which ChaCha20
 * spreads: many at once cost little more than a few. */
void cr_digest_random_hex(char *ret_hex, size_t n);

/* Overwrites a secret text of the heap before it frees it; for CR_CLEANUP. NULL is none. */
void cr_digest_wipep(char **secret);

#endif
