// SPDX-License-Identifier: MIT
/* POST /predict on the real daemon with a real version: answers, explanations, complaints. */
#include "cr_test.h"

#include <math.h>
#include <unistd.h>

#include "cr_champion.h"
#include "cr_http.h"
#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

static struct cr_daemon serving;

static int start_all(void **state)
{
    (void)cr_champion_set_up(state); /* it ends the test when it fails */
    cr_champion_start(&serving, NULL);
    return 0;
}

static int stop_all(void **state)
{
    assert_int_equal(cr_daemon_stop(&serving), 0);
    return cr_champion_tear_down(state);
}

#define HEAD "POST /predict HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"

/* A random one: version 4, variant 10 (RFC 9562). */
static void check_uuid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";

    assert_int_equal(strlen(text), sizeof(shape) - 1);
    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        const char *allowed = shape[i] == 'x'   ? "0123456789abcdef"
                              : shape[i] == 'v' ? "89ab"
                                                : (const char[]){shape[i], '\0'};

        assert_non_null(strchr(allowed, text[i]));
    }
}

static void check_prediction(const json_t *answer)
{
    double margin = json_number_value(json_object_get(answer, "margin"));
    double pd = json_number_value(json_object_get(answer, "probability_raw"));
    const json_t *reasons = json_object_get(answer, "top_5_shap_features");

    cr_assert_close(1 / (1 + exp(-margin)), pd, 5e-7);
    assert_string_equal(cr_http_text(answer, "model_version"), "v1");
    check_uuid(cr_http_text(answer, "decision_id"));
    assert_int_equal(json_array_size(reasons), 5);
}

static void test_predict(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        CR_CLEANUP(cr_freep) char *body = cr_champion_application(i);
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
    CR_CLEANUP(cr_freep) char *body = cr_champion_application(0);
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
    CR_CLEANUP(cr_freep) char *body = cr_champion_application(1);
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
    CR_CLEANUP(cr_freep) char *body = cr_champion_application(1);

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

/* As Windows writes it: one is no part of the body, whose bytes are counted behind it. */
static void test_mark(void **state)
{
    static const struct {
        const char *body; /* NULL: an application that is good */
        int offset;       /* of what is no JSON; −1: the body itself is missing */
    } cases[] = {
        {NULL, 0},         {"\xef\xbb\xbf{\"age\":}", 7}, {"\xef\xbb\xbf\xef\xbb\xbf{}", 0},
        {"\xef\xbb{}", 0}, {"{}\xef\xbb\xbf", 2},         {"\xef\xbb\xbf", -1},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_freep) char *good = cr_champion_application(i);
        CR_CLEANUP(cr_freep) char *marked = NULL;
        struct cr_http_response response;

        assert_true(asprintf(&marked, "\xef\xbb\xbf%s", good) > 0);
        response = cr_http_post_json(serving.port, "/predict",
                                     cases[i].body != NULL ? cases[i].body : marked);
        CR_CLEANUP(cr_json_decrefp) json_t *answer = cr_http_json(&response);
        const json_t *loc =
            json_object_get(json_array_get(json_object_get(answer, "detail"), 0), "loc");

        cr_http_check(&response, cases[i].body == NULL ? 200 : 422);
        assert_int_equal(json_array_size(loc), cases[i].body == NULL ? 0
                                               : cases[i].offset < 0 ? 1
                                                                     : 2);
        if (cases[i].body != NULL && cases[i].offset >= 0) {
            assert_int_equal(json_integer_value(json_array_get(loc, 1)), cases[i].offset);
        }
        cr_http_finish(&response);
    }
}

/* All problems at once: one field out of range and every other required one missing. */
static void test_invalid_all(void **state)
{
    struct cr_http_response response = cr_http_post_json(serving.port, "/predict", "{\"age\":12}");
    CR_CLEANUP(cr_json_decrefp) json_t *refusal = cr_http_json(&response);
    const struct cr_portfolio *portfolio = cr_champion_fixture()->portfolio;
    size_t n_required = 0;

    (void)state;
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        n_required += portfolio->fields[i].required;
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

/* ---- the access log ---- */

/* The line of one request in the log of the daemon; yours. */
static json_t *read_line(struct cr_daemon *daemon, const char *id)
{
    CR_CLEANUP(cr_freep) char *mark = NULL;
    CR_CLEANUP(cr_freep) char *text = NULL;
    json_t *line;
    size_t begin, end;

    assert_true(asprintf(&mark, "\"request_id\":\"%s\"", id) > 0);
    begin = cr_daemon_await(daemon, 0, mark);
    end = cr_daemon_await(daemon, begin, "}\n");
    while (begin > 0 && cr_strbuf_text(&daemon->log)[begin - 1] != '\n') {
        begin--;
    }
    text = strndup(cr_strbuf_text(&daemon->log) + begin, end - begin);
    assert_non_null(text);
    line = json_loads(text, 0, NULL);
    assert_non_null(line);
    assert_string_equal(cr_http_text(line, "event"), "request");
    return line;
}

/* Sends a body under the id and reads what the log says of it; both are yours. */
static void ask(struct cr_daemon *daemon, const char *id, const char *path, const char *body,
                int status, json_t **ret_answer, json_t **ret_line)
{
    char headers[128];
    struct cr_http_response response;

    (void)snprintf(headers, sizeof(headers),
                   "Content-Type: application/json\r\nX-Request-ID: %s\r\n", id);
    response = cr_http_request(daemon->port, "POST", path, headers, body);
    assert_int_equal(response.status, status);
    *ret_answer = cr_http_json(&response);
    *ret_line = read_line(daemon, id);
    assert_int_equal(json_integer_value(json_object_get(*ret_line, "status")), status);
    cr_http_finish(&response);
}

/* The line names the version, and how many rows and decisions there were; −1 = it says nothing. */
static void check_line(const json_t *line, const char *version, int n_rows, int n_decisions)
{
    const json_t *rows = json_object_get(line, "rows");
    const json_t *decisions = json_object_get(line, "decisions");
    bool tells = version != NULL || n_rows >= 0;

    assert_string_equal(cr_http_text(line, "version"), version != NULL ? version : "(none)");
    assert_string_equal(cr_http_text(line, "portfolio"), tells ? "retail" : "(none)");
    assert_int_equal(rows == NULL ? -1 : json_integer_value(rows), n_rows);
    assert_int_equal(decisions == NULL ? -1 : json_integer_value(decisions), n_decisions);
}

/* One row as the Open Inference Protocol has it; yours (free). */
static char *make_tensors(int port, const char *body)
{
    struct cr_http_response response = cr_http_get(port, "/v2/models/retail");
    CR_CLEANUP(cr_json_decrefp) json_t *model = cr_http_json(&response);
    CR_CLEANUP(cr_json_decrefp) json_t *record = json_loads(body, 0, NULL);
    CR_CLEANUP(cr_json_decrefp) json_t *inputs = json_array();
    CR_CLEANUP(cr_json_decrefp) json_t *request = NULL;
    size_t i;
    json_t *input;

    json_array_foreach(json_object_get(model, "inputs"), i, input)
    {
        const char *name = cr_http_text(input, "name");
        json_t *value = json_object_get(record, name);

        if (value != NULL && !json_is_null(value)) {
            json_array_append_new(
                inputs, json_pack("{s:s, s:[i], s:s, s:[O]}", "name", name, "shape", 1, "datatype",
                                  cr_http_text(input, "datatype"), "data", value));
        }
    }
    cr_http_finish(&response);
    request = json_pack("{s:O}", "inputs", inputs);
    return json_dumps(request, 0);
}

/* From a line of the log to the decision, and to the version that made it. */
static void test_access_log(void **state)
{
    static const char *const variables[] = {"CREDITRISK_LOG_ACCESS=true", NULL};
    CR_CLEANUP(cr_freep) char *body = cr_champion_application(0);
    CR_CLEANUP(cr_freep) char *rows = NULL;
    CR_CLEANUP(cr_freep) char *tensors = NULL;
    struct cr_daemon daemon;
    const struct {
        const char *path;
        char **body;
        const char *version;
        int n_rows;
        int n_decisions;
    } cases[] = {
        {"/predict", &body, "v1", -1, -1},
        {"/portfolios/retail/predict", &body, "v1", -1, -1},
        {"/predict/batch", &rows, "v1", 4, 2},
        {"/v2/models/retail/infer", &tensors, "v1", 1, 1},
    };

    (void)state;
    cr_champion_start(&daemon, variables);
    tensors = make_tensors(daemon.port, body);
    assert_non_null(tensors);
    assert_true(asprintf(&rows, "[{},%s,%s,{}]", body, body) > 0);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
        CR_CLEANUP(cr_json_decrefp) json_t *line = NULL;
        char id[16];

        (void)snprintf(id, sizeof(id), "case-%zu", i);
        ask(&daemon, id, cases[i].path, *cases[i].body, 200, &answer, &line);
        check_line(line, cases[i].version, cases[i].n_rows, cases[i].n_decisions);
        assert_string_equal(cr_http_text(line, "decision_id"),
                            cases[i].n_rows < 0 ? cr_http_text(answer, "decision_id") : "(none)");
    }
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

/* Where nothing was decided no version is named: neither by a request that is refused nor by the
 * memory of the one before it. */
static void test_access_log_undecided(void **state)
{
    static const char *const variables[] = {"CREDITRISK_LOG_ACCESS=true", NULL};
    static const struct {
        const char *path;
        const char *body;
        int status;
        int n_rows;
    } cases[] = {
        {"/predict", "{\"age\":12}", 422, -1},
        {"/predict/batch", "[{},{}]", 200, 2},
        {"/predict/batch", "[{},", 422, -1},
        {"/v2/models/retail/infer",
         "{\"inputs\":[{\"name\":\"age\",\"shape\":[1],\"datatype\":\"INT64\",\"data\":[1]}]}", 400,
         1},
        {"/v2/models/other/infer", "{}", 404, -1},
        {"/nowhere", "{}", 404, -1},
    };
    CR_CLEANUP(cr_freep) char *body = cr_champion_application(0);
    struct cr_daemon daemon;

    (void)state;
    cr_champion_start(&daemon, variables);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
        CR_CLEANUP(cr_json_decrefp) json_t *line = NULL;
        struct cr_http_response before = cr_http_post_json(daemon.port, "/predict", body);
        char id[16];

        cr_http_check(&before, 200);
        cr_http_finish(&before);
        (void)snprintf(id, sizeof(id), "case-%zu", i);
        ask(&daemon, id, cases[i].path, cases[i].body, cases[i].status, &answer, &line);
        check_line(line, NULL, cases[i].n_rows, cases[i].n_rows >= 0 ? 0 : -1);
        assert_null(json_object_get(line, "decision_id"));
    }
    assert_int_equal(cr_daemon_stop(&daemon), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predict),     cmocka_unit_test(test_predict_pieces),
        cmocka_unit_test(test_explain),     cmocka_unit_test(test_query_names),
        cmocka_unit_test(test_invalid),     cmocka_unit_test(test_mark),
        cmocka_unit_test(test_invalid_all), cmocka_unit_test(test_invalid_many),
        cmocka_unit_test(test_access_log),  cmocka_unit_test(test_access_log_undecided),
    };

    return cmocka_run_group_tests(tests, start_all, stop_all);
}
