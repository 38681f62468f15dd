// SPDX-License-Identifier: MIT
#include "cr_test.h"

#include <unistd.h>

#include "creditrisk/settings/settings.h"
#include "creditrisk/util/cleanup.h"

/* Drops every variable that the settings read, whoever set it. */
static void clear_environment(void)
{
    static const char prefix[] = "CREDITRISK_";
    size_t i = 0;

    (void)unsetenv("PORT"); /* fails only for names that are none */
    while (environ[i] != NULL) {
        if (strncmp(environ[i], prefix, sizeof(prefix) - 1) == 0) {
            char *name = strndup(environ[i], strcspn(environ[i], "="));

            assert_non_null(name);
            assert_int_equal(unsetenv(name), 0);
            free(name);
            i = 0; /* the list has moved */
        } else {
            i++;
        }
    }
}

/* Every test starts in an empty folder, without our variables. */
static int set_up(void **state)
{
    char *dir = cr_test_tempdir();

    clear_environment();
    *state = dir;
    return chdir(dir);
}

static int tear_down(void **state)
{
    free(*state);
    return chdir(cr_test_root());
}

static struct cr_settings load(const struct cr_settings_flag *flags, size_t n_flags)
{
    struct cr_settings settings;
    struct cr_error err;

    cr_assert_ok(cr_settings_load(flags, n_flags, &settings, &err), &err);
    return settings;
}

static void check_refused(const struct cr_settings_flag *flags, size_t n_flags, int code,
                          const char *message)
{
    struct cr_settings settings;
    struct cr_error err = {0};

    assert_int_equal(cr_settings_load(flags, n_flags, &settings, &err), code);
    assert_int_equal(err.code, code);
    if (strstr(err.message, message) == NULL) {
        fail_msg("'%s' is not in '%s'", message, err.message);
    }
}

static void write_config(const char *dir, const char *text)
{
    free(cr_test_write(dir, "t.yaml", text));
    assert_int_equal(setenv("CREDITRISK_CONFIG", "t.yaml", 1), 0);
}

/* The value and origin of a key as they are displayed. */
static void check_entry(const struct cr_settings *settings, const char *key, const char *value,
                        const char *origin)
{
    struct cr_settings_entry entry;

    for (size_t i = 0; cr_settings_entry(settings, i, &entry); i++) {
        if (strcmp(entry.key, key) == 0) {
            assert_string_equal(entry.value, value);
            assert_string_equal(entry.origin, origin);
            free(entry.value);
            return;
        }
        free(entry.value);
    }
    fail_msg("there is no setting '%s'", key);
}

static void test_defaults(void **state)
{
    struct cr_settings settings = load(NULL, 0);
    char *path = cr_settings_portfolio_path(&settings);

    (void)state;
    assert_string_equal(settings.portfolio, "retail");
    assert_string_equal(settings.portfolios, "*");
    assert_string_equal(settings.db, "sqlite:data/creditrisk.db");
    assert_string_equal(settings.registry, "models");
    assert_null(settings.registry_db);
    assert_string_equal(settings.listen_address, "127.0.0.1");
    assert_int_equal(settings.listen_port, 8001);
    assert_int_equal(settings.listen_fd, -1);
    assert_int_equal(settings.threads, 0);
    assert_int_equal(settings.body_bytes, 65536);
    assert_int_equal(settings.header_bytes, 16384);
    assert_int_equal(settings.header_count, 64);
    assert_int_equal(settings.connections, 1024);
    assert_int_equal(settings.connections_per_ip, 64);
    assert_int_equal(settings.header_timeout_s, 10);
    assert_int_equal(settings.transfer_timeout_s, 10);
    assert_int_equal(settings.transfer_bytes_per_s, 1024);
    assert_int_equal(settings.idle_timeout_s, 30);
    assert_int_equal(settings.bodies_bytes, 256 << 20);
    assert_int_equal(settings.queue_threads, 1);
    assert_int_equal(settings.queue_length, 16);
    assert_int_equal(settings.rate_requests, 0);
    assert_int_equal(settings.rate_window_s, 60);
    assert_string_equal(settings.trusted_proxies, "");
    assert_string_equal(settings.cors_origins, "");
    assert_string_equal(settings.auth_mode, "none");
    assert_int_equal(settings.auth_refresh_s, 5);
    assert_int_equal(settings.drain_timeout_s, 10);
    assert_string_equal(settings.log_level, "info");
    assert_false(settings.access_log);
    assert_false(settings.allow_anonymous);
    assert_null(settings.config_path);
    assert_string_equal(path, "config/portfolios/retail");
    check_entry(&settings, "limits.body_bytes", "65536", "default");
    check_entry(&settings, "registry.db", "", "default");
    free(path);
    cr_settings_finish(&settings);
    cr_settings_finish(&settings);
}

/* The file that ships says what the program does without it. */
static void test_sample(void **state)
{
    char *path = cr_test_path("config/creditriskd.yaml");
    struct cr_settings_flag flag = {"config", path};
    struct cr_settings defaults = load(NULL, 0);
    struct cr_settings sample = load(&flag, 1);
    struct cr_settings_entry a;
    struct cr_settings_entry b;
    size_t n_from_file = 0;
    size_t n = 0;

    (void)state;
    while (cr_settings_entry(&defaults, n, &a)) {
        assert_true(cr_settings_entry(&sample, n, &b));
        assert_string_equal(a.key, b.key);
        assert_string_equal(a.value, b.value);
        n_from_file += strcmp(b.origin, "file") == 0;
        free(a.value);
        free(b.value);
        n++;
    }
    /* all but the flag listen-fd and those that are null: registry.db, registry.trusted_keys and
     * auth.key */
    assert_int_equal(n_from_file, n - 4);
    assert_string_equal(sample.config_path, path);
    cr_settings_finish(&defaults);
    cr_settings_finish(&sample);
    free(path);
}

static void test_precedence(void **state)
{
    struct cr_settings_flag flags[] = {{"db", "sqlite:flag.db"}, {"portfolio", "bank"}};
    struct cr_settings settings;

    write_config(*state, "db: sqlite:file.db\nportfolio: file\nregistry:\n  dir: file-models\n"
                         "log: {access: true, level: warn}\n");
    assert_int_equal(setenv("CREDITRISK_DB", "sqlite:env.db", 1), 0);
    assert_int_equal(setenv("CREDITRISK_REGISTRY", "env-models", 1), 0);
    assert_int_equal(setenv("CREDITRISK_REGISTRY_DB", "sqlite:r.db", 1), 0);
    assert_int_equal(setenv("CREDITRISK_LIMITS_BODY_BYTES", "4096", 1), 0);
    assert_int_equal(setenv("CREDITRISK_NO_SUCH_ONE", "x", 1), 0);
    settings = load(flags, CR_ARRAY_LEN(flags));
    assert_string_equal(settings.config_path, "t.yaml");
    assert_true(settings.access_log);
    check_entry(&settings, "db", "sqlite:flag.db", "flag");
    check_entry(&settings, "portfolio", "bank", "flag");
    check_entry(&settings, "registry.dir", "env-models", "environment");
    check_entry(&settings, "registry.db", "sqlite:r.db", "environment");
    check_entry(&settings, "limits.body_bytes", "4096", "environment");
    check_entry(&settings, "log.level", "warn", "file");
    check_entry(&settings, "listen.port", "8001", "default");
    cr_settings_finish(&settings);
}

static void test_port(void **state)
{
    struct cr_settings_flag flag = {"listen", "[::1]:0"};
    struct cr_settings settings;

    (void)state;
    assert_int_equal(setenv("PORT", "9000", 1), 0);
    settings = load(NULL, 0);
    assert_int_equal(settings.listen_port, 9000);
    cr_settings_finish(&settings);

    assert_int_equal(setenv("CREDITRISK_LISTEN_PORT", "9001", 1), 0);
    settings = load(NULL, 0);
    assert_int_equal(settings.listen_port, 9001);
    cr_settings_finish(&settings);

    settings = load(&flag, 1);
    assert_string_equal(settings.listen_address, "::1");
    assert_int_equal(settings.listen_port, 0);
    check_entry(&settings, "listen.address", "::1", "flag");
    check_entry(&settings, "listen.port", "0", "flag");
    cr_settings_finish(&settings);
}

/* As containers pass them: set, but to nothing. */
static void test_empty_variables(void **state)
{
    struct cr_settings settings;

    (void)state;
    assert_int_equal(setenv("PORT", "", 1), 0);
    assert_int_equal(setenv("CREDITRISK_DB", "", 1), 0);
    assert_int_equal(setenv("CREDITRISK_CONFIG", "", 1), 0);
    settings = load(NULL, 0);
    check_entry(&settings, "db", "sqlite:data/creditrisk.db", "default");
    check_entry(&settings, "listen.port", "8001", "default");
    cr_settings_finish(&settings);
}

static void test_empty_file(void **state)
{
    struct cr_settings settings;

    write_config(*state, "# nothing but words\n");
    settings = load(NULL, 0);
    assert_string_equal(settings.config_path, "t.yaml");
    assert_string_equal(settings.portfolio, "retail");
    cr_settings_finish(&settings);
}

static void test_bad_files(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"portfolio: retail\nspeed: 9\n", "t.yaml:2:1: unknown setting 'speed'"},
        {"limits:\n  body_bytes: 4096\n  body: 1\n", "t.yaml:3:3: unknown setting 'limits.body'"},
        {"limits:\n  body_bytes: lots\n", "t.yaml:2:15: limits.body_bytes: 'lots' is no integer"},
        {"limits:\n  body_bytes: 12\n", "t.yaml:2:15: limits.body_bytes: '12' is not between"},
        {"limits:\n  body_bytes: \"4096\"\n", "expected a plain value, found the quoted text"},
        {"limits:\n  body_bytes: ~\n", "t.yaml:2:15: limits.body_bytes: needs a value"},
        {"limits: 3\n", "t.yaml:1:9: expected a map"},
        {"db: [a]\n", "t.yaml:1:5: expected a single value"},
        {"db: book.db\n", "t.yaml:1:5: db: database 'book.db' is not of the form"},
        {"log: {level: loud}\n", "log.level: 'loud' is none of debug,info,warn,error"},
        {"log: {access: yes}\n", "log.access: 'yes' is neither true nor false"},
        {"portfolio: ../etc\n",
         "portfolio: '../etc' is no name of a portfolio: letters, digits, - and _, at most 63"},
        {"portfolios: [cards, ../etc]\n",
         "portfolios: '../etc' is no name of a portfolio: letters"},
        {"portfolios: [a b]\n", "portfolios: 'a b' holds a blank"},
        {"portfolio: ''\n", "portfolio: must not be empty"},
        {"listen:\n  address: localhost\n",
         "t.yaml:2:12: listen.address: 'localhost' is no IP address, as 127.0.0.1 is"},
        {"listen-fd: 3\n", "unknown setting 'listen-fd'"},
        {"limits.body_bytes: 4096\n", "t.yaml:1:1: unknown setting 'limits.body_bytes'"},
        {"trusted_proxies: ::1\n", "t.yaml:1:18: expected a list"},
        {"trusted_proxies: [[a]]\n", "expected a single value"},
        {"trusted_proxies: ['10.0.0.1,10.0.0.2']\n", "t.yaml:1:19: expected one entry of a list"},
        {"cors: {allow_origins: [a, '']}\n", "t.yaml:1:27: cors.allow_origins: entry 2 is empty"},
        {"portfolios: [~]\n", "t.yaml:1:14: portfolios: entry 1 is empty"},
        {"cors: {allow_origins: ['a b']}\n", "cors.allow_origins: 'a b' holds a blank"},
        {"auth: {mode: key, mod: none}\n", "unknown setting 'auth.mod'; did you mean 'auth.mode'?"},
        {"limts: {body_bytes: 4096}\n", "unknown setting 'limts'; did you mean 'limits'?"},
        {"porfolio: retail\n", "t.yaml:1:1: unknown setting 'porfolio'; did you mean 'portfolio'?"},
        {"log: {level: info, acces: true}\n", "did you mean 'log.access'?"},
        {"- db\n", "t.yaml:1:1: expected a map"},
        {"'': 1\n", "unknown setting ''"},
        {"limits: {'': 1}\n", "unknown setting 'limits.'"},
    };

    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        write_config(*state, cases[i].text);
        check_refused(NULL, 0, CR_EPARSE, cases[i].message);
    }
}

/* A sequence in the file, commas in a variable. */
static void test_lists(void **state)
{
    struct cr_settings settings;

    write_config(*state, "trusted_proxies: [10.0.0.0/8, '::1']\ncors:\n  allow_origins:\n"
                         "    - https://a.example\n    - https://b.example:8443\n");
    settings = load(NULL, 0);
    check_entry(&settings, "trusted_proxies", "10.0.0.0/8,::1", "file");
    check_entry(&settings, "cors.allow_origins", "https://a.example,https://b.example:8443",
                "file");
    cr_settings_finish(&settings);
    assert_int_equal(setenv("CREDITRISK_TRUSTED_PROXIES", "127.0.0.1,::1", 1), 0);
    settings = load(NULL, 0);
    check_entry(&settings, "trusted_proxies", "127.0.0.1,::1", "environment");
    cr_settings_finish(&settings);
    assert_int_equal(setenv("CREDITRISK_TRUSTED_PROXIES", "127.0.0.1,", 1), 0);
    check_refused(NULL, 0, CR_EINVAL,
                  "environment variable CREDITRISK_TRUSTED_PROXIES: entry 2 of '127.0.0.1,' is "
                  "empty");
    assert_int_equal(unsetenv("CREDITRISK_TRUSTED_PROXIES"), 0);
    assert_int_equal(setenv("CREDITRISK_PORTFOLIOS", "retail,,cards", 1), 0);
    check_refused(
        NULL, 0, CR_EINVAL,
        "environment variable CREDITRISK_PORTFOLIOS: entry 2 of 'retail,,cards' is empty");
}

static void test_missing_file(void **state)
{
    struct cr_settings_flag flag = {"config", "absent.yaml"};

    (void)state;
    check_refused(&flag, 1, CR_ENOTFOUND, "absent.yaml");
    assert_int_equal(setenv("CREDITRISK_CONFIG", "missing.yaml", 1), 0);
    check_refused(NULL, 0, CR_ENOTFOUND, "missing.yaml");
    check_refused(&flag, 1, CR_ENOTFOUND, "absent.yaml");
}

static void test_bad_words(void **state)
{
    struct cr_settings_flag both[] = {{"listen", "127.0.0.1:1"}, {"listen-fd", "3"}};
    static const struct {
        struct cr_settings_flag flag;
        const char *message;
    } cases[] = {
        {{"listen", "8001"},
         "option --listen: '8001' is not ADDRESS:PORT; write it as 127.0.0.1:8001 or [::1]:8001"},
        {{"listen", "::1:80"}, "is not ADDRESS:PORT; write it as 127.0.0.1:80 or [::1]:80"},
        {{"listen", ":80"}, "is not ADDRESS:PORT"},
        {{"listen", "[]:80"}, "must not be empty"},
        {{"listen", "127.0.0.1:"},
         "option --listen: '' is no integer; write it as 127.0.0.1:8001 or "},
        {{"listen", "127.0.0.1:65536"}, "is not between 0 and 65535; write it as 127.0.0.1:8001 "},
        {{"listen", "localhost:8000"},
         "option --listen: 'localhost' is no IP address, as 127.0.0.1 is; write it as "
         "127.0.0.1:8000 or [::1]:8000"},
        {{"listen", "127.0.0.256:8000"}, "'127.0.0.256' is no IP address"},
        {{"listen-fd", "-2"}, "option --listen-fd: '-2' is not between"},
        {{"db", ""}, "option --db: must not be empty"},
        {{"db", "book.db"}, "option --db: database 'book.db' is not of the form sqlite:PATH or "},
        {{"registry-db", "mysql://u:secret@h/x"},
         "option --registry-db: database 'mysql://u:***@h/x' is not"},
        {{"threads", "2"}, "unknown option '--threads'"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        check_refused(&cases[i].flag, 1, CR_EINVAL, cases[i].message);
    }
    check_refused(both, CR_ARRAY_LEN(both), CR_EINVAL, "exclude each other");
    assert_int_equal(setenv("PORT", "http", 1), 0);
    check_refused(NULL, 0, CR_EINVAL, "environment variable PORT: 'http' is no integer");
    assert_int_equal(setenv("CREDITRISK_LISTEN_ADDRESS", "[::1]", 1), 0);
    assert_int_equal(unsetenv("PORT"), 0);
    check_refused(NULL, 0, CR_EINVAL,
                  "variable CREDITRISK_LISTEN_ADDRESS: '[::1]' is no IP address");
}

/* Who requires signatures has to say whose, wherever both are said. */
static void test_signatures(void **state)
{
    static const char message[] =
        "signatures are required (registry.require_signature), but no file of the keys that may "
        "sign is named: registry.trusted_keys, CREDITRISK_REGISTRY_TRUSTED_KEYS";
    struct cr_settings settings;

    write_config(*state, "registry: {require_signature: true}\n");
    check_refused(NULL, 0, CR_EINVAL, message);
    assert_int_equal(setenv("CREDITRISK_REGISTRY_TRUSTED_KEYS", "office.pub", 1), 0);
    settings = load(NULL, 0);
    assert_true(settings.require_signature);
    assert_string_equal(settings.trusted_keys, "office.pub");
    cr_settings_finish(&settings);
    write_config(*state, "registry: {trusted_keys: file.pub}\n");
    assert_int_equal(setenv("CREDITRISK_REGISTRY_REQUIRE_SIGNATURE", "true", 1), 0);
    assert_int_equal(unsetenv("CREDITRISK_REGISTRY_TRUSTED_KEYS"), 0);
    settings = load(NULL, 0);
    assert_string_equal(settings.trusted_keys, "file.pub");
    cr_settings_finish(&settings);
    write_config(*state, "registry: {require_signature: false, trusted_keys: ~}\n");
    check_refused(NULL, 0, CR_EINVAL, message);
    assert_int_equal(unsetenv("CREDITRISK_REGISTRY_REQUIRE_SIGNATURE"), 0);
    settings = load(NULL, 0);
    cr_settings_finish(&settings);
}

/* Every flag that is taken stands in the help, and nothing else is one. */
static void test_flags(void **state)
{
    struct cr_settings settings = load(NULL, 0);
    struct cr_settings_entry entry;

    (void)state;
    for (size_t i = 0; cr_settings_entry(&settings, i, &entry); i++) {
        assert_true(entry.flag == NULL || cr_settings_find_flag(entry.flag) != NULL);
        free(entry.value);
    }
    cr_settings_finish(&settings);
    for (size_t i = 0; cr_settings_flag_at(i) != NULL; i++) {
        const struct cr_settings_flag_help *flag = cr_settings_flag_at(i);
        struct cr_settings_flag given = {flag->name, ""};

        assert_ptr_equal(cr_settings_find_flag(flag->name), flag);
        assert_int_equal(flag->of_daemon, strncmp(flag->name, "listen", 6) == 0);
        check_refused(&given, 1, strcmp(flag->name, "config") == 0 ? CR_ENOTFOUND : CR_EINVAL, "");
    }
    assert_null(cr_settings_find_flag("json"));
    assert_null(cr_settings_find_flag("threads"));
    assert_null(cr_settings_find_flag(""));
}

static void test_secrets(void **state)
{
    static const char *const urls[][2] = {
        {"postgresql://u:p%40ss@host:5432/db", "postgresql://u:***@host:5432/db"},
        {"postgresql://u:p@ss@host/db", "postgresql://u:***@host/db"},
        {"postgresql://u@host/a:b@c", "postgresql://u@host/a:b@c"},
        {"postgresql://host/db?password=p&x=1", "postgresql://host/db?password=***&x=1"},
        {"postgresql:///db?x=1&password=p", "postgresql:///db?x=1&password=***"},
        {"sqlite:a@b:c.db", "sqlite:a@b:c.db"},
    };

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(urls); i++) {
        struct cr_settings_flag flag = {"db", urls[i][0]};
        struct cr_settings settings = load(&flag, 1);

        assert_string_equal(settings.db, urls[i][0]);
        check_entry(&settings, "db", urls[i][1], "flag");
        cr_settings_finish(&settings);
    }
}

/* Which flag shows a password to everyone on the machine. */
static void test_open_passwords(void **state)
{
    const struct cr_settings_flag flags[] = {
        {"portfolio", "u:p@h"},
        {"db", "sqlite:u:p@h.db"},
        {"db", "postgresql://u@host/db"},
        {"registry-db", "postgresql://u:p@host/db"},
        {"db", "postgresql://host/db?password=p"},
    };

    (void)state;
    assert_null(cr_settings_find_password(flags, 0));
    assert_null(cr_settings_find_password(flags, 3));
    assert_string_equal(cr_settings_find_password(flags, 4), "registry-db");
    assert_string_equal(cr_settings_find_password(flags + 4, 1), "db");
}

static void check_stray(size_t *at, const char *name, const char *likely)
{
    struct cr_settings_stray stray;

    assert_true(cr_settings_next_stray(at, &stray));
    assert_string_equal(stray.name, name);
    assert_string_equal(stray.likely, likely);
}

/* Variables that look like settings and are none, with what they may have meant. */
static void test_strays(void **state)
{
    static const char *const known[] = {"CREDITRISK_DB",          "CREDITRISK_LIMITS_BODY_BYTES",
                                        "CREDITRISK_REGISTRY_DB", "CREDITRISK_CONFIG",
                                        "CREDITRISK_ACTOR",       "CREDITRISK_LIGHTGBM"};
    static const char *const strangers[] = {"CREDITRISK", "creditrisk_db", "MY_CREDITRISK_DB",
                                            "CREDITRISK_ODD-NAME"};
    struct cr_settings_stray stray;
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < CR_ARRAY_LEN(known); i++) {
        assert_int_equal(setenv(known[i], "x", 1), 0);
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(strangers); i++) {
        assert_int_equal(setenv(strangers[i], "x", 1), 0);
    }
    assert_false(cr_settings_next_stray(&at, &stray));
    assert_int_equal(setenv("CREDITRISK_LIMITS_BODY_BYTE", "1", 1), 0);
    assert_int_equal(setenv("CREDITRISK_LISTEN_FD", "1", 1), 0); /* a flag only */
    assert_int_equal(setenv("CREDITRISK_PORT", "1", 1), 0);
    assert_int_equal(setenv("CREDITRISK_TIMEOUT_S", "1", 1), 0);
    assert_int_equal(setenv("CREDITRISK_CONFG", "1", 1), 0);
    assert_int_equal(setenv("CREDITRISK_REGISTRY_DIR", "x", 1), 0); /* its key, one off another */
    at = 0;
    check_stray(&at, "CREDITRISK_LIMITS_BODY_BYTE", "CREDITRISK_LIMITS_BODY_BYTES");
    check_stray(&at, "CREDITRISK_LISTEN_FD", "");
    check_stray(&at, "CREDITRISK_PORT", "CREDITRISK_LISTEN_PORT");
    check_stray(&at, "CREDITRISK_TIMEOUT_S", ""); /* of several */
    check_stray(&at, "CREDITRISK_CONFG", "CREDITRISK_CONFIG");
    check_stray(&at, "CREDITRISK_REGISTRY_DIR", "CREDITRISK_REGISTRY");
    assert_false(cr_settings_next_stray(&at, &stray));
    for (size_t i = 0; i < CR_ARRAY_LEN(strangers); i++) {
        assert_int_equal(unsetenv(strangers[i]), 0);
    }
}

/* A key is never shown, not even one that is refused. */
static void test_key(void **state)
{
    struct cr_settings settings;

    (void)state;
    assert_int_equal(setenv("CREDITRISK_AUTH_KEY", "0123456789abcdef0123456789ABCDEF", 1), 0);
    settings = load(NULL, 0);
    assert_string_equal(settings.auth_key, "0123456789abcdef0123456789ABCDEF");
    check_entry(&settings, "auth.key", "***", "environment");
    cr_settings_finish(&settings);
    assert_int_equal(setenv("CREDITRISK_AUTH_KEY", "0123456789abcdef0123456789ABCDE", 1), 0);
    check_refused(NULL, 0, CR_EINVAL,
                  "environment variable CREDITRISK_AUTH_KEY: must have at least");
    assert_int_equal(setenv("CREDITRISK_AUTH_KEY", "0123456789abcdef 0123456789ABCDEF", 1), 0);
    check_refused(NULL, 0, CR_EINVAL, "no blank");
    assert_int_equal(unsetenv("CREDITRISK_AUTH_KEY"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sample, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_precedence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_port, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty_variables, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signatures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flags, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_secrets, set_up, tear_down),
        cmocka_unit_test(test_open_passwords),
        cmocka_unit_test_setup_teardown(test_strays, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
