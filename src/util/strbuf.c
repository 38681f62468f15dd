// SPDX-License-Identifier: MIT
#include "creditrisk/util/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/num.h"

enum { FIRST_CAP = 64 };

bool cr_strbuf_grow(struct cr_strbuf *buf, size_t more)
{
    size_t cap = buf->cap == 0 ? FIRST_CAP : buf->cap;
    char *data;

    if (buf->failed || more >= SIZE_MAX / 4 - buf->len) {
        buf->failed = true;
        return false;
    }
    while (cap <= buf->len + more) {
        cap *= 2;
    }
    data = realloc(buf->data, cap);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    data[buf->len] = '\0';
    buf->data = data;
    buf->cap = cap;
    return true;
}

void cr_strbuf_init(struct cr_strbuf *buf)
{
    *buf = (struct cr_strbuf)CR_STRBUF_INIT;
}

void cr_strbuf_finish(struct cr_strbuf *buf)
{
    if (buf != NULL) {
        free(buf->data);
        cr_strbuf_init(buf);
    }
}

void cr_strbuf_reset(struct cr_strbuf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data != NULL) {
        buf->data[0] = '\0';
    }
}

void cr_strbuf_replace(struct cr_strbuf *buf, const char *text, const char *from, const char *to)
{
    for (const char *at; (at = strstr(text, from)) != NULL; text = at + strlen(from)) {
        cr_strbuf_append(buf, text, (size_t)(at - text));
        cr_strbuf_puts(buf, to);
    }
    cr_strbuf_puts(buf, text);
}

void cr_strbuf_printf(struct cr_strbuf *buf, const char *format, ...)
{
    va_list args, again;
    int len;

    va_start(args, format);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    if (len < 0) {
        buf->failed = true;
    } else if (cr_strbuf_reserve(buf, (size_t)len)) {
        (void)vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}

void cr_strbuf_put_double(struct cr_strbuf *buf, double value)
{
    if (cr_strbuf_reserve(buf, CR_NUM_LEN)) {
        buf->len += cr_num_format(value, buf->data + buf->len);
    }
}

int cr_strbuf_check(const struct cr_strbuf *buf, struct cr_error *err)
{
    return buf->failed ? cr_error_no_memory(err) : 0;
}

const char *cr_strbuf_text(const struct cr_strbuf *buf)
{
    return buf->data != NULL ? buf->data : "";
}

char *cr_strbuf_steal(struct cr_strbuf *buf)
{
    char *text;

    if (!cr_strbuf_reserve(buf, 0)) { /* an empty text is a text, too */
        cr_strbuf_finish(buf);
        return NULL;
    }
    text = buf->data;
    cr_strbuf_init(buf);
    return text;
}
