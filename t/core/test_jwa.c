#include "suite.h"
#include "base64url.h"
#include "jwa.h"
#include "jwk.h"
#include "token.h"

#include <stdio.h>
#include <openssl/err.h>

/* The keys of each algorithm: one that signs, one of the same sort that does not. */
static const struct {
    dash_jwt_alg_e alg;
    const char *name;
    token_key_e key;
    token_key_e other;
    size_t signature; /* bytes */
} algorithms[] = {
    {DASH_JWT_RS256, "RS256", TOKEN_RSA, TOKEN_RSA_OTHER, 256},
    {DASH_JWT_ES256, "ES256", TOKEN_P256, TOKEN_P256_OTHER, 64},
    {DASH_JWT_EDDSA, "EdDSA", TOKEN_ED25519, TOKEN_ED25519_OTHER, 64},
};

#define NALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

static dash_jwt_key_t
key_of(dash_jwt_alg_e alg, EVP_PKEY *pkey)
{
    dash_jwt_key_t key;

    ngx_memzero(&key, sizeof(key));
    key.alg = alg;
    key.pkey = pkey;
    return key;
}

/* The text that was signed, and the signature's bytes, of a token. */
static void
take_apart(ngx_str_t token, ngx_str_t *text, ngx_str_t *signature)
{
    ngx_str_t encoded;
    char *dot = strrchr((char *) token.data, '.');

    *text = (ngx_str_t){(size_t) (dot - (char *) token.data), token.data};
    encoded = TEXT(dot + 1);
    assert_int_equal(dash_base64url_decode(pool, &encoded, signature), NGX_OK);
}

static void
sign(size_t i, ngx_str_t *text, ngx_str_t *signature)
{
    take_apart(token_sign_by(pool, TEXT("{}"), TEXT("{}"), algorithms[i].alg,
                             token_key(algorithms[i].key)),
               text, signature);
}

static ngx_int_t
verify(dash_jwt_key_t key, ngx_str_t text, ngx_str_t signature)
{
    return dash_jwa_verify(&key, &text, &signature);
}

static void
names_are_those_of_the_registry(void **state)
{
    size_t i;

    (void) state;
    assert_int_equal(dash_jwa_find(&TEXT("HS256")), DASH_JWT_HS256);
    for (i = 0; i < NALGORITHMS; i++) {
        assert_int_equal(dash_jwa_find(&TEXT(algorithms[i].name)), algorithms[i].alg);
    }
    assert_int_equal(dash_jwa_find(&TEXT("none")), 0);
    assert_int_equal(dash_jwa_find(&TEXT("")), 0);
}

static void
a_signature_is_good_with_its_key_and_text_only(void **state)
{
    size_t i;
    ngx_str_t text, signature;

    (void) state;
    for (i = 0; i < NALGORITHMS; i++) {
        dash_jwt_key_t key = key_of(algorithms[i].alg, token_key(algorithms[i].key));
        dash_jwt_key_t other = key_of(algorithms[i].alg, token_key(algorithms[i].other));

        sign(i, &text, &signature);
        assert_int_equal(signature.len, algorithms[i].signature);
        assert_int_equal(verify(key, text, signature), NGX_OK);
        assert_int_equal(verify(other, text, signature), NGX_DECLINED);
        text.data[0] ^= 1;
        assert_int_equal(verify(key, text, signature), NGX_DECLINED);
    }
}

static void
a_changed_bit_anywhere_breaks_a_signature(void **state)
{
    size_t i, k;
    ngx_str_t text, signature;

    (void) state;
    for (i = 0; i < NALGORITHMS; i++) {
        dash_jwt_key_t key = key_of(algorithms[i].alg, token_key(algorithms[i].key));

        sign(i, &text, &signature);
        for (k = 0; k < signature.len; k++) {
            signature.data[k] ^= (u_char) (1 << k % 8);
            assert_int_equal(verify(key, text, signature), NGX_DECLINED);
            signature.data[k] ^= (u_char) (1 << k % 8);
        }
        assert_int_equal(verify(key, text, signature), NGX_OK);
    }
}

static void
a_signature_has_exactly_its_length(void **state)
{
    size_t i, len;
    ngx_str_t text, signature, changed;

    (void) state;
    for (i = 0; i < NALGORITHMS; i++) {
        dash_jwt_key_t key = key_of(algorithms[i].alg, token_key(algorithms[i].key));

        sign(i, &text, &signature);
        changed.data = ngx_pcalloc(pool, signature.len + 8);
        ngx_memcpy(changed.data, signature.data, signature.len);

        for (len = 0; len <= signature.len + 8; len++) {
            changed.len = len;
            assert_int_equal(verify(key, text, changed),
                             len == signature.len ? NGX_OK : NGX_DECLINED);
        }
    }
}

/* As ASN.1, padded with zeros, or of all zeros, an ES256 signature is another one. */
static void
es256_takes_no_other_form_of_a_signature(void **state)
{
    static u_char zeros[64];
    u_char longer[66];
    ngx_str_t text, signature;
    dash_jwt_key_t key = key_of(DASH_JWT_ES256, token_key(TOKEN_P256));

    (void) state;
    sign(1, &text, &signature);
    longer[0] = 0;
    ngx_memcpy(longer + 1, signature.data, 32);
    longer[33] = 0;
    ngx_memcpy(longer + 34, signature.data + 32, 32);

    assert_int_equal(verify(key, text, (ngx_str_t){sizeof(longer), longer}), NGX_DECLINED);
    assert_int_equal(verify(key, text, (ngx_str_t){sizeof(zeros), zeros}), NGX_DECLINED);

    /* what OpenSSL itself writes and reads */
    take_apart(token_sign_by(pool, TEXT("{}"), TEXT("{}"), DASH_JWT_RS256, token_key(TOKEN_P256)),
               &text, &signature);
    assert_int_equal(signature.data[0], 0x30);
    assert_int_equal(verify(key, text, signature), NGX_DECLINED);
}

/* RFC 7515 appendix A. */
#define EXAMPLE                                                                                    \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"

static void
the_examples_of_the_standards_have_right_signatures(void **state)
{
    static const struct {
        const char *set;
        const char *token;
    } examples[] = {
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-"
         "1qS0gZH75aKtMN"
         "3Yj0iPS4hcgUuTwjAzZr1Z9CAow\"}]}",
         "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." EXAMPLE
         ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
        {"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_"
         "wWJcyQoTbji9k0l8W26mPd"
         "dxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47"
         "soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmt"
         "dVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91k"
         "zk2PAcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}]}",
         "eyJhbGciOiJSUzI1NiJ9." EXAMPLE
         ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W"
         "2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSj"
         "tQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh"
         "6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
         "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
         "\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",
         "eyJhbGciOiJFUzI1NiJ9." EXAMPLE
         ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
        /* RFC 8037 appendix A.4 */
        {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
         "7TyWQHOg7hcvPapiMlrwIaaPcHUR"
         "o\"}]}",
         "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
         ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
    };
    size_t i;
    ngx_str_t text, signature;
    ngx_uint_t n;
    dash_jwk_t *keys;
    dash_jwk_error_t error;

    (void) state;
    for (i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        assert_int_equal(dash_jwk_set(pool, &TEXT(examples[i].set), &keys, &n, &error), NGX_OK);
        take_apart(TEXT(examples[i].token), &text, &signature);
        assert_int_equal(dash_jwa_verify(&keys[0].key, &text, &signature), NGX_OK);
        signature.data[7] ^= 1;
        assert_int_equal(dash_jwa_verify(&keys[0].key, &text, &signature), NGX_DECLINED);
        dash_jwk_free(&keys[0].key);
    }
}

/* Whatever was set up wrongly: the wrong sort of key verifies nothing and harms nobody. */
static void
a_key_of_another_algorithm_verifies_nothing(void **state)
{
    size_t i;
    unsigned k;
    ngx_str_t text, signature;

    (void) state;
    for (i = 0; i < NALGORITHMS; i++) {
        sign(i, &text, &signature);

        for (k = 0; k < TOKEN_KEYS; k++) {
            dash_jwt_key_t key = key_of(algorithms[i].alg, token_key(k));

            assert_int_equal(verify(key, text, signature),
                             k == algorithms[i].key ? NGX_OK : NGX_DECLINED);
            assert_true((dash_jwa_unfit(&key) == NULL) ==
                        (k == algorithms[i].key || k == algorithms[i].other));
        }
        assert_int_equal(verify(key_of(algorithms[i].alg, NULL), text, signature), NGX_DECLINED);
        assert_non_null(dash_jwa_unfit(&(dash_jwt_key_t){.alg = algorithms[i].alg}));
    }
    assert_int_equal(verify(key_of(0, token_key(TOKEN_RSA)), text, signature), NGX_DECLINED);
    assert_non_null(dash_jwa_unfit(&(dash_jwt_key_t){.alg = 0}));
    assert_true(ERR_peek_error() == 0);
}

static void
a_secret_has_32_bytes(void **state)
{
    dash_jwt_key_t key = {.alg = DASH_JWT_HS256};

    (void) state;
    key.secret = TEXT("0123456789abcdef0123456789abcde");
    assert_string_equal(dash_jwa_unfit(&key), "needs a secret of at least 32 bytes");
    key.secret = TEXT("0123456789abcdef0123456789abcdef");
    assert_null(dash_jwa_unfit(&key));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_are_those_of_the_registry),
        TEST(a_signature_is_good_with_its_key_and_text_only),
        TEST(a_changed_bit_anywhere_breaks_a_signature),
        TEST(a_signature_has_exactly_its_length),
        TEST(es256_takes_no_other_form_of_a_signature),
        TEST(the_examples_of_the_standards_have_right_signatures),
        TEST(a_key_of_another_algorithm_verifies_nothing),
        TEST(a_secret_has_32_bytes),
    };

    return RUN(tests);
}
