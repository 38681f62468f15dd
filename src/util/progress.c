// SPDX-License-Identifier: MIT
#include "creditrisk/util/progress.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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
    bool ended;          /* the ticker is to stop … */
    pthread_cond_t wake; /* … at once */

    bool waits;       /* nobody advances it … */
    bool has_ticker;  /* … but a thread that shows it now and then */
    pthread_t ticker; /* if so */
    size_t total;
    int64_t start_ns;
    bool terminal;
    char title[];
};

/* Mutex and condition; the latter counts by the clock that nobody sets. */
static bool init_locks(struct cr_progress *progress)
{
    pthread_condattr_t attributes;

    if (pthread_mutex_init(&progress->mutex, NULL) != 0) {
        return false;
    }
    (void)pthread_condattr_init(&attributes); /* these two fail for misuse only */
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (pthread_cond_init(&progress->wake, &attributes) != 0) {
        (void)pthread_mutex_destroy(&progress->mutex);
        return false;
    }
    return true;
}

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
    if (!init_locks(progress)) {
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
    if (progress->waits) {
        (void)snprintf(text, size, "%s", elapsed_text);
        return;
    }
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

static void *tick(void *context)
{
    struct cr_progress *progress = context;
    struct timespec next;

    (void)clock_gettime(CLOCK_MONOTONIC, &next); /* cannot fail for this clock */
    (void)pthread_mutex_lock(&progress->mutex);  /* nor this for a mutex that exists */
    while (!progress->ended) {
        next.tv_sec++;
        while (!progress->ended &&
               pthread_cond_timedwait(&progress->wake, &progress->mutex, &next) == 0) {
        }
        if (!progress->ended) {
            show(progress);
        }
    }
    (void)pthread_mutex_unlock(&progress->mutex);
    return NULL;
}

struct cr_progress *cr_progress_create_waiting(const char *title, bool quiet)
{
    struct cr_progress *progress = cr_progress_create(title, 0, quiet);

    if (progress != NULL) {
        progress->waits = true;
        progress->has_ticker = pthread_create(&progress->ticker, NULL, tick, progress) == 0;
    }
    return progress;
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

/* From here on nobody else looks at it. */
static void stop_ticker(struct cr_progress *progress)
{
    if (progress->has_ticker) {
        (void)pthread_mutex_lock(&progress->mutex); /* cannot fail for a mutex that exists */
        progress->ended = true;
        (void)pthread_cond_signal(&progress->wake);
        (void)pthread_mutex_unlock(&progress->mutex);
        (void)pthread_join(progress->ticker, NULL);
    }
}

static void release(struct cr_progress *progress)
{
    (void)pthread_cond_destroy(&progress->wake);
    (void)pthread_mutex_destroy(&progress->mutex);
    free(progress);
}

void cr_progress_destroy(struct cr_progress *progress)
{
    if (progress == NULL) {
        return;
    }
    stop_ticker(progress);
    if (progress->waits && cr_clock_ns() - progress->start_ns < SHORT_NS) {
        release(progress);
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
    stop_ticker(progress);
    if (progress->terminal) {
        (void)fputs("\r\033[K", stderr); /* only for looks */
    }
    release(progress);
}
