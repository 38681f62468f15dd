// SPDX-License-Identifier: MIT
/* The access log: from a line of it to the answer that was given, and to the version that gave it.
 * It comes with every request, so nothing is allocated for it. */
#include <string.h>

#include "creditrisk/util/clock.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/log.h"
#include "http.h"

static void put_key(struct cr_strbuf *line, const char *key)
{
    cr_strbuf_puts(line, ",\"");
    cr_strbuf_puts(line, key);
    cr_strbuf_puts(line, "\":");
}

static void put_text(struct cr_strbuf *line, const char *key, const char *text)
{
    put_key(line, key);
    cr_json_write_string(text, strlen(text), line);
}

static void put_count(struct cr_strbuf *line, const char *key, size_t n)
{
    put_key(line, key);
    cr_strbuf_printf(line, "%zu", n);
}

/* What was decided, where anything could have been. */
static void put_decisions(struct cr_strbuf *line, const struct cr_request *request)
{
    const struct cr_decisions *decisions = &request->decisions;

    if (decisions->n == 0 && decisions->n_rows == 0) {
        return;
    }
    put_text(line, "portfolio", request->seat->portfolio);
    if (decisions->n > 0) {
        put_text(line, "version", decisions->version);
    }
    if (decisions->n_rows > 0) {
        put_count(line, "rows", decisions->n_rows);
        put_count(line, "decisions", decisions->n);
    } else {
        put_text(line, "decision_id", decisions->id);
    }
}

void cr_access_log(struct cr_request *request, bool is_complete)
{
    struct cr_strbuf *line = &request->answer; /* nobody needs what it held any more */

    cr_strbuf_reset(line);
    if (!cr_log_begin(CR_LOG_INFO, "request", line)) {
        return;
    }
    put_text(line, "request_id", request->id);
    put_text(line, "method", cr_routes_method_name(request->method));
    put_text(line, "route", request->route != NULL ? request->route->path : "none");
    put_count(line, "status", request->status);
    put_key(line, "complete");
    cr_strbuf_puts(line, is_complete ? "true" : "false");
    put_key(line, "ms");
    cr_json_write_number((double)(cr_clock_ns() - request->started_ns) / 1e6, line);
    put_decisions(line, request);
    cr_log_end(line);
}
