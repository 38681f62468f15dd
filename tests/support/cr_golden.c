// SPDX-License-Identifier: MIT
#include "cr_golden.h"

#include "cr_test.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"
#include "creditrisk/util/json.h"

enum { MAX_LEN = 1 << 24 };

json_t *cr_golden_load(const char *name)
{
    CR_CLEANUP(cr_freep) char *folder = cr_test_path("tests/golden");
    CR_CLEANUP(cr_freep) char *path = cr_fs_join(folder, name);
    json_t *golden = NULL;
    struct cr_error err;

    cr_assert_ok(cr_json_load(path, MAX_LEN, &golden, &err), &err);
    return golden;
}

double *cr_golden_numbers(const json_t *array)
{
    size_t n = json_array_size(array);
    double *values = calloc(n + 1, sizeof(*values));

    assert_non_null(values);
    for (size_t i = 0; i < n; i++) {
        values[i] = json_number_value(json_array_get(array, i));
    }
    return values;
}
