// SPDX-License-Identifier: MIT
/* Engine: features.sql over one application, through an in-memory SQLite statement that is prepared
 * once, or through a program that the text is compiled to, which gives the same row bit for bit and
 * is many times faster. The text comes from a registry version, so it may do nothing but compute:
 * it reads the relation `application`, calls COALESCE, LN and POWER, and keeps to the grammar of
 * src/features/compile.h. What it may cost is bounded, too: a row that takes more than some 100,000
 * steps of SQLite's machine or makes a text of more than 16 KiB is refused. What SQLite makes of
 * the text when it compiles it is not bounded here: that is what a trial (score/trial.h) is for.
 * One engine belongs to one thread at a time. */
#ifndef CREDITRISK_FEATURES_ENGINE_H
#define CREDITRISK_FEATURES_ENGINE_H

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/portfolio/record.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/value.h"

struct cr_engine;

/* Prepares the portfolio's features.sql and checks it against the catalogue: the columns' names and
 * order, and, over an empty application and over the fields' examples, that there is one row and
 * that every cell is of its feature's kind. A fault in the text is CR_EPARSE, with file, line and
 * column where the place is known. The portfolio must outlive the engine. Yours:
 * cr_engine_destroy. */
int cr_engine_create(const struct cr_portfolio *portfolio, struct cr_engine **ret_engine,
                     struct cr_error *err);
void cr_engine_destroy(struct cr_engine *engine);

static inline void cr_engine_destroyp(struct cr_engine **engine)
{
    cr_engine_destroy(*engine);
}

/* Computes the feature row: row[0..n_features) in the catalogue's order. A text that is a level of
 * its feature is the level's own pointer, any other is borrowed from the arena, the record or the
 * engine; an infinite result becomes missing. CR_EPARSE when features.sql gives no row, costs too
 * much or gives a cell that is not of its feature's kind, CR_ENOMEM (also the arena's limit). */
int cr_engine_row(struct cr_engine *engine, const struct cr_record *record, struct cr_arena *arena,
                  struct cr_value *row, struct cr_error *err);

/* Whether both ways give the same row. CR_EUNAVAIL when they do not, or when the text is right but
 * not compiled, and the message says why; otherwise the errors of cr_engine_row. */
int cr_engine_compare(struct cr_engine *engine, const struct cr_record *record,
                      struct cr_arena *arena, struct cr_error *err);

/* From now on the program computes the rows. Only for an engine that has compared as the same. */
void cr_engine_use_compiled(struct cr_engine *engine);

#endif
