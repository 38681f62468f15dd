// SPDX-License-Identifier: MIT
#include "propose.h"

#include <stdio.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

/* Of every book that says nothing of its own. */
extern const char cr_proposed_policy[];
extern const size_t cr_proposed_policy_len;
extern const char cr_proposed_search[];
extern const size_t cr_proposed_search_len;

static int write_file(const char *folder, const char *name, const char *text, size_t len,
                      struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(folder, name);

    return path != NULL ? cr_fs_write(path, text, len, err)
                        : cr_error_set(err, CR_ENOMEM, "out of memory for a path");
}

/* The name of the first column of that role; "" when there is none. */
static const char *find_name(const struct cr_proposal *proposal, enum cr_propose_role role)
{
    for (size_t i = 0; i < proposal->n_columns; i++) {
        if (proposal->columns[i].role == role) {
            return proposal->columns[i].name;
        }
    }
    return "";
}

static int write_all(struct cr_proposal *proposal, const char *folder, size_t *ret_n_features,
                     struct cr_error *err)
{
    enum { APPLICATION, FEATURES_SQL, FEATURES_YAML, TRAINING, N_TEXTS };
    static const char *const names[N_TEXTS] = {"application.yaml", "features.sql", "features.yaml",
                                               "training.sql"};
    struct cr_strbuf texts[N_TEXTS] = {CR_STRBUF_INIT};
    int r = 0;

    cr_propose_put_application(proposal, &texts[APPLICATION]);
    cr_propose_put_features_sql(proposal, &texts[FEATURES_SQL]);
    cr_propose_put_features_yaml(proposal, &texts[FEATURES_YAML], ret_n_features);
    cr_strbuf_printf(&texts[TRAINING],
                     "SELECT * FROM %s WHERE %s IS NOT NULL ORDER BY row_number\n", proposal->table,
                     find_name(proposal, CR_PROPOSE_OUTCOME));
    for (size_t i = 0; i < N_TEXTS && r == 0; i++) {
        r = cr_strbuf_check(&texts[i], err);
        if (r == 0) {
            r = write_file(folder, names[i], cr_strbuf_text(&texts[i]), texts[i].len, err);
        }
    }
    for (size_t i = 0; i < N_TEXTS; i++) {
        cr_strbuf_finish(&texts[i]);
    }
    if (r == 0) {
        r = write_file(folder, "policy.yaml", cr_proposed_policy, cr_proposed_policy_len, err);
    }
    return r != 0
               ? r
               : write_file(folder, "search.yaml", cr_proposed_search, cr_proposed_search_len, err);
}

static size_t count_role(const struct cr_proposal *proposal, enum cr_propose_role role)
{
    size_t n = 0;

    for (size_t i = 0; i < proposal->n_columns; i++) {
        n += proposal->columns[i].role == role;
    }
    return n;
}

static size_t count_odd(const struct cr_proposal *proposal)
{
    size_t n = 0;

    for (size_t i = 0; i < proposal->n_columns; i++) {
        const struct cr_propose_column *column = &proposal->columns[i];

        n += column->role == CR_PROPOSE_FIELD ? column->seen->n_odd : 0;
    }
    return n;
}

static size_t count_foreign(const struct cr_proposal *proposal)
{
    size_t n = 0;

    for (size_t i = 0; i < proposal->n_columns; i++) {
        n += cr_propose_is_foreign(&proposal->columns[i]);
    }
    return n;
}

int cr_propose_portfolio(const char *csv, const struct cr_propose_options *options,
                         const char *folder, cr_propose_note_fn *on_note, void *context,
                         struct cr_propose_report *ret_report, struct cr_error *err)
{
    CR_CLEANUP(cr_profile_finish) struct cr_profile profile = {0};
    struct cr_proposal proposal = {0};
    size_t n_features = 0;
    int r = cr_profile_read(csv, options->cancelled, &profile, err);

    if (r == 0) {
        r = cr_propose_plan(&profile, options, &proposal, err);
    }
    if (r == 0) {
        r = cr_propose_count_test(csv, options->cancelled, &proposal, err);
    }
    if (r == 0) {
        r = write_all(&proposal, folder, &n_features, err);
    }
    if (r == 0) {
        *ret_report = (struct cr_propose_report){
            .n_rows = profile.n_rows,
            .n_fields = count_role(&proposal, CR_PROPOSE_FIELD),
            .n_features = n_features,
            .n_left_out = count_role(&proposal, CR_PROPOSE_LEFT_OUT),
            .n_foreign = count_foreign(&proposal),
            .n_odd = count_odd(&proposal),
            .n_bad = proposal.n_bad,
            .n_good = proposal.n_good,
            .n_test_bad = proposal.n_test_bad,
            .n_test_good = proposal.n_test_good,
        };
        (void)snprintf(ret_report->bad, sizeof(ret_report->bad), "%s", proposal.bad); /* as said */
        (void)snprintf(ret_report->test_column, sizeof(ret_report->test_column), "%s",
                       find_name(&proposal, CR_PROPOSE_TEST)); /* both have 64 */
    }
    if (r == 0 && on_note != NULL) {
        cr_propose_tell(&proposal, on_note, context);
    }
    free(proposal.columns);
    return r;
}
