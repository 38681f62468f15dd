// SPDX-License-Identifier: MIT
#include "creditrisk/util/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/util/utf8.h"

/* What a terminal or a log obeys or takes for the end of a line: U+0000–001F, 007F–009F, 2028 and
 * 2029. The sequence is well formed. */
static bool is_control(const char *sequence, size_t len)
{
    const unsigned char *s = (const unsigned char *)sequence;

    switch (len) {
    case 1:
        return s[0] < 0x20 || s[0] == 0x7f;
    case 2:
        return s[0] == 0xc2 && s[1] < 0xa0;
    case 3:
        return s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9);
    default:
        return false;
    }
}

/* A message may quote bytes from outside: what is left is one line of valid UTF-8, also after a
 * cut. */
static void clean(char *message)
{
    size_t len = strlen(message);
    size_t out = 0;
    size_t step;

    for (size_t i = 0; i < len; i += step) {
        step = cr_utf8_sequence(message + i, len - i);
        if (step == 0 || is_control(message + i, step)) {
            message[out++] = '?';
            step = step > 0 ? step : 1;
        } else {
            memmove(message + out, message + i, step);
            out += step;
        }
    }
    message[out] = '\0';
}

/* Writes the message behind prefix_len bytes that stand there already. */
__attribute__((format(printf, 4, 0))) static int fill(struct cr_error *err, int code,
                                                      size_t prefix_len, const char *format,
                                                      va_list args)
{
    err->code = code;
    if (prefix_len < sizeof(err->message)) {
        (void)vsnprintf(err->message + prefix_len, sizeof(err->message) - prefix_len, format, args);
    }
    clean(err->message);
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
