// SPDX-License-Identifier: MIT
/* GET of what is made once: the champion's documents, and the files of the pages. */
#include "creditrisk/util/cleanup.h"
#include "http.h"

static void release(void *champion)
{
    cr_champion_unref(champion);
}

static enum MHD_Result reply_document(struct cr_request *request, enum cr_document document)
{
    struct cr_champion *champion = cr_seat_champion(request->seat);
    enum MHD_Result result;

    if (champion == NULL) {
        return cr_reply_refuse(request, CR_REFUSAL_UNAVAILABLE, CR_NO_MODEL);
    }
    if (champion->documents.items[document].bytes == NULL) {
        result = cr_reply_refuse(request, CR_REFUSAL_NOT_FOUND, "The version came without it");
        cr_champion_unref(champion);
        return result;
    }
    return cr_reply_asset(request, &champion->documents.items[document], release, champion);
}

enum MHD_Result cr_route_openapi(struct cr_request *request)
{
    return reply_document(request, cr_routes_names_portfolio(request->route)
                                       ? CR_DOCUMENT_OPENAPI_OWN
                                       : CR_DOCUMENT_OPENAPI);
}

enum MHD_Result cr_route_portfolio(struct cr_request *request)
{
    return reply_document(request, CR_DOCUMENT_PORTFOLIO);
}

enum MHD_Result cr_route_report(struct cr_request *request)
{
    return reply_document(request, CR_DOCUMENT_REPORT);
}

enum MHD_Result cr_route_page(struct cr_request *request)
{
    const struct cr_asset *asset = cr_assets_find(request->path);

    return asset != NULL ? cr_reply_asset(request, asset, NULL, NULL)
                         : cr_reply_refuse(request, CR_REFUSAL_NOT_FOUND, NULL);
}
