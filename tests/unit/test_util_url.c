// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/url.h"

static void test_masked(void **state)
{
    static const char *const urls[][2] = {
        {"postgresql://u:p%40ss@host:5432/db", "postgresql://u:***@host:5432/db"},
        {"postgresql://u:p@ss@host/db", "postgresql://u:***@host/db"},
        {"postgresql://u:p/ss@host/db", "postgresql://u:***@host/db"},
        {"postgresql://u:p@/ss@host/db", "postgresql://u:***@host/db"},
        {"postgresql://u:p?ss@host/db", "postgresql://u:***@host/db"},
        {"postgresql://u@corp:p@host/db", "postgresql://u@corp:***@host/db"},
        {"postgresql://u:@host/db", "postgresql://u:***@host/db"},
        {"postgresql://u@host/a:b@c", "postgresql://u@host/a:b@c"},
        {"postgresql://host:5432/db", "postgresql://host:5432/db"},
        {"postgresql://host/db?password=p&x=1", "postgresql://host/db?password=***&x=1"},
        {"postgresql://u:p@host/db?password=q", "postgresql://u:***@host/db?password=***"},
        {"postgresql://h/d?PASSWORD=p&a=b&sslpassword=q&c=d",
         "postgresql://h/d?PASSWORD=***&a=b&sslpassword=***&c=d"},
        {"postgresql://u:p@h/d?password=a@b", "postgresql://u:***@b"},
        {"postgresql:u:p@h", "postgresql:***@h"},
        {"u:p@h/d", "u:***@h/d"},
        {"host=h password='p & q' user=u", "host=h password=***"},
        {"sqlite:a@b:c.db", "sqlite:a@b:c.db"},
        {"sqlite:password=x", "sqlite:password=x"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(urls); i++) {
        CR_CLEANUP(cr_strbuf_finish) struct cr_strbuf out = CR_STRBUF_INIT;

        cr_url_put_masked(&out, urls[i][0]);
        assert_string_equal(cr_strbuf_text(&out), urls[i][1]);
    }
}

static void test_kind(void **state)
{
    static const struct {
        const char *url;
        enum cr_url_kind kind; /* CR_URL_N_KINDS: refused … */
        const char *shown;     /* … and shown so */
    } cases[] = {
        {"sqlite:data/book.db", CR_URL_SQLITE, NULL},
        {"sqlite::memory:", CR_URL_SQLITE, NULL},
        {"postgresql://u:secret@h/db", CR_URL_POSTGRES, NULL},
        {"postgres:///db", CR_URL_POSTGRES, NULL},
        {"data/book.db", CR_URL_N_KINDS, "data/book.db"},
        {"SQLITE:x", CR_URL_N_KINDS, "SQLITE:x"},
        {"postgresql:x", CR_URL_N_KINDS, "postgresql:x"},
        {"mysql://u:secret@h/db", CR_URL_N_KINDS, "mysql://u:***@h/db"},
        {"", CR_URL_N_KINDS, ""},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        enum cr_url_kind kind = CR_URL_N_KINDS;
        char expected[128];
        struct cr_error err = {0};

        if (cases[i].kind != CR_URL_N_KINDS) {
            cr_assert_ok(cr_url_read_kind(cases[i].url, &kind, &err), &err);
            assert_int_equal(kind, cases[i].kind);
            continue;
        }
        assert_int_equal(cr_url_read_kind(cases[i].url, &kind, &err), CR_EINVAL);
        (void)snprintf(expected, sizeof(expected),
                       "database '%s' is not of the form sqlite:PATH or postgresql://…",
                       cases[i].shown);
        assert_string_equal(err.message, expected);
        assert_int_equal(kind, CR_URL_N_KINDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masked),
        cmocka_unit_test(test_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
