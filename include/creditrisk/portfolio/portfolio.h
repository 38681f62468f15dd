// SPDX-License-Identifier: MIT
/* Portfolio: the description of one loan book, read from config/portfolios/<name>/ (or from the
 * copy inside a registry version). Everything that validation, SQL, training, serving, pages and
 * reports need to know about the book stands here; nothing of it is a constant in code. Immutable
 * after load and safe to share between threads. */
#ifndef CREDITRISK_PORTFOLIO_PORTFOLIO_H
#define CREDITRISK_PORTFOLIO_PORTFOLIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/util/error.h"
#include "creditrisk/util/param.h"
#include "creditrisk/util/value.h"

/* No list of a portfolio that was loaded (fields, features, levels, …) has more entries, and no
 * name of a field or feature more bytes: PostgreSQL cuts longer ones. */
enum { CR_PORTFOLIO_MAX_ITEMS = 1000, CR_PORTFOLIO_MAX_NAME_LEN = 63 };

enum cr_type { CR_INT, CR_NUMBER, CR_ENUM, CR_BOOL, CR_DATE, CR_TEXT };

/* An ordered set of texts with other spellings that mean one of them. */
struct cr_levels {
    size_t n;
    const char *const *texts;
    size_t n_aliases;
    const char *const *alias_texts; /* what may be written … */
    const size_t *alias_targets;    /* … for texts[target] */
};

/* application.yaml: one field of a request. Enum fields have levels, int and number fields a range
 * (±infinity when open). A bool travels as 0 or 1. */
struct cr_field {
    const char *name;
    enum cr_type type;
    double min;
    double max;
    struct cr_levels levels;
    struct cr_value default_value; /* missing when there is none */
    bool required;                 /* the key must be present */
    bool nullable;                 /* null is allowed and means missing */
    const char *unit;              /* NULL when none */
    const char *label;
    const char *help; /* NULL when none */
    const char *group;
    struct cr_value example; /* the default when none is stated */
    size_t line;             /* of application.yaml, where it begins */
};

/* features.yaml: one column of features.sql. Bits of `protection` say how the law may see it. */
enum cr_kind { CR_NUMERIC, CR_ORDINAL, CR_NOMINAL, CR_FLAG };
enum cr_scale { CR_SCALE_NONE, CR_SCALE_STANDARD, CR_SCALE_ROBUST };
enum cr_protection { CR_UNPROTECTED, CR_RESTRICTED, CR_PROHIBITED };

struct cr_feature {
    const char *name;
    enum cr_kind kind;
    enum cr_scale scale;
    struct cr_levels levels; /* ordinal: in order; nominal: in the order of the one-hot columns */
    bool indicator;          /* adds the input <name>_is_missing */
    size_t set;              /* index of the smallest set that has it */
    enum cr_protection protection;
    const char *label;
    const char *group;
    const char *unit;   /* NULL when none */
    const char *raises; /* reason when the contribution is positive; NULL when none */
    const char *lowers; /* reason when it is negative; NULL when none */
    size_t n_sources;
    const size_t *sources; /* indices of application fields */
    size_t line;           /* of features.yaml, where it begins */
};

/* A feature set: its own features and those of every set it extends. */
struct cr_feature_set {
    const char *name;
    const char *label;
    ptrdiff_t extends; /* index of another set, −1 = none */
};

/* One column and one table of the book, as tables.yaml lists them; a flat book has one table, made
 * from application.yaml, and its import makes that table in the database, too. */
struct cr_table_column {
    const char *name;
    const char *header; /* its name in the file: the same unless the book is flat */
    enum cr_type type;
    double min;
    double max;
    struct cr_levels levels; /* bool: without texts, the aliases mean 0 and 1 instead of the usual
                                words, if there are any */
    bool key;
    bool unique; /* a second key */
    bool nullable;
    bool optional;          /* a file without it is accepted: missing everywhere */
    bool numbered;          /* the import counts the rows of the file in it */
    const char *references; /* "table.column", NULL when none */
};

struct cr_table {
    const char *name;
    const char *file; /* "customers.csv"; no path */
    size_t n_columns;
    const struct cr_table_column *columns;
};

/* policy.yaml */
struct cr_costs {
    double false_negative; /* constant, in the portfolio's currency; NaN when lgd is set */
    double lgd;            /* loss given default, share of the loan amount; NaN when constant */
    double false_positive;
};

struct cr_band {
    const char *name;
    const char *color;
    const char *action;
    const char *description;
    double below; /* PD < below × threshold; +infinity for the last band */
};

enum cr_rounding { CR_ROUND_HALF_UP, CR_ROUND_HALF_EVEN };

/* Which application fields describe the loan; −1 where the book has none (then there is no
 * instalment). */
struct cr_instalment_policy {
    ptrdiff_t amount;
    ptrdiff_t term_months;
    ptrdiff_t annual_rate; /* percent a year */
    ptrdiff_t agreed;      /* an instalment already agreed, used when the rate is missing */
    double assumed_rate;   /* percent a year, when the rate and the agreed instalment are missing;
                              NaN when none is stated */
    enum cr_rounding rounding;
    int decimals;
};

/* What a version must show before it can become the champion. */
struct cr_floor {
    const char *metric; /* of the manifest; the larger, the better */
    double least;
};

struct cr_gates {
    size_t n_floors;
    const struct cr_floor *floors;
    double calibration_error; /* the largest ECE on the test rows; NaN = any */
    bool report;              /* the training report must be there */
    bool second_approver;     /* one asks for it, another approves */
};

struct cr_policy {
    struct cr_costs costs;
    double threshold_from, threshold_to, threshold_step;
    size_t n_bands;
    const struct cr_band *bands;
    struct cr_instalment_policy instalment;
    size_t top_reasons; /* entries of top_5_shap_features */
    struct cr_gates gates;
};

/* search.yaml */
struct cr_param_space {
    const char *name;
    size_t n;
    const struct cr_value *values;
    size_t line; /* of search.yaml */
};

struct cr_model_search {
    const char *kind; /* "logistic", "xgboost", … */
    size_t draws;
    size_t n_fixed;
    const struct cr_param *fixed; /* what is trained without a search */
    const size_t *fixed_lines;    /* n_fixed, of search.yaml */
    size_t n_spaces;
    const struct cr_param_space *spaces;
    size_t line; /* of search.yaml, where it begins */
};

struct cr_search {
    size_t n_folds;
    uint64_t seed;
    size_t n_models;
    const struct cr_model_search *models;
};

/* One file of the folder, kept byte for byte so that a registry version can carry it. */
struct cr_portfolio_file {
    const char *name;
    const char *data; /* NUL-terminated */
    size_t len;
};

struct cr_index;

struct cr_portfolio {
    const char *name;
    const char *title;
    const char *currency_code;
    const char *currency_symbol;
    const char *currency_grouping; /* "indian" or "thousands" */
    const char *outcome;           /* column of training.sql, 0 or 1 */
    size_t outcome_line;           /* of application.yaml */
    const char *outcome_label;
    const char *outcome_definition;
    double outcome_window_months; /* NaN when not stated */
    const char *key_row;          /* "loan_id"; NULL when training.sql has none */
    const char *key_customer;     /* NULL when none */
    const char *key_date;         /* NULL when none */
    const char *key_test;         /* 1 in rows that are only for the test; NULL when none */
    size_t n_groups;
    const char *const *groups;
    size_t n_fields;
    const struct cr_field *fields;
    const struct cr_index *index; /* of the fields, for who reads an application */
    size_t n_sets;
    const struct cr_feature_set *sets;
    size_t n_features;
    const struct cr_feature *features;
    bool is_flat; /* one table, which application.yaml describes; else tables.yaml does */
    size_t n_tables;
    const struct cr_table *tables;
    char separator;
    size_t n_missing;
    const char *const *missing; /* texts that mean missing in CSV files */
    struct cr_policy policy;
    struct cr_search search;
    size_t n_files;
    const struct cr_portfolio_file *files;
};

/* Loads the folder `path`: files of at most 1 MiB, YAML of at most 100,000 nodes and a depth of 32,
 * lists of at most CR_PORTFOLIO_MAX_ITEMS entries. The name is the folder's last
 * component unless `name` is given. The result is yours: cr_portfolio_destroy. Every error in a
 * YAML file names file, line and column. Loading checks what can be checked without a database:
 * keys, types, ranges, references between files, duplicate names. CR_ENOTFOUND (folder or file
 * missing), CR_EINVAL (no usable name), CR_EPARSE, CR_ETOOBIG, CR_EIO, CR_ENOMEM. */
int cr_portfolio_load(const char *path, const char *name, struct cr_portfolio **ret_portfolio,
                      struct cr_error *err);
void cr_portfolio_destroy(struct cr_portfolio *portfolio);

static inline void cr_portfolio_destroyp(struct cr_portfolio **portfolio)
{
    cr_portfolio_destroy(*portfolio);
}

/* Index by name, −1 when absent. */
ptrdiff_t cr_portfolio_find_field(const struct cr_portfolio *portfolio, const char *name);
ptrdiff_t cr_portfolio_find_feature(const struct cr_portfolio *portfolio, const char *name);
ptrdiff_t cr_portfolio_find_set(const struct cr_portfolio *portfolio, const char *name);

/* The feature set that somebody asks for, the first where name is NULL. CR_EINVAL, with the name
 * that was probably meant, when there is no such set. */
int cr_portfolio_choose_set(const struct cr_portfolio *portfolio, const char *name, size_t *ret_set,
                            struct cr_error *err);

/* Whether the set (or one it extends) has the feature. */
bool cr_portfolio_set_has(const struct cr_portfolio *portfolio, size_t set, size_t feature);

/* The kept file ("features.sql"), or NULL. Borrowed. */
const struct cr_portfolio_file *cr_portfolio_find_file(const struct cr_portfolio *portfolio,
                                                       const char *name);

/* The section of search.yaml for a model kind, or NULL. */
const struct cr_model_search *cr_portfolio_find_search(const struct cr_portfolio *portfolio,
                                                       const char *kind);

/* Index of the level that text means (directly or through an alias), −1 when none. texts[index] is
 * the level's own pointer, so that equal meaning gives equal pointers. */
ptrdiff_t cr_levels_find(const struct cr_levels *levels, const char *text, size_t len);

/* The same without the aliases, fastest for a level's own pointer. */
ptrdiff_t cr_levels_index(const struct cr_levels *levels, const char *text);

/* "int", "number", … and "numeric", "ordinal", … ; static. */
const char *cr_type_name(enum cr_type type);
const char *cr_kind_name(enum cr_kind kind);

/* Whether the feature's values are texts, levels mostly; else they are numbers. */
static inline bool cr_feature_is_text(const struct cr_feature *feature)
{
    return feature->kind == CR_ORDINAL || feature->kind == CR_NOMINAL;
}

#endif
