// SPDX-License-Identifier: MIT
/* Private to train/: costs written into the text of a policy.yaml. */
#ifndef CREDITRISK_SRC_TRAIN_POLICY_TEXT_H
#define CREDITRISK_SRC_TRAIN_POLICY_TEXT_H

#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/strbuf.h"

/* Appends text[0..len) to out with the values of costs.false_negative and costs.false_positive
 * replaced where they differ; every other byte, comments too, stays. `name` stands in messages.
 * CR_EPARSE when the text is no policy or a value is written in a way that cannot be replaced. */
int cr_policy_text_set_costs(const char *name, const char *text, size_t len,
                             const struct cr_costs *costs, struct cr_strbuf *out,
                             struct cr_error *err);

#endif
