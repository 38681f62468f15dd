// SPDX-License-Identifier: MIT
/* features.sql and features.yaml of a proposed portfolio: one list of features, two texts. */
#include <ctype.h>

#include "creditrisk/util/cleanup.h"
#include "propose.h"

/* What is made of a field: itself; the logarithm of a skewed number; a code's values one by one. */
enum form { FORM_PLAIN, FORM_LOG, FORM_CASE };

struct feature {
    enum form form;
    const struct cr_propose_column *column;
    bool is_last; /* of the whole list */
};

typedef void put_feature_fn(const struct cr_proposal *proposal, const struct feature *feature,
                            struct cr_strbuf *out);

static bool has_form(const struct cr_propose_column *column, enum form form)
{
    return column->role == CR_PROPOSE_FIELD &&
           (form == FORM_PLAIN || (form == FORM_LOG && column->is_skewed) ||
            (form == FORM_CASE && column->is_code));
}

/* Calls put for every feature in its order; returns how many there are. */
static size_t put_all(const struct cr_proposal *proposal, put_feature_fn *put,
                      struct cr_strbuf *out)
{
    struct feature next = {.column = NULL};
    size_t n = 0;

    for (size_t i = 0; i < proposal->n_columns; i++) {
        for (enum form form = FORM_PLAIN; form <= FORM_CASE; form++) {
            if (!has_form(&proposal->columns[i], form)) {
                continue;
            }
            if (n++ > 0) {
                put(proposal, &next, out);
            }
            next = (struct feature){.form = form, .column = &proposal->columns[i]};
        }
    }
    next.is_last = true;
    put(proposal, &next, out);
    return n;
}

static void put_name(const struct feature *feature, struct cr_strbuf *out)
{
    cr_strbuf_printf(out, "%s%s%s", feature->form == FORM_LOG ? "log_" : "", feature->column->name,
                     feature->form == FORM_CASE ? "_case" : "");
}

/* ---- features.sql ---- */

/* 'text', quotes doubled as SQL wants them. */
static void put_string(struct cr_strbuf *out, const char *text)
{
    cr_strbuf_putc(out, '\'');
    for (; *text != '\0'; text++) {
        cr_strbuf_puts(out, *text == '\'' ? "'" : "");
        cr_strbuf_putc(out, *text);
    }
    cr_strbuf_putc(out, '\'');
}

/* Rare values share one case, missing ones have none. */
static void put_cases(const struct cr_proposal *proposal, const struct feature *feature,
                      struct cr_strbuf *out)
{
    const struct cr_profile_column *seen = feature->column->seen;
    const char *name = feature->column->name;

    cr_strbuf_puts(out, "CASE ");
    for (size_t i = 0; i < seen->n_levels; i++) {
        if (cr_propose_is_common(proposal, &seen->levels[i])) {
            cr_strbuf_printf(out, "WHEN %s = %s THEN ", name, seen->levels[i].text);
            put_string(out, seen->levels[i].text);
            cr_strbuf_puts(out, "\n         ");
        }
    }
    cr_strbuf_printf(out, "WHEN %s IS NOT NULL THEN 'other' END", name);
}

static void put_sql(const struct cr_proposal *proposal, const struct feature *feature,
                    struct cr_strbuf *out)
{
    const char *name = feature->column->name;

    cr_strbuf_puts(out, "    ");
    switch (feature->form) {
    case FORM_PLAIN:
        cr_strbuf_puts(out, name);
        break;
    case FORM_LOG:
        cr_strbuf_printf(out, "CASE WHEN %s >= 0 THEN LN(%s + 1) END", name, name);
        break;
    case FORM_CASE:
        put_cases(proposal, feature, out);
        break;
    }
    if (feature->form != FORM_PLAIN) {
        cr_strbuf_puts(out, " AS ");
        put_name(feature, out);
    }
    cr_strbuf_puts(out, feature->is_last ? "\n" : ",\n");
}

void cr_propose_put_features_sql(const struct cr_proposal *proposal, struct cr_strbuf *out)
{
    cr_strbuf_puts(
        out,
        "-- Proposed: every field as it is, the logarithm of numbers with a long tail, and the\n"
        "-- cases of numbers with few values. Ratios that mean something in this book are what\n"
        "-- is missing: this text runs at training and for every request, so each is written\n"
        "-- once. NULL is missing and stays missing; guard divisors and logarithms with CASE.\n"
        "\nSELECT\n    row_id,\n");
    (void)put_all(proposal, put_sql, out); /* features.yaml counts them */
    cr_strbuf_puts(out, "FROM application\n");
}

/* ---- features.yaml ---- */

static const char *kind_of(const struct feature *feature)
{
    bool is_text = feature->form == FORM_CASE || feature->column->type == CR_ENUM;

    return cr_kind_name(is_text ? CR_NOMINAL : CR_NUMERIC);
}

static void put_levels(const struct cr_proposal *proposal, const struct feature *feature,
                       struct cr_strbuf *out)
{
    const struct cr_profile_column *seen = feature->column->seen;

    cr_strbuf_puts(out, ",\n     levels: [");
    for (size_t i = 0; i < seen->n_levels; i++) {
        if (feature->form == FORM_PLAIN || cr_propose_is_common(proposal, &seen->levels[i])) {
            cr_propose_put_text(out, seen->levels[i].text);
            cr_strbuf_puts(out, feature->form == FORM_CASE || i + 1 < seen->n_levels ? ", " : "");
        }
    }
    cr_strbuf_puts(out, feature->form == FORM_CASE ? "other]" : "]");
}

/* How people are told which way the field moved the estimate. */
static void put_reasons(const struct feature *feature, struct cr_strbuf *out)
{
    static const struct {
        const char *key;
        const char *verb;
    } reasons[] = {{"raises", "raised"}, {"lowers", "lowered"}};

    for (size_t i = 0; i < CR_ARRAY_LEN(reasons); i++) {
        cr_strbuf_printf(out, ",\n     %s: \"The value of %s %s the estimated risk\"",
                         reasons[i].key, feature->column->name, reasons[i].verb);
    }
}

static void put_entry(const struct cr_proposal *proposal, const struct feature *feature,
                      struct cr_strbuf *out)
{
    const struct cr_propose_column *column = feature->column;

    cr_strbuf_puts(out, "  - {name: ");
    put_name(feature, out);
    cr_strbuf_printf(out, ", kind: %s", kind_of(feature));
    if (feature->form != FORM_CASE && column->type != CR_ENUM) {
        bool is_robust = feature->form == FORM_PLAIN && column->is_skewed;

        cr_strbuf_puts(out, is_robust ? ", scale: robust" : ", scale: standard");
    }
    if (feature->form == FORM_PLAIN && column->is_nullable) {
        cr_strbuf_puts(out, ", indicator: true");
    }
    if (column->is_protected) {
        cr_strbuf_puts(out, ", protected: prohibited");
    }
    if (feature->form == FORM_CASE || column->type == CR_ENUM) {
        put_levels(proposal, feature, out);
    }
    cr_strbuf_puts(out, ",\n     group: ");
    cr_propose_put_label(out, column);
    cr_strbuf_printf(out, ", sources: [%s]", column->name);
    if (feature->form == FORM_PLAIN) {
        put_reasons(feature, out);
    }
    cr_strbuf_puts(out, "}\n");
}

void cr_propose_put_features_yaml(const struct cr_proposal *proposal, struct cr_strbuf *out,
                                  size_t *ret_n_features)
{
    cr_strbuf_puts(
        out, "# Proposed: the catalogue of the columns of features.sql, in its order. Check:\n"
             "#   - levels with an order: kind ordinal, the levels in that order\n"
             "#   - protected: what the law forbids to use was guessed from names; models leave\n"
             "#     prohibited features out unless 'train --include-protected' asks for them\n"
             "#   - group, raises, lowers: what an applicant is told\n"
             "\nsets:\n  - {name: application, label: What the application says}\n\nfeatures:\n");
    *ret_n_features = put_all(proposal, put_entry, out);
}
