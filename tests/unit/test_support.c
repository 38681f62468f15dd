// SPDX-License-Identifier: MIT
/* The tests' own support, where a fault of it would let others pass without having checked. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cr_test.h"

/* Exit status of a child that asks for the number of cases; 0 when it got `wanted`, 99 when it got
 * another one. */
static int status_of(const char *chosen, size_t wanted)
{
    int status = -1;
    pid_t child;

    (void)fflush(NULL); /* nothing is written twice */
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(setenv("CREDITRISK_CASES", chosen, 1) != 0 || cr_test_cases(5) != wanted ? 99 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_cases(void **state)
{
    static const char *const refused[] = {"",    "0",    "00",   "-1",
                                          "+1",  " 1",   "1 ",   "1.5",
                                          "1e3", "many", "0x10", "99999999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        int status = status_of(refused[i], 0);

        if (status != EXIT_FAILURE) {
            fail_msg("'%s': exit status %d", refused[i], status);
        }
    }
    assert_int_equal(status_of("1", 1), 0);
    assert_int_equal(status_of("20000", 20000), 0);
    assert_int_equal(unsetenv("CREDITRISK_CASES"), 0);
    assert_int_equal(cr_test_cases(5), 5);
    assert_false(cr_test_cases_chosen());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
