// SPDX-License-Identifier: MIT
/* Private to score/: which application fields stand behind which served features and groups. Made
 * once per bundle, so that a request only follows lists. */
#ifndef SCORE_LINEAGE_H
#define SCORE_LINEAGE_H

#include <stddef.h>
#include <stdint.h>

#include "creditrisk/explain/explain.h"
#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/portfolio/record.h"
#include "creditrisk/preprocess/pipeline.h"
#include "creditrisk/util/error.h"

/* Indices that belong to i: items[starts[i]] to items[starts[i + 1] − 1], ascending. */
struct cr_links {
    uint32_t *starts;
    uint16_t *items;
};

_Static_assert(CR_PORTFOLIO_MAX_ITEMS <= UINT16_MAX, "a field's and a feature's number fit");

struct cr_lineage {
    size_t n_fields;
    struct cr_links features_of_field; /* those among the pipeline's inputs */
    struct cr_links fields_of_group;   /* sources of the group's features */
};

/* *lineage is zeroed before. CR_ENOMEM; finish it also then. */
int cr_lineage_init(struct cr_lineage *lineage, const struct cr_portfolio *portfolio,
                    const struct cr_pipeline *pipeline, const struct cr_explainer *explainer,
                    struct cr_error *err);
void cr_lineage_finish(struct cr_lineage *lineage);

/* How many fields stand behind any served feature. */
size_t cr_lineage_n_used_fields(const struct cr_lineage *lineage);

/* The fields that are missing in the record and whose absence made a served feature missing in the
 * row, ascending, into ret_fields[0..n_fields); returns how many. */
size_t cr_lineage_imputed(const struct cr_lineage *lineage, const struct cr_record *record,
                          const struct cr_value *row, uint16_t *ret_fields);

/* The fields behind a group; borrowed. */
const uint16_t *cr_lineage_group_fields(const struct cr_lineage *lineage, size_t group,
                                        size_t *ret_n);

#endif
