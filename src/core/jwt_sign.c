#include "jwt.h"
#include "out.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

/* Appends text as base64url. NGX_ERROR without memory. */
static ngx_int_t
add_part(dash_out_t *out, const ngx_str_t *text)
{
    ngx_str_t encoded;

    if (dash_base64url_encode(out->pool, text, &encoded) != NGX_OK) {
        return NGX_ERROR;
    }

    dash_out_str(out, &encoded);
    return NGX_OK;
}

/* The JOSE header (RFC 7515 section 4). */
static ngx_int_t
write_header(ngx_pool_t *pool, const dash_jwt_key_t *key, ngx_str_t *header)
{
    dash_out_t out;

    dash_out_init(&out, pool);
    dash_out_text(&out, "{\"alg\":\"HS256\",\"typ\":\"JWT\"");
    if (key->kid.len) {
        dash_out_text(&out, ",\"kid\":");
        dash_out_json(&out, key->kid.data, key->kid.len);
    }
    dash_out_text(&out, "}");

    return dash_out_join(&out, header);
}

ngx_int_t
dash_jwt_sign_hs256(ngx_pool_t *pool, const dash_jwt_key_t *key, const ngx_str_t *claims,
                    ngx_str_t *token)
{
    u_char mac[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    ngx_str_t header, text, signature;
    dash_out_t out;

    if (key->alg != DASH_JWT_HS256 || key->secret.len < DASH_JWT_MIN_SECRET ||
        write_header(pool, key, &header) != NGX_OK)
    {
        return NGX_ERROR;
    }

    dash_out_init(&out, pool);
    if (add_part(&out, &header) != NGX_OK) {
        return NGX_ERROR;
    }
    dash_out_text(&out, ".");
    if (add_part(&out, claims) != NGX_OK || dash_out_join(&out, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    if (HMAC(EVP_sha256(), key->secret.data, (int) key->secret.len, text.data, text.len, mac,
             &len) == NULL)
    {
        /* what is left in OpenSSL's queue nginx would log as somebody else's alert */
        ERR_clear_error();
        return NGX_ERROR;
    }

    signature.data = mac;
    signature.len = len;
    dash_out_text(&out, ".");
    if (add_part(&out, &signature) != NGX_OK) {
        return NGX_ERROR;
    }

    return dash_out_join(&out, token);
}
