// SPDX-License-Identifier: MIT
/* Private to book/: what the first line of a CSV file calls its columns, read as words. A word ends
 * where another begins with a capital (isTest, LTVRatio, LOANId), but the s of a plural is none
 * (EMIs). ä, ö, ü and ß are read as ae, oe, ue and ss. */
#ifndef BOOK_PROPOSE_NAME_H
#define BOOK_PROPOSE_NAME_H

#include <stdbool.h>

enum { CR_PROPOSE_NAME_LEN = 64 };

/* A name for SQL: the words in lower case, an underline between them; the first no digit; no name
 * that means something else there. */
void cr_propose_make_name(const char *header, char name[CR_PROPOSE_NAME_LEN]);

/* Whether the last word is an identifier's: id, uuid or key. */
bool cr_propose_is_id(const char *header);

#endif
