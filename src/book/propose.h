// SPDX-License-Identifier: MIT
/* Private to book/: the plan between a CSV file's profile and the portfolio's texts. */
#ifndef BOOK_PROPOSE_H
#define BOOK_PROPOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/book/propose.h"
#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/strbuf.h"
#include "profile.h"
#include "propose_name.h"

enum cr_propose_role {
    CR_PROPOSE_FIELD,
    CR_PROPOSE_OUTCOME,
    CR_PROPOSE_TEST,
    CR_PROPOSE_KEY_ROW,
    CR_PROPOSE_KEY_CUSTOMER,
    CR_PROPOSE_KEY_DATE,
    CR_PROPOSE_LEFT_OUT,
};

/* Why a column is left out. */
enum cr_propose_why {
    CR_PROPOSE_EMPTY,
    CR_PROPOSE_CONSTANT,
    CR_PROPOSE_IDENTIFIER,
    CR_PROPOSE_CUSTOMERS,
    CR_PROPOSE_DATES,
    CR_PROPOSE_WRITTEN_DATES, /* as only people read them */
    CR_PROPOSE_TEXTS,
    CR_PROPOSE_MARKS_TEST,
};

struct cr_propose_column {
    const struct cr_profile_column *seen;
    enum cr_propose_role role;
    enum cr_propose_why why;        /* if it is left out */
    char name[CR_PROPOSE_NAME_LEN]; /* in SQL */
    enum cr_type type;
    bool is_nullable;
    bool is_code;      /* a whole number with few values: their cases matter, not only their size */
    bool is_skewed;    /* a number with a long tail to the right: its logarithm, too */
    bool is_protected; /* by its name */
    bool may_mark_test; /* by its name and few values, but it is not certain */
};

struct cr_proposal {
    const struct cr_propose_options *options;
    const struct cr_profile *profile;
    char table[CR_PROPOSE_NAME_LEN];
    size_t n_columns;
    struct cr_propose_column *columns; /* in the file's order */
    bool has_words; /* the outcome is written otherwise than with 0 and 1: good and bad are */
    const char *good, *bad;
    size_t n_good, n_bad;           /* rows */
    size_t n_test_good, n_test_bad; /* of them, those that the test column marks */
    size_t good_line; /* where application.yaml says good, above bad; 0 before it is written */
};

/* Names, roles and types of all columns, the outcome's values; the columns are yours: free. */
int cr_propose_plan(const struct cr_profile *profile, const struct cr_propose_options *options,
                    struct cr_proposal *ret_proposal, struct cr_error *err);

/* Reads the file again, if the plan has a test column, and counts its rows by their outcome. */
int cr_propose_count_test(const char *csv, const volatile sig_atomic_t *cancelled,
                          struct cr_proposal *proposal, struct cr_error *err);

/* Why the column is no field, with what the file showed: "all 600 rows have the same value". */
void cr_propose_put_reason(const struct cr_proposal *proposal,
                           const struct cr_propose_column *column, struct cr_strbuf *out);

/* The i-th remark about a field, nothing where there is none to make; false behind the last. Its
 * cells that are no numbers ("3 cells are no numbers, the first \"inf\" in line 7: the import
 * rejects their rows") or are to people only ("8.5%"), points that may be those of thousands, whole
 * numbers of which none is there twice, and a name that tells of test rows. */
bool cr_propose_put_remark(const struct cr_proposal *proposal,
                           const struct cr_propose_column *column, size_t i, struct cr_strbuf *out);

/* Whether the column's numbers or dates are, or may be, written as programs do not read them. */
bool cr_propose_is_foreign(const struct cr_propose_column *column);

/* Whether the import reads each of its cells as yes or no (0 and 1, yes and no, true and false),
 * and there are both. */
bool cr_propose_is_flag(const struct cr_profile_column *seen);

/* Whether a word of the name, words being parted by _, is one of these. */
bool cr_propose_has_word(const char *name, const char *const *words, size_t n);

/* No column can be a field: CR_EINVAL with the reasons. */
int cr_propose_refuse(const struct cr_proposal *proposal, struct cr_error *err);

/* The guesses that are not to go unseen, once application.yaml is written: which outcome is the bad
 * one, and what is odd about columns. */
void cr_propose_tell(const struct cr_proposal *proposal, cr_propose_note_fn *on_note,
                     void *context);

/* The texts. */
void cr_propose_put_application(struct cr_proposal *proposal, struct cr_strbuf *out);
void cr_propose_put_features_sql(const struct cr_proposal *proposal, struct cr_strbuf *out);
void cr_propose_put_features_yaml(const struct cr_proposal *proposal, struct cr_strbuf *out,
                                  size_t *ret_n_features);

/* A scalar of YAML, in quotes unless it can do without; and that of a column's label: "Loan amount"
 * of loan_amount, but the header's own text where the name cannot have it all (Größe, 1st). */
void cr_propose_put_text(struct cr_strbuf *out, const char *text);
void cr_propose_put_label(struct cr_strbuf *out, const struct cr_propose_column *column);

/* A code's value gets a case of its own when this share of the rows has it; the others share one.
 */
#define CR_PROPOSE_COMMON 0.005

bool cr_propose_is_common(const struct cr_proposal *proposal, const struct cr_profile_level *level);

#endif
