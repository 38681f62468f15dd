// SPDX-License-Identifier: MIT
/* draw_report REPORT.json DIR: draws a stored report, for scripts that look at the result. */
#include <jansson.h>
#include <stdio.h>

#include "creditrisk/train/report.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"

int main(int argc, char **argv)
{
    CR_CLEANUP(cr_json_decrefp) json_t *report = NULL;
    struct cr_error err;
    if (argc != 3) {
        fprintf(stderr, "usage: draw_report REPORT.json DIR\n");
        return 2;
    }
    if (cr_json_load(argv[1], (size_t)1 << 24, &report, &err) != 0 ||
        cr_report_write(report, argv[2], &err) != 0) {
        fprintf(stderr, "draw_report: %s\n", err.message);
        return 1;
    }
    return 0;
}
