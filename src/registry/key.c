// SPDX-License-Identifier: MIT
#include "creditrisk/registry/key.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/digest.h"
#include "registry_impl.h"

enum { ID_BYTES = (CR_KEY_ID_LEN - 1) / 2, SECRET_LEN = 65 };

_Static_assert(CR_KEY_SALT_BYTES == crypto_generichash_blake2b_SALTBYTES, "BLAKE2b's own salt");

static const struct {
    const char *name;
    enum cr_key_scope scope;
} scopes_by_name[] = {
    {"predict", CR_KEY_PREDICT},
    {"read", CR_KEY_READ},
    {"admin", CR_KEY_ADMIN},
};

static unsigned scope_of(const char *name, size_t len)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(scopes_by_name); i++) {
        if (strlen(scopes_by_name[i].name) == len &&
            memcmp(scopes_by_name[i].name, name, len) == 0) {
            return scopes_by_name[i].scope;
        }
    }
    return 0;
}

int cr_key_parse_scopes(const char *text, unsigned *ret_scopes, struct cr_error *err)
{
    unsigned scopes = 0;

    for (;;) {
        size_t len = strcspn(text, ",");
        unsigned scope = scope_of(text, len);

        if (scope == 0 || (scopes & scope) != 0) {
            return cr_error_set(err, CR_EINVAL,
                                scope == 0 ? "'%.*s' is none of predict,read,admin"
                                           : "the scope '%.*s' stands there twice",
                                (int)len, text);
        }
        scopes |= scope;
        if (text[len] == '\0') {
            *ret_scopes = scopes;
            return 0;
        }
        text += len + 1;
    }
}

void cr_key_put_scopes(struct cr_strbuf *out, unsigned scopes)
{
    const char *comma = "";

    for (size_t i = 0; i < CR_ARRAY_LEN(scopes_by_name); i++) {
        if ((scopes & scopes_by_name[i].scope) != 0) {
            cr_strbuf_printf(out, "%s%s", comma, scopes_by_name[i].name);
            comma = ",";
        }
    }
}

static void hash_secret(const unsigned char salt[CR_KEY_SALT_BYTES], const char *secret,
                        unsigned char ret_hash[CR_KEY_HASH_BYTES])
{
    static const unsigned char purpose[crypto_generichash_blake2b_PERSONALBYTES] = "creditrisk key";

    (void)crypto_generichash_blake2b_salt_personal(
        ret_hash, CR_KEY_HASH_BYTES, (const unsigned char *)secret, strlen(secret), NULL, 0, salt,
        purpose); /* fails only for lengths that are out of range */
}

static int record_key(struct cr_registry *registry, const struct cr_key *key, const char *note,
                      const struct cr_registry_actor *actor, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf scopes = CR_STRBUF_INIT;
    char salt[2 * CR_KEY_SALT_BYTES + 1];
    char hash[2 * CR_KEY_HASH_BYTES + 1];
    char now[CR_CLOCK_TEXT_LEN];
    int r;

    cr_key_put_scopes(&scopes, key->scopes);
    r = cr_strbuf_check(&scopes, err);
    if (r == 0) {
        const char *const texts[] = {key->id, scopes.data, salt, hash, note, now, actor->name};

        cr_clock_utc(now);
        (void)sodium_bin2hex(salt, sizeof(salt), key->salt, sizeof(key->salt));
        (void)sodium_bin2hex(hash, sizeof(hash), key->hash, sizeof(key->hash));
        r = cr_registry_run(
            registry,
            "INSERT INTO keys (id, scopes, salt, hash, note, created_at, created_by)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            texts, CR_ARRAY_LEN(texts), err);
    }
    return r;
}

int cr_key_create(struct cr_registry *registry, unsigned scopes, const char *note,
                  const struct cr_registry_actor *actor, char **ret_presented, struct cr_error *err)
{
    struct cr_key key = {.scopes = scopes};
    char secret[SECRET_LEN];
    CR_CLEANUP(cr_digest_wipep) char *presented = NULL;
    int r;

    cr_digest_random_hex(key.id, ID_BYTES);
    cr_digest_random_hex(secret, sizeof(secret) / 2);
    randombytes_buf(key.salt, sizeof(key.salt));
    hash_secret(key.salt, secret, key.hash);
    if (asprintf(&presented, "%s.%s", key.id, secret) < 0) {
        presented = NULL; /* undefined after a failure */
    }
    sodium_memzero(secret, sizeof(secret));
    r = presented != NULL ? cr_db_begin(registry->db, err) : cr_error_no_memory(err);
    if (r == 0) {
        r = record_key(registry, &key, note, actor, err);
        r = cr_registry_end(registry, r, err);
    }
    if (r < 0) {
        return r;
    }
    *ret_presented = CR_STEAL(presented);
    return 0;
}

/* Inside a transaction: its lock makes one of two who revoke a key the second. */
static int revoke_locked(struct cr_registry *registry, const char *id,
                         const struct cr_registry_actor *actor, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *revoked_at = NULL;
    char now[CR_CLOCK_TEXT_LEN];
    const char *const texts[] = {id, now, actor->name};
    int r =
        cr_registry_query_text(registry, "SELECT coalesce(revoked_at, '') FROM keys WHERE id = ?1",
                               &id, 1, &revoked_at, err);

    if (r < 0) {
        return r;
    }
    if (revoked_at == NULL) {
        return cr_error_set(err, CR_ENOTFOUND, "there is no key '%s'", id);
    }
    if (*revoked_at != '\0') {
        return cr_error_set(err, CR_EINVAL, "key '%s' was revoked at %s", id, revoked_at);
    }
    cr_clock_utc(now);
    return cr_registry_run(registry,
                           "UPDATE keys SET revoked_at = ?2, revoked_by = ?3 WHERE id = ?1", texts,
                           CR_ARRAY_LEN(texts), err);
}

int cr_key_revoke(struct cr_registry *registry, const char *id,
                  const struct cr_registry_actor *actor, struct cr_error *err)
{
    int r = cr_db_begin(registry->db, err);

    if (r < 0) {
        return r;
    }
    r = revoke_locked(registry, id, actor, err);
    return cr_registry_end(registry, r, err);
}

static void key_finish(struct cr_key *key)
{
    free(key->note);
    free(key->created_at);
    free(key->created_by);
    free(key->revoked_at);
    free(key->revoked_by);
}

void cr_keys_finish(struct cr_keys *keys)
{
    for (size_t i = 0; i < keys->n; i++) {
        key_finish(&keys->items[i]);
    }
    free(keys->items);
    *keys = (struct cr_keys){NULL, 0};
}

static bool read_hex(const char *hex, unsigned char *ret_bytes, size_t n)
{
    size_t len = 0;

    return sodium_hex2bin(ret_bytes, n, hex, strlen(hex), NULL, &len, NULL) == 0 && len == n &&
           strlen(hex) == 2 * n;
}

/* Columns: id, scopes, salt, hash, note, created_at, created_by, revoked_at,
 * revoked_by; the last two are null or not together. */
static int read_key(const struct cr_stmt *stmt, struct cr_key *ret_key, struct cr_error *err)
{
    const char *id = cr_stmt_text(stmt, 0);
    int r = cr_key_parse_scopes(cr_stmt_text(stmt, 1), &ret_key->scopes, err);

    if (r < 0) {
        return r;
    }
    if (strlen(id) != CR_KEY_ID_LEN - 1 ||
        !read_hex(cr_stmt_text(stmt, 2), ret_key->salt, CR_KEY_SALT_BYTES) ||
        !read_hex(cr_stmt_text(stmt, 3), ret_key->hash, CR_KEY_HASH_BYTES)) {
        return cr_error_set(err, CR_EDB, "the registry's key '%s' is damaged", id);
    }
    memcpy(ret_key->id, id, CR_KEY_ID_LEN);
    ret_key->note = strdup(cr_stmt_text(stmt, 4));
    ret_key->created_at = strdup(cr_stmt_text(stmt, 5));
    ret_key->created_by = strdup(cr_stmt_text(stmt, 6));
    if (!cr_stmt_is_null(stmt, 7)) {
        ret_key->revoked_at = strdup(cr_stmt_text(stmt, 7));
        ret_key->revoked_by = strdup(cr_stmt_text(stmt, 8));
    }
    return ret_key->note != NULL && ret_key->created_at != NULL && ret_key->created_by != NULL &&
                   ((ret_key->revoked_at != NULL && ret_key->revoked_by != NULL) ||
                    cr_stmt_is_null(stmt, 7))
               ? 0
               : cr_error_no_memory(err);
}

static int add_key(struct cr_keys *keys, const struct cr_stmt *stmt, struct cr_error *err)
{
    struct cr_key *items = reallocarray(keys->items, keys->n + 1, sizeof(*items));

    if (items == NULL) {
        return cr_error_no_memory(err);
    }
    keys->items = items;
    items[keys->n] = (struct cr_key){0};
    return read_key(stmt, &items[keys->n++], err);
}

int cr_keys_list(struct cr_registry *registry, struct cr_keys *ret_keys, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    CR_CLEANUP(cr_keys_finish) struct cr_keys keys = {NULL, 0};
    bool row = true;
    int r = cr_registry_prepare(registry,
                                "SELECT id, scopes, salt, hash, note, created_at, created_by,"
                                " revoked_at, revoked_by FROM keys ORDER BY id",
                                NULL, 0, &stmt, err);

    while (r == 0 && row) {
        r = cr_stmt_step(stmt, &row, err);
        if (r == 0 && row) {
            r = add_key(&keys, stmt, err);
        }
    }
    if (r < 0) {
        return r;
    }
    *ret_keys = keys;
    keys = (struct cr_keys){NULL, 0};
    return 0;
}

static int compare_id(const void *id, const void *key)
{
    return memcmp(id, ((const struct cr_key *)key)->id, CR_KEY_ID_LEN - 1);
}

const struct cr_key *cr_keys_authenticate(const struct cr_keys *keys, const char *presented)
{
    unsigned char hash[CR_KEY_HASH_BYTES];
    const struct cr_key *key;

    if (strlen(presented) != CR_KEY_ID_LEN - 1 + 1 + SECRET_LEN - 1 ||
        presented[CR_KEY_ID_LEN - 1] != '.' || keys->n == 0) {
        return NULL;
    }
    key = bsearch(presented, keys->items, keys->n, sizeof(*keys->items), compare_id);
    if (key == NULL) {
        return NULL;
    }
    hash_secret(key->salt, presented + CR_KEY_ID_LEN, hash);
    return sodium_memcmp(hash, key->hash, sizeof(hash)) == 0 && key->revoked_at == NULL ? key
                                                                                        : NULL;
}

bool cr_key_is_secret(const char *presented, const char *secret)
{
    static const unsigned char no_salt[CR_KEY_SALT_BYTES];
    unsigned char a[CR_KEY_HASH_BYTES];
    unsigned char b[CR_KEY_HASH_BYTES];

    hash_secret(no_salt, presented, a);
    hash_secret(no_salt, secret, b);
    return sodium_memcmp(a, b, sizeof(a)) == 0;
}
