// SPDX-License-Identifier: MIT
/* Private to http/: the bodies that are the same for every client as long as a version serves. They
 * are made once, when it is loaded. */
#ifndef HTTP_DOCUMENTS_H
#define HTTP_DOCUMENTS_H

#include "creditrisk/score/bundle.h"
#include "creditrisk/settings/settings.h"
#include "creditrisk/util/error.h"
#include "creditrisk/web/assets.h"

enum cr_document {
    CR_DOCUMENT_OPENAPI,     /* GET /openapi.json */
    CR_DOCUMENT_OPENAPI_OWN, /* GET /portfolios/{name}/openapi.json */
    CR_DOCUMENT_PORTFOLIO,   /* GET /ui/portfolio.json */
    CR_DOCUMENT_REPORT,      /* GET /report.json; `bytes` is NULL when the version has none */
    CR_N_DOCUMENTS,
};

struct cr_documents {
    struct cr_asset items[CR_N_DOCUMENTS];
};

/* Makes them for a bundle that nobody uses yet (its context 0 scores the example); `dir` is the
 * version's folder. Yours: cr_documents_finish. CR_ENOMEM, CR_EIO, CR_ETOOBIG (the report). */
int cr_documents_init(struct cr_documents *documents, struct cr_bundle *bundle, const char *dir,
                      const struct cr_settings *settings, struct cr_error *err);
void cr_documents_finish(struct cr_documents *documents);

#endif
