// SPDX-License-Identifier: MIT
#include "creditrisk/util/progress.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "creditrisk/util/clock.h"

enum {
    BAR_WIDTH = 24,
    REDRAW_NS = 100000000, /* the bar moves at most ten times a second */
    LINE_PERCENT = 10,     /* without a terminal: a line per so many percent … */
};
#define SHORT_NS INT64_C(1000000000)  /* … but not more often than this … */
#define LINE_NS  INT64_C(30000000000) /* … or, when the total is unknown, per so much time */

struct cr_progress {
    pthread_mutex_t mutex; /* guards what follows it */
    size_t done;
    int64_t shown_ns;    /* when the last bar or line was written */
    unsigned shown_part; /* of LINE_PERCENT each, at the last line */
    char note[64];

    size_t total;
    int64_t start_ns;
    bool terminal;
    char title[];
};

struct cr_progress *cr_progress_create(const char *title, size_t total, bool quiet)
{
    size_t len = strlen(title) + 1;
    struct cr_progress *progress = quiet ? NULL : malloc(sizeof(*progress) + len);

    if (progress == NULL) {
        return NULL;
    }
    *progress = (struct cr_progress){
        .total = total, .start_ns = cr_clock_ns(), .terminal = isatty(STDERR_FILENO) == 1};
    progress->shown_ns = progress->start_ns;
    memcpy(progress->title, title, len);
    if (pthread_mutex_init(&progress->mutex, NULL) != 0) {
        free(progress);
        return NULL;
    }
    return progress;
}

/* "0.4 s", "12 s", "3:07", "1:02:59" */
static void format_time(double seconds, char *text, size_t size)
{
    unsigned long whole = (unsigned long)(seconds + 0.5);

    if (seconds < 9.95) {
        (void)snprintf(text, size, "%.1f s", seconds);
    } else if (whole < 60) {
        (void)snprintf(text, size, "%lu s", whole);
    } else if (whole < 3600) {
        (void)snprintf(text, size, "%lu:%02lu", whole / 60, whole % 60);
    } else {
        (void)snprintf(text, size, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60, whole % 60);
    }
}

/* What the bar and the line have in common: "37/100, 12 s, 20 s left, note" */
static void format_state(const struct cr_progress *progress, int64_t now, char *text, size_t size)
{
    double elapsed = (double)(now - progress->start_ns) * 1e-9;
    char elapsed_text[32], left_text[32], of[32], left[48] = "";

    format_time(elapsed, elapsed_text, sizeof(elapsed_text));
    if (progress->total > 0) {
        (void)snprintf(of, sizeof(of), "/%zu", progress->total);
    } else {
        (void)snprintf(of, sizeof(of), " row%s", progress->done == 1 ? "" : "s");
    }
    if (progress->done > 0 && progress->done < progress->total) {
        double done = (double)progress->done;

        format_time(elapsed * ((double)progress->total - done) / done, left_text,
                    sizeof(left_text));
        (void)snprintf(left, sizeof(left), ", %s left", left_text);
    }
    (void)snprintf(text, size, "%zu%s, %s%s%s%s", progress->done, of, elapsed_text, left,
                   progress->note[0] != '\0' ? ", " : "", progress->note);
}

static size_t share(const struct cr_progress *progress, size_t whole)
{
    size_t part = progress->done * whole / progress->total; /* whole is small */

    return part < whole ? part : whole;
}

static void draw_bar(const struct cr_progress *progress, int64_t now)
{
    char state[192], bar[BAR_WIDTH + 1] = "";

    format_state(progress, now, state, sizeof(state));
    if (progress->total == 0) {
        (void)fprintf(stderr, "\r%s  %s\033[K", progress->title, state); /* only for looks */
        return;
    }
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', share(progress, BAR_WIDTH));
    (void)fprintf(stderr, "\r%s [%s] %3zu %%  %s\033[K", progress->title, bar, share(progress, 100),
                  state); /* only for looks */
}

static void print_line(const struct cr_progress *progress, int64_t now)
{
    char state[192];

    format_state(progress, now, state, sizeof(state));
    if (progress->total > 0) {
        (void)fprintf(stderr, "%s: %zu %%, %s\n", progress->title, share(progress, 100), state);
    } else {
        (void)fprintf(stderr, "%s: %s\n", progress->title, state);
    }
}

static void show(struct cr_progress *progress)
{
    int64_t now = cr_clock_ns();

    if (progress->terminal) {
        if (now - progress->shown_ns >= REDRAW_NS) {
            draw_bar(progress, now);
            progress->shown_ns = now;
        }
    } else if (progress->total > 0) {
        unsigned part = (unsigned)share(progress, 100 / LINE_PERCENT);

        if (part > progress->shown_part && progress->done < progress->total &&
            now - progress->shown_ns >= SHORT_NS) {
            print_line(progress, now);
            progress->shown_ns = now;
            progress->shown_part = part;
        }
    } else if (now - progress->shown_ns >= LINE_NS) {
        print_line(progress, now);
        progress->shown_ns = now;
    }
}

void cr_progress_advance(struct cr_progress *progress, size_t steps, const char *note)
{
    if (progress == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&progress->mutex); /* cannot fail for a mutex that exists */
    progress->done += steps;
    if (note != NULL) {
        (void)snprintf(progress->note, sizeof(progress->note), "%s", note); /* may be cut */
    }
    show(progress);
    (void)pthread_mutex_unlock(&progress->mutex);
}

static void release(struct cr_progress *progress)
{
    (void)pthread_mutex_destroy(&progress->mutex);
    free(progress);
}

void cr_progress_destroy(struct cr_progress *progress)
{
    if (progress == NULL) {
        return;
    }
    if (progress->terminal) {
        draw_bar(progress, cr_clock_ns());
        (void)fputc('\n', stderr);
    } else {
        print_line(progress, cr_clock_ns());
    }
    release(progress);
}

void cr_progress_abandon(struct cr_progress *progress)
{
    if (progress == NULL) {
        return;
    }
    if (progress->terminal) {
        (void)fputs("\r\033[K", stderr); /* only for looks */
    }
    release(progress);
}
