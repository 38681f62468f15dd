// SPDX-License-Identifier: MIT
/* Both ways in, bytes and a parsed value, turn each member into a token and meet in take_member. */
#include "creditrisk/portfolio/record.h"

#include <math.h>
#include <string.h>

#include "date.h"
#include "index.h"
#include "names.h"
#include "reader.h"

/* What is known of a field while a body is read; to BAD the issue's type is added. */
enum { ABSENT, GOOD, BAD };

struct reading {
    const struct cr_portfolio *portfolio;
    struct cr_arena *arena;
    struct cr_value *values; /* n_fields; of a bad date the text is the reason */
    unsigned char *states;   /* n_fields */
    const char **extras;     /* unknown keys */
    size_t n_extras;
    size_t cap_extras;
    size_t next;       /* behind the last field that was read */
    size_t n_required; /* fields that must be there and are */
    bool bad;
    struct cr_row_keys *keys; /* NULL: a key of the book is a key that is unknown */
};

static int no_memory(struct cr_error *err)
{
    return cr_error_set(err, CR_ENOMEM, "the request needs more memory than it may have");
}

static unsigned char bad(enum cr_issue_type type)
{
    return (unsigned char)(BAD + type);
}

static bool is_number(const struct cr_token *token)
{
    return token->kind == CR_TOKEN_INTEGER || token->kind == CR_TOKEN_REAL;
}

/* What a value of another type is called, by the type of the field. */
static unsigned char wrong_type(enum cr_type type)
{
    static const enum cr_issue_type issues[] = {
        [CR_INT] = CR_ISSUE_INT_TYPE,     [CR_NUMBER] = CR_ISSUE_FLOAT_TYPE,
        [CR_ENUM] = CR_ISSUE_ENUM,        [CR_BOOL] = CR_ISSUE_BOOL_TYPE,
        [CR_DATE] = CR_ISSUE_STRING_TYPE, [CR_TEXT] = CR_ISSUE_STRING_TYPE,
    };

    return bad(issues[type]);
}

static unsigned char take_number(const struct cr_index_field *field, const struct cr_token *token,
                                 struct cr_value *value)
{
    bool whole = field->type == CR_INT;
    double number = token->number;

    if (!is_number(token)) {
        return wrong_type((enum cr_type)field->type);
    }
    /* An integer of any length is a number to compare; only 1e999 has no value. */
    if (isinf(number) && !(whole && token->kind == CR_TOKEN_INTEGER)) {
        return bad(CR_ISSUE_FINITE_NUMBER);
    }
    if (whole && token->kind == CR_TOKEN_REAL && number != floor(number)) {
        return bad(CR_ISSUE_INT_FROM_FLOAT);
    }
    if (number < field->min) {
        return bad(CR_ISSUE_GREATER_THAN_EQUAL);
    }
    if (number > field->max) {
        return bad(CR_ISSUE_LESS_THAN_EQUAL);
    }
    if (isinf(number)) {
        return bad(CR_ISSUE_FINITE_NUMBER);
    }
    value->number = whole ? number + 0.0 : number; /* −0.0 as an integer is 0 */
    return GOOD;
}

static unsigned char take_level(const struct reading *reading, size_t index,
                                const struct cr_token *token, struct cr_value *value)
{
    const struct cr_index_field *field = &reading->portfolio->index->fields[index];
    ptrdiff_t level = -1;

    if (token->kind == CR_TOKEN_STRING) {
        level = cr_names_find_text(field->levels, field->n_levels, token->text, token->len);
        if (level < 0) { /* an alias? */
            level =
                cr_levels_find(&reading->portfolio->fields[index].levels, token->text, token->len);
        }
    }
    if (level < 0) {
        return bad(CR_ISSUE_ENUM);
    }
    value->text = field->levels[level];
    return GOOD;
}

static unsigned char take_flag(const struct cr_token *token, struct cr_value *value)
{
    if (token->kind != CR_TOKEN_TRUE && token->kind != CR_TOKEN_FALSE) {
        return bad(CR_ISSUE_BOOL_TYPE);
    }
    value->number = token->kind == CR_TOKEN_TRUE ? 1.0 : 0.0;
    return GOOD;
}

/* Apart, so that the other types do not save the registers which this needs. */
static __attribute__((noinline)) int take_date(struct reading *reading,
                                               const struct cr_token *token, struct cr_value *value,
                                               unsigned char *state)
{
    const char *fault;

    if (token->kind != CR_TOKEN_STRING) {
        *state = bad(CR_ISSUE_STRING_TYPE);
        return 0;
    }
    fault = cr_date_find_fault(token->text, token->len);
    if (fault != NULL) {
        value->text = fault;
        *state = bad(CR_ISSUE_DATE_FROM_DATETIME_PARSING);
        return 0;
    }
    value->text = cr_arena_strndup(reading->arena, token->text, token->len);
    *state = GOOD;
    return value->text != NULL ? 0 : CR_ENOMEM;
}

static int take_field(struct reading *reading, size_t index, const struct cr_token *token)
{
    const struct cr_index_field *field = &reading->portfolio->index->fields[index];
    enum cr_type type = (enum cr_type)field->type;
    struct cr_value *value = &reading->values[index];
    unsigned char state = GOOD;
    int result = 0;

    if (token->kind == CR_TOKEN_NULL) {
        *value = CR_VALUE_MISSING;
        state = field->nullable ? GOOD : wrong_type(type);
    } else {
        switch (type) {
        case CR_INT:
        case CR_NUMBER:
            state = take_number(field, token, value);
            break;
        case CR_ENUM:
            state = take_level(reading, index, token, value);
            break;
        case CR_BOOL:
            state = take_flag(token, value);
            break;
        case CR_DATE:
        case CR_TEXT:
            result = take_date(reading, token, value, &state);
            break;
        }
    }
    reading->states[index] = state;
    reading->next = index + 1;
    reading->n_required += field->required;
    reading->bad = reading->bad || state != GOOD;
    return result;
}

static int add_extra(struct reading *reading, const char *key, size_t len)
{
    if (reading->n_extras == reading->cap_extras) {
        size_t cap = reading->cap_extras == 0 ? 16 : 2 * reading->cap_extras;
        const char **extras = cr_arena_alloc_array(reading->arena, cap, sizeof(*extras));

        if (extras == NULL) {
            return CR_ENOMEM;
        }
        if (reading->n_extras > 0) {
            memcpy(extras, reading->extras, reading->n_extras * sizeof(*extras));
        }
        reading->extras = extras;
        reading->cap_extras = cap;
    }
    reading->extras[reading->n_extras] = cr_arena_strndup(reading->arena, key, len);
    reading->bad = true;
    return reading->extras[reading->n_extras++] != NULL ? 0 : CR_ENOMEM;
}

/* Every field as it is when the body leaves it out. */
static int begin(struct reading *reading, const struct cr_portfolio *portfolio,
                 struct cr_arena *arena)
{
    const struct cr_index *index = portfolio->index;
    size_t n = portfolio->n_fields;
    struct cr_value *values = cr_arena_alloc_array(arena, n, sizeof(*values));
    unsigned char *states = cr_arena_alloc_array(arena, n, sizeof(*states));

    if (values == NULL || states == NULL) {
        return CR_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        values[i] = CR_VALUE_MISSING;
    }
    for (size_t i = 0; i < index->n_defaults; i++) {
        values[index->defaults[i].field] = index->defaults[i].value;
    }
    *reading = (struct reading){
        .portfolio = portfolio,
        .arena = arena,
        .values = values,
        .states = states,
    };
    return 0;
}

/* The fields that the body leaves out but must not. */
static void find_missing(struct reading *reading)
{
    for (size_t i = 0; i < reading->portfolio->n_fields; i++) {
        if (reading->states[i] == ABSENT && reading->portfolio->fields[i].required) {
            reading->states[i] = bad(CR_ISSUE_MISSING);
            reading->bad = true;
        }
    }
}

static struct cr_issue make_issue(const struct reading *reading, size_t index)
{
    const struct cr_field *field = &reading->portfolio->fields[index];
    enum cr_issue_type type = (enum cr_issue_type)(reading->states[index] - BAD);
    struct cr_issue issue = {.type = type, .field = field->name, .expected = field};

    issue.bound = type == CR_ISSUE_GREATER_THAN_EQUAL ? field->min
                  : type == CR_ISSUE_LESS_THAN_EQUAL  ? field->max
                                                      : NAN;
    issue.reason = type == CR_ISSUE_DATE_FROM_DATETIME_PARSING ? reading->values[index].text : NULL;
    return issue;
}

static int list_issues(const struct reading *reading, struct cr_issues *ret_issues)
{
    size_t n_fields = reading->portfolio->n_fields;
    size_t n = reading->n_extras;
    struct cr_issue *items;

    for (size_t i = 0; i < n_fields; i++) {
        n += reading->states[i] >= BAD;
    }
    items = cr_arena_alloc_array(reading->arena, n, sizeof(*items));
    if (items == NULL) {
        return CR_ENOMEM;
    }
    *ret_issues = (struct cr_issues){.n = n, .items = items};
    for (size_t i = 0; i < n_fields; i++) {
        if (reading->states[i] >= BAD) {
            *items++ = make_issue(reading, i);
        }
    }
    for (size_t i = 0; i < reading->n_extras; i++) {
        *items++ = (struct cr_issue){
            .type = CR_ISSUE_EXTRA_FORBIDDEN,
            .field = reading->extras[i],
            .bound = NAN,
        };
    }
    return 0;
}

static int end(struct reading *reading, struct cr_record *ret_record, struct cr_issues *ret_issues)
{
    if (reading->n_required < reading->portfolio->index->n_required) {
        find_missing(reading);
    }
    if (reading->bad) {
        return list_issues(reading, ret_issues);
    }
    *ret_issues = (struct cr_issues){0};
    ret_record->values = reading->values;
    return 0;
}

/* One issue about the body as a whole. */
static int refuse_body(struct cr_arena *arena, struct cr_issue issue, struct cr_issues *ret_issues)
{
    struct cr_issue *items = cr_arena_alloc(arena, sizeof(*items));

    if (items == NULL) {
        return CR_ENOMEM;
    }
    *items = issue;
    items->bound = NAN;
    *ret_issues = (struct cr_issues){.n = 1, .items = items};
    return 0;
}

static bool is_named(const char *name, const char *text, size_t len)
{
    return name != NULL && strlen(name) == len && memcmp(name, text, len) == 0;
}

/* Keeps the value that was just read if its member is a key of the book, which *ret_is_key says. */
static int take_key(struct reading *reading, const struct cr_reader *reader, ptrdiff_t field,
                    const struct cr_token *key, const struct cr_token *value, bool *ret_is_key)
{
    const struct cr_portfolio *portfolio = reading->portfolio;
    const char *name = field < 0 ? key->text : portfolio->fields[field].name;
    size_t len = field < 0 ? key->len : strlen(name);
    const char *begin = reader->body + value->offset;
    const char **kept = is_named(portfolio->key_row, name, len)        ? &reading->keys->row
                        : is_named(portfolio->key_customer, name, len) ? &reading->keys->customer
                                                                       : NULL;

    if (kept == NULL || value->kind == CR_TOKEN_NESTED) {
        return 0;
    }
    *kept = cr_arena_strndup(reading->arena, begin, (size_t)(reader->p - begin));
    *ret_is_key = true;
    return *kept != NULL ? 0 : CR_ENOMEM;
}

static int take_member(struct reading *reading, struct cr_reader *reader,
                       const struct cr_token *key, const struct cr_token *value)
{
    ptrdiff_t field = key->kind == CR_TOKEN_LIKELY
                          ? (ptrdiff_t)reading->next
                          : cr_index_find_field(reading->portfolio->index, key->text, key->len);
    bool is_key = false;
    int result = reading->keys != NULL ? take_key(reading, reader, field, key, value, &is_key) : 0;

    if (result != 0) {
        return result;
    }
    if (field < 0) {
        result = cr_reader_note_key(reader, key);
        return result != 0 || is_key ? result : add_extra(reading, key->text, key->len);
    }
    if (reading->states[field] != ABSENT) {
        return cr_reader_refuse_key(reader, key);
    }
    return take_field(reading, (size_t)field, value);
}

/* CR_EPARSE leaves the fault in the reader. */
static int read_members(struct reading *reading, struct cr_reader *reader)
{
    struct cr_token key, value;
    bool more = true;
    int result = 0;

    while (result == 0 && more) {
        const struct cr_index_field *likely = &reading->portfolio->index->fields[reading->next];

        result = cr_reader_next(reader, likely->key, likely->key_len, &key, &value, &more);
        if (result == 0 && more) {
            result = take_member(reading, reader, &key, &value);
        }
    }
    return result;
}

static int read_body(const struct cr_portfolio *portfolio, const char *body, size_t len,
                     struct cr_arena *arena, struct cr_record *ret_record, struct cr_row_keys *keys,
                     struct cr_issues *ret_issues)
{
    struct cr_reader reader;
    struct reading reading;
    bool object = false;
    int result = cr_reader_start(&reader, body, len, arena, &object);

    if (result == 0 && !object) {
        return refuse_body(arena, (struct cr_issue){.type = CR_ISSUE_MODEL_ATTRIBUTES_TYPE},
                           ret_issues);
    }
    if (result == 0) {
        result = begin(&reading, portfolio, arena);
    }
    if (result == 0) {
        reading.keys = keys;
        result = read_members(&reading, &reader);
    }
    if (result == CR_EPARSE) {
        struct cr_issue issue = {
            .type = CR_ISSUE_JSON_INVALID,
            .offset = reader.fault_offset,
            .reason = reader.fault,
        };

        if (keys != NULL) {
            *keys = (struct cr_row_keys){0}; /* one of a broken text may be any part of it */
        }
        return refuse_body(arena, issue, ret_issues);
    }
    return result != 0 ? result : end(&reading, ret_record, ret_issues);
}

/* Without `keys` as a client's body, with them as the row of a file. */
static int read_text(const struct cr_portfolio *portfolio, const char *body, size_t len,
                     struct cr_arena *arena, struct cr_record *ret_record, struct cr_row_keys *keys,
                     struct cr_issues *ret_issues, struct cr_error *err)
{
    const struct cr_issue missing = {.type = CR_ISSUE_MISSING};
    int result = len == 0 ? refuse_body(arena, missing, ret_issues)
                          : read_body(portfolio, body, len, arena, ret_record, keys, ret_issues);

    return result != 0 ? no_memory(err) : 0;
}

int cr_record_from_json(const struct cr_portfolio *portfolio, const char *body, size_t len,
                        struct cr_arena *arena, struct cr_record *ret_record,
                        struct cr_issues *ret_issues, struct cr_error *err)
{
    return read_text(portfolio, body, len, arena, ret_record, NULL, ret_issues, err);
}

int cr_record_from_row(const struct cr_portfolio *portfolio, const char *text, size_t len,
                       struct cr_arena *arena, struct cr_record *ret_record,
                       struct cr_row_keys *ret_keys, struct cr_issues *ret_issues,
                       struct cr_error *err)
{
    *ret_keys = (struct cr_row_keys){0};
    return read_text(portfolio, text, len, arena, ret_record, ret_keys, ret_issues, err);
}

static struct cr_token make_token(const json_t *value)
{
    struct cr_token token = {.kind = CR_TOKEN_NESTED};

    switch (json_typeof(value)) {
    case JSON_NULL:
        token.kind = CR_TOKEN_NULL;
        break;
    case JSON_TRUE:
        token.kind = CR_TOKEN_TRUE;
        break;
    case JSON_FALSE:
        token.kind = CR_TOKEN_FALSE;
        break;
    case JSON_INTEGER:
        token.kind = CR_TOKEN_INTEGER;
        token.number = (double)json_integer_value(value);
        break;
    case JSON_REAL:
        token.kind = CR_TOKEN_REAL;
        token.number = json_real_value(value);
        break;
    case JSON_STRING:
        token.kind = CR_TOKEN_STRING;
        token.text = json_string_value(value);
        token.len = json_string_length(value);
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    return token;
}

static int read_object(const struct cr_portfolio *portfolio, const json_t *object,
                       struct cr_arena *arena, struct cr_record *ret_record,
                       struct cr_issues *ret_issues)
{
    json_t *members = (json_t *)object; /* jansson's iterators, which change nothing, want it so */
    struct reading reading;
    int result = begin(&reading, portfolio, arena);

    for (void *it = json_object_iter(members); result == 0 && it != NULL;
         it = json_object_iter_next(members, it)) {
        const char *key = json_object_iter_key(it);
        size_t len = json_object_iter_key_len(it);
        ptrdiff_t field = cr_index_find_field(portfolio->index, key, len);
        struct cr_token token = make_token(json_object_iter_value(it));

        result =
            field < 0 ? add_extra(&reading, key, len) : take_field(&reading, (size_t)field, &token);
    }
    return result != 0 ? result : end(&reading, ret_record, ret_issues);
}

int cr_record_from_value(const struct cr_portfolio *portfolio, const json_t *value,
                         struct cr_arena *arena, struct cr_record *ret_record,
                         struct cr_issues *ret_issues, struct cr_error *err)
{
    const struct cr_issue no_object = {.type = CR_ISSUE_MODEL_ATTRIBUTES_TYPE};
    int result = json_is_object(value)
                     ? read_object(portfolio, value, arena, ret_record, ret_issues)
                     : refuse_body(arena, no_object, ret_issues);

    return result != 0 ? no_memory(err) : 0;
}
