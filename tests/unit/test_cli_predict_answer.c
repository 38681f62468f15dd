// SPDX-License-Identifier: MIT
/* An answer in words: what a reason did. */
#include "cr_test.h"

#include <fcntl.h>
#include <unistd.h>

#include "../../src/cli/predict_answer.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

/* What the answer prints; yours (free). */
static char *print(const json_t *answer)
{
    CR_CLEANUP(cr_freep) char *dir = cr_test_tempdir();
    CR_CLEANUP(cr_freep) char *path = cr_test_write(dir, "out", "");
    struct cr_error err;
    char *text = NULL;
    size_t len;
    (void)fflush(stdout); /* cmocka's own lines */
    int saved = dup(STDOUT_FILENO);
    int fd = open(path, O_WRONLY);
    assert_true(saved >= 0 && fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0 && close(fd) == 0);
    int result = cr_predict_print(NULL, answer, &err); /* without faults it needs no portfolio */
    int flushed = fflush(stdout);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0 && close(saved) == 0 && flushed == 0);
    cr_assert_ok(result, &err);
    cr_assert_ok(cr_fs_read(path, 1 << 16, &text, &len, &err), &err);
    return text;
}

static void a_contribution_that_shows_as_zero_did_nothing(void **state)
{
    (void)state;
    static const struct {
        double contribution;
        const char *direction, *shown;
    } cases[] = {
        {0.0, "decreases_risk", " 0.0000  did not change the estimated risk\n"},
        {0.00004, "increases_risk", " 0.0000  did not change the estimated risk\n"},
        {-0.00004, "decreases_risk", " 0.0000  did not change the estimated risk\n"},
        {0.00006, "increases_risk", "+0.0001  raised the estimated risk\n"},
        {-0.00006, "decreases_risk", "-0.0001  lowered the estimated risk\n"},
    };
    for (size_t i = 0; i < CR_ARRAY_LEN(cases); i++) {
        CR_CLEANUP(cr_json_decrefp)
        json_t *answer = json_pack("{s:[{s:s, s:i, s:f, s:s}]}", "top_5_shap_features", "feature",
                                   "Age", "value", 40, "contribution", cases[i].contribution,
                                   "direction", cases[i].direction);
        assert_non_null(answer);
        CR_CLEANUP(cr_freep) char *text = print(answer);
        assert_non_null(strstr(text, cases[i].shown));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contribution_that_shows_as_zero_did_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
