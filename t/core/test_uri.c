#include "suite.h"
#include "uri.h"

static dash_uri_node_t *tree;
static dash_uri_match_t found;

static void
add(const char *template)
{
    void **slot = dash_uri_slot(pool, tree, template);

    assert_non_null(slot);
    assert_null(*slot);
    *slot = (void *) template;
}

/* The template that path matched, or "none"; leaves the parameters in found. */
static const char *
match(const char *path)
{
    found.value = &found;
    found.count = 99;
    return dash_uri_match(tree, &TEXT(path), &found) == NGX_OK ? found.value : "none";
}

static int
open_tree(void **state)
{
    open_pool(state);
    tree = dash_uri_tree(pool);
    add("/widgets");
    add("/widgets/query");
    add("/widgets/{id}");
    add("/widgets/{id}/data");
    add("/dashboards/{id}/versions/{version}/restore");
    add("/users/{user_id}/dashboards/{id}/clone");
    add("/{a}/{b}/{c}/{d}");
    return 0;
}

static void
a_literal_path_finds_its_value(void **state)
{
    (void) state;
    assert_string_equal(match("/widgets"), "/widgets");
    assert_int_equal(found.count, 0);
}

static void
parameters_come_in_the_order_of_the_template(void **state)
{
    (void) state;
    assert_string_equal(match("/users/u1/dashboards/d2/clone"),
                        "/users/{user_id}/dashboards/{id}/clone");
    assert_int_equal(found.count, 2);
    assert_text(found.param[0], "u1");
    assert_text(found.param[1], "d2");
}

static void
a_literal_beats_a_parameter(void **state)
{
    (void) state;
    assert_string_equal(match("/widgets/query"), "/widgets/query");
    assert_int_equal(found.count, 0);
    assert_string_equal(match("/widgets/quer"), "/widgets/{id}");
    assert_text(found.param[0], "quer");
    assert_string_equal(match("/widgets/queryx"), "/widgets/{id}");
}

static void
a_literal_that_leads_nowhere_yields_to_the_parameter(void **state)
{
    (void) state;
    assert_string_equal(match("/widgets/query/data"), "/widgets/{id}/data");
    assert_int_equal(found.count, 1);
    assert_text(found.param[0], "query");
    assert_string_equal(match("/widgets/x/y/z"), "/{a}/{b}/{c}/{d}");
    assert_int_equal(found.count, 4);
    assert_text(found.param[0], "widgets");
    assert_text(found.param[3], "z");
}

static void
other_paths_match_nothing_and_leave_no_parameters(void **state)
{
    static const char *const none[] = {"",
                                       "/",
                                       "widgets",
                                       "/widget",
                                       "/widgets/",
                                       "/widgets//data",
                                       "//widgets",
                                       "/Widgets",
                                       "/widgets/a/data/",
                                       "/widgets/a/date",
                                       "/dashboards/a/versions/1/restore/x",
                                       "/dashboards/a",
                                       "/widgets/{id}/",
                                       "/a/b/c/d/e"};
    size_t i;

    (void) state;
    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_string_equal(match(none[i]), "none");
        assert_int_equal(found.count, 0);
        assert_null(found.value);
    }
}

static void
templates_that_differ_in_names_only_share_a_slot(void **state)
{
    (void) state;
    assert_ptr_equal(dash_uri_slot(pool, tree, "/widgets/{widget_id}"),
                     dash_uri_slot(pool, tree, "/widgets/{id}"));
    assert_string_equal(*dash_uri_slot(pool, tree, "/widgets/{other}"), "/widgets/{id}");
}

static void
a_parameter_has_both_braces_and_a_name(void **state)
{
    (void) state;
    add("/exports/{}");
    add("/exports/{id");
    add("/exports/id}");
    assert_string_equal(match("/exports/{}"), "/exports/{}");
    assert_string_equal(match("/exports/{id"), "/exports/{id");
    assert_string_equal(match("/exports/id}"), "/exports/id}");
    assert_string_equal(match("/exports/1"), "none");
}

static void
a_template_outlives_the_text_it_was_added_by(void **state)
{
    char text[] = "/exports/{id}";
    void **slot;

    (void) state;
    slot = dash_uri_slot(pool, tree, text);
    *slot = "exports";
    memset(text, 'x', sizeof(text) - 1);
    assert_string_equal(match("/exports/1"), "exports");
}

static void
what_is_no_template_has_no_slot(void **state)
{
    (void) state;
    assert_null(dash_uri_slot(pool, tree, "/{a}/{b}/{c}/{d}/{e}"));
    assert_null(dash_uri_slot(pool, tree, "widgets"));
    assert_null(dash_uri_slot(pool, tree, "w"));
    dash_standalone_fail_at(0);
    assert_null(dash_uri_slot(pool, tree, "/new"));
    dash_standalone_fail_at(0);
    assert_null(dash_uri_slot(pool, tree, "/widgets/query/{new}"));
    dash_standalone_fail_at(0);
    assert_null(dash_uri_tree(pool));
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, open_tree, close_pool)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(a_literal_path_finds_its_value),
        TREE_TEST(parameters_come_in_the_order_of_the_template),
        TREE_TEST(a_literal_beats_a_parameter),
        TREE_TEST(a_literal_that_leads_nowhere_yields_to_the_parameter),
        TREE_TEST(other_paths_match_nothing_and_leave_no_parameters),
        TREE_TEST(templates_that_differ_in_names_only_share_a_slot),
        TREE_TEST(a_parameter_has_both_braces_and_a_name),
        TREE_TEST(a_template_outlives_the_text_it_was_added_by),
        TREE_TEST(what_is_no_template_has_no_slot),
    };

    return RUN(tests);
}
