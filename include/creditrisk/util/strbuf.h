// SPDX-License-Identifier: MIT
/* Growable byte string. Once an append fails for lack of memory the buffer is `failed`, later
 * appends do nothing, and cr_strbuf_check reports it: writers append freely and check once. */
#ifndef CREDITRISK_UTIL_STRBUF_H
#define CREDITRISK_UTIL_STRBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "creditrisk/util/error.h"

struct cr_strbuf {
    char *data; /* NUL-terminated when len > 0 or anything was appended; NULL before */
    size_t len; /* bytes, without the NUL */
    size_t cap;
    bool failed;
};

#define CR_STRBUF_INIT                                                                             \
    {                                                                                              \
        NULL, 0, 0, false                                                                          \
    }

void cr_strbuf_init(struct cr_strbuf *buf);
void cr_strbuf_finish(struct cr_strbuf *buf);

/* Empties it and keeps the memory. */
void cr_strbuf_reset(struct cr_strbuf *buf);

/* Makes room for `more` bytes and the NUL at data + len, for a caller who writes them himself and
 * then moves len; false when the buffer is, or now becomes, failed. */
bool cr_strbuf_grow(struct cr_strbuf *buf, size_t more);

static inline bool cr_strbuf_reserve(struct cr_strbuf *buf, size_t more)
{
    return (more < buf->cap - buf->len && !buf->failed) || cr_strbuf_grow(buf, more);
}

static inline void cr_strbuf_append(struct cr_strbuf *buf, const char *bytes, size_t len)
{
    if (cr_strbuf_reserve(buf, len) && len > 0) {
        memcpy(buf->data + buf->len, bytes, len);
        buf->len += len;
        buf->data[buf->len] = '\0';
    }
}

static inline void cr_strbuf_puts(struct cr_strbuf *buf, const char *text)
{
    cr_strbuf_append(buf, text, strlen(text));
}

static inline void cr_strbuf_putc(struct cr_strbuf *buf, char c)
{
    cr_strbuf_append(buf, &c, 1);
}

/* Appends text with `to` wherever it says `from`, which is not empty. */
void cr_strbuf_replace(struct cr_strbuf *buf, const char *text, const char *from, const char *to);

void cr_strbuf_printf(struct cr_strbuf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The shortest text that reads back as value (util/num). */
void cr_strbuf_put_double(struct cr_strbuf *buf, double value);

/* 0, or CR_ENOMEM when an append had failed. */
int cr_strbuf_check(const struct cr_strbuf *buf, struct cr_error *err);

/* The text ("" when empty); borrowed until the next append. */
const char *cr_strbuf_text(const struct cr_strbuf *buf);

/* Hands the NUL-terminated heap text to the caller (free) and leaves buf empty; NULL when buf
 * failed. */
char *cr_strbuf_steal(struct cr_strbuf *buf);

#endif
