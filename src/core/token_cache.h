/*
 * Tokens that were verified and have not expired, of one worker: a signature is checked once, not
 * with every request. Holds no token and no key, only what a token's hash stands for; holds nothing
 * about tokens that were refused. Lives as long as its pool, so a new configuration, with other
 * keys, begins with an empty one.
 */

#ifndef DASH_CORE_TOKEN_CACHE_H
#define DASH_CORE_TOKEN_CACHE_H

#include "jwt.h"

#define DASH_TOKEN_HASH  32   /* bytes of a SHA-256 */
#define DASH_TOKEN_COUNT 4096 /* entries; then the one used longest ago makes place */
#define DASH_TOKEN_TEXT  160  /* bytes of subject and session together; longer ones are not kept */

typedef struct dash_token_cache_s dash_token_cache_t;

/* An empty cache whose entries, allocated one by one, will come from pool, too. NULL without
 * memory. */
dash_token_cache_t *dash_token_cache_create(ngx_pool_t *pool);

/*
 * Fills hash from the token and from scope: whatever decides, beside the token, how it is verified
 * (keys, leeway). The same token in another scope is another entry. NGX_ERROR when OpenSSL fails.
 */
ngx_int_t dash_token_cache_hash(const ngx_str_t *token, const void *scope,
                                u_char hash[DASH_TOKEN_HASH]);

/*
 * NGX_OK with jwt filled, its texts copied into pool (issuer stays where it was when the entry was
 * added), when there is an entry that has not expired at time now; NGX_DECLINED when there is none;
 * NGX_ERROR without memory.
 */
ngx_int_t dash_token_cache_find(dash_token_cache_t *cache, const u_char hash[DASH_TOKEN_HASH],
                                int64_t now, ngx_pool_t *pool, dash_jwt_t *jwt);

/*
 * Keeps jwt, which dash_jwt_verify() accepted, until it expires; jwt->issuer must live as long as
 * the cache. Does nothing when there is no memory or the texts are too long: what is not kept is
 * verified again.
 */
void dash_token_cache_add(dash_token_cache_t *cache, const u_char hash[DASH_TOKEN_HASH],
                          const dash_jwt_t *jwt);

#endif /* DASH_CORE_TOKEN_CACHE_H */
