// SPDX-License-Identifier: MIT
/* POST /predict on the real daemon with a real version: answers, explanations, complaints. */
#include "cr_test.h"

#include <math.h>
#include <unistd.h>

#include "cr_daemon.h"
#include "cr_fixture.h"
#include "cr_http.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

static struct cr_daemon serving;
static struct cr_fixture fixture;

static int start_all(void **state)
{
    CR_CLEANUP(cr_freep) char *version = NULL;
    const char *options[] = {"--registry", NULL, NULL};

    (void)state;
    cr_fixture_init(&fixture);
    version = cr_fixture_publish(&fixture, "logistic");
    cr_fixture_promote(&fixture, version);
    options[1] = fixture.registry_dir;
    cr_daemon_start(&serving, options, NULL);
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    assert_int_equal(cr_daemon_stop(&serving), 0);
    cr_fixture_finish(&fixture);
    return 0;
}

#define HEAD "POST /predict HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"

/* The i-th application of the book as a client sends it; yours (free). */
static char *application(size_t i)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *json = cr_record_to_json(fixture.portfolio, &fixture.records[i]);
    struct cr_strbuf text = CR_STRBUF_INIT;
    char *result;

    assert_non_null(json);
    cr_json_write(json, false, &text);
    result = cr_strbuf_steal(&text);
    assert_non_null(result);
    return result;
}

static void check_prediction(const json_t *answer)
{
    double margin = json_number_value(json_object_get(answer, "margin"));
    double pd = json_number_value(json_object_get(answer, "probability_raw"));
    const json_t *reasons = json_object_get(answer, "top_5_shap_features");

    cr_assert_close(1 / (1 + exp(-margin)), pd, 5e-7);
    assert_string_equal(cr_http_text(answer, "model_version"), "v1");
    assert_int_equal(strlen(cr_http_text(answer, "decision_id")), 36);
    assert_int_equal(json_array_size(reasons), 5);
}

static void test_predict(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        CR_CLEANUP(cr_freep) char *body = application(i);
        struct cr_http_response response = cr_http_post_json(serving.port, "/predict", body);
        CR_CLEANUP(cr_json_decrefp) json_t *answer = cr_http_json(&response);

        cr_http_check(&response, 200);
        cr_http_check_header(&response, "Content-Type", "application/json");
        cr_http_check_header(&response, "Cache-Control", "no-store");
        check_prediction(answer);
        assert_null(json_object_get(answer, "contributions"));
        cr_http_finish(&response);
    }
}

/* In two chunks, and byte by byte on a connection that stays. */
static void test_predict_pieces(void **state)
{
    CR_CLEANUP(cr_freep) char *body = application(0);
    struct cr_strbuf text = CR_STRBUF_INIT;
    int fd = cr_http_connect(serving.port);
    struct cr_http_response response;

    (void)state;
    cr_strbuf_printf(&text, HEAD "Transfer-Encoding: chunked\r\n\r\n7\r\n%.7s\r\n%zx\r\n%s\r\n",
                     body, strlen(body) - 7, body + 7);
    cr_strbuf_puts(&text, "0\r\nX-Trailer: t\r\n\r\n");
    assert_true(cr_http_send(fd, text.data, text.len));
    response = cr_http_read(fd, false);
    cr_http_check(&response, 200);
    cr_http_finish(&response);

    cr_strbuf_reset(&text);
    cr_strbuf_printf(&text, HEAD "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    for (size_t i = 0; i < text.len; i++) {
        assert_true(cr_http_send(fd, text.data + i, 1));
    }
    response = cr_http_read(fd, false);
    cr_http_check(&response, 200);
    cr_http_finish(&response);
    cr_strbuf_finish(&text);
    (void)close(fd);
}

static void test_explain(void **state)
{
    static const char *const wrong[] = {
        "/predict?explain=half", "/predict?explain=", "/predict?explain", "/predict?explain=Full"};
    CR_CLEANUP(cr_freep) char *body = application(1);
    struct cr_http_response response =
        cr_http_post_json(serving.port, "/predict?x=1&explain=full", body);
    CR_CLEANUP(cr_json_decrefp) json_t *answer = cr_http_json(&response);
    const json_t *groups = json_object_get(json_object_get(answer, "contributions"), "by_group");
    const char *key;
    json_t *value;
    double sum = json_number_value(json_object_get(answer, "base_value"));

    (void)state;
    cr_http_check(&response, 200);
    check_prediction(answer);
    assert_true(json_object_size(groups) > 5);
    json_object_foreach((json_t *)groups, key, value)
    {
        sum += json_number_value(value);
    }
    cr_assert_close(sum, json_number_value(json_object_get(answer, "margin")), 1e-9);
    cr_http_finish(&response);
    for (size_t i = 0; i < CR_ARRAY_LEN(wrong); i++) {
        CR_CLEANUP(cr_json_decrefp) json_t *refusal = NULL;
        const json_t *detail;

        response = cr_http_post_json(serving.port, wrong[i], body);
        refusal = cr_http_json(&response);
        detail = json_array_get(json_object_get(refusal, "detail"), 0);
        cr_http_check(&response, 422);
        assert_string_equal(cr_http_text(detail, "type"), "enum");
        assert_string_equal(json_string_value(json_array_get(json_object_get(detail, "loc"), 1)),
                            "explain");
        cr_http_finish(&response);
    }
}

/* A slip of the pen in the parameter's name is told; what has nothing to do with it is not ours. */
static void test_query_names(void **state)
{
    static const struct {
        const char *path;
        const char *refused; /* NULL = served */
    } cases[] = {
        {"/predict?explian=full", "explian"},
        {"/predict?Explain=full", "Explain"},
        {"/predict?EXPLAIN=full", "EXPLAIN"},
        {"/predict?explains", "explains"},
        {"/predict?explain=full&explin=full", "explin"},
        {"/predict?utm_source=desk", NULL},
        {"/predict?expl%ffin=full", NULL},
        {"/predict?=full", NULL},
        {"/predict?plan=full&detail=1", NULL},
    };
    CR_CLEANUP(cr_freep) char *body = application(1);

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct cr_http_response response = cr_http_post_json(serving.port, cases[i].path, body);
        CR_CLEANUP(cr_json_decrefp) json_t *answer = cr_http_json(&response);
        const json_t *detail = json_array_get(json_object_get(answer, "detail"), 0);
        const json_t *loc = json_object_get(detail, "loc");

        cr_http_check(&response, cases[i].refused != NULL ? 422 : 200);
        if (cases[i].refused != NULL) {
            assert_string_equal(cr_http_text(detail, "type"), "extra_forbidden");
            assert_string_equal(json_string_value(json_array_get(loc, 0)), "query");
            assert_string_equal(json_string_value(json_array_get(loc, 1)), cases[i].refused);
        }
        cr_http_finish(&response);
    }
}

/* The type of the complaint about `field` in a 422, "(none)" when there is none. */
static const char *issue_type(const json_t *refusal, const char *field)
{
    const json_t *detail = json_object_get(refusal, "detail");

    for (size_t i = 0; i < json_array_size(detail); i++) {
        const json_t *issue = json_array_get(detail, i);
        const json_t *at = json_array_get(json_object_get(issue, "loc"), 1);

        if (at == NULL || json_is_integer(at) ? *field == '\0'
                                              : strcmp(json_string_value(at), field) == 0) {
            return cr_http_text(issue, "type");
        }
    }
    return "(none)";
}

static void test_invalid(void **state)
{
    static const struct {
        const char *body;
        const char *field; /* "" = the body */
        const char *type;
    } cases[] = {
        {"{\"age\":12}", "age", "greater_than_equal"},
        {"{\"age\":99}", "age", "less_than_equal"},
        {"{\"age\":12}", "gender", "missing"},
        {"{\"age\":\"28\"}", "age", "int_type"},
        {"{\"age\":28.5}", "age", "int_from_float"},
        {"{\"age\":true}", "age", "int_type"},
        {"{\"age\":null}", "age", "int_type"},
        {"{\"annual_income\":\"a lot\"}", "annual_income", "float_type"},
        {"{\"annual_income\":1e999}", "annual_income", "finite_number"},
        {"{\"gender\":\"male?\"}", "gender", "enum"},
        {"{\"agee\":28}", "agee", "extra_forbidden"},
        {"{\"age\":28,\"age\":29}", "", "json_invalid"},
        {"{\"age\":NaN}", "", "json_invalid"},
        {"{\"age\":28", "", "json_invalid"},
        {"{\"age\":28} x", "", "json_invalid"},
        {"{\"age\":\"\xff\"}", "", "json_invalid"},
        {"[]", "", "model_attributes_type"},
        {"", "", "missing"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        struct cr_http_response response =
            cr_http_post_json(serving.port, "/predict", cases[i].body);
        CR_CLEANUP(cr_json_decrefp) json_t *refusal = cr_http_json(&response);

        cr_http_check(&response, 422);
        cr_http_check_header(&response, "Cache-Control", "no-store");
        if (strcmp(issue_type(refusal, cases[i].field), cases[i].type) != 0) {
            fail_msg("%s: %s", cases[i].body, response.body);
        }
        assert_null(strstr(response.body, "\"input\""));
        cr_http_finish(&response);
    }
}

/* All problems at once: one field out of range and every other required one missing. */
static void test_invalid_all(void **state)
{
    struct cr_http_response response = cr_http_post_json(serving.port, "/predict", "{\"age\":12}");
    CR_CLEANUP(cr_json_decrefp) json_t *refusal = cr_http_json(&response);
    size_t n_required = 0;

    (void)state;
    for (size_t i = 0; i < fixture.portfolio->n_fields; i++) {
        n_required += fixture.portfolio->fields[i].required;
    }
    assert_true(n_required >= 10);
    assert_int_equal(json_array_size(json_object_get(refusal, "detail")), n_required);
    cr_http_finish(&response);
}

/* A body of the largest size that is nothing but mistakes is still answered in full. */
static void test_invalid_many(void **state)
{
    struct cr_strbuf body = CR_STRBUF_INIT;
    struct cr_http_response response;
    CR_CLEANUP(cr_json_decrefp) json_t *refusal = NULL;
    size_t n = 0;

    (void)state;
    cr_strbuf_putc(&body, '{');
    for (; body.len < 65536 - 20; n++) {
        cr_strbuf_printf(&body, "%s\"%zx\":1", n > 0 ? "," : "", n);
    }
    cr_strbuf_putc(&body, '}');
    response = cr_http_post_json(serving.port, "/predict", cr_strbuf_text(&body));
    refusal = cr_http_json(&response);
    cr_http_check(&response, 422);
    assert_true(json_array_size(json_object_get(refusal, "detail")) > n);
    cr_http_finish(&response);
    cr_strbuf_finish(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predict),      cmocka_unit_test(test_predict_pieces),
        cmocka_unit_test(test_explain),      cmocka_unit_test(test_query_names),
        cmocka_unit_test(test_invalid),      cmocka_unit_test(test_invalid_all),
        cmocka_unit_test(test_invalid_many),
    };

    return cmocka_run_group_tests(tests, start_all, stop_all);
}
