// SPDX-License-Identifier: MIT
/* Emit: what compile_type.c, which says what a value is, and compile_emit.c, which makes the
 * instructions for it, share while one text is compiled. */
#ifndef FEATURES_COMPILE_EMIT_H
#define FEATURES_COMPILE_EMIT_H

#include "compile.h"

enum { CR_EMIT_MAX_REGISTERS = 30000, CR_EMIT_MAX_INSTRUCTIONS = 60000 };

/* SQLite's literals may be whole numbers, whose arithmetic is not that of doubles. */
enum cr_sql_type {
    CR_SQL_TYPE_NULL,
    CR_SQL_TYPE_WHOLE,
    CR_SQL_TYPE_REAL,
    CR_SQL_TYPE_EITHER,
    CR_SQL_TYPE_TEXT
};

/* A result that stands in a register already. */
struct cr_known {
    enum cr_op op;
    uint16_t a, b, to;
};

struct cr_emitter {
    const struct cr_portfolio *portfolio;
    const char *text;
    struct cr_sql_select select;
    size_t n_derived;                /* derived columns that have been computed … */
    uint16_t *derived;               /* … their registers … */
    enum cr_sql_type *derived_types; /* … and types */
    const struct cr_levels *levels;  /* of the feature at hand; NULL in a derived column */
    size_t n_instructions;
    struct cr_instruction *instructions; /* room for CR_EMIT_MAX_INSTRUCTIONS */
    size_t n_numbers, n_texts;           /* registers in use */
    double *numbers;                     /* room for CR_EMIT_MAX_REGISTERS; NaN: no constant */
    const char **texts;                  /* the same */
    size_t n_inputs;
    struct cr_text_input *inputs; /* room for every field */
    size_t n_known;
    struct cr_known *known; /* room for CR_EMIT_MAX_REGISTERS */
    struct cr_arena *arena; /* of the program: texts of constants */
    size_t depth;
    int result; /* the first failure */
    struct cr_error *err;
};

/* Notes a failure; the first one stays. */
void cr_emit_fail(struct cr_emitter *emitter, int result);
/* CR_EUNAVAIL at the node: the text is right, but its meaning is left to SQL. */
void cr_emit_leave_to_sql(struct cr_emitter *emitter, const struct cr_sql_node *node,
                          const char *why);
/* CR_EPARSE at the node. */
void cr_emit_refuse(struct cr_emitter *emitter, const struct cr_sql_node *node, const char *why);

/* Index by name, in any case; −1 when there is none. Only derived columns that have been computed
 * are found. */
ptrdiff_t cr_emit_find_field(const struct cr_emitter *emitter, const char *name);
ptrdiff_t cr_emit_find_derived(const struct cr_emitter *emitter, const char *name);

bool cr_emit_is_condition(const struct cr_sql_node *node);

/* What the value is; NULL: it always is. */
enum cr_sql_type cr_emit_type_of(struct cr_emitter *emitter, const struct cr_sql_node *node);

/* What either of two values is. */
enum cr_sql_type cr_emit_unify(struct cr_emitter *emitter, const struct cr_sql_node *node,
                               enum cr_sql_type a, enum cr_sql_type b);

/* The text field that the value is; −1 when it is something else. */
ptrdiff_t cr_emit_find_text_field(const struct cr_emitter *emitter, const struct cr_sql_node *node);

/* Whether the text, wherever it is a level of the feature at hand, is that level's own pointer. */
bool cr_emit_is_own(const struct cr_emitter *emitter, const struct cr_sql_node *node);

/* Instructions that leave the value in the register that is returned, of the bank of `type`. */
uint16_t cr_emit_as(struct cr_emitter *emitter, const struct cr_sql_node *node,
                    enum cr_sql_type type);

#endif
