-- The dashboard "Airport": the same questions for one airport, which the variable names. Its value goes
-- to the parameter "airport" of every query, sent as a filter: "filters": {"airport": "SFO"}.

select pg_temp.make_dashboard('2', '0d000000-0000-4000-8000-000000000002', $dashboard$
{
    "name": "Airport",
    "description": "One airport: its flights, its delays, where one gets from there.",
    "workspace_id": "0b000000-0000-4000-8000-000000000001",
    "visibility": "org",
    "tags": ["flights", "airport"],
    "layout": {"columns": 12, "row_height": 80, "gap": 12},
    "variables": [{"name": "airport", "label": "Airport", "type": "text", "default": "ORD"}],
    "metadata": {"timerange": "7d", "timezone": "UTC"},
    "widgets": [
        {
            "id": "0f000000-0000-4000-8000-000000000201",
            "type": "map", "title": "Destinations", "x": 0, "y": 0, "width": 7, "height": 6,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000025", "params": {"top": 500}},
            "config": {"latitude": "latitude", "longitude": "longitude", "label": "name",
                       "size": {"field": "flights", "format": "integer", "unit": "flights"},
                       "color": {"field": "average_delay", "format": "decimal", "digits": 1, "unit": "min"},
                       "region": "US"},
            "drill_through": {"dashboard_id": "0d000000-0000-4000-8000-000000000002",
                              "variables": {"airport": "airport"}}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000202",
            "type": "table", "title": "Airport", "x": 7, "y": 0, "width": 5, "height": 2,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000027"},
            "config": {"columns": [
                {"field": "airport", "title": "Code"},
                {"field": "name", "title": "Name"},
                {"field": "city", "title": "City"},
                {"field": "state", "title": "State"}]},
            "refresh_interval": 0
        },
        {
            "id": "0f000000-0000-4000-8000-000000000203",
            "type": "kpi", "title": "Departures", "x": 7, "y": 2, "width": 5, "height": 1,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000021", "params": {"measure": "flights"}},
            "config": {"field": "value", "compare": "previous", "compare_label": "period before",
                       "format": "integer", "better": "up"}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000204",
            "type": "kpi", "title": "Average delay", "x": 7, "y": 3, "width": 5, "height": 1,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000021",
                      "params": {"measure": "average_delay"}},
            "config": {"field": "value", "compare": "previous", "compare_label": "period before",
                       "format": "decimal", "digits": 1, "unit": "min", "better": "down"}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000205",
            "type": "kpi", "title": "On time", "x": 7, "y": 4, "width": 5, "height": 2,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000021",
                      "params": {"measure": "on_time_share"}},
            "config": {"field": "value", "compare": "previous", "compare_label": "period before",
                       "format": "percent", "digits": 1, "better": "up",
                       "thresholds": [{"below": 0.75, "color": "red"}, {"below": 0.85, "color": "amber"}]}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000206",
            "type": "line", "title": "Departures and arrivals", "x": 0, "y": 6, "width": 12, "height": 4,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000022"},
            "config": {"x": {"field": "time", "type": "time"},
                       "y": {"title": "Flights", "format": "integer", "zero": true},
                       "series": [{"field": "departures", "label": "Departures"},
                                  {"field": "arrivals", "label": "Arrivals, by time of departure"}]}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000207",
            "type": "bar", "title": "Average delay by hour", "x": 0, "y": 10, "width": 6, "height": 4,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000023"},
            "config": {"x": {"field": "hour", "type": "category", "title": "Hour of departure", "format": "hour"},
                       "y": {"title": "Minutes", "format": "decimal", "digits": 1, "unit": "min"},
                       "series": [{"field": "average_delay", "label": "Average delay"}]}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000208",
            "type": "heatmap", "title": "Delay by weekday and hour", "x": 6, "y": 10, "width": 6, "height": 4,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000024"},
            "config": {"x": {"field": "hour", "title": "Hour of departure", "format": "hour"},
                       "y": {"field": "weekday", "title": "Weekday", "format": "weekday"},
                       "value": {"field": "average_delay", "format": "decimal", "digits": 1, "unit": "min"},
                       "colors": ["green", "amber", "red"]}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000209",
            "type": "table", "title": "Most frequent destinations", "x": 0, "y": 14, "width": 6, "height": 5,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000025", "params": {"top": 15}},
            "config": {"columns": [
                {"field": "airport", "title": "To"},
                {"field": "city", "title": "City"},
                {"field": "flights", "title": "Flights", "format": "integer"},
                {"field": "on_time_share", "title": "On time", "format": "percent", "digits": 1},
                {"field": "average_delay", "title": "Delay", "format": "decimal", "digits": 1, "unit": "min"}]},
            "drill_through": {"dashboard_id": "0d000000-0000-4000-8000-000000000002",
                              "variables": {"airport": "airport"}}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000210",
            "type": "table", "title": "Latest departures", "x": 6, "y": 14, "width": 6, "height": 5,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000026", "params": {"top": 20}},
            "config": {"columns": [
                {"field": "time", "title": "Time", "format": "time"},
                {"field": "destination", "title": "To"},
                {"field": "destination_city", "title": "City"},
                {"field": "delay", "title": "Delay", "format": "integer", "unit": "min"}]},
            "refresh_interval": 60
        }
    ]
}
$dashboard$);
