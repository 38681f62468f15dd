// SPDX-License-Identifier: MIT
#include "cr_retail.h"

#include "cr_engine.h"
#include "creditrisk/util/cleanup.h"

void cr_retail_init(struct cr_retail *retail, const char *schema)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_path("config/portfolios/retail");
    struct cr_error err;

    cr_assert_ok(cr_portfolio_load(path, NULL, &retail->portfolio, &err), &err);
    retail->db = cr_engine_open_tables(schema);
    retail->dir = cr_test_tempdir();
    cr_retail_write(retail, "customers.csv", CR_CUSTOMER_HEADER);
    cr_retail_write(retail, "credit_history.csv", CR_CREDIT_HEADER);
    cr_retail_write(retail, "loan_applications.csv", CR_LOAN_HEADER);
    cr_retail_write(retail, "repayment_history.csv", CR_REPAYMENT_HEADER);
}

void cr_retail_finish(struct cr_retail *retail)
{
    cr_db_close(retail->db);
    cr_portfolio_destroy(retail->portfolio);
    free(retail->dir);
}

void cr_retail_write(const struct cr_retail *retail, const char *name, const char *text)
{
    free(cr_test_write(retail->dir, name, text));
}
