#include "suite.h"
#include "jwt.h"
#include "token.h"

#include <stdio.h>

#define NOW 1700000000

#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS "{\"sub\":\"u1\",\"exp\":1700000060}"

#define WRONG_SIGNATURE "the token's signature is wrong"
#define NO_KEY          "there is no key for the token's algorithm and kid"
#define BAD_HEADER      "the token's header is malformed"
#define BAD_CLAIMS      "the token's claims are malformed"
#define BAD_ALGORITHM   "the token's algorithm is not supported"
#define NO_ALGORITHM    "the token names no algorithm"
#define BAD_MEMBER      "the token's header has a member that is not allowed"
#define BAD_EXP         "the token's exp is missing or not a date"
#define BAD_NBF         "the token's nbf is not a date"
#define BAD_SUB         "the token's sub is missing or not a string"
#define MALFORMED       "the token is malformed"
#define BAD_SIGNATURE   "the token's signature is malformed"
#define BAD_IAT         "the token's iat is not a date"
#define BAD_AUD         "the token's aud is not a string or a list of strings"
#define BAD_TYP         "the token's typ is not JWT or at+jwt"
#define BAD_SID         "the token's sid is missing or not a string"
#define OTHER_ISSUER    "the token's issuer is not its key's"
#define NO_ISSUER       "the token has an issuer, but its key has none"
#define OTHER_AUDIENCE  "the token is for another audience"
#define EXPIRED         "the token has expired"

static const char secret[] = "0123456789abcdef0123456789abcdef";
static const char other_secret[] = "another secret of 32 bytes, more";

static dash_jwt_key_t keys[3];
static ngx_uint_t nkeys;
static dash_jwt_t jwt;

static int
open_keys(void **state)
{
    ngx_memzero(keys, sizeof(keys));
    keys[0].alg = DASH_JWT_HS256;
    keys[0].secret = TEXT(secret);
    nkeys = 1;
    return open_pool(state);
}

/* Puts a second key beside the first. */
static void
add_key(const char *kid, const char *text)
{
    keys[1].alg = DASH_JWT_HS256;
    keys[1].kid = TEXT(kid);
    keys[1].secret = TEXT(text);
    nkeys = 2;
}

static char *
sign_with(const char *header, const char *payload, const char *key)
{
    return (char *) token_sign(pool, TEXT(header), TEXT(payload), TEXT(key)).data;
}

static char *
sign(const char *header, const char *payload)
{
    return sign_with(header, payload, secret);
}

static ngx_int_t
verify(const char *token, const char **reason)
{
    return dash_jwt_verify(pool, &TEXT(token), keys, nkeys, NOW, 0, &jwt, reason);
}

static void
accept(const char *token)
{
    const char *reason = NULL;

    if (verify(token, &reason) != NGX_OK) {
        fail_msg("%s: %s", token, reason);
    }
}

static void
decline(const char *token, const char *expected)
{
    const char *reason = NULL;

    assert_int_equal(verify(token, &reason), NGX_DECLINED);
    assert_string_equal(reason, expected);
}

static void
a_good_token_says_whose_it_is(void **state)
{
    (void) state;
    accept(sign(HEADER, "{\"sub\":\"u1\",\"exp\":1700000060,\"nbf\":1700000000,\"iat\":1699999990,"
                        "\"extra\":[1]}"));
    assert_text(jwt.subject, "u1");
    assert_int_equal(jwt.issuer.len, 0);
    assert_int_equal(jwt.session.len, 0);
    assert_true(jwt.issued == 1699999990);
    assert_true(jwt.expires == 1700000060);

    accept(sign("{\"alg\":\"HS256\"}", CLAIMS));
    assert_true(jwt.issued == -1);
}

static void
every_changed_byte_breaks_the_token(void **state)
{
    size_t i;
    char *token = sign(HEADER, CLAIMS);
    const char *reason;

    (void) state;
    for (i = 0; token[i]; i++) {
        char was = token[i];

        token[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(verify(token, &reason), NGX_DECLINED);
        token[i] = was;
    }
    accept(token);
}

static void
a_signature_by_another_key_is_wrong(void **state)
{
    (void) state;
    decline(sign_with(HEADER, CLAIMS, other_secret), WRONG_SIGNATURE);
    decline(sign_with(HEADER, CLAIMS, ""), WRONG_SIGNATURE);
}

static void
a_signature_has_exactly_32_bytes(void **state)
{
    char *token = sign(HEADER, CLAIMS);
    char longer[512];
    char *dot = strrchr(token, '.');

    (void) state;
    (void) snprintf(longer, sizeof(longer), "%sAAAA", token);
    decline(longer, WRONG_SIGNATURE);
    (void) snprintf(longer, sizeof(longer), "%.*s.", (int) (dot - token), token);
    decline(longer, WRONG_SIGNATURE);
    (void) snprintf(longer, sizeof(longer), "%.*s", (int) strlen(token) - 3, token);
    decline(longer, WRONG_SIGNATURE);
    (void) snprintf(longer, sizeof(longer), "%s=", token);
    decline(longer, BAD_SIGNATURE);
}

static void
a_token_has_three_parts(void **state)
{
    char five[512];

    (void) state;
    decline("", MALFORMED);
    decline("x", MALFORMED);
    decline("e30.e30", MALFORMED);
    decline("..", BAD_HEADER);
    decline("e30.e30.e30.e30.e30", NO_ALGORITHM);
    (void) snprintf(five, sizeof(five), "%s.e30", sign(HEADER, CLAIMS));
    decline(five, BAD_SIGNATURE);
}

static void
no_algorithm_is_taken_but_ours(void **state)
{
    static const char *const names[] = {"none",  "None",    "NONE",   "nOnE",     "hs256",
                                        "HS384", "HS512",   "RS384",  "ES384",    "PS256",
                                        "EDDSA", "Ed25519", "ES256K", "RSA-OAEP", "dir",
                                        "",      "HS256 ",  "HS2560", "HS25"};
    size_t i;
    char header[64];

    (void) state;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void) snprintf(header, sizeof(header), "{\"alg\":\"%s\"}", names[i]);
        decline(sign(header, CLAIMS), BAD_ALGORITHM);
    }
    decline(sign("{}", CLAIMS), NO_ALGORITHM);
    decline(sign("{\"alg\":null}", CLAIMS), NO_ALGORITHM);
    decline(sign("{\"alg\":[\"HS256\"]}", CLAIMS), NO_ALGORITHM);
    decline(sign("{\"alg\":1}", CLAIMS), NO_ALGORITHM);
}

static void
a_token_without_signature_is_declined(void **state)
{
    char unsigned_token[256];
    char *token = sign("{\"alg\":\"none\"}", CLAIMS);

    (void) state;
    (void) snprintf(unsigned_token, sizeof(unsigned_token), "%.*s.",
                    (int) (strrchr(token, '.') - token), token);
    decline(unsigned_token, BAD_ALGORITHM);
}

static void
a_key_serves_its_own_algorithm_only(void **state)
{
    (void) state;
    keys[0].alg = (dash_jwt_alg_e) 99;
    decline(sign(HEADER, CLAIMS), NO_KEY);
    nkeys = 0;
    decline(sign(HEADER, CLAIMS), NO_KEY);
}

static void
a_short_secret_verifies_nothing(void **state)
{
    (void) state;
    keys[0].secret = TEXT("0123456789abcdef0123456789abcde");
    decline(sign_with(HEADER, CLAIMS, "0123456789abcdef0123456789abcde"), WRONG_SIGNATURE);
    keys[0].secret = TEXT("");
    decline(sign_with(HEADER, CLAIMS, ""), WRONG_SIGNATURE);
}

static void
a_kid_selects_the_key(void **state)
{
    (void) state;
    keys[0].kid = TEXT("old");
    add_key("new", other_secret);
    accept(sign("{\"alg\":\"HS256\",\"kid\":\"old\"}", CLAIMS));
    accept(sign_with("{\"alg\":\"HS256\",\"kid\":\"new\"}", CLAIMS, other_secret));
    decline(sign("{\"alg\":\"HS256\",\"kid\":\"new\"}", CLAIMS), WRONG_SIGNATURE);
    decline(sign("{\"alg\":\"HS256\",\"kid\":\"ne\"}", CLAIMS), NO_KEY);
    decline(sign("{\"alg\":\"HS256\",\"kid\":\"\"}", CLAIMS), NO_KEY);
}

static void
a_key_without_kid_serves_no_token_with_one(void **state)
{
    (void) state;
    accept(sign("{\"alg\":\"HS256\"}", CLAIMS));
    decline(sign("{\"alg\":\"HS256\",\"kid\":\"\"}", CLAIMS), NO_KEY);
    decline(sign("{\"alg\":\"HS256\",\"kid\":\"x\"}", CLAIMS), NO_KEY);
}

static void
another_algorithms_key_is_never_a_secret(void **state)
{
    static const dash_jwt_alg_e algorithms[] = {DASH_JWT_RS256, DASH_JWT_ES256, DASH_JWT_EDDSA};
    size_t i;
    ngx_str_t pem = token_pem(pool, TOKEN_RSA, 0);

    (void) state;
    for (i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        keys[0].alg = algorithms[i];
        keys[0].pkey = token_key(TOKEN_RSA);
        ngx_str_null(&keys[0].secret);
        decline(sign_with(HEADER, CLAIMS, (char *) pem.data), NO_KEY);
        decline(sign_with(HEADER, CLAIMS, ""), NO_KEY);
    }
}

static void
an_unknown_kid_is_declined_whoever_signed(void **state)
{
    (void) state;
    decline(sign("{\"alg\":\"HS256\",\"kid\":\"../../../dev/null\"}", CLAIMS), NO_KEY);
    decline(sign("{\"alg\":\"HS256\",\"kid\":\"x' union select 'secret\"}", CLAIMS), NO_KEY);
    decline(sign("{\"alg\":\"HS256\",\"kid\":7}", CLAIMS), "the token's kid is not a string");
    decline(sign("{\"alg\":\"HS256\",\"kid\":null}", CLAIMS), "the token's kid is not a string");
}

static void
without_a_kid_every_key_is_tried(void **state)
{
    (void) state;
    keys[0].kid = TEXT("old");
    add_key("new", other_secret);
    accept(sign(HEADER, CLAIMS));
    accept(sign_with(HEADER, CLAIMS, other_secret));
}

static void
header_members_that_bring_or_change_keys_are_refused(void **state)
{
    static const char *const members[] = {"crit", "b64", "jku", "jwk", "x5u", "x5c"};
    size_t i;
    char header[64];

    (void) state;
    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        (void) snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"%s\":null}", members[i]);
        decline(sign(header, CLAIMS), BAD_MEMBER);
    }
}

static void
typ_is_that_of_an_access_token(void **state)
{
    static const char *const good[] = {"JWT", "jwt", "Jwt", "at+jwt", "AT+JWT", "at+JWT"};
    static const char *const bad[] = {"",       "JW",     "JWTs",     "logout+jwt",
                                      "JWE",    "at+jws", "dpop+jwt", "secevent+jwt",
                                      "at jwt", "JOSE",   "at+jwt "};
    size_t i;
    char header[64];

    (void) state;
    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        (void) snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"typ\":\"%s\"}", good[i]);
        accept(sign(header, CLAIMS));
    }
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void) snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"typ\":\"%s\"}", bad[i]);
        decline(sign(header, CLAIMS), BAD_TYP);
    }
    decline(sign("{\"alg\":\"HS256\",\"typ\":null}", CLAIMS), BAD_TYP);
    decline(sign("{\"alg\":\"HS256\",\"typ\":[\"JWT\"]}", CLAIMS), BAD_TYP);
}

static void
header_and_claims_are_strict_json_objects(void **state)
{
    (void) state;
    decline(sign("[]", CLAIMS), BAD_HEADER);
    decline(sign("\"HS256\"", CLAIMS), BAD_HEADER);
    decline(sign("", CLAIMS), BAD_HEADER);
    decline(sign("{\"alg\":\"HS256\",\"alg\":\"none\"}", CLAIMS), BAD_HEADER);
    decline(sign("{\"alg\":\"none\",\"alg\":\"HS256\"}", CLAIMS), BAD_HEADER);
    decline(sign("{\"alg\":\"HS256\"}x", CLAIMS), BAD_HEADER);
    decline(sign(HEADER, "[]"), BAD_CLAIMS);
    decline(sign(HEADER, ""), BAD_CLAIMS);
    decline(sign(HEADER, "{\"sub\":\"u1\",\"sub\":\"u2\",\"exp\":1700000060}"), BAD_CLAIMS);
    decline(sign(HEADER, "{\"sub\":\"u1\",\"exp\":1,\"exp\":1700000060}"), BAD_CLAIMS);
    decline(sign(HEADER, "{\"sub\":\"u\\u0000\",\"exp\":1700000060}"), BAD_CLAIMS);
    decline(sign(HEADER, "{\"sub\":\"u\xff\",\"exp\":1700000060}"), BAD_CLAIMS);
}

static void
claims_are_not_read_before_the_signature_is_right(void **state)
{
    (void) state;
    decline(sign_with(HEADER, "not json", other_secret), WRONG_SIGNATURE);
}

static void
exp_is_required_and_an_integer(void **state)
{
    static const char *const bad[] = {"{\"sub\":\"u\"}",
                                      "{\"sub\":\"u\",\"exp\":null}",
                                      "{\"sub\":\"u\",\"exp\":\"1700000060\"}",
                                      "{\"sub\":\"u\",\"exp\":true}",
                                      "{\"sub\":\"u\",\"exp\":[1700000060]}",
                                      "{\"sub\":\"u\",\"exp\":{}}",
                                      "{\"sub\":\"u\",\"exp\":-1}",
                                      "{\"sub\":\"u\",\"exp\":1.7e9}",
                                      "{\"sub\":\"u\",\"exp\":2E9}",
                                      "{\"sub\":\"u\",\"exp\":1e300}",
                                      "{\"sub\":\"u\",\"exp\":253402300800}",
                                      "{\"sub\":\"u\",\"exp\":1700000060000}",
                                      "{\"sub\":\"u\",\"exp\":9223372036854775808}",
                                      "{\"sub\":\"u\",\"exp\":99999999999999999999999999}",
                                      "{\"sub\":\"u\",\"exp\":253402300799.5}",
                                      "{\"sub\":\"u\",\"exp\":1700000060.0}",
                                      "{\"sub\":\"u\",\"exp\":1700000060.5}"};
    size_t i;

    (void) state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        decline(sign(HEADER, bad[i]), BAD_EXP);
    }
    accept(sign(HEADER, "{\"sub\":\"u\",\"exp\":253402300799}"));
}

static void
a_token_expires_on_the_second(void **state)
{
    const char *reason;
    char *token = sign(HEADER, CLAIMS);

    (void) state;
    assert_int_equal(dash_jwt_verify(pool, &TEXT(token), keys, 1, 1700000059, 0, &jwt, &reason),
                     NGX_OK);
    assert_int_equal(dash_jwt_verify(pool, &TEXT(token), keys, 1, 1700000060, 0, &jwt, &reason),
                     NGX_DECLINED);
    assert_string_equal(reason, EXPIRED);
    assert_int_equal(dash_jwt_verify(pool, &TEXT(token), keys, 1, 1700000069, 10, &jwt, &reason),
                     NGX_OK);
    assert_int_equal(dash_jwt_verify(pool, &TEXT(token), keys, 1, 1700000070, 10, &jwt, &reason),
                     NGX_DECLINED);
}

static void
a_token_is_not_valid_before_nbf(void **state)
{
    const char *reason;
    char *token = sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000999,\"nbf\":1700000100}");

    (void) state;
    decline(token, "the token is not valid yet");
    assert_int_equal(dash_jwt_verify(pool, &TEXT(token), keys, 1, 1700000100, 0, &jwt, &reason),
                     NGX_OK);
    assert_int_equal(dash_jwt_verify(pool, &TEXT(token), keys, 1, 1700000090, 10, &jwt, &reason),
                     NGX_OK);
    assert_int_equal(dash_jwt_verify(pool, &TEXT(token), keys, 1, 1700000089, 10, &jwt, &reason),
                     NGX_DECLINED);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000999,\"nbf\":\"0\"}"), BAD_NBF);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000999,\"nbf\":null}"), BAD_NBF);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000999,\"nbf\":-1e300}"), BAD_NBF);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000999,\"nbf\":1.5}"), BAD_NBF);
}

static void
a_token_is_not_issued_in_the_future(void **state)
{
    const char *reason;
    char *token = sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000999,\"iat\":1700000005}");

    (void) state;
    decline(token, "the token was issued in the future");
    assert_int_equal(dash_jwt_verify(pool, &TEXT(token), keys, 1, NOW, 5, &jwt, &reason), NGX_OK);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000999,\"iat\":\"0\"}"), BAD_IAT);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000999,\"iat\":-1}"), BAD_IAT);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000999,\"iat\":1e9}"), BAD_IAT);
}

static void
a_key_speaks_for_its_issuer_only(void **state)
{
    (void) state;
    keys[0].issuer = TEXT("https://a.example");
    accept(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"iss\":\"https://a.example\"}"));
    assert_text(jwt.issuer, "https://a.example");
    decline(sign(HEADER, CLAIMS), OTHER_ISSUER);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"iss\":\"\"}"), OTHER_ISSUER);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"iss\":\"https://a.example/\"}"),
            OTHER_ISSUER);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"iss\":\"https://A.example\"}"),
            OTHER_ISSUER);

    add_key("", other_secret);
    keys[1].issuer = TEXT("https://b.example");
    accept(sign_with(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"iss\":\"https://b.example\"}",
                     other_secret));
    assert_text(jwt.issuer, "https://b.example");
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"iss\":\"https://b.example\"}"),
            OTHER_ISSUER);
}

static void
a_key_without_issuer_speaks_for_our_own_users_only(void **state)
{
    (void) state;
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"iss\":\"https://a.example\"}"),
            NO_ISSUER);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"iss\":\"\"}"), NO_ISSUER);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"iss\":null}"),
            "the token's iss is not a string");
}

static void
aud_names_the_audience_of_the_key(void **state)
{
    (void) state;
    accept(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"aud\":\"whoever\"}"));

    keys[0].audience = TEXT("dash");
    accept(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"aud\":\"dash\"}"));
    accept(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"aud\":[\"x\",\"dash\"]}"));
    decline(sign(HEADER, CLAIMS), OTHER_AUDIENCE);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"aud\":[]}"), OTHER_AUDIENCE);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"aud\":\"dashboard\"}"),
            OTHER_AUDIENCE);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"aud\":[\"DASH\",\"das\"]}"),
            OTHER_AUDIENCE);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"aud\":[\"dash\",1]}"), BAD_AUD);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"aud\":{\"dash\":1}}"), BAD_AUD);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"aud\":null}"), BAD_AUD);
}

static void
one_key_may_serve_two_audiences(void **state)
{
    (void) state;
    add_key("", secret);
    keys[0].audience = TEXT("a");
    keys[1].audience = TEXT("b");
    accept(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"aud\":\"a\"}"));
    accept(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"aud\":\"b\"}"));
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"aud\":\"c\"}"), OTHER_AUDIENCE);
}

static void
only_the_login_keys_tokens_have_a_session(void **state)
{
    (void) state;
    accept(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"sid\":\"s1\"}"));
    assert_int_equal(jwt.session.len, 0);

    keys[0].login = 1;
    accept(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"sid\":\"s1\"}"));
    assert_text(jwt.session, "s1");
    assert_int_equal(jwt.issuer.len, 0);
    decline(sign(HEADER, CLAIMS), BAD_SID);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"sid\":\"\"}"), BAD_SID);
    decline(sign(HEADER, "{\"sub\":\"u\",\"exp\":1700000060,\"sid\":1}"), BAD_SID);
}

static void
sub_is_a_string_that_is_not_empty(void **state)
{
    (void) state;
    decline(sign(HEADER, "{\"exp\":1700000060}"), BAD_SUB);
    decline(sign(HEADER, "{\"exp\":1700000060,\"sub\":\"\"}"), BAD_SUB);
    decline(sign(HEADER, "{\"exp\":1700000060,\"sub\":7}"), BAD_SUB);
    decline(sign(HEADER, "{\"exp\":1700000060,\"sub\":null}"), BAD_SUB);
    decline(sign(HEADER, "{\"exp\":1700000060,\"sub\":\"u\",\"iss\":7}"),
            "the token's iss is not a string");
}

static void
a_token_longer_than_8_kib_is_not_read(void **state)
{
    char claims[DASH_JWT_MAX_TOKEN];
    size_t filler;

    (void) state;
    for (filler = 6030; filler < 6150; filler++) {
        char *token;
        const char *reason;

        (void) snprintf(claims, sizeof(claims), "{\"sub\":\"u\",\"exp\":1700000060,\"x\":\"%*s\"}",
                        (int) filler, "");
        token = sign(HEADER, claims);

        if (strlen(token) <= DASH_JWT_MAX_TOKEN) {
            assert_int_equal(verify(token, &reason), NGX_OK);
        } else {
            decline(token, "the token is too long");
        }
    }
}

static void
reasons_fit_an_error_description(void **state)
{
    static const char *const tokens[] = {"", "..", "e30.e30.e30", "e30.\".\\"};
    size_t i;
    const char *p;
    const char *reason;

    (void) state;
    for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        assert_int_equal(verify(tokens[i], &reason), NGX_DECLINED);
        for (p = reason; *p; p++) {
            assert_true(*p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\');
        }
    }
}

static void
want_of_memory_is_an_error(void **state)
{
    ngx_int_t n;
    ngx_int_t rc = NGX_ERROR;
    char *token = sign(HEADER, CLAIMS);
    const char *reason;

    (void) state;
    for (n = 0; rc == NGX_ERROR; n++) {
        dash_standalone_fail_at(n);
        rc = verify(token, &reason);
    }
    assert_int_equal(rc, NGX_OK);
    assert_true(n > 10);
}

#define KEY_TEST(name) cmocka_unit_test_setup_teardown(name, open_keys, close_pool)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        KEY_TEST(a_good_token_says_whose_it_is),
        KEY_TEST(every_changed_byte_breaks_the_token),
        KEY_TEST(a_signature_by_another_key_is_wrong),
        KEY_TEST(a_signature_has_exactly_32_bytes),
        KEY_TEST(a_token_has_three_parts),
        KEY_TEST(no_algorithm_is_taken_but_ours),
        KEY_TEST(a_token_without_signature_is_declined),
        KEY_TEST(a_key_serves_its_own_algorithm_only),
        KEY_TEST(a_short_secret_verifies_nothing),
        KEY_TEST(a_kid_selects_the_key),
        KEY_TEST(a_key_without_kid_serves_no_token_with_one),
        KEY_TEST(another_algorithms_key_is_never_a_secret),
        KEY_TEST(an_unknown_kid_is_declined_whoever_signed),
        KEY_TEST(without_a_kid_every_key_is_tried),
        KEY_TEST(header_members_that_bring_or_change_keys_are_refused),
        KEY_TEST(typ_is_that_of_an_access_token),
        KEY_TEST(header_and_claims_are_strict_json_objects),
        KEY_TEST(claims_are_not_read_before_the_signature_is_right),
        KEY_TEST(exp_is_required_and_an_integer),
        KEY_TEST(a_token_expires_on_the_second),
        KEY_TEST(a_token_is_not_valid_before_nbf),
        KEY_TEST(a_token_is_not_issued_in_the_future),
        KEY_TEST(a_key_speaks_for_its_issuer_only),
        KEY_TEST(a_key_without_issuer_speaks_for_our_own_users_only),
        KEY_TEST(aud_names_the_audience_of_the_key),
        KEY_TEST(one_key_may_serve_two_audiences),
        KEY_TEST(only_the_login_keys_tokens_have_a_session),
        KEY_TEST(sub_is_a_string_that_is_not_empty),
        KEY_TEST(a_token_longer_than_8_kib_is_not_read),
        KEY_TEST(reasons_fit_an_error_description),
        KEY_TEST(want_of_memory_is_an_error),
    };

    return RUN(tests);
}
