-- Verify dashboard:functions/dashboards_read on pg

begin;

select 'dashboard.widget_json(dashboard.widget)'::regprocedure;
select 'dashboard.dashboard_json(dashboard.dashboard)'::regprocedure;
select 'dashboard.widgets_json(uuid, uuid)'::regprocedure;
select 'dashboard.document(dashboard.dashboard)'::regprocedure;
select 'dashboard.with_permissions(json, integer)'::regprocedure;
select 'dashboard.access_tag(dashboard.caller)'::regprocedure;
select 'dashboard.dashboard_tags(dashboard.caller, uuid)'::regprocedure;
select 'dashboard.show_dashboard(dashboard.caller, dashboard.dashboard, text, json, '
       'integer)'::regprocedure;
select 'api.get_dashboard(jsonb, jsonb)'::regprocedure;

rollback;
