// SPDX-License-Identifier: MIT
#include "creditrisk/registry/history.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "registry_impl.h"

static int no_memory(struct cr_error *err)
{
    return cr_error_set(err, CR_ENOMEM, "out of memory");
}

int cr_registry_record_event(struct cr_registry *registry, const char *portfolio,
                             const char *action, const char *from, const char *to,
                             const struct cr_registry_actor *actor, struct cr_error *err)
{
    char now[CR_CLOCK_TEXT_LEN];
    const char *const texts[] = {now, portfolio, action, from, to, actor->name, actor->reason};

    cr_clock_utc(now);
    return cr_registry_run(
        registry,
        "INSERT INTO events (at, portfolio, action, from_version, to_version, actor, reason)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        texts, CR_ARRAY_LEN(texts), err);
}

static void event_finish(struct cr_registry_event *event)
{
    free(event->at);
    free(event->action);
    free(event->from);
    free(event->to);
    free(event->actor);
    free(event->reason);
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
    return json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:s}", "at", event->at, "action", event->action,
                     "from", event->from, "to", event->to, "actor", event->actor, "reason",
                     event->reason);
}

/* Appends the statement's row. */
static int add_event(struct cr_registry_history *history, const struct cr_stmt *stmt,
                     struct cr_error *err)
{
    struct cr_registry_event *events =
        reallocarray(history->events, history->n + 1, sizeof(*events));
    char **texts[6];

    if (events == NULL) {
        return no_memory(err);
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
            return no_memory(err);
        }
    }
    return 0;
}

int cr_registry_read_history(struct cr_registry *registry, const char *portfolio,
                             struct cr_registry_history *ret_history, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    bool row = true;
    int r = cr_registry_prepare(registry,
                                "SELECT at, action, from_version, to_version, actor, reason"
                                " FROM events WHERE portfolio = ?1 ORDER BY id",
                                &portfolio, 1, &stmt, err);

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
