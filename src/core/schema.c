#include "schema.h"
#include "issue.h"
#include "number.h"

/* How to say that a limit was passed; the unit in the singular. */
typedef struct {
    const char *least;
    const char *most;
    const char *unit;
} limit_texts_t;

static const limit_texts_t value_texts = {"must be at least", "must be at most", ""};
static const limit_texts_t string_texts = {"must be at least", "must be at most", " character"};
static const limit_texts_t array_texts = {"must have at least", "must have at most", " item"};
static const limit_texts_t object_texts = {"must have at least", "must have at most", " member"};

static ngx_int_t check(const dash_schema_t *schema, const dash_json_t *value,
                       const dash_place_t *place, dash_issues_t *issues);
static ngx_int_t check_type(const dash_schema_t *schema, const dash_json_t *value,
                            const dash_place_t *place, dash_issues_t *issues);
static ngx_int_t check_number(const dash_schema_t *schema, const dash_json_t *value,
                              const dash_place_t *place, dash_issues_t *issues);
static ngx_int_t check_string(const dash_schema_t *schema, const dash_json_t *value,
                              const dash_place_t *place, dash_issues_t *issues);
static ngx_int_t check_array(const dash_schema_t *schema, const dash_json_t *value,
                             const dash_place_t *place, dash_issues_t *issues);
static ngx_int_t check_object(const dash_schema_t *schema, const dash_json_t *value,
                              const dash_place_t *place, dash_issues_t *issues);
static ngx_int_t check_count(const dash_schema_t *schema, ngx_uint_t count,
                             const limit_texts_t *texts, const dash_place_t *place,
                             dash_issues_t *issues);
static ngx_uint_t accepts(ngx_uint_t types, dash_json_type_e type);
static const dash_schema_t *alternative(const dash_schema_t *schema, dash_json_type_e type);
static const dash_property_t *property(const dash_schema_t *schema, const ngx_str_t *name);

ngx_int_t
dash_schema_check(const dash_schema_t *schema, const dash_json_t *value, const ngx_str_t *prefix,
                  dash_issues_t *issues)
{
    dash_place_t root = {NULL, prefix, 0};

    if (check(schema, value, &root, issues) != NGX_OK) {
        return NGX_ERROR;
    }

    return issues->count > 0 ? NGX_DECLINED : NGX_OK;
}

ngx_uint_t
dash_schema_types(const dash_schema_t *schema)
{
    ngx_uint_t types, all = 0;
    const dash_schema_t *const *any;

    if (schema->any_of == NULL) {
        return schema->types;
    }

    for (any = schema->any_of; *any; any++) {
        types = dash_schema_types(*any);
        if (types == 0) {
            return schema->types;
        }

        all |= types;
    }

    return schema->types ? all & schema->types : all;
}

/* This and all below return NGX_OK, whatever they reported, or NGX_ERROR without memory. */
static ngx_int_t
check(const dash_schema_t *schema, const dash_json_t *value, const dash_place_t *place,
      dash_issues_t *issues)
{
    const dash_schema_t *chosen;

    if (issues->count == DASH_MAX_ISSUES) {
        return NGX_OK;
    }

    if (!accepts(schema->types, value->type)) {
        return check_type(schema, value, place, issues);
    }

    if (schema->any_of) {
        chosen = alternative(schema, value->type);
        if (chosen == NULL) {
            return check_type(schema, value, place, issues);
        }

        return check(chosen, value, place, issues);
    }

    switch (value->type) {
    case DASH_JSON_INTEGER:
    case DASH_JSON_NUMBER:
        return check_number(schema, value, place, issues);

    case DASH_JSON_STRING:
        return check_string(schema, value, place, issues);

    case DASH_JSON_ARRAY:
        return check_array(schema, value, place, issues);

    case DASH_JSON_OBJECT:
        return check_object(schema, value, place, issues);

    case DASH_JSON_NULL:
    case DASH_JSON_BOOLEAN:
        break;
    }

    return NGX_OK;
}

/* Reports a value of a type that schema does not take. */
static ngx_int_t
check_type(const dash_schema_t *schema, const dash_json_t *value, const dash_place_t *place,
           dash_issues_t *issues)
{
    ngx_uint_t types = dash_schema_types(schema);

    /* "must be an integer" would puzzle whoever sent 9223372036854775808 */
    if ((types & DASH_JSON_INTEGER) && value->type == DASH_JSON_NUMBER &&
        dash_number_whole(&value->text))
    {
        return dash_report(issues, place, "must be within the range of a 64-bit integer");
    }

    return dash_report_type(issues, place, types);
}

static ngx_int_t
check_number(const dash_schema_t *schema, const dash_json_t *value, const dash_place_t *place,
             dash_issues_t *issues)
{
    const limit_texts_t *texts = &value_texts;

    if (schema->has_minimum && dash_number_compare(&value->text, schema->minimum) < 0) {
        return dash_report_limit(issues, place, texts->least, schema->minimum, texts->unit);
    }

    if (schema->has_maximum && dash_number_compare(&value->text, schema->maximum) > 0) {
        return dash_report_limit(issues, place, texts->most, schema->maximum, texts->unit);
    }

    return NGX_OK;
}

static ngx_int_t
check_string(const dash_schema_t *schema, const dash_json_t *value, const dash_place_t *place,
             dash_issues_t *issues)
{
    size_t characters;
    const char *issue;
    const char *const *allowed;

    if (schema->values) {
        for (allowed = schema->values; *allowed; allowed++) {
            if (dash_str_is(&value->text, *allowed)) {
                return NGX_OK;
            }
        }

        return dash_report_values(issues, place, schema->values);
    }

    issue = dash_format_check(schema->format, &value->text);
    if (issue) {
        return dash_report(issues, place, issue);
    }

    characters = dash_utf8_length(value->text.data, value->text.len);

    return check_count(schema, characters, &string_texts, place, issues);
}

static ngx_int_t
check_array(const dash_schema_t *schema, const dash_json_t *value, const dash_place_t *place,
            dash_issues_t *issues)
{
    dash_place_t inner = {place, NULL, 0};
    const dash_json_t *item;

    if (check_count(schema, value->count, &array_texts, place, issues) != NGX_OK) {
        return NGX_ERROR;
    }

    if (schema->items == NULL) {
        return NGX_OK;
    }

    for (item = value->first; item && issues->count < DASH_MAX_ISSUES; item = item->next) {
        if (check(schema->items, item, &inner, issues) != NGX_OK) {
            return NGX_ERROR;
        }

        inner.index++;
    }

    return NGX_OK;
}

static ngx_int_t
check_object(const dash_schema_t *schema, const dash_json_t *value, const dash_place_t *place,
             dash_issues_t *issues)
{
    ngx_int_t rc;
    ngx_str_t name;
    dash_place_t inner = {place, NULL, 0};
    const dash_json_t *member;
    const dash_property_t *known;

    if (check_count(schema, value->count, &object_texts, place, issues) != NGX_OK) {
        return NGX_ERROR;
    }

    for (member = value->first; member && issues->count < DASH_MAX_ISSUES; member = member->next) {
        inner.key = &member->key;
        known = property(schema, &member->key);

        if (known) {
            rc = check(known->schema, member, &inner, issues);
        } else if (schema->additional) {
            rc = check(schema->additional, member, &inner, issues);
        } else {
            rc = schema->closed ? dash_report(issues, &inner, "is not a known member") : NGX_OK;
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    for (known = schema->properties; known && known->name; known++) {
        if (!known->required || dash_json_member(value, known->name)) {
            continue;
        }

        name.len = ngx_strlen(known->name);
        name.data = (u_char *) known->name;
        inner.key = &name;

        if (dash_report(issues, &inner, "is required") != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}

static ngx_int_t
check_count(const dash_schema_t *schema, ngx_uint_t count, const limit_texts_t *texts,
            const dash_place_t *place, dash_issues_t *issues)
{
    if (count < schema->min_count) {
        if (schema->min_count == 1) {
            return dash_report(issues, place, "must not be empty");
        }

        return dash_report_limit(issues, place, texts->least, (int64_t) schema->min_count,
                                 texts->unit);
    }

    if (schema->max_count > 0 && count > schema->max_count) {
        return dash_report_limit(issues, place, texts->most, (int64_t) schema->max_count,
                                 texts->unit);
    }

    return NGX_OK;
}

static ngx_uint_t
accepts(ngx_uint_t types, dash_json_type_e type)
{
    if (type == DASH_JSON_INTEGER && (types & DASH_JSON_NUMBER)) {
        return 1;
    }

    return types == 0 || (types & type);
}

static const dash_schema_t *
alternative(const dash_schema_t *schema, dash_json_type_e type)
{
    const dash_schema_t *const *any;

    for (any = schema->any_of; *any; any++) {
        if (accepts(dash_schema_types(*any), type)) {
            return *any;
        }
    }

    return NULL;
}

static const dash_property_t *
property(const dash_schema_t *schema, const ngx_str_t *name)
{
    const dash_property_t *known;

    for (known = schema->properties; known && known->name; known++) {
        if (dash_str_is(name, known->name)) {
            return known;
        }
    }

    return NULL;
}
