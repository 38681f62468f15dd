// SPDX-License-Identifier: MIT
/* The champion and the challenger: who they are, and every way to change that. Each change is one
 * transaction with its event. */
#include "creditrisk/registry/registry.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/registry/history.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "registry_impl.h"

static const char champion_pointer[] = "champion";
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

void cr_registry_free_portfolios(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(names[i]);
    }
    free(names);
}

/* Appends a copy. */
static int add_name(const char *text, char ***names, size_t *n, struct cr_error *err)
{
    char **grown = reallocarray(*names, *n + 1, sizeof(*grown));
    char *name = strdup(text);

    *names = grown != NULL ? grown : *names;
    if (grown == NULL || name == NULL) {
        free(name);
        return cr_error_set(err, CR_ENOMEM, "out of memory for the portfolios");
    }
    grown[(*n)++] = name;
    return 0;
}

/* The names that a statement finds; its parameter, where it has one, is text. */
static int query_names(struct cr_registry *registry, const char *sql, const char *text,
                       char ***ret_names, size_t *ret_n, struct cr_error *err)
{
    CR_CLEANUP(cr_stmt_destroyp) struct cr_stmt *stmt = NULL;
    char **names = NULL;
    size_t n = 0;
    bool row = false;
    int r = cr_db_prepare(registry->db, sql, NULL, &stmt, err);

    if (r == 0 && text != NULL) {
        r = cr_stmt_bind_text(stmt, 0, text, err);
    }
    while (r == 0 && (r = cr_stmt_step(stmt, &row, err)) == 0 && row) {
        r = add_name(cr_stmt_text(stmt, 0), &names, &n, err);
    }
    if (r != 0) {
        cr_registry_free_portfolios(names, n);
        return r;
    }
    *ret_names = names;
    *ret_n = n;
    return 0;
}

int cr_registry_portfolios(struct cr_registry *registry, char ***ret_names, size_t *ret_n,
                           struct cr_error *err)
{
    return query_names(registry,
                       "SELECT portfolio FROM pointers WHERE name = ?1 ORDER BY portfolio",
                       champion_pointer, ret_names, ret_n, err);
}

/* Appends the folders that may be a portfolio's and are none of the recorded ones'. */
static int add_folders(const struct cr_registry *registry, char ***names, size_t *n,
                       struct cr_error *err)
{
    size_t n_recorded = *n;
    char **entries = NULL;
    size_t n_entries = 0;
    int r = cr_fs_list(registry->dir, &entries, &n_entries, err);

    for (size_t i = 0; r == 0 && i < n_entries; i++) {
        CR_CLEANUP(cr_freep) char *folder = NULL;
        bool is_known = false;

        for (size_t j = 0; !is_known && j < n_recorded; j++) {
            is_known = strcmp((*names)[j], entries[i]) == 0;
        }
        if (!is_known && cr_registry_portfolio_path(registry, entries[i], &folder, NULL) == 0 &&
            cr_fs_is_dir(folder)) {
            r = add_name(entries[i], names, n, err);
        }
    }
    cr_fs_free_names(entries, n_entries);
    return r;
}

int cr_registry_all_portfolios(struct cr_registry *registry, char ***ret_names, size_t *ret_n,
                               struct cr_error *err)
{
    char **names = NULL;
    size_t n = 0;
    int r = query_names(registry, "SELECT DISTINCT portfolio FROM versions ORDER BY portfolio",
                        NULL, &names, &n, err);

    if (r == 0) {
        r = add_folders(registry, &names, &n, err);
    }
    if (r != 0) {
        cr_registry_free_portfolios(names, n);
        return r;
    }
    *ret_names = names;
    *ret_n = n;
    return 0;
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

/* The new champion with its event, and no challenger any more if it was that. */
static int replace_champion(struct cr_registry *registry, const char *portfolio, const char *from,
                            const char *version, const char *action,
                            const struct cr_registry_actor *actor, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *challenger = NULL;
    int r = read_pointer(registry, portfolio, challenger_pointer, &challenger, err);

    if (r == 0) {
        r = write_pointer(registry, portfolio, champion_pointer, version, err);
    }
    if (r == 0) {
        r = cr_registry_record_event(registry, portfolio, action, from, version, actor, err);
    }
    if (r == 0 && challenger != NULL && strcmp(challenger, version) == 0) {
        r = write_pointer(registry, portfolio, challenger_pointer, NULL, err);
        if (r == 0) {
            r = cr_registry_record_event(registry, portfolio, CR_EVENT_CHALLENGE, challenger, NULL,
                                         actor, err);
        }
    }
    return r;
}

/* The end of a transaction, r being what became of it before: the new champion, unless it is that
 * already. ret_change may be NULL. */
static int end_with_champion(struct cr_registry *registry, const char *portfolio,
                             const char *version, const char *action,
                             const struct cr_registry_actor *actor, int r,
                             struct cr_registry_change *ret_change, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_change_finish) struct cr_registry_change change = {false, NULL};

    if (r == 0) {
        r = check_recorded(registry, portfolio, version, err);
    }
    if (r == 0) {
        r = read_pointer(registry, portfolio, champion_pointer, &change.before, err);
    }
    change.changed = change.before == NULL || strcmp(change.before, version) != 0;
    if (r == 0 && change.changed) {
        r = replace_champion(registry, portfolio, change.before, version, action, actor, err);
    }
    r = cr_registry_end(registry, r, err);
    if (r == 0 && ret_change != NULL) {
        *ret_change = (struct cr_registry_change){change.changed, CR_STEAL(change.before)};
    }
    return r;
}

int cr_registry_promote(struct cr_registry *registry, const char *portfolio, const char *version,
                        const struct cr_registry_actor *actor,
                        struct cr_registry_change *ret_change, struct cr_error *err)
{
    int r = cr_db_begin(registry->db, err);

    return r < 0 ? r
                 : end_with_champion(registry, portfolio, version, CR_EVENT_PROMOTE, actor, 0,
                                     ret_change, err);
}

/* Whether somebody else has asked for the version, and nothing has overtaken it. */
static int check_request(struct cr_registry *registry, const char *portfolio, const char *version,
                         const struct cr_registry_actor *actor, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_history_finish) struct cr_registry_history history = {NULL, 0};
    const struct cr_registry_event *request;
    int r = cr_registry_read_history(registry, portfolio, &history, err);

    if (r < 0) {
        return r;
    }
    request = cr_registry_pending_request(&history, version);
    if (request == NULL) {
        return cr_error_set(
            err, CR_EINVAL,
            "nobody has asked for it since the champion last changed: 'registry promote %s'",
            version);
    }
    return strcmp(request->actor, actor->name) != 0
               ? 0
               : cr_error_set(err, CR_EINVAL, "'%s' asked for it and cannot approve it",
                              actor->name);
}

int cr_registry_approve(struct cr_registry *registry, const char *portfolio, const char *version,
                        const struct cr_registry_actor *actor,
                        struct cr_registry_change *ret_change, struct cr_error *err)
{
    int r = cr_db_begin(registry->db, err);

    if (r < 0) {
        return r;
    }
    r = check_request(registry, portfolio, version, actor, err);
    return end_with_champion(registry, portfolio, version, CR_EVENT_PROMOTE, actor, r, ret_change,
                             err);
}

int cr_registry_request(struct cr_registry *registry, const char *portfolio, const char *version,
                        const struct cr_registry_actor *actor, struct cr_error *err)
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
        r = cr_registry_record_event(registry, portfolio, CR_EVENT_REQUEST, from, version, actor,
                                     err);
    }
    return cr_registry_end(registry, r, err);
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
        return cr_error_set(err, CR_ENOMEM, "out of memory");
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
            return *ret_version != NULL ? 0 : cr_error_set(err, CR_ENOMEM, "out of memory");
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
    return end_with_champion(registry, portfolio, version, CR_EVENT_ROLLBACK, actor, r, ret_change,
                             err);
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
                                            actor, err);
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
