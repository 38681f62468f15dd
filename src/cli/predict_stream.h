// SPDX-License-Identifier: MIT
/* `creditrisk predict` over a file of any length: one row after the other is read, scored and
 * answered, in constant memory. */
#ifndef CREDITRISK_SRC_CLI_PREDICT_STREAM_H
#define CREDITRISK_SRC_CLI_PREDICT_STREAM_H

#include <stdbool.h>

#include "cli.h"
#include "creditrisk/score/bundle.h"
#include "predict_input.h"

enum cr_predict_format { CR_PREDICT_JSON, CR_PREDICT_NDJSON, CR_PREDICT_CSV };

struct cr_predict_stream {
    struct cr_cli *cli;
    struct cr_predict_input *input; /* looked at already or not; NULL of CSV, which has the path */
    enum cr_predict_format format;  /* CR_PREDICT_JSON: an array */
    bool brief;                     /* the decision alone; not in words … */
    bool full;                      /* … or with every contribution */
};

/* Writes the answers to standard output: the daemon's answer, or {"probability", "probability_raw",
 * "risk_category", "margin", "recommended_action", "model_version"} where brief, or {"detail": […]}
 * for a row that is refused.
 *
 * NDJSON and CSV: one line for each row, with its place, "index" (from 0, as in the daemon's batch)
 * and "line" (of the file, from 1), and with the "keys" of the book that the row has, by the names
 * that the portfolio gives them, as the file has them (a text, of CSV): a client's application has
 * none, so the daemon refuses them. CSV is read as predict_csv.h says. An array: with --json an
 * array, one line for each row as the daemon's batch has it, only a row that is refused has its
 * "index"; else words.
 *
 * A row is answered before the next is waited for. So an error, be it of the file's form, and
 * Ctrl-C (CR_CLI_INTERRUPTED), which comes between two rows, keep the answers to the rows before
 * it; with --json it is the last answer, {"error": {"code", "message"}}, and an array is closed
 * behind it. Where no row was answered before it, nothing is written.
 *
 * Returns CR_CLI_OK, CR_CLI_REFUSED when a row was refused, or the errors of reading and scoring.
 */
int cr_predict_stream(const struct cr_predict_stream *stream, struct cr_bundle *bundle,
                      struct cr_error *err);

/* Fills err and returns CR_EPARSE: nothing is in the file ("-": standard input). */
int cr_predict_no_application(const char *path, struct cr_error *err);

#endif
