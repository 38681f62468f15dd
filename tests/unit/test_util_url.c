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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
