-- The dashboard "Flight operations": every widget type, on twelve columns. Made by the analyst through
-- the API's own functions, so that it has a version, an audit row and an event like any other.
--
-- In config, "field" and "fields" are columns of the widget's query; format is integer, decimal,
-- percent, time, hour or weekday.

create function pg_temp.operate(operation text, subject text, path jsonb, body jsonb, if_none_match jsonb)
returns void
language plpgsql
as $operate$
declare
    answer api.answer;
begin
    execute format('select a.* from api.%I($1, $2) as a', operation)
    into answer
    using jsonb_build_object(
              'operation', operation, 'correlation_id', 'demo', 'address', '127.0.0.1',
              'issuer', '', 'subject', '0c000000-0000-4000-8000-' || lpad(subject, 12, '0'),
              'path', path, 'query', jsonb_build_object(), 'limits', jsonb_build_object(),
              'if_match', null, 'if_none_match', if_none_match),
          body;
    if answer.error is not null then
        raise exception '% of the demo''s % answers % %: %',
            operation, path, answer.status, answer.error, answer.body;
    end if;
end
$operate$;

-- Creates and publishes a dashboard as the user whose id ends in these digits.
create function pg_temp.make_dashboard(subject text, id text, body jsonb) returns void
language sql
as $make_dashboard$
    select pg_temp.operate('put_dashboard', subject, jsonb_build_object('id', id), body,
                           '{"raw": "*", "any": true, "versions": []}');
    select pg_temp.operate('publish_dashboard', subject, jsonb_build_object('id', id), null, null);
$make_dashboard$;

select pg_temp.make_dashboard('2', '0d000000-0000-4000-8000-000000000001', $dashboard$
{
    "name": "Flight operations",
    "description": "Domestic flights in the United States: how many, how late, where.",
    "workspace_id": "0b000000-0000-4000-8000-000000000001",
    "visibility": "workspace",
    "is_default": true,
    "tags": ["flights", "operations"],
    "layout": {"columns": 12, "row_height": 80, "gap": 12},
    "filters": [{"name": "state", "label": "State", "type": "text[]"}],
    "metadata": {"timerange": "7d", "timezone": "UTC"},
    "widgets": [
        {
            "id": "0f000000-0000-4000-8000-000000000101",
            "type": "kpi", "title": "Flights today", "x": 0, "y": 0, "width": 3, "height": 2,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000001"},
            "config": {"field": "value", "compare": "previous", "compare_label": "same time last week",
                       "format": "integer", "better": "up"},
            "refresh_interval": 60
        },
        {
            "id": "0f000000-0000-4000-8000-000000000102",
            "type": "kpi", "title": "Flights", "x": 3, "y": 0, "width": 3, "height": 2,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000002", "params": {"measure": "flights"}},
            "config": {"field": "value", "compare": "previous", "compare_label": "period before",
                       "format": "integer", "better": "up"}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000103",
            "type": "kpi", "title": "Average delay", "x": 6, "y": 0, "width": 3, "height": 2,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000002",
                      "params": {"measure": "average_delay"}},
            "config": {"field": "value", "compare": "previous", "compare_label": "period before",
                       "format": "decimal", "digits": 1, "unit": "min", "better": "down"}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000104",
            "type": "kpi", "title": "On time", "x": 9, "y": 0, "width": 3, "height": 2,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000002",
                      "params": {"measure": "on_time_share"}},
            "config": {"field": "value", "compare": "previous", "compare_label": "period before",
                       "format": "percent", "digits": 1, "better": "up",
                       "thresholds": [{"below": 0.75, "color": "red"}, {"below": 0.85, "color": "amber"}]}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000105",
            "type": "line", "title": "Flights over time", "x": 0, "y": 2, "width": 6, "height": 4,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000003"},
            "config": {"x": {"field": "time", "type": "time"},
                       "y": {"title": "Flights", "format": "integer", "zero": true},
                       "series": [{"field": "flights", "label": "Flights"}]}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000106",
            "type": "area", "title": "On time and late", "x": 6, "y": 2, "width": 6, "height": 4,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000003"},
            "config": {"x": {"field": "time", "type": "time"},
                       "y": {"title": "Flights", "format": "integer", "zero": true},
                       "stack": true,
                       "series": [{"field": "on_time", "label": "On time", "color": "green"},
                                  {"field": "late", "label": "15 minutes late or more", "color": "red"}]}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000107",
            "type": "bar", "title": "Average delay by hour", "x": 0, "y": 6, "width": 6, "height": 4,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000004"},
            "config": {"x": {"field": "hour", "type": "category", "title": "Hour of departure", "format": "hour"},
                       "y": {"title": "Minutes", "format": "decimal", "digits": 1, "unit": "min"},
                       "series": [{"field": "average_delay", "label": "Average delay"}]}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000108",
            "type": "heatmap", "title": "Delay by weekday and hour", "x": 6, "y": 6, "width": 6, "height": 4,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000005"},
            "config": {"x": {"field": "hour", "title": "Hour of departure", "format": "hour"},
                       "y": {"field": "weekday", "title": "Weekday", "format": "weekday"},
                       "value": {"field": "average_delay", "format": "decimal", "digits": 1, "unit": "min"},
                       "colors": ["green", "amber", "red"]}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000109",
            "type": "map", "title": "Airports", "x": 0, "y": 10, "width": 7, "height": 6,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000006"},
            "config": {"latitude": "latitude", "longitude": "longitude", "label": "name",
                       "size": {"field": "flights", "format": "integer", "unit": "flights"},
                       "color": {"field": "average_delay", "format": "decimal", "digits": 1, "unit": "min"},
                       "region": "US"},
            "drill_through": {"dashboard_id": "0d000000-0000-4000-8000-000000000002",
                              "variables": {"airport": "airport"}},
            "cross_filter": {"filter": "state", "field": "state"}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000110",
            "type": "table", "title": "Busiest routes", "x": 7, "y": 10, "width": 5, "height": 6,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000007", "params": {"top": 20}},
            "config": {"columns": [
                {"field": "origin", "title": "From"},
                {"field": "destination", "title": "To"},
                {"field": "distance", "title": "Distance", "format": "integer", "unit": "mi"},
                {"field": "flights", "title": "Flights", "format": "integer"},
                {"field": "on_time_share", "title": "On time", "format": "percent", "digits": 1},
                {"field": "average_delay", "title": "Delay", "format": "decimal", "digits": 1, "unit": "min"}]},
            "drill_through": {"dashboard_id": "0d000000-0000-4000-8000-000000000002",
                              "variables": {"airport": "origin"}}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000111",
            "type": "bar", "title": "Worst airports", "x": 0, "y": 16, "width": 5, "height": 5,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000008"},
            "config": {"horizontal": true,
                       "x": {"field": "airport", "type": "category"},
                       "y": {"title": "Average delay", "format": "decimal", "digits": 1, "unit": "min"},
                       "series": [{"field": "average_delay", "label": "Average delay"}]},
            "drill_through": {"dashboard_id": "0d000000-0000-4000-8000-000000000002",
                              "variables": {"airport": "airport"}}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000112",
            "type": "chart", "title": "Distances", "x": 5, "y": 16, "width": 4, "height": 5,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000009", "params": {"width": 250}},
            "config": {"kind": "histogram",
                       "x": {"from": "from_miles", "to": "to_miles", "title": "Distance", "unit": "mi"},
                       "y": {"title": "Flights", "format": "integer", "zero": true},
                       "series": [{"field": "flights", "label": "Flights"}]}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000113",
            "type": "note", "title": "About the data", "x": 9, "y": 16, "width": 3, "height": 5,
            "config": {"format": "markdown",
                       "text": "Three million real flights of the first half of 2001, as reported to the U.S. Bureau of Transportation Statistics and published with vega-datasets. All dates are shifted by whole weeks so that the newest flight is now; weekdays and times of day are the real ones, by the clock of each airport (shown as UTC). Late is 15 minutes and more. Cancelled flights are not in the data."},
            "refresh_interval": 0
        }
    ]
}
$dashboard$);
