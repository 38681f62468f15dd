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

static void emit_feature(struct cr_program *program, struct cr_emitter *emitter, size_t i)
{
    const struct cr_feature *feature = &program->portfolio->features[i];
    const struct cr_sql_node *value = emitter->select.items[i + 1].value;
    struct cr_output *output = &program->outputs[i];
    enum cr_sql_type type = cr_emit_type_of(emitter, value);
    ptrdiff_t field = cr_emit_find_text_field(emitter, value);
    bool is_text = cr_feature_is_text(feature);

    emitter->levels = is_text ? &feature->levels : NULL;
    if (type != CR_SQL_TYPE_NULL && (type == CR_SQL_TYPE_TEXT) != is_text) {
        cr_emit_leave_to_sql(emitter, value, "the column is not of its feature's kind");
    }
    output->kind = is_text ? CR_OUTPUT_TEXT : CR_OUTPUT_NUMBER;
    output->is_own = is_text && cr_emit_is_own(emitter, value);
    if (field >= 0) {
        output->kind = CR_OUTPUT_FIELD;
        output->from = (uint16_t)field;
    } else {
        output->from = cr_emit_as(emitter, value, is_text ? CR_SQL_TYPE_TEXT : CR_SQL_TYPE_REAL);
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
    int result;

    if (program == NULL) {
        return cr_error_no_memory(err);
    }
    program->portfolio = portfolio;
    program->outputs =
        cr_arena_alloc_array(&program->arena, portfolio->n_features + 1, sizeof(*program->outputs));
    if (program->outputs == NULL) {
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

static void execute(struct cr_program *program)
{
    const struct cr_instruction *const instructions = program->instructions;
    double *const numbers = program->numbers;
    const char **const texts = program->texts;

    for (const struct cr_instruction *at = instructions;;) {
        const double a = numbers[at->a], b = numbers[at->b];
        bool jump = false;

        switch ((enum cr_op)at->op) {
        case CR_OP_END:
            return;
        case CR_OP_MOVE:
            numbers[at->b] = a;
            jump = true;
            break;
        case CR_OP_MOVE_TEXT:
            texts[at->b] = texts[at->a];
            jump = true;
            break;
        case CR_OP_ADD:
            numbers[at->to] = a + b;
            break;
        case CR_OP_SUBTRACT:
            numbers[at->to] = a - b;
            break;
        case CR_OP_MULTIPLY:
            numbers[at->to] = a * b;
            break;
        case CR_OP_DIVIDE:
            numbers[at->to] = b == 0.0 ? NAN : a / b;
            break;
        case CR_OP_LN:
            numbers[at->to] = a > 0.0 ? log(a) : NAN;
            break;
        case CR_OP_POWER: /* pow(NaN, 0) is 1 */
            numbers[at->to] = isnan(a) || isnan(b) ? NAN : pow(a, b);
            break;
        case CR_OP_JUMP:
            jump = true;
            break;
        case CR_OP_UNLESS_EQUAL:
            jump = !(a == b);
            break;
        case CR_OP_UNLESS_UNEQUAL:
            jump = !(a < b || a > b);
            break;
        case CR_OP_UNLESS_LESS:
            jump = !(a < b);
            break;
        case CR_OP_UNLESS_LESS_EQUAL:
            jump = !(a <= b);
            break;
        case CR_OP_UNLESS_NULL:
            jump = !isnan(a);
            break;
        case CR_OP_IF_NULL:
            jump = isnan(a);
            break;
        case CR_OP_UNLESS_NULL_TEXT:
            jump = texts[at->a] != NULL;
            break;
        case CR_OP_IF_NULL_TEXT:
            jump = texts[at->a] == NULL;
            break;
        default:
            jump = texts[at->a] == NULL || texts[at->b] == NULL ||
                   !text_holds((enum cr_op)at->op, texts[at->a], texts[at->b]);
            break;
        }
        at = jump ? instructions + at->to : at + 1;
    }
}

static const char *find_text(const struct cr_program *program, size_t i,
                             const struct cr_record *record)
{
    const struct cr_output *output = &program->outputs[i];
    const struct cr_levels *levels = &program->portfolio->features[i].levels;
    const char *text = output->kind == CR_OUTPUT_FIELD ? record->values[output->from].text
                                                       : program->texts[output->from];
    ptrdiff_t level = output->is_own || text == NULL ? -1 : cr_levels_index(levels, text);

    return level >= 0 ? levels->texts[level] : text;
}

void cr_program_run(struct cr_program *program, const struct cr_record *record,
                    struct cr_value *row)
{
    const size_t n_fields = program->portfolio->n_fields;
    const size_t n_features = program->portfolio->n_features;

    for (size_t i = 0; i < n_fields; i++) {
        program->numbers[i] = record->values[i].number;
    }
    for (size_t i = 0; i < program->n_inputs; i++) {
        program->texts[program->inputs[i].to] = record->values[program->inputs[i].field].text;
    }
    execute(program);
    for (size_t i = 0; i < n_features; i++) {
        const struct cr_output *output = &program->outputs[i];

        row[i] = CR_VALUE_MISSING;
        if (output->kind != CR_OUTPUT_NUMBER) {
            row[i].text = find_text(program, i, record);
        } else if (isfinite(program->numbers[output->from])) {
            row[i].number = program->numbers[output->from];
        }
    }
}
