// SPDX-License-Identifier: MIT
/* Each column is sorted once by its float values; ranks of distinct values become codes. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/num.h"
#include "gbm.h"

enum { RADIX_BITS = 11, N_DIGITS = 1 << RADIX_BITS, N_PASSES = 3 };

_Static_assert(N_PASSES *RADIX_BITS >= 32, "the passes cover a key");

/* A value as an integer of the same order, and its row. */
struct item {
    uint32_t key;
    uint32_t row;
};

static uint32_t to_key(float value)
{
    uint32_t bits;

    value += 0.0f; /* −0 becomes 0 */
    memcpy(&bits, &value, sizeof(bits));
    return bits >> 31 ? ~bits : bits | UINT32_C(0x80000000);
}

static float from_key(uint32_t key)
{
    uint32_t bits = key >> 31 ? key & ~UINT32_C(0x80000000) : ~key;
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Least significant digit first; three passes leave the result in `other`. */
static void sort(struct item *items, struct item *other, size_t n)
{
    for (int pass = 0; pass < N_PASSES; pass++) {
        size_t places[N_DIGITS] = {0}, place = 0;
        struct item *swap = items;

        for (size_t i = 0; i < n; i++) {
            places[(items[i].key >> (pass * RADIX_BITS)) % N_DIGITS]++;
        }
        for (size_t d = 0; d < N_DIGITS; d++) {
            size_t count = places[d];

            places[d] = place;
            place += count;
        }
        for (size_t i = 0; i < n; i++) {
            other[places[(items[i].key >> (pass * RADIX_BITS)) % N_DIGITS]++] = items[i];
        }
        items = other;
        other = swap;
    }
}

static int read_column(const struct cr_fit_data *data, size_t col, struct item *items,
                       struct cr_error *err)
{
    for (size_t i = 0; i < data->n_rows; i++) {
        double value = data->x[i * data->n_cols + col];
        char text[CR_NUM_LEN];

        if (!cr_num_fits_float(value)) {
            (void)cr_num_format(value, text); /* the length is of no use here */
            return cr_error_set(err, CR_EINVAL,
                                "training row %zu: input '%s' is beyond the range of float: '%s'",
                                i, data->input_names[col], text);
        }
        items[i] = (struct item){to_key((float)value), (uint32_t)i};
    }
    return 0;
}

/* Appends the column's distinct values and sets its rows' codes. */
static void code_column(struct cr_gbm_data *data, size_t col, const struct item *sorted)
{
    float *values = data->values + data->first[col];
    uint32_t *codes = data->codes + col * data->n_rows;
    uint32_t code = 0;

    values[0] = from_key(sorted[0].key);
    for (size_t i = 0; i < data->n_rows; i++) {
        if (i > 0 && sorted[i].key != sorted[i - 1].key) {
            values[++code] = from_key(sorted[i].key);
        }
        codes[sorted[i].row] = code;
    }
    data->first[col + 1] = data->first[col] + code + 1;
    if (code + 1 > data->max_codes) {
        data->max_codes = code + 1;
    }
}

static int code_columns(struct cr_gbm_data *gbm, const struct cr_fit_data *data,
                        struct cr_error *err)
{
    CR_CLEANUP(cr_freep) struct item *items = calloc(gbm->n_rows, 2 * sizeof(*items));
    struct item *sorted;
    int result;

    if (items == NULL) {
        return cr_error_no_memory(err);
    }
    sorted = items + gbm->n_rows;
    for (size_t j = 0; j < gbm->n_cols; j++) {
        result = read_column(data, j, items, err);
        if (result < 0) {
            return result;
        }
        sort(items, sorted, gbm->n_rows);
        code_column(gbm, j, sorted);
    }
    return 0;
}

static void choose_narrow(struct cr_gbm_data *data)
{
    for (size_t j = 0; j < data->n_cols; j++) {
        size_t n = cr_gbm_data_n_codes(data, j);

        data->slots[j] = -1;
        if (n <= CR_GBM_NARROW_MAX && data->n_bins + n <= (size_t)UINT16_MAX + 1) {
            data->slots[j] = (int32_t)data->n_narrow++;
            data->first_bin[j] = data->n_bins;
            data->n_bins += n;
        }
    }
}

static int fill_bins(struct cr_gbm_data *data, struct cr_error *err)
{
    data->bins = calloc(data->n_rows, (data->n_narrow + 1) * sizeof(*data->bins));
    if (data->bins == NULL) {
        return cr_error_no_memory(err);
    }
    for (size_t j = 0; j < data->n_cols; j++) {
        const uint32_t *codes = data->codes + j * data->n_rows;

        for (size_t i = 0; data->slots[j] >= 0 && i < data->n_rows; i++) {
            data->bins[i * data->n_narrow + (size_t)data->slots[j]] =
                (uint16_t)(data->first_bin[j] + codes[i]);
        }
    }
    return 0;
}

int cr_gbm_data_create(const struct cr_fit_data *data, struct cr_gbm_data **ret_data,
                       struct cr_error *err)
{
    CR_CLEANUP(cr_gbm_data_destroyp) struct cr_gbm_data *gbm = calloc(1, sizeof(*gbm));
    size_t n_rows = data->n_rows, n_cols = data->n_cols;
    int result;

    assert(n_rows > 0 && n_rows <= INT32_MAX && n_cols > 0 && n_cols <= INT32_MAX);
    if (gbm == NULL) {
        return cr_error_no_memory(err);
    }
    gbm->n_rows = n_rows;
    gbm->n_cols = n_cols;
    gbm->y = calloc(n_rows, sizeof(*gbm->y));
    gbm->codes = calloc(n_rows, n_cols * sizeof(*gbm->codes));
    gbm->values = calloc(n_rows, n_cols * sizeof(*gbm->values));
    gbm->first = calloc(n_cols + 1, sizeof(*gbm->first));
    gbm->slots = calloc(n_cols, sizeof(*gbm->slots));
    gbm->first_bin = calloc(n_cols, sizeof(*gbm->first_bin));
    if (gbm->y == NULL || gbm->codes == NULL || gbm->values == NULL || gbm->first == NULL ||
        gbm->slots == NULL || gbm->first_bin == NULL) {
        return cr_error_no_memory(err);
    }
    memcpy(gbm->y, data->y, n_rows * sizeof(*gbm->y));
    result = code_columns(gbm, data, err);
    if (result < 0) {
        return result;
    }
    choose_narrow(gbm);
    result = fill_bins(gbm, err);
    if (result < 0) {
        return result;
    }
    *ret_data = CR_STEAL(gbm);
    return 0;
}

void cr_gbm_data_destroy(struct cr_gbm_data *data)
{
    if (data != NULL) {
        free(data->y);
        free(data->codes);
        free(data->values);
        free(data->first);
        free(data->slots);
        free(data->first_bin);
        free(data->bins);
        free(data);
    }
}
