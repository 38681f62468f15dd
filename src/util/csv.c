// SPDX-License-Identifier: MIT
/* libcsv is fed one physical line at a time: so a row's first line is known, at most one row ends
 * per call, and the callback's refusal stops the reading before the next. */
#include "creditrisk/util/csv.h"

#include <csv.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/util/utf8.h"
#include "csv_head.h"
#include "os.h"

enum { CHUNK = 65536, MAX_ROW_LEN = 1 << 20 };

struct reader {
    const char *name; /* in messages */
    cr_csv_row_fn *on_row;
    void *context;
    struct cr_error *err;
    int result; /* of the last row */
    size_t max_row_len;
    char separator;
    bool guess;
    struct cr_csv_head head;
    const volatile sig_atomic_t *cancelled;
    int (*before_read)(int fd, void *context, struct cr_error *err);

    struct csv_parser parser;
    size_t line; /* of the next byte */

    /* libcsv does not tell which fields were quoted: a second look at what it is fed. */
    const char *at; /* the next byte to look at */
    const char *at_end;
    enum cr_csv_place place;
    bool quoted; /* the field in work */

    /* The row in work. */
    bool open; /* something of it was seen */
    size_t row_line;
    size_t row_len;         /* bytes of the file */
    struct cr_strbuf texts; /* all fields, each with a NUL behind it */
    struct cr_csv_field *fields;
    size_t n;
    size_t cap;
};

static int reader_init(struct reader *reader, const char *path,
                       const struct cr_csv_options *options)
{
    *reader = (struct reader){
        .name = options != NULL && options->name != NULL ? options->name : path,
        .separator = options != NULL && options->separator != 0 ? options->separator : ',',
        .max_row_len =
            options != NULL && options->max_row_len != 0 ? options->max_row_len : MAX_ROW_LEN,
        .guess = options != NULL && options->guess,
        .cancelled = options != NULL ? options->cancelled : NULL,
        .before_read = options != NULL ? options->before_read : NULL,
        .line = 1,
        .texts = CR_STRBUF_INIT,
    };
    if (csv_init(&reader->parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        return -1;
    }
    csv_set_delim(&reader->parser, (unsigned char)reader->separator);
    csv_set_blk_size(&reader->parser, CHUNK); /* it grows by this much: 128 would copy a lot */
    return 0;
}

static void reader_finish(struct reader *reader)
{
    csv_free(&reader->parser);
    cr_strbuf_finish(&reader->texts);
    free(reader->fields);
}

static int no_memory(struct reader *reader)
{
    return cr_error_no_memory(reader->err);
}

/* Looks on to the end of the field in work, or of what is fed. Only where strict libcsv finds no
 * fault does the result count. */
static void look_on(struct reader *reader)
{
    while (reader->at < reader->at_end) {
        char c = *reader->at++;
        bool begun = reader->place != CR_CSV_BEFORE;
        bool ended = cr_csv_step(&reader->place, c, c == reader->separator);

        reader->quoted = reader->quoted || reader->place == CR_CSV_QUOTED;
        if (ended && (c == reader->separator || begun || reader->n > 0)) {
            return; /* else it is a blank line, or the second byte of a line end */
        }
    }
}

/* libcsv's callback at the end of a field. */
static void on_field(void *text, size_t len, void *context)
{
    struct reader *reader = context;

    if (reader->n == reader->cap) {
        size_t cap = reader->cap == 0 ? 32 : 2 * reader->cap;
        struct cr_csv_field *fields = reallocarray(reader->fields, cap, sizeof(*fields));

        if (fields == NULL) {
            reader->result = no_memory(reader);
            return;
        }
        reader->fields = fields;
        reader->cap = cap;
    }
    look_on(reader);
    reader->fields[reader->n++] = (struct cr_csv_field){.len = len, .quoted = reader->quoted};
    reader->quoted = false;
    cr_strbuf_append(&reader->texts, text, len);
    cr_strbuf_putc(&reader->texts, '\0');
}

/* libcsv's callback at the end of a row: only now, with all texts in place, are there addresses. */
static void on_row_end(int c, void *context)
{
    struct reader *reader = context;
    const char *text = cr_strbuf_text(&reader->texts);
    struct cr_csv_row row = {reader->name, reader->row_line, reader->n, reader->fields};

    (void)c; /* the character that ended it */
    if (reader->result == 0 && reader->texts.failed) {
        reader->result = no_memory(reader);
    }
    if (reader->result == 0) {
        for (size_t i = 0; i < reader->n; i++) {
            reader->fields[i].text = text;
            text += reader->fields[i].len + 1;
        }
        reader->result = reader->on_row(&row, reader->context, reader->err);
    }
    cr_strbuf_reset(&reader->texts);
    reader->n = 0;
    reader->row_len = 0;
    reader->open = false;
}

static bool is_blank(const struct reader *reader, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == reader->separator || strchr(" \t\r\n", bytes[i]) == NULL) {
            return false;
        }
    }
    return true;
}

/* bytes[0..len) is a line, or a part of one, with its line end. */
static int feed_line(struct reader *reader, const char *bytes, size_t len)
{
    if (memchr(bytes, '\0', len) != NULL) {
        return cr_error_at(reader->err, CR_EPARSE, reader->name, reader->line, 0, "a NUL byte");
    }
    if (!reader->open && !is_blank(reader, bytes, len)) {
        reader->open = true;
        reader->row_line = reader->line;
    }
    reader->row_len += len;
    if (reader->open && reader->row_len > reader->max_row_len) {
        return cr_error_at(reader->err, CR_ETOOBIG, reader->name, reader->row_line, 0,
                           "the row has more than %zu bytes", reader->max_row_len);
    }
    reader->at = bytes;
    reader->at_end = bytes + len;
    if (csv_parse(&reader->parser, bytes, len, on_field, on_row_end, reader) != len) {
        if (csv_error(&reader->parser) != CSV_EPARSE) {
            return no_memory(reader);
        }
        return cr_error_at(reader->err, CR_EPARSE, reader->name, reader->line, 0,
                           "a quote inside a field that is not quoted, or text behind one that is");
    }
    look_on(reader);
    if (!reader->open) {
        reader->row_len = 0;
    }
    return reader->result;
}

static int feed(struct reader *reader, const char *bytes, size_t len)
{
    while (len > 0) {
        const char *newline = memchr(bytes, '\n', len);
        size_t line_len = newline != NULL ? (size_t)(newline - bytes) + 1 : len;
        int result = feed_line(reader, bytes, line_len);

        if (result != 0) {
            return result;
        }
        reader->line += newline != NULL;
        bytes += line_len;
        len -= line_len;
    }
    return 0;
}

/* What a file begins with that is no text to read. */
static int check_form(const struct reader *reader, const char *bytes, size_t len)
{
    static const struct {
        char mark[2];
        const char *complaint;
    } forms[] = {
        {{'\x1f', '\x8b'}, "gzip: unpack it first"},
        {{'\xff', '\xfe'}, "UTF-16, not UTF-8 text"},
        {{'\xfe', '\xff'}, "UTF-16, not UTF-8 text"},
    };

    for (size_t i = 0; i < CR_ARRAY_LEN(forms); i++) {
        if (len >= sizeof(forms[i].mark) &&
            memcmp(bytes, forms[i].mark, sizeof(forms[i].mark)) == 0) {
            return cr_error_at(reader->err, CR_EPARSE, reader->name, 0, 0, "%s",
                               forms[i].complaint);
        }
    }
    return 0;
}

static bool find_head(const struct reader *reader, const char *text, size_t len, size_t *ret_start,
                      size_t *ret_end)
{
    return cr_csv_find_head(text, len, reader->separator, reader->guess, ret_start, ret_end);
}

static void read_head(struct reader *reader, const char *text, size_t len)
{
    size_t start, end;

    (void)find_head(reader, text, len, &start, &end); /* what there is of it will do */
    reader->head.line = 1;
    for (size_t i = 0; i < start; i++) {
        reader->head.line += text[i] == '\n';
    }
    if (memchr(text, '\0', end) == NULL) {
        reader->head.separator =
            cr_csv_guess_separator(text + start, end - start, reader->separator);
    }
    if (reader->guess && reader->head.separator != '\0') {
        reader->separator = reader->head.separator;
        csv_set_delim(&reader->parser, (unsigned char)reader->separator);
    }
}

/* Looks at what stands first in the file. */
static int begin(struct reader *reader, const struct cr_csv_options *options, const char *bytes,
                 size_t len)
{
    int result = check_form(reader, bytes, len);

    if (result == 0) {
        read_head(reader, bytes, len);
    }
    if (options != NULL && options->ret_head != NULL) {
        *options->ret_head = reader->head;
    }
    return result;
}

static int finish(struct reader *reader)
{
    if (csv_fini(&reader->parser, on_field, on_row_end, reader) != 0) {
        return cr_error_at(reader->err, CR_EPARSE, reader->name, reader->row_line, 0,
                           "the row has a quote that is not closed");
    }
    return reader->result;
}

static int check_wanted(const struct reader *reader)
{
    return reader->cancelled != NULL && *reader->cancelled
               ? cr_error_set(reader->err, CR_EUNAVAIL, "interrupted")
               : 0;
}

/* What the system refuses; a call that a signal has ended is none of its failures. */
static int refuse(const struct reader *reader, const char *what)
{
    int result = os_error(reader->err, what, reader->name);
    int cancelled = check_wanted(reader);

    return cancelled != 0 ? cancelled : result;
}

static bool has_head(const struct reader *reader, const char *chunk, size_t len)
{
    size_t skip = cr_utf8_mark_len(chunk, len);
    size_t start, end;

    return find_head(reader, chunk + skip, len - skip, &start, &end);
}

/* Reads what is there, up to CHUNK bytes, but at the beginning of a file so many that it has its
 * head; nothing only at the end. */
static int read_chunk(struct reader *reader, int fd, bool first, char *chunk, size_t *ret_len)
{
    ssize_t n = 1;

    *ret_len = 0;
    while (n > 0 && *ret_len < CHUNK &&
           (*ret_len == 0 || (first && !has_head(reader, chunk, *ret_len)))) {
        int result =
            reader->before_read != NULL ? reader->before_read(fd, reader->context, reader->err) : 0;

        if (result != 0) {
            return result;
        }
        n = read(fd, chunk + *ret_len, CHUNK - *ret_len);
        *ret_len += n > 0 ? (size_t)n : 0;
    }
    return n < 0 ? refuse(reader, "read") : 0;
}

int cr_csv_read(const char *path, const struct cr_csv_options *options, cr_csv_row_fn *on_row,
                void *context, struct cr_error *err)
{
    CR_CLEANUP(cr_fs_closep) int fd = -1;
    CR_CLEANUP(cr_freep) char *chunk = malloc(CHUNK);
    CR_CLEANUP(reader_finish) struct reader reader = {0};
    size_t len = 0;
    int result;

    if (chunk == NULL || reader_init(&reader, path, options) != 0) {
        return cr_error_no_memory(err);
    }
    reader.on_row = on_row;
    reader.context = context;
    reader.err = err;
    result = check_wanted(&reader);
    if (result != 0) {
        return result;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return refuse(&reader, "open");
    }
    for (bool first = true; (result = read_chunk(&reader, fd, first, chunk, &len)) == 0 && len > 0;
         first = false) {
        size_t skip = first ? cr_utf8_mark_len(chunk, len) : 0;

        result = first ? begin(&reader, options, chunk + skip, len - skip) : check_wanted(&reader);
        result = result != 0 ? result : feed(&reader, chunk + skip, len - skip);
        if (result != 0) {
            return result;
        }
    }
    if (result != 0) {
        return result;
    }
    result = check_wanted(&reader); /* what ends a pipe may have been ended, too */
    return result != 0 ? result : finish(&reader);
}

/* A reader may drop blanks around a field that is not quoted. */
static bool needs_quotes(const char *text, size_t len, char separator)
{
    if (len == 0) {
        return false;
    }
    if (strchr(" \t", text[0]) != NULL || strchr(" \t", text[len - 1]) != NULL) {
        return true;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] == separator || text[i] == '"' || text[i] == '\n' || text[i] == '\r') {
            return true;
        }
    }
    return false;
}

void cr_csv_write_field(FILE *out, const char *text, size_t len, char separator)
{
    if (!needs_quotes(text, len, separator)) {
        (void)fwrite(text, 1, len, out); /* the writer of the file looks at ferror once */
    } else {
        cr_csv_write_quoted(out, text, len);
    }
}

void cr_csv_write_quoted(FILE *out, const char *text, size_t len)
{
    (void)fputc('"', out);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"') {
            (void)fputc('"', out);
        }
        (void)fputc(text[i], out);
    }
    (void)fputc('"', out);
}
