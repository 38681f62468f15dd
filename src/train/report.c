// SPDX-License-Identifier: MIT
#include "creditrisk/train/report.h"

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

int cr_report_write(const json_t *report, const char *dir, struct cr_error *err)
{
    struct cr_drawing drawing;
    cr_drawing_init(&drawing, report);
    int result = write_documents(&drawing, dir, err);
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
