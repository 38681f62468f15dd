// SPDX-License-Identifier: MIT
#include "creditrisk/decision/policy.h"

#include <math.h>

const struct cr_band *cr_policy_band(const struct cr_policy *policy, double threshold, double pd)
{
    size_t last = policy->n_bands - 1;

    for (size_t i = 0; i < last; i++) {
        if (pd < policy->bands[i].below * threshold) {
            return &policy->bands[i];
        }
    }
    return &policy->bands[last];
}

bool cr_policy_increases_risk(double contribution)
{
    return contribution > 0.0;
}

const char *cr_policy_direction(double contribution)
{
    return cr_policy_increases_risk(contribution) ? "increases_risk" : "decreases_risk";
}

double cr_policy_impact(double contribution, double largest)
{
    double share = largest > 0.0 ? fabs(contribution) / largest : 0.0;

    return 100.0 * sqrt(share);
}
