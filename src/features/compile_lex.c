// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "compile.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/utf8.h"

int cr_sql_fault(const char *text, size_t offset, struct cr_error *err, const char *format, ...)
{
    char message[160];
    size_t line, column;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args); /* what is cut off is cut off */
    va_end(args);
    cr_utf8_place(text, offset, &line, &column);
    return cr_error_at(err, CR_EPARSE, CR_SQL_FILE, line, column, "%s", message);
}

bool cr_sql_is(const struct cr_sql_token *token, const char *word)
{
    return (token->kind == CR_SQL_NAME || token->kind == CR_SQL_SYMBOL) && !token->quoted &&
           strlen(word) == token->len && strncasecmp(token->text, word, token->len) == 0;
}

bool cr_sql_is_reserved(const struct cr_sql_token *token)
{
    static const char *const words[] = {
        "SELECT", "FROM", "WHERE", "AS", "CASE", "WHEN", "THEN",  "ELSE", "END",     "AND",
        "OR",     "NOT",  "IN",    "IS", "NULL", "CAST", "UNION", "LIKE", "BETWEEN", "WITH"};

    for (size_t i = 0; i < CR_ARRAY_LEN(words); i++) {
        if (cr_sql_is(token, words[i])) {
            return true;
        }
    }
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The text is NUL-terminated, so that one byte may be looked at beyond its end. */
static char peek(const struct cr_sql_lexer *lexer, size_t ahead)
{
    return lexer->at + ahead < lexer->len ? lexer->text[lexer->at + ahead] : '\0';
}

/* Blanks and comments. */
static int skip(struct cr_sql_lexer *lexer, struct cr_error *err)
{
    for (;;) {
        char c = peek(lexer, 0);

        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
            lexer->at++;
        } else if (c == '-' && peek(lexer, 1) == '-') {
            while (lexer->at < lexer->len && lexer->text[lexer->at] != '\n') {
                lexer->at++;
            }
        } else if (c == '/' && peek(lexer, 1) == '*') {
            const char *end = strstr(lexer->text + lexer->at + 2, "*/");

            if (end == NULL) {
                return cr_sql_fault(lexer->text, lexer->at, err, "the comment does not end");
            }
            lexer->at = (size_t)(end - lexer->text) + 2;
        } else {
            return 0;
        }
    }
}

/* From the quote at lexer->at to the next one. Doubled quotes stand for none of our names and
 * levels, so they are not in the grammar. */
static int lex_quoted(struct cr_sql_lexer *lexer, char quote, struct cr_sql_token *token,
                      struct cr_error *err)
{
    const char *begin = lexer->text + lexer->at + 1;
    const char *end = memchr(begin, quote, lexer->len - lexer->at - 1);

    if (end == NULL) {
        return cr_sql_fault(lexer->text, lexer->at, err, "the quote is not closed");
    }
    if (end[1] == quote) {
        return cr_sql_fault(lexer->text, (size_t)(end - lexer->text), err,
                            "a quote inside quotes is not in the grammar of " CR_SQL_FILE);
    }
    token->kind = quote == '\'' ? CR_SQL_STRING : CR_SQL_NAME;
    token->quoted = true;
    token->text = begin;
    token->len = (size_t)(end - begin);
    lexer->at += token->len + 2;
    return 0;
}

static int lex_number(struct cr_sql_lexer *lexer, struct cr_sql_token *token, struct cr_error *err)
{
    size_t n = 0;

    token->is_whole = true;
    while (is_digit(peek(lexer, n))) {
        n++;
    }
    if (peek(lexer, n) == '.' && is_digit(peek(lexer, n + 1))) {
        token->is_whole = false;
        for (n++; is_digit(peek(lexer, n)); n++) {
        }
    }
    if (peek(lexer, n) == 'e' || peek(lexer, n) == 'E') {
        size_t sign = peek(lexer, n + 1) == '+' || peek(lexer, n + 1) == '-' ? 1 : 0;

        token->is_whole = false;
        for (n += 1 + sign; is_digit(peek(lexer, n)); n++) {
        }
    }
    token->kind = CR_SQL_NUMBER;
    token->len = n;
    if (!cr_num_parse(token->text, n, &token->number) || is_letter(peek(lexer, n)) ||
        peek(lexer, n) == '.') {
        return cr_sql_fault(lexer->text, lexer->at, err, "'%.*s' is not a number", (int)n + 1,
                            token->text);
    }
    lexer->at += n;
    return 0;
}

static int lex_symbol(struct cr_sql_lexer *lexer, struct cr_sql_token *token, struct cr_error *err)
{
    static const char *const symbols[] = {"<>", "<=", ">=", "<", ">", "=", "(",
                                          ")",  ",",  ".",  "+", "-", "*", "/"};

    for (size_t i = 0; i < CR_ARRAY_LEN(symbols); i++) {
        size_t len = strlen(symbols[i]);

        if (strncmp(token->text, symbols[i], len) == 0) {
            token->kind = CR_SQL_SYMBOL;
            token->len = len;
            lexer->at += len;
            return 0;
        }
    }
    return cr_sql_fault(lexer->text, lexer->at, err, "'%c' is not in the grammar of " CR_SQL_FILE,
                        token->text[0]);
}

int cr_sql_lex(struct cr_sql_lexer *lexer, struct cr_sql_token *ret_token, struct cr_error *err)
{
    int result = skip(lexer, err);
    char c = peek(lexer, 0);
    struct cr_sql_token token = {.text = lexer->text + lexer->at, .offset = lexer->at};

    if (result < 0) {
        return result;
    }
    if (lexer->at == lexer->len) {
        token.kind = CR_SQL_END;
    } else if (c == '\'' || c == '"') {
        result = lex_quoted(lexer, c, &token, err);
    } else if (is_digit(c)) {
        result = lex_number(lexer, &token, err);
    } else if (is_letter(c)) {
        token.kind = CR_SQL_NAME;
        while (is_letter(peek(lexer, token.len)) || is_digit(peek(lexer, token.len))) {
            token.len++;
        }
        lexer->at += token.len;
    } else {
        result = lex_symbol(lexer, &token, err);
    }
    if (result == 0) {
        *ret_token = token;
    }
    return result;
}
