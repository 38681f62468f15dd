// SPDX-License-Identifier: MIT
/* Private to http/: what every route that predicts has in common, so that one application gets one
 * answer wherever it is sent. */
#ifndef HTTP_PREDICT_H
#define HTTP_PREDICT_H

#include <jansson.h>
#include <stdbool.h>

#include "creditrisk/portfolio/record.h"
#include "creditrisk/score/scorer.h"
#include "http.h"

/* What the query asks. Its names are borrowed from the request. */
struct cr_predict_query {
    bool full;         /* ?explain=full */
    const char *fault; /* the parameter that is wrong; NULL = none */
};

/* Reads the query; false for another value of explain, or a slip of the pen in its name, which
 * cr_predict_refuse_query answers. Other parameters are nobody's, as in FastAPI. */
bool cr_predict_read_query(struct cr_request *request, struct cr_predict_query *ret_query);
enum MHD_Result cr_predict_refuse_query(struct cr_request *request,
                                        const struct cr_predict_query *query);

/* FastAPI's list of complaints, which are counted. A new reference; NULL without memory. */
json_t *cr_predict_details(struct cr_request *request, const struct cr_champion *champion,
                           const struct cr_issues *issues);

/* Scores one valid record in the context of the thread that runs the request, counts it and offers
 * it to the challenger. The
 * errors of cr_scorer_score; the result lives as long as its, `arena` holds the rest. */
int cr_predict_score(struct cr_request *request, struct cr_champion *champion,
                     const struct cr_record *record, struct cr_arena *arena,
                     struct cr_result *ret_result, struct cr_error *err);

/* Appends the answer as JSON, with a decision id of its own. Without memory `out` has failed. */
void cr_predict_write(struct cr_request *request, const struct cr_champion *champion,
                      const struct cr_result *result, bool full, struct cr_strbuf *out);

#endif
