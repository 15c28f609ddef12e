/*
 * API keys that the database has vouched for lately, in the shared zone: what must be known of a
 * key before the database is asked for anything: is it a real one, and what may it use up.
 */

#ifndef DASH_CACHE_API_KEYS_H
#define DASH_CACHE_API_KEYS_H

#include "zone.h"

/* How long the database's word is good for limits, in ms. Whether a key still holds is asked anew
   with every operation, in its own transaction. */
#define DASH_API_KEY_FRESH 60000

#define DASH_API_KEY_HASH 64

/* Operations are numbered by their place in the route table. */
#define DASH_API_KEY_OPERATIONS 256

typedef struct {
    u_char hash[DASH_API_KEY_HASH]; /* SHA-256 of the secret, in hex */
    ngx_uint_t per_minute;          /* how many requests; 0: as many as they like */
    ngx_uint_t per_hour;
    ngx_uint_t per_day;
    uint64_t allowed[DASH_API_KEY_OPERATIONS / 64]; /* a bit for each operation it is for */
    ngx_msec_t until;                               /* on the clock of ngx_current_msec */
} dash_api_key_t;

/* NGX_OK with key filled when id's key is known and its secret's hash (hex) is hash, else
 * NGX_DECLINED. */
ngx_int_t dash_api_keys_find(dash_zone_t *zone, const ngx_str_t *id, const ngx_str_t *hash,
                             dash_api_key_t *key);

/* Remembers key for id. Without room it is not remembered, and asked for again. */
void dash_api_keys_put(dash_zone_t *zone, const ngx_str_t *id, const dash_api_key_t *key);

/* Forgets id's key. */
void dash_api_keys_drop(dash_zone_t *zone, const ngx_str_t *id);

#endif /* DASH_CACHE_API_KEYS_H */
