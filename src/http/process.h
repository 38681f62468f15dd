// SPDX-License-Identifier: MIT
/* Private to http/: what the operating system knows of this process. */
#ifndef HTTP_PROCESS_H
#define HTTP_PROCESS_H

/* NaN where the system does not tell. */
struct cr_process {
    double cpu_s;          /* user and system time */
    double start_s;        /* since 1970 */
    double virtual_bytes;  /* address space */
    double resident_bytes; /* memory */
    double open_fds;       /* file descriptors … */
    double max_fds;        /* … and how many there may be */
};

struct cr_process cr_process_read(void);

#endif
