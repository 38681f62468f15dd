// SPDX-License-Identifier: MIT
/* Artifact: one version's folder. manifest.json carries the SHA-256 of every other file; a folder
 * whose files, names or digests differ from it is refused. So is one with more than 4,096 files,
 * folders nested deeper than 8, a name longer than 128 bytes or a manifest above 4 MiB. Only
 * manifest.sig, the manifest's signature, stands beside it (registry/signature.h). */
#ifndef CREDITRISK_REGISTRY_ARTIFACT_H
#define CREDITRISK_REGISTRY_ARTIFACT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/util/error.h"

#define CR_ARTIFACT_FORMAT    1
#define CR_ARTIFACT_MANIFEST  "manifest.json"
#define CR_ARTIFACT_SIGNATURE "manifest.sig"
#define CR_ARTIFACT_MAX_FILES 4096

/* Whether a version may have a file of that name, relative to its folder: components of letters,
 * digits and ._- that do not begin with a dot, bounded in length and depth. */
bool cr_artifact_is_path(const char *path);

/* Digests every regular file below dir (manifest.json apart) into manifest["files"] as {"path":
 * {"sha256", "bytes"}}, sorted, and writes manifest.json durably. */
int cr_artifact_seal(const char *dir, json_t *manifest, struct cr_error *err);

/* Reads manifest.json and checks format, the set of files, sizes and digests. *ret_manifest is
 * yours (json_decref). CR_EMODEL names the first file that is wrong, CR_EIO the one that the system
 * does not let us read. */
int cr_artifact_verify(const char *dir, json_t **ret_manifest, struct cr_error *err);

/* Of the same what needs no reading of files, whatever their size: their set and their sizes, by a
 * manifest that was read. */
int cr_artifact_look(const char *dir, const json_t *manifest, struct cr_error *err);

/* Only reads manifest.json. */
int cr_artifact_read_manifest(const char *dir, json_t **ret_manifest, struct cr_error *err);

/* What it means for a version that one of its files was not read, by the failure's code: CR_EMODEL,
 * unless the machine refuses (CR_EIO, CR_ENOMEM), which says nothing about the version. */
int cr_artifact_code(int code);

#endif
