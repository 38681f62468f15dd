// SPDX-License-Identifier: MIT
/* What is said of the guesses: why a column is no field, and what is odd about one that is. */
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/written.h"
#include "propose.h"
#include "table.h"

/* Of the reasons that one message gives, in bytes: an error has one line. */
enum { MAX_REASONS_LEN = 400 };

/* Values of an identifier that are there again are by mistake if they are at most one in so many.
 */
enum { FEW_COPIES = 10 };

/* Most of the texts are numbers, but not all. */
static bool is_mixed(const struct cr_profile_column *seen)
{
    return seen->n_number < seen->n_present && 2 * seen->n_number >= seen->n_present;
}

static void put_first_odd(const struct cr_profile_column *seen, struct cr_strbuf *out)
{
    cr_strbuf_puts(out, ", the first ");
    cr_propose_put_text(out, seen->odd);
    cr_strbuf_printf(out, " in line %zu", seen->odd_line);
}

static void put_mark(const struct cr_proposal *proposal, const struct cr_propose_column *column,
                     struct cr_strbuf *out)
{
    static const char *const inverse[] = {"train", "training"};

    if (!column->may_mark_test) {
        return;
    }
    cr_strbuf_puts(out, "an input, though its name is that of a column that marks the test rows: ");
    if (proposal->options->test_column == NULL) {
        bool serves = cr_propose_is_flag(column->seen) &&
                      !cr_propose_has_word(column->name, inverse, CR_ARRAY_LEN(inverse));

        cr_strbuf_printf(out, "if it does, %sname it with --test-column; if it is to be neither, ",
                         serves ? "" : "write it as 0 and 1, 1 for a test row, and ");
    }
    cr_strbuf_printf(out, "take %s out of application.yaml, features.sql and features.yaml",
                     column->name);
}

/* Whether the first text that is no number is one to people. */
static bool is_written_number(const struct cr_profile_column *seen)
{
    return seen->odd != NULL && cr_written_is_number(seen->odd, strlen(seen->odd));
}

static void put_written(const struct cr_profile_column *seen, struct cr_strbuf *out)
{
    size_t n = seen->n_present - seen->n_number;

    cr_strbuf_printf(out, "%zu cell%s read as text", n, n == 1 ? " is" : "s are");
    put_first_odd(seen, out);
    cr_strbuf_puts(out, ": " CR_BOOK_WRITE_NUMBERS);
}

#define LEADING_ZEROS "leading zeros: a code, not a number"

static void put_odd(const struct cr_propose_column *column, struct cr_strbuf *out)
{
    const struct cr_profile_column *seen = column->seen;
    size_t n = seen->n_odd > 0 ? seen->n_odd : seen->n_present - seen->n_number;

    if (column->type == CR_ENUM && is_written_number(seen)) {
        put_written(seen, out);
        return;
    }
    if (column->type == CR_ENUM && seen->n_zero_led > 0) {
        cr_strbuf_puts(out, LEADING_ZEROS ": all values are choices");
        return;
    }
    if (seen->odd == NULL || (seen->n_odd == 0 && !is_mixed(seen))) {
        return;
    }
    cr_strbuf_printf(out, "%zu cell%s no number%s", n, n == 1 ? " is" : "s are", n == 1 ? "" : "s");
    put_first_odd(seen, out);
    if (seen->n_odd > 0) {
        cr_strbuf_printf(out, ": the import rejects %s", n == 1 ? "its row" : "their rows");
    } else {
        cr_strbuf_puts(out, ": all values are choices");
    }
}

static void put_points(const struct cr_propose_column *column, struct cr_strbuf *out)
{
    if (column->type == CR_INT || column->type == CR_NUMBER) {
        cr_book_points_put(&column->seen->points, out);
    }
}

static void put_unique(const struct cr_propose_column *column, struct cr_strbuf *out)
{
    if (column->seen->is_unique) {
        cr_strbuf_printf(out,
                         "an input, though no value occurs twice: if it is the loan's number, take "
                         "%s out of the fields, of features.sql and of features.yaml, and name it "
                         "under keys, row: {row: %s}",
                         column->name, column->name);
    }
}

bool cr_propose_is_foreign(const struct cr_propose_column *column)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf points = CR_STRBUF_INIT;

    if (column->role == CR_PROPOSE_LEFT_OUT) {
        return column->why == CR_PROPOSE_WRITTEN_DATES ||
               (column->why == CR_PROPOSE_TEXTS && is_written_number(column->seen));
    }
    put_points(column, &points);
    return column->role == CR_PROPOSE_FIELD &&
           (points.len > 0 || (column->type == CR_ENUM && is_written_number(column->seen)));
}

bool cr_propose_put_remark(const struct cr_proposal *proposal,
                           const struct cr_propose_column *column, size_t i, struct cr_strbuf *out)
{
    switch (i) {
    case 0:
        put_odd(column, out);
        return true;
    case 1:
        put_points(column, out);
        return true;
    case 2:
        put_unique(column, out);
        return true;
    case 3:
        put_mark(proposal, column, out);
        return true;
    default:
        return false;
    }
}

static void put_texts(const struct cr_proposal *proposal, const struct cr_profile_column *seen,
                      struct cr_strbuf *out)
{
    if (is_written_number(seen)) {
        put_written(seen, out);
        return;
    }
    cr_strbuf_puts(out, seen->n_zero_led > 0 ? LEADING_ZEROS "; " : "");
    if (seen->n_levels == CR_PROFILE_MAX_LEVELS || !seen->has_long) {
        cr_strbuf_printf(out, "%s%zu different texts in %zu rows: too many for a choice",
                         seen->has_many ? "more than " : "", seen->n_levels,
                         proposal->profile->n_rows);
    } else {
        cr_strbuf_printf(out, "it has texts of more than %d bytes: too long for a choice",
                         CR_PROFILE_MAX_LEVEL_LEN);
    }
    if (seen->odd != NULL && is_mixed(seen)) {
        cr_strbuf_printf(out, "; %zu are no numbers", seen->n_present - seen->n_number);
        put_first_odd(seen, out);
    }
}

static void put_written_dates(const struct cr_profile_column *seen, struct cr_strbuf *out)
{
    int64_t days;

    cr_strbuf_puts(out, "dates must be written as 2020-06-07");
    if (!cr_clock_parse_date(seen->odd, strlen(seen->odd), &days)) {
        cr_strbuf_puts(out, ", and ");
        cr_propose_put_text(out, seen->odd);
        cr_strbuf_printf(out, " in line %zu is not", seen->odd_line);
    }
}

static void put_why(const struct cr_proposal *proposal, const struct cr_propose_column *column,
                    struct cr_strbuf *out)
{
    const struct cr_profile_column *seen = column->seen;
    size_t n_rows = proposal->profile->n_rows;

    switch (column->why) {
    case CR_PROPOSE_EMPTY:
        cr_strbuf_puts(out, "it is empty");
        break;
    case CR_PROPOSE_CONSTANT:
        cr_strbuf_printf(out, "all %zu rows have the same value", n_rows);
        break;
    case CR_PROPOSE_IDENTIFIER:
        cr_strbuf_printf(out, "its name is an identifier's: %zu different values in %zu rows",
                         seen->n_distinct, n_rows);
        break;
    case CR_PROPOSE_CUSTOMERS:
        if (seen->n_missing > 0) {
            cr_strbuf_printf(out, "its name is the customer's, but %zu of %zu rows have none",
                             seen->n_missing, n_rows);
        } else {
            cr_strbuf_puts(out, "its name is the customer's, as that of another column is");
        }
        break;
    case CR_PROPOSE_DATES:
        cr_strbuf_puts(out, "a date, with which features.sql cannot compute: make a number of it");
        break;
    case CR_PROPOSE_WRITTEN_DATES:
        put_written_dates(seen, out);
        break;
    case CR_PROPOSE_TEXTS:
        put_texts(proposal, seen, out);
        break;
    case CR_PROPOSE_MARKS_TEST:
        cr_strbuf_printf(out, "it seems to mark the test rows: with --test-column %s it does",
                         seen->header);
        break;
    }
}

void cr_propose_put_reason(const struct cr_proposal *proposal,
                           const struct cr_propose_column *column, struct cr_strbuf *out)
{
    switch (column->role) {
    case CR_PROPOSE_KEY_ROW:
        cr_strbuf_printf(out, "%zu different values in %zu rows: it is the key of the rows",
                         column->seen->n_distinct, proposal->profile->n_rows);
        break;
    case CR_PROPOSE_KEY_CUSTOMER:
        cr_strbuf_puts(out, "it is the key of the customers");
        break;
    case CR_PROPOSE_KEY_DATE:
        cr_strbuf_puts(out, "it is the date of the rows");
        break;
    case CR_PROPOSE_TEST:
        cr_strbuf_puts(out, "it marks the test rows");
        break;
    case CR_PROPOSE_LEFT_OUT:
        put_why(proposal, column, out);
        break;
    case CR_PROPOSE_OUTCOME:
    case CR_PROPOSE_FIELD:
        break; /* nothing keeps them out */
    }
}

int cr_propose_refuse(const struct cr_proposal *proposal, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf reasons = CR_STRBUF_INIT;
    size_t n_more = 0;

    for (size_t i = 0; i < proposal->n_columns; i++) {
        const struct cr_propose_column *column = &proposal->columns[i];

        if (column->role == CR_PROPOSE_OUTCOME || reasons.len >= MAX_REASONS_LEN) {
            n_more += column->role != CR_PROPOSE_OUTCOME;
            continue;
        }
        cr_strbuf_printf(&reasons, "%s'%s': ", reasons.len > 0 ? "; " : "", column->seen->header);
        cr_propose_put_reason(proposal, column, &reasons);
    }
    if (n_more > 0) {
        cr_strbuf_printf(&reasons, "; and %zu more", n_more);
    }
    if (reasons.len == 0) {
        return cr_error_set(err, CR_EINVAL,
                            "the file has no column but the outcome: there is nothing to learn "
                            "from");
    }
    return cr_error_set(err, CR_EINVAL, "no column of the file can be a field: %s",
                        cr_strbuf_text(&reasons));
}

/* One note, if there is anything to say: what the file calls the column, and that. */
static void tell(const struct cr_propose_column *column, const struct cr_strbuf *what,
                 cr_propose_note_fn *on_note, void *context)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf note = CR_STRBUF_INIT;

    if (what->len > 0) {
        cr_strbuf_printf(&note, "column '%s': %s", column->seen->header, cr_strbuf_text(what));
        on_note(cr_strbuf_text(&note), context);
    }
}

static void tell_markers(const struct cr_profile *profile, cr_propose_note_fn *on_note,
                         void *context)
{
    for (size_t i = CR_PROFILE_N_SURE; i < CR_PROFILE_N_MARKERS; i++) {
        if ((profile->markers & 1U << i) != 0) {
            CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf note = CR_STRBUF_INIT;

            cr_strbuf_printf(&note,
                             "'%s' stands among numbers and counts as missing, in every column",
                             cr_profile_markers[i]);
            on_note(cr_strbuf_text(&note), context);
        }
    }
}

/* The wrong guess would turn the model round. */
static void tell_outcome(const struct cr_proposal *proposal, const struct cr_propose_column *column,
                         cr_propose_note_fn *on_note, void *context)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf note = CR_STRBUF_INIT;

    cr_strbuf_printf(&note,
                     "outcome: %s = '%s' is taken as bad (%zu of %zu rows); if that is wrong, %s "
                     "in application.yaml, line %zu, and import again",
                     column->seen->header, proposal->bad, proposal->n_bad, column->seen->n_present,
                     proposal->has_words ? "exchange good and bad" : "uncomment good and bad",
                     proposal->good_line);
    on_note(cr_strbuf_text(&note), context);
}

/* They are in the book, but training.sql passes them over. */
static void tell_without_outcome(size_t n, size_t n_rows, cr_propose_note_fn *on_note,
                                 void *context)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf note = CR_STRBUF_INIT;

    if (n > 0) {
        cr_strbuf_printf(&note, "%zu of %zu rows have no outcome: no model learns from them", n,
                         n_rows);
        on_note(cr_strbuf_text(&note), context);
    }
}

/* In one line, as a book may have many. */
static void tell_protected(const struct cr_proposal *proposal, cr_propose_note_fn *on_note,
                           void *context)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf note = CR_STRBUF_INIT;

    for (size_t i = 0; i < proposal->n_columns; i++) {
        const struct cr_propose_column *column = &proposal->columns[i];

        if (column->role == CR_PROPOSE_FIELD && column->is_protected) {
            cr_strbuf_printf(&note, "%s'%s'", note.len > 0 ? ", " : "", column->seen->header);
        }
    }
    if (note.len > 0) {
        cr_strbuf_puts(&note, ": lenders may often not decide by such attributes; features.yaml "
                              "marks them 'protected: prohibited', so that no model uses them "
                              "unless train is told --include-protected");
        on_note(cr_strbuf_text(&note), context);
    }
}

/* An identifier that would be the key of the rows but for a few values that are there again. */
static void put_copies(const struct cr_propose_column *column, struct cr_strbuf *out)
{
    const struct cr_profile_column *seen = column->seen;
    size_t n = seen->n_present - seen->n_distinct;

    if (column->why == CR_PROPOSE_IDENTIFIER && n > 0 && n * FEW_COPIES <= seen->n_present) {
        cr_strbuf_printf(out,
                         "no key of the rows, as %zu of its %zu values %s been there before: where "
                         "they are copies of rows, take them out of the file, or the test may hold "
                         "rows that were trained on",
                         n, seen->n_present, n == 1 ? "has" : "have");
    }
}

static void tell_remarks(const struct cr_proposal *proposal, const struct cr_propose_column *column,
                         cr_propose_note_fn *on_note, void *context)
{
    bool goes_on = true;

    for (size_t i = 0; goes_on; i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf remark = CR_STRBUF_INIT;

        goes_on = cr_propose_put_remark(proposal, column, i, &remark);
        tell(column, &remark, on_note, context);
    }
}

static void tell_left_out(const struct cr_proposal *proposal,
                          const struct cr_propose_column *column, cr_propose_note_fn *on_note,
                          void *context)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf why = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf copies = CR_STRBUF_INIT;

    cr_strbuf_puts(&why, "left out: ");
    cr_propose_put_reason(proposal, column, &why);
    put_copies(column, &copies);
    tell(column, &why, on_note, context);
    tell(column, &copies, on_note, context);
}

void cr_propose_tell(const struct cr_proposal *proposal, cr_propose_note_fn *on_note, void *context)
{
    size_t n_rows = proposal->profile->n_rows;

    tell_markers(proposal->profile, on_note, context);
    for (size_t i = 0; i < proposal->n_columns; i++) {
        const struct cr_propose_column *column = &proposal->columns[i];

        if (column->role == CR_PROPOSE_OUTCOME) {
            tell_outcome(proposal, column, on_note, context);
            tell_without_outcome(n_rows - column->seen->n_present, n_rows, on_note, context);
        } else if (column->role == CR_PROPOSE_FIELD) {
            tell_remarks(proposal, column, on_note, context);
        } else if (column->role == CR_PROPOSE_LEFT_OUT) {
            tell_left_out(proposal, column, on_note, context);
        }
    }
    tell_protected(proposal, on_note, context);
}
