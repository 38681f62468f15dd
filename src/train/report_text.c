// SPDX-License-Identifier: MIT
/* The report's files for programs and terminals. */
#include "drawing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/json.h"

#define N_TOP_FEATURES 10

static void put_csv_text(struct cr_strbuf *out, const char *text)
{
    char *quoted = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&quoted, &len);
    if (memory != NULL) {
        cr_csv_write_field(memory, text == NULL ? "" : text, text == NULL ? 0 : strlen(text), ',');
        out->failed |= ferror(memory) != 0;
        out->failed |= fclose(memory) != 0;
        cr_strbuf_append(out, quoted, len);
    } else {
        out->failed = true;
    }
    free(quoted);
}

/* Empty when not known. */
static void put_csv_number(struct cr_strbuf *out, double value)
{
    if (isfinite(value)) {
        cr_strbuf_put_double(out, value);
    }
}

static int write_comparison(const struct cr_drawing *drawing, const char *dir, struct cr_error *err)
{
    static const struct {
        const char *column;
        const char *path;
    } columns[] = {{"auc_roc", "metrics.auc_roc"},
                   {"cv_auc", "cv_auc"},
                   {"cv_se", "cv_se"},
                   {"auc_pr", "metrics.auc_pr"},
                   {"precision", "metrics.precision"},
                   {"recall", "metrics.recall"},
                   {"f1", "metrics.f1"},
                   {"ks", "metrics.ks"},
                   {"gini", "metrics.gini"},
                   {"brier", "metrics.brier"},
                   {"ece", "metrics.ece"},
                   {"threshold", "threshold"},
                   {"seconds", "seconds"}};
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    cr_strbuf_puts(&text, "kind,version");
    for (size_t c = 0; c < CR_ARRAY_LEN(columns); c++) {
        cr_strbuf_printf(&text, ",%s", columns[c].column);
    }
    cr_strbuf_putc(&text, '\n');
    for (size_t m = 0; m < json_array_size(drawing->models); m++) {
        const json_t *model = json_array_get(drawing->models, m);
        put_csv_text(&text, cr_drawing_text(model, "kind"));
        cr_strbuf_putc(&text, ',');
        put_csv_text(&text, cr_drawing_text(model, "version"));
        for (size_t c = 0; c < CR_ARRAY_LEN(columns); c++) {
            cr_strbuf_putc(&text, ',');
            put_csv_number(&text, cr_drawing_number(model, columns[c].path));
        }
        cr_strbuf_putc(&text, '\n');
    }
    return cr_drawing_save(dir, "model_comparison.csv", &text, err);
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

/* One line of scikit-learn's classification_report: name, three figures, rows. */
struct class_line {
    const char *name;
    double precision;
    double recall;
    double f1;
    double n;
};

static struct class_line class_line(const char *name, double hits, double named, double n)
{
    struct class_line line = {name, ratio(hits, named), ratio(hits, n), 0, n};
    line.f1 = ratio(2 * line.precision * line.recall, line.precision + line.recall);
    return line;
}

static struct class_line mean_line(const char *name, const struct class_line *good,
                                   const struct class_line *bad, double w_good, double w_bad)
{
    double w = w_good + w_bad;
    return (struct class_line){name, ratio(w_good * good->precision + w_bad * bad->precision, w),
                               ratio(w_good * good->recall + w_bad * bad->recall, w),
                               ratio(w_good * good->f1 + w_bad * bad->f1, w), good->n + bad->n};
}

static void put_class_line(struct cr_strbuf *out, const struct class_line *line)
{
    cr_strbuf_printf(out, "%12s %10.2f%10.2f%10.2f%10.0f\n", line->name, line->precision,
                     line->recall, line->f1, line->n);
}

static int write_classification(const json_t *model, const char *kind, const char *dir,
                                struct cr_error *err)
{
    const json_t *point = cr_drawing_at(model, "threshold_analysis.test.optimum");
    double tp = cr_drawing_number(point, "tp");
    double fp = cr_drawing_number(point, "fp");
    double tn = cr_drawing_number(point, "tn");
    double fn = cr_drawing_number(point, "fn");
    if (isnan(tp + fp + tn + fn)) {
        return 0;
    }
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf name = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    const struct class_line good = class_line("No Default", tn, tn + fn, tn + fp);
    const struct class_line bad = class_line("Default", tp, tp + fp, tp + fn);
    const struct class_line macro = mean_line("macro avg", &good, &bad, 1, 1);
    const struct class_line weighted = mean_line("weighted avg", &good, &bad, good.n, bad.n);
    cr_strbuf_printf(&text, "%12s %10s%10s%10s%10s\n\n", "", "precision", "recall", "f1-score",
                     "support");
    put_class_line(&text, &good);
    put_class_line(&text, &bad);
    cr_strbuf_printf(&text, "\n%12s %10s%10s%10.2f%10.0f\n", "accuracy", "", "",
                     ratio(tp + tn, good.n + bad.n), good.n + bad.n);
    put_class_line(&text, &macro);
    put_class_line(&text, &weighted);
    cr_strbuf_printf(&name, "%s_classification_report.txt", kind);
    int result = cr_strbuf_check(&name, err);
    return result != 0 ? result : cr_drawing_save(dir, cr_strbuf_text(&name), &text, err);
}

static int write_importance(const json_t *model, const char *kind, const char *dir,
                            struct cr_error *err)
{
    const json_t *entries = cr_drawing_at(model, "importance");
    if (!json_is_array(entries)) {
        return 0;
    }
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf name = CR_STRBUF_INIT;
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    cr_strbuf_puts(&text, "input,label,group,value\n");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        put_csv_text(&text, cr_drawing_text(entry, "input"));
        cr_strbuf_putc(&text, ',');
        put_csv_text(&text, cr_drawing_text(entry, "label"));
        cr_strbuf_putc(&text, ',');
        put_csv_text(&text, cr_drawing_text(entry, "group"));
        cr_strbuf_putc(&text, ',');
        put_csv_number(&text, cr_drawing_number(entry, "value"));
        cr_strbuf_putc(&text, '\n');
    }
    cr_strbuf_printf(&name, "%s_feature_importance.csv", kind);
    int result = cr_strbuf_check(&name, err);
    return result != 0 ? result : cr_drawing_save(dir, cr_strbuf_text(&name), &text, err);
}

/* A copy of the named members that are there; a new reference, NULL without memory. */
static json_t *choose(const json_t *from, const char *const *keys, size_t n_keys)
{
    json_t *to = json_object();
    for (size_t i = 0; i < n_keys; i++) {
        json_t *value = json_object_get(from, keys[i]);
        if (value != NULL && json_object_set(to, keys[i], value) != 0) {
            json_decref(to);
            return NULL;
        }
    }
    return to;
}

static json_t *first_features(const json_t *model)
{
    json_t *top = json_array();
    const json_t *entries = cr_drawing_at(model, "importance");
    for (size_t i = 0; i < json_array_size(entries) && i < N_TOP_FEATURES; i++) {
        if (json_array_append(top, json_array_get(entries, i)) != 0) {
            json_decref(top);
            return NULL;
        }
    }
    return top;
}

/* A document of the report's heads and, per model, the given members; a new reference. */
static json_t *short_document(const struct cr_drawing *drawing, const char *const *keys,
                              size_t n_keys, bool with_features)
{
    static const char *const heads[] = {
        "format",      "portfolio", "title", "created_at", "seed",          "currency", "split",
        "feature_set", "n_inputs",  "costs", "champion",   "champion_kind", "promoted"};
    json_t *models = json_array();
    json_t *document = choose(drawing->report, heads, CR_ARRAY_LEN(heads));
    bool is_whole = document != NULL;
    for (size_t m = 0; m < json_array_size(drawing->models); m++) {
        const json_t *model = json_array_get(drawing->models, m);
        json_t *part = choose(model, keys, n_keys);
        if (with_features) {
            is_whole &= json_object_set_new(part, "top_features", first_features(model)) == 0;
        }
        is_whole &= json_array_append_new(models, part) == 0;
    }
    is_whole &= json_object_set_new(document, "models", models) == 0;
    if (!is_whole) {
        json_decref(document);
        return NULL;
    }
    return document;
}

/* Takes the reference. */
static int save_json(const char *dir, const char *name, json_t *document, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    if (document == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for '%s'", name);
    }
    cr_json_write(document, true, &text);
    json_decref(document);
    return cr_drawing_save(dir, name, &text, err);
}

/* A kind names files: letters, digits, '_' and '-' only. */
static bool is_file_name(const char *kind)
{
    return kind != NULL && *kind != '\0' && strlen(kind) <= 64 &&
           kind[strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

int cr_report_write_texts(const struct cr_drawing *drawing, const char *dir, struct cr_error *err)
{
    static const char *const summary[] = {"kind",      "name",       "version", "params",
                                          "cv_auc",    "cv_se",      "metrics", "seconds",
                                          "threshold", "calibration"};
    static const char *const thresholds[] = {"kind", "name", "version", "threshold",
                                             "threshold_analysis"};
    int result = save_json(dir, "report.json", json_incref((json_t *)drawing->report), err);
    if (result == 0) {
        result = save_json(dir, "training_report.json",
                           short_document(drawing, summary, CR_ARRAY_LEN(summary), true), err);
    }
    if (result == 0) {
        result =
            save_json(dir, "threshold_optimization.json",
                      short_document(drawing, thresholds, CR_ARRAY_LEN(thresholds), false), err);
    }
    if (result == 0) {
        result = write_comparison(drawing, dir, err);
    }
    for (size_t m = 0; result == 0 && m < json_array_size(drawing->models); m++) {
        const json_t *model = json_array_get(drawing->models, m);
        const char *kind = cr_drawing_text(model, "kind");
        if (!is_file_name(kind)) {
            continue;
        }
        result = write_classification(model, kind, dir, err);
        if (result == 0) {
            result = write_importance(model, kind, dir, err);
        }
    }
    return result;
}
