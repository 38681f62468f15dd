// SPDX-License-Identifier: MIT
/* gzip (RFC 1952, through zlib): bytes packed as a whole. The same bytes give the same ones. */
#ifndef CREDITRISK_UTIL_GZIP_H
#define CREDITRISK_UTIL_GZIP_H

#include <stddef.h>

#include "creditrisk/util/error.h"

/* Packs bytes[0..len); *ret_packed is yours (free). CR_ENOMEM; CR_ETOOBIG beyond 1 GiB. */
int cr_gzip_pack(const char *bytes, size_t len, char **ret_packed, size_t *ret_len,
                 struct cr_error *err);

#endif
