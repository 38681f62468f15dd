// SPDX-License-Identifier: MIT
#include "predict_stream.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/book/table.h"
#include "creditrisk/portfolio/record.h"
#include "creditrisk/score/result.h"
#include "creditrisk/score/scorer.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/progress.h"
#include "predict_answer.h"
#include "predict_csv.h"

enum {
    MANY = 256,          /* rows that are scored at once where brief */
    FLUSH_LEN = 1 << 16, /* bytes of answers that are written at once */
    PROGRESS_ROWS = 1000,
};

#define PATIENCE_NS INT64_C(1000000000)

/* In what form the answers are written. */
enum form {
    LINES,    /* of JSON */
    DOCUMENT, /* one array */
    WORDS,
};

/* Which row of the file an answer is about. */
struct place {
    size_t index;            /* from 0, as the daemon counts the rows of a batch */
    size_t line;             /* on which it begins, from 1; 0 in an array */
    struct cr_row_keys keys; /* of a row that waits in the arena; none in an array */
};

struct work {
    const struct cr_predict_stream *stream;
    struct cr_bundle *bundle;
    enum form form;
    struct cr_progress *progress; /* NULL while nothing is shown */
    int64_t start_ns;
    struct cr_arena arena; /* of the rows that wait */
    struct cr_record records[MANY];
    struct place places[MANY];
    size_t n_waiting;
    struct cr_strbuf out;
    struct cr_strbuf line;        /* a CSV row as JSON */
    const struct cr_csv_row *row; /* that row, with its keys; NULL in other files */
    struct cr_csv_head head;
    struct cr_predict_header header; /* of a CSV file; without columns before it was read */
    bool has_told_written;           /* of the first number as people write it */
    size_t n_rows;
    size_t n_refused;
};

static void work_finish(struct work *work)
{
    cr_progress_destroy(work->progress);
    cr_arena_finish(&work->arena);
    cr_strbuf_finish(&work->out);
    cr_strbuf_finish(&work->line);
    cr_predict_header_finish(&work->header);
}

/* Hands the answers to standard output; all of them, and what stands there in words, when `all`. */
static int flush(struct work *work, bool all, struct cr_error *err)
{
    int result = cr_strbuf_check(&work->out, err);

    if (result < 0 || (!all && work->out.len < FLUSH_LEN)) {
        return result;
    }
    if (work->out.len > 0) {
        cr_cli_begin_answer();
    }
    if (fwrite(cr_strbuf_text(&work->out), 1, work->out.len, stdout) != work->out.len ||
        (all && fflush(stdout) != 0)) {
        return cr_error_set(err, CR_EIO, "cannot write the answers: %s", strerror(errno));
    }
    cr_strbuf_reset(&work->out);
    return 0;
}

/* What stands before an answer. */
static void begin_answer(struct work *work, struct place place)
{
    if (work->form == DOCUMENT) {
        cr_strbuf_puts(&work->out, place.index == 0 ? "[" : ",\n");
    }
}

/* Appends ,"KEY":VALUE behind what separates it from what is there. */
static void write_key(struct cr_strbuf *out, const char *before, const char *key, const char *value)
{
    cr_strbuf_puts(out, before);
    cr_json_write_string(key, strlen(key), out);
    cr_strbuf_putc(out, ':');
    cr_strbuf_puts(out, value);
}

/* ,"keys":{"loan_id":…,"customer_id":…} as far as the row has them. */
static void write_keys(struct work *work, const struct cr_row_keys *keys)
{
    const struct cr_portfolio *portfolio = work->bundle->portfolio;
    const char *before = ",\"keys\":{";

    if (keys->row != NULL) {
        write_key(&work->out, before, portfolio->key_row, keys->row);
        before = ",";
    }
    if (keys->customer != NULL) {
        write_key(&work->out, before, portfolio->key_customer, keys->customer);
    }
    cr_strbuf_puts(&work->out, keys->row != NULL || keys->customer != NULL ? "}" : "");
}

/* ,"index":I,"line":L,"keys":{…}}: the end of an answer; in an array only of a refusal, and the
 * index alone. */
static void end_answer(struct work *work, struct place place, bool is_refused)
{
    struct cr_strbuf *out = &work->out;

    if (work->form == LINES) {
        cr_strbuf_printf(out, ",\"index\":%zu,\"line\":%zu", place.index, place.line);
        write_keys(work, &place.keys);
        cr_strbuf_puts(out, "}\n");
    } else if (is_refused) {
        cr_strbuf_printf(out, ",\"index\":%zu}", place.index);
    } else {
        cr_strbuf_putc(out, '}');
    }
}

static void write_text(struct cr_strbuf *out, const char *key, const char *text)
{
    cr_strbuf_puts(out, key);
    cr_json_write_string(text, strlen(text), out);
}

static void write_verdict(struct work *work, const struct cr_verdict *verdict, struct place place)
{
    struct cr_strbuf *out = &work->out;

    begin_answer(work, place);
    cr_strbuf_puts(out, "{\"probability\":");
    cr_json_write_number(cr_num_round(100.0 * verdict->pd, 2), out);
    cr_strbuf_puts(out, ",\"probability_raw\":");
    cr_json_write_number(cr_num_round(verdict->pd, 6), out);
    write_text(out, ",\"risk_category\":", verdict->band->name);
    cr_strbuf_puts(out, ",\"margin\":");
    cr_json_write_number(verdict->margin, out);
    write_text(out, ",\"recommended_action\":", verdict->band->action);
    write_text(out, ",\"model_version\":", work->bundle->version);
    end_answer(work, place, false);
}

/* Scores the rows that wait and forgets them. */
static int score_waiting(struct work *work, struct cr_error *err)
{
    struct cr_verdict verdicts[MANY];
    int result = cr_scorer_verdicts(work->bundle, cr_bundle_context(work->bundle, 0), work->records,
                                    work->n_waiting, &work->arena, verdicts, err);

    for (size_t i = 0; result == 0 && i < work->n_waiting; i++) {
        write_verdict(work, &verdicts[i], work->places[i]);
    }
    work->n_waiting = 0;
    cr_arena_reset(&work->arena);
    return result;
}

static void write_issues(struct work *work, const struct cr_issues *issues, struct place place)
{
    begin_answer(work, place);
    cr_strbuf_puts(&work->out, "{\"detail\":[");
    for (size_t i = 0; i < issues->n; i++) {
        cr_strbuf_puts(&work->out, i > 0 ? "," : "");
        cr_json_write_new(cr_issue_to_json(&issues->items[i]), &work->out);
    }
    cr_strbuf_putc(&work->out, ']');
    end_answer(work, place, true);
    work->n_refused++;
}

static int score_one(struct work *work, const struct cr_record *record, struct place place,
                     struct cr_error *err)
{
    struct cr_result scored;
    int result = cr_scorer_score(work->bundle, cr_bundle_context(work->bundle, 0), record,
                                 &work->arena, &scored, NULL, err);

    if (result == 0) {
        begin_answer(work, place);
        cr_result_write(work->bundle, &scored, NULL, work->stream->full, &work->out);
        work->out.len -= work->out.failed ? 0 : 1; /* the brace, which ends the place instead */
        end_answer(work, place, false);
        cr_arena_reset(&work->arena);
    }
    return result;
}

/* What is done within a second needs no line on the way. */
static void show_progress(struct work *work)
{
    size_t steps = PROGRESS_ROWS;

    if (work->n_rows % PROGRESS_ROWS != 0) {
        return;
    }
    if (work->progress == NULL && cr_clock_ns() - work->start_ns >= PATIENCE_NS) {
        work->progress = cr_progress_create("predict", 0, work->stream->cli->quiet);
        steps = work->n_rows;
    }
    cr_progress_advance(work->progress, steps, NULL);
}

/* An array is what the daemon takes, which knows no keys; a CSV row has them in its cells. */
static int read_row(struct work *work, const char *text, size_t len, struct cr_record *ret_record,
                    struct cr_row_keys *ret_keys, struct cr_issues *ret_issues,
                    struct cr_error *err)
{
    const struct cr_portfolio *portfolio = work->bundle->portfolio;
    int result;

    if (work->form == LINES && work->row == NULL) {
        return cr_record_from_row(portfolio, text, len, &work->arena, ret_record, ret_keys,
                                  ret_issues, err);
    }
    result = cr_record_from_json(portfolio, text, len, &work->arena, ret_record, ret_issues, err);
    return result == 0 && work->row != NULL
               ? cr_predict_read_keys(portfolio, &work->header, work->row, &work->arena, ret_keys,
                                      err)
               : result;
}

/* The answers keep the order of the rows: what waits is answered first, and forgotten with all that
 * was read, so that the row is read once more. */
static int refuse_row(struct work *work, const char *text, size_t len, struct place place,
                      struct cr_error *err)
{
    struct cr_record record;
    struct cr_issues issues;
    int result = work->n_waiting > 0 ? score_waiting(work, err) : 0;

    if (result == 0) {
        result = read_row(work, text, len, &record, &place.keys, &issues, err);
    }
    if (result == 0) {
        write_issues(work, &issues, place);
        cr_arena_reset(&work->arena);
    }
    return result;
}

static int answer_row(struct work *work, const char *text, size_t len, struct place place,
                      struct cr_error *err)
{
    struct cr_record record;
    struct cr_issues issues;
    int result = read_row(work, text, len, &record, &place.keys, &issues, err);

    if (result < 0) {
        return result;
    }
    if (issues.n > 0) {
        return refuse_row(work, text, len, place, err);
    }
    if (!work->stream->brief) {
        return score_one(work, &record, place, err);
    }
    work->records[work->n_waiting] = record;
    work->places[work->n_waiting++] = place;
    return work->n_waiting == MANY ? score_waiting(work, err) : 0;
}

static int tell_row(struct work *work, const char *text, size_t len, struct place place,
                    struct cr_error *err)
{
    CR_CLEANUP(cr_json_decrefp) json_t *answer = NULL;
    bool is_refused = false;
    int result = cr_predict_answer(work->bundle, text, len, work->stream->full, &work->arena,
                                   &answer, &is_refused, err);

    cr_arena_reset(&work->arena);
    if (result == 0) {
        work->n_refused += is_refused;
        (void)printf("%s--- row %zu\n", place.index == 0 ? "" : "\n",
                     place.index + 1); /* main looks at the stream's state */
        result = cr_predict_print(work->bundle->portfolio, answer, err);
    }
    return result;
}

/* One application as JSON, from that line of the file on. */
static int take_row(struct work *work, size_t line, const char *text, size_t len,
                    struct cr_error *err)
{
    struct place place = {.index = work->n_rows, .line = line};
    int result = work->form == WORDS ? tell_row(work, text, len, place, err)
                                     : answer_row(work, text, len, place, err);

    if (result < 0) {
        return result;
    }
    work->n_rows++;
    show_progress(work);
    return flush(work, false, err);
}

/* Rows that have come are answered before others are waited for. */
static int before_read(int fd, void *context, struct cr_error *err)
{
    struct work *work = context;
    int result = 0;

    if (cr_cli_must_wait(fd)) {
        result = work->n_waiting > 0 ? score_waiting(work, err) : 0;
        result = result == 0 ? flush(work, true, err) : result;
        if (result == 0) {
            cr_cli_wait(fd);
        }
    }
    return result == 0 ? cr_cli_check_interrupt(err) : result;
}

static int read_rows(struct work *work, struct cr_error *err)
{
    struct cr_predict_input *input = work->stream->input;
    struct cr_row_text row;
    bool more = true;
    int result = 0;

    cr_predict_input_begin(input, work->stream->format == CR_PREDICT_NDJSON ? CR_ROWS_LINES
                                                                            : CR_ROWS_ARRAY);
    cr_cli_await_interrupt(SA_RESTART); /* which cuts no answer off */
    input->before_read = before_read;
    input->context = work;
    while (result == 0 && more) {
        result = cr_cli_check_interrupt(err);
        result = result == 0 ? cr_predict_input_next(input, &row, &more, err) : result;
        if (result == 0 && more) {
            result = take_row(work, row.line, row.text, row.len, err);
        }
    }
    return result;
}

/* A row that is none is answered in its place, like any other that cannot be scored. Takes msg. */
static int refuse_csv_row(struct work *work, const struct cr_csv_row *row, json_t *msg,
                          struct cr_error *err)
{
    int result = work->n_waiting > 0 ? score_waiting(work, err) : 0;

    if (result != 0) {
        json_decref(msg);
    } else {
        cr_strbuf_puts(&work->out, "{\"detail\":[");
        cr_json_write_new(
            json_pack("{s:s, s:[s], s:o}", "type", "csv_invalid", "loc", "body", "msg", msg),
            &work->out);
        cr_strbuf_putc(&work->out, ']');
        end_answer(work, (struct place){.index = work->n_rows++, .line = row->line}, true);
        work->n_refused++;
        result = flush(work, false, err);
    }
    return result;
}

static int take_csv_row(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    struct work *work = context;
    const struct cr_portfolio *portfolio = work->bundle->portfolio;
    const char *garbled;
    size_t n_refused = work->n_refused;
    int result = cr_cli_check_interrupt(err);

    if (result != 0) {
        return result;
    }
    if (work->header.columns == NULL) {
        cr_cli_await_interrupt(SA_RESTART); /* not before: the file may be a pipe to wait for */
        return cr_predict_header_read(work->stream->cli, portfolio, row, &work->head, &work->header,
                                      err);
    }
    if (row->n != work->header.n) {
        return refuse_csv_row(work, row,
                              json_sprintf("Line %zu has %zu cells where the header has %zu",
                                           row->line, row->n, work->header.n),
                              err);
    }
    garbled = cr_predict_find_garbled(&work->header, row);
    if (garbled != NULL) {
        return refuse_csv_row(work, row,
                              json_sprintf("Line %zu: what stands for '%s' is not UTF-8: convert "
                                           "the file",
                                           row->line, garbled),
                              err);
    }
    cr_strbuf_reset(&work->line);
    cr_predict_write_row(portfolio, &work->header, row, &work->line);
    if (cr_strbuf_check(&work->line, err) < 0) {
        return CR_ENOMEM;
    }
    work->row = row;
    result = take_row(work, row->line, work->line.data, work->line.len, err);
    if (result == 0 && work->n_refused > n_refused && !work->has_told_written) {
        work->has_told_written =
            cr_predict_tell_written(work->stream->cli, portfolio, &work->header, row);
    }
    return result;
}

static int read_csv(struct work *work, struct cr_error *err)
{
    const char *path = work->stream->cli->args[0];
    const struct cr_portfolio *portfolio = work->bundle->portfolio;
    const struct cr_csv_options options = {.separator = portfolio->separator,
                                           .max_row_len = CR_PREDICT_MAX_ROW,
                                           .name = path,
                                           .ret_head = &work->head,
                                           .before_read = before_read};
    int result = cr_csv_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, &options, take_csv_row,
                             work, err);

    return result == CR_EPARSE && work->header.columns == NULL &&
                   cr_table_check_separator(portfolio, path, &work->head, true, err) != 0
               ? CR_EINVAL
               : result;
}

/* What stands behind the answers; `failure` is NULL where there was none. True when it says what
 * has failed. */
static bool end_answers(struct work *work, const struct cr_error *failure)
{
    struct cr_strbuf *out = &work->out;
    bool has_told =
        failure != NULL && work->n_rows > 0 && work->form != WORDS && work->stream->cli->json;

    if (has_told) {
        begin_answer(work, (struct place){.index = work->n_rows});
        cr_json_write_new(json_pack("{s:o}", "error", cr_cli_error_to_json(failure)), out);
        cr_strbuf_puts(out, work->form == LINES ? "\n" : "");
    }
    if (work->form == DOCUMENT && (failure == NULL || has_told)) {
        cr_strbuf_puts(out, work->n_rows == 0 ? "[]\n" : "]\n");
    }
    return has_told;
}

/* The rows before an error keep their answers. Returns the error, or a new one of its own. */
static int finish_answers(struct work *work, int result, struct cr_error *err)
{
    struct cr_error later;
    bool has_told;
    int finished = work->n_waiting > 0 ? score_waiting(work, result == 0 ? err : &later) : 0;

    result = result == 0 ? finished : result;
    has_told = end_answers(work, result == 0 ? NULL : err);
    finished = flush(work, true, result == 0 ? err : &later);
    work->stream->cli->has_answered = has_told && finished == 0;
    return result == 0 ? finished : result;
}

/* How many rows there were, and how fast; an empty array is one, too. */
static int tell_end(const struct work *work, struct cr_error *err)
{
    const struct cr_cli *cli = work->stream->cli;
    double seconds = (double)(cr_clock_ns() - work->start_ns) / 1e9;

    if (work->n_rows == 0 && work->form == LINES) {
        return cr_predict_no_application(cli->args[0], err);
    }
    if (work->n_rows == 0 && work->form == WORDS) {
        cr_cli_line("the array in '%s' is empty: there is no application to score", cli->args[0]);
    }
    if (work->n_rows > 0) {
        cr_cli_say(cli, "%zu row%s, %zu refused, %.0f rows a second", work->n_rows,
                   work->n_rows == 1 ? "" : "s", work->n_refused,
                   (double)work->n_rows / (seconds > 0.0 ? seconds : 1.0));
    }
    return work->n_refused > 0 ? CR_CLI_REFUSED : CR_CLI_OK;
}

int cr_predict_no_application(const char *path, struct cr_error *err)
{
    return cr_error_set(err, CR_EPARSE, "there is no application in '%s'", path);
}

int cr_predict_stream(const struct cr_predict_stream *stream, struct cr_bundle *bundle,
                      struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct work *work = calloc(1, sizeof(*work));
    int result;

    if (work == NULL) {
        return cr_error_no_memory(err);
    }
    work->stream = stream;
    work->bundle = bundle;
    work->form = stream->format != CR_PREDICT_JSON ? LINES : stream->cli->json ? DOCUMENT : WORDS;
    work->start_ns = cr_clock_ns();
    result = stream->format == CR_PREDICT_CSV ? read_csv(work, err) : read_rows(work, err);
    result = finish_answers(work, result, err);
    cr_progress_advance(work->progress, work->n_rows % PROGRESS_ROWS, NULL);
    cr_progress_destroy(CR_STEAL(work->progress));
    result = result == 0 ? tell_end(work, err) : result;
    work_finish(work);
    return result;
}
