#include "suite.h"
#include "jwt.h"
#include "token.h"

#define NOW 1700000000

#define CLAIMS "{\"sub\":\"u1\",\"exp\":1700000060}"

static const char secret[] = "0123456789abcdef0123456789abcdef";
static const char short_secret[] = "0123456789abcdef0123456789abcde";

static dash_jwt_key_t key;

static int
open_key(void **state)
{
    ngx_memzero(&key, sizeof(key));
    key.alg = DASH_JWT_HS256;
    key.kid = TEXT("");
    key.secret = TEXT(secret);
    return open_pool(state);
}

static ngx_str_t
sign(const char *claims)
{
    ngx_str_t token;

    assert_int_equal(dash_jwt_sign_hs256(pool, &key, &TEXT(claims), &token), NGX_OK);
    return token;
}

static void
a_token_is_what_anybody_would_sign(void **state)
{
    ngx_str_t expected =
        token_sign(pool, TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"), TEXT(CLAIMS), TEXT(secret));

    (void) state;
    assert_text(sign(CLAIMS), (char *) expected.data);
}

static void
a_key_with_a_name_is_named(void **state)
{
    ngx_str_t expected;

    (void) state;
    key.kid = TEXT("a\"b");
    expected = token_sign(pool, TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"a\\\"b\"}"),
                          TEXT(CLAIMS), TEXT(secret));
    assert_text(sign(CLAIMS), (char *) expected.data);
}

static void
what_was_signed_is_verified(void **state)
{
    ngx_str_t token;
    dash_jwt_t jwt;
    const char *reason = NULL;
    dash_jwt_key_t keys[3];

    (void) state;
    key.kid = TEXT("mine");
    keys[0] = key;
    keys[0].secret = TEXT("another secret of 32 bytes, more");
    keys[1] = key;
    keys[2] = key;

    token = sign(CLAIMS);
    assert_int_equal(dash_jwt_verify(pool, &token, keys, 3, NOW, 0, &jwt, &reason), NGX_OK);
    assert_text(jwt.subject, "u1");

    token.data[token.len - 3] ^= 1;
    assert_int_equal(dash_jwt_verify(pool, &token, keys, 3, NOW, 0, &jwt, &reason), NGX_DECLINED);
}

static void
a_key_that_is_none_signs_nothing(void **state)
{
    ngx_str_t token;

    (void) state;
    key.secret = TEXT(short_secret);
    assert_int_equal(dash_jwt_sign_hs256(pool, &key, &TEXT(CLAIMS), &token), NGX_ERROR);

    key.secret = TEXT(secret);
    key.alg = 0;
    assert_int_equal(dash_jwt_sign_hs256(pool, &key, &TEXT(CLAIMS), &token), NGX_ERROR);
}

static void
want_of_memory_is_an_error_wherever_it_comes(void **state)
{
    int rc;
    size_t n = 0;
    ngx_str_t token;

    (void) state;
    do {
        dash_standalone_fail_at(n++);
        rc = (int) dash_jwt_sign_hs256(pool, &key, &TEXT(CLAIMS), &token);
        assert_true(rc == NGX_OK || rc == NGX_ERROR);
    } while (rc != NGX_OK);

    assert_in_range(n, 5, 20);
}

#define KEY_TEST(name) cmocka_unit_test_setup_teardown(name, open_key, close_pool)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KEY_TEST(a_token_is_what_anybody_would_sign),
        KEY_TEST(a_key_with_a_name_is_named),
        KEY_TEST(what_was_signed_is_verified),
        KEY_TEST(a_key_that_is_none_signs_nothing),
        KEY_TEST(want_of_memory_is_an_error_wherever_it_comes),
    };

    return RUN(tests);
}
