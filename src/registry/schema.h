// SPDX-License-Identifier: MIT
/* Private to registry/: the tables of the registry's database. Their version counts up; every step
 * is applied once. */
#ifndef REGISTRY_SCHEMA_H
#define REGISTRY_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "creditrisk/store/db.h"
#include "creditrisk/util/error.h"

/* What an older program made is read from CR_SCHEMA_READABLE on; events have details since
 * CR_SCHEMA_DETAILS. */
enum { CR_SCHEMA_READABLE = 2, CR_SCHEMA_DETAILS = 3, CR_SCHEMA_VERSION = 3 };

/* Step i leads from version i to i + 1, in the words of each engine. A version never changes and no
 * event is forgotten: the tables see to it. A step that was released is never edited: a change is a
 * new step of both. */
extern const char *const cr_schema_sqlite[CR_SCHEMA_VERSION];
extern const char *const cr_schema_postgres[CR_SCHEMA_VERSION];

/* `code`, with what is wrong in err: of a database that is damaged (CR_EDB) also what to do. One
 * that refuses for another reason, as while another holds it, is CR_EUNAVAIL. */
int cr_schema_advise(int code, const struct cr_error *cause, struct cr_error *err);

/* Whether the database is a registry's, of whatever version. */
int cr_schema_find(struct cr_db *db, bool *ret_found, struct cr_error *err);

/* Makes the database one that this program can read: new, or from a program that is too old. What
 * it can read it leaves as it is, for the older programs that read it, too. CR_EDB when a newer
 * program wrote it. */
int cr_schema_make_readable(struct cr_db *db, struct cr_error *err);

/* Brings it up to date, inside a transaction of the caller's, who is about to write what needs
 * that. From then on older programs do not read it. CR_EDB as above. */
int cr_schema_upgrade_locked(struct cr_db *db, struct cr_error *err);

/* Changes nothing; CR_EDB unless this program can read the database. */
int cr_schema_check(struct cr_db *db, struct cr_error *err);

/* The version of a database that was checked. CR_EDB. */
int cr_schema_read_version(struct cr_db *db, int64_t *ret_version, struct cr_error *err);

#endif
