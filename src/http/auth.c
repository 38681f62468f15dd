// SPDX-License-Identifier: MIT
#include "auth.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "creditrisk/registry/registry.h"
#include "creditrisk/util/cleanup.h"
#include "creditrisk/util/json.h"
#include "creditrisk/util/log.h"

/* Of the key that the settings may have. */
enum { OWN_SCOPES = CR_KEY_PREDICT | CR_KEY_READ };

struct cr_auth {
    const struct cr_settings *settings;
    bool is_on;
    bool is_readable;      /* the registry, the last time; the refreshing thread's */
    pthread_rwlock_t lock; /* guards `keys` */
    struct cr_keys keys;
};

static int read_keys(const struct cr_auth *auth, struct cr_keys *ret_keys, struct cr_error *err)
{
    CR_CLEANUP(cr_registry_closep) struct cr_registry *registry = NULL;
    int result = cr_registry_open(auth->settings->registry, auth->settings->registry_db, false,
                                  &registry, err);

    return result < 0 ? result : cr_keys_list(registry, ret_keys, err);
}

int cr_auth_create(const struct cr_settings *settings, struct cr_auth **ret_auth,
                   struct cr_error *err)
{
    struct cr_auth *auth = calloc(1, sizeof(*auth));

    if (auth == NULL) {
        return cr_error_no_memory(err);
    }
    *auth = (struct cr_auth){
        .settings = settings,
        .is_on = strcmp(settings->auth_mode, "key") == 0,
        .is_readable = true,
        .lock = PTHREAD_RWLOCK_INITIALIZER,
    };
    cr_auth_refresh(auth);
    if (auth->is_on && auth->keys.n == 0 && settings->auth_key == NULL) {
        cr_log(CR_LOG_WARN, "no_keys", "{s:s}", "reason",
               "auth.mode is key and the registry has none: 'creditrisk key create' makes one");
    }
    *ret_auth = auth;
    return 0;
}

void cr_auth_destroy(struct cr_auth *auth)
{
    if (auth != NULL) {
        cr_keys_finish(&auth->keys);
        free(auth);
    }
}

bool cr_auth_is_on(const struct cr_auth *auth)
{
    return auth->is_on;
}

/* The keys that were good before go with the lock held: nobody looks at them any more. */
static void swap_keys(struct cr_auth *auth, struct cr_keys *keys)
{
    struct cr_keys old;

    (void)pthread_rwlock_wrlock(&auth->lock); /* these fail only for misuse */
    old = auth->keys;
    auth->keys = *keys;
    (void)pthread_rwlock_unlock(&auth->lock);
    if (old.n != keys->n) {
        cr_log(CR_LOG_INFO, "keys_loaded", "{s:I}", "n", (json_int_t)keys->n);
    }
    cr_keys_finish(&old);
}

void cr_auth_refresh(struct cr_auth *auth)
{
    struct cr_keys keys;
    struct cr_error err;
    int result;

    if (!auth->is_on) {
        return;
    }
    result = read_keys(auth, &keys, &err);
    if (result == 0) {
        swap_keys(auth, &keys);
    } else if (auth->is_readable) {
        cr_log(CR_LOG_ERROR, "keys_unreadable", "{s:s, s:s}", "error", cr_error_name(result),
               "reason", err.message);
    }
    auth->is_readable = result == 0;
}

/* "Authorization: Bearer KEY", else "X-API-Key: KEY"; NULL when there is neither. */
static const char *presented_key(const struct cr_headers *headers)
{
    if (headers->authorization != NULL && strncasecmp(headers->authorization, "Bearer ", 7) == 0) {
        return headers->authorization + 7 + strspn(headers->authorization + 7, " ");
    }
    return headers->api_key;
}

static enum cr_refusal judge(const struct cr_keys *keys, const char *presented,
                             enum cr_key_scope scope, char ret_id[CR_KEY_ID_LEN])
{
    const struct cr_key *key = cr_keys_authenticate(keys, presented);

    if (key == NULL) {
        return CR_REFUSAL_UNAUTHENTICATED;
    }
    memcpy(ret_id, key->id, CR_KEY_ID_LEN);
    return (key->scopes & scope) != 0 ? CR_REFUSAL_NONE : CR_REFUSAL_FORBIDDEN;
}

enum cr_refusal cr_auth_check(struct cr_auth *auth, const struct cr_headers *headers,
                              enum cr_key_scope scope, char ret_id[CR_KEY_ID_LEN])
{
    const char *presented = presented_key(headers);
    const char *own = auth->settings->auth_key;
    enum cr_refusal refusal;

    memset(ret_id, 0, CR_KEY_ID_LEN); /* all of it tells clients apart */
    if (!auth->is_on || scope == CR_KEY_NONE) {
        return CR_REFUSAL_NONE;
    }
    if (presented == NULL) {
        return CR_REFUSAL_UNAUTHENTICATED;
    }
    if (own != NULL && cr_key_is_secret(presented, own)) {
        (void)snprintf(ret_id, CR_KEY_ID_LEN, "auth.key"); /* it fits */
        return (OWN_SCOPES & scope) != 0 ? CR_REFUSAL_NONE : CR_REFUSAL_FORBIDDEN;
    }
    (void)pthread_rwlock_rdlock(&auth->lock); /* these fail only for misuse */
    refusal = judge(&auth->keys, presented, scope, ret_id);
    (void)pthread_rwlock_unlock(&auth->lock);
    return refusal;
}
