// SPDX-License-Identifier: MIT
/* Each column's tree becomes instructions that leave its value in a register. A condition becomes
 * jumps: `unless(node, wanted)` goes on when the condition is surely true, or surely false, and
 * jumps otherwise, which is all that WHEN, AND, OR and NOT need of three-valued logic.
 *
 * What a computation has left in a register is used again as long as it is sure to have run: the
 * list of `known` results grows on the way down and is cut back behind whatever may be jumped over.
 */
#include <math.h>
#include <string.h>

#include "compile_emit.h"
#include "creditrisk/util/cleanup.h"
#include "relation.h"

enum { MAX_DEPTH = 1100, MAX_JUMPS = 257 };

/* Instructions whose jumps go to a place that is not known yet. */
struct label {
    uint16_t jumps[MAX_JUMPS];
    size_t n;
};

static uint16_t new_number(struct cr_emitter *emitter)
{
    if (emitter->n_numbers == CR_EMIT_MAX_REGISTERS) {
        cr_emit_fail(emitter, cr_error_set(emitter->err, CR_EUNAVAIL, "%s: too long", CR_SQL_FILE));
        return 0;
    }
    emitter->numbers[emitter->n_numbers] = NAN;
    return (uint16_t)emitter->n_numbers++;
}

static uint16_t new_text(struct cr_emitter *emitter, const char *text)
{
    if (emitter->n_texts == CR_EMIT_MAX_REGISTERS) {
        cr_emit_fail(emitter, cr_error_set(emitter->err, CR_EUNAVAIL, "%s: too long", CR_SQL_FILE));
        return 0;
    }
    emitter->texts[emitter->n_texts] = text;
    return (uint16_t)emitter->n_texts++;
}

static uint16_t constant(struct cr_emitter *emitter, double number)
{
    uint16_t to = new_number(emitter);

    emitter->numbers[to] = number;
    return to;
}

/* A level of the feature at hand is that level's own pointer. */
static uint16_t constant_text(struct cr_emitter *emitter, const char *text)
{
    ptrdiff_t level = emitter->levels != NULL ? cr_levels_index(emitter->levels, text) : -1;
    const char *own = level >= 0 ? emitter->levels->texts[level]
                                 : cr_arena_strndup(emitter->arena, text, strlen(text));

    if (own == NULL) {
        cr_emit_fail(emitter, cr_error_no_memory(emitter->err));
    }
    return new_text(emitter, own);
}

/* Returns the instruction's index. */
static size_t emit(struct cr_emitter *emitter, enum cr_op op, uint16_t to, uint16_t a, uint16_t b)
{
    if (emitter->n_instructions == CR_EMIT_MAX_INSTRUCTIONS) {
        cr_emit_fail(emitter, cr_error_set(emitter->err, CR_EUNAVAIL, "%s: too long", CR_SQL_FILE));
        return 0;
    }
    emitter->instructions[emitter->n_instructions] =
        (struct cr_instruction){(uint16_t)op, to, a, b};
    return emitter->n_instructions++;
}

/* Of all that jumps: comparisons and moves, too. */
static void emit_jump(struct cr_emitter *emitter, struct label *label, enum cr_op op, uint16_t a,
                      uint16_t b)
{
    if (label->n == CR_ARRAY_LEN(label->jumps)) {
        cr_emit_fail(emitter, cr_error_set(emitter->err, CR_EUNAVAIL, "%s: too long", CR_SQL_FILE));
        return;
    }
    label->jumps[label->n++] = (uint16_t)emit(emitter, op, 0, a, b);
}

/* The label is the next instruction. */
static void land(struct cr_emitter *emitter, struct label *label)
{
    for (size_t i = 0; i < label->n; i++) {
        emitter->instructions[label->jumps[i]].to = (uint16_t)emitter->n_instructions;
    }
    label->n = 0;
}

/* A result of two numbers, computed unless it is known. */
static uint16_t compute(struct cr_emitter *emitter, enum cr_op op, uint16_t a, uint16_t b)
{
    uint16_t to;

    for (size_t i = 0; i < emitter->n_known; i++) {
        const struct cr_known *known = &emitter->known[i];

        if (known->op == op && known->a == a && known->b == b) {
            return known->to;
        }
    }
    to = new_number(emitter);
    (void)emit(emitter, op, to, a, b);
    if (emitter->n_known < CR_EMIT_MAX_REGISTERS) {
        emitter->known[emitter->n_known++] = (struct cr_known){op, a, b, to};
    }
    return to;
}

/* Constants are made once while they are known; they always are. */
static uint16_t literal(struct cr_emitter *emitter, double number)
{
    for (size_t i = emitter->portfolio->n_fields; i < emitter->n_numbers; i++) {
        double there = emitter->numbers[i];

        if (memcmp(&there, &number, sizeof(number)) == 0 && !isnan(number)) {
            return (uint16_t)i;
        }
    }
    return constant(emitter, number);
}

/* A level deeper into the tree, on the C stack as well; false when there is none to go to. Whoever
 * has entered leaves with depth--. */
static bool enter(struct cr_emitter *emitter, const struct cr_sql_node *node)
{
    if (emitter->result < 0) {
        return false;
    }
    if (emitter->depth == MAX_DEPTH) {
        cr_emit_leave_to_sql(emitter, node, "nested too deeply");
        return false;
    }
    emitter->depth++;
    return true;
}

static uint16_t emit_value(struct cr_emitter *emitter, const struct cr_sql_node *node);

uint16_t cr_emit_as(struct cr_emitter *emitter, const struct cr_sql_node *node,
                    enum cr_sql_type type)
{
    if (cr_emit_type_of(emitter, node) == CR_SQL_TYPE_NULL) {
        return type == CR_SQL_TYPE_TEXT ? new_text(emitter, NULL) : constant(emitter, NAN);
    }
    return emit_value(emitter, node);
}

static void unless(struct cr_emitter *emitter, const struct cr_sql_node *node, bool wanted,
                   struct label *label);

static void unless_compared(struct cr_emitter *emitter, const struct cr_sql_node *node, bool wanted,
                            struct label *label)
{
    /* what is emitted for a kind, and for the kind that is true where this one is false */
    static const struct {
        enum cr_op op, op_text;
        bool swap;
        enum cr_sql_kind opposite;
    } comparisons[] = {
        [CR_SQL_EQUAL - CR_SQL_EQUAL] = {CR_OP_UNLESS_EQUAL, CR_OP_UNLESS_EQUAL_TEXT, false,
                                         CR_SQL_UNEQUAL},
        [CR_SQL_UNEQUAL -
            CR_SQL_EQUAL] = {CR_OP_UNLESS_UNEQUAL, CR_OP_UNLESS_UNEQUAL_TEXT, false, CR_SQL_EQUAL},
        [CR_SQL_LESS - CR_SQL_EQUAL] = {CR_OP_UNLESS_LESS, CR_OP_UNLESS_LESS_TEXT, false,
                                        CR_SQL_GREATER_EQUAL},
        [CR_SQL_LESS_EQUAL - CR_SQL_EQUAL] = {CR_OP_UNLESS_LESS_EQUAL, CR_OP_UNLESS_LESS_EQUAL_TEXT,
                                              false, CR_SQL_GREATER},
        [CR_SQL_GREATER -
            CR_SQL_EQUAL] = {CR_OP_UNLESS_LESS, CR_OP_UNLESS_LESS_TEXT, true, CR_SQL_LESS_EQUAL},
        [CR_SQL_GREATER_EQUAL - CR_SQL_EQUAL] = {CR_OP_UNLESS_LESS_EQUAL,
                                                 CR_OP_UNLESS_LESS_EQUAL_TEXT, true, CR_SQL_LESS},
    };
    enum cr_sql_kind kind = wanted ? node->kind : comparisons[node->kind - CR_SQL_EQUAL].opposite;
    enum cr_sql_type type = cr_emit_unify(emitter, node, cr_emit_type_of(emitter, node->items[0]),
                                          cr_emit_type_of(emitter, node->items[1]));
    bool swap = comparisons[kind - CR_SQL_EQUAL].swap;
    uint16_t a, b;

    if (emitter->result < 0) {
        return;
    }
    a = cr_emit_as(emitter, node->items[0], type);
    b = cr_emit_as(emitter, node->items[1], type);
    emit_jump(emitter, label,
              type == CR_SQL_TYPE_TEXT ? comparisons[kind - CR_SQL_EQUAL].op_text
                                       : comparisons[kind - CR_SQL_EQUAL].op,
              swap ? b : a, swap ? a : b);
}

static void unless_null(struct cr_emitter *emitter, const struct cr_sql_node *node, bool wanted,
                        struct label *label)
{
    const struct cr_sql_node *value = node->items[0];
    enum cr_sql_type type;

    if (cr_emit_is_condition(value)) {
        cr_emit_leave_to_sql(emitter, node, "a condition that may be NULL");
        return;
    }
    type = cr_emit_type_of(emitter, value);
    if (emitter->result == 0) {
        bool is_text = type == CR_SQL_TYPE_TEXT;
        enum cr_op op = wanted ? (is_text ? CR_OP_UNLESS_NULL_TEXT : CR_OP_UNLESS_NULL)
                               : (is_text ? CR_OP_IF_NULL_TEXT : CR_OP_IF_NULL);

        emit_jump(emitter, label, op, cr_emit_as(emitter, value, type), 0);
    }
}

/* Both must be as wanted, or one of them. Whether the second one runs is not sure. */
static void unless_two(struct cr_emitter *emitter, const struct cr_sql_node *node, bool wanted,
                       struct label *label)
{
    bool both = (node->kind == CR_SQL_AND) == wanted;
    struct label second = {.n = 0}, done = {.n = 0};
    size_t n_known;

    unless(emitter, node->items[0], wanted, both ? label : &second);
    if (!both) {
        emit_jump(emitter, &done, CR_OP_JUMP, 0, 0);
        land(emitter, &second);
    }
    n_known = emitter->n_known;
    unless(emitter, node->items[1], wanted, label);
    emitter->n_known = n_known;
    land(emitter, &done);
}

static void unless(struct cr_emitter *emitter, const struct cr_sql_node *node, bool wanted,
                   struct label *label)
{
    if (!enter(emitter, node)) {
        return;
    }
    switch (node->kind) {
    case CR_SQL_AND:
    case CR_SQL_OR:
        unless_two(emitter, node, wanted, label);
        break;
    case CR_SQL_NOT:
        unless(emitter, node->items[0], !wanted, label);
        break;
    case CR_SQL_IS_NULL:
        unless_null(emitter, node, wanted, label);
        break;
    default:
        if (cr_emit_is_condition(node)) {
            unless_compared(emitter, node, wanted, label);
        } else {
            cr_emit_refuse(emitter, node, "a value stands where a condition is expected");
        }
        break;
    }
    emitter->depth--;
}

/* to = from, and on at the label. */
static void emit_move(struct cr_emitter *emitter, struct label *label, enum cr_sql_type type,
                      uint16_t to, uint16_t from)
{
    emit_jump(emitter, label, type == CR_SQL_TYPE_TEXT ? CR_OP_MOVE_TEXT : CR_OP_MOVE, from, to);
}

static uint16_t emit_case(struct cr_emitter *emitter, const struct cr_sql_node *node)
{
    enum cr_sql_type type = cr_emit_type_of(emitter, node);
    uint16_t to = type == CR_SQL_TYPE_TEXT ? new_text(emitter, NULL) : new_number(emitter);
    struct label done = {.n = 0};
    size_t n_sure = emitter->n_known;

    for (size_t i = 0; i + 1 < node->n && emitter->result == 0; i += 2) {
        struct label next = {.n = 0};
        size_t n_known;

        unless(emitter, node->items[i], true, &next);
        n_sure = i == 0 ? emitter->n_known : n_sure;
        n_known = emitter->n_known;
        emit_move(emitter, &done, type, to, cr_emit_as(emitter, node->items[i + 1], type));
        emitter->n_known = n_known;
        land(emitter, &next);
    }
    emit_move(emitter, &done, type, to, cr_emit_as(emitter, node->items[node->n - 1], type));
    emitter->n_known = n_sure;
    land(emitter, &done);
    return to;
}

static uint16_t emit_coalesce(struct cr_emitter *emitter, const struct cr_sql_node *node)
{
    enum cr_sql_type type = cr_emit_type_of(emitter, node);
    bool is_text = type == CR_SQL_TYPE_TEXT;
    uint16_t to = is_text ? new_text(emitter, NULL) : new_number(emitter);
    struct label done = {.n = 0};
    size_t n_sure = emitter->n_known;

    for (size_t i = 0; i < node->n && emitter->result == 0; i++) {
        uint16_t from = cr_emit_as(emitter, node->items[i], type);
        struct label next = {.n = 0};

        n_sure = i == 0 ? emitter->n_known : n_sure;
        if (i + 1 < node->n) {
            emit_jump(emitter, &next, is_text ? CR_OP_IF_NULL_TEXT : CR_OP_IF_NULL, from, 0);
        }
        emit_move(emitter, &done, type, to, from);
        land(emitter, &next);
    }
    emitter->n_known = n_sure;
    land(emitter, &done);
    return to;
}

/* SQLite computes −x as 0 − x, save for literals. */
static uint16_t emit_negate(struct cr_emitter *emitter, const struct cr_sql_node *node)
{
    const struct cr_sql_node *value = node->items[0];

    if (value->kind == CR_SQL_LITERAL_NUMBER) {
        return literal(emitter, value->is_whole ? 0.0 - value->number : -value->number);
    }
    return compute(emitter, CR_OP_SUBTRACT, literal(emitter, 0.0),
                   cr_emit_as(emitter, value, CR_SQL_TYPE_REAL));
}

static uint16_t emit_arithmetic(struct cr_emitter *emitter, const struct cr_sql_node *node)
{
    static const enum cr_op ops[] = {
        [CR_SQL_ADD - CR_SQL_ADD] = CR_OP_ADD,
        [CR_SQL_SUBTRACT - CR_SQL_ADD] = CR_OP_SUBTRACT,
        [CR_SQL_MULTIPLY - CR_SQL_ADD] = CR_OP_MULTIPLY,
        [CR_SQL_DIVIDE - CR_SQL_ADD] = CR_OP_DIVIDE,
    };
    uint16_t a = cr_emit_as(emitter, node->items[0], CR_SQL_TYPE_REAL);
    uint16_t b = cr_emit_as(emitter, node->items[1], CR_SQL_TYPE_REAL);

    return compute(emitter, ops[node->kind - CR_SQL_ADD], a, b);
}

ptrdiff_t cr_emit_find_text_field(const struct cr_emitter *emitter, const struct cr_sql_node *node)
{
    ptrdiff_t field = node->kind == CR_SQL_COLUMN ? cr_emit_find_field(emitter, node->text) : -1;

    return field >= 0 && !cr_relation_is_number(&emitter->portfolio->fields[field]) ? field : -1;
}

/* The field's text register, which is filled before the first instruction. */
static uint16_t input(struct cr_emitter *emitter, uint16_t field)
{
    struct cr_text_input *inputs = emitter->inputs;

    for (size_t i = 0; i < emitter->n_inputs; i++) {
        if (inputs[i].field == field) {
            return inputs[i].to;
        }
    }
    inputs[emitter->n_inputs] = (struct cr_text_input){field, new_text(emitter, NULL)};
    return inputs[emitter->n_inputs++].to;
}

static uint16_t emit_column(struct cr_emitter *emitter, const struct cr_sql_node *node)
{
    ptrdiff_t derived = cr_emit_find_derived(emitter, node->text);
    ptrdiff_t text_field = cr_emit_find_text_field(emitter, node);

    return derived >= 0      ? emitter->derived[derived]
           : text_field >= 0 ? input(emitter, (uint16_t)text_field)
                             : (uint16_t)cr_emit_find_field(emitter, node->text);
}

/* Whether each of the levels is one of the field's, as a pointer. */
static bool are_levels_of(const struct cr_levels *levels, const struct cr_field *field)
{
    for (size_t i = 0; i < levels->n; i++) {
        ptrdiff_t level = cr_levels_index(&field->levels, levels->texts[i]);

        if (level < 0 || field->levels.texts[level] != levels->texts[i]) {
            return false;
        }
    }
    return true;
}

bool cr_emit_is_own(const struct cr_emitter *emitter, const struct cr_sql_node *node)
{
    ptrdiff_t field = cr_emit_find_text_field(emitter, node);

    if (field >= 0) {
        return are_levels_of(emitter->levels, &emitter->portfolio->fields[field]);
    }
    if (node->kind == CR_SQL_CASE || node->kind == CR_SQL_COALESCE) {
        for (size_t i = 0; i < node->n; i++) {
            bool is_value = node->kind == CR_SQL_COALESCE || i % 2 == 1 || i + 1 == node->n;

            if (is_value && !cr_emit_is_own(emitter, node->items[i])) {
                return false;
            }
        }
        return true;
    }
    return node->kind == CR_SQL_LITERAL_TEXT || node->kind == CR_SQL_LITERAL_NULL;
}

/* The value's register, in the bank of its type, which has been found before. */
static uint16_t emit_value(struct cr_emitter *emitter, const struct cr_sql_node *node)
{
    uint16_t to = 0;

    if (!enter(emitter, node)) {
        return 0;
    }
    switch (node->kind) {
    case CR_SQL_COLUMN:
        to = emit_column(emitter, node);
        break;
    case CR_SQL_LITERAL_NUMBER:
        to = literal(emitter, node->number);
        break;
    case CR_SQL_LITERAL_TEXT:
        to = constant_text(emitter, node->text);
        break;
    case CR_SQL_NEGATE:
        to = emit_negate(emitter, node);
        break;
    case CR_SQL_ADD:
    case CR_SQL_SUBTRACT:
    case CR_SQL_MULTIPLY:
    case CR_SQL_DIVIDE:
        to = emit_arithmetic(emitter, node);
        break;
    case CR_SQL_CASE:
        to = emit_case(emitter, node);
        break;
    case CR_SQL_COALESCE:
        to = emit_coalesce(emitter, node);
        break;
    case CR_SQL_LN:
        to = compute(emitter, CR_OP_LN, cr_emit_as(emitter, node->items[0], CR_SQL_TYPE_REAL), 0);
        break;
    case CR_SQL_POWER: {
        uint16_t base = cr_emit_as(emitter, node->items[0], CR_SQL_TYPE_REAL);

        to = compute(emitter, CR_OP_POWER, base,
                     cr_emit_as(emitter, node->items[1], CR_SQL_TYPE_REAL));
        break;
    }
    case CR_SQL_CAST:
        to = cr_emit_as(emitter, node->items[0], CR_SQL_TYPE_REAL);
        break;
    default:
        break; /* conditions were refused when the type was sought */
    }
    emitter->depth--;
    return to;
}
