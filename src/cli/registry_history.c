// SPDX-License-Identifier: MIT
/* registry history: what happened, when and on whose word; or who was the champion then. */
#include <stdio.h>
#include <string.h>

#include "creditrisk/registry/history.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/strbuf.h"
#include "registry_verbs.h"

static bool is_hex(const char *text)
{
    return strlen(text) == CR_DIGEST_LEN - 1 && text[strspn(text, "0123456789abcdef")] == '\0';
}

/* "archive v2.tar.gz, archive sha256 9f86d081884c7d65"; --json has keys and digests in full. */
static void put_details(struct cr_strbuf *out, const json_t *details)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)details, name, value)
    {
        const char *text = json_is_string(value) ? json_string_value(value) : "?";
        cr_strbuf_puts(out, out->len > 0 ? ", " : "");
        for (const char *at = name; *at != '\0'; at++) { /* the loop goes by `name` itself */
            cr_strbuf_putc(out, *at == '_' ? ' ' : *at);
        }
        cr_strbuf_printf(out, is_hex(text) ? " " CR_CLI_SHORT_HEX : " %s", text);
    }
}

static void add_event(struct cr_cells *cells, const struct cr_registry_event *event)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf details = CR_STRBUF_INIT;
    put_details(&details, event->details);
    cr_cells_add(cells, "%s", event->at);
    cr_cells_add(cells, "%s", event->actor);
    cr_cells_add(cells, "%s", event->action);
    cr_cells_add(cells, "%s", event->from != NULL ? event->from : "");
    cr_cells_add(cells, "%s", event->to != NULL ? event->to : "");
    cr_cells_add(cells, "%s", event->reason);
    cr_cells_add(cells, "%s", cr_strbuf_text(&details));
    cells->failed |= details.failed;
}

static int print_events(const struct cr_cli *cli, const struct cr_registry_history *history,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_cells_finish) struct cr_cells cells = {0};
    static const char *const header[] = {"when (UTC)", "who", "what",   "from",
                                         "to",         "why", "details"};
    for (size_t i = 0; i < CR_ARRAY_LEN(header); i++) {
        cr_cells_add(&cells, "%s", header[i]);
    }
    for (size_t i = 0; i < history->n; i++) {
        add_event(&cells, &history->events[i]);
    }
    if (history->n == 0) {
        cr_cli_say(cli, "nothing has happened to portfolio '%s' yet", cli->settings.portfolio);
    }
    return cr_cells_print(&cells, CR_ARRAY_LEN(header), 0, err);
}

/* Which version was the champion at a time, and which event had made it so. */
static int report_champion(struct cr_cli *cli, const struct cr_registry_history *history,
                           const char *at, struct cr_error *err)
{
    const char *portfolio = cli->settings.portfolio;
    const struct cr_registry_event *event = cr_registry_champion_at(history, at);
    if (cli->json) {
        return cr_cli_print_json(json_pack("{s:s, s:s, s:s?, s:o?}", "portfolio", portfolio, "at",
                                           at, "champion", event != NULL ? event->to : NULL,
                                           "event",
                                           event != NULL ? cr_registry_event_to_json(event) : NULL),
                                 err);
    }
    if (event == NULL) {
        cr_cli_line("%s had no champion at %s", portfolio, at);
        return CR_CLI_OK;
    }
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf details = CR_STRBUF_INIT;
    put_details(&details, event->details);
    cr_cli_line("%s was the champion of %s at %s: %s on %s by %s%s%s%s%s", event->to, portfolio, at,
                event->action, event->at, event->actor, event->reason[0] != '\0' ? ", " : "",
                event->reason, details.len > 0 ? "; " : "", cr_strbuf_text(&details));
    return cr_strbuf_check(&details, err);
}

/* A time of which the events can tell, as they write it (cr_clock_utc). */
static int read_past(const char *text, char ret_at[CR_CLOCK_TEXT_LEN], struct cr_error *err)
{
    char now[CR_CLOCK_TEXT_LEN];
    if (!cr_clock_parse_utc(text, ret_at)) {
        return cr_cli_usage(err,
                            "'%s' is no time: write 2026-01-31 (its midnight), 2026-01-31T12:34, "
                            "…T12:34:56 or …T12:34:56.789, with Z or nothing behind it for UTC or "
                            "an offset like +05:30",
                            text);
    }
    cr_clock_utc(now);
    return strcmp(ret_at, now) <= 0
               ? 0
               : cr_cli_usage(err, "'%s' is still to come: it is %s now", text, now);
}

int cr_registry_verb_history(struct cr_cli *cli, struct cr_registry *registry, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    const char *time = cr_cli_option(cli, "at");
    char at[CR_CLOCK_TEXT_LEN];
    int result = time != NULL ? read_past(time, at, err) : 0;
    if (result == 0) {
        result = cr_registry_read_history(registry, cli->settings.portfolio, &history, err);
    }
    if (result != 0 || time != NULL) {
        return result != 0 ? result : report_champion(cli, &history, at, err);
    }
    if (!cli->json) {
        return print_events(cli, &history, err);
    }
    json_t *events = json_array();
    for (size_t i = 0; i < history.n; i++) {
        (void)json_array_append_new(events,
                                    cr_registry_event_to_json(&history.events[i])); /* as above */
    }
    return cr_cli_print_json(
        json_pack("{s:s, s:o}", "portfolio", cli->settings.portfolio, "events", events), err);
}
