// SPDX-License-Identifier: MIT
/* Private to daemon/: signals as events of the main thread. */
#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

enum cr_signal { CR_SIGNAL_STOP, CR_SIGNAL_RELOAD, CR_SIGNAL_NONE };

/* Blocks the signals below; to be called before the first thread, which inherits it. */
void cr_signals_block(void);

/* Waits for SIGTERM or SIGINT (stop) or SIGHUP (reload), at most timeout_s seconds (then none)
 * unless that is 0; *ret_name is the signal's name, static. */
enum cr_signal cr_signals_wait(int timeout_s, const char **ret_name);

/* A descriptor that is readable while SIGTERM or SIGINT waits to be heard; yours (close). −1 when
 * there can be none. */
int cr_signals_stop_fd(void);

#endif
