// SPDX-License-Identifier: MIT
#include "creditrisk/util/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
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

/* One line as it is written; failed without memory. */
static void make_line(enum cr_log_level level, const char *event, json_t *members,
                      struct cr_strbuf *out)
{
    CR_CLEANUP(cr_json_decrefp) json_t *object = NULL;
    char time[CR_CLOCK_TEXT_LEN];

    cr_clock_utc(time);
    object = json_pack("{s:s, s:s, s:s}", "time", time, "level", level_name(level), "event", event);
    if (object == NULL || (members != NULL && json_object_update(object, members) != 0)) {
        out->failed = true;
        return;
    }
    cr_json_write(object, false, out);
    cr_strbuf_putc(out, '\n');
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
    (void)pthread_mutex_lock(&lock); /* these fail only for misuse */
    if (!put_lost() || !put_line(&line)) {
        n_lost++;
    }
    (void)pthread_mutex_unlock(&lock);
}
