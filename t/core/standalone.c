#include "standalone.h"

#include <stddef.h>

typedef struct piece_s piece_t;

/* Each allocation is a piece of malloc's own, so that AddressSanitizer knows where it ends. */
struct piece_s {
    piece_t *next;
    max_align_t data[];
};

struct ngx_pool_s {
    piece_t *pieces;
};

/* before the one that fails; below 0: none fails */
static ngx_int_t allocations_left = DASH_STANDALONE_NEVER;

ngx_pool_t *
dash_standalone_pool(void)
{
    ngx_pool_t *pool = malloc(sizeof(ngx_pool_t));

    if (pool == NULL) {
        abort();
    }

    pool->pieces = NULL;
    return pool;
}

void
dash_standalone_fail_at(ngx_int_t n)
{
    allocations_left = n;
}

void
ngx_destroy_pool(ngx_pool_t *pool)
{
    piece_t *piece, *next;

    for (piece = pool->pieces; piece; piece = next) {
        next = piece->next;
        free(piece);
    }

    free(pool);
}

void *
ngx_palloc(ngx_pool_t *pool, size_t size)
{
    piece_t *piece;

    if (allocations_left >= 0 && allocations_left-- == 0) {
        return NULL;
    }

    piece = malloc(sizeof(piece_t) + size);
    if (piece == NULL) {
        abort();
    }

    piece->next = pool->pieces;
    pool->pieces = piece;
    return piece->data;
}

void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    return ngx_palloc(pool, size);
}

void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    void *p = ngx_palloc(pool, size);

    if (p) {
        ngx_memzero(p, size);
    }

    return p;
}
