// SPDX-License-Identifier: MIT
/* A hash table with chains; entries come from one array and return to its free list when their
 * client has left. The hash is keyed: nobody outside can aim at one chain. */
#include "tally.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

struct entry {
    struct entry *next; /* of its chain, or of the free list */
    struct cr_address client;
    size_t n;
};

struct cr_tally {
    size_t max;
    size_t n_chains; /* a power of two */
    unsigned char key[crypto_shorthash_KEYBYTES];
    pthread_mutex_t lock; /* guards what follows */
    struct entry **chains;
    struct entry *entries;
    struct entry *unused;
};

int cr_tally_create(size_t capacity, size_t max, struct cr_tally **ret_tally, struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct cr_tally *tally = calloc(1, sizeof(*tally));
    CR_CLEANUP(cr_freep) struct entry *entries = calloc(capacity, sizeof(*entries));
    CR_CLEANUP(cr_freep) struct entry **chains = NULL;
    size_t n_chains = 16;

    while (n_chains < capacity) {
        n_chains *= 2;
    }
    chains = calloc(n_chains, sizeof(struct entry *));
    if (tally == NULL || entries == NULL || chains == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t i = 0; i + 1 < capacity; i++) {
        entries[i].next = &entries[i + 1];
    }
    *tally = (struct cr_tally){
        .max = max,
        .n_chains = n_chains,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .chains = CR_STEAL(chains),
        .entries = entries,
        .unused = entries,
    };
    entries = NULL;
    crypto_shorthash_keygen(tally->key);
    *ret_tally = CR_STEAL(tally);
    return 0;
}

void cr_tally_destroy(struct cr_tally *tally)
{
    if (tally != NULL) {
        free(tally->chains);
        free(tally->entries);
        free(tally);
    }
}

/* Where the pointer to the client's entry stands, or would stand. */
static struct entry **find(struct cr_tally *tally, const struct cr_address *client)
{
    uint64_t hash;
    struct entry **link;

    (void)crypto_shorthash((unsigned char *)&hash, client->bytes, sizeof(client->bytes),
                           tally->key); /* cannot fail */
    link = &tally->chains[hash & (tally->n_chains - 1)];
    while (*link != NULL && memcmp(&(*link)->client, client, sizeof(*client)) != 0) {
        link = &(*link)->next;
    }
    return link;
}

static bool enter(struct cr_tally *tally, const struct cr_address *client, size_t n)
{
    struct entry **link = find(tally, client);
    struct entry *entry = *link;

    if (n > tally->max) {
        return false;
    }
    if (entry == NULL) {
        entry = tally->unused;
        if (entry == NULL) {
            return false;
        }
        tally->unused = entry->next;
        *entry = (struct entry){NULL, *client, 0};
        *link = entry;
    }
    if (entry->n > tally->max - n) {
        return false;
    }
    entry->n += n;
    return true;
}

bool cr_tally_enter(struct cr_tally *tally, const struct cr_address *client, size_t n)
{
    bool entered;

    (void)pthread_mutex_lock(&tally->lock); /* these fail only for misuse */
    entered = enter(tally, client, n);
    (void)pthread_mutex_unlock(&tally->lock);
    return entered;
}

void cr_tally_leave(struct cr_tally *tally, const struct cr_address *client, size_t n)
{
    struct entry **link;
    struct entry *entry;

    (void)pthread_mutex_lock(&tally->lock); /* these fail only for misuse */
    link = find(tally, client);
    entry = *link;
    assert(entry != NULL && entry->n >= n);
    entry->n -= n;
    if (entry->n == 0) {
        *link = entry->next;
        entry->next = tally->unused;
        tally->unused = entry;
    }
    (void)pthread_mutex_unlock(&tally->lock);
}
