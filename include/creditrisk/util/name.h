// SPDX-License-Identifier: MIT
/* Names that become parts of paths, addresses and tables: letters of ASCII, digits, - and _. */
#ifndef CREDITRISK_UTIL_NAME_H
#define CREDITRISK_UTIL_NAME_H

#include <stddef.h>

#include "creditrisk/util/error.h"

enum { CR_NAME_MAX_LEN = 63 };

/* CR_EINVAL unless text[0..len) is such a name, of 1 to CR_NAME_MAX_LEN characters; the message
 * says that it is no name of a `what` ("portfolio"). */
int cr_name_check(const char *text, size_t len, const char *what, struct cr_error *err);

#endif
