#include "suite.h"
#include "token_cache.h"

#include <stdio.h>

#define NOW 1700000000

static dash_token_cache_t *cache;
static int scope, other_scope;

static int
open_cache(void **state)
{
    int rc = open_pool(state);

    cache = dash_token_cache_create(pool);
    return rc;
}

static const u_char *
hash_of(const char *token)
{
    static u_char hash[DASH_TOKEN_HASH];

    assert_int_equal(dash_token_cache_hash(&TEXT(token), &scope, hash), NGX_OK);
    return hash;
}

static dash_jwt_t
claims(const char *subject, const char *session, int64_t expires)
{
    return (dash_jwt_t){.issuer = TEXT("https://a.example"),
                        .subject = TEXT(subject),
                        .session = TEXT(session),
                        .issued = NOW - 10,
                        .expires = expires};
}

static void
add(const char *token, const char *subject, int64_t expires)
{
    dash_jwt_t jwt = claims(subject, "", expires);

    dash_token_cache_add(cache, hash_of(token), &jwt);
}

static ngx_int_t
find(const char *token, int64_t now, dash_jwt_t *jwt)
{
    return dash_token_cache_find(cache, hash_of(token), now, pool, jwt);
}

static ngx_uint_t
has(const char *token)
{
    dash_jwt_t jwt;

    return find(token, NOW, &jwt) == NGX_OK;
}

static void
what_was_added_is_found_whole(void **state)
{
    dash_jwt_t jwt = claims("u1", "s1", NOW + 60);
    dash_jwt_t found;

    (void) state;
    assert_false(has("a"));
    dash_token_cache_add(cache, hash_of("a"), &jwt);
    assert_int_equal(find("a", NOW, &found), NGX_OK);
    assert_text(found.issuer, "https://a.example");
    assert_text(found.subject, "u1");
    assert_text(found.session, "s1");
    assert_true(found.issued == NOW - 10);
    assert_true(found.expires == NOW + 60);
    assert_false(has("b"));
}

static void
an_entry_ends_with_its_token(void **state)
{
    dash_jwt_t jwt;

    (void) state;
    add("a", "u1", NOW + 60);
    assert_int_equal(find("a", NOW + 59, &jwt), NGX_OK);
    assert_int_equal(find("a", NOW + 60, &jwt), NGX_DECLINED);
}

static void
another_scope_is_another_entry(void **state)
{
    u_char other[DASH_TOKEN_HASH];
    dash_jwt_t jwt;

    (void) state;
    add("a", "u1", NOW + 60);
    assert_int_equal(dash_token_cache_hash(&TEXT("a"), &other_scope, other), NGX_OK);
    assert_int_equal(dash_token_cache_find(cache, other, NOW, pool, &jwt), NGX_DECLINED);
}

static void
when_full_the_one_used_longest_ago_makes_place(void **state)
{
    char name[16];
    size_t i;

    (void) state;
    for (i = 0; i < DASH_TOKEN_COUNT; i++) {
        (void) snprintf(name, sizeof(name), "%zu", i);
        add(name, name, NOW + 60);
    }
    assert_true(has("0")); /* and is now the last used */

    for (i = 0; i < 10; i++) {
        (void) snprintf(name, sizeof(name), "new %zu", i);
        add(name, name, NOW + 60);
    }

    for (i = 0; i < DASH_TOKEN_COUNT; i++) {
        (void) snprintf(name, sizeof(name), "%zu", i);
        assert_int_equal(has(name), i == 0 || i > 10);
    }
    assert_true(has("new 0") && has("new 9"));
}

/* Three times round, in an order that mixes hits and additions: nobody is ever taken for another.
 */
static void
nobody_is_taken_for_another(void **state)
{
    char name[16];
    size_t i;
    uint32_t n = 1;
    ngx_uint_t hits = 0;
    dash_jwt_t jwt;

    (void) state;
    for (i = 0; i < 3 * DASH_TOKEN_COUNT; i++) {
        n = n * 1664525 + 1013904223;
        (void) snprintf(name, sizeof(name), "%u", (n >> 8) % (2 * DASH_TOKEN_COUNT));

        if (find(name, NOW, &jwt) == NGX_OK) {
            assert_text(jwt.subject, name);
            hits++;
        } else {
            add(name, name, NOW + 60);
        }
    }
    assert_in_range(hits, DASH_TOKEN_COUNT / 4, 3 * DASH_TOKEN_COUNT);
}

static void
what_was_found_stays_when_its_entry_goes(void **state)
{
    char name[16];
    size_t i;
    dash_jwt_t jwt;

    (void) state;
    add("a", "u1", NOW + 60);
    assert_int_equal(find("a", NOW, &jwt), NGX_OK);
    for (i = 0; i < DASH_TOKEN_COUNT; i++) {
        (void) snprintf(name, sizeof(name), "%zu", i);
        add(name, name, NOW + 60);
    }
    assert_false(has("a"));
    assert_text(jwt.subject, "u1");
}

static void
long_texts_are_not_kept(void **state)
{
    char subject[DASH_TOKEN_TEXT + 2];
    dash_jwt_t jwt;

    (void) state;
    memset(subject, 'x', sizeof(subject));
    subject[DASH_TOKEN_TEXT + 1] = '\0';
    add("a", subject, NOW + 60);
    assert_false(has("a"));
    add("b", subject + 1, NOW + 60);
    assert_true(has("b"));
    jwt = claims(subject + 2, "ss", NOW + 60);
    dash_token_cache_add(cache, hash_of("c"), &jwt);
    assert_false(has("c"));
}

static void
want_of_memory_costs_a_verification_only(void **state)
{
    dash_jwt_t jwt;

    (void) state;
    dash_standalone_fail_at(0);
    assert_null(dash_token_cache_create(pool));
    dash_standalone_fail_at(0);
    add("a", "u1", NOW + 60);
    assert_false(has("a"));
    add("a", "u1", NOW + 60);
    dash_standalone_fail_at(0);
    assert_int_equal(find("a", NOW, &jwt), NGX_ERROR);
    assert_true(has("a"));
}

#define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, open_cache, close_pool)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CACHE_TEST(what_was_added_is_found_whole),
        CACHE_TEST(an_entry_ends_with_its_token),
        CACHE_TEST(another_scope_is_another_entry),
        CACHE_TEST(when_full_the_one_used_longest_ago_makes_place),
        CACHE_TEST(nobody_is_taken_for_another),
        CACHE_TEST(what_was_found_stays_when_its_entry_goes),
        CACHE_TEST(long_texts_are_not_kept),
        CACHE_TEST(want_of_memory_costs_a_verification_only),
    };

    return RUN(tests);
}
