// SPDX-License-Identifier: MIT
#include "process.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* The entries of /proc/self/stat that follow the program's name (proc(5): 3 to 24). */
enum { UTIME = 14, STIME = 15, START_TIME = 22, VSIZE = 23, RSS = 24, FIRST = 3 };

static double seconds(clockid_t clock)
{
    struct timespec now;

    return clock_gettime(clock, &now) == 0 ? (double)now.tv_sec + (double)now.tv_nsec / 1e9 : NAN;
}

/* The text after the name in parentheses, which may hold anything; NULL when there is none. */
static const char *read_stat(char *text, size_t size)
{
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, size - 1) : -1;
    char *end;

    if (fd >= 0) {
        (void)close(fd); /* a reader's close has nothing to report */
    }
    if (len <= 0) {
        return NULL;
    }
    text[len] = '\0';
    end = strrchr(text, ')');
    return end != NULL && end[1] == ' ' ? end + 2 : NULL;
}

static void take_stat(struct cr_process *process)
{
    double ticks = (double)sysconf(_SC_CLK_TCK);
    double page = (double)sysconf(_SC_PAGESIZE);
    unsigned long long numbers[RSS + 1] = {0};
    char space[1024];
    const char *text = read_stat(space, sizeof(space));

    if (text == NULL) {
        return;
    }
    for (int i = FIRST; i <= RSS; i++) {
        (void)sscanf(text, "%llu", &numbers[i]); /* the state is a letter, some are negative */
        text += strcspn(text, " ");
        text += *text == ' ';
    }
    process->cpu_s = (double)(numbers[UTIME] + numbers[STIME]) / ticks;
    process->start_s =
        seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME) + (double)numbers[START_TIME] / ticks;
    process->virtual_bytes = (double)numbers[VSIZE];
    process->resident_bytes = (double)numbers[RSS] * page;
}

static double count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    double n = 0;

    if (folder == NULL) {
        return NAN;
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        n += entry->d_name[0] != '.';
    }
    (void)closedir(folder); /* a reader's close has nothing to report */
    return n - 1;           /* without the folder itself */
}

struct cr_process cr_process_read(void)
{
    struct cr_process process = {NAN, NAN, NAN, NAN, NAN, NAN};
    struct rlimit limit;

    take_stat(&process);
    process.open_fds = count_fds();
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        process.max_fds = (double)limit.rlim_cur;
    }
    return process;
}
