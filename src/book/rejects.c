// SPDX-License-Identifier: MIT
#include "rejects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/csv.h"
#include "creditrisk/util/digest.h"
#include "creditrisk/util/fs.h"
#include "source.h"

static const char header[] = "file,line,column,reason\n";

static int cannot_write(const struct rejects *rejects, struct cr_error *err)
{
    return cr_error_set(err, CR_EIO, "cannot write '%s': %s", rejects->path, strerror(errno));
}

/* Whether both paths lead to one file, however they are written. */
static bool is_same_file(const struct stat *info, const char *path)
{
    struct stat other;

    return stat(path, &other) == 0 && other.st_dev == info->st_dev && other.st_ino == info->st_ino;
}

/* Whether a file begins as ours do; an empty one holds nothing to lose. */
static bool is_list(const char *path)
{
    CR_CLEANUP(cr_fclosep) FILE *file = fopen(path, "rbe");
    char start[sizeof(header)];
    size_t n = file != NULL ? fread(start, 1, sizeof(header) - 1, file) : 0;

    return file != NULL && (n == 0 || (n == sizeof(header) - 1 && memcmp(start, header, n) == 0));
}

static int check_path(const struct rejects *rejects, const struct cr_portfolio *portfolio,
                      const char *source, struct cr_error *err)
{
    struct stat info;

    if (!cr_fs_is_replaceable(rejects->path)) {
        return cr_error_set(err, CR_EINVAL, "rejects cannot go to '%s': it is no regular file",
                            rejects->path);
    }
    if (stat(rejects->path, &info) != 0) {
        return 0; /* nothing is there that could come to harm */
    }
    for (size_t i = 0; i < portfolio->n_tables; i++) {
        CR_CLEANUP(cr_freep) char *input = cr_book_file_path(source, &portfolio->tables[i]);

        if (input == NULL) {
            return cr_error_no_memory(err);
        }
        if (is_same_file(&info, input)) {
            return cr_error_set(err, CR_EINVAL, "rejects cannot go to '%s': the import reads it",
                                rejects->path);
        }
    }
    return is_list(rejects->path)
               ? 0
               : cr_error_set(err, CR_EINVAL,
                              "rejects would go to '%s', which is no list of rejected rows: say"
                              " where else",
                              rejects->path);
}

int cr_book_rejects_init(struct rejects *rejects, const struct cr_portfolio *portfolio,
                         const char *source, const char *path, struct cr_error *err)
{
    *rejects = (struct rejects){
        .path = path != NULL ? strdup(path) : cr_book_file_beside(source, "rejects.csv"),
        .named = path != NULL,
    };
    if (rejects->path == NULL) {
        return cr_error_no_memory(err);
    }
    return check_path(rejects, portfolio, source, err);
}

static int open_file(struct rejects *rejects, struct cr_error *err)
{
    char suffix[17];

    cr_digest_random_hex(suffix, 8);
    if (asprintf(&rejects->temporary, "%s.%s", rejects->path, suffix) < 0) {
        rejects->temporary = NULL; /* undefined after a failure */
        return cr_error_no_memory(err);
    }
    rejects->out = fopen(rejects->temporary, "wxe");
    if (rejects->out == NULL) {
        return cannot_write(rejects, err);
    }
    (void)fputs(header, rejects->out); /* cr_book_rejects_close asks ferror */
    return 0;
}

int cr_book_rejects_add(struct rejects *rejects, const char *file, size_t line, const char *column,
                        size_t position, const char *reason, struct cr_error *err)
{
    char place[256] = "";

    if (rejects->out == NULL) {
        int r = open_file(rejects, err);

        if (r != 0) {
            return r;
        }
    }
    if (position > 0) {
        (void)snprintf(place, sizeof(place), "%s%s(%zu)", column, column[0] != '\0' ? " " : "",
                       position);
    }
    cr_csv_write_field(rejects->out, file, strlen(file), ',');
    (void)fprintf(rejects->out, ",%zu,", line); /* cr_book_rejects_close asks ferror */
    cr_csv_write_field(rejects->out, place, strlen(place), ',');
    (void)fputc(',', rejects->out);
    cr_csv_write_field(rejects->out, reason, strlen(reason), ',');
    (void)fputc('\n', rejects->out);
    rejects->n++;
    return 0;
}

int cr_book_rejects_close(struct rejects *rejects, struct cr_error *err)
{
    FILE *out = rejects->out;

    if (out == NULL) {
        return 0;
    }
    if (fflush(out) != 0 || ferror(out)) {
        return cannot_write(rejects, err);
    }
    rejects->out = NULL;
    return fclose(out) == 0 ? 0 : cannot_write(rejects, err);
}

static int remove_earlier(struct rejects *rejects, struct cr_error *err)
{
    rejects->removed = unlink(rejects->path) == 0;
    return rejects->removed || errno == ENOENT || errno == EROFS
               ? 0
               : cr_error_set(err, CR_EIO, "'%s' is of an earlier import and cannot be removed",
                              rejects->path);
}

int cr_book_rejects_keep(struct rejects *rejects, char **ret_path, struct cr_error *err)
{
    if (rejects->n == 0) {
        *ret_path = NULL;
        return rejects->named ? 0 : remove_earlier(rejects, err);
    }
    if (rename(rejects->temporary, rejects->path) != 0) {
        *ret_path = CR_STEAL(rejects->temporary);
        return cannot_write(rejects, err);
    }
    free(CR_STEAL(rejects->temporary));
    *ret_path = CR_STEAL(rejects->path);
    return 0;
}

void cr_book_rejects_finish(struct rejects *rejects)
{
    if (rejects->out != NULL) {
        (void)fclose(rejects->out); /* it is about to go away */
    }
    if (rejects->temporary != NULL) {
        (void)unlink(rejects->temporary); /* of no use, in nobody's way */
    }
    free(rejects->temporary);
    free(rejects->path);
}
