/*
 * Any bytes as a token, and the same bytes as "header LF claims" signed rightly by the algorithm
 * that stands in the header, so that what is behind the signature is reached, too. Only the latter
 * may be accepted, and only when the key it was signed with is one for that header.
 */

#include "fuzz.h"
#include "jwt.h"
#include "token.h"

#define NOW 1700000000

#define SECRET ngx_string("0123456789abcdef0123456789abcdef")

static dash_jwt_key_t keys[] = {
    {.alg = DASH_JWT_HS256, .secret = SECRET},
    {.alg = DASH_JWT_HS256, .secret = SECRET, .kid = ngx_string("k"), .issuer = ngx_string("i")},
    {.alg = DASH_JWT_HS256, .secret = SECRET, .kid = ngx_string("login"), .login = 1},
    {.alg = DASH_JWT_RS256, .kid = ngx_string("k"), .audience = ngx_string("a")},
    {.alg = DASH_JWT_ES256},
    {.alg = DASH_JWT_EDDSA, .issuer = ngx_string("i")},
};

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

static const struct {
    dash_jwt_alg_e alg;
    const char *name;
    token_key_e key;
} signers[] = {
    {DASH_JWT_RS256, "RS256", TOKEN_RSA},
    {DASH_JWT_ES256, "ES256", TOKEN_P256},
    {DASH_JWT_EDDSA, "EdDSA", TOKEN_ED25519},
};

#define NSIGNERS (sizeof(signers) / sizeof(signers[0]))

static void
make_keys(void)
{
    size_t i, k;

    for (i = 0; i < NKEYS; i++) {
        for (k = 0; k < NSIGNERS; k++) {
            if (keys[i].alg == signers[k].alg) {
                keys[i].pkey = token_key(signers[k].key);
            }
        }
    }
}

static int
names(ngx_str_t header, const char *word)
{
    size_t i;
    size_t len = strlen(word);

    for (i = 0; i + len <= header.len; i++) {
        if (memcmp(header.data + i, word, len) == 0) {
            return 1;
        }
    }

    return 0;
}

/* Signs, and says by which algorithm. */
static ngx_str_t
sign(ngx_pool_t *pool, ngx_str_t header, ngx_str_t claims, dash_jwt_alg_e *alg)
{
    size_t i;

    for (i = 0; i < NSIGNERS; i++) {
        if (names(header, signers[i].name)) {
            *alg = signers[i].alg;
            return token_sign_by(pool, header, claims, *alg, token_key(signers[i].key));
        }
    }

    *alg = DASH_JWT_HS256;
    return token_sign(pool, header, claims, keys[0].secret);
}

/* A good token's claims are those of one of the keys that could have signed it. */
static int
is_some_keys(const dash_jwt_t *jwt, dash_jwt_alg_e alg)
{
    size_t i;

    for (i = 0; i < NKEYS; i++) {
        if (keys[i].alg == alg && keys[i].issuer.data == jwt->issuer.data &&
            keys[i].login == (jwt->session.len > 0))
        {
            return 1;
        }
    }

    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_int_t rc;
    ngx_str_t token = {size, (u_char *) data};
    ngx_str_t header = token;
    ngx_str_t claims = token;
    const uint8_t *line = memchr(data, '\n', size);
    ngx_pool_t *pool = dash_standalone_pool();
    dash_jwt_t jwt;
    const char *reason = NULL;
    dash_jwt_alg_e alg;

    make_keys();

    rc = dash_jwt_verify(pool, &token, keys, NKEYS, NOW, 0, &jwt, &reason);
    REQUIRE(rc == NGX_DECLINED && reason);

    header.len = line ? (size_t) (line - data) : 0;
    claims.len = line ? size - header.len - 1 : size;
    claims.data += size - claims.len;
    token = sign(pool, header, claims, &alg);
    reason = NULL;
    rc = dash_jwt_verify(pool, &token, keys, NKEYS, NOW, 0, &jwt, &reason);

    if (rc == NGX_OK) {
        REQUIRE(jwt.subject.len > 0 && jwt.expires > NOW && jwt.issued <= NOW);
        REQUIRE(is_some_keys(&jwt, alg));

        token.data[token.len - 3] ^= 1;
        REQUIRE(dash_jwt_verify(pool, &token, keys, NKEYS, NOW, 0, &jwt, &reason) == NGX_DECLINED);
    } else {
        REQUIRE(rc == NGX_DECLINED && reason);
    }

    ngx_destroy_pool(pool);
    return 0;
}
