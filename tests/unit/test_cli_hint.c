// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "../../src/cli/cli.h"

#include "creditrisk/util/cleanup.h"

/* A command of so many bytes. */
static char *make_command(size_t len)
{
    static const char first[] = "creditrisk migrate --db ";
    char *command = malloc(len + 1);

    assert_non_null(command);
    assert_true(len > sizeof(first));
    memset(command, 'x', len);
    memcpy(command, first, sizeof(first) - 1);
    command[len] = '\0';
    return command;
}

/* The reader gets the whole command or none, and always what is wrong. */
static void a_command_is_whole_or_left_out(void **state)
{
    static const char message[] = "there is no table 'loans'";
    struct cr_error err;
    const size_t room = sizeof(err.message) - 1 - (sizeof(message) - 1) - strlen(": run ''");

    (void)state;
    for (size_t len = room - 2; len <= room + 2; len++) {
        CR_CLEANUP(cr_freep) char *command = make_command(len);
        CR_CLEANUP(cr_freep) char *expected = NULL;

        assert_true(asprintf(&expected, "%s: run '%s'", message, command) > 0);
        assert_int_equal(
            cr_cli_advise(&err, CR_EDB, strdup(command), "there is no table '%s'", "loans"),
            CR_EDB);
        assert_string_equal(err.message, len <= room ? expected : message);
        assert_int_equal(err.code, CR_EDB);
    }
    assert_int_equal(cr_cli_advise(&err, CR_EDB, NULL, "%s", message), CR_EDB);
    assert_string_equal(err.message, message);
}

/* What is wrong may itself be too long, and is the very text that is replaced. */
static void a_message_that_was_cut_takes_none(void **state)
{
    struct cr_error err;
    char path[600];

    (void)state;
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    (void)cr_error_set(&err, CR_EIO, "cannot read '%s'", path);
    assert_int_equal(cr_cli_advise(&err, CR_EIO, make_command(40), "%s", err.message), CR_EIO);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    assert_null(strstr(err.message, ": run "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_whole_or_left_out),
        cmocka_unit_test(a_message_that_was_cut_takes_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
