// SPDX-License-Identifier: MIT
/* Addresses of databases: which kind they are of, and as people may see them. */
#ifndef CREDITRISK_UTIL_URL_H
#define CREDITRISK_UTIL_URL_H

#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"

/* Appends the address with *** for every password: that of scheme://user:PASSWORD@host, and the
 * value of each key that ends with "password". What is not clearly something else counts as
 * a password, for the address may be mistyped. sqlite:PATH stays as it is. */
void cr_url_put_masked(struct cr_strbuf *out, const char *url);

/* Fills err and returns code: "database 'ADDRESS' WHY", the address masked. */
int cr_url_refuse(const char *url, const char *why, int code, struct cr_error *err);

enum cr_url_kind { CR_URL_SQLITE, CR_URL_POSTGRES, CR_URL_N_KINDS };

/* By what stands before the first colon; CR_EINVAL when it is neither sqlite:PATH nor
 * postgresql://… (or postgres://…). */
int cr_url_read_kind(const char *url, enum cr_url_kind *ret_kind, struct cr_error *err);

#endif
