// SPDX-License-Identifier: MIT
/* The strings of reader.c: one pass to the closing quote that checks everything, and a second one
 * only where there are escape sequences. */
#include "reader.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "creditrisk/util/bytes.h"
#include "creditrisk/util/utf8.h"

/* Four hexadecimal digits; −1 when they are not. */
static int read_hex(const char *p, const char *end)
{
    int value = 0;

    if (end - p < 4) {
        return -1;
    }
    for (size_t i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = p[i] != '\0' ? strchr(digits, p[i]) : NULL;

        if (digit == NULL) {
            return -1;
        }
        value = value * 16 + (int)((digit - digits) % 16);
    }
    return value;
}

/* Checks the escape sequence whose backslash stands at p and moves *ret_end behind it. */
static int check_escape(struct cr_reader *reader, const char *quote, const char *p,
                        const char **ret_end)
{
    int high, low;

    if (reader->end - p < 2) {
        return cr_reader_refuse(reader, quote, "Unterminated string starting at");
    }
    if (p[1] != 'u') {
        if (p[1] == '\0' || strchr("\"\\/bfnrt", p[1]) == NULL) {
            return cr_reader_refuse(reader, p, "Invalid \\escape");
        }
        *ret_end = p + 2;
        return 0;
    }
    high = read_hex(p + 2, reader->end);
    if (high < 0) {
        return cr_reader_refuse(reader, p + 1, "Invalid \\uXXXX escape");
    }
    if (high == 0) {
        return cr_reader_refuse(reader, p + 1, "NUL character");
    }
    *ret_end = p + 6;
    if (high < 0xd800 || high > 0xdfff) {
        return 0;
    }
    low = reader->end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? read_hex(p + 8, reader->end) : -1;
    if (high > 0xdbff || low < 0xdc00 || low > 0xdfff) {
        return cr_reader_refuse(reader, p + 1, "Unpaired surrogate");
    }
    *ret_end = p + 12;
    return 0;
}

static size_t write_utf8(unsigned c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

/* Decodes one checked escape sequence; returns the byte behind it. */
static const char *decode_escape(const char *p, const char *end, char *out, size_t *len)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

    if (p[1] == 'u') {
        unsigned c = (unsigned)read_hex(p + 2, end);

        p += 6;
        if (c >= 0xd800 && c <= 0xdbff) {
            c = 0x10000 + ((c - 0xd800) << 10) + ((unsigned)read_hex(p + 2, end) - 0xdc00);
            p += 6;
        }
        *len += write_utf8(c, out + *len);
        return p;
    }
    out[(*len)++] = to[strchr(from, p[1]) - from];
    return p + 2;
}

/* No escape sequence is shorter than what it stands for, so the raw length suffices. */
static int decode(struct cr_reader *reader, struct cr_token *string)
{
    const char *p = string->text;
    const char *end = p + string->len;
    char *out = cr_arena_alloc(reader->arena, string->len);
    size_t len = 0;

    if (out == NULL) {
        return CR_ENOMEM;
    }
    while (p < end) {
        if (*p == '\\') {
            p = decode_escape(p, end, out, &len);
        } else {
            out[len++] = *p++;
        }
    }
    string->text = out;
    string->len = len;
    return 0;
}

/* The top bit of the lowest byte that is no plain character of a string: a quote, a backslash, a
 * control character or no ASCII; 0 when all are plain. */
static uint64_t find_special(uint64_t bytes)
{
    uint64_t quote = (bytes ^ CR_BYTES_ALL('"')) - CR_BYTES_ALL(1);
    uint64_t backslash = (bytes ^ CR_BYTES_ALL('\\')) - CR_BYTES_ALL(1);
    uint64_t control = bytes - CR_BYTES_ALL(' ');

    return (quote | backslash | control | bytes) & CR_BYTES_ALL(0x80);
}

static const char *skip_plain(const char *p, const char *end)
{
    uint64_t bytes, special;

    for (; end - p >= (ptrdiff_t)sizeof(bytes); p += sizeof(bytes)) {
        memcpy(&bytes, p, sizeof(bytes));
        special = find_special(le64toh(bytes));
        if (special != 0) {
            return p + __builtin_ctzll(special) / 8;
        }
    }
    while (p < end && (find_special((unsigned char)*p) & 0x80) == 0) { /* the lowest alone */
        p++;
    }
    return p;
}

int cr_reader_read_string(struct cr_reader *reader, struct cr_token *ret_token)
{
    const char *quote = reader->p;
    const char *p = quote + 1;
    bool escaped = false;

    for (;;) {
        unsigned char c;
        size_t step;

        p = skip_plain(p, reader->end);
        if (p == reader->end) {
            return cr_reader_refuse(reader, quote, "Unterminated string starting at");
        }
        c = (unsigned char)*p;
        if (c == '"') {
            break;
        }
        if (c == '\\') {
            const char *behind = p;
            int result = check_escape(reader, quote, p, &behind);

            if (result != 0) {
                return result;
            }
            escaped = true;
            step = (size_t)(behind - p);
        } else if (c < 0x20) {
            return cr_reader_refuse(reader, p, "Invalid control character at");
        } else {
            step = cr_utf8_sequence(p, (size_t)(reader->end - p));
            if (step == 0) {
                return cr_reader_refuse(reader, p, "Invalid UTF-8");
            }
        }
        p += step;
    }
    reader->p = p + 1;
    *ret_token = (struct cr_token){
        .kind = CR_TOKEN_STRING,
        .text = quote + 1,
        .len = (size_t)(p - quote) - 1,
        .offset = (size_t)(quote - reader->body),
    };
    return escaped ? decode(reader, ret_token) : 0;
}
