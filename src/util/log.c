// SPDX-License-Identifier: MIT
#include "creditrisk/util/log.h"

#include <stdarg.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/json.h"

static enum cr_log_level lowest = CR_LOG_INFO;

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

void cr_log(enum cr_log_level level, const char *event, const char *format, ...)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf line = CR_STRBUF_INIT;
    CR_CLEANUP(cr_json_decrefp) json_t *object = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *members = NULL;
    char time[CR_CLOCK_TEXT_LEN];
    va_list args;

    if (level < lowest) {
        return;
    }
    cr_clock_utc(time);
    object = json_pack("{s:s, s:s, s:s}", "time", time, "level", level_name(level), "event", event);
    va_start(args, format);
    members = pack(format, args);
    va_end(args);
    if (object == NULL || (members != NULL && json_object_update(object, members) != 0)) {
        return; /* without memory */
    }
    cr_json_write(object, false, &line);
    cr_strbuf_putc(&line, '\n');
    if (!line.failed && write(STDERR_FILENO, line.data, line.len) < 0) {
        return; /* there is nobody left to tell */
    }
}
