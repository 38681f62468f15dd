// SPDX-License-Identifier: MIT
/* Private to http/: who may ask for what. Keys are read from the registry, kept in memory and read
 * again every auth.refresh_s seconds; while the registry cannot be read the last ones hold. */
#ifndef HTTP_AUTH_H
#define HTTP_AUTH_H

#include "creditrisk/registry/key.h"
#include "creditrisk/settings/settings.h"
#include "creditrisk/util/error.h"
#include "headers.h"
#include "refusal.h"
#include "routes.h"

struct cr_auth;

/* With the keys of the registry that the settings name, which must outlive it; without any keys
 * when auth.mode is none. Yours: cr_auth_destroy. CR_ENOMEM. */
int cr_auth_create(const struct cr_settings *settings, struct cr_auth **ret_auth,
                   struct cr_error *err);
void cr_auth_destroy(struct cr_auth *auth);

/* Reads the keys again; logs when their number, or the registry's state, has changed. */
void cr_auth_refresh(struct cr_auth *auth);

/* Whether keys are asked for at all. */
bool cr_auth_is_on(const struct cr_auth *auth);

/* Whether a request may have what needs `scope`: CR_REFUSAL_NONE, _UNAUTHENTICATED or _FORBIDDEN.
 * ret_id is the key's id, "" when none was needed or none is valid. Any thread. */
enum cr_refusal cr_auth_check(struct cr_auth *auth, const struct cr_headers *headers,
                              enum cr_key_scope scope, char ret_id[CR_KEY_ID_LEN]);

#endif
