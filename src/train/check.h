// SPDX-License-Identifier: MIT
/* Private to train/: what the parts of a check share. */
#ifndef CREDITRISK_SRC_TRAIN_CHECK_H
#define CREDITRISK_SRC_TRAIN_CHECK_H

#include "creditrisk/features/extract.h"
#include "creditrisk/train/check.h"

struct cr_check {
    struct cr_db *db;
    const struct cr_portfolio *portfolio;
    bool may_write;
    cr_check_fault_fn *on_fault;
    void *context;
    struct cr_extract extract;
    struct cr_check_report report;
};

/* Tells a fault; line 0 is left out. */
void cr_check_tell(struct cr_check *check, const char *file, size_t line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Looks for fields that use what was not known yet, where it may write. */
int cr_check_future(struct cr_check *check, struct cr_error *err);

#endif
