// SPDX-License-Identifier: MIT
/* Private to http/: the OpenAPI 3.1 document. openapi.json says in words what each route is; which
 * routes there are, what they refuse and which key they need comes from THE route table and THE
 * table of refusals, what an application is from the portfolio. */
#ifndef HTTP_OPENAPI_H
#define HTTP_OPENAPI_H

#include <jansson.h>
#include <stdbool.h>

#include "creditrisk/score/bundle.h"
#include "creditrisk/settings/settings.h"

/* Of the root, with every route, or (is_own) of the portfolio below its own address, with those
 * that it has there. `example` is the answer to cr_form_example (borrowed, may be NULL). A new
 * reference; NULL without memory. */
json_t *cr_openapi_make(const struct cr_bundle *bundle, const struct cr_settings *settings,
                        bool is_own, json_t *example);

#endif
