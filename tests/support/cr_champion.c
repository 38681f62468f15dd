// SPDX-License-Identifier: MIT
#include "cr_champion.h"

#include "cr_test.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/strbuf.h"

static struct cr_fixture fixture;

int cr_champion_set_up(void **state)
{
    CR_CLEANUP(cr_freep) char *version = NULL;

    (void)state;
    cr_fixture_init(&fixture);
    version = cr_fixture_publish(&fixture, "logistic");
    cr_fixture_promote(&fixture, version);
    return 0;
}

int cr_champion_tear_down(void **state)
{
    (void)state;
    cr_fixture_finish(&fixture);
    return 0;
}

struct cr_fixture *cr_champion_fixture(void)
{
    return &fixture;
}

void cr_champion_start(struct cr_daemon *ret_daemon, const char *const *variables)
{
    const char *const options[] = {"--registry", fixture.registry_dir, NULL};

    cr_daemon_start(ret_daemon, options, variables);
    (void)cr_daemon_await(ret_daemon, 0, "\"event\":\"listening\"");
}

char *cr_champion_application(size_t i)
{
    CR_CLEANUP(cr_json_decrefp)
    json_t *json = cr_record_to_json(fixture.portfolio, &fixture.records[i]);
    struct cr_strbuf text = CR_STRBUF_INIT;
    char *result;

    assert_non_null(json);
    cr_json_write(json, false, &text);
    result = cr_strbuf_steal(&text);
    assert_non_null(result);
    return result;
}
