// SPDX-License-Identifier: MIT
/* Trials, in children of this program itself: the verdict is the loader's own, and a child that
 * misbehaves costs nothing but its version. */
#include "creditrisk/score/trial.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cr_fixture.h"
#include "cr_test.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

static const struct cr_trial_host host = {"/proc/self/exe", {-1, -1}};
static const char misconduct[] = "CR_TEST_MISCONDUCT"; /* how the child is to misbehave */

static const struct cr_trial_limits looked = {.cpu_s = 7, .wall_s = 120, .bytes = (size_t)3 << 30};

static struct cr_fixture fixture;
static char *version;

static int make_version(void **state)
{
    (void)state;
    cr_fixture_init(&fixture);
    version = cr_fixture_publish(&fixture, "logistic");
    return 0;
}

static int drop_version(void **state)
{
    (void)state;
    free(version);
    cr_fixture_finish(&fixture);
    return 0;
}

static int try_version(const char *name, const struct cr_trial_limits *limits, struct cr_error *err)
{
    *err = (struct cr_error){0};
    return cr_trial_run(&host, fixture.registry_dir, NULL, "retail", name, limits, err);
}

static void a_good_version_passes(void **state)
{
    const struct cr_trial_limits limits = CR_TRIAL_LIMITS;
    CR_CLEANUP(cr_freep) char *db = NULL;
    struct cr_error err;

    (void)state;
    cr_assert_ok(try_version(version, &limits, &err), &err);
    assert_true(asprintf(&db, "sqlite:%s/registry.db", fixture.registry_dir) > 0);
    cr_assert_ok(cr_trial_run(&host, fixture.registry_dir, db, "retail", version, &limits, &err),
                 &err);
}

/* The database that was named, not the one beside the versions, and not as an argument, which any
 * user of the machine could read. */
static void the_named_database_is_used(void **state)
{
    static const char db[] = "sqlite:/no/such/folder/secret.db";
    const struct cr_trial_limits limits = CR_TRIAL_LIMITS;
    struct cr_registry *registry = NULL;
    struct cr_error here = {0}, there = {0};
    int code = cr_registry_open(fixture.registry_dir, db, false, &registry, &here);

    (void)state;
    assert_true(code < 0);
    assert_int_equal(
        cr_trial_run(&host, fixture.registry_dir, db, "retail", version, &limits, &there), code);
    assert_string_equal(there.message, here.message);
    assert_int_equal(setenv(misconduct, "look", 1), 0);
    cr_assert_ok(cr_trial_run(&host, fixture.registry_dir, db, "retail", version, &looked, &there),
                 &there);
    assert_int_equal(unsetenv(misconduct), 0);
}

/* A child that would never end, in a process that wants to. */
static void a_trial_that_is_not_wanted_ends(void **state)
{
    const struct cr_trial_limits patient = {.cpu_s = 60, .wall_s = 600, .bytes = (size_t)1 << 40};
    struct cr_error err;

    (void)state;
    assert_int_equal(setenv(misconduct, "hang", 1), 0);
    for (size_t i = 0; i < 2; i++) {
        struct cr_trial_host stopping = host;
        int stop_fd = eventfd(1, EFD_CLOEXEC);

        assert_true(stop_fd >= 0);
        stopping.stop_fds[i] = stop_fd;
        assert_int_equal(
            cr_trial_run(&stopping, fixture.registry_dir, NULL, "retail", version, &patient, &err),
            CR_EUNAVAIL);
        assert_string_equal(err.message, "version 'v1' was not tried to the end: stopping");
        assert_int_equal(close(stop_fd), 0);
    }
    assert_int_equal(unsetenv(misconduct), 0);
}

/* The child's words are those of a load in this process. */
static void assert_refused_alike(const char *name, int code)
{
    const struct cr_trial_limits limits = CR_TRIAL_LIMITS;
    struct cr_bundle *bundle = NULL;
    struct cr_error here = {0}, there;

    assert_int_equal(cr_bundle_load(fixture.registry, "retail", name, 1, &bundle, &here), code);
    assert_int_equal(try_version(name, &limits, &there), code);
    assert_int_equal(there.code, code);
    assert_string_equal(there.message, here.message);
}

static void a_refusal_keeps_code_and_words(void **state)
{
    CR_CLEANUP(cr_freep) char *spoilt = cr_fixture_publish(&fixture, "logistic");
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_dir(&fixture, spoilt);

    (void)state;
    assert_refused_alike("v77", CR_ENOTFOUND);
    cr_fixture_write(dir, "model.json", "{}", 2);
    assert_refused_alike(spoilt, CR_EMODEL);
    assert_refused_alike("no version", CR_EINVAL);
}

static void there_must_be_a_program(void **state)
{
    const struct cr_trial_limits limits = CR_TRIAL_LIMITS;
    const struct cr_trial_host nowhere = {"/no/such/program", {-1, -1}};
    const struct cr_trial_host mute = {"/bin/true", {-1, -1}};
    struct cr_error err = {0};

    (void)state;
    assert_int_equal(
        cr_trial_run(&nowhere, fixture.registry_dir, NULL, "retail", version, &limits, &err),
        CR_EUNAVAIL);
    assert_string_equal(err.message, "cannot start a process to try a version: No such file or "
                                     "directory");
    assert_int_equal(
        cr_trial_run(&mute, fixture.registry_dir, NULL, "retail", version, &limits, &err),
        CR_EMODEL);
    assert_string_equal(err.message, "version 'v1': the process that tried it said nothing");
}

static void a_child_that_misbehaves_is_a_bad_version(void **state)
{
    static const struct {
        const char *how;
        const char *message;
    } cases[] = {
        {"crash", "version 'v1' ended the process that tried it: SIGSEGV"},
        {"abort", "version 'v1' ended the process that tried it: SIGABRT"},
        {"spin", "version 'v1' took more than 1 s of processor time to try"},
        {"hang", "version 'v1' could not be tried within 3 s"},
        {"mute", "version 'v1' ended the process that tried it: SIGKILL"},
        {"leave", "version 'v1': the process that tried it said nothing"},
        {"babble", "version 'v1': the process that tried it said nothing"},
        {"flood", "version 'v1': the process that tried it said nothing"},
    };
    const struct cr_trial_limits quick = {.cpu_s = 1, .wall_s = 3, .bytes = (size_t)1 << 40};
    const struct cr_trial_limits patient = {.cpu_s = 1, .wall_s = 120, .bytes = (size_t)1 << 40};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        bool hangs = strcmp(cases[i].how, "hang") == 0;
        struct cr_error err;

        assert_int_equal(setenv(misconduct, cases[i].how, 1), 0);
        assert_int_equal(try_version(version, hangs ? &quick : &patient, &err), CR_EMODEL);
        assert_int_equal(unsetenv(misconduct), 0);
        assert_string_equal(err.message, cases[i].message);
    }
}

/* The child says what is not as it should be. */
static void a_child_is_confined(void **state)
{
    int inherited = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, on purpose */
    struct cr_error err;

    (void)state;
    assert_true(inherited > STDERR_FILENO);
    assert_int_equal(setenv(misconduct, "look", 1), 0);
    cr_assert_ok(try_version(version, &looked, &err), &err);
    assert_int_equal(unsetenv(misconduct), 0);
    assert_int_equal(close(inherited), 0);
}

/* A text of 400 bytes that SQLite's flattening turns into an expression of 10^9 parts. */
static void a_text_that_explodes_harms_only_the_child(void **state)
{
    const struct cr_trial_limits limits = {.cpu_s = 2, .wall_s = 120, .bytes = (size_t)1 << 29};
    const struct cr_registry_actor actor = {"test", ""};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf sql = CR_STRBUF_INIT;
    CR_CLEANUP(cr_json_decrefp) json_t *manifest = NULL;
    CR_CLEANUP(cr_freep) char *dir = cr_fixture_stage(&fixture, "logistic", &manifest);
    CR_CLEANUP(cr_freep) char *hostile = NULL;
    struct cr_error err;
    int result;

    (void)state;
    cr_strbuf_puts(&sql, "SELECT row_id, ");
    for (int i = 0; i < 9; i++) {
        cr_strbuf_puts(&sql, "(SELECT x||x||x||x||x||x||x||x||x||x AS x FROM ");
    }
    cr_strbuf_puts(&sql, "(SELECT 'a' AS x))))))))) AS age FROM application");
    cr_fixture_write(dir, "portfolio/features.sql", sql.data, sql.len);
    cr_assert_ok(
        cr_registry_publish(fixture.registry, "retail", dir, manifest, &actor, &hostile, &err),
        &err);
    result = try_version(hostile, &limits, &err);
    assert_true(result == CR_EMODEL || result == CR_ENOMEM);
}

static void *run_trial(void *context)
{
    const struct cr_trial_limits limits = CR_TRIAL_LIMITS;
    struct cr_error err;

    *(int *)context = try_version(version, &limits, &err);
    return NULL;
}

static void threads_may_try_at_once(void **state)
{
    enum { N_THREADS = 3 };
    pthread_t threads[N_THREADS];
    int results[N_THREADS];

    (void)state;
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_trial, &results[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(results[i], 0);
    }
}

static void only_the_hidden_mode_is_a_trial(void **state)
{
    char name[] = "creditriskd", flag[] = "--registry", mode[] = "--try-version";
    char *usual[] = {name, flag, name, NULL};
    char *bare[] = {name, mode, NULL};

    (void)state;
    assert_false(cr_trial_is_child(1, usual));
    assert_false(cr_trial_is_child(3, usual));
    assert_false(cr_trial_is_child(2, bare));
}

/* ---- in the child ---- */

/* What everybody may read of this process. */
static bool arguments_hold(const char *word)
{
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    char arguments[4096];
    ssize_t len = read(fd, arguments, sizeof(arguments));

    (void)close(fd);
    return len > 0 && memmem(arguments, (size_t)len, word, strlen(word)) != NULL;
}

static const char *look_around(void)
{
    struct rlimit limit;

    if (!arguments_hold("--try-version") || arguments_hold("secret")) {
        return "the arguments tell too little or too much";
    }
    if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_max != 0) {
        return "core dumps are allowed";
    }
    if (getrlimit(RLIMIT_CPU, &limit) != 0 || limit.rlim_cur != 7) {
        return "processor time is not limited";
    }
    if (getrlimit(RLIMIT_AS, &limit) != 0 ||
        (limit.rlim_cur != (rlim_t)3 << 30 && limit.rlim_cur != RLIM_INFINITY)) {
        return "memory is not limited";
    }
    if (fcntl(STDERR_FILENO + 1, F_GETFD) != -1) {
        return "a descriptor was inherited";
    }
    return NULL;
}

static void misbehave(const char *how)
{
    const char *wrong;

    if (strcmp(how, "crash") == 0) {
        (void)signal(SIGSEGV, SIG_DFL); /* a sanitizer's would end it otherwise */
        (void)raise(SIGSEGV);
    } else if (strcmp(how, "abort") == 0) {
        abort();
    } else if (strcmp(how, "spin") == 0) {
        for (volatile unsigned i = 0;; i++) {
        }
    } else if (strcmp(how, "hang") == 0 || strcmp(how, "mute") == 0) {
        if (how[0] == 'm') {
            (void)close(STDOUT_FILENO);
        }
        for (;;) {
            (void)pause();
        }
    } else if (strcmp(how, "leave") == 0) {
        _exit(0);
    } else if (strcmp(how, "babble") == 0) {
        (void)printf("all is well\n");
        exit(EXIT_SUCCESS);
    } else if (strcmp(how, "flood") == 0) {
        for (;;) {
            (void)printf("0123456789\n");
        }
    } else {
        wrong = look_around();
        (void)printf("%d\n%s", wrong == NULL ? 0 : CR_EINVAL, wrong == NULL ? "" : wrong);
        exit(EXIT_SUCCESS);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_version_passes),
        cmocka_unit_test(a_refusal_keeps_code_and_words),
        cmocka_unit_test(the_named_database_is_used),
        cmocka_unit_test(a_trial_that_is_not_wanted_ends),
        cmocka_unit_test(there_must_be_a_program),
        cmocka_unit_test(a_child_that_misbehaves_is_a_bad_version),
        cmocka_unit_test(a_child_is_confined),
        cmocka_unit_test(a_text_that_explodes_harms_only_the_child),
        cmocka_unit_test(threads_may_try_at_once),
        cmocka_unit_test(only_the_hidden_mode_is_a_trial),
    };

    if (cr_trial_is_child(argc, argv)) {
        const char *how = getenv(misconduct);

        if (how != NULL) {
            misbehave(how);
        }
        return cr_trial_main(argv);
    }
    return cmocka_run_group_tests(tests, make_version, drop_version);
}
