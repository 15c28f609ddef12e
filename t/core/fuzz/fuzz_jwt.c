/*
 * Any bytes as a token, and the same bytes as "header LF claims" signed rightly, so that what
 * stands behind the signature is reached, too. Only the latter may be accepted.
 */

#include "fuzz.h"
#include "jwt.h"
#include "token.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const dash_jwt_key_t keys[] = {
        {DASH_JWT_HS256, ngx_string(""), ngx_string("0123456789abcdef0123456789abcdef")},
        {DASH_JWT_HS256, ngx_string("k"), ngx_string("0123456789abcdef0123456789abcdef")},
    };

    ngx_int_t rc;
    ngx_str_t token = {size, (u_char *) data};
    ngx_str_t header = token;
    ngx_str_t claims = token;
    const uint8_t *line = memchr(data, '\n', size);
    ngx_pool_t *pool = dash_standalone_pool();
    dash_jwt_t jwt;
    const char *reason = NULL;

    rc = dash_jwt_verify(pool, &token, keys, 2, 1700000000, 0, &jwt, &reason);
    REQUIRE(rc == NGX_DECLINED && reason);

    header.len = line ? (size_t) (line - data) : 0;
    claims.len = line ? size - header.len - 1 : size;
    claims.data += size - claims.len;
    token = token_sign(pool, header, claims, keys[0].secret);
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
