// SPDX-License-Identifier: MIT
#include "creditrisk/web/assets.h"

#include <string.h>

/* Made by assets.py. */
extern const struct cr_asset cr_assets[];
extern const size_t cr_assets_n;

const struct cr_asset *cr_assets_find(const char *path)
{
    for (size_t i = 0; i < cr_assets_n; i++) {
        if (strcmp(cr_assets[i].path, path) == 0) {
            return &cr_assets[i];
        }
    }
    return NULL;
}
