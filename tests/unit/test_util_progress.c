// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/progress.h"

enum { N_THREADS = 4, N_STEPS = 1000 };

/* How long it took is nobody's business: "1.7 s" becomes "0.0 s". */
static void forget_times(char *text)
{
    for (char *p = strstr(text, " s"); p != NULL; p = strstr(p + 1, " s")) {
        if (p - text >= 3 && p[-2] == '.') {
            p[-3] = '0';
            p[-1] = '0';
        }
    }
}

/* All that the other side of a terminal wrote before it was closed. */
static char *drain(int master)
{
    size_t len = 0, size = 65536;
    char *text = calloc(1, size);
    ssize_t n;

    assert_non_null(text);
    while ((n = read(master, text + len, size - 1 - len)) > 0) {
        len += (size_t)n;
    }
    assert_int_equal(close(master), 0);
    return text;
}

/* Runs work with standard error in a file (or on a new terminal) and returns what it wrote. */
static char *capture(void (*work)(void), bool terminal)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, "stderr");
    int master = terminal ? posix_openpt(O_RDWR | O_NOCTTY) : -1;
    int saved = dup(STDERR_FILENO);
    char *text = NULL;
    struct cr_error err;
    size_t len = 0;
    int fd;

    if (terminal) {
        assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
        fd = open(ptsname(master), O_RDWR | O_NOCTTY);
    } else {
        fd = open(path, O_WRONLY | O_CREAT, 0600);
    }
    assert_true(fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    work();
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(close(saved), 0);
    if (terminal) {
        text = drain(master);
    } else {
        cr_assert_ok(cr_fs_read(path, 65536, &text, &len, &err), &err);
    }
    forget_times(text);
    return text;
}

static void count_to_100(void)
{
    struct cr_progress *progress = cr_progress_create("search", 100, false);

    for (int i = 0; i < 100; i++) {
        cr_progress_advance(progress, 1, i == 55 ? "best 0.81" : NULL);
        if (i == 55) {
            (void)usleep(1100000); /* work that takes its time is reported on the way */
        }
    }
    cr_progress_destroy(progress);
}

/* At most one line per 10 % and second, and the end. */
static void test_lines(void **state)
{
    CR_CLEANUP(cr_freep) char *text = capture(count_to_100, false);
    size_t n = 0;

    (void)state;
    for (const char *p = text; *p != '\0'; p++) {
        n += *p == '\n';
    }
    assert_true(n >= 2 && n <= 10);
    assert_non_null(strstr(text, "search: 57 %, 57/100, "));
    assert_non_null(strstr(text, "search: 100 %, 100/100, "));
}

static void test_bar(void **state)
{
    CR_CLEANUP(cr_freep) char *text = capture(count_to_100, true);

    (void)state;
    assert_non_null(strstr(text, "\rsearch [########################] 100 %  100/100, 0.0 s"));
    assert_int_equal(text[strlen(text) - 1], '\n');
}

static void unknown_total(void)
{
    struct cr_progress *progress = cr_progress_create("import", 0, false);

    for (int i = 0; i < 100; i++) {
        cr_progress_advance(progress, 10, NULL);
    }
    cr_progress_destroy(progress);
}

static void test_unknown_total(void **state)
{
    CR_CLEANUP(cr_freep) char *text = capture(unknown_total, false);
    CR_CLEANUP(cr_freep) char *bar = capture(unknown_total, true);

    (void)state;
    assert_string_equal(text, "import: 1000 rows, 0.0 s\n");
    assert_non_null(strstr(bar, "\rimport  1000 rows, 0.0 s"));
}

static void fail_early(void)
{
    struct cr_progress *progress = cr_progress_create("import", 0, false);

    cr_progress_advance(progress, 10, NULL);
    cr_progress_abandon(progress);
    cr_progress_abandon(NULL);
}

static void test_abandoned(void **state)
{
    CR_CLEANUP(cr_freep) char *text = capture(fail_early, false);
    CR_CLEANUP(cr_freep) char *bar = capture(fail_early, true);

    (void)state;
    assert_string_equal(text, "");
    assert_string_equal(bar, "\r\033[K");
}

static void quiet(void)
{
    struct cr_progress *progress = cr_progress_create("silence", 10, true);

    assert_null(progress);
    cr_progress_advance(progress, 10, "note");
    cr_progress_destroy(progress);
}

static void test_quiet(void **state)
{
    CR_CLEANUP(cr_freep) char *text = capture(quiet, false);

    (void)state;
    assert_string_equal(text, "");
}

static void *advance(void *context)
{
    for (int i = 0; i < N_STEPS; i++) {
        cr_progress_advance(context, 1, i % 2 == 0 ? "even" : "odd");
    }
    return NULL;
}

static void from_threads(void)
{
    struct cr_progress *progress = cr_progress_create("jobs", (size_t)N_THREADS * N_STEPS, false);
    pthread_t threads[N_THREADS];

    for (int i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, advance, progress), 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    cr_progress_destroy(progress);
}

static void test_threads(void **state)
{
    CR_CLEANUP(cr_freep) char *text = capture(from_threads, false);

    (void)state;
    assert_non_null(strstr(text, "jobs: 100 %, 4000/4000, "));
}

static void wait_shortly(void)
{
    cr_progress_destroy(cr_progress_create_waiting("query", false));
    cr_progress_destroy(cr_progress_create_waiting("query", true));
}

static void wait_long(void)
{
    struct cr_progress *progress = cr_progress_create_waiting("query", false);

    (void)usleep(2200000); /* long enough to be told on the way */
    cr_progress_destroy(progress);
}

static void wait_in_vain(void)
{
    struct cr_progress *progress = cr_progress_create_waiting("query", false);

    (void)usleep(1200000); /* the same */
    cr_progress_abandon(progress);
}

/* Nobody advances it: a terminal sees the time go by, a file the whole of it, a second or more. */
static void test_waiting(void **state)
{
    CR_CLEANUP(cr_freep) char *nothing = capture(wait_shortly, false);
    CR_CLEANUP(cr_freep) char *no_bar = capture(wait_shortly, true);
    CR_CLEANUP(cr_freep) char *line = capture(wait_long, false);
    CR_CLEANUP(cr_freep) char *bar = capture(wait_long, true);
    CR_CLEANUP(cr_freep) char *gone = capture(wait_in_vain, true);

    (void)state;
    assert_string_equal(nothing, "");
    assert_string_equal(no_bar, "");
    assert_string_equal(line, "query: 0.0 s\n");
    assert_non_null(strstr(bar, "\rquery  0.0 s\033[K\rquery  0.0 s\033[K"));
    assert_int_equal(bar[strlen(bar) - 1], '\n');
    assert_int_equal(strncmp(gone, "\rquery  ", 8), 0);
    assert_string_equal(gone + strlen(gone) - 4, "\r\033[K");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),         cmocka_unit_test(test_bar),
        cmocka_unit_test(test_unknown_total), cmocka_unit_test(test_abandoned),
        cmocka_unit_test(test_quiet),         cmocka_unit_test(test_threads),
        cmocka_unit_test(test_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
