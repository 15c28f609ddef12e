/*
 * What one request costs in src/core: parse and check of a body of 2 KB, verification of a token.
 * Memory comes from blocks like nginx's, not from the tests' malloc for each piece.
 */

#include "sample.h"
#include "jwt.h"

#include <stdio.h>
#include <time.h>

#define ROUNDS     200000
#define BLOCK_SIZE 4096

/* of a user, good until 1700000060 */
#define TOKEN                                                      \
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."                        \
    "eyJzdWIiOiJmODFkNGZhZS03ZGVjLTExZDAtYTc2NS0wMGEwYzkxZTZiZjYi" \
    "LCJleHAiOjE3MDAwMDAwNjB9.j4X8nv4gSmnlHbLMdw7njvivM_gEGzmmIoTuGDomVVQ"

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

static void
report(const char *what, size_t bytes, double us)
{
    printf("%-24s %5zu bytes %7.2f us\n", what, bytes, us / ROUNDS);
}

int
main(void)
{
    static const dash_jwt_key_t key = {DASH_JWT_HS256, ngx_string(""),
                                       ngx_string("0123456789abcdef0123456789abcdef")};

    size_t i;
    double began;
    ngx_int_t rc = NGX_OK;
    ngx_str_t body = dashboard_body();
    ngx_str_t prefix = ngx_string("");
    ngx_str_t token = ngx_string(TOKEN);
    dash_json_t *value;
    dash_jwt_t jwt;
    const char *reason = "";
    dash_json_error_t error;
    dash_issues_t issues = {.pool = &pool};

    began = now_us();
    for (i = 0; i < ROUNDS && rc == NGX_OK; i++) {
        reset_pool();
        rc = dash_json_parse(&pool, &body, DASH_JSON_MAX_DEPTH, &value, &error);
    }
    report("parse", body.len, now_us() - began);

    began = now_us();
    for (i = 0; i < ROUNDS && rc == NGX_OK; i++) {
        issues.count = 0;
        rc = dash_schema_check(&sample_dashboard, value, &prefix, &issues);
    }
    report("check", body.len, now_us() - began);

    began = now_us();
    for (i = 0; i < ROUNDS && rc == NGX_OK; i++) {
        reset_pool();
        rc = dash_jwt_verify(&pool, &token, &key, 1, 1700000000, 0, &jwt, &reason);
    }
    report("token (HS256)", token.len, now_us() - began);

    if (rc != NGX_OK) {
        printf("failed: %d %s\n", (int) rc, reason);
        return 1;
    }

    return 0;
}
