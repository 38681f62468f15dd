// SPDX-License-Identifier: MIT
#include "creditrisk/util/name.h"

#include <string.h>

enum { SHOWN_LEN = 200 }; /* of what a message quotes */

int cr_name_check(const char *text, size_t len, const char *what, struct cr_error *err)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

    if (len > 0 && len <= CR_NAME_MAX_LEN && strspn(text, letters) >= len) {
        return 0;
    }
    return cr_error_set(err, CR_EINVAL,
                        "'%.*s' is no name of a %s: letters, digits, - and _, at most %d",
                        (int)(len < SHOWN_LEN ? len : SHOWN_LEN), text, what, CR_NAME_MAX_LEN);
}
