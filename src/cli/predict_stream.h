// SPDX-License-Identifier: MIT
/* `creditrisk predict` over a file of any length: one row after the other, one line of JSON for
 * each, in constant memory. */
#ifndef CREDITRISK_SRC_CLI_PREDICT_STREAM_H
#define CREDITRISK_SRC_CLI_PREDICT_STREAM_H

#include <stdbool.h>

#include "cli.h"
#include "creditrisk/score/bundle.h"

enum cr_predict_format { CR_PREDICT_JSON, CR_PREDICT_NDJSON, CR_PREDICT_CSV };

struct cr_predict_stream {
    const struct cr_cli *cli;
    const char *path;              /* "-": standard input */
    enum cr_predict_format format; /* not CR_PREDICT_JSON */
    bool brief;                    /* the decision alone … */
    bool full;                     /* … or with every contribution */
};

/* Writes the answers to standard output: the daemon's answer, or {"probability", "probability_raw",
 * "risk_category", "margin", "recommended_action", "model_version"} where brief, or {"detail": […]}
 * for a row that is refused; each with the place of its row, "index" (from 0, as in the daemon's
 * batch) and "line" (of the file, from 1). CSV is read as predict_csv.h says. Returns CR_CLI_OK,
 * CR_CLI_REFUSED when a row was refused, or the errors of reading and scoring. */
int cr_predict_stream(const struct cr_predict_stream *stream, struct cr_bundle *bundle,
                      struct cr_error *err);

/* Fills err and returns CR_EPARSE: nothing is in the file ("-": standard input). */
int cr_predict_no_application(const char *path, struct cr_error *err);

#endif
