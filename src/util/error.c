// SPDX-License-Identifier: MIT
#include "creditrisk/util/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "creditrisk/util/utf8.h"

/* Writes the message behind prefix_len bytes that stand there already. */
__attribute__((format(printf, 4, 0))) static int fill(struct cr_error *err, int code,
                                                      size_t prefix_len, const char *format,
                                                      va_list args)
{
    err->code = code;
    if (prefix_len < sizeof(err->message)) {
        (void)vsnprintf(err->message + prefix_len, sizeof(err->message) - prefix_len, format, args);
    }
    cr_utf8_clean(err->message); /* it may quote bytes from outside, and may have been cut */
    return code;
}

int cr_error_set(struct cr_error *err, int code, const char *format, ...)
{
    va_list args;

    if (err != NULL) {
        va_start(args, format);
        (void)fill(err, code, 0, format, args);
        va_end(args);
    }
    return code;
}

int cr_error_at(struct cr_error *err, int code, const char *file, size_t line, size_t column,
                const char *format, ...)
{
    va_list args;
    int len;

    if (err == NULL) {
        return code;
    }
    if (line == 0) {
        len = snprintf(err->message, sizeof(err->message), "%s: ", file);
    } else if (column == 0) {
        len = snprintf(err->message, sizeof(err->message), "%s:%zu: ", file, line);
    } else {
        len = snprintf(err->message, sizeof(err->message), "%s:%zu:%zu: ", file, line, column);
    }
    va_start(args, format);
    (void)fill(err, code, len > 0 ? (size_t)len : 0, format, args);
    va_end(args);
    return code;
}

int cr_error_no_memory(struct cr_error *err)
{
    return cr_error_set(err, CR_ENOMEM, "out of memory");
}

const char *cr_error_name(int code)
{
    switch (code) {
    case CR_EINVAL:
        return "EINVAL";
    case CR_EPARSE:
        return "EPARSE";
    case CR_ENOTFOUND:
        return "ENOTFOUND";
    case CR_ETOOBIG:
        return "ETOOBIG";
    case CR_EUNAVAIL:
        return "EUNAVAIL";
    case CR_EIO:
        return "EIO";
    case CR_EDB:
        return "EDB";
    case CR_EMODEL:
        return "EMODEL";
    case CR_ENOMEM:
        return "ENOMEM";
    default:
        return code == 0 ? "OK" : "UNKNOWN";
    }
}
