// SPDX-License-Identifier: MIT
#include "creditrisk/train/report.h"

#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "drawing.h"

/* Everything but the plot files. */
static int write_documents(const struct cr_drawing *drawing, const char *dir, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf page = CR_STRBUF_INIT;
    int result = cr_fs_mkdirs(dir, err);
    if (result == 0) {
        result = cr_report_write_texts(drawing, dir, err);
    }
    if (result != 0) {
        return result;
    }
    cr_html_page(&page, drawing);
    return cr_drawing_save(dir, "report.html", &page, err);
}

/* The files of a run's kinds and plots; another run's must not stand beside this one's. */
static bool is_of_a_run(const char *name)
{
    static const char *const ends[] = {"_classification_report.txt", "_feature_importance.csv",
                                       ".png", ".svg"};
    size_t len = strlen(name);
    for (size_t i = 0; i < CR_ARRAY_LEN(ends); i++) {
        size_t end_len = strlen(ends[i]);
        if (len > end_len && strcmp(name + len - end_len, ends[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int remove_earlier(const char *dir, struct cr_error *err)
{
    char **names = NULL;
    size_t n = 0;
    int result = cr_fs_list(dir, &names, &n, err);
    for (size_t i = 0; result == 0 && i < n; i++) {
        CR_CLEANUP(cr_freep) char *path = cr_fs_join(dir, names[i]);
        if (path != NULL && is_of_a_run(names[i])) {
            result = cr_fs_remove_tree(path, err);
        }
    }
    cr_fs_free_names(names, n);
    return result;
}

int cr_report_write(const json_t *report, const char *dir, struct cr_error *err)
{
    struct cr_drawing drawing;
    cr_drawing_init(&drawing, report);
    int result = cr_fs_mkdirs(dir, err);
    if (result == 0) {
        result = remove_earlier(dir, err);
    }
    if (result == 0) {
        result = write_documents(&drawing, dir, err);
    }
    if (result != 0 || !cr_report_can_plot()) {
        return result;
    }
    return cr_report_write_plots(&drawing, dir, true, err);
}

int cr_report_write_version(const json_t *report, const char *dir, struct cr_error *err)
{
    struct cr_drawing drawing;
    cr_drawing_init(&drawing, report);
    int result = write_documents(&drawing, dir, err);
    if (result == 0 && cr_report_can_plot()) {
        (void)cr_report_write_plots(&drawing, dir, false, NULL); /* the page draws its own */
    }
    return result;
}
