// SPDX-License-Identifier: MIT
/* Recursive descent, one function a level of precedence, lowest first. A failed parser has its
 * error in `err` and yields NULL from then on. */
#include <string.h>

#include "compile.h"
#include "creditrisk/util/cleanup.h"

enum { MAX_DEPTH = 100, MAX_ITEMS = 256, MAX_COLUMNS = 4096 };

struct parser {
    struct cr_sql_lexer lexer;
    struct cr_sql_token token; /* the next one */
    struct cr_arena *arena;
    size_t depth;
    int result; /* of the first failure */
    struct cr_error *err;
};

static struct cr_sql_node *parse_or(struct parser *parser);

static void *fail(struct parser *parser, int result)
{
    parser->result = parser->result < 0 ? parser->result : result;
    return NULL;
}

static void *no_memory(struct parser *parser)
{
    return parser->result < 0 ? NULL : fail(parser, cr_error_no_memory(parser->err));
}

static void *unexpected(struct parser *parser, const char *wanted)
{
    const struct cr_sql_token *token = &parser->token;
    const char *text = parser->lexer.text;

    if (parser->result < 0) {
        return NULL;
    }
    if (token->kind == CR_SQL_END) {
        return fail(parser, cr_sql_fault(text, token->offset, parser->err,
                                         "the text ends where %s is expected", wanted));
    }
    return fail(parser,
                cr_sql_fault(text, token->offset, parser->err, "'%.*s' stands where %s is expected",
                             (int)token->len, token->text, wanted));
}

static void advance(struct parser *parser)
{
    if (parser->result == 0) {
        parser->result = cr_sql_lex(&parser->lexer, &parser->token, parser->err);
    }
}

/* Takes the word if it is next. */
static bool take(struct parser *parser, const char *word)
{
    if (parser->result < 0 || !cr_sql_is(&parser->token, word)) {
        return false;
    }
    advance(parser);
    return true;
}

static bool need(struct parser *parser, const char *word)
{
    if (!take(parser, word)) {
        (void)unexpected(parser, word);
        return false;
    }
    return parser->result == 0;
}

/* A node with room for n items; the first two are given. */
static struct cr_sql_node *make(struct parser *parser, enum cr_sql_kind kind, size_t offset,
                                size_t n, struct cr_sql_node *first, struct cr_sql_node *second)
{
    struct cr_sql_node *node = cr_arena_alloc(parser->arena, sizeof(*node));
    struct cr_sql_node **items = cr_arena_alloc_array(parser->arena, n + 2, sizeof(*items));

    if (parser->result < 0 || node == NULL || items == NULL) {
        return no_memory(parser);
    }
    items[0] = first;
    items[1] = second;
    *node = (struct cr_sql_node){.kind = kind, .offset = offset, .n = n, .items = items};
    return node;
}

static struct cr_sql_node *make_not(struct parser *parser, bool negated, struct cr_sql_node *node)
{
    return negated && node != NULL ? make(parser, CR_SQL_NOT, node->offset, 1, node, NULL) : node;
}

static const char *copy_token(struct parser *parser)
{
    char *copy = cr_arena_strndup(parser->arena, parser->token.text, parser->token.len);

    return copy != NULL ? copy : no_memory(parser);
}

/* Expressions between commas, and the bracket behind them. */
static size_t parse_list(struct parser *parser, struct cr_sql_node *items[MAX_ITEMS])
{
    size_t n = 0;

    do {
        if (n == MAX_ITEMS) {
            (void)unexpected(parser, "the end of a shorter list");
            return 0;
        }
        items[n++] = parse_or(parser);
    } while (take(parser, ","));
    return need(parser, ")") ? n : 0;
}

/* A node of all items. */
static struct cr_sql_node *make_of(struct parser *parser, enum cr_sql_kind kind, size_t offset,
                                   struct cr_sql_node *const *items, size_t n)
{
    struct cr_sql_node *node = make(parser, kind, offset, n, NULL, NULL);

    if (node != NULL && n > 0) {
        memcpy(node->items, items, n * sizeof(struct cr_sql_node *));
    }
    return node;
}

/* Behind CASE. */
static struct cr_sql_node *parse_case(struct parser *parser, size_t offset)
{
    struct cr_sql_node *items[MAX_ITEMS];
    struct cr_sql_node *base = NULL;
    size_t n = 0;

    if (!cr_sql_is(&parser->token, "WHEN")) {
        base = parse_or(parser);
    }
    while (take(parser, "WHEN")) {
        struct cr_sql_node *when = parse_or(parser);

        if (n + 3 > MAX_ITEMS) {
            return unexpected(parser, "the end of a shorter CASE");
        }
        items[n++] = base == NULL || when == NULL
                         ? when
                         : make(parser, CR_SQL_EQUAL, when->offset, 2, base, when);
        (void)need(parser, "THEN");
        items[n++] = parse_or(parser);
    }
    if (n == 0) {
        return unexpected(parser, "WHEN");
    }
    items[n++] = take(parser, "ELSE") ? parse_or(parser)
                                      : make(parser, CR_SQL_LITERAL_NULL, offset, 0, NULL, NULL);
    return need(parser, "END") ? make_of(parser, CR_SQL_CASE, offset, items, n) : NULL;
}

/* Behind CAST. */
static struct cr_sql_node *parse_cast(struct parser *parser, size_t offset)
{
    struct cr_sql_node *node;

    (void)need(parser, "(");
    node = parse_or(parser);
    (void)need(parser, "AS");
    (void)need(parser, "DOUBLE");
    (void)need(parser, "PRECISION");
    return need(parser, ")") ? make(parser, CR_SQL_CAST, offset, 1, node, NULL) : NULL;
}

/* Behind `name (`. */
static struct cr_sql_node *parse_call(struct parser *parser, const struct cr_sql_token *name)
{
    static const struct {
        const char *name;
        enum cr_sql_kind kind;
        size_t min, max;
    } functions[] = {
        {"COALESCE", CR_SQL_COALESCE, 2, MAX_ITEMS},
        {"LN", CR_SQL_LN, 1, 1},
        {"POWER", CR_SQL_POWER, 2, 2},
    };
    struct cr_sql_node *items[MAX_ITEMS];

    for (size_t i = 0; i < CR_ARRAY_LEN(functions); i++) {
        if (cr_sql_is(name, functions[i].name)) {
            size_t n = parse_list(parser, items);

            if (parser->result == 0 && (n < functions[i].min || n > functions[i].max)) {
                return fail(parser,
                            cr_sql_fault(parser->lexer.text, name->offset, parser->err,
                                         "%s does not take %zu values", functions[i].name, n));
            }
            return make_of(parser, functions[i].kind, name->offset, items, n);
        }
    }
    return fail(parser,
                cr_sql_fault(parser->lexer.text, name->offset, parser->err,
                             "function '%.*s' is not allowed here (" CR_SQL_FUNCTIONS " are)",
                             (int)name->len, name->text));
}

/* A column, with or without the name of its table, or a call. */
static struct cr_sql_node *parse_name(struct parser *parser)
{
    struct cr_sql_token name = parser->token;
    struct cr_sql_node *node;

    if (cr_sql_is_reserved(&name)) {
        return unexpected(parser, "a value");
    }
    advance(parser);
    if (!name.quoted && take(parser, "(")) {
        return parse_call(parser, &name);
    }
    if (take(parser, ".")) {
        name = parser->token;
        if (name.kind != CR_SQL_NAME) {
            return unexpected(parser, "a column");
        }
        advance(parser);
    }
    node = make(parser, CR_SQL_COLUMN, name.offset, 0, NULL, NULL);
    if (node != NULL) {
        node->text = cr_arena_strndup(parser->arena, name.text, name.len);
        return node->text != NULL ? node : no_memory(parser);
    }
    return NULL;
}

static struct cr_sql_node *parse_literal(struct parser *parser)
{
    bool is_text = parser->token.kind == CR_SQL_STRING;
    struct cr_sql_node *node = make(parser, is_text ? CR_SQL_LITERAL_TEXT : CR_SQL_LITERAL_NUMBER,
                                    parser->token.offset, 0, NULL, NULL);

    if (node != NULL) {
        node->number = parser->token.number;
        node->is_whole = parser->token.is_whole;
        node->text = is_text ? copy_token(parser) : NULL;
        advance(parser);
    }
    return node;
}

static struct cr_sql_node *parse_value(struct parser *parser)
{
    size_t offset = parser->token.offset;
    struct cr_sql_node *node;

    if (parser->result < 0) {
        return NULL;
    }
    if (take(parser, "(")) {
        node = parse_or(parser);
        return need(parser, ")") ? node : NULL;
    }
    if (take(parser, "CASE")) {
        return parse_case(parser, offset);
    }
    if (take(parser, "CAST")) {
        return parse_cast(parser, offset);
    }
    if (take(parser, "NULL")) {
        return make(parser, CR_SQL_LITERAL_NULL, offset, 0, NULL, NULL);
    }
    switch (parser->token.kind) {
    case CR_SQL_NUMBER:
    case CR_SQL_STRING:
        return parse_literal(parser);
    case CR_SQL_NAME:
        return parse_name(parser);
    case CR_SQL_SYMBOL:
    case CR_SQL_END:
        break;
    }
    return unexpected(parser, "a value");
}

static struct cr_sql_node *parse_sign(struct parser *parser)
{
    size_t offset = parser->token.offset;
    size_t n_minus = 0;
    struct cr_sql_node *node;

    for (;;) {
        if (take(parser, "-")) {
            n_minus++;
        } else if (!take(parser, "+")) {
            break;
        }
    }
    for (node = parse_value(parser); n_minus > 0; n_minus--) {
        node = make(parser, CR_SQL_NEGATE, offset, 1, node, NULL);
    }
    return node;
}

static struct cr_sql_node *parse_product(struct parser *parser)
{
    struct cr_sql_node *node = parse_sign(parser);

    for (;;) {
        size_t offset = parser->token.offset;

        if (take(parser, "*")) {
            node = make(parser, CR_SQL_MULTIPLY, offset, 2, node, parse_sign(parser));
        } else if (take(parser, "/")) {
            node = make(parser, CR_SQL_DIVIDE, offset, 2, node, parse_sign(parser));
        } else {
            return node;
        }
    }
}

static struct cr_sql_node *parse_sum(struct parser *parser)
{
    struct cr_sql_node *node = parse_product(parser);

    for (;;) {
        size_t offset = parser->token.offset;

        if (take(parser, "+")) {
            node = make(parser, CR_SQL_ADD, offset, 2, node, parse_product(parser));
        } else if (take(parser, "-")) {
            node = make(parser, CR_SQL_SUBTRACT, offset, 2, node, parse_product(parser));
        } else {
            return node;
        }
    }
}

/* x IN (a, b) is x = a OR x = b, with the same NULL. */
static struct cr_sql_node *parse_in(struct parser *parser, struct cr_sql_node *x, size_t offset)
{
    struct cr_sql_node *items[MAX_ITEMS];
    struct cr_sql_node *node = NULL;
    size_t n;

    (void)need(parser, "(");
    n = parse_list(parser, items);
    for (size_t i = 0; i < n; i++) {
        struct cr_sql_node *equal = make(parser, CR_SQL_EQUAL, offset, 2, x, items[i]);

        node = i == 0 ? equal : make(parser, CR_SQL_OR, offset, 2, node, equal);
    }
    return node;
}

/* x BETWEEN a AND b is x >= a AND x <= b. */
static struct cr_sql_node *parse_between(struct parser *parser, struct cr_sql_node *x,
                                         size_t offset)
{
    struct cr_sql_node *from = parse_sum(parser);
    struct cr_sql_node *to;

    (void)need(parser, "AND");
    to = parse_sum(parser);
    return make(parser, CR_SQL_AND, offset, 2,
                make(parser, CR_SQL_GREATER_EQUAL, offset, 2, x, from),
                make(parser, CR_SQL_LESS_EQUAL, offset, 2, x, to));
}

static struct cr_sql_node *parse_comparison(struct parser *parser)
{
    static const struct {
        const char *symbol;
        enum cr_sql_kind kind;
    } symbols[] = {
        {"=", CR_SQL_EQUAL},       {"<>", CR_SQL_UNEQUAL}, {"<", CR_SQL_LESS},
        {"<=", CR_SQL_LESS_EQUAL}, {">", CR_SQL_GREATER},  {">=", CR_SQL_GREATER_EQUAL},
    };
    struct cr_sql_node *node = parse_sum(parser);
    size_t offset = parser->token.offset;
    bool negated;

    for (size_t i = 0; i < CR_ARRAY_LEN(symbols); i++) {
        if (take(parser, symbols[i].symbol)) {
            return make(parser, symbols[i].kind, offset, 2, node, parse_sum(parser));
        }
    }
    if (take(parser, "IS")) {
        negated = take(parser, "NOT");
        return need(parser, "NULL")
                   ? make_not(parser, negated, make(parser, CR_SQL_IS_NULL, offset, 1, node, NULL))
                   : NULL;
    }
    negated = take(parser, "NOT");
    if (take(parser, "IN")) {
        return make_not(parser, negated, parse_in(parser, node, offset));
    }
    if (take(parser, "BETWEEN")) {
        return make_not(parser, negated, parse_between(parser, node, offset));
    }
    return negated ? unexpected(parser, "IN or BETWEEN") : node;
}

static struct cr_sql_node *parse_not(struct parser *parser)
{
    bool negated = false;

    while (take(parser, "NOT")) {
        negated = !negated;
    }
    return make_not(parser, negated, parse_comparison(parser));
}

static struct cr_sql_node *parse_and(struct parser *parser)
{
    struct cr_sql_node *node = parse_not(parser);

    for (size_t offset = parser->token.offset; take(parser, "AND"); offset = parser->token.offset) {
        node = make(parser, CR_SQL_AND, offset, 2, node, parse_not(parser));
    }
    return node;
}

/* The recursion comes through here. */
static struct cr_sql_node *parse_or(struct parser *parser)
{
    struct cr_sql_node *node;

    if (parser->depth == MAX_DEPTH) {
        return unexpected(parser, "less nesting");
    }
    parser->depth++;
    node = parse_and(parser);
    for (size_t offset = parser->token.offset; take(parser, "OR"); offset = parser->token.offset) {
        node = make(parser, CR_SQL_OR, offset, 2, node, parse_and(parser));
    }
    parser->depth--;
    return node;
}

/* expression AS name; without a name a column keeps its own. */
static void parse_item(struct parser *parser, struct cr_sql_item *item)
{
    *item = (struct cr_sql_item){.value = parse_or(parser)};
    if (take(parser, "AS")) {
        if (parser->token.kind != CR_SQL_NAME) {
            (void)unexpected(parser, "a name");
            return;
        }
        item->name = copy_token(parser);
        advance(parser);
    } else if (item->value != NULL && item->value->kind == CR_SQL_COLUMN) {
        item->name = item->value->text;
    } else {
        (void)unexpected(parser, "AS");
    }
}

static struct cr_sql_item *parse_items(struct parser *parser, size_t *ret_n)
{
    struct cr_sql_item *items = cr_arena_alloc_array(parser->arena, MAX_COLUMNS, sizeof(*items));
    size_t n = 0;

    if (items == NULL) {
        return no_memory(parser);
    }
    do {
        if (n == MAX_COLUMNS) {
            return unexpected(parser, "the end of a shorter list");
        }
        parse_item(parser, &items[n++]);
    } while (take(parser, ","));
    *ret_n = n;
    return items;
}

/* ( SELECT application.* {, …} FROM application ) [AS] name */
static void parse_derived(struct parser *parser, struct cr_sql_select *select)
{
    (void)(need(parser, "SELECT") && need(parser, "application") && need(parser, ".") &&
           need(parser, "*")); /* a failure stays */
    if (take(parser, ",")) {
        select->derived = parse_items(parser, &select->n_derived);
    }
    (void)(need(parser, "FROM") && need(parser, "application") && need(parser, ")"));
    (void)take(parser, "AS");
    if (parser->token.kind != CR_SQL_NAME || cr_sql_is_reserved(&parser->token)) {
        (void)unexpected(parser, "the name of the derived table");
        return;
    }
    advance(parser);
}

int cr_sql_parse(const char *text, size_t len, struct cr_arena *arena,
                 struct cr_sql_select *ret_select, struct cr_error *err)
{
    struct parser parser = {.lexer = {text, len, 0}, .arena = arena, .err = err};
    struct cr_sql_select select = {0};

    advance(&parser);
    (void)need(&parser, "SELECT");
    select.items = parse_items(&parser, &select.n_items);
    (void)need(&parser, "FROM");
    if (take(&parser, "(")) {
        parse_derived(&parser, &select);
    } else {
        (void)need(&parser, "application");
    }
    if (parser.result == 0 && parser.token.kind != CR_SQL_END) {
        (void)unexpected(&parser, "the end");
    }
    if (parser.result == 0) {
        *ret_select = select;
    }
    return parser.result;
}
