/*
 * A growing text: chunks of memory from a pool, appended to and never moved. The http side turns
 * the chunks into buffers without copying them.
 */

#ifndef DASH_CORE_OUT_H
#define DASH_CORE_OUT_H

#include "common.h"

typedef struct dash_chunk_s dash_chunk_t;

struct dash_chunk_s {
    dash_chunk_t *next;
    u_char *pos;  /* first byte */
    u_char *last; /* behind the last byte written */
    u_char *end;  /* behind the last byte there is room for */
};

typedef struct {
    ngx_pool_t *pool;    /* owns the chunks */
    dash_chunk_t *first; /* NULL while nothing was written */
    dash_chunk_t *last;
    size_t size;         /* bytes written, all chunks together */
    unsigned failed : 1; /* memory ran out; everything written later is dropped */
} dash_out_t;

/* Starts an empty text whose chunks will come from pool. Allocates nothing yet. */
void dash_out_init(dash_out_t *out, ngx_pool_t *pool);

/* Append bytes; a C string; a decimal number. When memory runs out out->failed is set: look once.
 */
void dash_out_bytes(dash_out_t *out, const void *data, size_t len);
void dash_out_text(dash_out_t *out, const char *text);
void dash_out_str(dash_out_t *out, const ngx_str_t *text);
void dash_out_integer(dash_out_t *out, int64_t n);

/* Appends text (UTF-8) as a JSON string, quotes included, escaped as RFC 8259 section 7 demands. */
void dash_out_json(dash_out_t *out, const u_char *data, size_t len);

/* Copies the whole text into one piece of the pool's memory. NGX_ERROR when memory runs or ran out.
 */
ngx_int_t dash_out_join(dash_out_t *out, ngx_str_t *text);

#endif /* DASH_CORE_OUT_H */
