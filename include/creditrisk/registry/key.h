// SPDX-License-Identifier: MIT
/* Keys of clients. A key is presented as "id.secret"; the registry holds only id, scopes, a salt
 * and BLAKE2b(salt, secret), so that nobody can learn a secret from it. A key is never changed
 * and never deleted, only revoked. */
#ifndef CREDITRISK_REGISTRY_KEY_H
#define CREDITRISK_REGISTRY_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/registry/registry.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"

/* What a key is good for, as bits. */
enum cr_key_scope { CR_KEY_NONE = 0, CR_KEY_PREDICT = 1, CR_KEY_READ = 2, CR_KEY_ADMIN = 4 };

enum { CR_KEY_ID_LEN = 17, CR_KEY_SALT_BYTES = 16, CR_KEY_HASH_BYTES = 32 };

/* The texts are its own. */
struct cr_key {
    char id[CR_KEY_ID_LEN]; /* hexadecimal digits */
    unsigned scopes;
    unsigned char salt[CR_KEY_SALT_BYTES];
    unsigned char hash[CR_KEY_HASH_BYTES];
    char *note; /* whose it is, what for */
    char *created_at;
    char *created_by;
    char *revoked_at; /* NULL while it is good … */
    char *revoked_by; /* … as this */
};

struct cr_keys {
    struct cr_key *items; /* by id */
    size_t n;
};

/* Reads "predict,read"; CR_EINVAL for a scope that is none, for none and for one twice. */
int cr_key_parse_scopes(const char *text, unsigned *ret_scopes, struct cr_error *err);
void cr_key_put_scopes(struct cr_strbuf *out, unsigned scopes);

/* Makes and records a key. *ret_presented, "id.secret", is yours (free) and is kept nowhere. */
int cr_key_create(struct cr_registry *registry, unsigned scopes, const char *note,
                  const struct cr_registry_actor *actor, char **ret_presented,
                  struct cr_error *err);

/* From now on the key is good for nothing; CR_ENOTFOUND, CR_EINVAL when it was revoked before. */
int cr_key_revoke(struct cr_registry *registry, const char *id,
                  const struct cr_registry_actor *actor, struct cr_error *err);

/* All keys, the revoked ones too. Yours: cr_keys_finish. */
int cr_keys_list(struct cr_registry *registry, struct cr_keys *ret_keys, struct cr_error *err);
void cr_keys_finish(struct cr_keys *keys);

/* The good key that `presented` is, NULL when it is none. The id, which is no secret, leads to the
 * key; the secret is compared by sodium_memcmp over the full hash and in no other way. Borrowed. */
const struct cr_key *cr_keys_authenticate(const struct cr_keys *keys, const char *presented);

/* Whether `presented` is a secret that stands in no registry; compared in the same way. */
bool cr_key_is_secret(const char *presented, const char *secret);

#endif
