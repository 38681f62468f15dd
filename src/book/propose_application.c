// SPDX-License-Identifier: MIT
/* application.yaml of a proposed portfolio. */
#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"
#include "creditrisk/util/utf8.h"
#include "propose.h"
#include "table.h"

enum { WIDTH = 98 }; /* of a line, in characters */

/* Plain texts that YAML, or its reader, would take for something else. */
static bool is_special(const char *text)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n"};

    for (size_t i = 0; i < CR_ARRAY_LEN(words); i++) {
        if (strcasecmp(words[i], text) == 0) {
            return true;
        }
    }
    return false;
}

/* Characters that YAML does not take as they are, or takes for the end of a line, as it escapes
 * them; NULL for any other. */
static const char *find_escape(const char *text, size_t *ret_len)
{
    static const struct {
        const char *bytes;
        const char *escape;
    } escapes[] = {{"\xe2\x80\xa8", "\\L"},
                   {"\xe2\x80\xa9", "\\P"},
                   {"\xef\xbb\xbf", "\\uFEFF"},
                   {"\xef\xbf\xbe", "\\uFFFE"},
                   {"\xef\xbf\xbf", "\\uFFFF"},
                   {"\"", "\\\""},
                   {"\\", "\\\\"}};

    for (size_t i = 0; i < CR_ARRAY_LEN(escapes); i++) {
        *ret_len = strlen(escapes[i].bytes);
        if (strncmp(text, escapes[i].bytes, *ret_len) == 0) {
            return escapes[i].escape;
        }
    }
    return NULL;
}

/* The number of a control character, of ASCII or of Latin-1; 0 for any other. */
static unsigned find_control(const char *text, size_t *ret_len)
{
    unsigned char first = (unsigned char)text[0];
    unsigned char second = first != '\0' ? (unsigned char)text[1] : 0;

    *ret_len = first == 0xc2 ? 2 : 1;
    if (first == 0xc2) {
        return second <= 0x9f ? second : 0;
    }
    return first < 0x20 || first == 0x7f ? first : 0;
}

void cr_propose_put_text(struct cr_strbuf *out, const char *text)
{
    bool is_plain = isalpha((unsigned char)text[0]) && !is_special(text);
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++) {
        is_plain = is_plain && (isalnum((unsigned char)text[i]) || text[i] == '_' ||
                                (text[i] == ' ' && i + 1 < len) || text[i] == '-');
    }
    if (is_plain) {
        cr_strbuf_puts(out, text);
        return;
    }
    cr_strbuf_putc(out, '"');
    for (size_t i = 0, step = 1; i < len; i += step) {
        const char *escape = find_escape(text + i, &step);
        unsigned control = escape == NULL ? find_control(text + i, &step) : 0;

        if (escape != NULL) {
            cr_strbuf_puts(out, escape);
        } else if (control != 0) {
            cr_strbuf_printf(out, "\\x%02x", control);
        } else {
            cr_strbuf_append(out, text + i, step);
        }
    }
    cr_strbuf_putc(out, '"');
}

/* "Loan amount" of loan_amount. */
static void put_title(struct cr_strbuf *out, const char *name)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf label = CR_STRBUF_INIT;

    for (size_t i = 0; name[i] != '\0'; i++) {
        cr_strbuf_putc(&label, name[i] == '_' ? ' '
                               : i == 0       ? (char)toupper((unsigned char)name[i])
                                              : name[i]);
    }
    cr_propose_put_text(out, cr_strbuf_text(&label));
}

/* Whether only the header's own text tells what a name for SQL cannot: letters beyond ASCII, a
 * digit at the beginning. */
static bool is_label(const char *header)
{
    size_t len = strlen(header);
    bool has_more = isdigit((unsigned char)header[0]);

    for (size_t i = 0, step; i < len; i += step) {
        step = cr_utf8_sequence(header + i, len - i);
        if (step == 0 || cr_utf8_is_control(header + i, step)) {
            return false;
        }
        has_more |= step > 1;
    }
    return has_more;
}

void cr_propose_put_label(struct cr_strbuf *out, const struct cr_propose_column *column)
{
    if (is_label(column->seen->header)) {
        cr_propose_put_text(out, column->seen->header);
    } else {
        put_title(out, column->name);
    }
}

/* [a, b, …], broken into lines; `indent` blanks stand before the next ones. */
static void put_levels(struct cr_strbuf *out, const char *key, size_t indent,
                       const struct cr_profile_level *levels, size_t n)
{
    size_t column = indent + strlen(key) + 3;

    cr_strbuf_printf(out, "%s: [", key);
    for (size_t i = 0; i < n; i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;

        cr_propose_put_text(&text, levels[i].text);
        if (i > 0 && column + text.len + 2 > WIDTH) {
            cr_strbuf_printf(out, ",\n%*s", (int)(indent + strlen(key) + 3), "");
            column = indent + strlen(key) + 3;
        } else if (i > 0) {
            cr_strbuf_puts(out, ", ");
        }
        cr_strbuf_puts(out, cr_strbuf_text(&text));
        column += text.len + 2;
    }
    cr_strbuf_putc(out, ']');
}

/* The next number with one digit that is not 0: 37 → 40, 0.012 → 0.02. */
static double round_up(double number)
{
    double step = pow(10.0, floor(log10(number)));

    return number > 0 ? ceil(number / step) * step : 0;
}

/* Twice as far as the file goes, and not below 0 if it never is. Two values are all there are, and
 * so are those of a code; few that begin with 0 may be a count. */
static void find_range(const struct cr_propose_column *column, double *ret_min, double *ret_max)
{
    const struct cr_profile_column *seen = column->seen;
    bool is_closed =
        (column->is_code && seen->min != 0) || (!seen->has_many && seen->n_levels == 2);

    *ret_min = is_closed ? seen->min : seen->min >= 0 ? 0 : -round_up(2 * -seen->min);
    *ret_max = is_closed ? seen->max : seen->max > 0 ? round_up(2 * seen->max) : 0;
}

static const struct cr_profile_level *most_frequent(const struct cr_profile_column *seen)
{
    const struct cr_profile_level *most = &seen->levels[0];

    for (size_t i = 1; i < seen->n_levels; i++) {
        most = seen->levels[i].n > most->n ? &seen->levels[i] : most;
    }
    return most;
}

/* An end that is beyond all doubles is open. */
static void put_end(struct cr_strbuf *out, const char *key, double end)
{
    if (isfinite(end)) {
        cr_strbuf_printf(out, ", %s: ", key);
        cr_strbuf_put_double(out, end);
    }
}

/* To two decimals, where that stays among the values. */
static double example_of(const struct cr_profile_column *seen, double mean)
{
    double rounded = cr_num_round(mean, 2);

    return rounded >= seen->min && rounded <= seen->max ? rounded : mean;
}

static void put_number_field(const struct cr_propose_column *column, struct cr_strbuf *out)
{
    const struct cr_profile_column *seen = column->seen;
    double mean = fmax(fmin(seen->sum / (double)seen->n_number, seen->max), seen->min);
    double min, max;

    find_range(column, &min, &max);
    put_end(out, "min", min);
    put_end(out, "max", max);
    cr_strbuf_puts(out, ", example: ");
    cr_strbuf_put_double(out, column->type == CR_INT ? round(mean) : example_of(seen, mean));
}

static size_t count_characters(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        n += !cr_utf8_follows((unsigned char)text[i]);
    }
    return n;
}

/* How many bytes of the text make a line of so many characters: whole words, or the first one
 * where that is longer. */
static size_t find_break(const char *text, size_t width)
{
    size_t end = strcspn(text, " ");

    while (text[end] != '\0') {
        size_t next = end + 1 + strcspn(text + end + 1, " ");

        if (count_characters(text, next) > width) {
            break;
        }
        end = next;
    }
    return end;
}

/* A comment in lines of at most WIDTH: `first` stands before the first one, `next` before the
 * others. Nothing for no text. */
static void put_comment(const char *first, const char *next, const struct cr_strbuf *text,
                        struct cr_strbuf *out)
{
    const char *rest = cr_strbuf_text(text);

    for (const char *before = first; *rest != '\0'; before = next) {
        size_t len = find_break(rest, WIDTH - strlen(before));

        cr_strbuf_printf(out, "%s%.*s\n", before, (int)len, rest);
        rest += len + (rest[len] == ' ');
    }
}

static void put_field_comment(const struct cr_strbuf *text, struct cr_strbuf *out)
{
    put_comment("  # ", "  # ", text, out);
}

/* What the file showed, for the one who checks. */
static void put_seen(const struct cr_proposal *proposal, const struct cr_propose_column *column,
                     struct cr_strbuf *out)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    const struct cr_profile_column *seen = column->seen;

    cr_strbuf_puts(&text, "seen: ");
    if (column->type != CR_ENUM) {
        cr_strbuf_put_double(&text, seen->min);
        cr_strbuf_puts(&text, " to ");
        cr_strbuf_put_double(&text, seen->max);
    } else {
        cr_strbuf_printf(&text, "%zu texts", seen->n_levels);
    }
    if (seen->n_missing > 0) {
        cr_strbuf_printf(&text, "; %.1f %% missing",
                         100 * (double)seen->n_missing / (double)proposal->profile->n_rows);
    }
    if (column->is_code) {
        cr_strbuf_printf(&text,
                         "; %zu different: if these are codes, an enum with readable choices "
                         "and the codes as aliases is better",
                         seen->n_levels);
    }
    put_field_comment(&text, out);
}

/* What the author should not overlook. */
static void put_remarks(const struct cr_proposal *proposal, const struct cr_propose_column *column,
                        struct cr_strbuf *out)
{
    bool goes_on = true;

    for (size_t i = 0; goes_on; i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf remark = CR_STRBUF_INIT;

        goes_on = cr_propose_put_remark(proposal, column, i, &remark);
        put_field_comment(&remark, out);
    }
}

static void put_field(const struct cr_proposal *proposal, const struct cr_propose_column *column,
                      struct cr_strbuf *out)
{
    const struct cr_profile_column *seen = column->seen;

    put_seen(proposal, column, out);
    put_remarks(proposal, column, out);
    cr_strbuf_printf(out, "  - {name: %s, type: %s", column->name, cr_type_name(column->type));
    if (column->type == CR_ENUM) {
        cr_strbuf_puts(out, ", example: ");
        cr_propose_put_text(out, most_frequent(seen)->text);
        cr_strbuf_puts(out, ",\n     ");
        put_levels(out, "choices", 5, seen->levels, seen->n_levels);
    } else {
        put_number_field(column, out);
    }
    cr_strbuf_printf(out, ",\n     %s, group: Application, label: ",
                     column->is_nullable ? "nullable: true" : "required: true");
    cr_propose_put_label(out, column);
    cr_strbuf_puts(out, "}\n");
}

static void put_keys(const struct cr_proposal *proposal, struct cr_strbuf *out)
{
    static const struct {
        enum cr_propose_role role;
        const char *key;
    } keys[] = {{CR_PROPOSE_KEY_ROW, "row"},
                {CR_PROPOSE_KEY_CUSTOMER, "customer"},
                {CR_PROPOSE_KEY_DATE, "date"},
                {CR_PROPOSE_TEST, "test"}};
    const char *separator = "keys: {";

    for (size_t i = 0; i < CR_ARRAY_LEN(keys); i++) {
        for (size_t j = 0; j < proposal->n_columns; j++) {
            if (proposal->columns[j].role == keys[i].role) {
                cr_strbuf_printf(out, "%s%s: %s", separator, keys[i].key,
                                 proposal->columns[j].name);
                separator = ", ";
            }
        }
    }
    cr_strbuf_puts(out, separator[0] == ',' ? "}\n" : "");
}

static void put_missing(const struct cr_profile *profile, struct cr_strbuf *out)
{
    cr_strbuf_puts(out, "  # check: whether one of these means something\n  missing: [\"\"");
    for (size_t i = 1; i < CR_PROFILE_N_MARKERS; i++) {
        if ((profile->markers & 1U << i) != 0) {
            cr_strbuf_printf(out, ", \"%s\"", cr_profile_markers[i]);
        }
    }
    cr_strbuf_puts(out, "]\n");
}

static void put_headers(const struct cr_proposal *proposal, struct cr_strbuf *out)
{
    const char *opening = "  columns:               # names of the file, where they are others\n";

    for (size_t i = 0; i < proposal->n_columns; i++) {
        const struct cr_propose_column *column = &proposal->columns[i];

        if (column->role == CR_PROPOSE_LEFT_OUT ||
            strcmp(column->name, column->seen->header) == 0) {
            continue;
        }
        cr_strbuf_printf(out, "%s    %s: ", opening, column->name);
        cr_propose_put_text(out, column->seen->header);
        cr_strbuf_puts(out, "\n");
        opening = "";
    }
}

static size_t count_lines(const struct cr_strbuf *text)
{
    size_t n = 1;

    for (size_t i = 0; i < text->len; i++) {
        n += text->data[i] == '\n';
    }
    return n;
}

static void put_list(struct cr_strbuf *out, const char *start, const char *key, const char *text)
{
    cr_strbuf_printf(out, "%s%s: [", start, key);
    cr_propose_put_text(out, text);
    cr_strbuf_puts(out, "]");
}

/* Which text of the outcome is good and which is bad. 0 and 1 do without; what would exchange them
 * stands there as a comment. */
static void put_words(struct cr_proposal *proposal, struct cr_strbuf *out)
{
    if (proposal->has_words) {
        cr_strbuf_puts(out, "  # check: which of the two is the loan that failed; once exchanged, "
                            "import again\n");
        proposal->good_line = count_lines(out);
        put_list(out, "  ", "good", proposal->good);
        cr_strbuf_putc(out, '\n');
        put_list(out, "  ", "bad", proposal->bad);
    } else {
        cr_strbuf_puts(out, "  # check: 1 is the loan that failed; if it is 0, uncomment these two "
                            "and import again\n");
        proposal->good_line = count_lines(out);
        put_list(out, "  # ", "good", proposal->bad);
        cr_strbuf_putc(out, '\n');
        put_list(out, "  # ", "bad", proposal->good);
    }
    cr_strbuf_putc(out, '\n');
}

static void put_book(struct cr_proposal *proposal, struct cr_strbuf *out)
{
    cr_strbuf_printf(out, "\nbook:\n  table: %s\n  separator: ", proposal->table);
    cr_book_put_separator(proposal->profile->separator, out);
    cr_strbuf_putc(out, '\n');
    put_missing(proposal->profile, out);
    put_headers(proposal, out);
    put_words(proposal, out);
}

static void put_left_out(const struct cr_proposal *proposal, struct cr_strbuf *out)
{
    const char *opening = "\n# Columns of the file that are no fields:\n";

    for (size_t i = 0; i < proposal->n_columns; i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
        const struct cr_propose_column *column = &proposal->columns[i];

        if (column->role == CR_PROPOSE_LEFT_OUT) {
            cr_propose_put_text(&text, column->seen->header);
            cr_strbuf_puts(&text, ": ");
            cr_propose_put_reason(proposal, column, &text);
            cr_strbuf_puts(out, opening);
            put_comment("#   ", "#     ", &text, out);
            opening = "";
        }
    }
}

static void put_outcome(const struct cr_proposal *proposal, struct cr_strbuf *out)
{
    for (size_t i = 0; i < proposal->n_columns; i++) {
        if (proposal->columns[i].role == CR_PROPOSE_OUTCOME) {
            cr_strbuf_printf(out,
                             "# write: what happened, and within which time\n"
                             "outcome: {name: %s, label: Bad,\n"
                             "          definition: \"As the file says in its column %s\"}\n",
                             proposal->columns[i].name, proposal->columns[i].name);
        }
    }
}

void cr_propose_put_application(struct cr_proposal *proposal, struct cr_strbuf *out)
{
    cr_strbuf_printf(
        out,
        "# Proposed from a CSV file of %zu rows. Read it before it decides about anyone:\n"
        "#   - no field may hold what is known only after the decision, or follow from the "
        "outcome\n"
        "#   - ranges refuse requests and rows: they are twice as wide as what the file showed, "
        "but\n"
        "#     just that wide for whole numbers with few values, which may be codes (12, 24, 36)\n"
        "#   - a text that a client may send for a choice is an alias: {DebtCon: Debt "
        "consolidation}\n"
        "#   - rows stay as they were read: after a change of keys, book, a type, a range or a "
        "name\n"
        "#     'creditrisk import --portfolio %s FILE.csv --replace'\n"
        "# 'creditrisk portfolio check %s' looks for what can be found by looking.\n\n"
        "title: ",
        proposal->profile->n_rows, proposal->options->name, proposal->options->name);
    put_title(out, proposal->table);
    cr_strbuf_puts(out,
                   "\ncurrency: {code: XXX, symbol: \"¤\", grouping: thousands}    # write: the "
                   "one of the amounts\n");
    put_outcome(proposal, out);
    put_keys(proposal, out);
    put_book(proposal, out);
    put_left_out(proposal, out);
    cr_strbuf_puts(out, "\ngroups: [Application]    # of the form, in order\n\nfields:\n");
    for (size_t i = 0; i < proposal->n_columns; i++) {
        if (proposal->columns[i].role == CR_PROPOSE_FIELD) {
            put_field(proposal, &proposal->columns[i], out);
        }
    }
}
