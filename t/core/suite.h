/*
 * What every test of src/core begins with: cmocka, a pool per test in `pool`, texts as ngx_str_t.
 */

#ifndef DASH_T_SUITE_H
#define DASH_T_SUITE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "standalone.h"

/* A C string, or a literal that holds NUL, as ngx_str_t. */
#define TEXT(s)   ((ngx_str_t){strlen(s), (u_char *) (s)})
#define BINARY(s) ((ngx_str_t){sizeof(s) - 1, (u_char *) (s)})

#define assert_text(text, expected)                             \
    do {                                                        \
        assert_int_equal((text).len, strlen(expected));         \
        assert_memory_equal((text).data, expected, (text).len); \
    } while (0)

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pool, close_pool)

#define RUN(tests) \
    (cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests(tests, NULL, NULL))

static ngx_pool_t *pool;

static int
open_pool(void **state)
{
    (void) state;
    pool = dash_standalone_pool();
    return 0;
}

static int
close_pool(void **state)
{
    (void) state;
    dash_standalone_fail_at(DASH_STANDALONE_NEVER);
    ngx_destroy_pool(pool);
    return 0;
}

#endif /* DASH_T_SUITE_H */
