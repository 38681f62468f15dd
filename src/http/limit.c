// SPDX-License-Identifier: MIT
/* The bucket in one number: `full_at`, the time when it is full again if nothing more is taken (the
 * "theoretical arrival time" of ITU-T I.371's generic cell rate algorithm). Each token moves it
 * window / quota further; more than one window ahead of now there is no token. A bucket that is
 * full is no different from one that was never used, so an entry may be given away then.
 *
 * Buckets stand in a table of sets; a client's hash chooses the set, and within it the bucket that
 * is full the longest, or nearest to it, makes room. */
#include "limit.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

enum { N_SETS = 2048, N_WAYS = 8, N_LOCKS = 64, TAG_LEN = crypto_shorthash_siphashx24_BYTES };

struct bucket {
    unsigned char tag[TAG_LEN]; /* the client's keyed hash: 128 bits */
    int64_t full_at_ns;
};

struct cr_limit {
    unsigned quota;
    unsigned window_s;
    unsigned char key[crypto_shorthash_siphashx24_KEYBYTES];
    pthread_mutex_t locks[N_LOCKS]; /* set i belongs to lock i % N_LOCKS */
    struct bucket sets[N_SETS][N_WAYS];
};

int cr_limit_create(unsigned quota, unsigned window_s, struct cr_limit **ret_limit,
                    struct cr_error *err)
{
    struct cr_limit *limit = calloc(1, sizeof(*limit));

    assert(quota > 0 && window_s > 0);
    if (limit == NULL) {
        return cr_error_no_memory(err);
    }
    limit->quota = quota;
    limit->window_s = window_s;
    randombytes_buf(limit->key, sizeof(limit->key));
    for (size_t i = 0; i < N_LOCKS; i++) {
        limit->locks[i] = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    }
    *ret_limit = limit;
    return 0;
}

void cr_limit_destroy(struct cr_limit *limit)
{
    free(limit);
}

/* The client's bucket, or the one that becomes its. */
static struct bucket *find(struct bucket set[N_WAYS], const unsigned char tag[TAG_LEN])
{
    struct bucket *oldest = &set[0];

    for (size_t i = 0; i < N_WAYS; i++) {
        if (memcmp(set[i].tag, tag, TAG_LEN) == 0) {
            return &set[i];
        }
        if (set[i].full_at_ns < oldest->full_at_ns) {
            oldest = &set[i];
        }
    }
    memcpy(oldest->tag, tag, TAG_LEN);
    oldest->full_at_ns = 0;
    return oldest;
}

static unsigned seconds_up(int64_t ns)
{
    return (unsigned)((ns + 999999999) / 1000000000);
}

static struct cr_limit_verdict take(const struct cr_limit *limit, struct bucket *bucket,
                                    int64_t now_ns)
{
    int64_t window_ns = (int64_t)limit->window_s * 1000000000;
    int64_t token_ns = window_ns / limit->quota;
    int64_t full_at_ns = bucket->full_at_ns > now_ns ? bucket->full_at_ns : now_ns;
    int64_t ahead_ns = full_at_ns + token_ns - now_ns;
    struct cr_limit_verdict verdict = {.allowed = ahead_ns <= window_ns};

    if (verdict.allowed) {
        bucket->full_at_ns = full_at_ns + token_ns;
    } else {
        verdict.retry_after_s = seconds_up(ahead_ns - window_ns);
        ahead_ns -= token_ns;
    }
    verdict.remaining = (unsigned)((window_ns - ahead_ns) / token_ns);
    verdict.remaining = verdict.remaining < limit->quota ? verdict.remaining : limit->quota;
    verdict.full_in_s = seconds_up(ahead_ns);
    return verdict;
}

struct cr_limit_verdict cr_limit_take(struct cr_limit *limit, const void *name, size_t name_len,
                                      int64_t now_ns)
{
    unsigned char tag[TAG_LEN];
    struct cr_limit_verdict verdict;
    size_t set;

    (void)crypto_shorthash_siphashx24(tag, name, name_len, limit->key); /* cannot fail */
    memcpy(&set, tag, sizeof(set));
    set %= N_SETS;
    (void)pthread_mutex_lock(&limit->locks[set % N_LOCKS]); /* these fail only for misuse */
    verdict = take(limit, find(limit->sets[set], tag), now_ns);
    (void)pthread_mutex_unlock(&limit->locks[set % N_LOCKS]);
    return verdict;
}

void cr_limit_policy(const struct cr_limit *limit, char ret_text[CR_LIMIT_TEXT_LEN])
{
    (void)snprintf(ret_text, CR_LIMIT_TEXT_LEN, "\"default\";q=%u;w=%u", limit->quota,
                   limit->window_s); /* fits */
}

void cr_limit_state(const struct cr_limit_verdict *verdict, char ret_text[CR_LIMIT_TEXT_LEN])
{
    (void)snprintf(ret_text, CR_LIMIT_TEXT_LEN, "\"default\";r=%u;t=%u", verdict->remaining,
                   verdict->full_in_s); /* fits */
}
