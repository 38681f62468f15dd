// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/strbuf.h"
#include "creditrisk/util/yaml.h"

CR_DEFINE_CLEANUP(struct cr_yaml_doc *, cr_yaml_destroy);

static struct cr_yaml_doc *parse(const char *text)
{
    struct cr_yaml_doc *doc = NULL;
    struct cr_error err;

    cr_assert_ok(cr_yaml_parse("t.yaml", text, strlen(text), &doc, &err), &err);
    return doc;
}

static void check_refused(const char *text, size_t len, int code, const char *message)
{
    struct cr_yaml_doc *doc = NULL;
    struct cr_error err;

    assert_int_equal(cr_yaml_parse("t.yaml", text, len, &doc, &err), code);
    assert_null(doc);
    if (strncmp(err.message, message, strlen(message)) != 0) {
        fail_msg("'%s' instead of '%s'", err.message, message);
    }
}

static void test_tree(void **state)
{
    CR_CLEANUP(cr_yaml_destroyp)
    struct cr_yaml_doc *doc = parse("# a comment\n"
                                    "name: retail\n"
                                    "fields:\n"
                                    "  - {name: age, min: 18}\n"
                                    "  - name: 'x y'\n"
                                    "empty: []\n");
    const struct cr_yaml_node *root = cr_yaml_root(doc);
    const struct cr_yaml_node *fields = cr_yaml_get(root, "fields");
    const struct cr_yaml_node *name;

    (void)state;
    assert_int_equal(root->kind, CR_YAML_MAP);
    assert_int_equal(root->n, 3);
    assert_string_equal(root->keys[2]->text, "empty");
    assert_string_equal(root->file, "t.yaml");
    assert_int_equal(root->values[2]->kind, CR_YAML_LIST);
    assert_int_equal(root->values[2]->n, 0);
    assert_int_equal(fields->kind, CR_YAML_LIST);
    assert_int_equal(fields->n, 2);
    name = cr_yaml_get(fields->values[1], "name");
    assert_string_equal(name->text, "x y");
    assert_true(name->quoted);
    assert_int_equal(name->line, 5);
    assert_int_equal(name->column, 11);
    assert_string_equal(cr_yaml_get(fields->values[0], "min")->text, "18");
    assert_null(cr_yaml_get(root, "absent"));
    assert_null(cr_yaml_get(fields, "name"));
    assert_null(cr_yaml_get(NULL, "name"));
}

static void test_nulls(void **state)
{
    CR_CLEANUP(cr_yaml_destroyp)
    struct cr_yaml_doc *doc = parse("[~, null, Null, NULL, '', '~', \"null\", nil]");
    CR_CLEANUP(cr_yaml_destroyp) struct cr_yaml_doc *value = parse("a:\nb: ~\n");
    const struct cr_yaml_node *root = cr_yaml_root(doc);

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_null(root->values[i]->text);
    }
    assert_string_equal(root->values[4]->text, "");
    assert_string_equal(root->values[5]->text, "~");
    assert_string_equal(root->values[6]->text, "null");
    assert_string_equal(root->values[7]->text, "nil");
    assert_null(cr_yaml_get(cr_yaml_root(value), "a")->text);
    assert_null(cr_yaml_get(cr_yaml_root(value), "b")->text);
}

/* A file with nothing but comments has a null as its root. */
static void test_empty(void **state)
{
    const char *const texts[] = {"", "# nothing\n", "---\n", "\xef\xbb\xbf"};

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(texts); i++) {
        CR_CLEANUP(cr_yaml_destroyp) struct cr_yaml_doc *doc = parse(texts[i]);
        const struct cr_yaml_node *root = cr_yaml_root(doc);

        assert_int_equal(root->kind, CR_YAML_SCALAR);
        assert_null(root->text);
    }
    cr_yaml_destroy(NULL);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"a: &x 1\nb: *x\n", "t.yaml:1:4: anchors"},
        {"a: [&x 1]\n", "t.yaml:1:5: anchors"},
        {"a: &x [1]\n", "t.yaml:1:4: anchors"},
        {"a: &x {b: 1}\n", "t.yaml:1:4: anchors"},
        {"a: *x\n", "t.yaml:1:4: aliases"},
        {"*x\n", "t.yaml:1:1: aliases"},
        {"*x : 1\n", "t.yaml:1:1: aliases"},
        {"a: !!str 1\n", "t.yaml:1:4: tags"},
        {"a: !x [1]\n", "t.yaml:1:4: tags"},
        {"! a\n", "t.yaml:1:1: tags"},
        {"a: 1\nb: 2\na: 3\n", "t.yaml:3:1: the key 'a' stands here twice"},
        {"x: {b: 1, 'b': 2}\n", "t.yaml:1:11: the key 'b' stands here twice"},
        {"a: 1\n---\nb: 2\n", "t.yaml:2:1: a second document"},
        {"--- 1\n...\n--- 2\n", "t.yaml:3:1: a second document"},
        {"~: 1\n", "t.yaml:1:1: a key must be a text"},
        {"? [a]\n: 1\n", "t.yaml:1:3: a key must be a text"},
        {": 1\n", "t.yaml:1:1: "},
        {"?\n: 1\n", "t.yaml:1:2: a key must be a text"},
        {"a: \"x\\0y\"\n", "t.yaml:1:4: a text with a NUL"},
        {"a: [1\n", "t.yaml:2:1: "},
        {"a: b: c\n", "t.yaml:1:5: "},
        {"a: 1\n\tb: 2\n", "t.yaml:2:1: "},
        {"a: 1\nb: \xff\n", "t.yaml:2:4: "},
        {"a: 1\nb: \x01\n", "t.yaml:2:4: "},
        {"a: 1\né: ₹\x01\n", "t.yaml:2:5: "}, /* characters, not bytes */
        {"]", "t.yaml:1:1: "},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        check_refused(cases[i].text, strlen(cases[i].text), CR_EPARSE, cases[i].message);
    }
    check_refused("\xff\xfe"
                  "a\0",
                  4, CR_EPARSE, "t.yaml:1:1: "); /* UTF-16 */
}

static void test_limits(void **state)
{
    CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf text = CR_STRBUF_INIT;
    CR_CLEANUP(cr_yaml_destroyp) struct cr_yaml_doc *doc = NULL;
    CR_CLEANUP(cr_yaml_destroyp) struct cr_yaml_doc *wide = NULL;

    (void)state;
    for (int i = 0; i < 32; i++) {
        cr_strbuf_putc(&text, '[');
    }
    cr_strbuf_puts(&text, "1");
    for (int i = 0; i < 32; i++) {
        cr_strbuf_putc(&text, ']');
    }
    doc = parse(text.data);
    assert_int_equal(cr_yaml_root(doc)->n, 1);
    cr_strbuf_reset(&text);
    for (int i = 0; i < 100000; i++) {
        cr_strbuf_putc(&text, '[');
    }
    check_refused(text.data, text.len, CR_ETOOBIG, "t.yaml:1:33: ");

    cr_strbuf_reset(&text);
    for (int i = 0; i < 49999; i++) { /* a map and 2 nodes per line */
        cr_strbuf_printf(&text, "k%d: 1\n", i);
    }
    wide = parse(text.data);
    assert_int_equal(cr_yaml_root(wide)->n, 49999);
    cr_strbuf_puts(&text, "x: 1\n");
    check_refused(text.data, text.len, CR_ETOOBIG, "t.yaml:50000:4: ");
}

static void test_typed(void **state)
{
    CR_CLEANUP(cr_yaml_destroyp)
    struct cr_yaml_doc *doc = parse("t: hello\nn: -1.5e3\ni: 42\nb: true\nf: false\n");
    const struct cr_yaml_node *root = cr_yaml_root(doc);
    struct cr_error err;
    const char *text = NULL;
    double number = 0.0;
    int64_t integer = 0;
    bool truth = false;

    (void)state;
    cr_assert_ok(cr_yaml_text(cr_yaml_get(root, "t"), &text, &err), &err);
    assert_string_equal(text, "hello");
    cr_assert_ok(cr_yaml_text(cr_yaml_get(root, "i"), &text, &err), &err);
    assert_string_equal(text, "42");
    cr_assert_ok(cr_yaml_number(cr_yaml_get(root, "n"), &number, &err), &err);
    cr_assert_same(number, -1500.0);
    cr_assert_ok(cr_yaml_int(cr_yaml_get(root, "i"), &integer, &err), &err);
    assert_int_equal(integer, 42);
    cr_assert_ok(cr_yaml_bool(cr_yaml_get(root, "b"), &truth, &err), &err);
    assert_true(truth);
    cr_assert_ok(cr_yaml_bool(cr_yaml_get(root, "f"), &truth, &err), &err);
    assert_false(truth);
}

static void test_typed_refused(void **state)
{
    CR_CLEANUP(cr_yaml_destroyp)
    struct cr_yaml_doc *doc = parse("x: 1\n'~': ~\nq: '5'\nl: [1]\nw: yes\nh: 1e999\n");
    const struct cr_yaml_node *root = cr_yaml_root(doc);
    struct cr_error err;
    const char *text = NULL;
    double number = 7.0;
    int64_t integer = 7;
    bool truth = true;

    (void)state;
    assert_int_equal(cr_yaml_text(cr_yaml_get(root, "~"), &text, &err), CR_EPARSE);
    assert_string_equal(err.message, "t.yaml:2:6: expected a text, found nothing");
    assert_int_equal(cr_yaml_number(cr_yaml_get(root, "q"), &number, &err), CR_EPARSE);
    assert_string_equal(err.message, "t.yaml:3:4: expected a number, found the quoted text '5'");
    assert_int_equal(cr_yaml_int(cr_yaml_get(root, "l"), &integer, &err), CR_EPARSE);
    assert_string_equal(err.message, "t.yaml:4:4: expected a single value, found a list");
    assert_int_equal(cr_yaml_bool(cr_yaml_get(root, "w"), &truth, &err), CR_EPARSE);
    assert_string_equal(err.message, "t.yaml:5:4: expected true or false, found 'yes'");
    assert_int_equal(cr_yaml_number(cr_yaml_get(root, "h"), &number, &err), CR_EPARSE);
    assert_int_equal(cr_yaml_int(cr_yaml_get(root, "h"), &integer, &err), CR_EPARSE);
    assert_null(text);
    cr_assert_same(number, 7.0);
    assert_int_equal(integer, 7);
    assert_true(truth);
}

static void test_keys(void **state)
{
    static const char *const known[] = {"a", "b", NULL};
    CR_CLEANUP(cr_yaml_destroyp) struct cr_yaml_doc *doc = parse("a: 1\nc: [2]\n");
    const struct cr_yaml_node *root = cr_yaml_root(doc), *node = NULL;
    struct cr_error err;

    (void)state;
    assert_int_equal(cr_yaml_check_keys(root, known, &err), CR_EPARSE);
    assert_string_equal(err.message, "t.yaml:2:1: unknown key 'c'; known are: a, b");
    assert_int_equal(cr_yaml_check_keys(cr_yaml_get(root, "c"), known, &err), CR_EPARSE);
    assert_string_equal(err.message, "t.yaml:2:4: expected a map, found a list");
    cr_assert_ok(cr_yaml_need(root, "a", &node, &err), &err);
    assert_string_equal(node->text, "1");
    assert_int_equal(cr_yaml_need(root, "b", &node, &err), CR_EPARSE);
    assert_string_equal(err.message, "t.yaml:1:1: 'b' is missing");
    assert_int_equal(cr_yaml_need(node, "b", &node, &err), CR_EPARSE);
    assert_string_equal(err.message, "t.yaml:1:4: expected a map, found a single value");
}

static void test_load(void **state)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "a.yaml", "a: [1, 2]\n");
    CR_CLEANUP(cr_yaml_destroyp) struct cr_yaml_doc *doc = NULL;
    struct cr_yaml_doc *none = NULL;
    struct cr_error err;

    (void)state;
    cr_assert_ok(cr_yaml_load(path, 100, &doc, &err), &err);
    assert_string_equal(cr_yaml_root(doc)->file, path);
    assert_int_equal(cr_yaml_load(path, 5, &none, &err), CR_ETOOBIG);
    assert_int_equal(cr_yaml_load("/nonexistent", 5, &none, &err), CR_ENOTFOUND);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree),          cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_empty),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),        cmocka_unit_test(test_typed),
        cmocka_unit_test(test_typed_refused), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
