// SPDX-License-Identifier: MIT
/* Policy: from a PD to a band. */
#ifndef CREDITRISK_DECISION_POLICY_H
#define CREDITRISK_DECISION_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"

/* The first band whose PD < below × threshold; the unrounded PD counts. Borrowed. */
const struct cr_band *cr_policy_band(const struct cr_policy *policy, double threshold, double pd);

/* Whether it counts as increasing the risk, and the word for it: "increases_risk" or
 * "decreases_risk". */
bool cr_policy_increases_risk(double contribution);
const char *cr_policy_direction(double contribution);

/* 100·√(|contribution| / largest), the display scale 0–100; 0 when largest is 0. */
double cr_policy_impact(double contribution, double largest);

#endif
