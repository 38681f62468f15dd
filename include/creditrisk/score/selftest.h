// SPDX-License-Identifier: MIT
/* Self-test: golden.jsonl holds applications with the feature row, PD and contributions that
 * training saw. A bundle that does not reproduce them is not served. */
#ifndef CREDITRISK_SCORE_SELFTEST_H
#define CREDITRISK_SCORE_SELFTEST_H

#include <stddef.h>

#include "creditrisk/portfolio/record.h"
#include "creditrisk/score/bundle.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"

#define CR_SELFTEST_MIN_ROWS  200
#define CR_SELFTEST_TOLERANCE 1e-9

/* Scores each record with context 0 and appends its line {"application", "row", "margin", "pd",
 * "contributions"}. CR_EINVAL for a record that a client could not send. */
int cr_selftest_write(struct cr_bundle *bundle, const struct cr_record *records, size_t n,
                      struct cr_strbuf *out, struct cr_error *err);

/* Replays <dir>/golden.jsonl (at most 64 MiB) through the scorer with context 0: numbers to 1e-9
 * relative (libm differs between systems), texts equal, at least one row. CR_EMODEL names the row
 * and what differs. *ret_n is the number of rows. When the compiled features were SQLite's on every
 * row, bit for bit, all contexts use them from then on. */
int cr_selftest_replay(struct cr_bundle *bundle, const char *dir, size_t *ret_n,
                       struct cr_error *err);

/* The same, and every feature must be what it was to the last bit. */
int cr_selftest_replay_exactly(struct cr_bundle *bundle, const char *dir, size_t *ret_n,
                               struct cr_error *err);

#endif
