// SPDX-License-Identifier: MIT
#define ZLIB_CONST /* what it reads stays as it is */
#include "creditrisk/util/gzip.h"

#include <stdlib.h>
#include <zlib.h>

#include "creditrisk/util/cleanup.h"

enum {
    LEVEL = 4,            /* half the time of the usual 6 for a twentieth more bytes */
    GZIP_WINDOW = 15 + 16 /* the largest window, and gzip's header and trailer around it */
};

#define MAX_LEN ((size_t)1 << 30)

int cr_gzip_pack(const char *bytes, size_t len, char **ret_packed, size_t *ret_len,
                 struct cr_error *err)
{
    CR_CLEANUP(cr_freep) char *packed = NULL;
    z_stream stream = {.next_in = (const Bytef *)bytes, .avail_in = (uInt)len};
    uLong bound;
    int r;

    if (len > MAX_LEN) {
        return cr_error_set(err, CR_ETOOBIG, "%zu bytes are too many to be packed", len);
    }
    if (deflateInit2(&stream, LEVEL, Z_DEFLATED, GZIP_WINDOW, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        return cr_error_set(err, CR_ENOMEM, "out of memory for packing %zu bytes", len);
    }
    bound = deflateBound(&stream, (uLong)len);
    packed = malloc(bound);
    if (packed == NULL) {
        (void)deflateEnd(&stream); /* what it says of data that was not packed is known */
        return cr_error_set(err, CR_ENOMEM, "out of memory for packing %zu bytes", len);
    }
    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)bound;
    r = deflate(&stream, Z_FINISH); /* the bound holds: it ends at once */
    (void)deflateEnd(&stream);      /* as above */
    if (r != Z_STREAM_END) {
        return cr_error_set(err, CR_ENOMEM, "cannot pack %zu bytes", len);
    }
    *ret_packed = CR_STEAL(packed);
    *ret_len = (size_t)stream.total_out;
    return 0;
}
