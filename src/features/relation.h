// SPDX-License-Identifier: MIT
/* Private to features/: the SQL around features.sql, written once for the request and for the
 * whole book. Both hand the same text a relation `application` of the same columns and the same
 * types, so that a feature cannot mean two things:
 *
 *     one    WITH application AS (SELECT 0 AS row_id, CAST(?1 AS …) AS "x", …),
 *            features AS (<features.sql>) SELECT * FROM features
 *     book   WITH cr_book AS (SELECT ROW_NUMBER() OVER () AS row_id, CAST(raw."x" AS …) AS "x", …,
 *            <keys> FROM (<training.sql>) raw)
 *            SELECT … FROM cr_book LEFT JOIN (WITH application AS (… FROM cr_book),
 *            features AS (<features.sql>) SELECT * FROM features) by row_id
 *
 * The source of a field is a parameter, or the column of that name in training.sql. Int, number
 * and bool fields reach features.sql as double precision (a bool as 0 or 1), all others as text.
 * Nothing here depends on the engine. */
#ifndef FEATURES_RELATION_H
#define FEATURES_RELATION_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"

/* What training.sql yields beside the fields. */
enum cr_relation_key {
    CR_RELATION_ROW,
    CR_RELATION_CUSTOMER,
    CR_RELATION_DATE,
    CR_RELATION_TEST,
    CR_RELATION_OUTCOME,
    CR_RELATION_N_KEYS,
};

/* The key's column in training.sql; NULL when the portfolio names none. Borrowed. */
const char *cr_relation_key_name(const struct cr_portfolio *portfolio, enum cr_relation_key key);

/* Whether the field reaches features.sql as a number. */
bool cr_relation_is_number(const struct cr_field *field);

/* "features.yaml:12", where the feature begins; without the line when no loader has set it. */
enum { CR_RELATION_PLACE_LEN = 48 };
const char *cr_relation_place(const struct cr_feature *feature, char place[CR_RELATION_PLACE_LEN]);

/* Refuses a cell of the feature that is the other of number and text: CR_EPARSE. */
int cr_relation_wrong_kind(const struct cr_feature *feature, struct cr_error *err);

/* One application: row_id is 0 and field i is the parameter ?(i + 1). Yields the columns of
 * features.sql as they are; *ret_start is where its text begins. */
void cr_relation_put_one(const struct cr_portfolio *portfolio,
                         const struct cr_portfolio_file *features, struct cr_strbuf *out,
                         size_t *ret_start);

/* All applications of training.sql, numbered from 1 in its order. Yields, in that order: row_id of
 * the application, row_id of its features (NULL when features.sql gave none), the keys for which
 * has[key] is set, as text, the fields, the features. */
void cr_relation_put_book(const struct cr_portfolio *portfolio,
                          const struct cr_portfolio_file *training,
                          const struct cr_portfolio_file *features, const bool *has,
                          struct cr_strbuf *out);

#endif
