// SPDX-License-Identifier: MIT
/* The program, made and run. NULL is NaN: SQLite turns every NaN into NULL, and a comparison with
 * NaN is false in C as one with NULL is not true in SQL. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compile_emit.h"
#include "creditrisk/util/cleanup.h"

/* Room for the largest program; what is used of it is copied. */
static int emitter_init(struct cr_emitter *emitter, struct cr_arena *arena, struct cr_error *err)
{
    size_t n_fields = emitter->portfolio->n_fields;
    size_t n = CR_EMIT_MAX_REGISTERS;

    emitter->numbers = cr_arena_alloc_array(arena, n, sizeof(*emitter->numbers));
    emitter->texts = cr_arena_alloc_array(arena, n, sizeof(*emitter->texts));
    emitter->known = cr_arena_alloc_array(arena, n, sizeof(*emitter->known));
    emitter->instructions =
        cr_arena_alloc_array(arena, CR_EMIT_MAX_INSTRUCTIONS, sizeof(*emitter->instructions));
    emitter->derived =
        cr_arena_alloc_array(arena, emitter->select.n_derived + 1, sizeof(*emitter->derived));
    emitter->derived_types =
        cr_arena_alloc_array(arena, emitter->select.n_derived + 1, sizeof(*emitter->derived_types));
    emitter->inputs = cr_arena_alloc_array(arena, n_fields + 1, sizeof(*emitter->inputs));
    if (emitter->inputs == NULL || emitter->numbers == NULL || emitter->texts == NULL ||
        emitter->known == NULL || emitter->instructions == NULL || emitter->derived == NULL ||
        emitter->derived_types == NULL) {
        return cr_error_no_memory(err);
    }
    if (n_fields > CR_EMIT_MAX_REGISTERS / 2) {
        return cr_error_set(err, CR_EUNAVAIL, "%s: too many fields", CR_SQL_FILE);
    }
    emitter->n_numbers = n_fields;
    return 0;
}

/* The derived table's columns, of which none sees another. */
static void emit_derived(struct cr_emitter *emitter)
{
    struct cr_sql_select *select = &emitter->select;

    for (size_t i = 0; i < select->n_derived && emitter->result == 0; i++) {
        struct cr_sql_node *value = select->derived[i].value;

        if (cr_emit_find_field(emitter, select->derived[i].name) >= 0) {
            cr_emit_refuse(emitter, value, "a derived column has the name of a field");
        }
        emitter->derived_types[i] = cr_emit_type_of(emitter, value);
        emitter->derived[i] = cr_emit_as(emitter, value, emitter->derived_types[i]);
    }
    emitter->n_derived = select->n_derived;
}

static void emit_text(struct cr_program *program, struct cr_emitter *emitter, size_t i)
{
    const struct cr_sql_node *value = emitter->select.items[i + 1].value;
    ptrdiff_t field = cr_emit_find_text_field(emitter, value);

    program->text_outputs[program->n_texts++] = (struct cr_text_output){
        .feature = (uint16_t)i,
        .from = field >= 0 ? (uint16_t)field : cr_emit_as(emitter, value, CR_SQL_TYPE_TEXT),
        .is_field = field >= 0,
        .is_own = cr_emit_is_own(emitter, value),
    };
}

static void emit_feature(struct cr_program *program, struct cr_emitter *emitter, size_t i)
{
    const struct cr_feature *feature = &program->portfolio->features[i];
    const struct cr_sql_node *value = emitter->select.items[i + 1].value;
    enum cr_sql_type type = cr_emit_type_of(emitter, value);
    bool is_text = cr_feature_is_text(feature);

    emitter->levels = is_text ? &feature->levels : NULL;
    if (type != CR_SQL_TYPE_NULL && (type == CR_SQL_TYPE_TEXT) != is_text) {
        cr_emit_leave_to_sql(emitter, value, "the column is not of its feature's kind");
    }
    if (is_text) {
        emit_text(program, emitter, i);
    } else {
        program->number_outputs[program->n_numbers++] = (struct cr_number_output){
            .feature = (uint16_t)i,
            .from = cr_emit_as(emitter, value, CR_SQL_TYPE_REAL),
        };
    }
}

static int keep(struct cr_program *program, const struct cr_emitter *emitter, struct cr_error *err)
{
    size_t n = emitter->n_instructions;
    size_t n_registers = emitter->n_numbers + emitter->n_texts; /* either bank may be looked at */

    program->instructions =
        cr_arena_alloc_array(&program->arena, n + 1, sizeof(*program->instructions));
    program->inputs =
        cr_arena_alloc_array(&program->arena, emitter->n_inputs + 1, sizeof(*program->inputs));
    program->numbers =
        cr_arena_alloc_array(&program->arena, n_registers, sizeof(*program->numbers));
    program->texts = cr_arena_alloc_array(&program->arena, n_registers, sizeof(*program->texts));
    if (program->instructions == NULL || program->inputs == NULL || program->numbers == NULL ||
        program->texts == NULL) {
        return cr_error_no_memory(err);
    }
    memcpy(program->instructions, emitter->instructions, n * sizeof(*program->instructions));
    program->instructions[n] = (struct cr_instruction){.op = CR_OP_END};
    memcpy(program->inputs, emitter->inputs, emitter->n_inputs * sizeof(*program->inputs));
    program->n_inputs = emitter->n_inputs;
    memcpy(program->numbers, emitter->numbers, emitter->n_numbers * sizeof(*program->numbers));
    memcpy(program->texts, emitter->texts, emitter->n_texts * sizeof(*program->texts));
    return 0;
}

/* The columns' names and order are SQLite's to check; it has. */
static int compile(struct cr_program *program, const struct cr_portfolio_file *file,
                   struct cr_arena *arena, struct cr_error *err)
{
    const struct cr_portfolio *portfolio = program->portfolio;
    struct cr_emitter emitter = {
        .portfolio = portfolio, .text = file->data, .arena = &program->arena, .err = err};
    int result = cr_sql_parse(file->data, file->len, arena, &emitter.select, err);

    if (result == 0) {
        result = emitter_init(&emitter, arena, err);
    }
    if (result < 0) {
        return result;
    }
    if (emitter.select.n_items != portfolio->n_features + 1) {
        return cr_error_at(err, CR_EPARSE, CR_SQL_FILE, 0, 0, "%zu columns for %zu features",
                           emitter.select.n_items, portfolio->n_features);
    }
    if (emitter.select.items[0].value->kind != CR_SQL_COLUMN ||
        strcmp(emitter.select.items[0].value->text, "row_id") != 0) {
        cr_emit_refuse(&emitter, emitter.select.items[0].value, "the first column is not row_id");
    }
    emit_derived(&emitter);
    for (size_t i = 0; emitter.result == 0 && i < portfolio->n_features; i++) {
        emit_feature(program, &emitter, i);
    }
    return emitter.result < 0 ? emitter.result : keep(program, &emitter, err);
}

int cr_program_create(const struct cr_portfolio *portfolio, const struct cr_portfolio_file *file,
                      struct cr_program **ret_program, struct cr_error *err)
{
    CR_CLEANUP(cr_program_destroyp) struct cr_program *program = calloc(1, sizeof(*program));
    CR_CLEANUP(cr_arena_finish) struct cr_arena arena = {0};
    size_t n = portfolio->n_features + 1;
    int result;

    if (program == NULL) {
        return cr_error_no_memory(err);
    }
    program->portfolio = portfolio;
    program->number_outputs =
        cr_arena_alloc_array(&program->arena, n, sizeof(*program->number_outputs));
    program->text_outputs =
        cr_arena_alloc_array(&program->arena, n, sizeof(*program->text_outputs));
    if (program->number_outputs == NULL || program->text_outputs == NULL) {
        return cr_error_no_memory(err);
    }
    result = compile(program, file, &arena, err);
    if (result < 0) {
        return result;
    }
    *ret_program = CR_STEAL(program);
    return 0;
}

void cr_program_destroy(struct cr_program *program)
{
    if (program != NULL) {
        cr_arena_finish(&program->arena);
        free(program);
    }
}

/* < 0, 0, > 0 as strcmp; equal pointers are the common case. Neither is NULL. */
static int compare(const char *a, const char *b)
{
    return a == b ? 0 : strcmp(a, b);
}

static bool text_holds(enum cr_op op, const char *a, const char *b)
{
    int order = compare(a, b);

    switch (op) {
    case CR_OP_UNLESS_EQUAL_TEXT:
        return order == 0;
    case CR_OP_UNLESS_UNEQUAL_TEXT:
        return order != 0;
    case CR_OP_UNLESS_LESS_TEXT:
        return order < 0;
    default: /* CR_OP_UNLESS_LESS_EQUAL_TEXT, the last of them */
        return order <= 0;
    }
}

/* The instruction to go on with. */
static const struct cr_instruction *follow(const struct cr_instruction *instructions,
                                           const struct cr_instruction *at, bool jump)
{
    return jump ? instructions + at->to : at + 1;
}

static void execute(struct cr_program *program)
{
    const struct cr_instruction *const instructions = program->instructions;
    double *const numbers = program->numbers;
    const char **const texts = program->texts;

    for (const struct cr_instruction *at = instructions;;) {
        const double a = numbers[at->a], b = numbers[at->b];

        switch ((enum cr_op)at->op) {
        case CR_OP_END:
            return;
        case CR_OP_MOVE:
            numbers[at->b] = a;
            at = instructions + at->to;
            break;
        case CR_OP_MOVE_TEXT:
            texts[at->b] = texts[at->a];
            at = instructions + at->to;
            break;
        case CR_OP_ADD:
            numbers[at->to] = a + b;
            at++;
            break;
        case CR_OP_SUBTRACT:
            numbers[at->to] = a - b;
            at++;
            break;
        case CR_OP_MULTIPLY:
            numbers[at->to] = a * b;
            at++;
            break;
        case CR_OP_DIVIDE:
            numbers[at->to] = b == 0.0 ? NAN : a / b;
            at++;
            break;
        case CR_OP_LN:
            numbers[at->to] = a > 0.0 ? log(a) : NAN;
            at++;
            break;
        case CR_OP_POWER: /* pow(NaN, 0) is 1 */
            numbers[at->to] = isnan(a) || isnan(b) ? NAN : pow(a, b);
            at++;
            break;
        case CR_OP_JUMP:
            at = instructions + at->to;
            break;
        case CR_OP_UNLESS_EQUAL:
            at = follow(instructions, at, !(a == b));
            break;
        case CR_OP_UNLESS_UNEQUAL:
            at = follow(instructions, at, !(a < b || a > b));
            break;
        case CR_OP_UNLESS_LESS:
            at = follow(instructions, at, !(a < b));
            break;
        case CR_OP_UNLESS_LESS_EQUAL:
            at = follow(instructions, at, !(a <= b));
            break;
        case CR_OP_UNLESS_NULL:
            at = follow(instructions, at, !isnan(a));
            break;
        case CR_OP_IF_NULL:
            at = follow(instructions, at, isnan(a));
            break;
        case CR_OP_UNLESS_NULL_TEXT:
            at = follow(instructions, at, texts[at->a] != NULL);
            break;
        case CR_OP_IF_NULL_TEXT:
            at = follow(instructions, at, texts[at->a] == NULL);
            break;
        case CR_OP_UNLESS_EQUAL_TEXT:
        case CR_OP_UNLESS_UNEQUAL_TEXT:
        case CR_OP_UNLESS_LESS_TEXT:
        case CR_OP_UNLESS_LESS_EQUAL_TEXT:
            at = follow(instructions, at,
                        texts[at->a] == NULL || texts[at->b] == NULL ||
                            !text_holds((enum cr_op)at->op, texts[at->a], texts[at->b]));
            break;
        default: /* no other is emitted: the switch need not ask */
            __builtin_unreachable();
        }
    }
}

/* The level's own pointer where the text is one. */
static const char *find_level(const struct cr_program *program, size_t feature, const char *text)
{
    const struct cr_levels *levels = &program->portfolio->features[feature].levels;
    ptrdiff_t level = text != NULL ? cr_levels_index(levels, text) : -1;

    return level >= 0 ? levels->texts[level] : text;
}

/* What is infinite becomes missing: x − x is 0 but for infinities and NaN, where it is NaN. */
static double keep_finite(double x)
{
    return x - (x - x);
}

static void put_row(const struct cr_program *program, const struct cr_record *record,
                    struct cr_value *row)
{
    for (size_t i = 0; i < program->n_numbers; i++) {
        const struct cr_number_output *output = &program->number_outputs[i];

        row[output->feature] = (struct cr_value){keep_finite(program->numbers[output->from]), NULL};
    }
    for (size_t i = 0; i < program->n_texts; i++) {
        const struct cr_text_output *output = &program->text_outputs[i];
        const char *text =
            output->is_field ? record->values[output->from].text : program->texts[output->from];

        if (!output->is_own) {
            text = find_level(program, output->feature, text);
        }
        row[output->feature] = (struct cr_value){NAN, text};
    }
}

void cr_program_run(struct cr_program *program, const struct cr_record *record,
                    struct cr_value *row)
{
    const size_t n_fields = program->portfolio->n_fields;

    for (size_t i = 0; i < n_fields; i++) {
        program->numbers[i] = record->values[i].number;
    }
    for (size_t i = 0; i < program->n_inputs; i++) {
        program->texts[program->inputs[i].to] = record->values[program->inputs[i].field].text;
    }
    execute(program);
    put_row(program, record, row);
}
