// SPDX-License-Identifier: MIT
/* Nothing later may be used: adding or changing rows whose application, due, payment or pull date
 * is on or after an application's date changes none of its fields and features. Many applications
 * are tried at once: their books' futures are changed in one transaction, the whole book is
 * extracted again, and the changes are rolled back. A control changes the past, which must show. */
#include <inttypes.h>
#include <math.h>

#include "cr_reference.h"
#include "cr_test.h"
#include "creditrisk/book/generate.h"
#include "creditrisk/features/extract.h"
#include "creditrisk/util/clock.h"
#include "creditrisk/util/rng.h"

enum { N_CUSTOMERS = 600, N_LOANS = 2400, PER_BATCH = 300, FIRST_NEW_ID = 10000000 };

static const uint64_t seed = 3;

static struct {
    struct cr_portfolio *portfolio;
    struct cr_db *db;
    struct cr_extract before;
    int64_t next_id; /* of the rows that are added */
    size_t case_number;
} world;

/* One application and its customer's future. */
struct subject {
    size_t row; /* in `before` */
    int64_t loan;
    int64_t customer;
    int64_t day;
    int64_t earlier; /* another loan of the customer, made before; 0 = none */
    char date[11];
};

static int64_t key_at(size_t row, ptrdiff_t col)
{
    return (int64_t)cr_frame_get(&world.before.frame, row, (size_t)col).number;
}

static int64_t day_at(size_t row)
{
    const char *text = cr_frame_get(&world.before.frame, row, (size_t)world.before.col_date).text;
    int64_t day;

    assert_true(cr_clock_parse_date(text, strlen(text), &day));
    return day;
}

static struct subject subject_at(size_t row)
{
    struct subject subject = {.row = row,
                              .loan = key_at(row, world.before.col_row),
                              .customer = key_at(row, world.before.col_customer),
                              .day = day_at(row)};

    cr_clock_format_date(subject.day, subject.date);
    for (size_t i = 0; i < world.before.frame.n_rows; i++) {
        if (key_at(i, world.before.col_customer) == subject.customer && day_at(i) < subject.day) {
            subject.earlier = key_at(i, world.before.col_row);
        }
    }
    return subject;
}

static int setup(void **state)
{
    struct cr_generate_options options = {
        .n_customers = N_CUSTOMERS, .n_loans = N_LOANS, .seed = seed, .quiet = true};
    struct cr_generate_report report;
    struct cr_error err;

    (void)state;
    world.portfolio = cr_reference_portfolio();
    world.db = cr_reference_open();
    cr_assert_ok(cr_generate_book(world.db, world.portfolio, &options, &report, &err), &err);
    cr_assert_ok(cr_extract_book(world.db, world.portfolio, &world.before, &err), &err);
    assert_int_equal(world.before.frame.n_rows, N_LOANS);
    world.next_id = FIRST_NEW_ID;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cr_extract_finish(&world.before);
    cr_db_close(world.db);
    cr_portfolio_destroy(world.portfolio);
    return 0;
}

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
    char *sql = NULL;
    va_list args;
    struct cr_error err;

    va_start(args, format);
    assert_true(vasprintf(&sql, format, args) > 0);
    va_end(args);
    cr_assert_ok(cr_db_exec(world.db, sql, &err), &err);
    free(sql);
}

/* A quoted date `days` after (or before) the subject's, in one of a few buffers. */
static const char *date_after(const struct subject *subject, int64_t days)
{
    static char texts[4][16];
    static size_t next;
    char *text = texts[next++ % CR_ARRAY_LEN(texts)];
    char date[11];

    cr_clock_format_date(subject->day + days, date);
    (void)snprintf(text, sizeof(texts[0]), "'%s'", date);
    return text;
}

/* On the day itself as often as on a later one. */
static const char *date_from(const struct subject *subject, struct cr_rng *rng)
{
    return date_after(subject, cr_rng_below(rng, 2) == 0 ? 0 : (int64_t)cr_rng_below(rng, 500));
}

static const char *random_type(struct cr_rng *rng)
{
    static const char *const types[] = {"Personal", "Home",        "Auto", "Education",
                                        "Business", "Credit Card", "Gold"};

    return types[cr_rng_below(rng, CR_ARRAY_LEN(types))];
}

static int64_t add_loan(const struct subject *subject, const char *date, struct cr_rng *rng)
{
    int64_t id = world.next_id++;

    run("INSERT INTO loan_applications VALUES (%" PRId64 ", %" PRId64 ", %d, 24, 12.5, 5000, '%s',"
        " 'Other', 0, 0, %s, 'Active', %s)",
        id, subject->customer, 10000 + (int)cr_rng_below(rng, 1000000), random_type(rng), date,
        cr_rng_below(rng, 3) == 0 ? "NULL" : "1");
    return id;
}

static void add_repayment(const struct subject *subject, int64_t loan, const char *due,
                          const char *paid, struct cr_rng *rng)
{
    int64_t id = world.next_id++;

    run("INSERT INTO repayment_history VALUES (%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
        ", %s, %s, 5000, %d, %d, 1, 1, 1000, 'UPI')",
        id, loan, subject->customer, id, due, paid, (int)cr_rng_below(rng, 5000),
        100 + (int)cr_rng_below(rng, 80));
}

static void add_future(const struct subject *subject, struct cr_rng *rng)
{
    int64_t loan = add_loan(subject, date_from(subject, rng), rng);

    if (cr_rng_below(rng, 2) == 0) {
        (void)add_loan(subject, date_after(subject, 0), rng);
    }
    add_repayment(subject, loan, date_from(subject, rng), date_from(subject, rng), rng);
    /* nonsense, but of a later loan: due and paid before it was made */
    add_repayment(subject, loan, date_after(subject, -40), date_after(subject, -40), rng);
    add_repayment(subject, subject->loan, date_from(subject, rng), "NULL", rng);
    if (subject->earlier != 0) {
        add_repayment(subject, subject->earlier, date_from(subject, rng), "NULL", rng);
        /* paid in advance, yet due later */
        add_repayment(subject, subject->earlier, date_from(subject, rng), date_after(subject, -1),
                      rng);
    }
    run("INSERT INTO credit_history VALUES (%" PRId64 ", %" PRId64
        ", 333, 50, 40, 10, 9, 8, 7, 1000, 900, 30, 40, 1, %s)",
        world.next_id++, subject->customer, date_from(subject, rng));
}

static void change_future(const struct subject *subject, struct cr_rng *rng)
{
    run("UPDATE loan_applications SET loan_amount = loan_amount * 3 + 1, loan_type = '%s',"
        " interest_rate = NULL, emi_amount = 1, is_default = %s, application_date = %s"
        " WHERE customer_id = %" PRId64 " AND application_date >= '%s' AND loan_id <> %" PRId64,
        random_type(rng), cr_rng_below(rng, 2) == 0 ? "NULL" : "1 - is_default",
        date_from(subject, rng), subject->customer, subject->date, subject->loan);
    run("UPDATE repayment_history SET days_past_due = 177, is_late = 1 - is_late,"
        " is_partial = 1 - is_partial, amount_paid = amount_paid / 7, amount_due = amount_due + 9,"
        " payment_method = 'Cash', due_date = %s, payment_date = %s"
        " WHERE customer_id = %" PRId64 " AND due_date >= '%s'",
        date_from(subject, rng), cr_rng_below(rng, 2) == 0 ? "NULL" : date_from(subject, rng),
        subject->customer, subject->date);
    /* due before, but what became of it was not known yet */
    run("UPDATE repayment_history SET days_past_due = 179, is_late = 1 - is_late,"
        " is_partial = 1 - is_partial, amount_paid = amount_paid + 3, payment_method = 'Cheque',"
        " payment_date = %s WHERE customer_id = %" PRId64 " AND due_date < '%s'"
        " AND (payment_date IS NULL OR payment_date >= '%s')",
        cr_rng_below(rng, 2) == 0 ? "NULL" : date_from(subject, rng), subject->customer,
        subject->date, subject->date);
    if (cr_rng_below(rng, 3) == 0) {
        run("DELETE FROM repayment_history WHERE customer_id = %" PRId64 " AND due_date >= '%s'"
            " AND repayment_id %% 2 = 0",
            subject->customer, subject->date);
    }
}

/* Row of the loan, by its key. */
static size_t find_loan(const struct cr_extract *extract, int64_t loan)
{
    for (size_t row = 0; row < extract->frame.n_rows; row++) {
        if ((int64_t)cr_frame_get(&extract->frame, row, (size_t)extract->col_row).number == loan) {
            return row;
        }
    }
    fail_msg("loan %" PRId64 " is gone", loan);
    return 0;
}

/* Name of the first column that differs, NULL when none does. */
static const char *difference(const struct cr_extract *after, size_t row_before, size_t row_after)
{
    for (size_t col = after->col_outcome; col < after->frame.n_cols; col++) {
        struct cr_value a = cr_frame_get(&world.before.frame, row_before, col);
        struct cr_value b = cr_frame_get(&after->frame, row_after, col);
        bool same =
            isnan(a.number) ? isnan(b.number) : memcmp(&a.number, &b.number, sizeof(a.number)) == 0;

        if (!same || (a.text == NULL) != (b.text == NULL) ||
            (a.text != NULL && strcmp(a.text, b.text) != 0)) {
            return after->frame.columns[col].name;
        }
    }
    return NULL;
}

/* Subjects of different customers, drawn without replacement. */
static size_t draw_subjects(struct subject *subjects, struct cr_rng *rng)
{
    static size_t order[N_LOANS];
    static bool taken[N_CUSTOMERS + 1];
    size_t n = 0;

    memset(taken, 0, sizeof(taken));
    for (size_t i = 0; i < N_LOANS; i++) {
        order[i] = i;
    }
    cr_rng_shuffle(rng, order, N_LOANS);
    for (size_t i = 0; i < N_LOANS && n < PER_BATCH; i++) {
        int64_t customer = key_at(order[i], world.before.col_customer);

        assert_true(customer >= 1 && customer <= N_CUSTOMERS);
        if (!taken[customer]) {
            taken[customer] = true;
            subjects[n++] = subject_at(order[i]);
        }
    }
    return n;
}

static void test_the_future_changes_nothing(void **state)
{
    size_t n_cases = cr_test_cases(1500);
    size_t n_with_earlier = 0;

    (void)state;
    world.case_number = 0;
    for (size_t batch = 0; world.case_number < n_cases; batch++) {
        CR_CLEANUP(cr_extract_finish) struct cr_extract after = {0};
        static struct subject subjects[PER_BATCH];
        struct cr_rng rng;
        struct cr_error err;
        size_t n;

        cr_rng_init(&rng, seed, batch);
        n = draw_subjects(subjects, &rng);
        cr_assert_ok(cr_db_begin(world.db, &err), &err);
        for (size_t i = 0; i < n; i++) {
            change_future(&subjects[i], &rng);
            add_future(&subjects[i], &rng);
        }
        cr_assert_ok(cr_extract_book(world.db, world.portfolio, &after, &err), &err);
        cr_db_rollback(world.db);
        for (size_t i = 0; i < n; i++, world.case_number++) {
            const char *column =
                difference(&after, subjects[i].row, find_loan(&after, subjects[i].loan));

            n_with_earlier += subjects[i].earlier != 0;
            if (column != NULL) {
                fail_msg("loan %" PRId64 " of %s: '%s' knew the future", subjects[i].loan,
                         subjects[i].date, column);
            }
        }
    }
    print_message("%zu applications, %zu of them with earlier loans\n", world.case_number,
                  n_with_earlier);
    assert_true(n_with_earlier > world.case_number / 4);
}

/* The control: one day earlier, each of these rows is seen. */
static void test_the_past_is_seen(void **state)
{
    static struct subject subjects[PER_BATCH];
    size_t n_tried = 0;
    struct cr_rng rng;
    size_t n;

    (void)state;
    cr_rng_init(&rng, seed, 1000000);
    n = draw_subjects(subjects, &rng);
    for (size_t kind = 0; kind < 3; kind++) {
        CR_CLEANUP(cr_extract_finish) struct cr_extract after = {0};
        struct cr_error err;

        cr_assert_ok(cr_db_begin(world.db, &err), &err);
        for (size_t i = 0; i < n; i++) {
            if (kind == 0) {
                (void)add_loan(&subjects[i], date_after(&subjects[i], -1), &rng);
            } else if (kind == 1) {
                run("INSERT INTO credit_history VALUES (%" PRId64 ", %" PRId64
                    ", 333, 50, 40, 10, 9, 8, 7, 1000, 900, 30, 40, 1, %s)",
                    world.next_id++, subjects[i].customer, date_after(&subjects[i], -1));
            } else if (subjects[i].earlier != 0) {
                add_repayment(&subjects[i], subjects[i].earlier, date_after(&subjects[i], -1),
                              "NULL", &rng);
            }
        }
        cr_assert_ok(cr_extract_book(world.db, world.portfolio, &after, &err), &err);
        cr_db_rollback(world.db);
        for (size_t i = 0; i < n; i++) {
            if (kind < 2 || subjects[i].earlier != 0) {
                assert_non_null(
                    difference(&after, subjects[i].row, find_loan(&after, subjects[i].loan)));
                n_tried++;
            }
        }
    }
    print_message("%zu changes of the past seen\n", n_tried);
    assert_true(n_tried > 2 * n);
}

/* Runs after a failure, too. */
static int say_case(void **state)
{
    (void)state;
    print_message("seed %" PRIu64 ", stopped at case %zu\n", seed, world.case_number);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_the_future_changes_nothing, say_case),
        cmocka_unit_test(test_the_past_is_seen),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
