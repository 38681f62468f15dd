// SPDX-License-Identifier: MIT
/* Private to http/: complaints in the form of RFC 9457. */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include <jansson.h>

/* FastAPI's [{"type", "loc", "msg", "ctx"?}, …] as [{"type", "detail", "pointer" | "parameter",
 * "ctx"?}, …]: `pointer` is a JSON Pointer into the body as a URI fragment ("#/age"), `parameter`
 * names one of the query, and where the body is no JSON there is its `offset`. A new reference;
 * NULL without memory. */
json_t *cr_problem_errors(const json_t *details);

#endif
