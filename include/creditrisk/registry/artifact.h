// SPDX-License-Identifier: MIT
/* Artifact: one version's folder. manifest.json carries the SHA-256 of every other file; a folder
 * whose files, names or digests differ from it is refused. So is one with more than 4,096 files,
 * folders nested deeper than 8, a name longer than 128 bytes or a manifest above 4 MiB. */
#ifndef CREDITRISK_REGISTRY_ARTIFACT_H
#define CREDITRISK_REGISTRY_ARTIFACT_H

#include <jansson.h>
#include <stddef.h>

#include "creditrisk/util/error.h"

#define CR_ARTIFACT_FORMAT   1
#define CR_ARTIFACT_MANIFEST "manifest.json"

/* Digests every regular file below dir (manifest.json apart) into manifest["files"] as {"path":
 * {"sha256", "bytes"}}, sorted, and writes manifest.json durably. */
int cr_artifact_seal(const char *dir, json_t *manifest, struct cr_error *err);

/* Reads manifest.json and checks format, the set of files, sizes and digests. *ret_manifest is
 * yours (json_decref). CR_EMODEL names the first file that is wrong. */
int cr_artifact_verify(const char *dir, json_t **ret_manifest, struct cr_error *err);

/* Only reads manifest.json. */
int cr_artifact_read_manifest(const char *dir, json_t **ret_manifest, struct cr_error *err);

#endif
