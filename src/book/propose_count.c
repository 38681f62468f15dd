// SPDX-License-Identifier: MIT
/* The test rows of a file that marks its own. */
#include <string.h>

#include "creditrisk/util/csv.h"
#include "creditrisk/util/num.h"
#include "propose.h"
#include "table.h"

struct counter {
    struct cr_proposal *proposal;
    size_t outcome, test; /* their columns */
    bool is_behind_header;
};

/* Of whole numbers the values count, however they are written. */
static bool is_value(const struct cr_csv_field *field, const char *value)
{
    int64_t a, b;

    return strcmp(field->text, value) == 0 ||
           (cr_num_parse_int(field->text, field->len, &a) &&
            cr_num_parse_int(value, strlen(value), &b) && a == b);
}

static bool marks(const struct cr_csv_field *field)
{
    double number;

    return cr_book_parse_bool(field->text, field->len, &number, NULL) == 0 && number == 1;
}

static int count_row(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    struct counter *counter = context;
    struct cr_proposal *proposal = counter->proposal;

    if (row->n != proposal->n_columns) {
        return cr_error_at(err, CR_EINVAL, row->file, row->line, 0, "the file has changed");
    }
    if (counter->is_behind_header && marks(&row->fields[counter->test])) {
        proposal->n_test_good += is_value(&row->fields[counter->outcome], proposal->good);
        proposal->n_test_bad += is_value(&row->fields[counter->outcome], proposal->bad);
    }
    counter->is_behind_header = true;
    return 0;
}

int cr_propose_count_test(const char *csv, const volatile sig_atomic_t *cancelled,
                          struct cr_proposal *proposal, struct cr_error *err)
{
    const struct cr_csv_options options = {.separator = proposal->profile->separator,
                                           .cancelled = cancelled};
    struct counter counter = {.proposal = proposal};
    bool has_test = false;

    for (size_t i = 0; i < proposal->n_columns; i++) {
        if (proposal->columns[i].role == CR_PROPOSE_OUTCOME) {
            counter.outcome = i;
        } else if (proposal->columns[i].role == CR_PROPOSE_TEST) {
            counter.test = i;
            has_test = true;
        }
    }
    return has_test ? cr_csv_read(csv, &options, count_row, &counter, err) : 0;
}
