/*
 * Any bytes as a JWK set and as PEM: what is accepted is fit for its algorithm, no kid is there
 * twice, and what is refused says why. A leak is found by LeakSanitizer.
 */

#include "fuzz.h"
#include "jwk.h"

static void
require_usable(const dash_jwk_t *keys, ngx_uint_t n, ngx_uint_t nkeys)
{
    ngx_uint_t i;
    const dash_jwt_key_t *key = &keys[n].key;

    REQUIRE(dash_jwa_unfit(key) == NULL);
    REQUIRE((key->alg == DASH_JWT_HS256) == (key->pkey == NULL));
    REQUIRE((key->alg == DASH_JWT_HS256) == (key->secret.len > 0));
    REQUIRE(!key->login && key->issuer.len == 0 && key->audience.len == 0);

    for (i = n + 1; i < nkeys; i++) {
        REQUIRE(keys[i].skipped || key->kid.len == 0 || key->kid.len != keys[i].key.kid.len ||
                memcmp(key->kid.data, keys[i].key.kid.data, key->kid.len) != 0);
    }
}

static void
try_set(ngx_pool_t *pool, const ngx_str_t *text)
{
    ngx_int_t rc;
    ngx_uint_t i, nkeys, usable;
    dash_jwk_t *keys;
    dash_jwk_error_t error = {NULL, 0};

    rc = dash_jwk_set(pool, text, &keys, &nkeys, &error);
    if (rc != NGX_OK) {
        REQUIRE(rc == NGX_DECLINED && error.issue && error.number <= DASH_JWK_MAX_KEYS);
        return;
    }

    REQUIRE(nkeys <= DASH_JWK_MAX_KEYS);

    for (i = 0, usable = 0; i < nkeys; i++) {
        if (keys[i].skipped == NULL) {
            usable++;
            require_usable(keys, i, nkeys);
        }
    }
    REQUIRE(usable > 0);

    for (i = 0; i < nkeys; i++) {
        dash_jwk_free(&keys[i].key);
    }
}

static void
try_pem(const ngx_str_t *text, dash_jwt_alg_e alg)
{
    const char *issue = NULL;
    dash_jwt_key_t key = {.alg = alg};

    if (dash_jwk_pem(text, &key, &issue) == NGX_OK) {
        REQUIRE(key.pkey && dash_jwa_unfit(&key) == NULL && dash_jwk_is_pem(text));
    } else {
        REQUIRE(key.pkey == NULL && issue);
    }

    dash_jwk_free(&key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t text = {size, (u_char *) data};
    ngx_pool_t *pool = dash_standalone_pool();

    try_set(pool, &text);
    try_pem(&text, DASH_JWT_RS256);
    try_pem(&text, DASH_JWT_ES256);
    try_pem(&text, DASH_JWT_EDDSA);

    ngx_destroy_pool(pool);
    return 0;
}
