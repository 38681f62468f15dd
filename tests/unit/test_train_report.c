// SPDX-License-Identifier: MIT
#include "cr_golden.h"
#include "cr_test.h"

#include <jansson.h>
#include <sys/stat.h>

#include "creditrisk/train/report.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

#define MAX_LEN ((size_t)1 << 24)

static bool is_there(const char *dir, const char *name)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
    return cr_fs_exists(path);
}

static char *read_text(const char *dir, const char *name)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, name);
    struct cr_error err;
    char *text = NULL;
    size_t len;
    cr_assert_ok(cr_fs_read(path, MAX_LEN, &text, &len, &err), &err);
    return text;
}

/* Draws without gnuplot, which these tests have no need of, and returns the page. */
static char *draw(const json_t *report)
{
    static char *dir; /* one for all calls: the page is written anew */
    CR_CLEANUP(cr_freep) char *old_path = strdup(getenv("PATH"));
    struct cr_error err;
    if (dir == NULL) {
        dir = cr_test_tempdir();
    }
    assert_int_equal(setenv("PATH", "", 1), 0);
    cr_assert_ok(cr_report_write(report, dir, &err), &err);
    assert_int_equal(setenv("PATH", old_path, 1), 0);
    return read_text(dir, "report.html");
}

static const char *const documents[] = {
    "report.json",
    "training_report.json",
    "report.html",
    "model_comparison.csv",
    "threshold_optimization.json",
    "logistic_classification_report.txt",
    "logistic_feature_importance.csv",
    "gbm_classification_report.txt",
    "gbm_feature_importance.csv",
    "xgboost_classification_report.txt",
    "xgboost_feature_importance.csv",
};
static const char *const plots[] = {"threshold_analysis", "roc", "precision_recall", "calibration",
                                    "lift"};

static void write_every_file(void **state)
{
    (void)state;
    CR_CLEANUP(cr_freep) char *parent = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *dir = cr_fs_join(parent, "results/retail's $(touch x)");
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    struct cr_error err;
    cr_assert_ok(cr_report_write(sample, dir, &err), &err);
    for (size_t i = 0; i < CR_ARRAY_LEN(documents); i++) {
        assert_true(is_there(dir, documents[i]));
    }
    if (!cr_report_can_plot()) {
        print_message("there is no gnuplot: its files are not looked at\n");
        return;
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(plots); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.svg", plots[i]);
        CR_CLEANUP(cr_freep) char *svg = read_text(dir, name);
        assert_non_null(strstr(svg, "</svg>"));
        snprintf(name, sizeof name, "%s.png", plots[i]);
        CR_CLEANUP(cr_freep) char *png = read_text(dir, name);
        assert_memory_equal(png, "\x89PNG", 4);
    }
    char **names;
    size_t n;
    cr_assert_ok(cr_fs_list(dir, &names, &n, &err), &err);
    cr_fs_free_names(names, n);
    assert_int_equal(n, CR_ARRAY_LEN(documents) + 2 * CR_ARRAY_LEN(plots)); /* and no file x */
}

static void do_without_gnuplot(void **state)
{
    (void)state;
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *old_path = strdup(getenv("PATH"));
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    struct cr_error err;
    assert_int_equal(setenv("PATH", "", 1), 0);
    assert_false(cr_report_can_plot());
    cr_assert_ok(cr_report_write(sample, dir, &err), &err);
    assert_int_equal(setenv("PATH", old_path, 1), 0);
    for (size_t i = 0; i < CR_ARRAY_LEN(documents); i++) {
        assert_true(is_there(dir, documents[i]));
    }
    assert_false(is_there(dir, "roc.svg"));
    assert_false(is_there(dir, "roc.png"));
    CR_CLEANUP(cr_freep) char *page = read_text(dir, "report.html");
    assert_non_null(strstr(page, "ROC curve of every model"));
}

static void tell_what_gnuplot_says(void **state)
{
    (void)state;
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *tools = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *old_path = strdup(getenv("PATH"));
    CR_CLEANUP(cr_freep)
    char *fake =
        cr_test_write(tools, "gnuplot", "#!/bin/sh\necho 'no terminal today' >&2\nexit 3\n");
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    struct cr_error err = {0};
    assert_int_equal(chmod(fake, 0755), 0);
    assert_int_equal(setenv("PATH", tools, 1), 0);
    assert_true(cr_report_can_plot());
    int result = cr_report_write(sample, dir, &err);
    assert_int_equal(setenv("PATH", old_path, 1), 0);
    assert_int_equal(result, CR_EUNAVAIL);
    assert_non_null(strstr(err.message, "no terminal today"));
    assert_true(is_there(dir, "report.html"));
}

struct table {
    size_t n_rows;
    struct cr_strbuf header;
};

static int on_row(const struct cr_csv_row *row, void *context, struct cr_error *err)
{
    struct table *table = context;
    (void)err;
    assert_int_equal(row->n, 15);
    if (table->n_rows++ == 0) {
        for (size_t i = 0; i < row->n; i++) {
            cr_strbuf_puts(&table->header, i > 0 ? " " : "");
            cr_strbuf_puts(&table->header, row->fields[i].text);
        }
    }
    return 0;
}

static void write_tables(void **state)
{
    (void)state;
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, "model_comparison.csv");
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    struct cr_error err;
    struct table table = {0};
    cr_assert_ok(cr_report_write(sample, dir, &err), &err);
    cr_assert_ok(cr_csv_read(path, &(struct cr_csv_options){0}, on_row, &table, &err), &err);
    assert_int_equal(table.n_rows, 4);
    assert_string_equal(cr_strbuf_text(&table.header),
                        "kind version auc_roc cv_auc cv_se auc_pr precision recall f1 ks gini "
                        "brier ece threshold seconds");
    cr_strbuf_finish(&table.header);
    CR_CLEANUP(cr_freep) char *importance = read_text(dir, "logistic_feature_importance.csv");
    assert_non_null(strstr(importance, "\"Score <b>\"\"A\"\" & 'B'</b>, of $HOME"));
    CR_CLEANUP(cr_freep) char *text = read_text(dir, "logistic_classification_report.txt");
    /* scikit-learn's own text for these counts */
    assert_string_equal(text, "              precision    recall  f1-score   support\n\n"
                              "  No Default       0.94      0.44      0.60      1374\n"
                              "     Default       0.43      0.93      0.59       625\n\n"
                              "    accuracy                           0.60      1999\n"
                              "   macro avg       0.68      0.69      0.60      1999\n"
                              "weighted avg       0.78      0.60      0.60      1999\n");
}

static void escape_texts(void **state)
{
    (void)state;
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    CR_CLEANUP(cr_freep) char *page = draw(sample);
    assert_non_null(strstr(page, "<h1>Loans &lt;retail&gt; &amp; others</h1>"));
    assert_non_null(strstr(page, "Score &lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;&lt;/b&gt;, of "));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "http:")); /* the colour of a band was no colour */
    assert_null(strstr(page, "\x01"));
}

static void group_digits(void **state)
{
    (void)state;
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    CR_CLEANUP(cr_freep) char *indian = draw(sample);
    assert_non_null(strstr(indian, "₹1,00,000"));
    assert_non_null(strstr(indian, "₹6,25,00,000"));
    assert_non_null(strstr(indian, "₹6.25\u00a0crore"));
    json_object_set_new(
        sample, "currency",
        json_pack("{s:s, s:s, s:s}", "code", "USD", "symbol", "$", "grouping", "thousands"));
    CR_CLEANUP(cr_freep) char *thousands = draw(sample);
    assert_non_null(strstr(thousands, "$62,500,000"));
    assert_non_null(strstr(thousands, "$62.5\u00a0million"));
}

/* Of nobody who is declined there is no precision, as in the table of `threshold`. */
static void leave_out_precision(void **state)
{
    (void)state;
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    CR_CLEANUP(cr_freep) char *page = draw(sample);
    const char *row = strstr(page, ">Approve everyone</th>");
    assert_non_null(row);
    const char *cells = strstr(row, "<td class=\"n\">0.0%</td><td class=\"n\">none</td>");
    assert_non_null(cells);
    assert_true(cells < strstr(row, "</tr>"));
    const char *all = strstr(page, ">Decline everyone</th>");
    assert_non_null(all);
    assert_non_null(strstr(all, "<td class=\"n\">100.0%</td><td class=\"n\">31.3%</td>"));
}

/* Half a unit of the last decimal goes up, as in answers and on the pages. */
static void round_money(void **state)
{
    (void)state;
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    size_t i;
    json_t *model;
    json_array_foreach(json_object_get(sample, "models"), i, model)
    {
        json_t *analysis = json_object_get(model, "threshold_analysis");
        json_t *test = json_object_get(analysis, "test");
        json_object_set_new(json_object_get(test, "optimum"), "cost", json_real(11250000.0));
    }
    CR_CLEANUP(cr_freep) char *page = draw(sample);
    assert_non_null(strstr(page, "₹1.13\u00a0crore"));
    assert_null(strstr(page, "₹1.12\u00a0crore"));
}

/* Whatever is absent (which null is, too) or of another type leaves its part out. */
static void draw_parts(const json_t *sample, const json_t *object, size_t *n_drawn)
{
    static const char *const others[] = {"null", "7", "\"text\"", "[]", "{}", "[[1], {}, null]"};
    json_t *copy = json_copy((json_t *)object);
    const char *key;
    json_t *value;
    json_object_foreach(copy, key, value)
    {
        json_t *other =
            json_loads(others[(*n_drawn)++ % CR_ARRAY_LEN(others)], JSON_DECODE_ANY, NULL);
        json_object_set_new((json_t *)object, key, other);
        free(draw(sample));
        json_object_set((json_t *)object, key, value);
    }
    json_decref(copy);
}

static void leave_out_what_is_absent(void **state)
{
    (void)state;
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    const json_t *model = json_array_get(json_object_get(sample, "models"), 0);
    size_t n_drawn = 0;
    draw_parts(sample, sample, &n_drawn);
    draw_parts(sample, model, &n_drawn);
    draw_parts(sample, json_object_get(model, "threshold_analysis"), &n_drawn);
    assert_true(n_drawn >= 40);
    CR_CLEANUP(cr_json_decrefp) json_t *nothing = json_object();
    CR_CLEANUP(cr_freep) char *page = draw(nothing);
    assert_non_null(strstr(page, "</html>"));
    assert_null(strstr(page, "id=\"models\""));
    assert_null(strstr(page, "id=\"threshold\""));
}

static void tell_the_rules_of_the_race(void **state)
{
    (void)state;
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    json_t *race = json_object_get(sample, "race");
    static const char every[] = "Every candidate saw every fold";
    json_object_set_new(race, "min_survivors", json_integer(17));
    json_object_set_new(race, "min_patience", json_integer(770));
    json_object_set_new(race, "patience_steps", json_integer(29));
    json_object_set_new(race, "margin", json_real(0.375));
    CR_CLEANUP(cr_freep) char *raced = draw(sample);
    assert_non_null(strstr(raced, "more than 0.38 standard errors"));
    assert_non_null(strstr(raced, "At least 17 always stay"));
    assert_non_null(strstr(raced, "has not risen for 770 rounds, or for 29 ÷ its learning rate"));
    assert_null(strstr(raced, every));
    json_object_set_new(sample, "race", json_null());
    CR_CLEANUP(cr_freep) char *whole = draw(sample);
    assert_non_null(strstr(whole, every));
    assert_null(strstr(whole, "always stay"));
}

/* Of nobody who is declined no share is bad: the line ends there. */
static void end_precision_with_the_declined(void **state)
{
    (void)state;
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    json_t *model = json_array_get(json_object_get(sample, "models"), 0);
    json_t *sweep = json_object_get(json_object_get(model, "threshold_analysis"), "sweep");
    json_t *last = json_array_get(sweep, json_array_size(sweep) - 1);
    CR_CLEANUP(cr_freep) char *whole = draw(sample);
    assert_int_equal(json_object_set_new(last, "precision", json_null()), 0);
    CR_CLEANUP(cr_freep) char *shorter = draw(sample);
    assert_string_not_equal(shorter, whole);
    assert_int_equal(json_object_set_new(last, "precision", json_integer(0)), 0);
    assert_int_equal(json_object_set_new(last, "declined", json_integer(0)), 0);
    CR_CLEANUP(cr_freep) char *nobody = draw(sample);
    assert_string_equal(nobody, shorter);
}

/* Nobody serves because a run chose it. */
static void call_only_the_promoted_a_champion(void **state)
{
    (void)state;
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    CR_CLEANUP(cr_freep) char *chosen = draw(sample);
    assert_non_null(strstr(chosen, ">This run's choice: it serves once it is promoted<"));
    assert_non_null(strstr(chosen, "<span class=\"tag\">this run's choice</span>"));
    assert_null(strstr(chosen, "Champion"));
    assert_null(strstr(chosen, "the champion"));
    assert_int_equal(json_object_set_new(sample, "promoted", json_true()), 0);
    CR_CLEANUP(cr_freep) char *promoted = draw(sample);
    assert_non_null(strstr(promoted, ">Champion<"));
    assert_non_null(strstr(promoted, "<span class=\"tag\">the champion</span>"));
    assert_null(strstr(promoted, "once it is promoted"));
}

static void name_no_file_after_a_strange_kind(void **state)
{
    (void)state;
    CR_CLEANUP(cr_freep) char *parent = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *dir = cr_fs_join(parent, "results");
    CR_CLEANUP(cr_json_decrefp) json_t *sample = cr_golden_load("report.json");
    json_t *model = json_array_get(json_object_get(sample, "models"), 0);
    struct cr_error err;
    json_object_set_new(model, "kind", json_string("../escaped"));
    cr_assert_ok(cr_report_write(sample, dir, &err), &err);
    assert_false(is_there(parent, "escaped_classification_report.txt"));
    assert_true(is_there(dir, "gbm_classification_report.txt"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_every_file),
        cmocka_unit_test(do_without_gnuplot),
        cmocka_unit_test(tell_what_gnuplot_says),
        cmocka_unit_test(write_tables),
        cmocka_unit_test(escape_texts),
        cmocka_unit_test(group_digits),
        cmocka_unit_test(leave_out_precision),
        cmocka_unit_test(round_money),
        cmocka_unit_test(leave_out_what_is_absent),
        cmocka_unit_test(tell_the_rules_of_the_race),
        cmocka_unit_test(end_precision_with_the_declined),
        cmocka_unit_test(call_only_the_promoted_a_champion),
        cmocka_unit_test(name_no_file_after_a_strange_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
