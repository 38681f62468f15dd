// SPDX-License-Identifier: MIT
/* Private to daemon/: asks the daemon that the same settings describe whether it is ready. */
#ifndef DAEMON_HEALTHCHECK_H
#define DAEMON_HEALTHCHECK_H

#include "creditrisk/settings/settings.h"
#include "creditrisk/util/error.h"

/* 0 when GET /readyz is answered with 200 within a few seconds; CR_EUNAVAIL with the address and
 * why otherwise. CR_EINVAL for port 0. */
int cr_healthcheck(const struct cr_settings *settings, struct cr_error *err);

#endif
