// SPDX-License-Identifier: MIT
/* The life of versions: promotions, rollbacks, challengers, deletion, and what the events say. */
#include "creditrisk/registry/history.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cr_engine.h"
#include "cr_test_registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/rng.h"
#include "creditrisk/util/strbuf.h"

static const struct cr_registry_actor actor = {"tester", "because"};

static void publish(struct cr_test_house *house, const char *expected)
{
    CR_CLEANUP(cr_freep) char *dir = NULL;
    CR_CLEANUP(cr_freep) char *version = NULL;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = json_pack("{s:{s:s}}", "model", "kind", "test");
    struct cr_error err;

    cr_assert_ok(cr_registry_stage(house->registry, &dir, &err), &err);
    free(cr_test_write(dir, "model.json", "{}"));
    cr_assert_ok(
        cr_registry_publish(house->registry, "retail", dir, manifest, &actor, &version, &err),
        &err);
    assert_string_equal(version, expected);
}

static void promote(struct cr_test_house *house, const char *version)
{
    struct cr_error err;

    cr_assert_ok(cr_registry_promote(house->registry, "retail", version, NULL, &actor, NULL, &err),
                 &err);
}

/* expected NULL = none. */
static void assert_pointer(struct cr_test_house *house,
                           int (*read)(struct cr_registry *, const char *, char **,
                                       struct cr_error *),
                           const char *expected)
{
    CR_CLEANUP(cr_freep) char *version = NULL;
    struct cr_error err = {0};
    int r = read(house->registry, "retail", &version, &err);

    if (expected == NULL) {
        assert_int_equal(r, CR_ENOTFOUND);
        return;
    }
    cr_assert_ok(r, &err);
    assert_string_equal(version, expected);
}

/* Goes back to what `previous` says, which must be expected (NULL = nothing to go back to). */
static void roll_back(struct cr_test_house *house, const char *expected)
{
    struct cr_error err = {0};

    assert_pointer(house, cr_registry_previous, expected);
    if (expected != NULL) {
        cr_assert_ok(cr_registry_rollback(house->registry, "retail", expected, &actor, NULL, &err),
                     &err);
        assert_pointer(house, cr_registry_champion, expected);
    }
}

static void forget(struct cr_test_house *house, const char *version, int code)
{
    bool recorded = false;
    struct cr_error err = {0};

    assert_int_equal(
        cr_registry_delete(house->registry, "retail", &version, 1, &actor, &recorded, &err), code);
}

static struct cr_registry_history read_history(struct cr_test_house *house)
{
    struct cr_registry_history history = {NULL, 0};
    struct cr_error err;

    cr_assert_ok(cr_registry_read_history(house->registry, "retail", &history, &err), &err);
    return history;
}

/* The history as lines "action from to". */
static void assert_history(struct cr_test_house *house, const char *expected)
{
    struct cr_registry_history history = read_history(house);
    struct cr_strbuf text = CR_STRBUF_INIT;

    for (size_t i = 0; i < history.n; i++) {
        const struct cr_registry_event *event = &history.events[i];

        assert_string_equal(event->actor, "tester");
        assert_string_equal(event->reason, "because");
        assert_true(i == 0 || strcmp(history.events[i - 1].at, event->at) <= 0);
        cr_strbuf_printf(&text, "%s %s %s\n", event->action, event->from ? event->from : "-",
                         event->to ? event->to : "-");
    }
    assert_string_equal(cr_strbuf_text(&text), expected);
    cr_strbuf_finish(&text);
    cr_registry_history_finish(&history);
}

static void rollbacks_lead_back_and_never_forth(void **state)
{
    struct cr_test_house *house = *state;
    struct cr_error err = {0};

    roll_back(house, NULL);
    publish(house, "v1");
    publish(house, "v2");
    publish(house, "v3");
    promote(house, "v1");
    roll_back(house, NULL);
    promote(house, "v2");
    promote(house, "v2"); /* again: nothing to undo, and nothing to tell */
    promote(house, "v3");
    assert_int_equal(cr_registry_rollback(house->registry, "retail", "v1", &actor, NULL, &err),
                     CR_EUNAVAIL);
    assert_pointer(house, cr_registry_champion, "v3");
    roll_back(house, "v2");
    roll_back(house, "v1");
    roll_back(house, NULL);
    promote(house, "v3");
    promote(house, "v1");
    roll_back(house, "v3");
    roll_back(house, "v1");
    roll_back(house, NULL);
    assert_history(house, "publish - v1\npublish - v2\npublish - v3\n"
                          "promote - v1\npromote v1 v2\npromote v2 v3\n"
                          "rollback v3 v2\nrollback v2 v1\n"
                          "promote v1 v3\npromote v3 v1\nrollback v1 v3\nrollback v3 v1\n");
}

static void deleted_versions_are_passed_over_and_their_numbers_stay_taken(void **state)
{
    struct cr_test_house *house = *state;
    CR_CLEANUP(cr_freep) char *v4 = cr_fs_join(house->dir, "retail/v4");
    CR_CLEANUP(cr_freep) char *v9 = cr_fs_join(house->dir, "retail/v9");
    struct cr_error err;

    publish(house, "v1");
    publish(house, "v2");
    publish(house, "v3");
    publish(house, "v4");
    promote(house, "v1");
    promote(house, "v2");
    promote(house, "v3");
    forget(house, "v3", CR_EINVAL); /* the champion */
    cr_assert_ok(cr_registry_challenge(house->registry, "retail", "v4", &actor, &err), &err);
    forget(house, "v4", CR_EINVAL); /* the challenger */
    cr_assert_ok(cr_registry_challenge(house->registry, "retail", NULL, &actor, &err), &err);
    assert_true(cr_fs_is_dir(v4));
    forget(house, "v4", 0);
    assert_false(cr_fs_exists(v4));
    forget(house, "v4", CR_ENOTFOUND);
    forget(house, "v2", 0);
    publish(house, "v5");
    roll_back(house, "v1");
    forget(house, "v9", CR_ENOTFOUND);
    forget(house, "../v1", CR_EINVAL);
    cr_assert_ok(cr_fs_mkdirs(v9, &err), &err); /* what a publication left behind */
    forget(house, "v9", 0);
    assert_false(cr_fs_exists(v9));
    publish(house, "v6");
    assert_history(house, "publish - v1\npublish - v2\npublish - v3\npublish - v4\n"
                          "promote - v1\npromote v1 v2\npromote v2 v3\n"
                          "challenge - v4\nchallenge v4 -\ndelete v4 -\ndelete v2 -\n"
                          "publish - v5\nrollback v3 v1\ndelete v9 -\npublish - v6\n");
}

static void a_challenger_is_never_the_champion(void **state)
{
    struct cr_test_house *house = *state;
    struct cr_registry_version *versions = NULL;
    size_t n = 0;
    struct cr_error err = {0};

    publish(house, "v1");
    publish(house, "v2");
    promote(house, "v1");
    assert_pointer(house, cr_registry_challenger, NULL);
    assert_int_equal(cr_registry_challenge(house->registry, "retail", NULL, &actor, &err),
                     CR_ENOTFOUND);
    assert_int_equal(cr_registry_challenge(house->registry, "retail", "v3", &actor, &err),
                     CR_ENOTFOUND);
    assert_int_equal(cr_registry_challenge(house->registry, "retail", "v1", &actor, &err),
                     CR_EINVAL);
    cr_assert_ok(cr_registry_challenge(house->registry, "retail", "v2", &actor, &err), &err);
    assert_pointer(house, cr_registry_challenger, "v2");
    cr_assert_ok(cr_registry_list(house->registry, "retail", &versions, &n, &err), &err);
    assert_true(versions[0].is_champion && !versions[0].is_challenger);
    assert_true(!versions[1].is_champion && versions[1].is_challenger);
    cr_registry_free_versions(versions, n);
    promote(house, "v2");
    assert_pointer(house, cr_registry_champion, "v2");
    assert_pointer(house, cr_registry_challenger, NULL);
    assert_history(house, "publish - v1\npublish - v2\npromote - v1\n"
                          "challenge - v2\npromote v1 v2\nchallenge v2 -\n");
}

static const char *pending(struct cr_test_house *house, const char *version)
{
    static char name[16];
    struct cr_registry_history history = read_history(house);
    const struct cr_registry_event *request = cr_registry_pending_request(&history, version);

    (void)snprintf(name, sizeof(name), "%s", request != NULL ? request->actor : "");
    cr_registry_history_finish(&history);
    return name;
}

static void a_request_holds_until_the_champion_changes(void **state)
{
    struct cr_test_house *house = *state;
    const struct cr_registry_actor ann = {"ann", ""};
    const struct cr_registry_actor bob = {"bob", ""};
    struct cr_error err = {0};

    publish(house, "v1");
    publish(house, "v2");
    assert_int_equal(cr_registry_request(house->registry, "retail", "v7", &ann, &err),
                     CR_ENOTFOUND);
    assert_string_equal(pending(house, "v2"), "");
    cr_assert_ok(cr_registry_request(house->registry, "retail", "v2", &ann, &err), &err);
    assert_string_equal(pending(house, "v2"), "ann");
    assert_string_equal(pending(house, "v1"), "");
    cr_assert_ok(cr_registry_request(house->registry, "retail", "v2", &bob, &err), &err);
    assert_string_equal(pending(house, "v2"), "bob");
    promote(house, "v1");
    assert_string_equal(pending(house, "v2"), "");
}

static void only_another_one_approves_what_is_pending(void **state)
{
    struct cr_test_house *house = *state;
    const struct cr_registry_actor ann = {"ann", ""};
    const struct cr_registry_actor bob = {"bob", ""};
    struct cr_error err = {0};

    publish(house, "v1");
    publish(house, "v2");
    assert_int_equal(cr_registry_approve(house->registry, "retail", "v2", NULL, &bob, NULL, &err),
                     CR_EINVAL);
    assert_non_null(strstr(err.message, "nobody has asked"));
    cr_assert_ok(cr_registry_request(house->registry, "retail", "v2", &ann, &err), &err);
    assert_int_equal(cr_registry_approve(house->registry, "retail", "v2", NULL, &ann, NULL, &err),
                     CR_EINVAL);
    assert_non_null(strstr(err.message, "'ann' asked for it"));
    assert_int_equal(cr_registry_approve(house->registry, "retail", "v1", NULL, &bob, NULL, &err),
                     CR_EINVAL);
    cr_assert_ok(cr_registry_approve(house->registry, "retail", "v2", NULL, &bob, NULL, &err),
                 &err);
    assert_pointer(house, cr_registry_champion, "v2");
    assert_int_equal(cr_registry_approve(house->registry, "retail", "v2", NULL, &bob, NULL, &err),
                     CR_EINVAL);
}

/* One who asks for what serves already, and one who approves it, change nothing and record none. */
static void approving_the_champion_records_nothing(void **state)
{
    struct cr_test_house *house = *state;
    const struct cr_registry_actor ann = {"ann", ""};
    const struct cr_registry_actor bob = {"bob", ""};
    CR_CLEANUP(cr_registry_change_finish) struct cr_registry_change first = {.before = NULL};
    CR_CLEANUP(cr_registry_change_finish) struct cr_registry_change again = {.before = NULL};
    struct cr_registry_history history;
    struct cr_error err;

    publish(house, "v1");
    publish(house, "v2");
    promote(house, "v1");
    cr_assert_ok(cr_registry_request(house->registry, "retail", "v2", &ann, &err), &err);
    cr_assert_ok(cr_registry_approve(house->registry, "retail", "v2", NULL, &bob, &first, &err),
                 &err);
    assert_true(first.changed);
    assert_string_equal(first.before, "v1");
    cr_assert_ok(cr_registry_request(house->registry, "retail", "v2", &ann, &err), &err);
    cr_assert_ok(cr_registry_approve(house->registry, "retail", "v2", NULL, &bob, &again, &err),
                 &err);
    assert_false(again.changed);
    assert_string_equal(again.before, "v2");
    history = read_history(house);
    assert_string_equal(history.events[history.n - 1].action, CR_EVENT_REQUEST);
    assert_string_equal(history.events[history.n - 2].action, CR_EVENT_PROMOTE);
    cr_registry_history_finish(&history);
}

enum { N_APPROVALS = 40 };

/* Somebody with a handle of their own, who promotes v1 at the same moment as v2 is approved. */
struct rival {
    struct cr_registry *registry;
    pthread_barrier_t moment;
    size_t n_failed;
};

static void *overtake(void *argument)
{
    struct rival *rival = argument;
    const struct cr_registry_actor eve = {"eve", ""};

    for (size_t i = 0; i < N_APPROVALS; i++) {
        (void)pthread_barrier_wait(&rival->moment); /* fails only for misuse */
        rival->n_failed +=
            cr_registry_promote(rival->registry, "retail", "v1", NULL, &eve, NULL, NULL) != 0;
        (void)pthread_barrier_wait(&rival->moment);
    }
    return NULL;
}

/* Every approval in the history answers a request that nothing had overtaken, and all that changed
 * the champion are there. */
static void check_approvals(struct cr_test_house *house, size_t n_expected)
{
    struct cr_registry_history history = read_history(house);
    bool is_pending = false;
    size_t n = 0;

    for (size_t i = 0; i < history.n; i++) {
        const struct cr_registry_event *event = &history.events[i];

        if (strcmp(event->actor, "bob") == 0) {
            assert_true(is_pending);
            n++;
        }
        is_pending = strcmp(event->action, CR_EVENT_REQUEST) == 0;
    }
    assert_int_equal(n, n_expected);
    cr_registry_history_finish(&history);
}

static void no_approval_answers_a_request_that_lapsed_meanwhile(void **state)
{
    struct cr_test_house *house = *state;
    const struct cr_registry_actor ann = {"ann", ""};
    const struct cr_registry_actor bob = {"bob", ""};
    struct rival rival = {.n_failed = 0};
    int results[N_APPROVALS];
    size_t n_recorded = 0;
    pthread_t thread;
    struct cr_error err;

    publish(house, "v1");
    publish(house, "v2");
    rival.registry = cr_test_registry(house->dir);
    assert_int_equal(pthread_barrier_init(&rival.moment, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, overtake, &rival), 0);
    for (size_t i = 0; i < N_APPROVALS; i++) {
        results[i] = cr_registry_request(house->registry, "retail", "v2", &ann, &err);
        (void)pthread_barrier_wait(&rival.moment);
        if (results[i] == 0) {
            CR_CLEANUP(cr_registry_change_finish)
            struct cr_registry_change change = {.before = NULL};

            results[i] =
                cr_registry_approve(house->registry, "retail", "v2", NULL, &bob, &change, &err);
            n_recorded += change.changed;
        }
        (void)pthread_barrier_wait(&rival.moment);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(rival.n_failed, 0);
    for (size_t i = 0; i < N_APPROVALS; i++) {
        assert_true(results[i] == 0 || results[i] == CR_EINVAL);
    }
    check_approvals(house, n_recorded);
    (void)pthread_barrier_destroy(&rival.moment); /* fails only for misuse */
    cr_registry_close(rival.registry);
}

/* Against a list kept here: random times, also equal and out of order, random actions. */
static void champion_at_any_time(void **state)
{
    static const char *const actions[] = {"promote", "rollback", "publish", "challenge",
                                          "delete",  "request",  "import"};
    enum { N = 200 };
    struct cr_registry_event events[N];
    char at[N][CR_CLOCK_TEXT_LEN];
    char to[N][16];
    struct cr_rng rng;
    const struct cr_registry_history history = {events, N};

    (void)state;
    cr_rng_init(&rng, 20, 0);
    for (size_t i = 0; i < N; i++) {
        (void)snprintf(at[i], sizeof(at[i]), "2026-01-01T00:%02u:00.000Z",
                       (unsigned)cr_rng_below(&rng, 60));
        (void)snprintf(to[i], sizeof(to[i]), "v%zu", i + 1);
        events[i] = (struct cr_registry_event){
            .at = at[i],
            .action = (char *)(uintptr_t)actions[cr_rng_below(&rng, CR_ARRAY_LEN(actions))],
            .to = to[i],
        };
    }
    for (unsigned minute = 0; minute < 60; minute++) {
        char time[CR_CLOCK_TEXT_LEN];
        const char *expected = NULL;
        const struct cr_registry_event *found;

        (void)snprintf(time, sizeof(time), "2026-01-01T00:%02u:00.000Z", minute);
        for (size_t i = 0; i < N; i++) {
            unsigned then = (unsigned)strtoul(at[i] + 14, NULL, 10);

            if (then <= minute && (events[i].action[0] == 'p' || events[i].action[0] == 'r') &&
                strcmp(events[i].action, "publish") != 0 &&
                strcmp(events[i].action, "request") != 0) {
                expected = to[i];
            }
        }
        found = cr_registry_champion_at(&history, time);
        assert_true(found == NULL ? expected == NULL : found->to == expected);
    }
    assert_null(cr_registry_champion_at(&history, "2025-12-31T23:59:59.999Z"));
}

static void leftovers_are_found(void **state)
{
    struct cr_test_house *house = *state;
    struct cr_registry_leftovers leftovers = {NULL, 0, NULL, 0};
    CR_CLEANUP(cr_freep) char *stage = NULL;
    CR_CLEANUP(cr_freep) char *v4 = cr_fs_join(house->dir, "retail/v4");
    CR_CLEANUP(cr_freep) char *notes = cr_fs_join(house->dir, "retail/notes");
    bool recorded = true;
    struct cr_error err;

    cr_assert_ok(cr_registry_find_leftovers(house->registry, "retail", &leftovers, &err), &err);
    assert_int_equal(leftovers.n_folders + leftovers.n_stages, 0);
    cr_registry_leftovers_finish(&leftovers);
    publish(house, "v1");
    cr_assert_ok(cr_fs_mkdirs(v4, &err), &err);
    cr_assert_ok(cr_fs_mkdirs(notes, &err), &err);
    cr_assert_ok(cr_registry_stage(house->registry, &stage, &err), &err);
    cr_assert_ok(cr_registry_find_leftovers(house->registry, "retail", &leftovers, &err), &err);
    assert_int_equal(leftovers.n_folders, 2);
    assert_string_equal(leftovers.folders[0], "notes");
    assert_string_equal(leftovers.folders[1], "v4");
    assert_int_equal(leftovers.n_stages, 1);
    assert_string_equal(leftovers.stages[0], strrchr(stage, '/') + 1);
    cr_registry_leftovers_finish(&leftovers);
    cr_assert_ok(cr_registry_delete(house->registry, "retail", (const char *const[]){"v4"}, 1,
                                    &actor, &recorded, &err),
                 &err);
    assert_false(recorded || cr_fs_exists(v4));
}

/* Several go together, or none does. */
static void versions_are_deleted_together(void **state)
{
    static const char *const all[] = {"v1", "v3", "v5"};
    static const char *const refused[][3] = {{"v1", "v3", "v2"},
                                             {"v1", "v4", "v3"},
                                             {"v1", "v3", "v1"},
                                             {"v1", "v3", "v9"},
                                             {"v1", "v3", "x"}};
    static const int codes[] = {CR_EINVAL, CR_EINVAL, CR_EINVAL, CR_ENOTFOUND, CR_EINVAL};
    struct cr_test_house *house = *state;
    CR_CLEANUP(cr_freep) char *v1 = cr_fs_join(house->dir, "retail/v1");
    CR_CLEANUP(cr_freep) char *v3 = cr_fs_join(house->dir, "retail/v3");
    CR_CLEANUP(cr_freep) char *v5 = cr_fs_join(house->dir, "retail/v5");
    bool recorded[CR_ARRAY_LEN(all)] = {false};
    struct cr_registry_history history;
    struct cr_error err;
    size_t n_events;

    publish(house, "v1");
    publish(house, "v2");
    publish(house, "v3");
    publish(house, "v4");
    cr_assert_ok(cr_fs_mkdirs(v5, &err), &err);
    promote(house, "v2");
    cr_assert_ok(cr_registry_challenge(house->registry, "retail", "v4", &actor, &err), &err);
    history = read_history(house);
    n_events = history.n;
    cr_registry_history_finish(&history);
    for (size_t i = 0; i < CR_ARRAY_LEN(refused); i++) {
        assert_int_equal(
            cr_registry_delete(house->registry, "retail", refused[i], 3, &actor, recorded, &err),
            codes[i]);
        assert_true(cr_fs_is_dir(v1) && cr_fs_is_dir(v3));
    }
    history = read_history(house);
    assert_int_equal(history.n, n_events);
    cr_registry_history_finish(&history);
    cr_assert_ok(cr_registry_delete(house->registry, "retail", all, 3, &actor, recorded, &err),
                 &err);
    assert_true(recorded[0] && recorded[1] && !recorded[2]);
    assert_false(cr_fs_exists(v1) || cr_fs_exists(v3) || cr_fs_exists(v5));
}

/* A folder that nobody can remove: its deepest path is too long to be named. Only through the
 * descriptors it can be undone. */
struct pit {
    int fds[PATH_MAX / NAME_MAX + 2];
};

static const char *pit_name(void)
{
    static char name[NAME_MAX + 1];

    memset(name, 'x', NAME_MAX);
    return name;
}

static void dig(struct pit *pit, const char *dir)
{
    pit->fds[0] = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(pit->fds[0] >= 0);
    for (size_t i = 1; i < CR_ARRAY_LEN(pit->fds); i++) {
        assert_int_equal(mkdirat(pit->fds[i - 1], pit_name(), 0755), 0);
        pit->fds[i] = openat(pit->fds[i - 1], pit_name(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(pit->fds[i] >= 0);
    }
}

static void fill(struct pit *pit)
{
    for (size_t i = CR_ARRAY_LEN(pit->fds); i-- > 0;) {
        (void)close(pit->fds[i]);
        assert_true(i == 0 || unlinkat(pit->fds[i - 1], pit_name(), AT_REMOVEDIR) == 0);
    }
}

/* Folders that stay are named, all others go, and what is left can be deleted once it can be. */
static void folders_that_stay_are_told(void **state)
{
    static const char *const all[] = {"v2", "v3", "v4", "v5"};
    static const char *const left[] = {"v2", "v3"};
    struct cr_test_house *house = *state;
    CR_CLEANUP(cr_freep) char *v2 = cr_fs_join(house->dir, "retail/v2");
    CR_CLEANUP(cr_freep) char *v3 = cr_fs_join(house->dir, "retail/v3");
    CR_CLEANUP(cr_freep) char *v4 = cr_fs_join(house->dir, "retail/v4");
    CR_CLEANUP(cr_freep) char *v5 = cr_fs_join(house->dir, "retail/v5");
    CR_CLEANUP(cr_freep) char *told = NULL;
    bool recorded[CR_ARRAY_LEN(all)] = {false};
    struct pit pits[2];
    struct cr_error err = {0};

    publish(house, "v1");
    publish(house, "v2");
    publish(house, "v3");
    publish(house, "v4");
    cr_assert_ok(cr_fs_mkdirs(v5, &err), &err);
    dig(&pits[0], v2);
    dig(&pits[1], v3);
    assert_int_equal(cr_registry_delete(house->registry, "retail", all, 4, &actor, recorded, &err),
                     CR_EIO);
    assert_true(asprintf(&told,
                         "forgotten: v2, v3, v4; folders that are still there: v2, v3 (cannot "
                         "remove '%s': File name too long)",
                         v2) > 0);
    assert_string_equal(err.message, told);
    assert_true(cr_fs_is_dir(v2) && cr_fs_is_dir(v3));
    assert_false(cr_fs_exists(v4) || cr_fs_exists(v5));
    assert_int_equal(cr_registry_delete(house->registry, "retail", left, 2, &actor, recorded, &err),
                     CR_EIO);
    assert_non_null(strstr(err.message, "folders that are still there: v2, v3 (cannot remove"));
    assert_null(strstr(err.message, "forgotten"));
    fill(&pits[0]);
    fill(&pits[1]);
    cr_assert_ok(cr_registry_delete(house->registry, "retail", left, 2, &actor, recorded, &err),
                 &err);
    assert_false(recorded[0] || recorded[1] || cr_fs_exists(v2) || cr_fs_exists(v3));
}

/* A challenger that wins is none any more, and whoever promotes it hears of that. */
static void a_promoted_challenger_ends_its_shadow(void **state)
{
    struct cr_test_house *house = *state;
    CR_CLEANUP(cr_registry_change_finish) struct cr_registry_change other = {.before = NULL};
    CR_CLEANUP(cr_registry_change_finish) struct cr_registry_change change = {.before = NULL};
    struct cr_error err;

    publish(house, "v1");
    publish(house, "v2");
    cr_assert_ok(cr_registry_challenge(house->registry, "retail", "v2", &actor, &err), &err);
    cr_assert_ok(cr_registry_promote(house->registry, "retail", "v1", NULL, &actor, &other, &err),
                 &err);
    assert_true(other.changed && !other.was_challenger);
    cr_assert_ok(cr_registry_promote(house->registry, "retail", "v2", NULL, &actor, &change, &err),
                 &err);
    assert_true(change.changed && change.was_challenger);
    assert_pointer(house, cr_registry_challenger, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rollbacks_lead_back_and_never_forth, cr_test_house_setup,
                                        cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(
            deleted_versions_are_passed_over_and_their_numbers_stay_taken, cr_test_house_setup,
            cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(versions_are_deleted_together, cr_test_house_setup,
                                        cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(folders_that_stay_are_told, cr_test_house_setup,
                                        cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(a_promoted_challenger_ends_its_shadow, cr_test_house_setup,
                                        cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(a_challenger_is_never_the_champion, cr_test_house_setup,
                                        cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(a_request_holds_until_the_champion_changes,
                                        cr_test_house_setup, cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(only_another_one_approves_what_is_pending,
                                        cr_test_house_setup, cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(approving_the_champion_records_nothing, cr_test_house_setup,
                                        cr_test_house_teardown),
        cmocka_unit_test_setup_teardown(no_approval_answers_a_request_that_lapsed_meanwhile,
                                        cr_test_house_setup, cr_test_house_teardown),
        cmocka_unit_test(champion_at_any_time),
        cmocka_unit_test_setup_teardown(leftovers_are_found, cr_test_house_setup,
                                        cr_test_house_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
