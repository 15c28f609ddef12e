#include "token_cache.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#define BUCKETS 1024 /* a power of two */

typedef struct entry_s entry_t;

struct entry_s {
    entry_t *next;  /* in its bucket */
    entry_t *newer; /* in the order of use; a ring through cache->ring */
    entry_t *older;
    u_char hash[DASH_TOKEN_HASH];
    ngx_str_t issuer;
    size_t subject_len;
    size_t session_len;
    int64_t issued;
    int64_t expires;
    u_char text[DASH_TOKEN_TEXT]; /* subject, then session */
};

struct dash_token_cache_s {
    ngx_pool_t *pool;
    ngx_uint_t count;
    entry_t ring; /* ring.older is the entry used last, ring.newer the one used longest ago */
    entry_t *buckets[BUCKETS];
};

static entry_t **bucket(dash_token_cache_t *cache, const u_char *hash);
static entry_t *find(dash_token_cache_t *cache, const u_char *hash);
static entry_t *take(dash_token_cache_t *cache);
static void unlink_entry(dash_token_cache_t *cache, entry_t *entry);
static void leave_ring(entry_t *entry);
static void enter_ring(dash_token_cache_t *cache, entry_t *entry);

dash_token_cache_t *
dash_token_cache_create(ngx_pool_t *pool)
{
    dash_token_cache_t *cache = ngx_pcalloc(pool, sizeof(dash_token_cache_t));

    if (cache != NULL) {
        cache->pool = pool;
        cache->ring.newer = &cache->ring;
        cache->ring.older = &cache->ring;
    }

    return cache;
}

ngx_int_t
dash_token_cache_hash(const ngx_str_t *token, const void *scope, u_char hash[DASH_TOKEN_HASH])
{
    int done = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
        EVP_DigestUpdate(ctx, &scope, sizeof(scope)) == 1 &&
        EVP_DigestUpdate(ctx, token->data, token->len) == 1)
    {
        done = EVP_DigestFinal_ex(ctx, hash, NULL) == 1;
    }

    EVP_MD_CTX_free(ctx);
    if (!done) {
        ERR_clear_error();
    }
    return done ? NGX_OK : NGX_ERROR;
}

ngx_int_t
dash_token_cache_find(dash_token_cache_t *cache, const u_char hash[DASH_TOKEN_HASH], int64_t now,
                      ngx_pool_t *pool, dash_jwt_t *jwt)
{
    entry_t *entry = find(cache, hash);

    /* one that has expired stays until it is the one used longest ago */
    if (entry == NULL || entry->expires <= now) {
        return NGX_DECLINED;
    }

    /* the entry may make place for another while the request still waits for the database */
    jwt->subject.len = entry->subject_len;
    jwt->subject.data = ngx_pnalloc(pool, entry->subject_len + entry->session_len);
    if (jwt->subject.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(jwt->subject.data, entry->text, entry->subject_len + entry->session_len);
    jwt->session.len = entry->session_len;
    jwt->session.data = jwt->subject.data + entry->subject_len;
    jwt->issuer = entry->issuer;
    jwt->issued = entry->issued;
    jwt->expires = entry->expires;

    leave_ring(entry);
    enter_ring(cache, entry);
    return NGX_OK;
}

void
dash_token_cache_add(dash_token_cache_t *cache, const u_char hash[DASH_TOKEN_HASH],
                     const dash_jwt_t *jwt)
{
    entry_t *entry;
    entry_t **place;

    if (jwt->subject.len > DASH_TOKEN_TEXT ||
        jwt->session.len > DASH_TOKEN_TEXT - jwt->subject.len || find(cache, hash) != NULL)
    {
        return;
    }

    entry = take(cache);
    if (entry == NULL) {
        return;
    }

    ngx_memcpy(entry->hash, hash, DASH_TOKEN_HASH);
    ngx_memcpy(entry->text, jwt->subject.data, jwt->subject.len);
    if (jwt->session.len) {
        ngx_memcpy(entry->text + jwt->subject.len, jwt->session.data, jwt->session.len);
    }
    entry->subject_len = jwt->subject.len;
    entry->session_len = jwt->session.len;
    entry->issuer = jwt->issuer;
    entry->issued = jwt->issued;
    entry->expires = jwt->expires;

    place = bucket(cache, hash);
    entry->next = *place;
    *place = entry;
    enter_ring(cache, entry);
}

static entry_t **
bucket(dash_token_cache_t *cache, const u_char *hash)
{
    return &cache->buckets[(hash[0] << 8 | hash[1]) & (BUCKETS - 1)];
}

static entry_t *
find(dash_token_cache_t *cache, const u_char *hash)
{
    entry_t *entry;

    for (entry = *bucket(cache, hash); entry; entry = entry->next) {
        if (ngx_memcmp(entry->hash, hash, DASH_TOKEN_HASH) == 0) {
            return entry;
        }
    }

    return NULL;
}

/* An entry to fill: a new one while there is room, then the one used longest ago. */
static entry_t *
take(dash_token_cache_t *cache)
{
    entry_t *entry;

    if (cache->count < DASH_TOKEN_COUNT) {
        entry = ngx_palloc(cache->pool, sizeof(entry_t));
        if (entry != NULL) {
            cache->count++;
        }
        return entry;
    }

    entry = cache->ring.newer;
    unlink_entry(cache, entry);
    return entry;
}

static void
unlink_entry(dash_token_cache_t *cache, entry_t *entry)
{
    entry_t **place = bucket(cache, entry->hash);

    while (*place != entry) {
        place = &(*place)->next;
    }

    *place = entry->next;
    leave_ring(entry);
}

static void
leave_ring(entry_t *entry)
{
    entry->newer->older = entry->older;
    entry->older->newer = entry->newer;
}

static void
enter_ring(dash_token_cache_t *cache, entry_t *entry)
{
    entry->older = cache->ring.older;
    entry->newer = &cache->ring;
    entry->older->newer = entry;
    cache->ring.older = entry;
}
