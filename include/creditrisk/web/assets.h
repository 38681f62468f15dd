// SPDX-License-Identifier: MIT
/* Assets: the files of the web pages, carried inside the program. src/web/meson.build lists them;
 * the table is made at build time. */
#ifndef CREDITRISK_WEB_ASSETS_H
#define CREDITRISK_WEB_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that are served as they are. */
struct cr_asset {
    const char *path; /* of the URL, "/dashboard" */
    const char *type; /* Content-Type */
    const char *bytes;
    size_t len;
    const char *etag;      /* with its quotes; another one for other bytes */
    const char *gzip;      /* the same packed, NULL where that saves nothing … */
    size_t gzip_len;       /* … and its own length … */
    const char *gzip_etag; /* … and tag */
    bool is_immutable;     /* its path holds a digest: other bytes get another path */
};

/* The asset of a path, NULL when there is none; static. */
const struct cr_asset *cr_assets_find(const char *path);

#endif
