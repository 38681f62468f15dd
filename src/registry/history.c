// SPDX-License-Identifier: MIT
#include "creditrisk/registry/history.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/util/utf8.h"
#include "registry_impl.h"
#include "schema.h"

/* What somebody wrote: as it is, and what is no UTF-8 cleaned. NULL without memory. */
static json_t *text_to_json(const char *text)
{
    CR_CLEANUP(cr_freep) char *clean = NULL;

    if (cr_utf8_is_valid(text, strlen(text))) {
        return json_string(text);
    }
    clean = strdup(text);
    if (clean == NULL) {
        return NULL;
    }
    cr_utf8_clean(clean);
    return json_string(clean);
}

/* The list as JSON text, yours; NULL when nothing of it is told. */
static int write_details(const struct cr_registry_detail *details, char **ret_text,
                         struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = json_object();
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

    for (; details != NULL && details->name != NULL; details++) {
        if (details->text != NULL && *details->text != '\0' &&
            json_object_set_new(json, details->name, text_to_json(details->text)) != 0) {
            return cr_error_no_memory(err);
        }
    }
    *ret_text = NULL;
    if (json_object_size(json) == 0) {
        return json != NULL ? 0 : cr_error_no_memory(err);
    }
    cr_json_write(json, false, &text);
    *ret_text = cr_strbuf_steal(&text);
    return *ret_text != NULL ? 0 : cr_error_no_memory(err);
}

/* The details, which older programs made no column for, are told apart. */
#define INSERT_EVENT(column, value)                                                                \
    "INSERT INTO events (at, portfolio, action, from_version, to_version, actor, reason" column    \
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7" value ")"

int cr_registry_record_event(struct cr_registry *registry, const char *portfolio,
                             const char *action, const char *from, const char *to,
                             const struct cr_registry_actor *actor,
                             const struct cr_registry_detail *details, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *told = NULL;
    char now[CR_CLOCK_TEXT_LEN];
    int r = write_details(details, &told, err);

    if (r == 0 && told != NULL) {
        r = cr_schema_upgrade_locked(registry->db, err);
    }
    if (r == 0) {
        const char *const texts[] = {now, portfolio,   action,        from,
                                     to,  actor->name, actor->reason, told};
        size_t n = CR_ARRAY_LEN(texts);

        cr_clock_utc(now);
        r = told != NULL
                ? cr_registry_run(registry, INSERT_EVENT(", details", ", ?8"), texts, n, err)
                : cr_registry_run(registry, INSERT_EVENT("", ""), texts, n - 1, err);
    }
    return r;
}

static void event_finish(struct cr_registry_event *event)
{
    free(event->at);
    free(event->action);
    free(event->from);
    free(event->to);
    free(event->actor);
    free(event->reason);
    json_decref(event->details);
}

void cr_registry_history_finish(struct cr_registry_history *history)
{
    for (size_t i = 0; i < history->n; i++) {
        event_finish(&history->events[i]);
    }
    free(history->events);
    *history = (struct cr_registry_history){NULL, 0};
}

json_t *cr_registry_event_to_json(const struct cr_registry_event *event)
{
    return json_pack("{s:s, s:s, s:s?, s:s?, s:o, s:o, s:O?}", "at", event->at, "action",
                     event->action, "from", event->from, "to", event->to, "actor",
                     text_to_json(event->actor), "reason", text_to_json(event->reason), "details",
                     event->details);
}

static bool are_details(const json_t *json)
{
    const char *name;
    const json_t *value;

    json_object_foreach((json_t *)json, name, value)
    {
        if (!json_is_string(value)) {
            return false;
        }
    }
    return json_is_object(json);
}

/* No event is ever taken away, so what stands for damaged details is the text that they are. */
static int read_details(struct cr_registry_event *event, const struct cr_stmt *stmt, size_t column,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *read = NULL;
    const char *text;

    if (cr_stmt_is_null(stmt, column)) {
        return 0;
    }
    text = cr_stmt_text(stmt, column);
    if (cr_json_parse("details", text, strlen(text), &read, NULL) == CR_ENOMEM) {
        return cr_error_no_memory(err);
    }
    if (are_details(read)) {
        event->details = CR_STEAL(read);
        return 0;
    }
    event->details = json_pack("{s:o}", CR_DETAIL_DAMAGED, text_to_json(text));
    return event->details != NULL ? 0 : cr_error_no_memory(err);
}

/* Appends the statement's row. */
static int add_event(struct cr_registry_history *history, const struct cr_stmt *stmt,
                     struct cr_error *err)
{
    struct cr_registry_event *events =
        reallocarray(history->events, history->n + 1, sizeof(*events));
    char **texts[6];

    if (events == NULL) {
        return cr_error_no_memory(err);
    }
    history->events = events;
    events += history->n++;
    *events = (struct cr_registry_event){NULL};
    texts[0] = &events->at;
    texts[1] = &events->action;
    texts[2] = &events->from;
    texts[3] = &events->to;
    texts[4] = &events->actor;
    texts[5] = &events->reason;
    for (size_t i = 0; i < CR_ARRAY_LEN(texts); i++) {
        if (!cr_stmt_is_null(stmt, i) && (*texts[i] = strdup(cr_stmt_text(stmt, i))) == NULL) {
            return cr_error_no_memory(err);
        }
    }
    return read_details(events, stmt, CR_ARRAY_LEN(texts), err);
}

/* The same of reading: the last column. */
#define SELECT_EVENTS(details)                                                                     \
    "SELECT at, action, from_version, to_version, actor, reason, " details                         \
    " FROM events WHERE portfolio = ?1 ORDER BY id"

int cr_registry_read_history(struct cr_registry *registry, const char *portfolio,
                             struct cr_registry_history *ret_history, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    int64_t schema = 0;
    bool row = true;
    int r = cr_schema_read_version(registry->db, &schema, err);

    if (r == 0) {
        r = cr_registry_prepare(registry,
                                schema >= CR_SCHEMA_DETAILS ? SELECT_EVENTS("details")
                                                            : SELECT_EVENTS("CAST(NULL AS TEXT)"),
                                &portfolio, 1, &stmt, err);
    }
    while (r == 0 && row) {
        r = cr_stmt_step(stmt, &row, err);
        if (r == 0 && row) {
            r = add_event(&history, stmt, err);
        }
    }
    if (r < 0) {
        return r;
    }
    *ret_history = history;
    history = (struct cr_registry_history){NULL, 0};
    return 0;
}

static bool is_action(const struct cr_registry_event *event, const char *action)
{
    return strcmp(event->action, action) == 0;
}

static bool changes_champion(const struct cr_registry_event *event)
{
    return is_action(event, CR_EVENT_PROMOTE) || is_action(event, CR_EVENT_ROLLBACK);
}

const struct cr_registry_event *cr_registry_champion_at(const struct cr_registry_history *history,
                                                        const char *at)
{
    /* times of one shape compare as texts; among equal ones, and after a clock was set back, what
     * was recorded last counts */
    for (size_t i = history->n; i > 0; i--) {
        const struct cr_registry_event *event = &history->events[i - 1];

        if (changes_champion(event) && strcmp(event->at, at) <= 0) {
            return event;
        }
    }
    return NULL;
}

const struct cr_registry_event *cr_registry_pending_request(
    const struct cr_registry_history *history, const char *version)
{
    for (size_t i = history->n; i > 0; i--) {
        const struct cr_registry_event *event = &history->events[i - 1];

        if (changes_champion(event)) {
            return NULL;
        }
        if (is_action(event, CR_EVENT_REQUEST) && strcmp(event->to, version) == 0) {
            return event;
        }
    }
    return NULL;
}
