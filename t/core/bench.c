/*
 * What one request costs in src/core: parse and check of a body of 2 KB, verification of a token.
 * Memory comes from blocks like nginx's, not from the tests' malloc for each piece.
 */

#include "sample.h"
#include "jwt.h"
#include "token.h"

#include <stdio.h>
#include <time.h>

#define BATCHES    50
#define ROUNDS     2000 /* in a batch */
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

static const dash_jwt_key_t key = {DASH_JWT_HS256, ngx_string(""),
                                   ngx_string("0123456789abcdef0123456789abcdef")};

static ngx_str_t body, token;
static dash_json_t *value;

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

/* The fastest batch counts: whatever else the machine does only makes others slower. */
static void
measure(const char *what, size_t bytes, ngx_int_t (*run)(void))
{
    size_t batch, i;
    double took;
    double best = 0;

    for (batch = 0; batch < BATCHES; batch++) {
        took = now_us();

        for (i = 0; i < ROUNDS; i++) {
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

    printf("%-16s %5zu bytes %6.2f us\n", what, bytes, best / ROUNDS);
}

int
main(void)
{
    ngx_str_t header = ngx_string("{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
    ngx_str_t claims =
        ngx_string("{\"sub\":\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\",\"exp\":1700000060}");
    static u_char signed_token[512];

    body = dashboard_body();
    token = token_sign(&pool, header, claims, key.secret);
    token.data = memcpy(signed_token, token.data, token.len);

    measure("parse", body.len, parse);
    measure("check", body.len, check);
    measure("verify (HS256)", token.len, verify);
    return 0;
}
