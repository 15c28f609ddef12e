#include "api_keys.h"

static dash_zone_key_t
name(const ngx_str_t *id)
{
    static const ngx_str_t none = ngx_null_string;

    return dash_zone_key("api_key", &none, id);
}

ngx_int_t
dash_api_keys_find(dash_zone_t *zone, const ngx_str_t *id, const ngx_str_t *hash,
                   dash_api_key_t *key)
{
    ngx_int_t rc;
    dash_zone_key_t zone_key;
    const dash_api_key_t *known;

    rc = NGX_DECLINED;
    zone_key = name(id);

    dash_zone_lock(zone);
    known = dash_zone_find(zone, &zone_key);
    if (known != NULL && (ngx_msec_int_t) (known->until - ngx_current_msec) > 0 &&
        hash->len == DASH_API_KEY_HASH &&
        ngx_memcmp(known->hash, hash->data, DASH_API_KEY_HASH) == 0)
    {
        *key = *known;
        rc = NGX_OK;
    }
    dash_zone_unlock(zone);

    return rc;
}

void
dash_api_keys_put(dash_zone_t *zone, const ngx_str_t *id, const dash_api_key_t *key)
{
    dash_api_key_t *known;
    dash_zone_key_t zone_key;

    zone_key = name(id);

    dash_zone_lock(zone);
    known = dash_zone_find(zone, &zone_key);
    if (known == NULL) {
        known = dash_zone_add(zone, &zone_key, sizeof(dash_api_key_t));
    }
    if (known != NULL) {
        *known = *key;
    }
    dash_zone_unlock(zone);
}

void
dash_api_keys_drop(dash_zone_t *zone, const ngx_str_t *id)
{
    dash_zone_key_t zone_key;

    zone_key = name(id);
    dash_zone_lock(zone);
    dash_zone_drop(zone, &zone_key);
    dash_zone_unlock(zone);
}
