#include "token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

/* Writes bytes as base64url at out; returns what is behind it. */
static u_char *
encode(u_char *out, const void *bytes, size_t len)
{
    u_char *p;
    u_char *end = out + EVP_EncodeBlock(out, bytes, (int) len);

    while (end > out && end[-1] == '=') {
        end--;
    }

    for (p = out; p < end; p++) {
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
    }

    return end;
}

ngx_str_t
token_sign(ngx_pool_t *pool, ngx_str_t header, ngx_str_t payload, ngx_str_t secret)
{
    u_char *p;
    u_char mac[EVP_MAX_MD_SIZE];
    unsigned int len;
    ngx_str_t token;

    /* each part is a third longer, rounded up to four, and EVP_EncodeBlock() adds a NUL */
    token.data = ngx_pnalloc(pool, (header.len + payload.len + sizeof(mac)) * 4 / 3 + 32);

    p = encode(token.data, header.data, header.len);
    *p++ = '.';
    p = encode(p, payload.data, payload.len);

    HMAC(EVP_sha256(), secret.data, (int) secret.len, token.data, (size_t) (p - token.data), mac,
         &len);

    *p++ = '.';
    p = encode(p, mac, len);
    *p = '\0';

    token.len = (size_t) (p - token.data);
    return token;
}
