// SPDX-License-Identifier: MIT
/* Assets: the files of the web pages, carried inside the program. src/web/meson.build lists them;
 * the table is made at build time. */
#ifndef CREDITRISK_WEB_ASSETS_H
#define CREDITRISK_WEB_ASSETS_H

#include <stddef.h>

/* Bytes that are served as they are. */
struct cr_asset {
    const char *path; /* of the URL, "/docs/docs.js" */
    const char *type; /* Content-Type */
    const char *bytes;
    size_t len;
    const char *etag; /* with its quotes; another one for other bytes */
};

/* The asset of a path, NULL when there is none; static. */
const struct cr_asset *cr_assets_find(const char *path);

#endif
