// SPDX-License-Identifier: MIT
/* The champion and the challenger: who they are, and every way to change that. Each change is one
 * transaction with its event. */
#include "creditrisk/registry/registry.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/history.h"
#include "creditrisk/util/cleanup.h"
#include "registry_impl.h"

static const char champion_pointer[] = CR_REGISTRY_CHAMPION;
static const char challenger_pointer[] = "challenger";

/* NULL when there is none. */
static int read_pointer(struct cr_registry *registry, const char *portfolio, const char *name,
                        char **ret_version, struct cr_error *err)
{
    const char *const texts[] = {portfolio, name};

    return cr_registry_query_text(registry,
                                  "SELECT version FROM pointers WHERE portfolio = ?1 AND name = ?2",
                                  texts, CR_ARRAY_LEN(texts), ret_version, err);
}

/* version NULL = the pointer goes. */
static int write_pointer(struct cr_registry *registry, const char *portfolio, const char *name,
                         const char *version, struct cr_error *err)
{
    const char *const texts[] = {portfolio, name, version};

    if (version == NULL) {
        return cr_registry_run(registry, "DELETE FROM pointers WHERE portfolio = ?1 AND name = ?2",
                               texts, 2, err);
    }
    return cr_registry_run(
        registry,
        "INSERT INTO pointers (portfolio, name, version) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (portfolio, name) DO UPDATE SET version = excluded.version",
        texts, CR_ARRAY_LEN(texts), err);
}

/* The pointer's version; CR_ENOTFOUND when there is none. */
static int need_pointer(struct cr_registry *registry, const char *portfolio, const char *name,
                        char **ret_version, struct cr_error *err)
{
    char *version = NULL;
    int r = read_pointer(registry, portfolio, name, &version, err);

    if (r == 0 && version == NULL) {
        r = cr_error_set(err, CR_ENOTFOUND, "portfolio '%s' has no %s", portfolio, name);
    }
    if (r == 0) {
        *ret_version = version;
    }
    return r;
}

int cr_registry_champion(struct cr_registry *registry, const char *portfolio, char **ret_version,
                         struct cr_error *err)
{
    return need_pointer(registry, portfolio, champion_pointer, ret_version, err);
}

int cr_registry_challenger(struct cr_registry *registry, const char *portfolio, char **ret_version,
                           struct cr_error *err)
{
    return need_pointer(registry, portfolio, challenger_pointer, ret_version, err);
}

/* CR_ENOTFOUND when the version is not recorded. */
static int check_recorded(struct cr_registry *registry, const char *portfolio, const char *version,
                          struct cr_error *err)
{
    bool recorded = false;
    int r = cr_registry_is_recorded(registry, portfolio, version, &recorded, err);

    return r == 0 && !recorded ? cr_registry_refuse_unknown(portfolio, version, err) : r;
}

int cr_registry_end(struct cr_registry *registry, int r, struct cr_error *err)
{
    if (r == 0) {
        r = cr_db_commit(registry->db, err);
    }
    if (r < 0) {
        cr_db_rollback(registry->db);
    }
    return r;
}

/* A champion in the making. */
struct succession {
    const char *portfolio;
    const char *version;
    const char *expected; /* whom it may succeed: "" = nobody, NULL = whoever serves */
    const char *action;
    const struct cr_registry_actor *actor;
    const struct cr_registry_event *request; /* which it answers; NULL = none */
};

/* The event, with the key that vouches for the version at this moment, trusted here or not. */
static int record_champion(struct cr_registry *registry, const struct succession *succession,
                           const char *from, struct cr_error *err)
{
    const struct cr_registry_event *request = succession->request;
    CR_CLEANUP(cr_freep) char *dir = NULL;
    char key[CR_SIGNATURE_KEY_LEN] = "";
    const struct cr_registry_detail details[] = {
        {CR_DETAIL_REQUESTED_BY, request != NULL ? request->actor : NULL},
        {CR_DETAIL_REQUESTED_AT, request != NULL ? request->at : NULL},
        {CR_DETAIL_SIGNED_WITH, key},
        {NULL, NULL},
    };
    int r = cr_registry_path(registry, succession->portfolio, succession->version, &dir, err);

    if (r < 0) {
        return r;
    }
    (void)cr_signature_read(dir, key, NULL); /* who may serve was decided before */
    return cr_registry_record_event(registry, succession->portfolio, succession->action, from,
                                    succession->version, succession->actor, details, err);
}

/* The new champion with its event, and no challenger any more if it was that. */
static int replace_champion(struct cr_registry *registry, const struct succession *succession,
                            struct cr_registry_change *change, struct cr_error *err)
{
    const char *portfolio = succession->portfolio;
    CR_CLEANUP(cr_freep) char *challenger = NULL;
    int r = read_pointer(registry, portfolio, challenger_pointer, &challenger, err);

    if (r == 0) {
        r = write_pointer(registry, portfolio, champion_pointer, succession->version, err);
    }
    if (r == 0) {
        r = record_champion(registry, succession, change->before, err);
    }
    change->was_challenger = challenger != NULL && strcmp(challenger, succession->version) == 0;
    if (r == 0 && change->was_challenger) {
        r = write_pointer(registry, portfolio, challenger_pointer, NULL, err);
        if (r == 0) {
            r = cr_registry_record_event(registry, portfolio, CR_EVENT_CHALLENGE, challenger, NULL,
                                         succession->actor, NULL, err);
        }
    }
    return r;
}

/* Whether the champion (NULL = none) is the one that whoever decided this had before him. */
static int check_expected(const struct succession *succession, const char *champion,
                          struct cr_error *err)
{
    const char *expected = succession->expected;

    if (expected == NULL || strcmp(expected, champion != NULL ? champion : "") == 0) {
        return 0;
    }
    return cr_error_set(
        err, CR_EUNAVAIL, "the champion was changed meanwhile: it is '%s' now, not '%s'",
        champion != NULL ? champion : "none", *expected != '\0' ? expected : "none");
}

/* The end of a transaction, r being what became of it before: the new champion, unless it is that
 * already. ret_change may be NULL. */
static int end_with_champion(struct cr_registry *registry, const struct succession *succession,
                             int r, struct cr_registry_change *ret_change, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_change_finish) struct cr_registry_change change = {.before = NULL};
    const char *version = succession->version;

    if (r == 0) {
        r = check_recorded(registry, succession->portfolio, version, err);
    }
    if (r == 0) {
        r = read_pointer(registry, succession->portfolio, champion_pointer, &change.before, err);
    }
    change.changed = change.before == NULL || strcmp(change.before, version) != 0;
    if (r == 0 && change.changed) {
        r = check_expected(succession, change.before, err);
    }
    if (r == 0 && change.changed) {
        r = replace_champion(registry, succession, &change, err);
    }
    r = cr_registry_end(registry, r, err);
    if (r == 0 && ret_change != NULL) {
        *ret_change = change;
        change.before = NULL;
    }
    return r;
}

int cr_registry_promote(struct cr_registry *registry, const char *portfolio, const char *version,
                        const char *expected, const struct cr_registry_actor *actor,
                        struct cr_registry_change *ret_change, struct cr_error *err)
{
    const struct succession succession = {portfolio,        version, expected,
                                          CR_EVENT_PROMOTE, actor,   NULL};
    int r = cr_db_begin(registry->db, err);

    return r < 0 ? r : end_with_champion(registry, &succession, 0, ret_change, err);
}

/* The request of somebody else for the version, which nothing has overtaken; borrowed from the
 * history. */
static int find_request(const struct cr_registry_history *history, const char *version,
                        const struct cr_registry_actor *actor,
                        const struct cr_registry_event **ret_request, struct cr_error *err)
{
    const struct cr_registry_event *request = cr_registry_pending_request(history, version);

    if (request == NULL) {
        return cr_error_set(
            err, CR_EINVAL,
            "nobody has asked for it since the champion last changed: 'registry promote %s'",
            version);
    }
    if (strcmp(request->actor, actor->name) == 0) {
        return cr_error_set(err, CR_EINVAL, "'%s' asked for it and cannot approve it", actor->name);
    }
    *ret_request = request;
    return 0;
}

int cr_registry_approve(struct cr_registry *registry, const char *portfolio, const char *version,
                        const char *expected, const struct cr_registry_actor *actor,
                        struct cr_registry_change *ret_change, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    struct succession succession = {portfolio, version, expected, CR_EVENT_PROMOTE, actor, NULL};
    int r = cr_db_begin(registry->db, err);

    if (r < 0) {
        return r;
    }
    r = cr_registry_read_history(registry, portfolio, &history, err);
    if (r == 0) {
        r = find_request(&history, version, actor, &succession.request, err);
    }
    return end_with_champion(registry, &succession, r, ret_change, err);
}

/* Somebody asked for a version and did not get it (yet): an event that changes nothing. */
static int record_attempt(struct cr_registry *registry, const char *portfolio, const char *action,
                          const char *version, const struct cr_registry_actor *actor,
                          const struct cr_registry_detail *details, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *from = NULL;
    int r = cr_db_begin(registry->db, err);

    if (r < 0) {
        return r;
    }
    r = check_recorded(registry, portfolio, version, err);
    if (r == 0) {
        r = read_pointer(registry, portfolio, champion_pointer, &from, err);
    }
    if (r == 0) {
        r = cr_registry_record_event(registry, portfolio, action, from, version, actor, details,
                                     err);
    }
    return cr_registry_end(registry, r, err);
}

int cr_registry_request(struct cr_registry *registry, const char *portfolio, const char *version,
                        const struct cr_registry_actor *actor, struct cr_error *err)
{
    return record_attempt(registry, portfolio, CR_EVENT_REQUEST, version, actor, NULL, err);
}

int cr_registry_refuse(struct cr_registry *registry, const char *portfolio, const char *version,
                       const char *gates, const char *why, const struct cr_registry_actor *actor,
                       struct cr_error *err)
{
    const struct cr_registry_detail details[] = {
        {CR_DETAIL_GATES, gates}, {CR_DETAIL_WHY, why}, {NULL, NULL}};

    return record_attempt(registry, portfolio, CR_EVENT_REFUSE, version, actor, details, err);
}

/* The champions that a rollback can go back to, the present one on top. Texts are borrowed from
 * the history. */
struct stack {
    const char **versions;
    size_t n;
};

static void stack_finish(struct stack *stack)
{
    free(stack->versions);
}

/* A promotion goes on top unless it repeats the present champion; a rollback uncovers its target,
 * and takes off what had been deleted in between. */
static int build_stack(const struct cr_registry_history *history, struct stack *stack,
                       struct cr_error *err)
{
    stack->versions = calloc(history->n + 1, sizeof(*stack->versions));
    if (stack->versions == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i < history->n; i++) {
        const struct cr_registry_event *event = &history->events[i];
        bool is_rollback = strcmp(event->action, CR_EVENT_ROLLBACK) == 0;

        if (!is_rollback && strcmp(event->action, CR_EVENT_PROMOTE) != 0) {
            continue;
        }
        while (is_rollback && stack->n > 0 &&
               strcmp(stack->versions[stack->n - 1], event->to) != 0) {
            stack->n--;
        }
        if (stack->n == 0 || strcmp(stack->versions[stack->n - 1], event->to) != 0) {
            stack->versions[stack->n++] = event->to;
        }
    }
    return 0;
}

int cr_registry_previous(struct cr_registry *registry, const char *portfolio, char **ret_version,
                         struct cr_error *err)
{
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    CR_CLEANUP(stack_finish) struct stack stack = {NULL, 0};
    CR_CLEANUP(cr_freep) char *champion = NULL;
    int r = cr_registry_champion(registry, portfolio, &champion, err);

    if (r == 0) {
        r = cr_registry_read_history(registry, portfolio, &history, err);
    }
    if (r == 0) {
        r = build_stack(&history, &stack, err);
    }
    for (size_t i = stack.n; r == 0 && i > 0; i--) {
        bool recorded = false; /* no: deleted since */

        if (strcmp(stack.versions[i - 1], champion) != 0) {
            r = cr_registry_is_recorded(registry, portfolio, stack.versions[i - 1], &recorded, err);
        }
        if (r == 0 && recorded) {
            *ret_version = strdup(stack.versions[i - 1]);
            return *ret_version != NULL ? 0 : cr_error_no_memory(err);
        }
    }
    return r < 0 ? r
                 : cr_error_set(err, CR_ENOTFOUND, "there is no champion before '%s' to go back to",
                                champion);
}

int cr_registry_rollback(struct cr_registry *registry, const char *portfolio, const char *version,
                         const struct cr_registry_actor *actor,
                         struct cr_registry_change *ret_change, struct cr_error *err)
{
    const struct succession succession = {portfolio, version, NULL, CR_EVENT_ROLLBACK, actor, NULL};
    CR_CLEANUP(cr_freep) char *previous = NULL;
    int r = cr_db_begin(registry->db, err);

    if (r < 0) {
        return r;
    }
    r = cr_registry_previous(registry, portfolio, &previous, err);
    if (r == 0 && strcmp(previous, version) != 0) {
        r = cr_error_set(err, CR_EUNAVAIL,
                         "the champion was changed meanwhile: back would now be '%s', not '%s'",
                         previous, version);
    }
    return end_with_champion(registry, &succession, r, ret_change, err);
}

static int challenge_locked(struct cr_registry *registry, const char *portfolio,
                            const char *version, const struct cr_registry_actor *actor,
                            struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *champion = NULL;
    CR_CLEANUP(cr_freep) char *from = NULL;
    int r = version != NULL ? check_recorded(registry, portfolio, version, err) : 0;

    if (r == 0) {
        r = read_pointer(registry, portfolio, champion_pointer, &champion, err);
    }
    if (r == 0) {
        r = version != NULL ? read_pointer(registry, portfolio, challenger_pointer, &from, err)
                            : cr_registry_challenger(registry, portfolio, &from, err);
    }
    if (r == 0 && version != NULL && champion != NULL && strcmp(champion, version) == 0) {
        r = cr_error_set(err, CR_EINVAL, "'%s' is the champion: it cannot challenge itself",
                         version);
    }
    if (r == 0) {
        r = write_pointer(registry, portfolio, challenger_pointer, version, err);
    }
    return r < 0 ? r
                 : cr_registry_record_event(registry, portfolio, CR_EVENT_CHALLENGE, from, version,
                                            actor, NULL, err);
}

int cr_registry_challenge(struct cr_registry *registry, const char *portfolio, const char *version,
                          const struct cr_registry_actor *actor, struct cr_error *err)
{
    int r = cr_db_begin(registry->db, err);

    if (r < 0) {
        return r;
    }
    r = challenge_locked(registry, portfolio, version, actor, err);
    return cr_registry_end(registry, r, err);
}
