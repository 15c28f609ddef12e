/*
 * A schema with everything dash_schema_t can say, shaped like a dashboard. Shared by the tests, the
 * fuzz target and the benchmark; written by hand as api/generate.pl writes it from OpenAPI.
 */

#ifndef DASH_T_SAMPLE_H
#define DASH_T_SAMPLE_H

#include "schema.h"

static const dash_schema_t sample_any = {.types = 0};
static const dash_schema_t sample_id = {.types = DASH_JSON_STRING, .format = DASH_FORMAT_UUID};
static const dash_schema_t sample_nullable_id = {.types = DASH_JSON_STRING | DASH_JSON_NULL,
                                                 .format = DASH_FORMAT_UUID};
static const dash_schema_t sample_name = {.types = DASH_JSON_STRING,
                                          .min_count = 1,
                                          .max_count = 255};
static const dash_schema_t sample_boolean = {.types = DASH_JSON_BOOLEAN};
static const dash_schema_t sample_time = {.types = DASH_JSON_STRING,
                                          .format = DASH_FORMAT_DATE_TIME};
static const dash_schema_t sample_date = {.types = DASH_JSON_STRING, .format = DASH_FORMAT_DATE};
static const dash_schema_t sample_timezone = {.types = DASH_JSON_STRING,
                                              .format = DASH_FORMAT_TIMEZONE};

static const char *const sample_statuses[] = {"draft", "published", NULL};
static const dash_schema_t sample_status = {.types = DASH_JSON_STRING, .values = sample_statuses};

static const dash_schema_t sample_grid = {
    .types = DASH_JSON_INTEGER, .has_minimum = 1, .minimum = 0, .has_maximum = 1, .maximum = 1000};
static const dash_schema_t sample_ratio = {.types = DASH_JSON_NUMBER | DASH_JSON_NULL,
                                           .has_minimum = 1,
                                           .minimum = 0,
                                           .has_maximum = 1,
                                           .maximum = 1};

static const dash_schema_t sample_tag = {.types = DASH_JSON_STRING,
                                         .min_count = 2,
                                         .max_count = 10};
static const dash_schema_t sample_tags = {.types = DASH_JSON_ARRAY,
                                          .items = &sample_tag,
                                          .max_count = 5};

static const dash_schema_t sample_option = {.types = DASH_JSON_STRING | DASH_JSON_NUMBER |
                                                     DASH_JSON_BOOLEAN};
static const dash_schema_t sample_options = {.types = DASH_JSON_OBJECT,
                                             .additional = &sample_option,
                                             .max_count = 3};

static const char *const sample_ranges[] = {"1h", "24h", NULL};
static const dash_schema_t sample_preset = {.types = DASH_JSON_STRING, .values = sample_ranges};
static const dash_property_t sample_span_properties[] = {{"from", &sample_time, 1},
                                                         {"to", &sample_time, 1},
                                                         {NULL, NULL, 0}};
static const dash_schema_t sample_span = {.types = DASH_JSON_OBJECT,
                                          .properties = sample_span_properties,
                                          .closed = 1};
static const dash_schema_t *const sample_timerange_kinds[] = {&sample_preset, &sample_span, NULL};
static const dash_schema_t sample_timerange = {.any_of = sample_timerange_kinds};

static const dash_property_t sample_widget_properties[] = {
    {"id", &sample_id, 0},  {"type", &sample_name, 1},   {"x", &sample_grid, 1},
    {"y", &sample_grid, 1}, {"ratio", &sample_ratio, 0}, {"config", &sample_any, 0},
    {NULL, NULL, 0}};
static const dash_schema_t sample_widget = {.types = DASH_JSON_OBJECT,
                                            .properties = sample_widget_properties,
                                            .closed = 1};
static const dash_schema_t sample_widgets = {.types = DASH_JSON_ARRAY,
                                             .items = &sample_widget,
                                             .min_count = 2};

static const dash_property_t sample_properties[] = {{"name", &sample_name, 1},
                                                    {"workspace_id", &sample_nullable_id, 0},
                                                    {"status", &sample_status, 0},
                                                    {"is_default", &sample_boolean, 0},
                                                    {"tags", &sample_tags, 0},
                                                    {"options", &sample_options, 0},
                                                    {"timerange", &sample_timerange, 0},
                                                    {"timezone", &sample_timezone, 0},
                                                    {"since", &sample_date, 0},
                                                    {"widgets", &sample_widgets, 0},
                                                    {"metadata", &sample_any, 0},
                                                    {"a/b~c", &sample_boolean, 0},
                                                    {NULL, NULL, 0}};
static const dash_schema_t sample_dashboard = {.types = DASH_JSON_OBJECT,
                                               .properties = sample_properties,
                                               .closed = 1};

#endif /* DASH_T_SAMPLE_H */
