// SPDX-License-Identifier: MIT
/* Private to score/: what the answers of one bundle have in common, written once: keys, names,
 * labels and lists of fields as JSON text. */
#ifndef SCORE_ANSWER_H
#define SCORE_ANSWER_H

#include <stddef.h>

#include "creditrisk/score/bundle.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"

/* A piece of the text: [at, at + len). */
struct cr_piece {
    size_t at;
    size_t len;
};

/* What stands around the numbers of an entry of top_5_shap_features; the comma before the first
 * entry is left out. */
struct cr_answer_reason {
    struct cr_piece head;      /* ,{"feature":…,"impact": */
    struct cr_piece increases; /* ,"direction":…,"name":…,"value": */
    struct cr_piece decreases;
    struct cr_piece sources; /* ,"sources":[…]} */
};

struct cr_answer {
    struct cr_strbuf text;
    struct cr_piece *bands;           /* ,"risk_category": … the version, up to "emi": */
    struct cr_answer_reason *reasons; /* by group */
    struct cr_piece base_value;       /* ,"base_value":…,"margin": */
    struct cr_piece *fields;          /* commas and names */
    struct cr_piece *groups;          /* commas, labels and colons */
    struct cr_piece *inputs;          /* commas, names and colons */
};

/* Needs all of the bundle but its contexts; *answer is zeroed before. CR_ENOMEM; finish it also
 * then. */
int cr_answer_init(struct cr_answer *answer, const struct cr_bundle *bundle, struct cr_error *err);
void cr_answer_finish(struct cr_answer *answer);

#endif
