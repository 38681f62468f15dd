// SPDX-License-Identifier: MIT
/* What a value is: known without a record, because fields have types. */
#include <strings.h>

#include "compile_emit.h"
#include "creditrisk/util/num.h"
#include "relation.h"

void cr_emit_fail(struct cr_emitter *emitter, int result)
{
    emitter->result = emitter->result < 0 ? emitter->result : result;
}

/* The text is right, but its meaning is left to SQL. */
void cr_emit_leave_to_sql(struct cr_emitter *emitter, const struct cr_sql_node *node,
                          const char *why)
{
    struct cr_error place;

    if (emitter->result == 0) {
        (void)cr_sql_fault(emitter->text, node->offset, &place, "%s", why);
        cr_emit_fail(emitter, cr_error_set(emitter->err, CR_EUNAVAIL, "%s", place.message));
    }
}

void cr_emit_refuse(struct cr_emitter *emitter, const struct cr_sql_node *node, const char *why)
{
    if (emitter->result == 0) {
        cr_emit_fail(emitter, cr_sql_fault(emitter->text, node->offset, emitter->err, "%s", why));
    }
}

ptrdiff_t cr_emit_find_field(const struct cr_emitter *emitter, const char *name)
{
    for (size_t i = 0; i < emitter->portfolio->n_fields; i++) {
        if (strcasecmp(emitter->portfolio->fields[i].name, name) == 0) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

ptrdiff_t cr_emit_find_derived(const struct cr_emitter *emitter, const char *name)
{
    for (size_t i = 0; i < emitter->n_derived; i++) {
        if (strcasecmp(emitter->select.derived[i].name, name) == 0) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

bool cr_emit_is_condition(const struct cr_sql_node *node)
{
    return node->kind >= CR_SQL_EQUAL && node->kind <= CR_SQL_IS_NULL;
}

/* What either of two values is. */
enum cr_sql_type cr_emit_unify(struct cr_emitter *emitter, const struct cr_sql_node *node,
                               enum cr_sql_type a, enum cr_sql_type b)
{
    if (a == b || b == CR_SQL_TYPE_NULL) {
        return a;
    }
    if (a == CR_SQL_TYPE_NULL) {
        return b;
    }
    if (a == CR_SQL_TYPE_TEXT || b == CR_SQL_TYPE_TEXT) {
        cr_emit_leave_to_sql(emitter, node, "a text here and a number there");
    }
    return CR_SQL_TYPE_EITHER;
}

static enum cr_sql_type type_of_column(struct cr_emitter *emitter, const struct cr_sql_node *node)
{
    ptrdiff_t derived = cr_emit_find_derived(emitter, node->text);
    ptrdiff_t field = cr_emit_find_field(emitter, node->text);

    if (derived >= 0) {
        return emitter->derived_types[derived];
    }
    if (field < 0) {
        cr_emit_leave_to_sql(emitter, node, "only fields and derived columns are compiled");
        return CR_SQL_TYPE_NULL;
    }
    return cr_relation_is_number(&emitter->portfolio->fields[field]) ? CR_SQL_TYPE_REAL
                                                                     : CR_SQL_TYPE_TEXT;
}

static enum cr_sql_type number_of(struct cr_emitter *emitter, const struct cr_sql_node *node)
{
    enum cr_sql_type type = cr_emit_type_of(emitter, node);

    if (type == CR_SQL_TYPE_TEXT) {
        cr_emit_leave_to_sql(emitter, node, "a text where a number is expected");
    }
    return type;
}

static enum cr_sql_type type_of_arithmetic(struct cr_emitter *emitter,
                                           const struct cr_sql_node *node)
{
    enum cr_sql_type a = number_of(emitter, node->items[0]);
    enum cr_sql_type b = number_of(emitter, node->items[1]);

    if (a != CR_SQL_TYPE_REAL && b != CR_SQL_TYPE_REAL && a != CR_SQL_TYPE_NULL &&
        b != CR_SQL_TYPE_NULL) {
        cr_emit_leave_to_sql(emitter, node, "arithmetic of whole numbers");
    }
    return CR_SQL_TYPE_REAL;
}

enum cr_sql_type cr_emit_type_of(struct cr_emitter *emitter, const struct cr_sql_node *node)
{
    enum cr_sql_type type = CR_SQL_TYPE_NULL;

    if (cr_emit_is_condition(node)) {
        cr_emit_refuse(emitter, node, "a condition stands where a value is expected");
        return CR_SQL_TYPE_NULL;
    }
    switch (node->kind) {
    case CR_SQL_COLUMN:
        return type_of_column(emitter, node);
    case CR_SQL_LITERAL_NUMBER:
        if (node->is_whole && node->number > CR_NUM_MAX_EXACT) {
            cr_emit_leave_to_sql(emitter, node, "a whole number that no double holds");
        }
        return node->is_whole ? CR_SQL_TYPE_WHOLE : CR_SQL_TYPE_REAL;
    case CR_SQL_LITERAL_TEXT:
        return CR_SQL_TYPE_TEXT;
    case CR_SQL_NEGATE:
        type = number_of(emitter, node->items[0]);
        if (type == CR_SQL_TYPE_EITHER) {
            cr_emit_leave_to_sql(emitter, node, "the sign of what may be a whole number");
        }
        return type;
    case CR_SQL_ADD:
    case CR_SQL_SUBTRACT:
    case CR_SQL_MULTIPLY:
    case CR_SQL_DIVIDE:
        return type_of_arithmetic(emitter, node);
    case CR_SQL_CASE:
        for (size_t i = 1; i < node->n; i += 2) {
            type = cr_emit_unify(emitter, node, type, cr_emit_type_of(emitter, node->items[i]));
        }
        return cr_emit_unify(emitter, node, type,
                             cr_emit_type_of(emitter, node->items[node->n - 1]));
    case CR_SQL_COALESCE:
        for (size_t i = 0; i < node->n; i++) {
            type = cr_emit_unify(emitter, node, type, cr_emit_type_of(emitter, node->items[i]));
        }
        return type;
    case CR_SQL_LN:
    case CR_SQL_POWER:
    case CR_SQL_CAST:
        for (size_t i = 0; i < node->n; i++) {
            (void)number_of(emitter, node->items[i]);
        }
        return CR_SQL_TYPE_REAL;
    default:
        return CR_SQL_TYPE_NULL;
    }
}
