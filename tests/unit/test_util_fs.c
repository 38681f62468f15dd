// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/parallel.h"

static char *dir;

static int make_dir(void **state)
{
    (void)state;
    dir = cr_test_tempdir();
    return 0;
}

static int free_dir(void **state)
{
    (void)state;
    free(dir);
    return 0;
}

static void test_read(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "a.txt", "hello");
    CR_CLEANUP(cr_freep) char *empty = cr_test_write(dir, "empty", "");
    CR_CLEANUP(cr_freep) char *data = NULL;
    CR_CLEANUP(cr_freep) char *nothing = NULL;
    struct cr_error err;
    size_t len;

    (void)state;
    cr_assert_ok(cr_fs_read(path, 5, &data, &len, &err), &err);
    assert_int_equal(len, 5);
    assert_string_equal(data, "hello");
    cr_assert_ok(cr_fs_read(empty, 0, &nothing, &len, &err), &err);
    assert_int_equal(len, 0);
    assert_string_equal(nothing, "");
}

static void test_read_refuses(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "five", "hello");
    CR_CLEANUP(cr_freep) char *below = cr_fs_join(path, "x");
    CR_CLEANUP(cr_freep) char *fifo = cr_fs_join(dir, "fifo");
    char *data = NULL;
    struct cr_error err;
    size_t len;

    (void)state;
    assert_int_equal(cr_fs_read(path, 4, &data, &len, &err), CR_ETOOBIG);
    assert_non_null(strstr(err.message, path));
    assert_int_equal(cr_fs_read("/nonexistent/x", 4, &data, &len, &err), CR_ENOTFOUND);
    assert_string_equal(err.message, "cannot read '/nonexistent/x': No such file or directory");
    assert_int_equal(cr_fs_read(below, 4, &data, &len, &err), CR_ENOTFOUND);
    assert_int_equal(cr_fs_read(dir, 4, &data, &len, &err), CR_EIO);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(cr_fs_read(fifo, 4, &data, &len, &err), CR_EIO); /* and does not wait */
    assert_null(data);
}

static void test_write_replaces(void **state)
{
    CR_CLEANUP(cr_freep) char *folder = cr_fs_join(dir, "written");
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(folder, "file");
    CR_CLEANUP(cr_freep) char *data = NULL;
    struct cr_error err;
    char **names;
    size_t len, n;

    (void)state;
    assert_int_equal(cr_fs_write(path, "x", 1, &err), CR_ENOTFOUND);
    cr_assert_ok(cr_fs_mkdirs(folder, &err), &err);
    cr_assert_ok(cr_fs_write(path, "old", 3, &err), &err);
    cr_assert_ok(cr_fs_write(path, "n\0w!", 4, &err), &err);
    cr_assert_ok(cr_fs_read(path, 100, &data, &len, &err), &err);
    assert_int_equal(len, 4);
    assert_memory_equal(data, "n\0w!", 4);
    cr_assert_ok(cr_fs_list(folder, &names, &n, &err), &err);
    assert_int_equal(n, 1);
    cr_fs_free_names(names, n);
}

/* What cannot be put in place leaves nothing behind. */
static void test_write_fails_cleanly(void **state)
{
    CR_CLEANUP(cr_freep) char *folder = cr_fs_join(dir, "blocked");
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(folder, "target");
    CR_CLEANUP(cr_freep) char *inner = cr_fs_join(path, "inner");
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_fs_mkdirs(inner, &err), &err);
    assert_int_equal(cr_fs_write(path, "x", 1, &err), CR_EIO);
    assert_true(cr_fs_is_dir(inner));
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0); /* it is empty: no temporary file stayed */
}

/* A pipe, a symbolic link, even one that leads to a file or nowhere: all stay what they are. */
static void test_write_spares(void **state)
{
    CR_CLEANUP(cr_freep) char *file = cr_test_write(dir, "led-to", "old");
    CR_CLEANUP(cr_freep) char *data = NULL;
    CR_CLEANUP(cr_freep) char *expected = NULL;
    static const char *const names[] = {"a-pipe", "a-link", "a-dangling-link"};
    char *paths[CR_ARRAY_LEN(names)];
    struct stat before, after;
    struct cr_error err;
    size_t len;

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(names); i++) {
        paths[i] = cr_fs_join(dir, names[i]);
        assert_non_null(paths[i]);
    }
    assert_int_equal(mkfifo(paths[0], 0600), 0);
    assert_int_equal(symlink(file, paths[1]), 0);
    assert_int_equal(symlink("nowhere", paths[2]), 0);
    for (size_t i = 0; i < CR_ARRAY_LEN(names); i++) {
        assert_int_equal(lstat(paths[i], &before), 0);
        assert_false(cr_fs_is_replaceable(paths[i]));
        assert_int_equal(cr_fs_write(paths[i], "x", 1, &err), CR_EIO);
        assert_true(asprintf(&expected, "cannot write '%s': not a regular file", paths[i]) > 0);
        assert_string_equal(err.message, expected);
        free(CR_STEAL(expected));
        assert_int_equal(lstat(paths[i], &after), 0);
        assert_true(after.st_ino == before.st_ino && after.st_mode == before.st_mode);
        assert_int_equal(unlink(paths[i]), 0);
        assert_true(cr_fs_is_replaceable(paths[i])); /* nothing is there any more */
        free(paths[i]);
    }
    assert_true(cr_fs_is_replaceable(file));
    cr_assert_ok(cr_fs_read(file, 100, &data, &len, &err), &err);
    assert_string_equal(data, "old");
}

/* A full disk: the old content stays, and nothing else. */
static void test_write_without_space(void **state)
{
    CR_CLEANUP(cr_freep) char *folder = cr_fs_join(dir, "full");
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(folder, "file");
    CR_CLEANUP(cr_freep) char *data = NULL;
    const char big[5000] = "new";
    struct rlimit usual, small;
    struct cr_error err;
    size_t len;
    int result;

    (void)state;
    cr_assert_ok(cr_fs_mkdirs(folder, &err), &err);
    cr_assert_ok(cr_fs_write(path, "old", 3, &err), &err);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    small = (struct rlimit){.rlim_cur = 1000, .rlim_max = usual.rlim_max};
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    result = cr_fs_write(path, big, sizeof(big), &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    assert_int_equal(result, CR_EIO);
    cr_assert_ok(cr_fs_read(path, 100, &data, &len, &err), &err);
    assert_string_equal(data, "old");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_write_without_folder(void **state)
{
    struct cr_error err;

    (void)state;
    assert_int_equal(chdir(dir), 0);
    cr_assert_ok(cr_fs_write("plain-name", "x", 1, &err), &err);
    assert_true(cr_fs_exists("plain-name"));
    assert_int_equal(chdir("/"), 0);
}

static void test_mkdirs(void **state)
{
    CR_CLEANUP(cr_freep) char *deep = cr_fs_join(dir, "a//b/c/");
    CR_CLEANUP(cr_freep) char *file = cr_test_write(dir, "file", "x");
    CR_CLEANUP(cr_freep) char *below = cr_fs_join(file, "x");
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_fs_mkdirs(deep, &err), &err);
    cr_assert_ok(cr_fs_mkdirs(deep, &err), &err);
    assert_true(cr_fs_is_dir(deep));
    assert_int_equal(cr_fs_mkdirs(file, &err), CR_EIO);
    assert_int_equal(cr_fs_mkdirs(below, &err), CR_ENOTFOUND);
    assert_true(cr_fs_exists(file));
    assert_false(cr_fs_is_dir(file));
    assert_false(cr_fs_exists(below));
}

static void test_unmake_dirs(void **state)
{
    CR_CLEANUP(cr_freep) char *top = cr_fs_join(dir, "new");
    CR_CLEANUP(cr_freep) char *deep = cr_fs_join(top, "a/b");
    CR_CLEANUP(cr_freep) char *file = cr_fs_join(top, "a/file");
    CR_CLEANUP(cr_freep) char *below = cr_fs_join(dir, "fresh/x");
    struct cr_error err;
    size_t top_len;

    (void)state;
    cr_assert_ok(cr_fs_make_dirs(deep, &top_len, &err), &err);
    assert_int_equal(top_len, strlen(top));
    cr_fs_unmake_dirs(deep, top_len);
    assert_false(cr_fs_exists(top));
    assert_true(cr_fs_is_dir(dir)); /* it was there */

    cr_assert_ok(cr_fs_make_dirs(deep, &top_len, &err), &err);
    cr_assert_ok(cr_fs_write(file, "x", 1, &err), &err);
    cr_fs_unmake_dirs(deep, top_len);
    assert_false(cr_fs_exists(deep));
    assert_true(cr_fs_exists(file)); /* what is not empty stays */

    cr_assert_ok(cr_fs_make_dirs(top, &top_len, &err), &err);
    assert_int_equal(top_len, 0);
    cr_fs_unmake_dirs(top, top_len);
    assert_true(cr_fs_is_dir(top));

    CR_CLEANUP(cr_freep) char *fresh = cr_fs_join(dir, "fresh");
    CR_CLEANUP(cr_freep) char *too_long = malloc(400);
    assert_non_null(too_long);
    memset(too_long, 'n', 399);
    too_long[399] = '\0';
    CR_CLEANUP(cr_freep) char *impossible = cr_fs_join(below, too_long);
    assert_int_not_equal(cr_fs_make_dirs(impossible, &top_len, &err), 0);
    assert_false(cr_fs_exists(fresh)); /* a failure takes back what it made */
}

static void test_mkdtemp(void **state)
{
    CR_CLEANUP(cr_freep) char *one = NULL;
    CR_CLEANUP(cr_freep) char *two = NULL;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_fs_mkdtemp(dir, "v-", &one, &err), &err);
    cr_assert_ok(cr_fs_mkdtemp(dir, "v-", &two, &err), &err);
    assert_string_not_equal(one, two);
    assert_true(cr_fs_is_dir(one) && cr_fs_is_dir(two));
    assert_int_equal(cr_fs_mkdtemp("/nonexistent", "v-", &one, &err), CR_ENOTFOUND);
}

static void test_list(void **state)
{
    CR_CLEANUP(cr_freep) char *folder = cr_fs_join(dir, "list");
    CR_CLEANUP(cr_freep) char *sub = cr_fs_join(folder, "Sub");
    CR_CLEANUP(cr_freep) char *link = cr_fs_join(folder, "link");
    CR_CLEANUP(cr_freep) char *dangling = cr_fs_join(folder, "dangling");
    const char *const files[] = {"b", "a", ".hidden", "é", "B"};
    const char *const expected[] = {"B", "Sub", "a", "b", "link", "é"};
    struct cr_error err;
    char **names;
    size_t n;

    (void)state;
    cr_assert_ok(cr_fs_mkdirs(sub, &err), &err);
    for (size_t i = 0; i < CR_ARRAY_LEN(files); i++) {
        free(cr_test_write(folder, files[i], ""));
    }
    assert_int_equal(symlink("a", link), 0);
    assert_int_equal(symlink("nowhere", dangling), 0);
    cr_assert_ok(cr_fs_list(folder, &names, &n, &err), &err);
    assert_int_equal(n, CR_ARRAY_LEN(expected));
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(names[i], expected[i]);
    }
    cr_fs_free_names(names, n);
    cr_assert_ok(cr_fs_list(sub, &names, &n, &err), &err);
    assert_int_equal(n, 0);
    cr_fs_free_names(names, n);
    assert_int_equal(cr_fs_list("/nonexistent", &names, &n, &err), CR_ENOTFOUND);
}

static void test_rename_and_sync(void **state)
{
    CR_CLEANUP(cr_freep) char *from = cr_fs_join(dir, "tree/inner");
    CR_CLEANUP(cr_freep) char *tree = cr_fs_join(dir, "tree");
    CR_CLEANUP(cr_freep) char *to = cr_fs_join(dir, "published");
    CR_CLEANUP(cr_freep) char *moved = cr_fs_join(dir, "published/inner/f");
    CR_CLEANUP(cr_freep) char *second = cr_fs_join(dir, "second");
    CR_CLEANUP(cr_freep) char *dangling = cr_fs_join(from, "dangling");
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_fs_mkdirs(from, &err), &err);
    free(cr_test_write(from, "f", "x"));
    assert_int_equal(symlink("nowhere", dangling), 0);
    cr_assert_ok(cr_fs_sync_tree(tree, &err), &err);
    cr_assert_ok(cr_fs_rename(tree, to, &err), &err);
    assert_true(cr_fs_exists(moved));
    assert_int_equal(cr_fs_rename(tree, to, &err), CR_ENOTFOUND);
    cr_assert_ok(cr_fs_mkdirs(second, &err), &err);
    assert_int_equal(cr_fs_rename(second, to, &err), CR_EIO);
    assert_int_equal(cr_fs_sync_tree(tree, &err), CR_ENOTFOUND);
}

/* A link is removed, what it leads to is not. */
static void test_remove_tree(void **state)
{
    CR_CLEANUP(cr_freep) char *outside = cr_test_write(dir, "outside", "x");
    CR_CLEANUP(cr_freep) char *doomed = cr_fs_join(dir, "doomed");
    CR_CLEANUP(cr_freep) char *deep = cr_fs_join(dir, "doomed/a/b/c");
    CR_CLEANUP(cr_freep) char *link = cr_fs_join(dir, "doomed/a/link");
    CR_CLEANUP(cr_freep) char *folder_link = cr_fs_join(dir, "doomed/a/folder-link");
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_fs_mkdirs(deep, &err), &err);
    free(cr_test_write(deep, "f", "x"));
    assert_int_equal(symlink(outside, link), 0);
    assert_int_equal(symlink(dir, folder_link), 0);
    cr_assert_ok(cr_fs_remove_tree(doomed, &err), &err);
    assert_false(cr_fs_exists(doomed));
    assert_true(cr_fs_exists(outside));
    cr_assert_ok(cr_fs_remove_tree(doomed, &err), &err);
    cr_assert_ok(cr_fs_remove_tree(outside, &err), &err);
    assert_false(cr_fs_exists(outside));
}

/* Below a file there is nothing. */
static void test_remove_below_a_file(void **state)
{
    CR_CLEANUP(cr_freep) char *file = cr_test_write(dir, "plain", "x");
    CR_CLEANUP(cr_freep) char *below = cr_fs_join(file, "below");
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_fs_remove_tree(below, &err), &err);
    assert_true(cr_fs_exists(file));
}

static int remove_it(size_t index, void *context, struct cr_error *err)
{
    int r = cr_fs_remove_tree(context, err);

    if (r == 0 && cr_fs_exists(context)) {
        r = cr_error_set(err, CR_EIO, "removed by %zu, and yet it is there", index);
    }
    return r;
}

static void test_read_pieces(void **state)
{
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "pieces", "hello");
    CR_CLEANUP(cr_fs_closep) int fd = -1;
    CR_CLEANUP(cr_fs_closep) int folder = -1;
    struct cr_error err;
    char text[4];
    size_t len;

    (void)state;
    cr_assert_ok(cr_fs_open(path, &fd, &err), &err);
    cr_assert_ok(cr_fs_read_piece(fd, path, text, sizeof(text), &len, &err), &err);
    assert_int_equal(len, 4);
    cr_assert_ok(cr_fs_read_piece(fd, path, text, sizeof(text), &len, &err), &err);
    assert_int_equal(len, 1);
    assert_memory_equal(text, "oell", 4);
    cr_assert_ok(cr_fs_read_piece(fd, path, text, sizeof(text), &len, &err), &err);
    assert_int_equal(len, 0);
    assert_int_equal(cr_fs_open("/nonexistent/x", &folder, &err), CR_ENOTFOUND);
    assert_string_equal(err.message, "cannot read '/nonexistent/x': No such file or directory");
    cr_assert_ok(cr_fs_open(dir, &folder, &err), &err);
    assert_int_equal(cr_fs_read_piece(folder, dir, text, sizeof(text), &len, &err), CR_EIO);
    assert_non_null(strstr(err.message, "Is a directory"));
}

/* Several at work on one tree are not in each other's way, and none leaves anything. */
static void test_remove_together(void **state)
{
    CR_CLEANUP(cr_freep) char *tree = cr_fs_join(dir, "tree");
    struct cr_error err;

    (void)state;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 100; i++) {
            CR_CLEANUP(cr_freep) char *folder = NULL;

            assert_true(asprintf(&folder, "%s/%d/a/b", tree, i) > 0);
            cr_assert_ok(cr_fs_mkdirs(folder, &err), &err);
        }
        cr_assert_ok(cr_parallel_for(4, 4, remove_it, tree, &err), &err);
        assert_false(cr_fs_exists(tree));
    }
}

static void test_check_room(void **state)
{
    CR_CLEANUP(cr_freep) char *file = cr_test_write(dir, "no-folder", "x");
    CR_CLEANUP(cr_freep) char *deep = cr_fs_join(dir, "room/b/c");
    CR_CLEANUP(cr_freep) char *top = cr_fs_join(dir, "room");
    CR_CLEANUP(cr_freep) char *empty = cr_fs_join(dir, "empty-room");
    CR_CLEANUP(cr_freep) char *below = cr_fs_join(dir, "no-folder/b/c");
    struct cr_error err = {0};

    (void)state;
    cr_assert_ok(cr_fs_check_room(dir, &err), &err);
    cr_assert_ok(cr_fs_check_room(deep, &err), &err);
    assert_false(cr_fs_exists(top));
    cr_assert_ok(cr_fs_mkdirs(empty, &err), &err);
    cr_assert_ok(cr_fs_check_room(empty, &err), &err);
    assert_int_equal(rmdir(empty), 0);                              /* nothing was left in it */
    assert_int_equal(cr_fs_check_room("/proc/room", &err), CR_EIO); /* whoever asks */
    assert_int_equal(cr_fs_check_room("a-folder-that-is-nowhere", NULL),
                     access(".", W_OK) == 0 ? 0 : CR_EIO);
    assert_int_equal(cr_fs_check_room(file, &err), CR_EIO);
    assert_int_equal(cr_fs_check_room(below, &err), CR_EIO);
    assert_non_null(strstr(err.message, "no-folder' is no folder"));
}

/* A link is there even where it leads nowhere. */
static void test_check_room_behind_a_link(void **state)
{
    static const char *const links[] = {"dangling", "dangling/", "dangling/b/c"};
    CR_CLEANUP(cr_freep) char *nowhere = cr_fs_join(dir, "nowhere");
    CR_CLEANUP(cr_freep) char *link = cr_fs_join(dir, links[0]);
    struct cr_error err = {0};

    (void)state;
    assert_int_equal(symlink(nowhere, link), 0);
    for (size_t i = 0; i < CR_ARRAY_LEN(links); i++) {
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, links[i]);

        assert_int_equal(cr_fs_check_room(path, &err), CR_EIO);
        assert_non_null(strstr(err.message, "dangling' is no folder"));
        assert_int_not_equal(cr_fs_mkdirs(path, &err), 0);
    }
    cr_assert_ok(cr_fs_mkdirs(nowhere, &err), &err);
    cr_assert_ok(cr_fs_check_room(link, &err), &err);
}

static void test_check_room_of_others(void **state)
{
    CR_CLEANUP(cr_freep) char *read_only = cr_fs_join(dir, "read-only");
    CR_CLEANUP(cr_freep) char *below = cr_fs_join(dir, "read-only/b/c");
    CR_CLEANUP(cr_freep) char *shut = cr_fs_join(dir, "shut");
    CR_CLEANUP(cr_freep) char *behind = cr_fs_join(dir, "shut/b/c");
    const struct {
        const char *path;
        const char *reason;
    } cases[] = {
        {read_only, "/read-only': Permission denied"},
        {below, "/read-only': Permission denied"},
        {shut, "/shut': Permission denied"},
        {behind, "/shut/b/c': Permission denied"},
    };
    struct cr_error err = {0};
    struct stat info;

    (void)state;
    cr_assert_ok(cr_fs_mkdirs(read_only, &err), &err);
    cr_assert_ok(cr_fs_mkdirs(shut, &err), &err);
    assert_int_equal(stat(dir, &info), 0);
    assert_true(chmod(dir, 0755) == 0 && chmod(read_only, 0555) == 0 && chmod(shut, 0) == 0);
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        cr_assert_refused(cr_fs_check_room, cases[i].path, cases[i].reason);
    }
    assert_true(chmod(dir, info.st_mode & 07777) == 0 && chmod(shut, 0755) == 0);
}

static void test_shown_names(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"/a/b.csv", "b.csv"}, {"b.csv", "b.csv"}, {"../b\n\xff.csv", "b??.csv"}, {"/a/", ""}};
    for (size_t i = 0; i < CR_ARRAY_LEN(names); i++) {
        CR_CLEANUP(cr_freep) char *shown = cr_fs_shown_name(names[i][0]);
        assert_string_equal(shown, names[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_check_room),
        cmocka_unit_test(test_check_room_behind_a_link),
        cmocka_unit_test(test_check_room_of_others),
        cmocka_unit_test(test_read_refuses),
        cmocka_unit_test(test_read_pieces),
        cmocka_unit_test(test_write_replaces),
        cmocka_unit_test(test_write_fails_cleanly),
        cmocka_unit_test(test_write_spares),
        cmocka_unit_test(test_write_without_space),
        cmocka_unit_test(test_write_without_folder),
        cmocka_unit_test(test_mkdirs),
        cmocka_unit_test(test_unmake_dirs),
        cmocka_unit_test(test_mkdtemp),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_rename_and_sync),
        cmocka_unit_test(test_remove_tree),
        cmocka_unit_test(test_remove_below_a_file),
        cmocka_unit_test(test_remove_together),
        cmocka_unit_test(test_shown_names),
    };

    return cmocka_run_group_tests(tests, make_dir, free_dir);
}
