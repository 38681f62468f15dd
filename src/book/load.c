// SPDX-License-Identifier: MIT
#include "load.h"

#include "creditrisk/book/table.h"
#include "creditrisk/util/cleanup.h"
#include "table.h"

/* Rows that stay keep their indexes: making them again could take longer than the load. */
static int begin_loads(struct load *load, const struct cr_portfolio *portfolio,
                       enum cr_db_load references, struct cr_error *err)
{
    for (size_t i = 0; i < portfolio->n_tables; i++) {
        CR_CLEANUP(cr_freep) char *sql = NULL;
        int r = cr_db_begin_load(load->db, portfolio->tables[i].name, references, &sql, err);

        if (r != 0) {
            return r;
        }
        cr_strbuf_puts(&load->after, sql);
    }
    return cr_strbuf_check(&load->after, err);
}

/* What to do where the book's table is another's. */
static const char *rename_advice(const struct load *load)
{
    return load->is_init ? "choose another --name"
                         : "give the book another name under 'table' in application.yaml";
}

int cr_book_load_begin(struct load *load, struct cr_db *db, const struct cr_portfolio *portfolio,
                       enum cr_import_mode mode, enum cr_db_load references, struct cr_error *err)
{
    int r = cr_db_begin(db, err);

    if (r != 0) {
        return r;
    }
    load->db = db;
    if (portfolio->is_flat) {
        r = cr_book_make_table(db, portfolio, mode == CR_IMPORT_REPLACE, rename_advice(load),
                               &load->n_removed, err);
    }
    if (r != 0 || mode == CR_IMPORT_APPEND) {
        return r;
    }
    switch (mode) {
    case CR_IMPORT_APPEND:
        break;
    case CR_IMPORT_EMPTY:
        r = cr_table_check_empty(db, portfolio, !load->is_init, err);
        break;
    case CR_IMPORT_REPLACE:
        r = cr_table_clear_all(db, portfolio, &load->n_removed, err);
        break;
    }
    return r != 0 ? r : begin_loads(load, portfolio, references, err);
}

int cr_book_load_commit(struct load *load, struct cr_error *err)
{
    int r = cr_db_exec(load->db, cr_strbuf_text(&load->after), err);

    if (r == 0) {
        r = cr_db_commit(load->db, err);
    }
    if (r == 0) {
        load->db = NULL;
    }
    return r;
}

void cr_book_load_finish(struct load *load)
{
    if (load->db != NULL) {
        cr_db_rollback(load->db);
    }
    cr_strbuf_finish(&load->after);
}
