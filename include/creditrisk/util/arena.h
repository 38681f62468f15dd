// SPDX-License-Identifier: MIT
/* Arena: memory that lives as long as one request and is freed as a whole. Not thread-safe. */
#ifndef CREDITRISK_UTIL_ARENA_H
#define CREDITRISK_UTIL_ARENA_H

#include <stddef.h>

struct cr_arena_block;

struct cr_arena {
    struct cr_arena_block *blocks; /* newest first */
    size_t used;                   /* bytes handed out since the last reset */
    size_t max;                    /* bytes that may be handed out; 0 = no limit */
};

/* An empty arena that hands out at most max bytes (0 = no limit). Allocates nothing yet. */
void cr_arena_init(struct cr_arena *arena, size_t max);

/* Frees everything; accepts a zeroed arena. */
void cr_arena_finish(struct cr_arena *arena);

/* Forgets everything handed out and keeps one block for the next request; its size. */
void cr_arena_reset(struct cr_arena *arena);
size_t cr_arena_kept(const struct cr_arena *arena);

/* size bytes, zeroed, aligned for any type; borrowed from the arena. NULL when the limit is reached
 * or memory is exhausted. */
void *cr_arena_alloc(struct cr_arena *arena, size_t size);

/* n × size with the product checked; otherwise as cr_arena_alloc. */
void *cr_arena_alloc_array(struct cr_arena *arena, size_t n, size_t size);

/* A NUL-terminated copy of len bytes; borrowed from the arena, NULL as above. */
char *cr_arena_strndup(struct cr_arena *arena, const char *text, size_t len);

#endif
