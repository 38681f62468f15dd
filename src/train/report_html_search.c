// SPDX-License-Identifier: MIT
/* The page's account of the search: who left the race when, and every candidate. */
#include "drawing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

/* Folds that get a column of their own; later drops are counted with the last. */
#define MAX_FOLDS 10

static size_t n_folds(const struct cr_drawing *drawing)
{
    double n = cr_drawing_number(drawing->report, "split.n_folds");
    return n >= 2 && n <= MAX_FOLDS ? (size_t)n : 5;
}

/* The race of one model: its start, those that left after each fold, those that stayed. */
static void put_race(struct cr_strbuf *out, const struct cr_drawing *drawing, const json_t *model)
{
    const json_t *candidates = cr_drawing_at(model, "search.candidates");
    size_t dropped[MAX_FOLDS + 1] = {0};
    size_t folds = n_folds(drawing);
    size_t n = json_array_size(candidates);
    for (size_t i = 0; i < n; i++) {
        double after = cr_drawing_number(json_array_get(candidates, i), "dropped_after");
        size_t fold = after > 0 ? (size_t)fmin(after, (double)folds - 1) : 0;
        dropped[fold]++;
    }
    cr_strbuf_printf(out, "<tr%s><th scope=\"row\">",
                     model == drawing->champion ? " class=\"champion\"" : "");
    cr_html_put_name(out, model);
    cr_strbuf_puts(out, "</th>");
    cr_html_cell_count(out, drawing, (double)n);
    for (size_t fold = 1; fold < folds; fold++) {
        cr_html_cell_count(out, drawing, (double)dropped[fold]);
    }
    cr_html_cell_count(out, drawing, (double)dropped[0]);
    cr_html_cell_count(out, drawing, cr_drawing_number(model, "search.n_stopped"));
    cr_html_cell_fixed(out, cr_drawing_number(model, "seconds"), 1);
    cr_strbuf_puts(out, "<td class=\"params\">");
    cr_put_params(out, cr_drawing_at(model, "params"));
    cr_strbuf_puts(out, "</td></tr>\n");
}

static void put_races(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    static const char *const dropped[] = {
        ">Dropped after fold 1", ">2", ">3", ">4", ">5", ">6", ">7", ">8", ">9"};
    const char *headings[MAX_FOLDS + 5] = {"Model", ">Candidates"};
    size_t n = 2;
    for (size_t fold = 1; fold < n_folds(drawing); fold++) {
        headings[n++] = dropped[fold - 1];
    }
    headings[n++] = ">Saw all folds";
    headings[n++] = ">Stopped early";
    headings[n++] = ">Seconds";
    headings[n++] = "Chosen";
    cr_html_table_begin(out, "The race over the folds", headings, n);
    for (size_t m = 0; m < json_array_size(drawing->models); m++) {
        const json_t *model = json_array_get(drawing->models, m);
        if (json_array_size(cr_drawing_at(model, "search.candidates")) > 0) {
            put_race(out, drawing, model);
        }
    }
    cr_html_table_end(out);
    cr_strbuf_puts(out, "<p class=\"note\">Seconds: elapsed in all of a model's fits, which run "
                        "beside each other.</p>\n");
}

static double order_number(const json_t *candidate, const char *key)
{
    double value = cr_drawing_number(candidate, key);
    return isnan(value) ? -1 : value;
}

/* Those that saw more folds first, then the higher mean AUC. */
static int compare_candidates(const void *a, const void *b)
{
    const json_t *left = *(const json_t *const *)a;
    const json_t *right = *(const json_t *const *)b;
    double folds = order_number(right, "folds_seen") - order_number(left, "folds_seen");
    double auc = order_number(right, "mean_auc") - order_number(left, "mean_auc");
    double difference = folds != 0 ? folds : auc;
    return (difference > 0) - (difference < 0);
}

static void put_fate(struct cr_strbuf *out, const json_t *candidate)
{
    double dropped_after = cr_drawing_number(candidate, "dropped_after");
    double stopped_at = cr_drawing_number(candidate, "stopped_at");
    cr_strbuf_puts(out, "<td>");
    if (dropped_after > 0) {
        cr_strbuf_printf(out, "left after fold %.0f", dropped_after);
    } else if (json_is_true(cr_drawing_at(candidate, "chosen"))) {
        cr_strbuf_puts(out, "<b>chosen</b>");
    } else {
        cr_strbuf_puts(out, "stayed");
    }
    if (isfinite(stopped_at)) {
        cr_strbuf_printf(out, ", stopped at %.0f rounds", stopped_at);
    }
    cr_strbuf_puts(out, "</td>");
}

static void put_candidates(struct cr_strbuf *out, const json_t *model)
{
    static const char *const headings[] = {"Parameters", ">Mean AUC", ">Folds seen", "Fate",
                                           ">Seconds"};
    const json_t *candidates = cr_drawing_at(model, "search.candidates");
    size_t n = json_array_size(candidates);
    CR_CLEANUP(cr_freep) const json_t **sorted = calloc(n + 1, sizeof(const json_t *));
    if (n == 0 || sorted == NULL) {
        out->failed |= sorted == NULL;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        sorted[i] = json_array_get(candidates, i);
    }
    qsort(sorted, n, sizeof(const json_t *), compare_candidates);
    cr_strbuf_puts(out, "<details><summary>All candidates of ");
    cr_html_put_name(out, model);
    cr_strbuf_puts(out, "</summary>");
    cr_html_table_begin(out, "Candidates", headings, CR_ARRAY_LEN(headings));
    for (size_t i = 0; i < n; i++) {
        cr_strbuf_puts(out, "<tr><th scope=\"row\" class=\"params\">");
        cr_put_params(out, cr_drawing_at(sorted[i], "params"));
        cr_strbuf_puts(out, "</th>");
        cr_html_cell_fixed(out, cr_drawing_number(sorted[i], "mean_auc"), 4);
        cr_html_cell_fixed(out, cr_drawing_number(sorted[i], "folds_seen"), 0);
        put_fate(out, sorted[i]);
        cr_html_cell_fixed(out, cr_drawing_number(sorted[i], "seconds"), 2);
        cr_strbuf_puts(out, "</tr>\n");
    }
    cr_html_table_end(out);
    cr_strbuf_puts(out, "</details>\n");
}

/* The rules of the race, from the numbers that it ran by. */
static void put_rules(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    const json_t *race = json_object_get(drawing->report, "race"); /* null says something, too */
    if (json_is_null(race)) {
        cr_strbuf_puts(out, "<p class=\"lead\">Every candidate saw every fold and all its "
                            "rounds.</p>\n");
    }
    if (!json_is_object(race)) {
        return;
    }
    cr_strbuf_puts(
        out, "<p class=\"lead\">Where several candidates were drawn, the folds are a race. "
             "All are fitted on the first fold; after each fold those leave whose mean AUC is "
             "too far below the best to catch up: by more than ");
    cr_put_fixed(out, cr_drawing_number(race, "margin"), 2);
    cr_strbuf_puts(out, " standard errors of one fold, divided by the root of the folds seen. "
                        "At least ");
    cr_put_fixed(out, cr_drawing_number(race, "min_survivors"), 0);
    cr_strbuf_puts(out, " always stay, and those that stay see every fold. A boosted model stops "
                        "adding trees when its AUC on the first fold has not risen for ");
    cr_put_fixed(out, cr_drawing_number(race, "min_patience"), 0);
    cr_strbuf_puts(out, " rounds, or for ");
    cr_put_fixed(out, cr_drawing_number(race, "patience_steps"), 0);
    cr_strbuf_puts(out,
                   " ÷ its learning rate where that is more: a slow learner's AUC stands still "
                   "for long before it rises again.</p>\n");
}

void cr_html_search(struct cr_strbuf *out, const struct cr_drawing *drawing)
{
    bool searched = false;
    for (size_t m = 0; m < json_array_size(drawing->models); m++) {
        const json_t *model = json_array_get(drawing->models, m);
        searched |= json_array_size(cr_drawing_at(model, "search.candidates")) > 0;
    }
    if (!searched) {
        return;
    }
    put_rules(out, drawing);
    put_races(out, drawing);
    for (size_t m = 0; m < json_array_size(drawing->models); m++) {
        put_candidates(out, json_array_get(drawing->models, m));
    }
}
