/*
 * Any bytes as a token, and the same bytes as "header LF claims" signed rightly, so that what
 * stands behind the signature is reached, too. Only the latter may be accepted.
 */

#include "fuzz.h"
#include "jwt.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static size_t
encode(u_char *out, const uint8_t *bytes, size_t len)
{
    size_t i;
    size_t n = (size_t) EVP_EncodeBlock(out, bytes, (int) len);

    for (i = 0; i < n; i++) {
        out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
    }

    while (n > 0 && out[n - 1] == '=') {
        n--;
    }

    return n;
}

static ngx_str_t
sign(ngx_pool_t *pool, const dash_jwt_key_t *key, const uint8_t *data, size_t size)
{
    ngx_str_t token;
    unsigned int mac_len;
    u_char mac[EVP_MAX_MD_SIZE];
    const uint8_t *line = memchr(data, '\n', size);
    size_t len = line ? (size_t) (line - data) : 0;
    size_t behind = line ? len + 1 : 0;

    token.data = ngx_pnalloc(pool, size * 2 + 128);
    token.len = encode(token.data, data, len);
    token.data[token.len++] = '.';
    token.len += encode(token.data + token.len, data + behind, size - behind);

    HMAC(EVP_sha256(), key->secret.data, (int) key->secret.len, token.data, token.len, mac,
         &mac_len);
    token.data[token.len++] = '.';
    token.len += encode(token.data + token.len, mac, mac_len);
    return token;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const dash_jwt_key_t keys[] = {
        {DASH_JWT_HS256, ngx_string(""), ngx_string("0123456789abcdef0123456789abcdef")},
        {DASH_JWT_HS256, ngx_string("k"), ngx_string("0123456789abcdef0123456789abcdef")},
    };

    ngx_int_t rc;
    ngx_str_t token = {size, (u_char *) data};
    ngx_pool_t *pool = dash_standalone_pool();
    dash_jwt_t jwt;
    const char *reason = NULL;

    rc = dash_jwt_verify(pool, &token, keys, 2, 1700000000, 0, &jwt, &reason);
    REQUIRE(rc == NGX_DECLINED && reason);

    token = sign(pool, &keys[0], data, size);
    reason = NULL;
    rc = dash_jwt_verify(pool, &token, keys, 2, 1700000000, 0, &jwt, &reason);

    if (rc == NGX_OK) {
        REQUIRE(jwt.subject.len > 0 && jwt.expires >= 1700000000 && jwt.claims);
    } else {
        REQUIRE(rc == NGX_DECLINED && reason);
    }

    ngx_destroy_pool(pool);
    return 0;
}
