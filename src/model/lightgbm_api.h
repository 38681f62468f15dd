// SPDX-License-Identifier: MIT
/* LightGBM's C API, found at run time: this program is built without LightGBM and trains the other
 * models where its library is missing. Signatures and constants are those of
 * include/LightGBM/c_api.h of LightGBM 4.5.0 (MIT licence), the same from 4.2.0 on; only what the
 * trainer calls is declared. Every call gives 0, or −1 and a text in last_error() of the thread. */
#ifndef CREDITRISK_SRC_MODEL_LIGHTGBM_API_H
#define CREDITRISK_SRC_MODEL_LIGHTGBM_API_H

#include <stdint.h>

/* LightGBM's own, behind its void pointers. */
struct lightgbm_dataset;
struct lightgbm_booster;

enum { CR_LIGHTGBM_FLOAT32 = 0, CR_LIGHTGBM_FLOAT64 = 1 }; /* C_API_DTYPE_… */
enum { CR_LIGHTGBM_RAW_SCORE = 1 };                        /* C_API_PREDICT_… */
enum { CR_LIGHTGBM_IMPORTANCE_SPLIT = 0 };                 /* C_API_FEATURE_IMPORTANCE_… */

struct cr_lightgbm_api {
    const char *(*last_error)(void);
    int (*set_max_threads)(int n_threads);

    int (*dataset_create)(const void *data, int type, int32_t n_rows, int32_t n_cols,
                          int is_row_major, const char *parameters,
                          const struct lightgbm_dataset *reference,
                          struct lightgbm_dataset **ret_dataset);
    int (*dataset_set_names)(struct lightgbm_dataset *dataset, const char **names, int n_names);
    int (*dataset_set_field)(struct lightgbm_dataset *dataset, const char *field, const void *data,
                             int n, int type);
    int (*dataset_free)(struct lightgbm_dataset *dataset);

    int (*booster_create)(const struct lightgbm_dataset *dataset, const char *parameters,
                          struct lightgbm_booster **ret_booster);
    int (*booster_update)(struct lightgbm_booster *booster, int *ret_is_finished);
    int (*booster_n_trees)(struct lightgbm_booster *booster, int *ret_n);
    /* n_trees ≤ 0 means all from `first` on; ret_values has room for n_rows */
    int (*booster_predict)(struct lightgbm_booster *booster, const void *data, int type,
                           int32_t n_rows, int32_t n_cols, int is_row_major, int what, int first,
                           int n_trees, const char *parameters, int64_t *ret_n, double *ret_values);
    /* *ret_len counts the NUL; nothing is written when it exceeds text_len */
    int (*booster_save)(struct lightgbm_booster *booster, int first, int n_trees, int importance,
                        int64_t text_len, int64_t *ret_len, char *ret_text);
    int (*booster_free)(struct lightgbm_booster *booster);
};

/* The library, loaded at the first call; NULL when there is none. Looked for in this order: the
 * path in $CREDITRISK_LIGHTGBM (and then nowhere else), .lib/lightgbm/ below the working folder and
 * beside the program's own folder, the system's folders. Static. */
const struct cr_lightgbm_api *cr_lightgbm_api(void);

/* One line that says why cr_lightgbm_api gives NULL; NULL when it does not. Static. */
const char *cr_lightgbm_absence(void);

/* "LightGBM 4.5.0", from the file VERSION beside the library, which itself does not tell. Static.
 */
const char *cr_lightgbm_version(void);

#endif
