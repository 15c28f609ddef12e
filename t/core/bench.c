/*
 * What one request costs in src/core: parse and check of a body of 2 KB, verification of a token by
 * each algorithm and from the cache.
 * Memory comes from blocks like nginx's, not from the tests' malloc for each piece.
 */

#include "sample.h"
#include "token_cache.h"
#include "token.h"

#include <stdio.h>
#include <time.h>

#define BATCHES    50
#define ROUNDS     2000 /* in a batch; of signatures by public keys, a tenth */
#define BLOCK_SIZE 4096

struct ngx_pool_s {
    u_char *block;
    size_t used;
    size_t nblocks;
    u_char *blocks[64];
};

static ngx_pool_t pool;

void *
ngx_palloc(ngx_pool_t *p, size_t size)
{
    size = (size + 15) & ~(size_t) 15;

    if (p->block == NULL || p->used + size > BLOCK_SIZE) {
        if (p->nblocks == sizeof(p->blocks) / sizeof(p->blocks[0])) {
            return NULL;
        }

        p->block = malloc(size > BLOCK_SIZE ? size : BLOCK_SIZE);
        p->blocks[p->nblocks++] = p->block;
        p->used = 0;
    }

    p->used += size;
    return p->block + p->used - size;
}

void *
ngx_pnalloc(ngx_pool_t *p, size_t size)
{
    return ngx_palloc(p, size);
}

void *
ngx_pcalloc(ngx_pool_t *p, size_t size)
{
    void *piece = ngx_palloc(p, size);

    return piece ? memset(piece, 0, size) : NULL;
}

static void
reset_pool(void)
{
    while (pool.nblocks > 0) {
        free(pool.blocks[--pool.nblocks]);
    }

    pool.block = NULL;
}

static double
now_us(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static ngx_str_t
dashboard_body(void)
{
    static char body[4096];
    size_t i;
    size_t len = (size_t) sprintf(body, "{\"name\":\"Flight operations\",\"status\":\"draft\","
                                        "\"timerange\":\"24h\",\"timezone\":\"Europe/Berlin\","
                                        "\"tags\":[\"flights\",\"delay\"],\"widgets\":[");

    for (i = 0; len < 2000; i++) {
        len += (size_t) sprintf(body + len,
                                "%s{\"id\":\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\",\"type\":"
                                "\"kpi\",\"x\":%zu,\"y\":4,\"ratio\":0.25,\"config\":{\"title\":"
                                "\"Delay by hour\",\"colors\":[\"#336699\",\"#cc3333\"]}}",
                                i ? "," : "", i);
    }

    len += (size_t) sprintf(body + len, "]}");
    return (ngx_str_t){len, (u_char *) body};
}

static dash_jwt_key_t key;

static ngx_str_t body, token;
static dash_json_t *value;
static dash_token_cache_t *cache;
static ngx_pool_t cache_pool;

static ngx_int_t
parse(void)
{
    dash_json_error_t error;

    reset_pool();
    return dash_json_parse(&pool, &body, DASH_JSON_MAX_DEPTH, &value, &error);
}

static ngx_int_t
check(void)
{
    ngx_str_t prefix = ngx_string("");
    dash_issues_t issues;

    issues.pool = &pool;
    issues.count = 0;
    return dash_schema_check(&sample_dashboard, value, &prefix, &issues);
}

static ngx_int_t
verify(void)
{
    dash_jwt_t jwt;
    const char *reason;

    reset_pool();
    return dash_jwt_verify(&pool, &token, &key, 1, 1700000000, 0, &jwt, &reason);
}

/* What a request whose token was verified before pays instead: its hash, and a look. */
static ngx_int_t
recall(void)
{
    u_char hash[DASH_TOKEN_HASH];
    dash_jwt_t jwt;

    reset_pool();
    return dash_token_cache_hash(&token, &key, hash) == NGX_OK
               ? dash_token_cache_find(cache, hash, 1700000000, &pool, &jwt)
               : NGX_ERROR;
}

static void
remember(void)
{
    u_char hash[DASH_TOKEN_HASH];
    dash_jwt_t jwt;
    const char *reason;

    cache = dash_token_cache_create(&cache_pool);
    (void) dash_jwt_verify(&pool, &token, &key, 1, 1700000000, 0, &jwt, &reason);
    (void) dash_token_cache_hash(&token, &key, hash);
    dash_token_cache_add(cache, hash, &jwt);
}

/* The fastest batch counts: whatever else the machine does only makes others slower. */
static void
measure(const char *what, size_t bytes, ngx_int_t (*run)(void), size_t rounds)
{
    size_t batch, i;
    double took;
    double best = 0;

    for (batch = 0; batch < BATCHES; batch++) {
        took = now_us();

        for (i = 0; i < rounds; i++) {
            if (run() != NGX_OK) {
                fprintf(stderr, "%s failed\n", what);
                exit(1);
            }
        }

        took = now_us() - took;

        if (batch == 0 || took < best) {
            best = took;
        }
    }

    printf("%-16s %5zu bytes %6.2f us\n", what, bytes, best / (double) rounds);
}

static const struct {
    const char *what;
    dash_jwt_alg_e alg;
    const char *header;
    token_key_e key;
} signers[] = {
    {"verify (RS256)", DASH_JWT_RS256, "{\"alg\":\"RS256\",\"typ\":\"JWT\"}", TOKEN_RSA},
    {"verify (ES256)", DASH_JWT_ES256, "{\"alg\":\"ES256\",\"typ\":\"JWT\"}", TOKEN_P256},
    {"verify (EdDSA)", DASH_JWT_EDDSA, "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", TOKEN_ED25519},
};

int
main(void)
{
    size_t i;
    ngx_str_t header = ngx_string("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
    ngx_str_t claims =
        ngx_string("{\"sub\":\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\",\"exp\":1700000060}");
    static u_char signed_token[1024];

    body = dashboard_body();
    measure("parse", body.len, parse, ROUNDS);
    measure("check", body.len, check, ROUNDS);

    key.alg = DASH_JWT_HS256;
    ngx_str_set(&key.secret, "0123456789abcdef0123456789abcdef");
    token = token_sign(&pool, header, claims, key.secret);
    token.data = memcpy(signed_token, token.data, token.len);
    measure("verify (HS256)", token.len, verify, ROUNDS);

    for (i = 0; i < sizeof(signers) / sizeof(signers[0]); i++) {
        key.alg = signers[i].alg;
        key.pkey = token_key(signers[i].key);
        header = (ngx_str_t){strlen(signers[i].header), (u_char *) signers[i].header};
        token = token_sign_by(&pool, header, claims, key.alg, key.pkey);
        token.data = memcpy(signed_token, token.data, token.len);
        measure(signers[i].what, token.len, verify, ROUNDS / 10);
    }

    remember();
    measure("recall (cache)", token.len, recall, ROUNDS);
    return 0;
}
