// SPDX-License-Identifier: MIT
/* Private to daemon/: are there such loan books? */
#ifndef DAEMON_PORTFOLIO_H
#define DAEMON_PORTFOLIO_H

#include "creditrisk/settings/settings.h"
#include "creditrisk/util/error.h"

/* CR_ENOTFOUND when nobody knows a portfolio that the settings name (portfolio, portfolios),
 * neither paths.portfolios by a folder nor the registry by a version. Where there is no
 * paths.portfolios, as beside a replica, its first version may come later: that is logged only. A
 * registry that cannot be read may know it. */
int cr_daemon_check_portfolios(const struct cr_settings *settings, struct cr_error *err);

#endif
