// SPDX-License-Identifier: MIT
#include "creditrisk/registry/signature.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "creditrisk/registry/artifact.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

enum {
    PUBLIC_LEN = crypto_sign_PUBLICKEYBYTES,
    SECRET_LEN = crypto_sign_SECRETKEYBYTES,
    SEED_LEN = crypto_sign_SEEDBYTES,
    SIGNATURE_LEN = crypto_sign_BYTES,
    MAX_MANIFEST_LEN = 4 << 20,
    MAX_SMALL_LEN = 1 << 16, /* keys and signatures */
    MAX_KEYS = 256,
};

_Static_assert(2 * PUBLIC_LEN + 1 == CR_SIGNATURE_KEY_LEN, "the header's length of a key");

static const char algorithm[] = "ed25519";

static int start(struct cr_error *err)
{
    return sodium_init() >= 0
               ? 0
               : cr_error_set(err, CR_EUNAVAIL, "the library for signatures cannot start");
}

/* Exactly len bytes from exactly 2·len digits. */
static bool from_hex(const char *text, size_t text_len, unsigned char *ret_bytes, size_t len)
{
    size_t n = 0;

    return text_len == 2 * len &&
           sodium_hex2bin(ret_bytes, len, text, text_len, NULL, &n, NULL) == 0 && n == len;
}

/* A new file for its owner alone, synced. */
static int write_secret(const char *file, const char *text, size_t len)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool written;

    if (fd < 0) {
        return -1;
    }
    written = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    return close(fd) == 0 && written ? 0 : -1;
}

int cr_signature_make_key(const char *secret_file, char ret_public[CR_SIGNATURE_KEY_LEN],
                          struct cr_error *err)
{
    unsigned char public[PUBLIC_LEN], secret[SECRET_LEN], seed[SEED_LEN];
    char text[2 * SEED_LEN + 2];
    int r = start(err);

    if (r < 0) {
        return r;
    }
    randombytes_buf(seed, sizeof(seed));
    (void)crypto_sign_seed_keypair(public, secret, seed); /* always succeeds */
    (void)sodium_bin2hex(text, sizeof(text), seed, sizeof(seed));
    text[2 * SEED_LEN] = '\n';
    r = write_secret(secret_file, text, 2 * SEED_LEN + 1);
    sodium_memzero(text, sizeof(text));
    sodium_memzero(seed, sizeof(seed));
    sodium_memzero(secret, sizeof(secret));
    if (r < 0) {
        return errno == EEXIST
                   ? cr_error_set(err, CR_EINVAL, "'%s' is there already: keys are not overwritten",
                                  secret_file)
                   : cr_error_set(err, CR_EIO, "cannot write '%s': %s", secret_file,
                                  strerror(errno));
    }
    (void)sodium_bin2hex(ret_public, CR_SIGNATURE_KEY_LEN, public, sizeof(public));
    return 0;
}

/* Both halves of the key whose secret one is in the file. */
static int read_secret(const char *file, unsigned char public[PUBLIC_LEN],
                       unsigned char secret[SECRET_LEN], struct cr_error *err)
{
    unsigned char seed[SEED_LEN];
    struct stat info;
    char *text = NULL;
    size_t len = 0;
    bool is_key;
    int r = cr_fs_read(file, MAX_SMALL_LEN, &text, &len, err);

    if (r < 0) {
        return r;
    }
    is_key = len > 0 && text[len - 1] == '\n' && from_hex(text, len - 1, seed, sizeof(seed));
    sodium_memzero(text, len);
    free(text);
    if (!is_key) {
        return cr_error_set(err, CR_EINVAL, "'%s' is no secret key", file);
    }
    (void)crypto_sign_seed_keypair(public, secret, seed); /* always succeeds */
    sodium_memzero(seed, sizeof(seed));
    if (stat(file, &info) != 0 || (info.st_mode & 077) != 0) {
        return cr_error_set(err, CR_EINVAL, "'%s' can be read by others: chmod 600 '%s'", file,
                            file);
    }
    return 0;
}

/* The bytes that are signed; *ret_text is yours. */
static int read_manifest(const char *dir, char **ret_text, size_t *ret_len, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, CR_ARTIFACT_MANIFEST);

    return path == NULL ? cr_error_no_memory(err)
                        : cr_fs_read(path, MAX_MANIFEST_LEN, ret_text, ret_len, err);
}

static int save(const char *dir, const char *key, const unsigned char signature[SIGNATURE_LEN],
                struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, CR_ARTIFACT_SIGNATURE);
    CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
    char text[2 * SIGNATURE_LEN + 1];

    (void)sodium_bin2hex(text, sizeof(text), signature, SIGNATURE_LEN);
    json = json_pack("{s:s, s:s, s:s}", "algorithm", algorithm, "key", key, "signature", text);
    return path == NULL || json == NULL ? cr_error_no_memory(err) : cr_json_save(path, json, err);
}

int cr_signature_sign(const char *dir, const char *secret_file, const char *to_dir,
                      char ret_public[CR_SIGNATURE_KEY_LEN], struct cr_error *err)
{
    unsigned char public[PUBLIC_LEN], secret[SECRET_LEN], signature[SIGNATURE_LEN];
    char key[CR_SIGNATURE_KEY_LEN];
    CR_CLEANUP(cr_freep) char *text = NULL;
    size_t len = 0;
    int r = start(err);

    if (r == 0) {
        r = read_manifest(dir, &text, &len, err);
    }
    if (r == 0) {
        r = read_secret(secret_file, public, secret, err);
    }
    if (r == 0) {
        /* always succeeds */
        (void)crypto_sign_detached(signature, NULL, (unsigned char *)text, len, secret);
        (void)sodium_bin2hex(key, sizeof(key), public, sizeof(public));
        r = save(to_dir, key, signature, err);
    }
    sodium_memzero(secret, sizeof(secret));
    if (r == 0) {
        memcpy(ret_public, key, sizeof(key));
    }
    return r;
}

struct cr_trust {
    size_t n;
    unsigned char keys[MAX_KEYS][PUBLIC_LEN];
};

/* One line: a key, a comment, or nothing. */
static int add_line(struct cr_trust *trust, const char *file, size_t number, const char *line,
                    size_t len, struct cr_error *err)
{
    size_t key_len = 0;

    while (len > 0 && isspace((unsigned char)*line)) {
        line++;
        len--;
    }
    if (len == 0 || *line == '#') {
        return 0;
    }
    while (key_len < len && !isspace((unsigned char)line[key_len])) {
        key_len++;
    }
    if (trust->n == MAX_KEYS) {
        return cr_error_at(err, CR_ETOOBIG, file, number, 0, "more than %d keys", MAX_KEYS);
    }
    if (!from_hex(line, key_len, trust->keys[trust->n], PUBLIC_LEN)) {
        return cr_error_at(err, CR_EPARSE, file, number, 0,
                           "a public key has %d hexadecimal digits, not '%.*s'", 2 * PUBLIC_LEN,
                           (int)(key_len < 80 ? key_len : 80), line);
    }
    trust->n++;
    return 0;
}

int cr_trust_load(const char *file, struct cr_trust **ret_trust, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct cr_trust *trust = calloc(1, sizeof(*trust));
    CR_CLEANUP(cr_freep) char *text = NULL;
    size_t len = 0, number = 1;
    int r = start(err);

    if (r == 0 && trust == NULL) {
        r = cr_error_no_memory(err);
    }
    if (r == 0) {
        r = cr_fs_read(file, MAX_SMALL_LEN, &text, &len, err);
    }
    for (size_t at = 0; r == 0 && at < len; number++) {
        size_t line_len = strcspn(text + at, "\n");

        r = add_line(trust, file, number, text + at, line_len, err);
        at += line_len + 1;
    }
    if (r == 0 && trust->n == 0) {
        r = cr_error_set(err, CR_EINVAL, "there is no public key in '%s'", file);
    }
    if (r == 0) {
        *ret_trust = CR_STEAL(trust);
    }
    return r;
}

void cr_trust_destroy(struct cr_trust *trust)
{
    free(trust);
}

/* What manifest.sig says. */
struct claim {
    unsigned char public[PUBLIC_LEN];
    unsigned char signature[SIGNATURE_LEN];
};

/* *ret_found is false when there is no signature. */
static int read_claim(const char *dir, struct claim *claim, bool *ret_found, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, CR_ARTIFACT_SIGNATURE);
    CR_CLEANUP(cr_json_decrefp) json_t *json = NULL;
    const char *kind, *key, *signature;
    struct cr_error cause;
    int r = path == NULL ? cr_error_no_memory(err) : 0;

    if (r < 0) {
        return r;
    }
    *ret_found = cr_fs_exists(path);
    if (!*ret_found) {
        return 0;
    }
    r = cr_json_load(path, MAX_SMALL_LEN, &json, &cause);
    if (r < 0) {
        return cr_error_set(err, cr_artifact_code(r), "%s", cause.message);
    }
    kind = json_string_value(json_object_get(json, "algorithm"));
    key = json_string_value(json_object_get(json, "key"));
    signature = json_string_value(json_object_get(json, "signature"));
    if (kind == NULL || strcmp(kind, algorithm) != 0 || key == NULL || signature == NULL ||
        !from_hex(key, strlen(key), claim->public, PUBLIC_LEN) ||
        !from_hex(signature, strlen(signature), claim->signature, SIGNATURE_LEN)) {
        return cr_error_set(err, CR_EMODEL, "'%s' is no signature", path);
    }
    return 0;
}

int cr_signature_read(const char *dir, char ret_key[CR_SIGNATURE_KEY_LEN], struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *text = NULL;
    char key[CR_SIGNATURE_KEY_LEN] = "";
    struct claim claim;
    size_t len = 0;
    bool found = false;
    int r = start(err);

    if (r == 0) {
        r = read_claim(dir, &claim, &found, err);
    }
    if (r == 0 && found) {
        (void)sodium_bin2hex(key, sizeof(key), claim.public, PUBLIC_LEN);
        r = read_manifest(dir, &text, &len, err);
    }
    if (r == 0 && found &&
        crypto_sign_verify_detached(claim.signature, (unsigned char *)text, len, claim.public) !=
            0) {
        r = cr_error_set(err, CR_EMODEL, "'%s/%s' is not what was signed with the key '%s'", dir,
                         CR_ARTIFACT_MANIFEST, key);
    }
    if (r == 0) {
        memcpy(ret_key, key, sizeof(key));
    }
    return r;
}

static bool is_trusted(const struct cr_trust *trust, const char *key)
{
    unsigned char public[PUBLIC_LEN];

    if (!from_hex(key, strlen(key), public, PUBLIC_LEN)) {
        return false;
    }
    for (size_t i = 0; i < trust->n; i++) {
        if (memcmp(trust->keys[i], public, PUBLIC_LEN) == 0) {
            return true;
        }
    }
    return false;
}

int cr_trust_check(const struct cr_trust *trust, const char *dir, struct cr_error *err)
{
    char key[CR_SIGNATURE_KEY_LEN];
    int r = cr_signature_read(dir, key, err);

    if (r < 0) {
        return r;
    }
    if (*key == '\0') {
        return cr_error_set(err, CR_EMODEL, "'%s' is not signed", dir);
    }
    return is_trusted(trust, key)
               ? 0
               : cr_error_set(err, CR_EMODEL,
                              "'%s' is signed with the key '%s', which is not trusted", dir, key);
}
