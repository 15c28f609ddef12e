#include "suite.h"
#include "base64url.h"

static ngx_str_t
decoded(const char *text)
{
    ngx_str_t bytes;

    assert_int_equal(dash_base64url_decode(pool, &TEXT(text), &bytes), NGX_OK);
    return bytes;
}

static void
text_of_every_length_is_decoded(void **state)
{
    (void) state;
    assert_text(decoded(""), "");
    assert_text(decoded("Zg"), "f");
    assert_text(decoded("Zm8"), "fo");
    assert_text(decoded("Zm9v"), "foo");
    assert_text(decoded("Zm9vYg"), "foob");
    assert_text(decoded("Zm9vYmE"), "fooba");
    assert_text(decoded("Zm9vYmFy"), "foobar");
}

static void
the_alphabet_is_the_urls(void **state)
{
    ngx_str_t bytes = decoded("-_-_AA09ag");

    (void) state;
    assert_int_equal(bytes.len, 7);
    assert_memory_equal(bytes.data, "\xfb\xff\xbf\x00\x0d\x3d\x6a", 7);
}

static void
a_second_spelling_of_the_same_bytes_is_declined(void **state)
{
    static const char *const bad[] = {"Zg==", "Zm8=",  "Zm9v=", "Zh",    "Zm9",
                                      "Z/8v", "Z+8v",  "Zm9v ", " Zm9v", "Zm\n9v",
                                      "Z",    "Zm9vY", "Zm9v.", "=",     "Zm9ü"};
    size_t i;
    ngx_str_t bytes;

    (void) state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(dash_base64url_decode(pool, &TEXT(bad[i]), &bytes), NGX_DECLINED);
    }
    assert_int_equal(dash_base64url_decode(pool, &BINARY("Zm9\0"), &bytes), NGX_DECLINED);
}

static void
want_of_memory_is_an_error(void **state)
{
    ngx_str_t bytes;

    (void) state;
    dash_standalone_fail_at(0);
    assert_int_equal(dash_base64url_decode(pool, &TEXT("Zm9v"), &bytes), NGX_ERROR);
    dash_standalone_fail_at(0);
    assert_int_equal(dash_base64url_encode(pool, &TEXT("foo"), &bytes), NGX_ERROR);
}

static ngx_str_t
encoded(ngx_str_t bytes)
{
    ngx_str_t text;

    assert_int_equal(dash_base64url_encode(pool, &bytes, &text), NGX_OK);
    return text;
}

static void
bytes_of_every_length_are_encoded(void **state)
{
    (void) state;
    assert_text(encoded(TEXT("")), "");
    assert_text(encoded(TEXT("f")), "Zg");
    assert_text(encoded(TEXT("fo")), "Zm8");
    assert_text(encoded(TEXT("foo")), "Zm9v");
    assert_text(encoded(TEXT("foob")), "Zm9vYg");
    assert_text(encoded(TEXT("fooba")), "Zm9vYmE");
    assert_text(encoded(TEXT("foobar")), "Zm9vYmFy");
    assert_text(encoded(BINARY("\xfb\xff\xbf\x00\x0d\x3d\x6a")), "-_-_AA09ag");
}

static void
every_byte_comes_back(void **state)
{
    int i;
    u_char all[256];
    ngx_str_t text, back;
    ngx_str_t bytes = {sizeof(all), all};

    (void) state;
    for (i = 0; i < 256; i++) {
        all[i] = (u_char) i;
    }
    text = encoded(bytes);
    assert_int_equal(dash_base64url_decode(pool, &text, &back), NGX_OK);
    assert_int_equal(back.len, sizeof(all));
    assert_memory_equal(back.data, all, sizeof(all));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_of_every_length_is_decoded),
        TEST(the_alphabet_is_the_urls),
        TEST(a_second_spelling_of_the_same_bytes_is_declined),
        TEST(bytes_of_every_length_are_encoded),
        TEST(every_byte_comes_back),
        TEST(want_of_memory_is_an_error),
    };

    return RUN(tests);
}
