// SPDX-License-Identifier: MIT
/* Log: one JSON line per event on standard error. Only daemon/, http/ and cli/ log. Never a field
 * value, a key or a secret. Whoever reads the log may fall behind or stop: no thread waits for him.
 * A line that a full pipe would not take at once is dropped, and the next one that it takes comes
 * behind an event "log_lost" with their number `n`. */
#ifndef CREDITRISK_UTIL_LOG_H
#define CREDITRISK_UTIL_LOG_H

#include <stdbool.h>

#include "creditrisk/util/strbuf.h"

enum cr_log_level { CR_LOG_DEBUG, CR_LOG_INFO, CR_LOG_WARN, CR_LOG_ERROR };

/* Events below the level are dropped; the default is CR_LOG_INFO. Set once, before threads start.
 */
void cr_log_set_level(enum cr_log_level level);

/* Writes {"time":…,"level":…,"event":event, …} in one write; any thread may call. `format` and its
 * arguments are those of json_pack and describe an object, e.g. cr_log(CR_LOG_INFO, "listening",
 * "{s:s, s:i}", "address", a, "port", p); NULL for no members. */
void cr_log(enum cr_log_level level, const char *event, const char *format, ...);

/* The same for an event that comes with every request, in memory of the caller's: begin appends
 * {"time":…,"level":…,"event":event to `line`, which is empty, the caller appends the members as
 * JSON text, each behind a comma, and end completes the line and writes it. false when the level is
 * dropped: then nothing was appended, and nothing is to be ended. */
bool cr_log_begin(enum cr_log_level level, const char *event, struct cr_strbuf *line);
void cr_log_end(struct cr_strbuf *line);

#endif
