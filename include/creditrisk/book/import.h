// SPDX-License-Identifier: MIT
/* Import: the book's tables from CSV files, described by tables.yaml or, for a flat book, by
 * application.yaml. One importer for every book. */
#ifndef CREDITRISK_BOOK_IMPORT_H
#define CREDITRISK_BOOK_IMPORT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/store/db.h"
#include "creditrisk/util/error.h"

enum cr_import_mode {
    CR_IMPORT_EMPTY,   /* the tables must be empty */
    CR_IMPORT_REPLACE, /* rows there are removed first, in the same transaction */
    CR_IMPORT_APPEND,
};

struct cr_import_options {
    enum cr_import_mode mode;
    bool strict;              /* the first bad row ends the import; nothing is kept */
    bool quiet;               /* no progress */
    const char *rejects_path; /* where bad rows go: file,line,column,reason; NULL =
                                 rejects.csv in the folder of the files. Written only when there
                                 are any and the import succeeds; without any, an older file of
                                 that name is removed, one named here stays */
    /* May be NULL; non-zero ends the import with CR_EUNAVAIL, unless it is being committed. */
    const volatile sig_atomic_t *cancelled;
    bool is_init; /* of `portfolio init`: its messages advise what works there */
};

struct cr_import_table_report {
    const char *table; /* borrowed from the portfolio */
    size_t n_rows;     /* imported */
    size_t n_rejected;
    size_t n_ignored_columns;
};

struct cr_import_report {
    size_t n_tables;
    struct cr_import_table_report *tables; /* yours: cr_import_report_finish */
    size_t n_rejected;
    size_t n_removed;   /* rows that were there before (CR_IMPORT_REPLACE) */
    char *rejects_path; /* NULL when nothing was rejected; where the rows are, should the file
                           not have got its name */
};

/* Called once per unknown column of a file (they are ignored), per column whose numbers have points
 * that may all be those of thousands (15.500 is read as 15.5), per text under missing, good or bad
 * of a flat book that no cell of the file is (unless it is appended), and when an import that is
 * done cannot put its rejects in their place. */
typedef void cr_import_note_fn(const char *note, void *context);

/* Whether there is such a source of the portfolio's book: a folder with the file of each table or,
 * for one table, a file. CR_ENOTFOUND; CR_EINVAL for a file where the book has several tables. */
int cr_import_find(const char *source, const struct cr_portfolio *portfolio, struct cr_error *err);

/* Imports <source>/<file> for every table in the order of tables.yaml (parents first), in one
 * transaction; a book of one table may also be given as the file itself. The table of a flat book
 * is made first when it is not there, and anew by CR_IMPORT_REPLACE when application.yaml describes
 * another one than it did; its rows are numbered as they stand in the file, on append behind those
 * that are there. A missing file or column, an empty file, a stray quote and, when strict, a bad
 * row are errors with file, line and column; otherwise a bad row (type, range, level, key, CHECK)
 * goes to the rejects file. A file whose rows are all bad is CR_EINVAL, with the first one's
 * reason, unless rows are appended, and so is a source without any row at all (one of several files
 * may have none). A rejects file that the import would read, or that is none, is CR_EINVAL. On
 * failure the book and every file are as before. */
int cr_import_book(struct cr_db *db, const struct cr_portfolio *portfolio, const char *source,
                   const struct cr_import_options *options, cr_import_note_fn *on_note,
                   void *context, struct cr_import_report *ret_report, struct cr_error *err);

void cr_import_report_finish(struct cr_import_report *report);

#endif
