// SPDX-License-Identifier: MIT
#include "encoding.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* After "q=": 0, 1, or 0 and 1 with up to three decimals. Sets whether it is above 0; NULL when it
 * is no weight. */
static const char *read_weight(const char *at, bool *ret_positive)
{
    size_t n_decimals = 0;

    if (*at != '0' && *at != '1') {
        return NULL;
    }
    *ret_positive = *at++ == '1';
    if (*at == '.') {
        n_decimals = strspn(++at, "0123456789");
        if (n_decimals > 3) {
            return NULL;
        }
        *ret_positive = *ret_positive || strspn(at, "0") < n_decimals;
    }
    return at + n_decimals;
}

/* After a coding: nothing, or its weight. Sets whether the coding is allowed; the comma or end
 * behind it, NULL when neither is there. */
static const char *read_rest(const char *at, bool *ret_allowed)
{
    *ret_allowed = true;
    at = skip_blanks(at);
    if (*at == ';') {
        at = skip_blanks(at + 1);
        if (strncasecmp(at, "q=", 2) != 0 || (at = read_weight(at + 2, ret_allowed)) == NULL) {
            return NULL;
        }
        at = skip_blanks(at);
    }
    return *at == ',' || *at == '\0' ? at : NULL;
}

bool cr_encoding_accepts(const char *accept, const char *name)
{
    bool any = false;
    bool found = false;
    bool allowed = false;

    for (const char *at = accept; at != NULL && *at != '\0'; at += *at == ',') {
        const char *coding = skip_blanks(at);
        size_t len = strcspn(coding, ",; \t");
        bool is_allowed;

        at = read_rest(coding + len, &is_allowed);
        if (at == NULL) {
            return false;
        }
        if (len == strlen(name) && strncasecmp(coding, name, len) == 0) {
            found = true;
            allowed = is_allowed;
        } else if (len == 1 && *coding == '*') {
            any = is_allowed;
        }
    }
    return found ? allowed : any;
}
