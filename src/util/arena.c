// SPDX-License-Identifier: MIT
#include "creditrisk/util/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Every block is at least twice as large as the one before it, so the newest is the largest: it is
 * the one a reset keeps, and the next request of the same size needs no other. */
enum { FIRST_BLOCK = 4096 };

struct cr_arena_block {
    struct cr_arena_block *next;
    size_t cap;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

static size_t round_up(size_t size)
{
    const size_t align = alignof(max_align_t);

    return size == 0 ? align : (size + align - 1) / align * align;
}

static struct cr_arena_block *add_block(struct cr_arena *arena, size_t size)
{
    size_t cap = FIRST_BLOCK;
    struct cr_arena_block *block;

    if (arena->blocks != NULL && arena->blocks->cap <= SIZE_MAX / 4) {
        cap = 2 * arena->blocks->cap;
    }
    if (cap < size) {
        cap = size;
    }
    block = malloc(sizeof(*block) + cap);
    if (block == NULL) {
        return NULL;
    }
    *block = (struct cr_arena_block){.next = arena->blocks, .cap = cap};
    arena->blocks = block;
    return block;
}

static void free_blocks(struct cr_arena_block *block)
{
    while (block != NULL) {
        struct cr_arena_block *next = block->next;

        free(block);
        block = next;
    }
}

void cr_arena_init(struct cr_arena *arena, size_t max)
{
    *arena = (struct cr_arena){.max = max};
}

void cr_arena_finish(struct cr_arena *arena)
{
    if (arena != NULL) {
        free_blocks(arena->blocks);
        *arena = (struct cr_arena){0};
    }
}

void cr_arena_reset(struct cr_arena *arena)
{
    arena->used = 0;
    if (arena->blocks != NULL) {
        free_blocks(arena->blocks->next);
        arena->blocks->next = NULL;
        arena->blocks->used = 0;
    }
}

size_t cr_arena_kept(const struct cr_arena *arena)
{
    return arena->blocks != NULL ? arena->blocks->cap : 0;
}

void *cr_arena_alloc(struct cr_arena *arena, size_t size)
{
    struct cr_arena_block *block = arena->blocks;
    unsigned char *bytes;

    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    size = round_up(size);
    if (arena->max != 0 && (arena->used > arena->max || size > arena->max - arena->used)) {
        return NULL;
    }
    if (block == NULL || size > block->cap - block->used) {
        block = add_block(arena, size);
        if (block == NULL) {
            return NULL;
        }
    }
    bytes = block->bytes + block->used;
    block->used += size;
    arena->used += size;
    return memset(bytes, 0, size);
}

void *cr_arena_alloc_array(struct cr_arena *arena, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size) {
        return NULL;
    }
    return cr_arena_alloc(arena, n * size);
}

char *cr_arena_strndup(struct cr_arena *arena, const char *text, size_t len)
{
    char *copy = len < SIZE_MAX ? cr_arena_alloc(arena, len + 1) : NULL;

    if (copy != NULL && len > 0) {
        memcpy(copy, text, len);
    }
    return copy;
}
