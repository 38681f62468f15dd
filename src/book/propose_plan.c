// SPDX-License-Identifier: MIT
/* What each column of a file is going to be. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/slip.h"
#include "propose.h"
#include "table.h"

enum {
    MAX_COLUMNS = 500, /* of which each may make two features; a portfolio's lists hold 1,000 */
    MAX_ENUM_LEVELS = 50,
    TAIL = 6, /* how many times the mean the largest value of a skewed number is */
};

static bool is_one_of(const char *const *words, size_t n, const char *word, size_t len)
{
    for (size_t i = 0; i < n; i++) {
        if (strlen(words[i]) == len && strncasecmp(words[i], word, len) == 0) {
            return true;
        }
    }
    return false;
}

bool cr_propose_has_word(const char *name, const char *const *words, size_t n)
{
    while (*name != '\0') {
        size_t len = strcspn(name, "_");

        if (len > 0 && is_one_of(words, n, name, len)) {
            return true;
        }
        name += len + (name[len] == '_');
    }
    return false;
}

/* ---- names ---- */

/* Whether the one is the name of a feature that is made from the other. */
static bool is_derived(const char *name, const char *from)
{
    size_t len = strlen(from);

    return (strncmp(name, "log_", 4) == 0 && strcmp(name + 4, from) == 0) ||
           (strncmp(name, from, len) == 0 && strcmp(name + len, "_case") == 0);
}

static bool is_taken(const struct cr_proposal *proposal, size_t i, const char *name)
{
    for (size_t j = 0; j < i; j++) {
        const char *other = proposal->columns[j].name;

        if (strcmp(other, name) == 0 || is_derived(other, name) || is_derived(name, other)) {
            return true;
        }
    }
    return false;
}

static void name_column(const struct cr_proposal *proposal, size_t i)
{
    char *name = proposal->columns[i].name;
    size_t len;

    cr_propose_make_name(proposal->columns[i].seen->header, name);
    len = strlen(name);
    for (unsigned n = 2; is_taken(proposal, i, name); n++) {
        (void)snprintf(name + len, CR_PROPOSE_NAME_LEN - len, "_%u", n);
    }
}

/* ---- roles and types ---- */

static const struct cr_propose_column *find_role(const struct cr_proposal *proposal,
                                                 enum cr_propose_role role)
{
    for (size_t i = 0; i < proposal->n_columns; i++) {
        if (proposal->columns[i].role == role) {
            return &proposal->columns[i];
        }
    }
    return NULL;
}

static void leave_out(struct cr_propose_column *column, enum cr_propose_why why)
{
    column->role = CR_PROPOSE_LEFT_OUT;
    column->why = why;
}

static const char *const people[] = {"customer", "client",    "person", "borrower",
                                     "member",   "applicant", "cust"};

/* Whether the whole name is that of a customer's number: customer, customer_no, customerno of
 * "customerNo". */
static bool is_customer(const char *name)
{
    static const char *const ends[] = {"",    "id",     "uuid", "key",  "no",
                                       "num", "number", "nr",   "code", "ref"};

    for (size_t i = 0; i < CR_ARRAY_LEN(people); i++) {
        size_t len = strlen(people[i]);
        const char *end = name + len;

        if (strncmp(name, people[i], len) == 0) {
            end += *end == '_';
            if (is_one_of(ends, CR_ARRAY_LEN(ends), end, strlen(end))) {
                return true;
            }
        }
    }
    return false;
}

/* A column of many values that is called so, though not as identifiers are. */
static void plan_customer(const struct cr_proposal *proposal, struct cr_propose_column *column)
{
    column->type = CR_TEXT;
    if (column->seen->n_missing == 0 && find_role(proposal, CR_PROPOSE_KEY_CUSTOMER) == NULL) {
        column->role = CR_PROPOSE_KEY_CUSTOMER;
    } else {
        leave_out(column, CR_PROPOSE_CUSTOMERS);
    }
}

/* The first identifier of rows and the first of customers are keys. */
static void plan_identifier(const struct cr_proposal *proposal, struct cr_propose_column *column)
{
    bool is_full = column->seen->n_missing == 0;
    bool is_distinct = column->seen->n_distinct == column->seen->n_present;

    column->type = CR_TEXT;
    if (is_full && is_distinct && find_role(proposal, CR_PROPOSE_KEY_ROW) == NULL) {
        column->role = CR_PROPOSE_KEY_ROW;
    } else if (is_full &&
               (is_customer(column->name) ||
                cr_propose_has_word(column->name, people, CR_ARRAY_LEN(people))) &&
               find_role(proposal, CR_PROPOSE_KEY_CUSTOMER) == NULL) {
        column->role = CR_PROPOSE_KEY_CUSTOMER;
    } else {
        leave_out(column, CR_PROPOSE_IDENTIFIER);
    }
}

static void plan_date(const struct cr_proposal *proposal, struct cr_propose_column *column)
{
    column->type = CR_DATE;
    if (column->seen->n_missing == 0 && find_role(proposal, CR_PROPOSE_KEY_DATE) == NULL) {
        column->role = CR_PROPOSE_KEY_DATE;
    } else {
        leave_out(column, CR_PROPOSE_DATES);
    }
}

bool cr_propose_is_flag(const struct cr_profile_column *seen)
{
    bool has_no = false, has_yes = false;

    for (size_t i = 0; i < seen->n_levels; i++) {
        const char *text = seen->levels[i].text;
        double number;

        if (cr_book_parse_bool(text, strlen(text), &number, NULL) != 0) {
            return false;
        }
        has_no |= number == 0;
        has_yes |= number == 1;
    }
    return has_no && has_yes && !seen->has_many && seen->n_odd == 0;
}

/* A column that is called so would tell the model which rows are not its own. */
static bool marks_test(const struct cr_propose_column *column)
{
    return strcmp(column->name, "is_test") == 0 && cr_propose_is_flag(column->seen) &&
           column->seen->n_missing == 0;
}

/* Whether the words stand in the name as whole words, one behind the other. */
static bool has_phrase(const char *name, const char *words)
{
    size_t len = strlen(words);

    for (const char *at = name; (at = strstr(at, words)) != NULL; at++) {
        if ((at == name || at[-1] == '_') && (at[len] == '\0' || at[len] == '_')) {
            return true;
        }
    }
    return false;
}

/* Names that say less, of columns with few values: their author has to say. */
static bool may_mark_test(const struct cr_propose_column *column)
{
    static const char *const words[] = {"test",  "testing",   "train",      "training", "holdout",
                                        "split", "partition", "validation", "fold",     "oot"};
    const struct cr_profile_column *seen = column->seen;

    return (cr_propose_has_word(column->name, words, CR_ARRAY_LEN(words)) ||
            has_phrase(column->name, "hold_out")) &&
           !seen->has_many && seen->n_levels <= CR_PROFILE_MAX_CODES && seen->n_missing == 0;
}

static void plan_field(const struct cr_proposal *proposal, struct cr_propose_column *column)
{
    static const char *const protected[] = {
        "sex",     "gender",    "age",         "marital",    "marriage",    "married",
        "race",    "ethnic",    "ethnicity",   "religion",   "nationality", "national",
        "foreign", "foreigner", "citizenship", "disability", "pregnant",    "maritalstatus",
    };
    const struct cr_profile_column *seen = column->seen;
    double mean = seen->n_number > 0 ? seen->sum / (double)seen->n_number : NAN;

    column->role = CR_PROPOSE_FIELD;
    column->is_nullable = seen->n_missing > 0;
    column->is_protected = cr_propose_has_word(column->name, protected, CR_ARRAY_LEN(protected));
    column->may_mark_test = may_mark_test(column);
    if (seen->n_present == 0) {
        leave_out(column, CR_PROPOSE_EMPTY);
    } else if (seen->is_id) {
        plan_identifier(proposal, column);
    } else if (seen->has_many && is_customer(column->name)) {
        plan_customer(proposal, column);
    } else if (!seen->has_many && seen->n_levels == 1 && seen->n_missing == 0) {
        leave_out(column, CR_PROPOSE_CONSTANT);
    } else if (proposal->options->test_column == NULL && marks_test(column)) {
        leave_out(column, CR_PROPOSE_MARKS_TEST);
    } else if (cr_profile_is_number(seen)) {
        bool is_int = cr_profile_is_int(seen);

        column->type = is_int ? CR_INT : CR_NUMBER;
        column->is_code = is_int && !seen->has_many && seen->n_levels > 2 &&
                          seen->n_levels <= CR_PROFILE_MAX_CODES;
        column->is_skewed = !column->is_code && seen->min >= 0 && seen->max > TAIL * mean;
    } else if (cr_profile_is_date(seen)) {
        plan_date(proposal, column);
    } else if (cr_profile_is_date_like(seen)) {
        leave_out(column, CR_PROPOSE_WRITTEN_DATES);
    } else if (!seen->has_many && seen->n_levels <= MAX_ENUM_LEVELS) {
        column->type = CR_ENUM;
    } else {
        leave_out(column, CR_PROPOSE_TEXTS);
    }
}

/* ---- outcome ---- */

static bool is_bad_word(const char *text)
{
    static const char *const words[] = {
        "1", "bad", "b", "yes", "y", "true", "default", "defaulted", "charged off", "charged-off"};

    return is_one_of(words, CR_ARRAY_LEN(words), text, strlen(text));
}

/* Of two values the bad one is called so, or else the rarer one. */
static int plan_outcome(struct cr_proposal *proposal, const struct cr_profile_column *seen,
                        struct cr_error *err)
{
    const struct cr_profile_level *a = &seen->levels[0];
    const struct cr_profile_level *b = &seen->levels[1];
    bool a_is_bad;

    if (seen->n_odd > 0) {
        return cr_error_set(err, CR_EINVAL,
                            "column '%s' has '%s' among its numbers, in line %zu; an outcome has "
                            "two different values",
                            seen->header, seen->odd, seen->odd_line);
    }
    if (seen->has_many || seen->n_levels != 2) {
        return cr_error_set(err, CR_EINVAL,
                            "column '%s' has %s%zu different value%s; an outcome has two",
                            seen->header, seen->has_many ? "more than " : "", seen->n_levels,
                            seen->n_levels == 1 ? "" : "s");
    }
    if (cr_profile_is_int(seen) && cr_propose_is_flag(seen)) {
        proposal->good = a->text;
        proposal->bad = b->text;
        proposal->n_good = a->n;
        proposal->n_bad = b->n;
        return 0;
    }
    a_is_bad = is_bad_word(a->text) != is_bad_word(b->text) ? is_bad_word(a->text) : a->n < b->n;
    if (cr_profile_is_int(seen)) {
        a_is_bad = a->n < b->n; /* of two codes no name tells which */
    }
    proposal->has_words = true;
    proposal->bad = a_is_bad ? a->text : b->text;
    proposal->good = a_is_bad ? b->text : a->text;
    proposal->n_good = a_is_bad ? b->n : a->n;
    proposal->n_bad = a_is_bad ? a->n : b->n;
    return 0;
}

static int find_column(const struct cr_profile *profile, const char *header,
                       const struct cr_profile_column **ret_column, struct cr_error *err)
{
    const char *likely = NULL;
    char hint[CR_SLIP_HINT_LEN];

    *ret_column = cr_profile_find(profile, header);
    if (*ret_column != NULL) {
        return 0;
    }
    for (size_t i = 0; i < profile->n_columns; i++) {
        likely = cr_slip_nearer(likely, profile->columns[i].header, header);
    }
    return cr_error_set(err, CR_EINVAL, "the file has no column '%s'%s", header,
                        cr_slip_hint(likely, hint));
}

static int check_test(const struct cr_profile_column *test, const struct cr_profile_column *target,
                      struct cr_error *err)
{
    if (test == target) {
        return cr_error_set(err, CR_EINVAL,
                            "column '%s' is the target: the test rows need a column of their own",
                            test->header);
    }
    return cr_propose_is_flag(test) && test->n_missing == 0
               ? 0
               : cr_error_set(err, CR_EINVAL,
                              "test column '%s' does not hold 0 and 1, yes and no, or true and "
                              "false, in every row",
                              test->header);
}

static int plan_columns(struct cr_proposal *proposal, struct cr_error *err)
{
    const struct cr_propose_options *options = proposal->options;
    const struct cr_profile_column *target = NULL, *test = NULL;
    bool has_fields = false;
    int r = find_column(proposal->profile, options->target, &target, err);

    if (r == 0 && options->test_column != NULL) {
        r = find_column(proposal->profile, options->test_column, &test, err);
    }
    if (r == 0 && test != NULL) {
        r = check_test(test, target, err);
    }
    if (r == 0) {
        r = plan_outcome(proposal, target, err);
    }
    for (size_t i = 0; i < proposal->n_columns && r == 0; i++) {
        struct cr_propose_column *column = &proposal->columns[i];

        column->seen = &proposal->profile->columns[i];
        name_column(proposal, i);
        if (column->seen == target || column->seen == test) {
            column->role = column->seen == test ? CR_PROPOSE_TEST : CR_PROPOSE_OUTCOME;
            column->type = CR_BOOL;
        } else {
            plan_field(proposal, column);
        }
        has_fields |= column->role == CR_PROPOSE_FIELD;
    }
    return r != 0 || has_fields ? r : cr_propose_refuse(proposal, err);
}

int cr_propose_plan(const struct cr_profile *profile, const struct cr_propose_options *options,
                    struct cr_proposal *ret_proposal, struct cr_error *err)
{
    struct cr_proposal proposal = {
        .options = options,
        .profile = profile,
        .n_columns = profile->n_columns,
        .columns = calloc(profile->n_columns, sizeof(*proposal.columns)),
    };
    int r;

    if (proposal.columns == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for the proposal");
    }
    if (profile->n_columns > MAX_COLUMNS) {
        free(proposal.columns);
        return cr_error_set(err, CR_ETOOBIG, "the file has %zu columns; %d can be proposed for",
                            profile->n_columns, MAX_COLUMNS);
    }
    for (size_t i = 0; i < proposal.n_columns; i++) {
        proposal.columns[i].role = CR_PROPOSE_LEFT_OUT; /* until it is planned */
    }
    cr_propose_make_name(options->name, proposal.table);
    r = plan_columns(&proposal, err);
    if (r != 0) {
        free(proposal.columns);
        return r;
    }
    *ret_proposal = proposal;
    return 0;
}

bool cr_propose_is_common(const struct cr_proposal *proposal, const struct cr_profile_level *level)
{
    return (double)level->n >= CR_PROPOSE_COMMON * (double)proposal->profile->n_rows;
}
