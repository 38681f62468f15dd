// SPDX-License-Identifier: MIT
#include "creditrisk/util/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/json.h"

static enum cr_log_level lowest = CR_LOG_INFO;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* held while a line is written; guards */
static size_t n_lost; /* lines that there was no room for since the last one that was written */

void cr_log_set_level(enum cr_log_level level)
{
    lowest = level;
}

static const char *level_name(enum cr_log_level level)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    return names[level];
}

/* The members; when they cannot be made, the reason as a member, for an event is never lost. */
static json_t *pack(const char *format, va_list args)
{
    json_error_t problem;
    json_t *members;

    if (format == NULL) {
        return NULL;
    }
    members = json_vpack_ex(&problem, 0, format, args);
    return members != NULL ? members : json_pack("{s:s}", "log_error", problem.text);
}

static void begin_line(enum cr_log_level level, const char *event, struct cr_strbuf *out)
{
    char time[CR_CLOCK_TEXT_LEN];

    cr_clock_utc(time);
    cr_strbuf_puts(out, "{\"time\":\"");
    cr_strbuf_puts(out, time);
    cr_strbuf_puts(out, "\",\"level\":\"");
    cr_strbuf_puts(out, level_name(level));
    cr_strbuf_puts(out, "\",\"event\":");
    cr_json_write_string(event, strlen(event), out);
}

/* One line as it is written; failed without memory. */
static void make_line(enum cr_log_level level, const char *event, const json_t *members,
                      struct cr_strbuf *out)
{
    size_t brace;

    begin_line(level, event, out);
    brace = out->len;
    if (json_object_size(members) > 0) { /* an object in itself, which goes on with the line's */
        cr_json_write(members, false, out);
    }
    if (out->len > brace) {
        out->data[brace] = ',';
        out->len--;
    }
    cr_strbuf_puts(out, "}\n");
}

/* Whether it was written at once. A pipe that is ready takes PIPE_BUF bytes, more than any line
 * should have; between poll and write nobody else of this process comes. */
static bool put_line(const struct cr_strbuf *line)
{
    struct pollfd polled = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (line->failed || poll(&polled, 1, 0) == 0) {
        return false;
    }
    return write(STDERR_FILENO, line->data, line->len) == (ssize_t)line->len;
}

/* Tells how many lines were lost before this one; false when there is still no room. */
static bool put_lost(void)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf line = CR_STRBUF_INIT;
    CR_CLEANUP(cr_json_decrefp) json_t *members = NULL;

    if (n_lost == 0) {
        return true;
    }
    members = json_pack("{s:I}", "n", (json_int_t)n_lost);
    make_line(CR_LOG_WARN, "log_lost", members, &line);
    if (!put_line(&line)) {
        return false;
    }
    n_lost = 0;
    return true;
}

static void write_line(const struct cr_strbuf *line)
{
    (void)pthread_mutex_lock(&lock); /* these fail only for misuse */
    if (!put_lost() || !put_line(line)) {
        n_lost++;
    }
    (void)pthread_mutex_unlock(&lock);
}

void cr_log(enum cr_log_level level, const char *event, const char *format, ...)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf line = CR_STRBUF_INIT;
    CR_CLEANUP(cr_json_decrefp) json_t *members = NULL;
    va_list args;

    if (level < lowest) {
        return;
    }
    va_start(args, format);
    members = pack(format, args);
    va_end(args);
    make_line(level, event, members, &line);
    write_line(&line);
}

bool cr_log_begin(enum cr_log_level level, const char *event, struct cr_strbuf *line)
{
    if (level < lowest) {
        return false;
    }
    begin_line(level, event, line);
    return true;
}

void cr_log_end(struct cr_strbuf *line)
{
    cr_strbuf_puts(line, "}\n");
    write_line(line);
}
