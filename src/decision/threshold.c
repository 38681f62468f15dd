// SPDX-License-Identifier: MIT
/* C. Elkan, "The foundations of cost-sensitive learning" (IJCAI 2001): with costs c_fn and c_fp and
 * none for a right answer, declining at PD ≥ c_fp / (c_fp + c_fn) is cheapest if PDs are true. The
 * sweep counts what thresholds cost on rows whose outcome is known.
 *
 * Nothing is sorted: of the ascending thresholds, the first c are ≤ a row's PD (c by bisection), so
 * exactly those decline it. Rows are counted by c, and running sums over c give every threshold its
 * counts and its cost. */
#include "creditrisk/decision/threshold.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "creditrisk/util/cleanup.h"

static bool is_cost(double cost)
{
    return isfinite(cost) && cost > 0.0;
}

static int check_costs(const struct cr_costs *costs, struct cr_error *err)
{
    if (!is_cost(costs->false_positive)) {
        return cr_error_set(err, CR_EINVAL, "cost of a false positive '%g' is not above 0",
                            costs->false_positive);
    }
    if (isnan(costs->lgd) && !is_cost(costs->false_negative)) {
        return cr_error_set(err, CR_EINVAL, "cost of a false negative '%g' is not above 0",
                            costs->false_negative);
    }
    if (!isnan(costs->lgd) && !is_cost(costs->lgd)) {
        return cr_error_set(err, CR_EINVAL, "loss given default '%g' is not above 0", costs->lgd);
    }
    return 0;
}

/* What row i costs when it is judged wrongly, in hundredths, before it is made an integer. */
static double error_cost(const struct cr_threshold_rows *rows, const struct cr_costs *costs,
                         size_t i)
{
    if (rows->y[i] == 0.0) {
        return round(100.0 * costs->false_positive);
    }
    return round(isnan(costs->lgd) ? 100.0 * costs->false_negative
                                   : 100.0 * costs->lgd * rows->amount[i]);
}

static int check_row(const struct cr_threshold_rows *rows, const struct cr_costs *costs, size_t i,
                     struct cr_error *err)
{
    if (!(rows->pd[i] >= 0.0 && rows->pd[i] <= 1.0)) {
        return cr_error_set(err, CR_EINVAL, "PD '%g' of row %zu is not in 0..1", rows->pd[i], i);
    }
    if (rows->y[i] != 0.0 && rows->y[i] != 1.0) {
        return cr_error_set(err, CR_EINVAL, "outcome '%g' of row %zu is not 0 or 1", rows->y[i], i);
    }
    if (!isnan(costs->lgd) && !(isfinite(rows->amount[i]) && rows->amount[i] >= 0.0)) {
        return cr_error_set(err, CR_EINVAL, "amount '%g' of row %zu is not 0 or more",
                            rows->amount[i], i);
    }
    return 0;
}

/* Afterwards no sum of costs can overflow. */
static int check(const struct cr_threshold_rows *rows, const struct cr_costs *costs,
                 struct cr_error *err)
{
    double total = 0.0;
    int r = check_costs(costs, err);

    if (r < 0) {
        return r;
    }
    if (!isnan(costs->lgd) && rows->amount == NULL) {
        return cr_error_set(err, CR_EINVAL, "loss given default needs the loans' amounts");
    }
    for (size_t i = 0; i < rows->n; i++) {
        r = check_row(rows, costs, i, err);
        if (r < 0) {
            return r;
        }
        total += error_cost(rows, costs, i);
    }
    if (!(total < 0x1p62)) {
        return cr_error_set(err, CR_EINVAL, "costs of '%g' in all are too large", total / 100.0);
    }
    return 0;
}

/* Counts and cost are there; the rest follows. */
static void derive(struct cr_threshold_point *point)
{
    double tp = (double)point->tp;
    double predicted = (double)(point->tp + point->fp);
    double actual = (double)(point->tp + point->fn);

    point->precision = predicted > 0.0 ? tp / predicted : 0.0;
    point->recall = actual > 0.0 ? tp / actual : 0.0;
    point->f1 = predicted + actual > 0.0 ? 2.0 * tp / (predicted + actual) : 0.0;
}

int cr_threshold_evaluate(const struct cr_threshold_rows *rows, const struct cr_costs *costs,
                          double threshold, struct cr_threshold_point *ret_point,
                          struct cr_error *err)
{
    struct cr_threshold_point point = {.threshold = threshold};
    int r = check(rows, costs, err);

    if (r < 0) {
        return r;
    }
    for (size_t i = 0; i < rows->n; i++) {
        bool declined = rows->pd[i] >= threshold;
        bool defaulted = rows->y[i] == 1.0;

        point.tp += declined && defaulted;
        point.fp += declined && !defaulted;
        point.tn += !declined && !defaulted;
        point.fn += !declined && defaulted;
        if (declined != defaulted) {
            point.cost += (int64_t)error_cost(rows, costs, i);
        }
    }
    derive(&point);
    *ret_point = point;
    return 0;
}

/* The thresholds first/100, (first + step)/100, … up to last/100. */
struct range {
    long first, last, step;
    size_t n;
};

static int read_range(const struct cr_policy *policy, struct range *ret_range, struct cr_error *err)
{
    double first = round(100.0 * policy->threshold_from);
    double last = round(100.0 * policy->threshold_to);
    double step = round(100.0 * policy->threshold_step);
    double closed_form = cr_threshold_closed_form(&policy->costs);

    if (!(first >= 1.0 && last <= 99.0 && first <= last && step >= 1.0 && step <= 98.0)) {
        return cr_error_set(err, CR_EINVAL, "thresholds '%g' to '%g' by '%g' are no range in 0..1",
                            policy->threshold_from, policy->threshold_to, policy->threshold_step);
    }
    if (closed_form < first / 100.0 || closed_form > last / 100.0) {
        return cr_error_set(err, CR_EINVAL,
                            "costs '%.15g' (false_negative) and '%.15g' (false_positive) have "
                            "their best threshold at %.4g, outside the swept %.2f to %.2f, which "
                            "are the policy's threshold.from and threshold.to",
                            policy->costs.false_negative, policy->costs.false_positive, closed_form,
                            first / 100.0, last / 100.0);
    }
    *ret_range = (struct range){
        .first = (long)first,
        .last = (long)last,
        .step = (long)step,
        .n = (size_t)((last - first) / step) + 1,
    };
    return 0;
}

/* What the sweep would round. */
static int check_hundredths(const char *key, double number, struct cr_error *err)
{
    return fabs(100.0 * number - round(100.0 * number)) <= 1e-9
               ? 0
               : cr_error_set(err, CR_EINVAL,
                              "threshold.%s '%g' is not a whole number of hundredths, which "
                              "thresholds are",
                              key, number);
}

int cr_threshold_check_policy(const struct cr_policy *policy, struct cr_error *err)
{
    struct range ignored;
    int result = check_hundredths("from", policy->threshold_from, err);

    if (result == 0) {
        result = check_hundredths("to", policy->threshold_to, err);
    }
    if (result == 0) {
        result = check_hundredths("step", policy->threshold_step, err);
    }
    return result != 0 ? result : read_range(policy, &ignored, err);
}

/* Rows that the first c thresholds decline. */
struct bucket {
    size_t good;
    size_t bad;
    int64_t bad_cost;
};

/* How many of the n ascending thresholds are ≤ pd. */
static size_t count_declining(const struct cr_threshold_point *points, size_t n, double pd)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (points[middle].threshold <= pd) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* buckets[0..n], zeroed; their sum is returned. */
static struct bucket count_rows(const struct cr_threshold_rows *rows, const struct cr_costs *costs,
                                const struct cr_threshold_point *points, size_t n,
                                struct bucket *buckets)
{
    struct bucket all = {0};

    for (size_t i = 0; i < rows->n; i++) {
        struct bucket *bucket = &buckets[count_declining(points, n, rows->pd[i])];

        if (rows->y[i] == 1.0) {
            bucket->bad++;
            bucket->bad_cost += (int64_t)error_cost(rows, costs, i);
            all.bad++;
        } else {
            bucket->good++;
            all.good++;
        }
    }
    return all;
}

static void fill_points(const struct bucket *buckets, struct bucket all, int64_t good_cost,
                        struct cr_threshold_point *points, size_t n)
{
    struct bucket accepted = {0};

    for (size_t j = 0; j < n; j++) {
        accepted.good += buckets[j].good;
        accepted.bad += buckets[j].bad;
        accepted.bad_cost += buckets[j].bad_cost;
        points[j].tn = accepted.good;
        points[j].fn = accepted.bad;
        points[j].fp = all.good - accepted.good;
        points[j].tp = all.bad - accepted.bad;
        points[j].cost = accepted.bad_cost + good_cost * (int64_t)points[j].fp;
        derive(&points[j]);
    }
}

int cr_threshold_sweep(const struct cr_threshold_rows *rows, const struct cr_policy *policy,
                       struct cr_threshold_point **ret_points, size_t *ret_n, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct cr_threshold_point *points = NULL;
    CR_CLEANUP(cr_freep) struct bucket *buckets = NULL;
    struct bucket all;
    struct range range = {0};
    int r = check(rows, &policy->costs, err);

    if (r == 0) {
        r = read_range(policy, &range, err);
    }
    if (r < 0) {
        return r;
    }
    points = calloc(range.n, sizeof(*points));
    buckets = calloc(range.n + 1, sizeof(*buckets));
    if (points == NULL || buckets == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t j = 0; j < range.n; j++) {
        points[j].threshold = (double)(range.first + (long)j * range.step) / 100.0;
    }
    all = count_rows(rows, &policy->costs, points, range.n, buckets);
    fill_points(buckets, all, llround(100.0 * policy->costs.false_positive), points, range.n);
    *ret_points = CR_STEAL(points);
    *ret_n = range.n;
    return 0;
}

const struct cr_threshold_point *cr_threshold_best(const struct cr_threshold_point *points,
                                                   size_t n)
{
    const struct cr_threshold_point *best = &points[0];

    for (size_t i = 1; i < n; i++) {
        if (points[i].cost <= best->cost) {
            best = &points[i];
        }
    }
    return best;
}

double cr_threshold_closed_form(const struct cr_costs *costs)
{
    if (!isnan(costs->lgd)) {
        return NAN;
    }
    return costs->false_positive / (costs->false_positive + costs->false_negative);
}
