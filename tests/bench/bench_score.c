// SPDX-License-Identifier: MIT
/* usage: bench_score KIND [N]
 *
 * One application from bytes to bytes, in process: the body of a client that sends the reference
 * system's fields is read, scored with all contributions and answered. Prints one JSON line with
 * the time of every stage and how much faster the compiled features are than SQLite's. With N it
 * only answers N requests, for a tool that counts instructions. */
#include <math.h>

#include "bench.h"
#include "cr_fixture.h"
#include "cr_test.h"
#include "creditrisk/score/result.h"
#include "creditrisk/score/scorer.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

enum { N_CUSTOMERS = 2500, N_LOANS = 5000, N_TREES = 500, N_BODIES = 64, N_REQUESTS = 20000 };

struct request {
    struct cr_bundle *bundle; /* as the daemon has it */
    struct cr_bundle *slow;   /* the same, features by SQLite */
    struct cr_strbuf bodies[N_BODIES];
    const struct cr_record *records;
    struct cr_arena arena;
    struct cr_record record;
    struct cr_result result;
    struct cr_strbuf answer;
};

/* What a client of the reference system sends: the fields that must be there or have a default. */
static void make_body(const struct cr_portfolio *portfolio, const struct cr_record *record,
                      struct cr_strbuf *out)
{
    CR_CLEANUP(cr_json_decrefp) json_t *json = cr_record_to_json(portfolio, record);

    assert_non_null(json);
    for (size_t i = 0; i < portfolio->n_fields; i++) {
        const struct cr_field *field = &portfolio->fields[i];

        if (!field->required && cr_value_is_missing(field->default_value)) {
            (void)json_object_del(json, field->name); /* it may not be there */
        }
    }
    cr_json_write(json, false, out);
}

static void read_body(void *context, size_t i)
{
    struct request *request = context;
    const struct cr_strbuf *body = &request->bodies[i % N_BODIES];
    struct cr_issues issues;
    struct cr_error err;

    cr_arena_reset(&request->arena);
    if (cr_record_from_json(request->bundle->portfolio, body->data, body->len, &request->arena,
                            &request->record, &issues, &err) < 0 ||
        issues.n > 0) {
        fail_msg("body %zu was refused", i);
    }
}

static void score(struct request *request, struct cr_trace *trace)
{
    struct cr_error err;

    cr_assert_ok(cr_scorer_score(request->bundle, cr_bundle_context(request->bundle, 0),
                                 &request->record, &request->arena, &request->result, trace, &err),
                 &err);
}

/* Up to the result. */
static void read_and_score(void *context, size_t i)
{
    read_body(context, i);
    score(context, NULL);
}

static void write_answer(struct request *request)
{
    cr_strbuf_reset(&request->answer);
    cr_result_write(request->bundle, &request->result, "00000000-0000-4000-8000-000000000000",
                    false, &request->answer);
}

/* All of it; a function of its own, so that a tool can count what it does. */
__attribute__((noinline, noclone)) static void bench_request(void *context, size_t i)
{
    read_and_score(context, i);
    write_answer(context);
}

static void features_of(struct cr_bundle *bundle, struct request *request, size_t i)
{
    struct cr_context *context = cr_bundle_context(bundle, 0);
    struct cr_error err;

    cr_assert_ok(cr_engine_row(context->engine, &request->records[i % N_BODIES], &request->arena,
                               context->row, &err),
                 &err);
}

static void compiled_features(void *context, size_t i)
{
    struct request *request = context;

    features_of(request->bundle, request, i);
}

static void sqlite_features(void *context, size_t i)
{
    struct request *request = context;

    features_of(request->slow, request, i);
}

static void request_init(struct request *request, struct cr_fixture *fixture, const char *kind)
{
    CR_CLEANUP(cr_freep) char *version = NULL;
    CR_CLEANUP(cr_freep) char *dir = NULL;
    struct cr_error err;

    version = cr_fixture_publish(fixture, kind);
    dir = cr_fixture_dir(fixture, version);
    *request = (struct request){.bundle = cr_fixture_load(fixture, version, 1)};
    assert_null(cr_bundle_not_compiled(request->bundle));
    cr_assert_ok(cr_bundle_assemble(dir, request->bundle->manifest, 1, &request->slow, &err), &err);
    request->records = fixture->records;
    for (size_t i = 0; i < N_BODIES; i++) {
        make_body(request->bundle->portfolio, &fixture->records[i], &request->bodies[i]);
    }
}

static void request_finish(struct request *request)
{
    for (size_t i = 0; i < N_BODIES; i++) {
        cr_strbuf_finish(&request->bodies[i]);
    }
    cr_strbuf_finish(&request->answer);
    cr_arena_finish(&request->arena);
    cr_bundle_unref(request->bundle);
    cr_bundle_unref(request->slow);
}

/* Microseconds of the scorer's stages; reading the clock costs some of them. */
static void trace_stages(struct request *request, double stages[4])
{
    struct cr_trace sum = {0};

    for (size_t i = 0; i < N_REQUESTS; i++) {
        struct cr_trace trace;

        read_body(request, i);
        score(request, &trace);
        sum.features_ns += trace.features_ns;
        sum.pipeline_ns += trace.pipeline_ns;
        sum.model_ns += trace.model_ns;
        sum.decide_ns += trace.decide_ns;
    }
    stages[0] = (double)sum.features_ns / N_REQUESTS / 1e3;
    stages[1] = (double)sum.pipeline_ns / N_REQUESTS / 1e3;
    stages[2] = (double)sum.model_ns / N_REQUESTS / 1e3;
    stages[3] = (double)sum.decide_ns / N_REQUESTS / 1e3;
}

static void measure(struct request *request, const char *kind, double goal_us)
{
    double total[BENCH_TURNS], reads[BENCH_TURNS], writes[BENCH_TURNS];
    double compiled[BENCH_TURNS], sqlite[BENCH_TURNS], ratios[BENCH_TURNS], stages[4];

    for (size_t turn = 0; turn < BENCH_TURNS; turn++) {
        total[turn] = bench_ns(bench_request, request, N_REQUESTS);
        reads[turn] = bench_ns(read_body, request, N_REQUESTS);
        /* never the same answer twice in a row, which the processor would learn by heart */
        writes[turn] = total[turn] - bench_ns(read_and_score, request, N_REQUESTS);
        compiled[turn] = bench_ns(compiled_features, request, N_REQUESTS);
        sqlite[turn] = bench_ns(sqlite_features, request, N_REQUESTS);
        ratios[turn] = sqlite[turn] / compiled[turn];
    }
    trace_stages(request, stages);
    printf("{\"bench\": \"score\", \"model\": \"%s\", \"total_us\": %.2f, \"goal_us\": %.1f, "
           "\"read_us\": %.2f, \"features_us\": %.2f, \"pipeline_us\": %.2f, \"model_us\": %.2f, "
           "\"decide_us\": %.2f, \"write_us\": %.2f, "
           "\"sqlite_features_us\": %.2f, \"features_ratio\": %.1f, \"goal_ratio\": 5}\n",
           kind, bench_median(total) / 1e3, goal_us, bench_median(reads) / 1e3, stages[0],
           stages[1], stages[2], stages[3], bench_median(writes) / 1e3, bench_median(sqlite) / 1e3,
           bench_median(ratios));
}

int main(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "logistic";
    size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    struct cr_fixture fixture;
    static struct request request;

    cr_fixture_init_sized(&fixture, N_CUSTOMERS, N_LOANS);
    fixture.n_trees = N_TREES;
    request_init(&request, &fixture, kind);
    for (size_t i = 0; i < n; i++) {
        bench_request(&request, i);
    }
    if (n == 0) {
        measure(&request, kind, strcmp(kind, "logistic") == 0 ? 5.4 : 11.0);
    }
    request_finish(&request);
    cr_fixture_finish(&fixture);
    return 0;
}
