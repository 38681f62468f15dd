// SPDX-License-Identifier: MIT
/* A small flat portfolio for tests: eight lines of CSV say what its table is. */
#ifndef CREDITRISK_TESTS_CR_FLAT_H
#define CREDITRISK_TESTS_CR_FLAT_H

#include "cr_test.h"

#define CR_FLAT_APPLICATION                                                                        \
    "title: Small cards\n"                                                                         \
    "currency: {code: EUR, symbol: \"€\", grouping: thousands}\n"                                \
    "outcome: {name: is_bad, label: Bad, definition: \"Charged off\"}\n"                           \
    "keys: {row: card, customer: client, date: opened, test: is_test}\n"                           \
    "book:\n"                                                                                      \
    "  table: cards\n"                                                                             \
    "  separator: \";\"\n"                                                                         \
    "  missing: [\"\", \"NA\"]\n"                                                                  \
    "  columns: {is_bad: Loan Status, amount: Amount (EUR)}\n"                                     \
    "  good: [Fully Paid]\n"                                                                       \
    "  bad: [Charged Off, Default]\n"                                                              \
    "groups: [All]\n"                                                                              \
    "fields:\n"                                                                                    \
    "  - {name: amount, type: number, min: 0, max: 1000, required: true, group: All}\n"            \
    "  - {name: kind, type: enum, choices: [new, old], aliases: {N: new, O: old}, nullable: true," \
    " group: All}\n"                                                                               \
    "  - {name: visits, type: int, min: 0, max: 9, group: All}\n"                                  \
    "  - {name: is_client, type: bool, required: true, group: All}\n"

#define CR_FLAT_FEATURES_SQL "SELECT row_id, amount, kind, visits FROM application\n"

#define CR_FLAT_FEATURES                                                                           \
    "sets: [{name: all}]\n"                                                                        \
    "features:\n"                                                                                  \
    "  - {name: amount, kind: numeric, group: Amount, sources: [amount]}\n"                        \
    "  - {name: kind, kind: nominal, levels: [new, old], group: Kind, sources: [kind]}\n"          \
    "  - {name: visits, kind: numeric, group: Visits, sources: [visits]}\n"

#define CR_FLAT_POLICY                                                                             \
    "costs: {false_negative: 10, false_positive: 1}\n"                                             \
    "threshold: {from: 0.05, to: 0.95, step: 0.01}\n"                                              \
    "bands: [{name: All, color: \"#ef4444\", action: Look, description: Look}]\n"

#define CR_FLAT_SEARCH                                                                             \
    "folds: 5\n"                                                                                   \
    "seed: 1\n"                                                                                    \
    "models: {logistic: {fixed: {penalty: l2, C: 1}}}\n"

#define CR_FLAT_TRAINING "SELECT * FROM cards WHERE is_bad IS NOT NULL ORDER BY row_number\n"

/* Writes the portfolio into a new folder; yours (free). */
static inline char *cr_flat_folder(void)
{
    static const struct {
        const char *name;
        const char *text;
    } files[] = {
        {"application.yaml", CR_FLAT_APPLICATION}, {"features.sql", CR_FLAT_FEATURES_SQL},
        {"features.yaml", CR_FLAT_FEATURES},       {"policy.yaml", CR_FLAT_POLICY},
        {"search.yaml", CR_FLAT_SEARCH},           {"training.sql", CR_FLAT_TRAINING},
    };
    char *folder = cr_test_tempdir();

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        free(cr_test_write(folder, files[i].name, files[i].text));
    }
    return folder;
}

#endif
