// SPDX-License-Identifier: MIT
/* Loads the retail portfolio as it is, and broken in one place at a time: each fault gives one
 * message with its exact place. */
#include "cr_test.h"

#include <math.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/strbuf.h"

static const char *const files[] = {
    "application.yaml", "features.sql", "features.yaml", "policy.yaml",
    "search.yaml",      "tables.yaml",  "training.sql",  "truth.sql",
};
enum { N_REQUIRED = CR_ARRAY_LEN(files) - 1 }; /* all but truth.sql */

static char *retail_file(const char *name)
{
    CR_CLEANUP(cr_freep) char *folder = cr_test_path("config/portfolios/retail");
    char *path = cr_fs_join(folder, name);

    assert_non_null(path);
    return path;
}

static char *read_retail(const char *name)
{
    CR_CLEANUP(cr_freep) char *path = retail_file(name);
    struct cr_error err;
    char *text = NULL;
    size_t len;

    cr_assert_ok(cr_fs_read(path, 1 << 20, &text, &len, &err), &err);
    return text;
}

/* text with its one `from` replaced by `to`. */
static char *replace(const char *text, const char *from, const char *to)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
    const char *place = strstr(text, from);

    if (place == NULL || strstr(place + 1, from) != NULL) {
        fail_msg("'%s' does not stand there once", from);
    }
    cr_strbuf_append(&out, text, (size_t)(place - text));
    cr_strbuf_puts(&out, to);
    cr_strbuf_puts(&out, place + strlen(from));
    return cr_strbuf_steal(&out);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    free(cr_test_write(folder, name, text));
}

/* A new folder with a copy of the retail files. */
static char *copy_retail(void)
{
    char *folder = cr_test_tempdir();

    for (size_t i = 0; i < CR_ARRAY_LEN(files); i++) {
        CR_CLEANUP(cr_freep) char *text = read_retail(files[i]);

        write_file(folder, files[i], text);
    }
    return folder;
}

static struct cr_portfolio *load_retail(void)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("config/portfolios/retail");
    struct cr_portfolio *portfolio = NULL;
    struct cr_error err;

    cr_assert_ok(cr_portfolio_load(path, NULL, &portfolio, &err), &err);
    return portfolio;
}

static void test_application(void **state)
{
    static const char *const first[] = {
        "age",
        "gender",
        "marital_status",
        "education",
        "dependents",
        "employment_type",
        "employment_years",
        "annual_income",
        "credit_score",
        "credit_utilization",
        "existing_loans",
        "loan_type",
        "loan_amount",
        "loan_term_months",
        "interest_rate",
    };
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *p = load_retail();
    const struct cr_field *age = &p->fields[0];
    const struct cr_field *education = &p->fields[3];
    const struct cr_field *rate = &p->fields[14];

    (void)state;
    assert_string_equal(p->name, "retail");
    assert_string_equal(p->currency_code, "INR");
    assert_string_equal(p->currency_grouping, "indian");
    assert_string_equal(p->outcome, "is_default");
    cr_assert_same(p->outcome_window_months, 12.0);
    assert_string_equal(p->key_row, "loan_id");
    assert_string_equal(p->key_customer, "customer_id");
    assert_string_equal(p->key_date, "application_date");
    assert_int_equal(p->n_fields, 42);
    for (size_t i = 0; i < CR_ARRAY_LEN(first); i++) {
        assert_string_equal(p->fields[i].name, first[i]);
        assert_int_equal(cr_portfolio_find_field(p, first[i]), i);
    }
    assert_int_equal(cr_portfolio_find_field(p, "agee"), -1);
    assert_string_equal(cr_type_name(age->type), "int");
    cr_assert_same(age->min, 18.0);
    cr_assert_same(age->max, 70.0);
    assert_true(age->required && !age->nullable);
    assert_true(cr_value_is_missing(age->default_value));
    assert_string_equal(age->label, "Age");
    assert_true(age->example.number >= 18.0 && age->example.number <= 70.0);
    assert_true(education->required && education->nullable);
    assert_int_equal(cr_levels_find(&education->levels, "Higher Secondary", 16), 2);
    assert_int_equal(cr_levels_find(&education->levels, "High School", 11), 2);
    assert_int_equal(cr_levels_find(&education->levels, "High School!", 11), 2);
    assert_int_equal(cr_levels_find(&education->levels, "High School", 10), -1);
    assert_int_equal(cr_levels_find(&education->levels, "", 0), -1);
    assert_true(cr_levels_find(&education->levels, education->example.text,
                               strlen(education->example.text)) >= 0);
    assert_true(!rate->required && rate->nullable);
    cr_assert_same(rate->default_value.number, 12.0);
}

static void test_catalogue(void **state)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *p = load_retail();
    ptrdiff_t application = cr_portfolio_find_set(p, "application");
    ptrdiff_t behavioural = cr_portfolio_find_set(p, "behavioural");
    ptrdiff_t stability = cr_portfolio_find_feature(p, "employment_stability_ratio");
    size_t n_application = 0, n_behavioural = 0, n_shared = 0;

    (void)state;
    assert_int_equal(p->sets[application].extends, -1);
    assert_int_equal(p->sets[behavioural].extends, application);
    for (size_t i = 0; i < p->n_features; i++) {
        const struct cr_feature *feature = &p->features[i];
        bool levels = feature->kind == CR_ORDINAL || feature->kind == CR_NOMINAL;

        n_application += cr_portfolio_set_has(p, (size_t)application, i);
        n_behavioural += cr_portfolio_set_has(p, (size_t)behavioural, i);
        assert_int_equal(feature->levels.n > 0, levels);
        assert_true(feature->n_sources > 0);
        for (size_t j = 0; j < feature->n_sources; j++) {
            assert_true(feature->sources[j] < p->n_fields);
        }
        for (size_t j = 0; j < feature->levels.n; j++) { /* a source's level is the same text */
            const struct cr_levels *source = &p->fields[feature->sources[0]].levels;
            ptrdiff_t level = cr_levels_index(source, feature->levels.texts[j]);

            n_shared += level >= 0 && source->texts[level] == feature->levels.texts[j];
            assert_true(level < 0 || source->texts[level] == feature->levels.texts[j]);
        }
    }
    assert_true(n_shared > 0);
    assert_int_equal(n_application, 45);
    assert_int_equal(n_behavioural, 59);
    assert_int_equal(cr_portfolio_find_feature(p, "nothing"), -1);
    assert_true(p->features[stability].indicator);
    assert_int_equal(p->features[stability].scale, CR_SCALE_STANDARD);
    assert_int_equal(p->features[stability].n_sources, 2);
    assert_string_equal(p->fields[p->features[stability].sources[0]].name, "employment_years");
    assert_int_equal(p->features[cr_portfolio_find_feature(p, "age")].protection, CR_RESTRICTED);
    assert_int_equal(p->features[cr_portfolio_find_feature(p, "gender")].protection, CR_PROHIBITED);
}

static void test_rest(void **state)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *p = load_retail();
    const struct cr_instalment_policy *instalment = &p->policy.instalment;
    const struct cr_model_search *gbm = cr_portfolio_find_search(p, "gbm");

    (void)state;
    cr_assert_same(p->policy.costs.false_negative, 100000.0);
    cr_assert_same(p->policy.costs.false_positive, 10000.0);
    assert_true(isnan(p->policy.costs.lgd));
    cr_assert_same(p->policy.threshold_step, 0.01);
    assert_int_equal(p->policy.n_bands, 3);
    cr_assert_same(p->policy.bands[0].below, 0.4);
    cr_assert_same(p->policy.bands[2].below, (double)INFINITY);
    assert_string_equal(p->policy.bands[2].color, "#ef4444");
    assert_string_equal(p->fields[instalment->amount].name, "loan_amount");
    assert_string_equal(p->fields[instalment->agreed].name, "emi_amount");
    assert_int_equal(instalment->rounding, CR_ROUND_HALF_UP);
    assert_int_equal(instalment->decimals, 2);
    cr_assert_same(instalment->assumed_rate, 12.0);
    assert_int_equal(p->policy.top_reasons, 5);
    assert_int_equal(p->policy.gates.n_floors, 1);
    assert_string_equal(p->policy.gates.floors[0].metric, "auc_roc");
    cr_assert_same(p->policy.gates.floors[0].least, 0.65);
    cr_assert_same(p->policy.gates.calibration_error, 0.1);
    assert_true(p->policy.gates.report);
    assert_false(p->policy.gates.second_approver);

    assert_int_equal(p->search.n_folds, 5);
    assert_int_equal(p->search.seed, 42);
    assert_null(cr_portfolio_find_search(p, "forest"));
    assert_int_equal(gbm->draws, 40);
    assert_string_equal(gbm->spaces[gbm->n_spaces - 1].name, "max_features");
    assert_string_equal(gbm->spaces[gbm->n_spaces - 1].values[1].text, "log2");
    cr_assert_same(gbm->spaces[gbm->n_spaces - 1].values[2].number, 0.8);

    assert_int_equal(p->n_tables, 4);
    assert_int_equal(p->separator, ',');
    assert_string_equal(p->missing[0], "");
    assert_string_equal(p->tables[0].file, "customers.csv");
    assert_true(p->tables[0].columns[0].key);
    assert_string_equal(p->tables[1].columns[1].references, "customers.customer_id");
}

static void test_files(void **state)
{
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *p = load_retail();
    CR_CLEANUP(cr_freep) char *folder = copy_retail();
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *q = NULL;
    struct cr_error err;

    (void)state;
    assert_int_equal(p->n_files, CR_ARRAY_LEN(files));
    for (size_t i = 0; i < p->n_files; i++) {
        CR_CLEANUP(cr_freep) char *text = read_retail(files[i]);

        assert_string_equal(p->files[i].name, files[i]);
        assert_int_equal(p->files[i].len, strlen(text));
        assert_string_equal(p->files[i].data, text);
        assert_ptr_equal(cr_portfolio_find_file(p, files[i]), &p->files[i]);
    }
    assert_null(cr_portfolio_find_file(p, "training.postgres.sql"));

    write_file(folder, "training.postgres.sql", "SELECT 1");
    write_file(folder, "README.md", "not kept");
    cr_assert_ok(cr_portfolio_load(folder, "other", &q, &err), &err);
    assert_string_equal(q->name, "other");
    assert_int_equal(q->n_files, CR_ARRAY_LEN(files) + 1);
    assert_string_equal(q->files[6].name, "training.postgres.sql");
    assert_string_equal(q->files[6].data, "SELECT 1");
    assert_string_equal(q->files[8].name, "truth.sql");
    assert_null(cr_portfolio_find_file(q, "README.md"));
}

static void test_names(void **state)
{
    CR_CLEANUP(cr_freep) char *retail = cr_test_path("config/portfolios/retail//");
    CR_CLEANUP(cr_freep) char *dotted = cr_test_path("config/portfolios/retail/.");
    CR_CLEANUP(cr_freep) char *missing = cr_test_path("config/portfolios/nowhere");
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *p = NULL;
    struct cr_portfolio *untouched = NULL;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_portfolio_load(retail, NULL, &p, &err), &err);
    assert_string_equal(p->name, "retail");
    assert_int_equal(cr_portfolio_load(dotted, NULL, &untouched, &err), CR_EINVAL);
    assert_int_equal(cr_portfolio_load(retail, "../x", &untouched, &err), CR_EINVAL);
    assert_non_null(strstr(err.message, "'../x'"));
    assert_int_equal(cr_portfolio_load(retail, "", &untouched, &err), CR_EINVAL);
    assert_int_equal(cr_portfolio_load(missing, NULL, &untouched, &err), CR_ENOTFOUND);
    assert_non_null(strstr(err.message, "nowhere'"));
    assert_null(untouched);
    cr_portfolio_destroy(NULL);
}

static void test_missing_files(void **state)
{
    CR_CLEANUP(cr_freep) char *folder = copy_retail();

    (void)state;
    for (size_t i = 0; i < N_REQUIRED; i++) {
        CR_CLEANUP(cr_freep) char *text = read_retail(files[i]);
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(folder, files[i]);
        struct cr_portfolio *portfolio = NULL;
        struct cr_error err;

        assert_int_equal(remove(path), 0);
        assert_int_equal(cr_portfolio_load(folder, "x", &portfolio, &err), CR_ENOTFOUND);
        assert_non_null(strstr(err.message, files[i]));
        write_file(folder, files[i], text);
    }
    CR_CLEANUP(cr_freep) char *truth = cr_fs_join(folder, files[N_REQUIRED]);
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *without = NULL;
    struct cr_error err;
    assert_int_equal(remove(truth), 0);
    cr_assert_ok(cr_portfolio_load(folder, "x", &without, &err), &err);
    assert_int_equal(without->n_files, N_REQUIRED);
}

static void test_not_a_text(void **state)
{
    CR_CLEANUP(cr_freep) char *folder = copy_retail();
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(folder, "features.sql");
    struct cr_portfolio *portfolio = NULL;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_fs_write(path, "SELECT\0", 7, &err), &err);
    assert_int_equal(cr_portfolio_load(folder, "x", &portfolio, &err), CR_EPARSE);
    assert_non_null(strstr(err.message, "features.sql: "));
}

/* One fault: in `file` `from` becomes `to`; the message stands at `at`, the first one behind the
 * change's begin, and is `message`. */
struct fault {
    const char *file;
    const char *from;
    const char *to;
    const char *at;
    const char *message;
};

/* FILE:LINE:COLUMN of a place in text; columns count characters. */
static char *expected_message(const char *path, const char *text, const char *place,
                              const char *message)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;
    size_t line = 1, column = 1;

    for (const char *c = text; c < place; c++) {
        line += *c == '\n';
        column = *c == '\n' ? 1 : column + ((*c & 0xc0) != 0x80);
    }
    cr_strbuf_printf(&out, "%s:%zu:%zu: %s", path, line, column, message);
    return cr_strbuf_steal(&out);
}

/* The first `at` from the change on, else the last before it. */
static const char *find_place(const char *text, size_t change, const char *at)
{
    const char *place = strstr(text + change, at);

    for (const char *c = text; place == NULL && (c = strstr(c, at)) != NULL; c++) {
        if (strstr(c + 1, at) == NULL) {
            place = c;
        }
    }
    return place;
}

/* folder holds the retail files, before and afterwards. */
static void check_fault(const char *folder, const struct fault *fault)
{
    CR_CLEANUP(cr_freep) char *before = read_retail(fault->file);
    CR_CLEANUP(cr_freep) char *text = replace(before, fault->from, fault->to);
    CR_CLEANUP(cr_freep) char *path = cr_test_write(folder, fault->file, text);
    const char *place = find_place(text, (size_t)(strstr(before, fault->from) - before), fault->at);
    CR_CLEANUP(cr_freep) char *expected = NULL;
    struct cr_portfolio *portfolio = NULL;
    struct cr_error err = {0};

    if (place == NULL) {
        fail_msg("'%s' does not stand in the changed %s", fault->at, fault->file);
    }
    expected = expected_message(path, text, place, fault->message);
    assert_int_equal(cr_portfolio_load(folder, "retail", &portfolio, &err), CR_EPARSE);
    assert_string_equal(err.message, expected);
    assert_int_equal(err.code, CR_EPARSE);
    assert_null(portfolio);
    write_file(folder, fault->file, before);
}

#define APPLICATION "application.yaml"
#define FEATURES    "features.yaml"
#define POLICY      "policy.yaml"
#define SEARCH      "search.yaml"
#define TABLES      "tables.yaml"

static const struct fault faults[] = {
    /* keys */
    {APPLICATION, "title: Retail loans", "tittle: Retail loans", "tittle",
     "unknown key 'tittle'; known are: title, currency, outcome, keys, groups, fields, book"},
    {APPLICATION, "title: Retail loans\n", "", "currency", "'title' is missing"},
    {APPLICATION, "{name: age, type: int, min: 18,", "{name: age, type: int, minimum: 18,",
     "minimum",
     "unknown key 'minimum'; known are: name, type, required, nullable, label, unit, help, group, "
     "min, max, choices, aliases, default, example"},
    {FEATURES, "scale: robust,\n     group: Annual income", "sclae: robust,\n     group: x",
     "sclae",
     "unknown key 'sclae'; known are: name, kind, scale, indicator, set, protected, label, group, "
     "unit, raises, lowers, levels, sources"},
    {POLICY, "explain: {top: 5}", "explain: {tpo: 5}", "tpo", "unknown key 'tpo'; known are: top"},
    {SEARCH, "draws: 14 ", "draw: 14 ",
     "draw:", "unknown key 'draw'; known are: draws, fixed, space"},
    {TABLES, "file: customers.csv", "path: customers.csv", "path",
     "unknown key 'path'; known are: name, file, columns"},
    /* names */
    {APPLICATION, "{name: dependents,", "{name: age,", "age", "the name 'age' is taken"},
    {APPLICATION, "{name: dependents,", "{name: AGE,", "AGE", "the name 'AGE' is taken"},
    {APPLICATION, "{name: dependents,", "{name: row_id,", "row_id",
     "the name 'row_id' belongs to the program"},
    {APPLICATION, "{name: dependents,", "{name: 2nd person,", "2nd",
     "'2nd person' is no name for SQL: at most 63 letters, digits and _, the first no digit"},
    {APPLICATION, "{name: dependents,", "{name: is_default,", "is_default",
     "the outcome 'is_default' cannot be a field of the application"},
    {APPLICATION, "{name: dependents,", "{name: \"\",", "\"\"",
     "an empty text '' says nothing here"},
    {APPLICATION, "{name: dependents,", "{name: ,", ",", "expected a text, found nothing"},
    {FEATURES, "{name: age_group,", "{name: age,", "age", "the name 'age' is taken"},
    {TABLES, "- name: credit_history\n", "- name: customers\n", "customers",
     "the name 'customers' is taken"},
    {TABLES, "{name: gender,  ", "{name: age,  ", "age", "the name 'age' is taken"},
    {APPLICATION, "- Work and income\n", "- Credit\n  - Work and income\n", "Credit\n  - Loan",
     "'Credit' is in the list twice"},
    {POLICY, "- name: Medium Risk", "- name: Low Risk", "Low Risk", "the name 'Low Risk' is taken"},
    /* types and ranges */
    {APPLICATION, "{name: age, type: int,", "{name: age, type: integer,", "integer",
     "there is no type 'integer'; known: int, number, enum, bool, date"},
    {APPLICATION, "{name: age, type: int,", "{name: age, type: text,", "text",
     "there is no type 'text'; known: int, number, enum, bool, date"},
    {APPLICATION, "max: 70,", "max: 17,", "17", "max '17' is below min '18'"},
    {APPLICATION, "max: 70,", "max: 70.5,", "70.5", "max '70.5' of an int is no whole number"},
    {APPLICATION, "max: 70,", "max: old,", "old", "expected a number, found 'old'"},
    {APPLICATION, "{name: phone_verified, type: bool,",
     "{name: phone_verified, type: bool, max: 1,", "1",
     "'max' is for the types int and number, not for bool"},
    {APPLICATION, "type: enum, choices: [Male, Female, Other],", "type: enum,", "{name: gender",
     "'choices' is missing"},
    {APPLICATION, "choices: [Male, Female, Other],", "choices: [],", "[]",
     "'choices' has 0 items; 1 to 1000 are possible"},
    {APPLICATION, "choices: [Male, Female, Other],", "choices: [Male, Female, Male],", "Male],",
     "'Male' is in the list twice"},
    {APPLICATION, "{name: age, type: int,", "{name: age, type: int, choices: [1],", "[1]",
     "'choices' is for the type enum, not for int"},
    {APPLICATION, "High School: Higher Secondary", "High School: Higher Secundary",
     "Higher Secundary", "there is no level 'Higher Secundary'; did you mean 'Higher Secondary'?"},
    {APPLICATION, "High School: Higher Secondary", "Master: Higher Secondary", "Master",
     "the alias 'Master' is a level itself"},
    {APPLICATION, "max: 10, default: 0,", "max: 10, default: 11,", "11",
     "'11' is outside the range of 'dependents'"},
    {APPLICATION, "max: 10, default: 0,", "max: 10, default: 0.5,", "0.5",
     "'0.5' is no whole number, but 'dependents' is an int"},
    {APPLICATION, "{name: city_tier, type: int,", "{name: city_tier, type: int, example: 4,", "4",
     "'4' is outside the range of 'city_tier'"},
    {APPLICATION, "{name: city_tier, type: int, min: 1, max: 3,",
     "{name: city_tier, type: enum, choices: [Large, Small], default: small,", "small",
     "there is no choice 'small'; did you mean 'Small'?"},
    {APPLICATION, "{name: age, type: int,", "{name: age, default: 35, type: int,", "35",
     "'age' is required: a default could never be used"},
    {APPLICATION, "max: 70, required: true,", "max: 70, required: yes,", "yes",
     "expected true or false, found 'yes'"},
    {APPLICATION, "group: Applicant, label: Age,", "group: Aplicant, label: Age,", "Aplicant",
     "there is no group 'Aplicant'; did you mean 'Applicant'?"},
    {APPLICATION, "grouping: indian", "grouping: british", "british",
     "there is no grouping 'british'; known: indian, thousands"},
    {APPLICATION, "window_months: 12", "window_months: 0", "0",
     "window_months '0' is outside 1..1200"},
    /* features */
    {FEATURES, "extends: application,", "extends: aplication,", "aplication",
     "there is no earlier set 'aplication'; did you mean 'application'?"},
    {FEATURES, "sources: [dependents],", "sources: [dependants],", "dependants",
     "there is no field 'dependants'; did you mean 'dependents'?"},
    {FEATURES, "sources: [employment_years, age],", "sources: [age, age],", "age],",
     "'age' is in the list twice"},
    {FEATURES, "{name: dependents, kind: numeric,", "{name: dependents, set: x, kind: numeric,",
     "x,", "there is no set 'x'; known: application, behavioural"},
    {FEATURES, "{name: dependents, kind: numeric,", "{name: dependents, kind: ordinal,",
     "{name: dependents", "'levels' is missing"},
    {FEATURES, "{name: dependents, kind: numeric,",
     "{name: dependents, kind: numeric, levels: [a],", "[a]",
     "'levels' are for ordinal and nominal, not for 'numeric'"},
    {FEATURES, "{name: dependents, kind: numeric, scale: standard,",
     "{name: dependents, kind: nominal, levels: [a], scale: standard,", "standard",
     "'dependents' is nominal: its 0/1 columns are not scaled"},
    {FEATURES, "{name: age, kind: numeric, scale: standard, protected: restricted,",
     "{name: age, kind: numeric, scale: standard, protected: yes,", "yes",
     "there is no protected 'yes'; known: none, restricted, prohibited"},
    /* policy */
    {POLICY, "false_negative: 100000,", "false_negative: 0,", "0",
     "false_negative '0' is not above 0 and at most 1e+15"},
    {POLICY, "false_positive: 10000}", "false_positive: -1}", "-1",
     "false_positive '-1' is not above 0 and at most 1e+15"},
    {POLICY, "false_negative: 100000,", "false_negative: {lgd: 1.5},", "1.5",
     "lgd '1.5' is outside 0..1"},
    {POLICY, "to: 0.95,", "to: 1.0,", "1.0", "to '1.0' is not between 0 and 1"},
    {POLICY, "from: 0.05, to: 0.95,", "from: 0.5, to: 0.4,", "0.4", "to '0.4' is below from '0.5'"},
    {POLICY, "below: 1.0\n", "below: 0.4\n", "0.4",
     "below '0.4' of 'Medium Risk' is not above 0.4, where it begins"},
    {POLICY, "    below: 1.0\n", "", "name: Medium Risk",
     "'below' is missing: only the last band takes all the rest, not 'Medium Risk'"},
    {POLICY, "- name: High Risk\n", "- name: High Risk\n    below: 2\n", "2",
     "below '2' of the last band 'High Risk': it takes all the rest"},
    {POLICY, "color: \"#ef4444\"", "color: red", "red",
     "'red' is no color: # and six hexadecimal digits, in quotes"},
    {POLICY, "amount: loan_amount", "amount: loan_amunt", "loan_amunt",
     "there is no field 'loan_amunt'; did you mean 'loan_amount'?"},
    {POLICY, "amount: loan_amount", "amount: loan_type", "loan_type",
     "amount 'loan_type' is no number but enum"},
    {POLICY, "rounding: half_up", "rounding: half_down", "half_down",
     "there is no rounding 'half_down'; known: half_up, half_even"},
    {POLICY, "decimals: 2", "decimals: 10", "10", "decimals '10' is outside 0..9"},
    {POLICY, "least: {auc_roc: 0.65}", "least: [auc_roc]", "[", "expected a map, found a list"},
    {POLICY, "least: {auc_roc: 0.65}", "least: {brier: 0.2}", "brier",
     "there is no floor 'brier'; known: auc_roc, auc_pr, ks, gini, accuracy, precision, recall, "
     "f1, "
     "cv_auc"},
    {POLICY, "auc_roc: 0.65", "auc_roc: 65", "65", "auc_roc '65' is outside 0..1"},
    {POLICY, "calibration_error: 0.1", "calibration_error: -0.1", "-0.1",
     "calibration_error '-0.1' is outside 0..1"},
    {POLICY, "report: true", "report: 1", "1", "expected true or false, found '1'"},
    {POLICY, "  second_approver: false", "  second_approvers: 2", "second_approvers",
     "unknown key 'second_approvers'; known are: calibration_error, report, second_approver, "
     "least"},
    /* search */
    {SEARCH, "folds: 5", "folds: 1", "1", "folds '1' is outside 2..100"},
    {SEARCH, "seed: 42", "seed: \"42\"", "\"42\"",
     "expected an integer, found the quoted text '42'"},
    {SEARCH, "penalty: [l1, l2]", "penalty: []", "[]",
     "'penalty' has 0 items; 1 to 1000 are possible"},
    {SEARCH, "fixed: {penalty: l1, C: 0.1}", "fixed: {penalty: [l1], C: 0.1}", "[l1]",
     "expected a single value, found a list"},
    {SEARCH, "    draws: 14        # all of them\n", "", "fixed: {penalty",
     "'draws' is missing: how many of the space to try"},
    /* tables */
    {TABLES, "separator: \",\"", "separator: \"--\"", "\"--\"",
     "the separator '--' is none of , ; : | tab and blank"},
    {TABLES, "file: customers.csv", "file: ../customers.csv", "../",
     "'../customers.csv' is no plain file name"},
    {TABLES, "{name: customer_id,     type: int, key: true}",
     "{name: customer_id,     type: int, key: true, nullable: true}", "true}",
     "'customer_id' is a key and can never be missing"},
    {TABLES, "{name: credit_id,                    type: int, key: true}",
     "{name: credit_id, type: int, references: clients.id}", "clients.id",
     "there is no table for 'clients.id'; known: customers, credit_history, loan_applications, "
     "repayment_history"},
    {TABLES, "{name: credit_id,                    type: int, key: true}",
     "{name: credit_id, type: int, references: customers.id}", "customers.id",
     "'customers.id': the table 'customers' has no column 'id'"},
    {TABLES, "{name: credit_id,                    type: int, key: true}",
     "{name: credit_id, type: int, references: customers}", "customers",
     "'customers' is not of the form table.column"},
};

static void test_faults(void **state)
{
    CR_CLEANUP(cr_freep) char *folder = copy_retail();

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(faults); i++) {
        check_fault(folder, &faults[i]);
    }
}

/* Without the section there is no instalment, and then nothing to take a share of. */
static void test_lgd(void **state)
{
    CR_CLEANUP(cr_freep) char *folder = copy_retail();
    CR_CLEANUP(cr_freep) char *text = read_retail(POLICY);
    CR_CLEANUP(cr_freep)
    char *share = replace(text, "false_negative: 100000", "false_negative: {lgd: 0.6}");
    CR_CLEANUP(cr_freep) char *path = cr_test_write(folder, POLICY, share);
    CR_CLEANUP(cr_freep) char *bare = replace(share, "  amount: loan_amount\n", "");
    CR_CLEANUP(cr_freep) char *expected = NULL;
    CR_CLEANUP(cr_portfolio_destroyp) struct cr_portfolio *p = NULL;
    struct cr_portfolio *untouched = NULL;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_portfolio_load(folder, "x", &p, &err), &err);
    cr_assert_same(p->policy.costs.lgd, 0.6);
    assert_true(isnan(p->policy.costs.false_negative));
    write_file(folder, POLICY, bare);
    assert_int_equal(cr_portfolio_load(folder, "x", &untouched, &err), CR_EPARSE);
    expected = expected_message(path, bare, strstr(bare, "{lgd: 0.6}, false"),
                                "'lgd' is a share of the loan");
    assert_memory_equal(err.message, expected, strlen(expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_application), cmocka_unit_test(test_catalogue),
        cmocka_unit_test(test_rest),        cmocka_unit_test(test_files),
        cmocka_unit_test(test_names),       cmocka_unit_test(test_missing_files),
        cmocka_unit_test(test_not_a_text),  cmocka_unit_test(test_faults),
        cmocka_unit_test(test_lgd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
