// SPDX-License-Identifier: MIT
#include "kept.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"
#include "creditrisk/util/cleanup.h"

_Static_assert((int)CR_KEPT_MAX <= (int)CR_CONTENT_LARGE, "what is sent in blocks is sent once");

struct cr_kept {
    const char *bytes;                                          /* where the buffer's text stands */
    struct MHD_Response *responses[CR_KEPT_MAX / CR_KEPT_STEP]; /* by length; NULL = none yet */
};

struct cr_kept *cr_kept_create(void)
{
    return calloc(1, sizeof(struct cr_kept));
}

static void forget(struct cr_kept *kept)
{
    for (size_t i = 0; i < CR_ARRAY_LEN(kept->responses); i++) {
        if (kept->responses[i] != NULL) {
            MHD_destroy_response(kept->responses[i]);
        }
    }
    *kept = (struct cr_kept){0};
}

void cr_kept_destroy(struct cr_kept *kept)
{
    if (kept != NULL) {
        forget(kept);
        free(kept);
    }
}

void cr_kept_fill(struct cr_strbuf *answer)
{
    size_t len = (answer->len / CR_KEPT_STEP + 1) * CR_KEPT_STEP;
    size_t n = len - answer->len;

    if (cr_strbuf_reserve(answer, n)) {
        memset(answer->data + answer->len, ' ', n - 1);
        answer->data[len - 1] = '\n';
        answer->data[len] = '\0';
        answer->len = len;
    }
}

static size_t index_of(size_t len)
{
    assert(len > 0 && len <= CR_KEPT_MAX && len % CR_KEPT_STEP == 0);
    return len / CR_KEPT_STEP - 1;
}

struct MHD_Response *cr_kept_get(const struct cr_kept *kept, const char *bytes, size_t len)
{
    return kept->bytes == bytes ? kept->responses[index_of(len)] : NULL;
}

void cr_kept_put(struct cr_kept *kept, struct MHD_Response *response, const char *bytes, size_t len)
{
    if (kept->bytes != bytes) {
        forget(kept);
        kept->bytes = bytes;
    }
    assert(kept->responses[index_of(len)] == NULL);
    kept->responses[index_of(len)] = response;
}
