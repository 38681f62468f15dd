// SPDX-License-Identifier: MIT
#include "openapi.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "form.h"
#include "http.h"
#include "oip.h"

/* openapi.json; embedded at build time. */
extern const char cr_openapi_skeleton[];
extern const size_t cr_openapi_skeleton_len;

/* The member at the end of the keys, which a NULL ends; borrowed, NULL when it is not there. */
static json_t *find(json_t *json, ...)
{
    va_list keys;

    va_start(keys, json);
    for (const char *key; json != NULL && (key = va_arg(keys, const char *)) != NULL;) {
        json = json_object_get(json, key);
    }
    va_end(keys);
    return json;
}

/* Whether a client of this route may meet the status. */
static bool applies(const struct cr_route *route, unsigned status)
{
    switch (status) {
    case 405: /* no operation of this document has an unknown method */
    case 409: /* only where openapi.json says so */
    case 501:
        return false;
    case 401:
    case 403:
        return route->scope != CR_KEY_NONE;
    case 404:
        return strchr(route->path, '{') != NULL;
    case 413:
    case 415:
    case 422:
        return route->media != CR_MEDIA_NONE;
    default:
        return true;
    }
}

/* The schema and media type of an error on the route's surface. */
static json_t *make_error_content(const struct cr_route *route, unsigned status)
{
    const char *schema = "Detail";
    const char *type = "application/json";
    char ref[64];

    if (route->surface == CR_SURFACE_PROBLEM) {
        schema = "Problem";
        type = "application/problem+json";
    } else if (route->surface == CR_SURFACE_OIP) {
        schema = "InferenceError";
    } else if (status == 422) {
        schema = "ValidationError";
    }
    (void)snprintf(ref, sizeof(ref), "#/components/schemas/%s", schema); /* it fits */
    return json_pack("{s:{s:{s:s}}}", type, "schema", "$ref", ref);
}

/* One way to be refused; what openapi.json says of the status stays. */
static bool add_refusal(json_t *responses, const struct cr_route *route, unsigned status,
                        const char *title)
{
    char key[12];
    json_t *response;

    (void)snprintf(key, sizeof(key), "%u", status); /* it fits */
    response = json_object_get(responses, key);
    if (response == NULL) {
        response = json_pack("{s:s}", "description", title);
        if (!cr_json_put(responses, key, response)) {
            return false;
        }
    }
    return json_object_get(response, "content") != NULL ||
           cr_json_put(response, "content", make_error_content(route, status));
}

static bool add_refusals(json_t *responses, const struct cr_route *route)
{
    unsigned status;
    const char *title;

    for (size_t i = 0; cr_reply_status(i, &status, &title); i++) {
        char key[12];

        (void)snprintf(key, sizeof(key), "%u", status); /* it fits */
        if ((applies(route, status) || json_object_get(responses, key) != NULL) &&
            !add_refusal(responses, route, status, title)) {
            return false;
        }
    }
    return true;
}

/* What every answer carries. */
static bool add_headers(json_t *responses)
{
    const char *status;
    json_t *response;

    json_object_foreach(responses, status, response)
    {
        if (!cr_json_put(
                response, "headers",
                json_pack("{s:{s:s}}", "X-Request-ID", "$ref", "#/components/headers/RequestId"))) {
            return false;
        }
    }
    return true;
}

static bool add_security(json_t *operation, const struct cr_route *route,
                         const struct cr_settings *settings)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf scope = CR_STRBUF_INIT;

    if (route->scope == CR_KEY_NONE) {
        return true;
    }
    cr_key_put_scopes(&scope, route->scope);
    return cr_json_put(operation, "x-scope", json_string(cr_strbuf_text(&scope))) &&
           (strcmp(settings->auth_mode, "key") != 0 ||
            cr_json_put(operation, "security", json_pack("[{s:[]}, {s:[]}]", "bearer", "apiKey")));
}

static const char *method_of(const struct cr_route *route)
{
    return (route->methods & CR_METHOD_POST) != 0 ? "post" : "get";
}

/* A route of a named portfolio is that of the root, and the name. */
static bool copy_route(json_t *paths, const struct cr_route *route)
{
    const char *method = method_of(route);
    json_t *operation = json_deep_copy(find(paths, cr_routes_rest(route), method, NULL));
    json_t *parameters = json_object_get(operation, "parameters");
    const char *id = json_string_value(json_object_get(operation, "operationId"));

    return cr_json_put(paths, route->path, json_pack("{s:o}", method, operation)) &&
           cr_json_put(operation, "operationId", json_sprintf("%sOfPortfolio", id)) &&
           cr_json_put(operation, "tags", json_pack("[s]", "portfolios")) &&
           (parameters != NULL || cr_json_put(operation, "parameters", json_array())) &&
           json_array_append_new(json_object_get(operation, "parameters"),
                                 json_pack("{s:s}", "$ref", "#/components/parameters/Portfolio")) ==
               0;
}

static bool copy_routes(json_t *document)
{
    const struct cr_route *route;

    for (size_t i = 0; (route = cr_routes_at(i)) != NULL; i++) {
        if (cr_routes_names_portfolio(route) &&
            !copy_route(json_object_get(document, "paths"), route)) {
            return false;
        }
    }
    return true;
}

/* The document of one portfolio: what it has of the root's routes, below its own address. */
static bool keep_own_routes(json_t *document, const char *portfolio)
{
    CR_CLEANUP(cr_json_decrefp) json_t *own = json_object();
    json_t *paths = json_object_get(document, "paths");
    const struct cr_route *route;

    for (size_t i = 0; (route = cr_routes_at(i)) != NULL; i++) {
        if (cr_routes_names_portfolio(route) &&
            json_object_set(own, cr_routes_rest(route),
                            json_object_get(paths, cr_routes_rest(route))) != 0) {
            return false;
        }
    }
    return json_object_set(document, "paths", own) == 0 &&
           cr_json_put(document, "servers",
                       json_pack("[{s:o, s:s}]", "url", json_sprintf("/portfolios/%s", portfolio),
                                 "description", "This portfolio"));
}

/* Every row of THE route table that the document has; openapi.json has nothing else (a test
 * compares). */
static bool add_routes(json_t *document, const struct cr_settings *settings)
{
    const struct cr_route *route;

    for (size_t i = 0; (route = cr_routes_at(i)) != NULL; i++) {
        json_t *operation = find(document, "paths", route->path, method_of(route), NULL);
        json_t *responses = json_object_get(operation, "responses");

        if (operation == NULL) {
            continue;
        }

        assert(responses != NULL);
        if (!add_refusals(responses, route) || !add_headers(responses) ||
            !add_security(operation, route, settings)) {
            return false;
        }
    }
    return true;
}

/* The texts of one member of the bands. */
static json_t *list_bands(const struct cr_policy *policy,
                          const char *(*get)(const struct cr_band *))
{
    CR_CLEANUP(cr_json_decrefp) json_t *list = json_array();

    for (size_t i = 0; i < policy->n_bands; i++) {
        if (json_array_append_new(list, json_string(get(&policy->bands[i]))) != 0) {
            return NULL;
        }
    }
    return CR_STEAL(list);
}

static const char *get_name(const struct cr_band *band)
{
    return band->name;
}

static const char *get_color(const struct cr_band *band)
{
    return band->color;
}

static const char *get_action(const struct cr_band *band)
{
    return band->action;
}

/* What the portfolio says of requests and answers. */
static bool add_portfolio(json_t *document, const struct cr_bundle *bundle,
                          const struct cr_settings *settings)
{
    const struct cr_policy *policy = &bundle->portfolio->policy;
    json_t *schemas = find(document, "components", "schemas", NULL);
    json_t *prediction = find(schemas, "Prediction", "properties", NULL);

    return cr_json_put(schemas, "Application", cr_form_schema(bundle->portfolio)) &&
           cr_json_put(find(document, "components", "parameters", "Model", "schema", NULL), "enum",
                       json_pack("[s]", bundle->portfolio->name)) &&
           cr_json_put(find(document, "components", "parameters", "Portfolio", "schema", NULL),
                       "enum", json_pack("[s]", bundle->portfolio->name)) &&
           cr_json_put(find(schemas, "Batch", NULL), "maxItems",
                       json_integer(settings->batch_rows)) &&
           cr_json_put(find(prediction, "risk_category", NULL), "enum",
                       list_bands(policy, get_name)) &&
           cr_json_put(find(prediction, "risk_color", NULL), "enum",
                       list_bands(policy, get_color)) &&
           cr_json_put(find(prediction, "recommended_action", NULL), "enum",
                       list_bands(policy, get_action)) &&
           cr_json_put(find(prediction, "top_5_shap_features", NULL), "maxItems",
                       json_integer((json_int_t)policy->top_reasons));
}

/* An example beside a schema; consumes the value. */
static bool put_example(json_t *media, const char *name, json_t *value)
{
    CR_CLEANUP(cr_json_decrefp) json_t *owned = value;

    return owned != NULL &&
           cr_json_put(media, "examples", json_pack("{s:{s:O}}", name, "value", owned));
}

/* The application as tensors of one row. */
static json_t *make_tensors(const struct cr_portfolio *portfolio, const json_t *application)
{
    CR_CLEANUP(cr_json_decrefp) json_t *inputs = json_array();

    for (size_t i = 0; i < portfolio->n_fields; i++) {
        const struct cr_field *field = &portfolio->fields[i];
        json_t *value = json_object_get(application, field->name);

        if (value != NULL &&
            json_array_append_new(inputs, json_pack("{s:s, s:[i], s:s, s:[O]}", "name", field->name,
                                                    "shape", 1, "datatype", cr_oip_datatype(field),
                                                    "data", value)) != 0) {
            return NULL;
        }
    }
    return json_pack("{s:O}", "inputs", inputs);
}

/* A request and its answer: alone, as a batch, as tensors. */
static bool add_examples(json_t *document, const struct cr_bundle *bundle, json_t *answer)
{
    json_t *one = find(document, "paths", "/predict", "post", NULL);
    json_t *many = find(document, "paths", "/predict/batch", "post", NULL);
    json_t *tensors = find(document, "paths", "/v2/models/{name}/infer", "post", NULL);
    CR_CLEANUP(cr_json_decrefp) json_t *application = cr_form_example(bundle->portfolio);

    if (answer == NULL) {
        return true;
    }
    return put_example(find(one, "requestBody", "content", "application/json", NULL), "application",
                       json_incref(application)) &&
           put_example(find(one, "responses", "200", "content", "application/json", NULL),
                       "decision", json_incref(answer)) &&
           put_example(find(many, "requestBody", "content", "application/json", NULL),
                       "applications", json_pack("[O, O]", application, application)) &&
           (tensors == NULL ||
            put_example(find(tensors, "requestBody", "content", "application/json", NULL),
                        "tensors", make_tensors(bundle->portfolio, application))) &&
           put_example(find(many, "responses", "200", "content", "application/json", NULL),
                       "decisions", json_pack("[O, O]", answer, answer));
}

json_t *cr_openapi_make(const struct cr_bundle *bundle, const struct cr_settings *settings,
                        bool is_own, json_t *example)
{
    CR_CLEANUP(cr_json_decrefp) json_t *document = NULL;
    struct cr_error err;

    if (cr_json_parse("openapi.json", cr_openapi_skeleton, cr_openapi_skeleton_len, &document,
                      &err) < 0) {
        assert(err.code == CR_ENOMEM);
        return NULL;
    }
    if (!cr_json_put(find(document, "info", NULL), "version", json_string(CR_VERSION)) ||
        !cr_json_put(find(document, "info", NULL), "title",
                     json_sprintf("creditrisk: %s", bundle->portfolio->title)) ||
        !(is_own ? keep_own_routes(document, bundle->portfolio->name) : copy_routes(document)) ||
        !add_routes(document, settings) || !add_portfolio(document, bundle, settings) ||
        !add_examples(document, bundle, example)) {
        return NULL;
    }
    return CR_STEAL(document);
}
