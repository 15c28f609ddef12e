-- Verify dashboard:functions/dashboards_read on pg

begin;

select 'dashboard.widget_json(dashboard.widget)'::regprocedure,
       'dashboard.dashboard_json(dashboard.dashboard)'::regprocedure,
       'dashboard.widgets_json(uuid, uuid)'::regprocedure,
       'dashboard.document(dashboard.dashboard)'::regprocedure,
       'dashboard.dashboard_tags(dashboard.caller, uuid)'::regprocedure,
       'dashboard.show_dashboard(dashboard.caller, dashboard.dashboard, text, json, integer)'::regprocedure,
       'api.get_dashboard(jsonb, jsonb)'::regprocedure;

rollback;
