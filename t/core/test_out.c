#include "suite.h"
#include "out.h"

static ngx_str_t
joined(dash_out_t *out)
{
    ngx_str_t text;

    assert_int_equal(dash_out_join(out, &text), NGX_OK);
    assert_int_equal(text.len, out->size);
    return text;
}

static ngx_str_t
as_json(ngx_str_t text)
{
    dash_out_t out;

    dash_out_init(&out, pool);
    dash_out_json(&out, text.data, text.len);
    return joined(&out);
}

static void
nothing_written_is_an_empty_text(void **state)
{
    ngx_str_t text;
    dash_out_t out;

    (void) state;
    dash_out_init(&out, pool);
    dash_out_bytes(&out, NULL, 0);
    assert_null(out.first);
    assert_int_equal(out.size, 0);

    text = joined(&out);
    assert_int_equal(text.len, 0);
    assert_non_null(text.data);
}

static void
pieces_come_out_in_the_order_they_went_in(void **state)
{
    ngx_str_t str = TEXT(" and an ngx_str_t ");
    dash_out_t out;

    (void) state;
    dash_out_init(&out, pool);
    dash_out_bytes(&out, "bytes", 5);
    dash_out_str(&out, &str);
    dash_out_text(&out, "and ");
    dash_out_integer(&out, 42);
    assert_text(joined(&out), "bytes and an ngx_str_t and 42");
}

static void
integers_are_written_to_both_ends_of_int64(void **state)
{
    dash_out_t out;

    (void) state;
    dash_out_init(&out, pool);
    dash_out_integer(&out, INT64_MIN);
    dash_out_text(&out, " ");
    dash_out_integer(&out, INT64_MAX);
    dash_out_text(&out, " ");
    dash_out_integer(&out, 0);
    dash_out_text(&out, " ");
    dash_out_integer(&out, -7);
    dash_out_text(&out, " ");
    dash_out_integer(&out, 100);
    assert_text(joined(&out), "-9223372036854775808 9223372036854775807 0 -7 100");
}

static void
a_long_text_survives_the_seams_between_chunks(void **state)
{
    size_t i;
    size_t chunks = 0;
    dash_out_t out;
    ngx_str_t text;
    dash_chunk_t *chunk;

    (void) state;
    dash_out_init(&out, pool);

    for (i = 0; i < 100000; i++) {
        u_char c = (u_char) ('a' + i % 26);

        dash_out_bytes(&out, &c, 1);
    }

    for (chunk = out.first; chunk; chunk = chunk->next) {
        assert_true(chunk->pos < chunk->last && chunk->last <= chunk->end);
        chunks++;
    }

    assert_true(chunks > 1 && chunks < 20);

    text = joined(&out);
    assert_int_equal(text.len, 100000);
    for (i = 0; i < text.len; i++) {
        assert_int_equal(text.data[i], 'a' + i % 26);
    }
}

static void
what_was_written_is_never_moved(void **state)
{
    u_char big[5000];
    u_char *first;
    dash_out_t out;

    (void) state;
    memset(big, 'x', sizeof(big));
    dash_out_init(&out, pool);
    dash_out_text(&out, "first");
    first = out.first->pos;
    dash_out_bytes(&out, big, sizeof(big));
    assert_ptr_equal(out.first->pos, first);
    assert_memory_equal(first, "first", 5);
}

static void
a_json_string_escapes_what_rfc_8259_demands_and_nothing_else(void **state)
{
    (void) state;
    assert_text(as_json(TEXT("")), "\"\"");
    assert_text(as_json(TEXT("plain")), "\"plain\"");
    assert_text(as_json(TEXT("a\"b\\c/d")), "\"a\\\"b\\\\c/d\"");
    assert_text(as_json(TEXT("\b\f\n\r\t")), "\"\\b\\f\\n\\r\\t\"");
    assert_text(as_json(BINARY("\0\x01\x1f\x7f")), "\"\\u0000\\u0001\\u001f\x7f\"");
    assert_text(as_json(TEXT("Zürich 東京 😀")), "\"Zürich 東京 😀\"");
}

static void
want_of_memory_is_remembered_and_said_by_join(void **state)
{
    ngx_str_t text;
    dash_out_t out;

    (void) state;
    dash_out_init(&out, pool);
    dash_out_text(&out, "kept");
    dash_standalone_fail_at(0);
    dash_out_bytes(&out, (u_char[3000]){0}, 3000);
    assert_int_equal(out.failed, 1);

    dash_standalone_fail_at(DASH_STANDALONE_NEVER);
    dash_out_text(&out, "dropped");
    assert_int_equal(dash_out_join(&out, &text), NGX_ERROR);
}

static void
join_without_memory_fails(void **state)
{
    ngx_str_t text;
    dash_out_t out;

    (void) state;
    dash_out_init(&out, pool);
    dash_out_text(&out, "x");
    dash_standalone_fail_at(0);
    assert_int_equal(dash_out_join(&out, &text), NGX_ERROR);
    assert_int_equal(out.failed, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_written_is_an_empty_text),
        TEST(pieces_come_out_in_the_order_they_went_in),
        TEST(integers_are_written_to_both_ends_of_int64),
        TEST(a_long_text_survives_the_seams_between_chunks),
        TEST(what_was_written_is_never_moved),
        TEST(a_json_string_escapes_what_rfc_8259_demands_and_nothing_else),
        TEST(want_of_memory_is_remembered_and_said_by_join),
        TEST(join_without_memory_fails),
    };

    return RUN(tests);
}
