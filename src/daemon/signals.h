// SPDX-License-Identifier: MIT
/* Private to daemon/: signals as events of the main thread. */
#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

enum cr_signal { CR_SIGNAL_STOP, CR_SIGNAL_RELOAD };

/* Blocks the signals below; to be called before the first thread, which inherits it. */
void cr_signals_block(void);

/* Waits for SIGTERM or SIGINT (stop) or SIGHUP (reload); *ret_name is its name, static. */
enum cr_signal cr_signals_wait(const char **ret_name);

#endif
