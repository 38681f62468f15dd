// SPDX-License-Identifier: MIT
#include "rejects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "creditrisk/util/csv.h"
#include "creditrisk/util/fs.h"

static int cannot_write(const struct rejects *rejects, struct cr_error *err)
{
    return cr_error_set(err, CR_EIO, "cannot write '%s': %s", rejects->path, strerror(errno));
}

int rejects_init(struct rejects *rejects, const char *dir, const char *path, struct cr_error *err)
{
    *rejects = (struct rejects){
        .path = path != NULL ? strdup(path) : cr_fs_join(dir, "rejects.csv"),
    };
    if (rejects->path == NULL) {
        return cr_error_set(err, CR_ENOMEM, "out of memory");
    }
    if (unlink(rejects->path) != 0 && errno != ENOENT && errno != ENOTDIR && errno != EROFS) {
        return cannot_write(rejects, err);
    }
    return 0;
}

static int open_file(struct rejects *rejects, struct cr_error *err)
{
    rejects->out = fopen(rejects->path, "we");
    if (rejects->out == NULL) {
        return cannot_write(rejects, err);
    }
    (void)fputs("file,line,column,reason\n", rejects->out); /* rejects_close asks ferror */
    return 0;
}

int rejects_add(struct rejects *rejects, const char *file, size_t line, const char *column,
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
    (void)fprintf(rejects->out, ",%zu,", line); /* rejects_close asks ferror */
    cr_csv_write_field(rejects->out, place, strlen(place), ',');
    (void)fputc(',', rejects->out);
    cr_csv_write_field(rejects->out, reason, strlen(reason), ',');
    (void)fputc('\n', rejects->out);
    rejects->n++;
    return 0;
}

int rejects_close(struct rejects *rejects, struct cr_error *err)
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

void rejects_finish(struct rejects *rejects)
{
    if (rejects->out != NULL) {
        (void)fclose(rejects->out); /* it is about to go away */
    }
    if (rejects->path != NULL && rejects->n > 0) {
        (void)unlink(rejects->path);
    }
    free(rejects->path);
}
