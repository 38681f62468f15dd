// SPDX-License-Identifier: MIT
/* Private to book/: where an import reads. A source is the folder with one file per table, or the
 * one file of a book of one table. */
#ifndef BOOK_SOURCE_H
#define BOOK_SOURCE_H

#include "creditrisk/portfolio/portfolio.h"

/* The file of a table; yours (free), NULL without memory. */
char *cr_book_file_path(const char *source, const struct cr_table *table);

/* Its name without the folder; borrowed. */
const char *cr_book_file_name(const char *source, const struct cr_table *table);

/* A file of that name in the folder of the source; yours (free), NULL without memory. */
char *cr_book_file_beside(const char *source, const char *name);

#endif
