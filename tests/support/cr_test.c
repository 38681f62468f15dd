// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <errno.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

#include "creditrisk/util/fs.h"

enum { MAX_TEMPDIRS = 64 };

static char *tempdirs[MAX_TEMPDIRS];
static size_t n_tempdirs;
static pid_t owner; /* a forked child that exits must not remove them */

void cr_test_close(double a, double b, double tolerance, const char *a_text, const char *b_text,
                   const char *file, int line)
{
    bool close = isnan(a) || isnan(b) ? isnan(a) && isnan(b) : a == b || fabs(a - b) <= tolerance;

    if (!close) {
        print_error("%s = %.17g, %s = %.17g: apart by %.3g, more than %.3g\n", a_text, a, b_text, b,
                    fabs(a - b), tolerance);
        _fail(file, line);
    }
}

void cr_test_same(double a, double b, const char *a_text, const char *b_text, const char *file,
                  int line)
{
    bool same = isnan(a) && isnan(b);

    if (!same && memcmp(&a, &b, sizeof(a)) != 0) {
        print_error("%s = %.17g (%a), %s = %.17g (%a): not the same\n", a_text, a, a, b_text, b, b);
        _fail(file, line);
    }
}

void cr_test_ok(int result, const struct cr_error *err, const char *call, const char *file,
                int line)
{
    if (result != 0) {
        print_error("%s: %s: %s\n", call, cr_error_name(result), err->message);
        _fail(file, line);
    }
}

void cr_test_says(const struct cr_error *err, const char *part, const char *file, int line)
{
    if (strstr(err->message, part) == NULL) {
        print_error("'%s' lacks '%s'\n", err->message, part);
        _fail(file, line);
    }
}

static void remove_tempdirs(void)
{
    struct cr_error err;

    if (getpid() != owner) {
        return;
    }
    for (size_t i = 0; i < n_tempdirs; i++) {
        if (cr_fs_remove_tree(tempdirs[i], &err) != 0) {
            print_error("%s\n", err.message);
        }
        free(tempdirs[i]);
    }
}

char *cr_test_tempdir(void)
{
    const char *parent = getenv("TMPDIR");
    struct cr_error err;

    if (n_tempdirs == MAX_TEMPDIRS) {
        fail_msg("more than %d temporary folders", MAX_TEMPDIRS);
    }
    if (n_tempdirs == 0) {
        owner = getpid();
        assert_int_equal(atexit(remove_tempdirs), 0);
    }
    cr_assert_ok(cr_fs_mkdtemp(parent != NULL ? parent : "/tmp", "creditrisk-test-",
                               &tempdirs[n_tempdirs], &err),
                 &err);
    return strdup(tempdirs[n_tempdirs++]);
}

char *cr_test_write(const char *dir, const char *name, const char *text)
{
    char *path = cr_fs_join(dir, name);
    struct cr_error err;

    assert_non_null(path);
    cr_assert_ok(cr_fs_write(path, text, strlen(text), &err), &err);
    return path;
}

const char *cr_test_root(void)
{
    return CR_SOURCE_ROOT;
}

char *cr_test_path(const char *relative)
{
    char *path = cr_fs_join(cr_test_root(), relative);

    assert_non_null(path);
    return path;
}

const char *cr_test_shared(void)
{
    const char *chosen = getenv("CREDITRISK_SHARED");

    if (chosen != NULL) {
        return chosen;
    }
    return cr_fs_is_dir(CR_SOURCE_ROOT "/../shared") ? CR_SOURCE_ROOT "/../shared" : NULL;
}

void cr_test_refused(cr_test_attempt_fn *attempt, const char *path, const char *reason,
                     const char *file, int line)
{
    enum { NOBODY = 65534 };
    int status = -1;
    pid_t child;

    (void)fflush(NULL); /* nothing is written twice */
    child = fork();
    if (child == 0) {
        struct cr_error err = {0};
        bool refused = (geteuid() != 0 || setresuid(NOBODY, NOBODY, NOBODY) == 0) &&
                       attempt(path, &err) != 0 && strstr(err.message, reason) != NULL;

        if (!refused) {
            (void)fprintf(stderr, "%s is not refused for '%s': %s\n", path, reason, err.message);
        }
        _exit(refused ? 0 : 1);
    }
    _assert_true(child > 0 && waitpid(child, &status, 0) == child && status == 0, "it is refused",
                 file, line);
}

_Noreturn void cr_test_skip(const char *missing)
{
    (void)fprintf(stderr, "skipped: %s\n", missing);
    exit(CR_TEST_SKIP);
}

size_t cr_test_cases(size_t usual)
{
    const char *chosen = getenv("CREDITRISK_CASES");
    unsigned long long n;
    char *end;

    if (chosen == NULL) {
        return usual;
    }
    errno = 0;
    n = strtoull(chosen, &end, 10);
    if (chosen[0] < '0' || chosen[0] > '9' || *end != '\0' || errno != 0 || n == 0) {
        /* not a failed assertion: a test without cases must not pass, wherever this is called */
        (void)fprintf(stderr, "CREDITRISK_CASES must be a positive number, not '%s'\n", chosen);
        exit(EXIT_FAILURE);
    }
    return (size_t)n;
}

bool cr_test_cases_chosen(void)
{
    return getenv("CREDITRISK_CASES") != NULL;
}
