// SPDX-License-Identifier: MIT
/* What is counted of each loan book, whatever its portfolio says. */
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "metrics_impl.h"

static void book_destroy(struct cr_book_counters *book)
{
    if (book != NULL) {
        free(book->portfolio);
        free(book->threads);
        free(book);
    }
}

CR_DEFINE_CLEANUP(struct cr_book_counters *, book_destroy);

/* NULL without memory. */
static struct cr_book_counters *book_create(const char *portfolio, size_t n_threads)
{
    CR_CLEANUP(book_destroyp) struct cr_book_counters *book = calloc(1, sizeof(*book));

    if (book != NULL) {
        book->portfolio = strdup(portfolio);
        book->threads =
            aligned_alloc(_Alignof(struct cr_score_counters), n_threads * sizeof(*book->threads));
    }
    if (book == NULL || book->portfolio == NULL || book->threads == NULL) {
        return NULL;
    }
    memset(book->threads, 0, n_threads * sizeof(*book->threads));
    return CR_STEAL(book);
}

struct cr_book_counters *cr_metrics_book(struct cr_metrics *metrics, const char *portfolio)
{
    struct cr_book_counters **link = &metrics->books;

    while (*link != NULL && strcmp((*link)->portfolio, portfolio) != 0) {
        link = &(*link)->next;
    }
    if (*link == NULL) {
        *link = book_create(portfolio, metrics->n_threads);
    }
    return *link;
}

void cr_metrics_free_books(struct cr_book_counters *books)
{
    while (books != NULL) {
        struct cr_book_counters *next = books->next;

        book_destroy(books);
        books = next;
    }
}

void cr_metrics_count_load(struct cr_metrics *metrics, const char *portfolio, enum cr_load load,
                           bool loaded)
{
    struct cr_book_counters *book;

    (void)pthread_mutex_lock(&metrics->lock); /* these fail only for misuse */
    book = cr_metrics_book(metrics, portfolio);
    (void)pthread_mutex_unlock(&metrics->lock);
    if (book != NULL) {
        (void)atomic_fetch_add_explicit(&book->loads[load][loaded], 1, memory_order_relaxed);
    }
}
