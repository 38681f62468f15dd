// SPDX-License-Identifier: MIT
#include "points.h"

#include <string.h>

#include "creditrisk/util/written.h"

void cr_book_points_meet(struct points *points, const char *text, size_t len, size_t line)
{
    enum cr_written_point point = cr_written_find_point(text, len);

    points->has_decimal |= point == CR_WRITTEN_DECIMAL;
    if (point == CR_WRITTEN_EITHER && points->n++ == 0) {
        memcpy(points->first, text, len + 1);
        points->first_line = line;
    }
}

void cr_book_points_put(const struct points *points, struct cr_strbuf *out)
{
    const char *first = points->first;

    if (points->n > 0 && !points->has_decimal) {
        cr_strbuf_printf(out,
                         "'%s' in line %zu may be %.*s%s (%zu such cell%s): numbers are read as "
                         "1234.56",
                         first, points->first_line, (int)strcspn(first, "."), first,
                         strchr(first, '.') + 1, points->n, points->n == 1 ? "" : "s");
    }
}
