// SPDX-License-Identifier: MIT
/* Tables: the contributions of a forest's small trees, ready. The outcome of a tree's comparisons
 * (model/forest_outcomes.h) decides them, so a table holds those of all 2^n outcomes, made when the
 * forest is loaded by walking the tree (shap_walk.h) once for each, and the values of the leaves
 * that they lead to. A row adds one line of every table. */
#ifndef CREDITRISK_SRC_EXPLAIN_SHAP_TABLES_H
#define CREDITRISK_SRC_EXPLAIN_SHAP_TABLES_H

#include "creditrisk/model/forest.h"
#include "creditrisk/model/forest_outcomes.h"
#include "creditrisk/model/forest_slots.h"
#include "creditrisk/util/error.h"
#include "shap_walk.h"

struct cr_shap_tables;

/* Of a validated forest, its slots and its outcomes; keeps none of them. CR_ENOMEM. Immutable.
 * Yours: cr_shap_tables_destroy. */
int cr_shap_tables_create(const struct cr_forest *forest, const struct cr_forest_slots *slots,
                          const struct cr_forest_outcomes *outcomes,
                          const struct cr_walk_rules *rules, struct cr_shap_tables **ret_tables,
                          struct cr_error *err);
void cr_shap_tables_destroy(struct cr_shap_tables *tables);

/* Bytes of scratch for a row, aligned as malloc does. */
size_t cr_shap_tables_scratch_len(const struct cr_shap_tables *tables);

/* Adds the contributions of a row with these outcomes to contributions[0..n_inputs). Returns the
 * margin with the values of the leaves added, in tree order. */
double cr_shap_tables_add(const struct cr_shap_tables *tables, const unsigned char *outcomes,
                          double margin, void *scratch, double *contributions);

/* The values of the leaves alone: values[trees[i]] is that of the i-th table's tree. */
void cr_shap_tables_values(const struct cr_shap_tables *tables, const unsigned char *outcomes,
                           const size_t *trees, double *values);

#endif
