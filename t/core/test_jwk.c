#include "suite.h"
#include "jwk.h"
#include "token.h"

#include <stdio.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#define OCT "\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\""

static dash_jwk_t *keys;
static ngx_uint_t nkeys;
static dash_jwk_error_t error;

static const char *
members(token_key_e which)
{
    return (char *) token_jwk(pool, which, 0).data;
}

/* A set of JWKs, each given by its members, ended by NULL. */
static ngx_str_t
set_of(const char *const *jwks)
{
    size_t i;
    char *text = ngx_pnalloc(pool, 65536);
    size_t len = (size_t) sprintf(text, "{\"keys\":[");

    for (i = 0; jwks[i]; i++) {
        len += (size_t) sprintf(text + len, "%s{%s}", i ? "," : "", jwks[i]);
    }

    len += (size_t) sprintf(text + len, "]}");
    return (ngx_str_t){len, (u_char *) text};
}

static ngx_int_t
read_set(ngx_str_t text)
{
    error.issue = NULL;
    error.number = 99;
    return dash_jwk_set(pool, &text, &keys, &nkeys, &error);
}

static void
free_keys(void)
{
    ngx_uint_t i;

    for (i = 0; i < nkeys; i++) {
        dash_jwk_free(&keys[i].key);
    }
}

static void
refused_text(const char *text, ngx_uint_t number, const char *issue)
{
    assert_int_equal(read_set(TEXT(text)), NGX_DECLINED);
    assert_string_equal(error.issue, issue);
    assert_int_equal(error.number, number);
    assert_true(ERR_peek_error() == 0);
}

/* A set of a good key and this one behind it. */
static void
refused(const char *jwk, const char *issue)
{
    const char *const jwks[] = {OCT, jwk, NULL};

    refused_text((char *) set_of(jwks).data, 2, issue);
}

static void
skipped(const char *jwk, const char *why)
{
    const char *const jwks[] = {OCT, jwk, NULL};

    assert_int_equal(read_set(set_of(jwks)), NGX_OK);
    assert_int_equal(nkeys, 2);
    assert_null(keys[0].skipped);
    assert_string_equal(keys[1].skipped, why);
    assert_null(keys[1].key.pkey);
    free_keys();
}

/* "members, more", both from the pool. */
static const char *
with(const char *jwk, const char *more)
{
    char *text = ngx_pnalloc(pool, 8192);

    (void) snprintf(text, 8192, "%s,%s", jwk, more);
    return text;
}

static void
a_set_gives_each_key_its_algorithm(void **state)
{
    const char *jwks[] = {OCT ",\"kid\":\"a\"", NULL, NULL, NULL, NULL};
    static const dash_jwt_alg_e algorithms[] = {DASH_JWT_HS256, DASH_JWT_RS256, DASH_JWT_ES256,
                                                DASH_JWT_EDDSA};
    static const token_key_e names[] = {0, TOKEN_RSA, TOKEN_P256, TOKEN_ED25519};
    size_t i;

    (void) state;
    jwks[1] =
        with(members(TOKEN_RSA), "\"kid\":\"b\",\"use\":\"sig\",\"alg\":\"RS256\",\"x5c\":[\"x\"]");
    jwks[2] = with(members(TOKEN_P256), "\"kid\":\"c\",\"key_ops\":[\"verify\"]");
    jwks[3] = with(members(TOKEN_ED25519), "\"kid\":\"d\",\"alg\":\"EdDSA\",\"unknown\":{\"x\":1}");

    assert_int_equal(read_set(set_of(jwks)), NGX_OK);
    assert_int_equal(nkeys, 4);
    assert_text(keys[0].key.secret, "0123456789abcdef0123456789abcdef");

    for (i = 0; i < 4; i++) {
        char kid[2] = {(char) ('a' + i), '\0'};

        assert_null(keys[i].skipped);
        assert_int_equal(keys[i].key.alg, algorithms[i]);
        assert_text(keys[i].key.kid, kid);
        assert_true(i == 0 || EVP_PKEY_eq(keys[i].key.pkey, token_key(names[i])) == 1);
    }
    free_keys();
}

static void
keys_of_no_use_are_skipped(void **state)
{
    const char *rsa = members(TOKEN_RSA);

    (void) state;
    skipped("\"kty\":\"AKP\",\"pub\":\"x\"", "its kty is not supported");
    skipped("\"kty\":\"rsa\"", "its kty is not supported");
    skipped(with(rsa, "\"use\":\"enc\""), "its use is not sig");
    skipped(with(rsa, "\"key_ops\":[\"encrypt\",\"wrapKey\"]"), "its key_ops do not have verify");
    skipped(with(rsa, "\"key_ops\":[]"), "its key_ops do not have verify");
    skipped(with(rsa, "\"alg\":\"RS384\""), "its alg is not supported");
    skipped(with(rsa, "\"alg\":\"RSA-OAEP\""), "its alg is not supported");
    skipped(with(rsa, "\"alg\":\"none\""), "its alg is not supported");
    skipped(members(TOKEN_P384), "its crv is not supported");
    skipped("\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"x\"", "its crv is not supported");
}

static void
a_set_without_a_usable_key_is_refused(void **state)
{
    static const char none[] = "has no key to verify signatures with";

    (void) state;
    refused_text("{\"keys\":[]}", 0, none);
    refused_text("{\"keys\":[{\"kty\":\"AKP\"},{\"kty\":\"EC\",\"crv\":\"P-521\"}]}", 0, none);
}

static void
what_is_no_set_is_refused(void **state)
{
    char many[65536] = "{\"keys\":[{}";
    size_t i;

    (void) state;
    refused_text("", 0, "is not JSON");
    refused_text("{\"keys\":[]", 0, "is not JSON");
    refused_text("{\"keys\":[],\"keys\":[]}", 0, "is not JSON");
    refused_text("-----BEGIN PUBLIC KEY-----", 0, "is not JSON");
    refused_text("[]", 0, "has no list of keys");
    refused_text("{}", 0, "has no list of keys");
    refused_text("{\"keys\":{}}", 0, "has no list of keys");
    refused_text("{" OCT "}", 0, "has no list of keys");
    refused_text("{\"keys\":[\"x\"]}", 1, "has no kty");

    for (i = 0; i < DASH_JWK_MAX_KEYS; i++) {
        strcat(many, ",{}");
    }
    refused_text(strcat(many, "]}"), 0, "has more than 64 keys");
}

static void
two_keys_with_one_kid_are_refused(void **state)
{
    const char *const jwks[] = {OCT ",\"kid\":\"a\"", with(members(TOKEN_RSA), "\"kid\":\"a\""),
                                NULL};
    const char *const unused[] = {OCT ",\"kid\":\"a\"", "\"kty\":\"AKP\",\"kid\":\"a\"", OCT, OCT,
                                  NULL};

    (void) state;
    refused_text((char *) set_of(jwks).data, 2, "has the kid of a key before it");
    assert_int_equal(read_set(set_of(unused)), NGX_OK);
    free_keys();
}

static void
a_private_key_is_refused(void **state)
{
    static const token_key_e which[] = {TOKEN_RSA, TOKEN_P256, TOKEN_ED25519};
    static const char issue[] = "is a private key: only its public members belong here";
    size_t i;

    (void) state;
    for (i = 0; i < sizeof(which) / sizeof(which[0]); i++) {
        refused((char *) token_jwk(pool, which[i], 1).data, issue);
        refused(with((char *) token_jwk(pool, which[i], 1).data, "\"use\":\"enc\""), issue);
    }
    refused(with(members(TOKEN_RSA), "\"p\":\"AQAB\""), issue);
    refused(with(members(TOKEN_RSA), "\"oth\":[]"), issue);
}

static void
a_mistake_in_a_key_is_refused(void **state)
{
    const char *rsa = members(TOKEN_RSA);

    (void) state;
    refused("\"k\":\"x\"", "has no kty");
    refused("\"kty\":7", "has no kty");
    refused(with(rsa, "\"kid\":7"), "has a kid that is not a string, or empty");
    refused(with(rsa, "\"kid\":\"\""), "has a kid that is not a string, or empty");
    refused(with(rsa, "\"use\":[\"sig\"]"), "has a use that is not a string");
    refused(with(rsa, "\"key_ops\":\"verify\""), "has key_ops that are not a list");
    refused(with(rsa, "\"key_ops\":[\"verify\",1]"), "has key_ops that are not strings");
    refused(with(rsa, "\"alg\":null"), "has an alg that is not a string");
    refused(with(rsa, "\"alg\":\"HS256\""), "has an alg that does not go with its kty");
    refused(with(rsa, "\"alg\":\"ES256\""), "has an alg that does not go with its kty");
    refused(with(OCT, "\"alg\":\"RS256\""), "has an alg that does not go with its kty");
    refused("\"kty\":\"EC\"", "has no crv");
    refused("\"kty\":\"oct\"", "lacks a member of its kty");
    refused("\"kty\":\"oct\",\"k\":7", "lacks a member of its kty");
    refused("\"kty\":\"oct\",\"k\":\"\"", "lacks a member of its kty");
    refused("\"kty\":\"oct\",\"k\":\"a+b/\"", "has a member that is not base64url");
    refused("\"kty\":\"oct\",\"k\":\"AAAA\"", "needs a secret of at least 32 bytes");
    refused("\"kty\":\"RSA\",\"e\":\"AQAB\"", "lacks a member of its kty");
    refused("\"kty\":\"RSA\",\"n\":\"AQAB\"", "lacks a member of its kty");
    refused("\"kty\":\"OKP\",\"crv\":\"Ed25519\"", "lacks a member of its kty");
    refused("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"",
            "has an x that is not of 32 bytes");
    refused("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\"", "lacks a member of its kty");
    refused("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"",
            "has an x or y that is not of 32 bytes");
    refused(
        "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\","
        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"",
        "needs a point that is on the curve");
}

static void
a_weak_rsa_key_is_refused(void **state)
{
    static const char exponent[] = "needs an RSA key with an odd exponent above 2";
    char weak[1024];
    char *e;
    u_char *modulus = ngx_pcalloc(pool, 1025);

    (void) state;
    refused(members(TOKEN_RSA_SHORT), "needs an RSA key of 2048 to 8192 bits");

    modulus[0] = 1; /* 8193 bits */
    modulus[1024] = 1;
    (void) snprintf(weak, sizeof(weak), "\"kty\":\"RSA\",\"e\":\"AQAB\"");
    e = (char *) token_base64url(pool, modulus, 1025).data;
    refused(with(weak, strcat(strcat(strcpy(ngx_pnalloc(pool, 2048), "\"n\":\""), e), "\"")),
            "needs an RSA key of 2048 to 8192 bits");

    (void) snprintf(weak, sizeof(weak), "%s", members(TOKEN_RSA));
    e = strstr(weak, "AQAB\"");
    ngx_memcpy(e, "AQ\"", 4); /* 1 */
    refused(weak, exponent);
    ngx_memcpy(e, "AQAA\"", 6); /* 65536 */
    refused(weak, exponent);
}

static void
a_public_key_in_pem_goes_with_its_algorithm(void **state)
{
    static const struct {
        token_key_e which;
        dash_jwt_alg_e alg;
    } good[] = {{TOKEN_RSA, DASH_JWT_RS256},
                {TOKEN_P256, DASH_JWT_ES256},
                {TOKEN_ED25519, DASH_JWT_EDDSA}};
    size_t i, k;
    ngx_str_t text;
    const char *issue;
    dash_jwt_key_t key;

    (void) state;
    for (i = 0; i < 3; i++) {
        text = token_pem(pool, good[i].which, 0);
        assert_true(dash_jwk_is_pem(&text));

        for (k = 0; k < 3; k++) {
            ngx_memzero(&key, sizeof(key));
            key.alg = good[k].alg;

            if (i == k) {
                assert_int_equal(dash_jwk_pem(&text, &key, &issue), NGX_OK);
                assert_true(EVP_PKEY_eq(key.pkey, token_key(good[i].which)) == 1);
                dash_jwk_free(&key);
            } else {
                assert_int_equal(dash_jwk_pem(&text, &key, &issue), NGX_DECLINED);
                assert_non_null(strstr(issue, "needs an "));
            }
            assert_null(key.pkey);
            assert_true(ERR_peek_error() == 0);
        }
    }
}

static void
pem_refused(const char *text, const char *expected)
{
    const char *issue;
    dash_jwt_key_t key = {.alg = DASH_JWT_RS256};

    assert_int_equal(dash_jwk_pem(&TEXT(text), &key, &issue), NGX_DECLINED);
    assert_string_equal(issue, expected);
    assert_null(key.pkey);
    assert_true(ERR_peek_error() == 0);
}

static void
what_is_not_one_public_key_in_pem_is_refused(void **state)
{
    static const char one[] = "needs one public key in PEM (-----BEGIN PUBLIC KEY-----)";
    static const char begin[] = "-----BEGIN PUBLIC KEY-----\n";
    const char *rsa = (char *) token_pem(pool, TOKEN_RSA, 0).data;
    char text[8192];

    (void) state;
    pem_refused((char *) token_pem(pool, TOKEN_RSA, 1).data,
                "holds a private key: only the public key belongs here");
    pem_refused((char *) token_pem(pool, TOKEN_RSA_SHORT, 0).data,
                "needs an RSA key of 2048 to 8192 bits");
    pem_refused("", one);
    pem_refused("0123456789abcdef0123456789abcdef", one);
    pem_refused("-----BEGIN CERTIFICATE-----\n", one);
    pem_refused("-----BEGIN RSA PUBLIC KEY-----\n", one);
    pem_refused(begin, "is not a public key in PEM");

    (void) snprintf(text, sizeof(text), "%s%s", rsa, rsa);
    pem_refused(text, one);
    (void) snprintf(text, sizeof(text), "%s", rsa);
    text[60] = '!';
    pem_refused(text, "is not a public key in PEM");
    (void) snprintf(text, sizeof(text), "%sProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,%s\n\n%s",
                    begin, "00112233445566778899AABBCCDDEEFF", rsa + strlen(begin));
    pem_refused(text, "is not a public key in PEM");
}

static void
a_secret_is_no_pem(void **state)
{
    (void) state;
    assert_false(dash_jwk_is_pem(&TEXT("0123456789abcdef0123456789abcdef")));
    assert_false(dash_jwk_is_pem(&TEXT("")));
    assert_true(dash_jwk_is_pem(&TEXT("x\n-----BEGIN RSA PUBLIC KEY-----")));
}

/* ASan's leak check sees a key that is not freed then. */
static void
want_of_memory_is_an_error(void **state)
{
    const char *jwks[] = {OCT ",\"kid\":\"a\"", NULL, NULL, NULL, NULL};
    ngx_int_t n;
    ngx_int_t rc = NGX_ERROR;
    ngx_str_t text;

    (void) state;
    jwks[1] = members(TOKEN_RSA);
    jwks[2] = members(TOKEN_P256);
    jwks[3] = members(TOKEN_ED25519);
    text = set_of(jwks);

    for (n = 0; rc == NGX_ERROR; n++) {
        dash_standalone_fail_at(n);
        rc = read_set(text);
    }
    assert_int_equal(rc, NGX_OK);
    assert_true(n > 10);
    free_keys();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_set_gives_each_key_its_algorithm),
        TEST(keys_of_no_use_are_skipped),
        TEST(a_set_without_a_usable_key_is_refused),
        TEST(what_is_no_set_is_refused),
        TEST(two_keys_with_one_kid_are_refused),
        TEST(a_private_key_is_refused),
        TEST(a_mistake_in_a_key_is_refused),
        TEST(a_weak_rsa_key_is_refused),
        TEST(a_public_key_in_pem_goes_with_its_algorithm),
        TEST(what_is_not_one_public_key_in_pem_is_refused),
        TEST(a_secret_is_no_pem),
        TEST(want_of_memory_is_an_error),
    };

    return RUN(tests);
}
