// SPDX-License-Identifier: MIT
#include "lightgbm_api.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/fs.h"

static const char in_tree[] = ".lib/lightgbm/lib_lightgbm.so";

static const struct {
    const char *name;
    size_t place; /* of the pointer in struct cr_lightgbm_api */
} symbols[] = {
    {"LGBM_GetLastError", offsetof(struct cr_lightgbm_api, last_error)},
    {"LGBM_SetMaxThreads", offsetof(struct cr_lightgbm_api, set_max_threads)},
    {"LGBM_DatasetCreateFromMat", offsetof(struct cr_lightgbm_api, dataset_create)},
    {"LGBM_DatasetSetFeatureNames", offsetof(struct cr_lightgbm_api, dataset_set_names)},
    {"LGBM_DatasetSetField", offsetof(struct cr_lightgbm_api, dataset_set_field)},
    {"LGBM_DatasetFree", offsetof(struct cr_lightgbm_api, dataset_free)},
    {"LGBM_BoosterCreate", offsetof(struct cr_lightgbm_api, booster_create)},
    {"LGBM_BoosterUpdateOneIter", offsetof(struct cr_lightgbm_api, booster_update)},
    {"LGBM_BoosterGetCurrentIteration", offsetof(struct cr_lightgbm_api, booster_n_trees)},
    {"LGBM_BoosterPredictForMat", offsetof(struct cr_lightgbm_api, booster_predict)},
    {"LGBM_BoosterSaveModelToString", offsetof(struct cr_lightgbm_api, booster_save)},
    {"LGBM_BoosterFree", offsetof(struct cr_lightgbm_api, booster_free)},
};

_Static_assert(CR_ARRAY_LEN(symbols) * sizeof(void *) == sizeof(struct cr_lightgbm_api),
               "every member has its symbol");

/* Written once by load(). */
static struct {
    bool found;
    struct cr_lightgbm_api api;
    struct cr_error absence;
    char version[64];
} library;

static void read_version(void)
{
    CR_CLEANUP(cr_freep) char *text = NULL;
    char path[PATH_MAX];
    size_t len = 0;
    Dl_info info;
    const char *slash;
    void *symbol;

    memcpy(&symbol, &library.api.last_error, sizeof(symbol));
    if (dladdr(symbol, &info) != 0 && info.dli_fname != NULL) {
        slash = strrchr(info.dli_fname, '/');
        (void)snprintf(path, sizeof(path), "%.*sVERSION",
                       slash == NULL ? 0 : (int)(slash + 1 - info.dli_fname), info.dli_fname);
        if (cr_fs_read(path, 40, &text, &len, NULL) == 0) {
            len = strcspn(text, "\n");
        }
    }
    if (len > 0) {
        (void)snprintf(library.version, sizeof(library.version), "LightGBM %.*s", (int)len, text);
    } else {
        (void)snprintf(library.version, sizeof(library.version), "LightGBM of unknown version");
    }
}

static int load_from(const char *path, struct cr_error *err)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL) {
        return cr_error_set(err, CR_EUNAVAIL, "LightGBM cannot be loaded: %s", dlerror());
    }
    for (size_t i = 0; i < CR_ARRAY_LEN(symbols); i++) {
        void *symbol = dlsym(handle, symbols[i].name);

        if (symbol == NULL) {
            (void)dlclose(handle); /* nothing of it is in use */
            return cr_error_set(err, CR_EUNAVAIL, "'%s' is not LightGBM 4.2 or later: it has no %s",
                                path, symbols[i].name);
        }
        memcpy((char *)&library.api + symbols[i].place, &symbol, sizeof(symbol));
    }
    /* calls that take no parameters would otherwise use all processors */
    (void)library.api.set_max_threads(1); /* cannot fail for 1 */
    read_version();
    return 0;
}

/* The file below the program's folder's parent; false when that cannot be known. */
static bool beside_program(char path[PATH_MAX])
{
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    char *slash;

    if (len <= 0) {
        return false;
    }
    program[len] = '\0';
    slash = strrchr(program, '/');
    return slash != NULL && snprintf(path, PATH_MAX, "%.*s/../%s", (int)(slash - program), program,
                                     in_tree) < PATH_MAX;
}

/* The first place that has the file decides: a library that cannot be loaded is reported, not
 * replaced by another one. */
static const char *find_file(char room[PATH_MAX])
{
    const char *asked = getenv("CREDITRISK_LIGHTGBM");

    if (asked != NULL && asked[0] != '\0') {
        return asked;
    }
    if (cr_fs_exists(in_tree)) {
        return in_tree;
    }
    return beside_program(room) && cr_fs_exists(room) ? room : NULL;
}

static void load(void)
{
    char room[PATH_MAX];
    const char *path = find_file(room);
    int result = load_from(path == NULL ? "lib_lightgbm.so" : path, &library.absence);

    if (result < 0 && path == NULL) {
        (void)cr_error_set(&library.absence, CR_EUNAVAIL,
                           "there is no lib_lightgbm.so: scripts/fetch-lightgbm.sh gets it, or "
                           "CREDITRISK_LIGHTGBM names it"); /* only its text is asked for */
    }
    library.found = result == 0;
}

static void load_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, load); /* cannot fail with a valid argument */
}

const struct cr_lightgbm_api *cr_lightgbm_api(void)
{
    load_once();
    return library.found ? &library.api : NULL;
}

const char *cr_lightgbm_absence(void)
{
    load_once();
    return library.found ? NULL : library.absence.message;
}

const char *cr_lightgbm_version(void)
{
    load_once();
    return library.version;
}
