// SPDX-License-Identifier: MIT
/* A logistic champion for all tests of a program, and daemons that serve it. */
#ifndef CREDITRISK_TESTS_CR_CHAMPION_H
#define CREDITRISK_TESTS_CR_CHAMPION_H

#include "cr_daemon.h"
#include "cr_fixture.h"

/* The head of a request to score many, but for its length. */
#define CR_CHAMPION_BATCH                                                                          \
    "POST /predict/batch HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"

/* For cmocka_run_group_tests. */
int cr_champion_set_up(void **state);
int cr_champion_tear_down(void **state);

/* Borrowed. */
struct cr_fixture *cr_champion_fixture(void);

/* The i-th application of its book as a client sends it; yours (free). */
char *cr_champion_application(size_t i);

/* A daemon that serves it and listens; yours: cr_daemon_stop. */
void cr_champion_start(struct cr_daemon *ret_daemon, const char *const *variables);

#endif
