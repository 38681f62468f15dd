// SPDX-License-Identifier: MIT
/* Propose: the first version of a flat portfolio, guessed from a CSV file. It can be trained at
 * once; what its author has to look at stands in comments. */
#ifndef CREDITRISK_BOOK_PROPOSE_H
#define CREDITRISK_BOOK_PROPOSE_H

#include <signal.h>
#include <stddef.h>

#include "creditrisk/util/error.h"

struct cr_propose_options {
    const char *name;        /* of the portfolio, and of its table but for characters SQL lacks */
    const char *target;      /* the outcome's column, as the file writes it */
    const char *test_column; /* the yes/no column of the test rows; NULL = none */
    const volatile sig_atomic_t *cancelled; /* may be NULL; non-zero ends it with CR_EUNAVAIL */
};

struct cr_propose_report {
    size_t n_rows;
    size_t n_fields;
    size_t n_features;
    size_t n_left_out;    /* columns that are no fields; application.yaml says why */
    size_t n_foreign;     /* columns whose numbers or dates the file should write otherwise */
    size_t n_odd;         /* cells of fields that are no numbers as the others are */
    char bad[64];         /* how the file writes a bad outcome, cut where it is too long … */
    size_t n_bad;         /* … and in how many rows it does */
    size_t n_good;        /* rows of the other outcome; what is left has none */
    size_t n_test_bad;    /* of these and those, how many the test column marks */
    size_t n_test_good;   /* (0 when there is none) */
    char test_column[64]; /* its name in the portfolio; "" when there is none */
};

/* Called once per guess that the author of the portfolio should know of at once: which value of the
 * outcome is the bad one (always, with the line of application.yaml that says so), how many rows
 * have no outcome, a column that is left out and why, a field's cells that are no numbers, values
 * of an identifier that are there again, numbers that only people read as such or may read
 * otherwise (15.500), whole numbers of which none is there twice, a text that counts as missing, a
 * column that is called as if it marked the test rows, and which columns are marked prohibited. */
typedef void cr_propose_note_fn(const char *note, void *context);

/* CR_EINVAL for a name whose table would be called as one of the databases calls its own. */
int cr_propose_check_name(const char *name, struct cr_error *err);

/* CR_EINVAL for a name whose table would be that of the portfolio `other`, if it was proposed, too:
 * my_loans beside MyLoans. */
int cr_propose_check_other(const char *name, const char *other, struct cr_error *err);

/* Reads the file and writes application.yaml, features.sql, features.yaml, training.sql,
 * policy.yaml and search.yaml into the folder, which must be there. Types, levels, ranges,
 * separator and missing markers are what the file shows; names that tell of an attribute that the
 * law protects (sex, age, marital status, …) are marked prohibited. A column is of numbers even if
 * a few of its cells are none (1 in 20, of few values 1 in 100): the import rejects their rows. One
 * with leading zeros is not.
 * CR_EINVAL: there is no such column, the outcome has not two values, the test column not 0 and 1,
 * yes and no, or true and false, or it is the outcome's, no column is left to be a field (the
 * message says why, column by column, as far as it goes). CR_ETOOBIG: more than 500 columns. Also
 * the errors of reading. `on_note` may be NULL. */
int cr_propose_portfolio(const char *csv, const struct cr_propose_options *options,
                         const char *folder, cr_propose_note_fn *on_note, void *context,
                         struct cr_propose_report *ret_report, struct cr_error *err);

#endif
