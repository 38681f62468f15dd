// SPDX-License-Identifier: MIT
/* A small but real version for tests: a generated book, its features, a fitted pipeline and model,
 * golden rows; staged, or published in a registry. Every failure ends the test. */
#ifndef CREDITRISK_TESTS_CR_FIXTURE_H
#define CREDITRISK_TESTS_CR_FIXTURE_H

#include <jansson.h>
#include <stddef.h>

#include "creditrisk/features/extract.h"
#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/portfolio/record.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/util/arena.h"

enum {
    CR_FIXTURE_CUSTOMERS = 300,
    CR_FIXTURE_LOANS = 600,
    CR_FIXTURE_GOLDEN = 40,
    CR_FIXTURE_TREES = 30
};

struct cr_fixture {
    struct cr_portfolio *portfolio;
    struct cr_extract extract;
    struct cr_arena arena;
    struct cr_record *records; /* of the extract's rows that a client could send */
    size_t *rows;              /* their rows */
    size_t n_records;
    size_t n_trees;               /* of the forests it trains; CR_FIXTURE_TREES unless changed */
    struct cr_registry *registry; /* in a temporary folder */
    char *registry_dir;
};

/* The retail portfolio with a generated book, and an empty registry. */
void cr_fixture_init(struct cr_fixture *fixture);

/* The same with a book of another size. */
void cr_fixture_init_sized(struct cr_fixture *fixture, size_t n_customers, size_t n_loans);

/* The same with the small portfolio and book of support/small/: for tests that load a version very
 * often. */
void cr_fixture_init_small(struct cr_fixture *fixture);
void cr_fixture_finish(struct cr_fixture *fixture);

/* Trains a model of the kind ("logistic", "xgboost") and writes a whole version, not sealed.
 * *ret_manifest is yours (json_decref), the folder's path too (free). */
char *cr_fixture_stage(struct cr_fixture *fixture, const char *kind, json_t **ret_manifest);

/* The same, published; the version's name is yours (free). */
char *cr_fixture_publish(struct cr_fixture *fixture, const char *kind);

/* For cmocka: a fixture of its own in *state. */
int cr_fixture_set_up(void **state);
int cr_fixture_tear_down(void **state);

/* Makes a published version the champion. */
void cr_fixture_promote(struct cr_fixture *fixture, const char *version);

/* A published version's folder (yours, free) and the version in memory (yours). */
char *cr_fixture_dir(const struct cr_fixture *fixture, const char *version);
struct cr_bundle *cr_fixture_load(struct cr_fixture *fixture, const char *version,
                                  size_t n_contexts);

/* A whole file of a folder; yours (free), NUL-terminated. And back. */
char *cr_fixture_read(const char *dir, const char *name, size_t *ret_len);
void cr_fixture_write(const char *dir, const char *name, const char *data, size_t len);

#endif
