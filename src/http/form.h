// SPDX-License-Identifier: MIT
/* Private to http/: the portfolio's field table in the forms that clients want. New references;
 * NULL without memory. */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include <jansson.h>

#include "creditrisk/score/bundle.h"

/* Everything that a form needs: groups with their fields, the words for features, bands,
 * currency. */
json_t *cr_form_portfolio(const struct cr_bundle *bundle);

/* The JSON Schema of an application: exactly what cr_record_from_json takes. */
json_t *cr_form_schema(const struct cr_portfolio *portfolio);

/* The application that the fields' examples make. */
json_t *cr_form_example(const struct cr_portfolio *portfolio);

#endif
