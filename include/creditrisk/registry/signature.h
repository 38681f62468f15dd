// SPDX-License-Identifier: MIT
/* Signature: on whose word a version is what it is. Ed25519 (libsodium) over the bytes of
 * manifest.json, which hold the digest of every other file; manifest.sig beside it is
 * {"algorithm": "ed25519", "key": public key, "signature": …}, both in hexadecimal digits. Any
 * program that knows Ed25519 can check it. */
#ifndef CREDITRISK_REGISTRY_SIGNATURE_H
#define CREDITRISK_REGISTRY_SIGNATURE_H

#include "creditrisk/util/error.h"

/* A public key in hexadecimal digits and a NUL. */
#define CR_SIGNATURE_KEY_LEN 65

/* Makes a key pair: the secret half goes to a new file that only its owner can read. CR_EINVAL when
 * the file is there, CR_EIO. */
int cr_signature_make_key(const char *secret_file, char ret_public[CR_SIGNATURE_KEY_LEN],
                          struct cr_error *err);

/* Signs the manifest in dir: manifest.sig is written to to_dir, durably; an older one is replaced.
 * A crash may leave a part of it there, which no version may hold: for a version that is recorded
 * to_dir is another folder. CR_EINVAL for a file that is no secret key or that others can read. */
int cr_signature_sign(const char *dir, const char *secret_file, const char *to_dir,
                      char ret_public[CR_SIGNATURE_KEY_LEN], struct cr_error *err);

/* The key that the manifest in dir is signed with, "" when there is no signature: who holds it has
 * vouched for the version, trusted here or not. CR_EMODEL when manifest.sig is no signature or not
 * that of this manifest. */
int cr_signature_read(const char *dir, char ret_key[CR_SIGNATURE_KEY_LEN], struct cr_error *err);

/* The public keys that are trusted. */
struct cr_trust;

/* Reads a file of public keys: one a line, then perhaps a name; # begins a comment. Yours:
 * cr_trust_destroy. CR_EPARSE with the line, CR_EINVAL when there is no key in it. */
int cr_trust_load(const char *file, struct cr_trust **ret_trust, struct cr_error *err);
void cr_trust_destroy(struct cr_trust *trust);

/* CR_EMODEL unless the manifest in dir is signed with one of the keys. */
int cr_trust_check(const struct cr_trust *trust, const char *dir, struct cr_error *err);

#endif
