// SPDX-License-Identifier: MIT
/* The default portfolio's catalogue against the specification's tables, written down here once
 * more: order, kind, scale, levels, indicators, protection, set and group of every feature, and the
 * model's inputs that follow from them. */
#include "cr_test.h"

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/cleanup.h"

#define AGE_GROUPS   "Young|Early_Career|Mid_Career|Pre_Retirement|Senior"
#define EDUCATIONS   "Below Secondary|Secondary|Higher Secondary|Bachelor|Master|PhD"
#define SCORE_TIERS  "Very_Poor|Poor|Fair|Good|Excellent"
#define UTILIZATIONS "Low|Moderate|High|Critical"
#define TERMS        "Short|Medium|Long|Very_Long"
#define RATE_TIERS   "Prime|Near_Prime|Subprime|Deep_Subprime"
#define GENDERS      "Female|Male|Other"
#define MARITAL      "Divorced|Married|Single|Widowed"
#define EMPLOYMENT   "Business|Freelance|Salaried|Self-Employed|Unemployed"
#define LOAN_TYPES   "Auto|Business|Credit Card|Education|Gold|Home|Personal"

enum { N_APPLICATION = 45, N_ALL = 59, N_INDICATORS = 6, N_ONE_HOT = 19, N_INPUTS = 66 };

/* kind: n numeric, o ordinal, c nominal, f flag. scale: s standard, r robust, - none.
 * indicator: i or -. protection: p prohibited, r restricted, - none. */
static const struct {
    const char *name;
    char kind, scale, indicator, protection;
    const char *levels; /* in order, separated by | */
    const char *group;
} catalogue[] = {
    {"age", 'n', 's', '-', 'r', "", "Age"},
    {"age_group", 'o', '-', '-', 'r', AGE_GROUPS, "Age"},
    {"dependents", 'n', 's', '-', '-', "", "Dependents"},
    {"education", 'o', '-', 'i', '-', EDUCATIONS, "Education"},
    {"annual_income", 'n', 'r', '-', '-', "", "Annual income"},
    {"log_annual_income", 'n', 's', '-', '-', "", "Annual income"},
    {"employment_stability_ratio", 'n', 's', 'i', '-', "", "Time in employment for age"},
    {"income_per_dependent", 'n', 'r', '-', '-', "", "Income per family member"},
    {"city_tier", 'n', '-', '-', '-', "", "City tier"},
    {"verification_score", 'n', '-', '-', '-', "", "Contact verification"},
    {"credit_score", 'n', 's', 'i', '-', "", "Credit score"},
    {"credit_score_tier", 'o', '-', '-', '-', SCORE_TIERS, "Credit score"},
    {"total_accounts", 'n', 's', '-', '-', "", "Credit accounts"},
    {"active_accounts", 'n', 's', '-', '-', "", "Credit accounts"},
    {"active_account_ratio", 'n', '-', '-', '-', "", "Credit accounts"},
    {"overdue_30_count", 'n', 's', '-', '-', "", "Past overdue payments"},
    {"overdue_60_count", 'n', 's', '-', '-', "", "Past overdue payments"},
    {"overdue_90_count", 'n', 's', '-', '-', "", "Past overdue payments"},
    {"delinquency_severity_score", 'n', 's', '-', '-', "", "Past overdue payments"},
    {"has_serious_delinquency", 'f', '-', '-', '-', "", "Past overdue payments"},
    {"credit_utilization", 'n', '-', '-', '-', "", "Credit utilisation"},
    {"utilization_bucket", 'o', '-', '-', '-', UTILIZATIONS, "Credit utilisation"},
    {"enquiries_last_6m", 'n', 's', 'i', '-', "", "Recent enquiries"},
    {"enquiry_velocity", 'n', 's', 'i', '-', "", "Recent enquiries"},
    {"credit_history_length_months", 'n', 's', '-', '-', "", "Length of credit history"},
    {"is_thin_file", 'f', '-', '-', '-', "", "Length of credit history"},
    {"loan_amount", 'n', 'r', '-', '-', "", "Loan amount"},
    {"log_loan_amount", 'n', 's', '-', '-', "", "Loan amount"},
    {"loan_term_months", 'n', 's', '-', '-', "", "Loan term"},
    {"term_bucket", 'o', '-', '-', '-', TERMS, "Loan term"},
    {"interest_rate", 'n', 's', 'i', '-', "", "Interest rate"},
    {"rate_tier", 'o', '-', '-', '-', RATE_TIERS, "Interest rate"},
    {"emi_amount", 'n', 'r', '-', '-', "", "Instalment and interest cost"},
    {"is_secured", 'f', '-', '-', '-', "", "Loan type and security"},
    {"dti_ratio", 'n', '-', '-', '-', "", "Instalment against income"},
    {"emi_to_income_ratio", 'n', 's', '-', '-', "", "Instalment against income"},
    {"loan_to_income_ratio", 'n', 's', '-', '-', "", "Loan size against income"},
    {"interest_to_principal_ratio", 'n', 's', '-', '-', "", "Instalment and interest cost"},
    {"total_loans", 'n', 's', '-', '-', "", "Earlier loans"},
    {"total_exposure_to_income", 'n', 's', '-', '-', "", "Exposure against income"},
    {"loan_type_diversity", 'n', 's', '-', '-', "", "Earlier loans"},
    {"gender", 'c', '-', '-', 'p', GENDERS, "Gender"},
    {"marital_status", 'c', '-', '-', 'p', MARITAL, "Marital status"},
    {"employment_type", 'c', '-', '-', '-', EMPLOYMENT, "Employment type"},
    {"loan_type", 'c', '-', '-', '-', LOAN_TYPES, "Loan type and security"},
};

/* The second set. Its scales and its group are the portfolio's own choice. */
static const struct {
    const char *name;
    char kind;
} behavioural[] = {
    {"missed_payment_count", 'n'},
    {"late_payment_ratio", 'n'},
    {"partial_payment_ratio", 'n'},
    {"avg_dpd", 'n'},
    {"max_dpd", 'n'},
    {"std_dpd", 'n'},
    {"ever_90_plus_dpd", 'f'},
    {"avg_payment_to_due_ratio", 'n'},
    {"auto_debit_ratio", 'n'},
    {"avg_dpd_last_6", 'n'},
    {"late_count_last_6", 'n'},
    {"dpd_trend_3v6", 'n'},
    {"max_consecutive_late_payments", 'n'},
    {"has_repayment_history", 'f'},
};

static struct cr_portfolio *portfolio;

static int setup(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("config/portfolios/retail");
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_portfolio_load(path, NULL, &portfolio, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cr_portfolio_destroy(portfolio);
    return 0;
}

static char kind_of(const struct cr_feature *feature)
{
    static const char letters[] = {
        [CR_NUMERIC] = 'n', [CR_ORDINAL] = 'o', [CR_NOMINAL] = 'c', [CR_FLAG] = 'f'};

    return letters[feature->kind];
}

static char scale_of(const struct cr_feature *feature)
{
    static const char letters[] = {
        [CR_SCALE_NONE] = '-', [CR_SCALE_STANDARD] = 's', [CR_SCALE_ROBUST] = 'r'};

    return letters[feature->scale];
}

static char protection_of(const struct cr_feature *feature)
{
    static const char letters[] = {
        [CR_UNPROTECTED] = '-', [CR_RESTRICTED] = 'r', [CR_PROHIBITED] = 'p'};

    return letters[feature->protection];
}

static void assert_letter(const char *name, const char *what, char got, char wanted)
{
    if (got != wanted) {
        fail_msg("%s: %s is '%c', not '%c'", name, what, got, wanted);
    }
}

static void assert_levels(const struct cr_feature *feature, const char *wanted)
{
    char joined[256] = "";

    for (size_t i = 0; i < feature->levels.n; i++) {
        size_t len = strlen(joined);

        (void)snprintf(joined + len, sizeof(joined) - len, "%s%s", i > 0 ? "|" : "",
                       feature->levels.texts[i]);
    }
    assert_string_equal(joined, wanted);
}

static void test_application_features(void **state)
{
    (void)state;
    assert_int_equal(CR_ARRAY_LEN(catalogue), N_APPLICATION);
    assert_int_equal(portfolio->n_features, N_ALL);
    for (size_t i = 0; i < N_APPLICATION; i++) {
        const struct cr_feature *feature = &portfolio->features[i];
        const char *name = catalogue[i].name;

        assert_string_equal(feature->name, name);
        assert_letter(name, "kind", kind_of(feature), catalogue[i].kind);
        assert_letter(name, "scale", scale_of(feature), catalogue[i].scale);
        assert_letter(name, "indicator", feature->indicator ? 'i' : '-', catalogue[i].indicator);
        assert_letter(name, "protection", protection_of(feature), catalogue[i].protection);
        assert_levels(feature, catalogue[i].levels);
        assert_string_equal(feature->group, catalogue[i].group);
        assert_int_equal(feature->set, 0);
    }
}

static void test_behavioural_features(void **state)
{
    (void)state;
    assert_int_equal(portfolio->n_sets, 2);
    assert_string_equal(portfolio->sets[0].name, "application");
    assert_int_equal(portfolio->sets[0].extends, -1);
    assert_string_equal(portfolio->sets[1].name, "behavioural");
    assert_int_equal(portfolio->sets[1].extends, 0);
    assert_int_equal(CR_ARRAY_LEN(behavioural), N_ALL - N_APPLICATION);
    for (size_t i = 0; i < CR_ARRAY_LEN(behavioural); i++) {
        const struct cr_feature *feature = &portfolio->features[N_APPLICATION + i];
        const char *name = behavioural[i].name;

        assert_string_equal(feature->name, name);
        assert_letter(name, "kind", kind_of(feature), behavioural[i].kind);
        assert_letter(name, "indicator", feature->indicator ? 'i' : '-', '-');
        assert_letter(name, "protection", protection_of(feature), '-');
        assert_levels(feature, "");
        assert_int_equal(feature->set, 1);
        assert_false(cr_portfolio_set_has(portfolio, 0, N_APPLICATION + i));
        assert_true(cr_portfolio_set_has(portfolio, 1, N_APPLICATION + i));
    }
}

/* 41 values, 6 indicators and 19 one-hot columns make the 66 inputs. */
static void test_inputs_add_up(void **state)
{
    size_t n_values = 0, n_indicators = 0, n_one_hot = 0;

    (void)state;
    for (size_t i = 0; i < N_APPLICATION; i++) {
        const struct cr_feature *feature = &portfolio->features[i];

        n_values += feature->kind != CR_NOMINAL;
        n_indicators += feature->indicator;
        n_one_hot += feature->kind == CR_NOMINAL ? feature->levels.n : 0;
    }
    assert_int_equal(n_indicators, N_INDICATORS);
    assert_int_equal(n_one_hot, N_ONE_HOT);
    assert_int_equal(n_values + n_indicators + n_one_hot, N_INPUTS);
}

/* The first feature of each group, and only that one, has the words for people, which never name a
 * cause. */
static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < portfolio->n_features; i++) {
        const struct cr_feature *feature = &portfolio->features[i];
        bool first = true;

        for (size_t k = 0; k < i; k++) {
            first = first && strcmp(portfolio->features[k].group, feature->group) != 0;
        }
        assert_int_equal(feature->raises != NULL, first);
        assert_int_equal(feature->lowers != NULL, first);
        if (first) {
            assert_non_null(strstr(feature->raises, " raised the estimated risk"));
            assert_non_null(strstr(feature->lowers, " lowered the estimated risk"));
            assert_null(strstr(feature->raises, "cause"));
            assert_null(strstr(feature->lowers, "cause"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_application_features),
        cmocka_unit_test(test_behavioural_features),
        cmocka_unit_test(test_inputs_add_up),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
