// SPDX-License-Identifier: MIT
#include "headers.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "creditrisk/util/bytes.h"
#include "creditrisk/util/cleanup.h"

/* Up to this version the library splits lines at the first NUL, takes a bare LF for a line's end
 * and folded lines for one value, without telling; later ones refuse all three by themselves. */
#define CHECK_LAYOUT (MHD_VERSION < 0x00097701)

/* A header that is kept, and whether a second one makes the request ambiguous. */
struct known {
    const char *name;
    size_t len;
    size_t offset; /* of its value in struct cr_headers */
    bool single;
};

#define KNOWN(name, member, single)                                                                \
    {                                                                                              \
        name, sizeof(name) - 1, offsetof(struct cr_headers, member), single                        \
    }
static const struct known all_known[] = {
    KNOWN("Content-Length", content_length, true),
    KNOWN("Transfer-Encoding", transfer_encoding, true),
    KNOWN("Host", host, true),
    KNOWN("Content-Type", content_type, true),
    KNOWN("Content-Encoding", content_encoding, true),
    KNOWN("Expect", expect, false),
    KNOWN("X-Request-ID", request_id, false),
    KNOWN("Authorization", authorization, true),
    KNOWN("X-API-Key", api_key, true),
    KNOWN("Origin", origin, true),
    KNOWN("Sec-Fetch-Site", fetch_site, true),
    KNOWN("Access-Control-Request-Method", preflight, false),
    KNOWN("X-Forwarded-For", forwarded_for, false),
};

struct walk {
    struct cr_headers *headers;
    size_t n;
    const char *next; /* where the next line must begin, CHECK_LAYOUT only */
};

static bool is_alnum(char c)
{
    char lower = (char)(c | ' '); /* of a letter */

    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

/* RFC 9110's token. */
static bool is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (!is_alnum(c) && c != '-' && (c == '\0' || strchr("!#$%&'*+.^_`|~", c) == NULL)) {
            return false;
        }
    }
    return len > 0;
}

/* Whether one of eight bytes is a control character; their top bits tell, but for bytes beyond
 * ASCII that have it anyway. */
static bool has_control(uint64_t bytes)
{
    uint64_t below_blank = bytes - CR_BYTES_ALL(' ');
    uint64_t is_delete = (bytes ^ CR_BYTES_ALL(0x7f)) - CR_BYTES_ALL(1);

    return ((below_blank | is_delete) & ~bytes & CR_BYTES_ALL(0x80)) != 0;
}

/* Visible characters, blanks, tabs and bytes beyond ASCII. */
static bool is_field_text(const char *text, size_t len)
{
    uint64_t bytes;

    for (; len >= sizeof(bytes); text += sizeof(bytes), len -= sizeof(bytes)) {
        memcpy(&bytes, text, sizeof(bytes));
        if (has_control(bytes)) {
            break; /* it may be a tab */
        }
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static enum MHD_Result refuse(struct walk *walk, const char *why)
{
    walk->headers->why = why;
    return MHD_NO;
}

/* NULL for a header that is not kept. */
static const struct known *find_known(const char *key, size_t key_len)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(all_known); i++) {
        if (key_len == all_known[i].len && strncasecmp(key, all_known[i].name, key_len) == 0) {
            return &all_known[i];
        }
    }
    return NULL;
}

static enum MHD_Result keep(struct walk *walk, const struct known *known, const char *value)
{
    const char **slot = (const char **)(void *)((char *)walk->headers + known->offset);

    if (*slot != NULL && known->single) {
        return refuse(walk, "A header that may be sent only once was sent twice");
    }
    *slot = value;
    return MHD_YES;
}

/* One header. The library stops at MHD_NO. */
static enum MHD_Result visit(void *context, enum MHD_ValueKind kind, const char *key,
                             size_t key_len, const char *value, size_t value_len)
{
    struct walk *walk = context;
    const struct known *known = find_known(key, key_len);

    (void)kind;
    if (value == NULL) {
        value = "";
        value_len = 0;
    }
    walk->n++;
    if (CHECK_LAYOUT && key != walk->next) {
        return refuse(walk,
                      "A header line holds a NUL, is folded or ends without a carriage return");
    }
    walk->next = value + value_len + 2; /* CR LF */
    if (known == NULL && !is_token(key, key_len)) {
        return refuse(walk, "A header name holds a character that is not allowed");
    }
    if (!is_field_text(value, value_len)) {
        return refuse(walk, "A header value holds a control character");
    }
    return known != NULL ? keep(walk, known, value) : MHD_YES;
}

/* The request line's parts stand in one buffer, one blank apart, and the headers right behind them:
 * a NUL or a line that the library skipped breaks that. */
static bool is_head_whole(const struct cr_headers_line *line, const struct walk *walk,
                          size_t head_len)
{
    return line->method + strlen(line->method) + 1 == line->uri &&
           line->uri + line->uri_len + 1 == line->version &&
           walk->next + 2 == line->method + head_len; /* the empty line */
}

static bool read_length(const char *text, uint64_t *ret_len)
{
    uint64_t len = 0;

    if (*text == '\0' || strlen(text) > 18) {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        len = 10 * len + (uint64_t)(*text - '0');
    }
    *ret_len = len;
    return true;
}

/* What the headers say about the body and the host, together (RFC 9112, 6.3 and 3.2). */
static const char *check_framing(struct cr_headers *headers, const char *version)
{
    bool is_1_0 = strcmp(version, "HTTP/1.0") == 0;

    if (headers->host == NULL && !is_1_0) {
        return "The Host header is missing";
    }
    if (headers->transfer_encoding != NULL) {
        if (headers->content_length != NULL) {
            return "Content-Length and Transfer-Encoding exclude each other";
        }
        if (is_1_0 || strcasecmp(headers->transfer_encoding, "chunked") != 0) {
            return "Transfer-Encoding must be chunked, and only in HTTP/1.1";
        }
    }
    if (headers->content_length != NULL &&
        !read_length(headers->content_length, &headers->body_len)) {
        return "Content-Length is no number";
    }
    return NULL;
}

/* Why the head may not be believed, NULL when it may. */
static const char *judge(const struct cr_headers_line *line, const struct walk *walk,
                         size_t head_len)
{
    if (walk->headers->why != NULL) {
        return walk->headers->why;
    }
    if (!is_token(line->method, strlen(line->method))) {
        return "The method holds a character that is not allowed";
    }
    if (!line->is_target) {
        return "The request target holds a character that is not allowed";
    }
    if (CHECK_LAYOUT && !is_head_whole(line, walk, head_len)) {
        return "The request holds a NUL or a line that does not end as it should";
    }
    return check_framing(walk->headers, line->version);
}

enum cr_refusal cr_headers_check(struct MHD_Connection *connection,
                                 const struct cr_headers_line *line,
                                 const struct cr_headers_limits *limits,
                                 struct cr_headers *ret_headers)
{
    struct walk walk = {.headers = ret_headers, .next = line->version + strlen(line->version) + 2};
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t head_len = info != NULL ? info->header_size : 0;

    *ret_headers = (struct cr_headers){0};
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, visit, &walk); /* a count */
    ret_headers->why = judge(line, &walk, head_len);
    if (ret_headers->why != NULL) {
        return CR_REFUSAL_MALFORMED;
    }
    return walk.n > limits->count || head_len > limits->bytes ? CR_REFUSAL_HEADERS_TOO_LARGE
                                                              : CR_REFUSAL_NONE;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* One `; name=value`; *text moves behind it. A charset must be UTF-8. */
static bool take_parameter(const char **text)
{
    const char *name = skip_blanks(*text + 1);
    size_t name_len = strcspn(name, "=; \t");
    const char *value;
    size_t value_len;

    if (name_len == 0) { /* a stray semicolon */
        *text = name;
        return true;
    }
    if (name[name_len] != '=') {
        return false;
    }
    value = name + name_len + 1;
    if (*value == '"') {
        value++;
        value_len = strcspn(value, "\"");
        *text = value + value_len + (value[value_len] == '"');
    } else {
        value_len = strcspn(value, "; \t");
        *text = value + value_len;
    }
    *text = skip_blanks(*text);
    return name_len != 7 || strncasecmp(name, "charset", 7) != 0 ||
           (value_len == 5 && strncasecmp(value, "utf-8", 5) == 0) ||
           (value_len == 4 && strncasecmp(value, "utf8", 4) == 0);
}

/* Of a subtype of application/. */
static enum cr_media media_of(const char *subtype, size_t len)
{
    static const struct {
        const char *name;
        enum cr_media media;
    } names[] = {
        {"json", CR_MEDIA_JSON}, {"x-ndjson", CR_MEDIA_NDJSON}, {"ndjson", CR_MEDIA_NDJSON}};

    if (!is_token(subtype, len)) {
        return CR_MEDIA_NONE;
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(names); i++) {
        if (strncasecmp(subtype, names[i].name, len) == 0 && names[i].name[len] == '\0') {
            return names[i].media;
        }
    }
    return len >= 6 && strncasecmp(subtype + len - 5, "+json", 5) == 0 ? CR_MEDIA_JSON
                                                                       : CR_MEDIA_NONE;
}

enum cr_media cr_headers_media(const char *content_type)
{
    const char *subtype;
    const char *end;
    enum cr_media media;
    size_t len;

    if (content_type == NULL || strncasecmp(content_type, "application/", 12) != 0) {
        return CR_MEDIA_NONE;
    }
    if (strcmp(content_type + 12, "json") == 0) { /* as nearly all say */
        return CR_MEDIA_JSON;
    }
    subtype = content_type + 12;
    len = strcspn(subtype, "; \t");
    media = media_of(subtype, len);
    end = skip_blanks(subtype + len);
    while (*end == ';') {
        if (!take_parameter(&end)) {
            return CR_MEDIA_NONE;
        }
    }
    return *end == '\0' ? media : CR_MEDIA_NONE;
}

bool cr_headers_is_target(const char *uri)
{
    for (const char *text = uri; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c <= 0x20 || c >= 0x7f || (c == '%' && text[1] == '0' && text[2] == '0')) {
            return false;
        }
    }
    return *uri != '\0';
}

bool cr_headers_is_id(const char *id)
{
    size_t len = strlen(id);

    for (size_t i = 0; i < len; i++) {
        char c = id[i];

        if (!is_alnum(c) && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return len >= 1 && len <= 128;
}
