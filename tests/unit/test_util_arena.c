// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <stdalign.h>

#include "creditrisk/util/arena.h"
#include "creditrisk/util/rng.h"

static void test_empty(void **state)
{
    struct cr_arena arena = {0};

    (void)state;
    cr_arena_finish(&arena);
    cr_arena_finish(NULL);
    cr_arena_init(&arena, 0);
    cr_arena_reset(&arena);
    assert_null(arena.blocks);
    cr_arena_finish(&arena);
}

/* Allocations are aligned, zeroed, apart from each other, and hold what was written to them. */
static void test_alloc(void **state)
{
    enum { N = 500 };
    struct cr_arena arena;
    struct cr_rng rng;
    unsigned char *items[N];
    size_t sizes[N];

    (void)state;
    cr_arena_init(&arena, 0);
    cr_rng_init(&rng, 1, 0);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < N; i++) {
            sizes[i] = (size_t)cr_rng_below(&rng, i % 50 == 0 ? 20000 : 200);
            items[i] = cr_arena_alloc(&arena, sizes[i]);
            assert_non_null(items[i]);
            assert_int_equal((uintptr_t)items[i] % alignof(max_align_t), 0);
            for (size_t j = 0; j < sizes[i]; j++) {
                assert_int_equal(items[i][j], 0);
            }
            memset(items[i], (int)(i % 251) + 1, sizes[i]);
        }
        for (size_t i = 0; i < N; i++) {
            for (size_t j = 0; j < sizes[i]; j++) {
                assert_int_equal(items[i][j], i % 251 + 1);
            }
        }
        cr_arena_reset(&arena);
        assert_int_equal(arena.used, 0);
    }
    cr_arena_finish(&arena);
}

/* The second request of a size needs no new block. */
static void test_reset_keeps_the_largest(void **state)
{
    struct cr_arena arena;
    const struct cr_arena_block *kept;

    (void)state;
    cr_arena_init(&arena, 0);
    assert_int_equal(cr_arena_kept(&arena), 0);
    for (int i = 0; i < 1000; i++) {
        assert_non_null(cr_arena_alloc(&arena, 100));
    }
    kept = arena.blocks;
    cr_arena_reset(&arena);
    assert_ptr_equal(arena.blocks, kept);
    assert_in_range(cr_arena_kept(&arena), 1000 * 100 / 2, 1000 * 100 * 2);
    for (int i = 0; i < 400; i++) {
        assert_non_null(cr_arena_alloc(&arena, 100));
    }
    assert_ptr_equal(arena.blocks, kept);
    cr_arena_finish(&arena);
}

static void test_limit(void **state)
{
    struct cr_arena arena;

    (void)state;
    cr_arena_init(&arena, 1024);
    assert_null(cr_arena_alloc(&arena, 1025));
    assert_non_null(cr_arena_alloc(&arena, 1000));
    assert_null(cr_arena_alloc(&arena, 100));
    assert_non_null(cr_arena_alloc(&arena, 1));
    assert_null(cr_arena_alloc(&arena, 1));
    cr_arena_reset(&arena);
    assert_non_null(cr_arena_alloc(&arena, 1024));
    cr_arena_finish(&arena);
}

static void test_absurd_sizes(void **state)
{
    struct cr_arena arena;

    (void)state;
    cr_arena_init(&arena, 0);
    assert_null(cr_arena_alloc(&arena, SIZE_MAX));
    assert_null(cr_arena_alloc(&arena, SIZE_MAX - 64));
    assert_null(cr_arena_alloc_array(&arena, SIZE_MAX / 8 + 2, 8));
    assert_null(cr_arena_strndup(&arena, "", SIZE_MAX));
    assert_non_null(cr_arena_alloc_array(&arena, 0, 8));
    assert_non_null(cr_arena_alloc_array(&arena, 8, 0));
    cr_arena_finish(&arena);
}

static void test_strndup(void **state)
{
    struct cr_arena arena;

    (void)state;
    cr_arena_init(&arena, 0);
    assert_string_equal(cr_arena_strndup(&arena, "abcdef", 3), "abc");
    assert_string_equal(cr_arena_strndup(&arena, NULL, 0), "");
    assert_memory_equal(cr_arena_strndup(&arena, "a\0b", 3), "a\0b", 4);
    cr_arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_reset_keeps_the_largest),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_absurd_sizes),
        cmocka_unit_test(test_strndup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
