// SPDX-License-Identifier: MIT
#include "kept.h"

#include <stdlib.h>
#include <string.h>

#include "creditrisk/util/cleanup.h"

struct cr_kept {
    const char *bytes;                                          /* where the buffer's text stands */
    struct MHD_Response *responses[CR_KEPT_MAX / CR_KEPT_STEP]; /* by length; NULL = none yet */
};

void cr_kept_fill(struct cr_strbuf *answer)
{
    size_t len = (answer->len / CR_KEPT_STEP + 1) * CR_KEPT_STEP;
    size_t n = len - answer->len;

    if (len > CR_KEPT_MAX || !cr_strbuf_reserve(answer, n)) {
        return;
    }
    memset(answer->data + answer->len, ' ', n - 1);
    answer->data[len - 1] = '\n';
    answer->data[len] = '\0';
    answer->len = len;
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

struct MHD_Response **cr_kept_find(struct cr_kept **kept, const char *bytes, size_t len)
{
    size_t n_steps = len / CR_KEPT_STEP;

    if (n_steps == 0 || len > CR_KEPT_MAX || len % CR_KEPT_STEP != 0) {
        return NULL;
    }
    if (*kept == NULL) {
        *kept = calloc(1, sizeof(**kept));
        if (*kept == NULL) {
            return NULL;
        }
    }
    if ((*kept)->bytes != bytes) {
        forget(*kept);
        (*kept)->bytes = bytes;
    }
    return &(*kept)->responses[n_steps - 1];
}

void cr_kept_destroy(struct cr_kept *kept)
{
    if (kept != NULL) {
        forget(kept);
        free(kept);
    }
}
