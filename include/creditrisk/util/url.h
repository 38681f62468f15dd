// SPDX-License-Identifier: MIT
/* Addresses of databases, as people may see them. */
#ifndef CREDITRISK_UTIL_URL_H
#define CREDITRISK_UTIL_URL_H

#include "creditrisk/util/strbuf.h"

/* Appends the address with *** for every password: that of scheme://user:PASSWORD@host, and the
 * value of each key that ends with "password". What is not clearly something else counts as
 * a password, for the address may be mistyped. sqlite:PATH stays as it is. */
void cr_url_put_masked(struct cr_strbuf *out, const char *url);

#endif
