// SPDX-License-Identifier: MIT
/* Private to score/: what the answers of one bundle have in common, written once: keys, names,
 * labels and lists of fields as JSON text. */
#ifndef SCORE_ANSWER_H
#define SCORE_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "creditrisk/score/bundle.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"

/* A piece of the text: [at, at + len). */
struct cr_piece {
    uint32_t at;
    uint32_t len;
};

/* What stands around the numbers of an entry of top_5_shap_features; the comma before the first
 * entry is left out. */
enum cr_answer_part {
    CR_ANSWER_HEAD,      /* ,{"feature":…,"impact": */
    CR_ANSWER_INCREASES, /* ,"direction":…,"name":…,"value": */
    CR_ANSWER_DECREASES,
    CR_ANSWER_SOURCES, /* ,"sources":[…]} */
    CR_N_ANSWER_PARTS,
};

struct cr_answer_reason {
    uint32_t feature;                       /* whose value it is */
    uint32_t starts[CR_N_ANSWER_PARTS + 1]; /* of its parts and of what is behind them */
};

/* Of n pieces that follow each other n + 1 starts are kept. */
struct cr_answer {
    struct cr_strbuf text;
    size_t room;                      /* that an answer needs at most beside texts of a row */
    struct cr_piece probability;      /* {"probability": */
    struct cr_piece probability_raw;  /* ,"probability_raw": */
    struct cr_piece top;              /* ,"top_5_shap_features":[ */
    struct cr_piece contribution;     /* ,"contribution": */
    struct cr_piece decision_id;      /* ],"decision_id": */
    struct cr_piece behind_id;        /* ,"base_value":…,"margin": */
    struct cr_piece without_id;       /* the same behind a ] */
    struct cr_piece imputed;          /* ,"imputed":[ */
    struct cr_piece imputed_end;      /* ] */
    struct cr_piece rate_is_assumed;  /* ,"emi_assumed_rate":true */
    struct cr_piece by_group;         /* ,"contributions":{"by_group":{ */
    struct cr_piece by_input;         /* },"by_input":{ */
    struct cr_piece inputs_end;       /* }} */
    uint32_t *bands;                  /* ,"risk_category": … the version, up to "emi": */
    struct cr_answer_reason *reasons; /* by group */
    uint32_t *fields;                 /* commas and names */
    uint32_t *groups;                 /* commas, labels and colons */
    uint32_t *inputs;                 /* commas, names and colons */
};

/* Needs all of the bundle but its contexts; *answer is zeroed before. CR_ENOMEM, CR_ETOOBIG when
 * the texts have more than 4 GiB; finish it also then. */
int cr_answer_init(struct cr_answer *answer, const struct cr_bundle *bundle, struct cr_error *err);
void cr_answer_finish(struct cr_answer *answer);

#endif
