// SPDX-License-Identifier: MIT
/* What every reader of a forest's file must stand: depth, damage, hostile changes. */
#ifndef CREDITRISK_TESTS_MODEL_READER_H
#define CREDITRISK_TESTS_MODEL_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "creditrisk/model/model.h"
#include "creditrisk/util/strbuf.h"

enum { MODEL_READER_MAX_INPUTS = 4 };

struct model_reader {
    const char *kind;
    const char *const *names; /* of the inputs */
    size_t n_inputs;
    const char *good; /* a file that it reads */
    size_t good_len;
};

/* One change of the good file, and a part of what must be said of it. */
struct model_change {
    const char *find;
    const char *by;
    const char *message;
};

/* As cr_model_load. */
int model_reader_load(const struct model_reader *reader, const char *bytes, size_t len,
                      struct cr_model **ret_model, struct cr_error *err);

/* Appends text with the first `find` replaced; it must be there. */
void model_reader_replace(const char *text, const char *find, const char *by,
                          struct cr_strbuf *out);

/* Every change is refused, as a bad model or as no JSON at all. */
void model_reader_check_changes(const struct model_reader *reader,
                                const struct model_change *changes, size_t n);

/* Trees that are one path of so many inner nodes are read up to CR_FOREST_MAX_DEPTH. */
void model_reader_check_depth(const struct model_reader *reader,
                              void (*write_chain)(size_t depth, struct cr_strbuf *out));

/* Loads a possibly damaged file and uses what was accepted. Returns whether it was. */
bool model_reader_takes(const struct model_reader *reader, const char *bytes, size_t len);

/* No changed byte is fatal, most are noticed, and no part of the file is taken for the whole. */
void model_reader_check_damage(const struct model_reader *reader);

#endif
