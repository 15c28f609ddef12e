/*
 * The few names that src/core needs from nginx. Inside nginx they are nginx's own; compiled alone
 * (-DDASH_STANDALONE, for unit tests and fuzzing) this header declares the same names over malloc.
 * Nothing else in src/core may include an nginx header.
 */

#ifndef DASH_CORE_COMMON_H
#define DASH_CORE_COMMON_H

#ifndef DASH_STANDALONE

#include <ngx_config.h>
#include <ngx_core.h>

#else

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef intptr_t ngx_int_t;
typedef uintptr_t ngx_uint_t;

typedef struct {
    size_t len;
    u_char *data;
} ngx_str_t;

#define ngx_string(str)                   \
    {                                     \
        sizeof(str) - 1, (u_char *) (str) \
    }
#define ngx_str_set(str, text)  (str)->len = sizeof(text) - 1, (str)->data = (u_char *) (text)
#define ngx_str_null(str)       (str)->len = 0, (str)->data = NULL
#define ngx_memcpy(dst, src, n) (void) memcpy(dst, src, n)
#define ngx_cpymem(dst, src, n) (((u_char *) memcpy(dst, src, n)) + (n))
#define ngx_memzero(buf, n)     (void) memset(buf, 0, n)
#define ngx_memcmp(a, b, n)     memcmp(a, b, n)
#define ngx_strlen(s)           strlen((const char *) (s))

#define NGX_OK       0
#define NGX_ERROR    -1
#define NGX_DECLINED -5

/*
 * An arena: everything allocated from it is freed by ngx_destroy_pool() and not before. t/core
 * implements it over malloc, so that AddressSanitizer sees the bounds of each piece.
 */
typedef struct ngx_pool_s ngx_pool_t;

ngx_pool_t *dash_standalone_pool(void);
void ngx_destroy_pool(ngx_pool_t *pool);
void *ngx_palloc(ngx_pool_t *pool, size_t size);
void *ngx_pnalloc(ngx_pool_t *pool, size_t size);
void *ngx_pcalloc(ngx_pool_t *pool, size_t size);

#endif

/* 1 when text is the same bytes as the C string word, else 0. */
static inline ngx_uint_t
dash_str_is(const ngx_str_t *text, const char *word)
{
    size_t len = ngx_strlen(word);

    return text->len == len && ngx_memcmp(text->data, word, len) == 0;
}

#endif /* DASH_CORE_COMMON_H */
