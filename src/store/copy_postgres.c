// SPDX-License-Identifier: MIT
/* Bulk loads: COPY … FROM STDIN in its text format, a line per row with tabs between cells. */
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"
#include "db_postgres.h"

/* A backslash makes what ends a cell, a line or the data a part of the cell. */
static void put_cell(struct cr_strbuf *out, const char *text)
{
    if (text == NULL) {
        cr_strbuf_puts(out, "\\N");
        return;
    }
    while (*text != '\0') {
        size_t len = strcspn(text, "\\\t\n\r");

        cr_strbuf_append(out, text, len);
        text += len;
        if (*text != '\0') {
            cr_strbuf_putc(out, '\\');
            cr_strbuf_putc(out, *text == '\t'   ? 't'
                                : *text == '\n' ? 'n'
                                : *text == '\r' ? 'r'
                                                : '\\');
            text++;
        }
    }
}

static void put_rows(struct cr_strbuf *out, const struct pg_stmt *stmt)
{
    for (size_t i = 0; i < stmt->n_params; i++) {
        put_cell(out, stmt->params[i].text);
        cr_strbuf_putc(out, (i + 1) % stmt->row_params == 0 ? '\n' : '\t');
    }
}

int cr_pg_copy(struct pg_stmt *stmt, struct cr_error *err)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf rows = CR_STRBUF_INIT;
    struct pg_db *db = stmt->db;
    int r;

    put_rows(&rows, stmt);
    r = cr_strbuf_check(&rows, err);
    if (r == 0) {
        r = cr_pg_expect(db, cr_pg_exec(db, stmt->sql), PGRES_COPY_IN, err);
    }
    if (r != 0) {
        return r;
    }
    if (PQputCopyData(db->conn, cr_strbuf_text(&rows), (int)rows.len) != 1 ||
        PQputCopyEnd(db->conn, NULL) != 1) {
        return cr_pg_refused(db, NULL, err);
    }
    r = cr_pg_expect(db, cr_pg_next(db), PGRES_COMMAND_OK, err);
    cr_pg_drain(db);
    return r;
}
