// SPDX-License-Identifier: MIT
/* Compile: features.sql as a small program over one record.
 *
 *     compile_lex.c     bytes → tokens
 *     compile_parse.c   tokens → trees; what is not in the grammar has its place named
 *     compile_emit.c    trees → instructions over registers
 *     compile_run.c     instructions over one record
 *
 * The grammar (2-architecture, "A portfolio"), keywords in any case, comments as in SQL:
 *
 *     text       SELECT item {, item} FROM source
 *     source     application | ( SELECT application.* {, expression AS name} FROM application )
 *                [AS] name
 *     item       expression [AS name]
 *     expression OR, AND, NOT, then  a (= <> < <= > >=) b, IS [NOT] NULL, [NOT] IN (list),
 *                [NOT] BETWEEN a AND b,  then + −, * /, sign, and then
 *                column, number, 'string', NULL, (expression), CASE …, COALESCE(…), LN(x),
 *                POWER(x, y), CAST(x AS DOUBLE PRECISION)
 *
 * A comparison is a condition and no value: it stands in WHEN, AND, OR and NOT only. */
#ifndef FEATURES_COMPILE_H
#define FEATURES_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "creditrisk/portfolio/portfolio.h"
#include "creditrisk/portfolio/record.h"
#include "creditrisk/util/arena.h"
#include "creditrisk/util/error.h"
#include "creditrisk/util/value.h"

#define CR_SQL_FILE "features.sql"

/* All that features.sql may call, as the message about another function lists them. */
#define CR_SQL_FUNCTIONS "COALESCE, LN and POWER"

enum cr_sql_token_kind { CR_SQL_END, CR_SQL_NAME, CR_SQL_NUMBER, CR_SQL_STRING, CR_SQL_SYMBOL };

struct cr_sql_token {
    enum cr_sql_token_kind kind;
    const char *text; /* as written, without quotes; borrowed from the source */
    size_t len;
    size_t offset; /* first byte in the source */
    bool quoted;   /* a name in double quotes is no keyword */
    bool is_whole; /* number without point and exponent */
    double number;
};

struct cr_sql_lexer {
    const char *text;
    size_t len;
    size_t at; /* next byte */
};

/* The next token; CR_EPARSE with the place. */
int cr_sql_lex(struct cr_sql_lexer *lexer, struct cr_sql_token *ret_token, struct cr_error *err);

/* Whether the token is this keyword or symbol. */
bool cr_sql_is(const struct cr_sql_token *token, const char *word);

/* Whether it is a word that cannot be a column. */
bool cr_sql_is_reserved(const struct cr_sql_token *token);

/* CR_EPARSE at a byte of the text. */
int cr_sql_fault(const char *text, size_t offset, struct cr_error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* CASE WHEN a THEN b … ELSE z has the items a, b, …, z; z is NULL (the literal) when not written.
 * IN, BETWEEN, CASE x WHEN …, IS NOT NULL and the plus sign are written with the others. */
enum cr_sql_kind {
    CR_SQL_COLUMN,
    CR_SQL_LITERAL_NUMBER,
    CR_SQL_LITERAL_TEXT,
    CR_SQL_LITERAL_NULL,
    CR_SQL_NEGATE,
    CR_SQL_ADD,
    CR_SQL_SUBTRACT,
    CR_SQL_MULTIPLY,
    CR_SQL_DIVIDE,
    CR_SQL_EQUAL,
    CR_SQL_UNEQUAL,
    CR_SQL_LESS,
    CR_SQL_LESS_EQUAL,
    CR_SQL_GREATER,
    CR_SQL_GREATER_EQUAL,
    CR_SQL_AND,
    CR_SQL_OR,
    CR_SQL_NOT,
    CR_SQL_IS_NULL,
    CR_SQL_CASE,
    CR_SQL_COALESCE,
    CR_SQL_LN,
    CR_SQL_POWER,
    CR_SQL_CAST,
};

struct cr_sql_node {
    enum cr_sql_kind kind;
    size_t offset;
    const char *text; /* column's name, string's characters; NUL-terminated, from the arena */
    double number;
    bool is_whole; /* number */
    size_t n;
    struct cr_sql_node **items;
};

/* A column of the derived table or of the result. */
struct cr_sql_item {
    const char *name;
    struct cr_sql_node *value;
};

struct cr_sql_select {
    size_t n_derived;
    struct cr_sql_item *derived; /* over the fields */
    size_t n_items;
    struct cr_sql_item *items; /* over the fields and the derived; the first is row_id */
};

/* The whole text; everything comes from the arena. CR_EPARSE with the place, CR_ENOMEM. */
int cr_sql_parse(const char *text, size_t len, struct cr_arena *arena,
                 struct cr_sql_select *ret_select, struct cr_error *err);

/* Instructions: to = a ∘ b over number registers, in which NaN is NULL; text registers for
 * CR_OP_MOVE_TEXT and the comparisons of texts. Jumps go forward only, so every program ends. A
 * comparison jumps unless it is true: with a NULL it is not. A move ends a branch of a CASE: it
 * jumps, too. */
enum cr_op {
    CR_OP_END,
    CR_OP_MOVE, /* b = a */
    CR_OP_MOVE_TEXT,
    CR_OP_ADD,
    CR_OP_SUBTRACT,
    CR_OP_MULTIPLY,
    CR_OP_DIVIDE, /* by 0: NULL */
    CR_OP_LN,     /* of what is not positive: NULL */
    CR_OP_POWER,
    CR_OP_JUMP,
    CR_OP_UNLESS_EQUAL,
    CR_OP_UNLESS_UNEQUAL,
    CR_OP_UNLESS_LESS,
    CR_OP_UNLESS_LESS_EQUAL,
    CR_OP_UNLESS_NULL,
    CR_OP_IF_NULL,
    CR_OP_UNLESS_EQUAL_TEXT,
    CR_OP_UNLESS_UNEQUAL_TEXT,
    CR_OP_UNLESS_LESS_TEXT,
    CR_OP_UNLESS_LESS_EQUAL_TEXT,
    CR_OP_UNLESS_NULL_TEXT,
    CR_OP_IF_NULL_TEXT,
};

struct cr_instruction {
    uint16_t op;
    uint16_t to; /* register; of a jump: the next instruction */
    uint16_t a;
    uint16_t b;
};

/* Where a feature's value stands after the run. Small, because each line of the cache that one
 * record's run touches has to be fetched again after the answer to the one before. */
struct cr_number_output {
    uint16_t feature;
    uint16_t from;
};

_Static_assert(CR_PORTFOLIO_MAX_ITEMS <= UINT16_MAX, "a feature's number fits");

struct cr_text_output {
    uint16_t feature;
    uint16_t from; /* register or field */
    bool is_field;
    bool is_own; /* a text that is a level is the level's own pointer already */
};

/* A text field that an instruction looks at, and its register. */
struct cr_text_input {
    uint16_t field;
    uint16_t to;
};

/* Number registers 0 … n_fields − 1 are the fields; constants and results follow. */
struct cr_program {
    const struct cr_portfolio *portfolio;
    struct cr_arena arena;               /* everything below */
    struct cr_instruction *instructions; /* the last is CR_OP_END */
    size_t n_numbers, n_texts;           /* together one for each feature */
    struct cr_number_output *number_outputs;
    struct cr_text_output *text_outputs;
    size_t n_inputs;
    struct cr_text_input *inputs;
    double *numbers;
    const char **texts;
};

/* Compiles the text of the portfolio's features.sql, which SQLite has accepted. CR_EPARSE, with the
 * place, when it leaves the grammar; CR_EUNAVAIL when it keeps to the grammar but only SQL knows
 * what it means: a text compared with a number, a division of whole numbers. Yours:
 * cr_program_destroy. */
int cr_program_create(const struct cr_portfolio *portfolio, const struct cr_portfolio_file *file,
                      struct cr_program **ret_program, struct cr_error *err);
void cr_program_destroy(struct cr_program *program);

static inline void cr_program_destroyp(struct cr_program **program)
{
    cr_program_destroy(*program);
}

/* row[0..n_features) as cr_engine_row gives it, but that texts which are no levels are borrowed
 * from the record or the program. One program belongs to one thread at a time. */
void cr_program_run(struct cr_program *program, const struct cr_record *record,
                    struct cr_value *row);

#endif
