-- Verify dashboard:functions/members on pg

begin;

select 'dashboard.dashboard_defaults()'::regprocedure;
select 'dashboard.dashboard_members(dashboard.dashboard)'::regprocedure;
select 'dashboard.dashboard_issues(dashboard.caller, text, jsonb)'::regprocedure;
select 'dashboard.permission_for(jsonb, jsonb)'::regprocedure;
select 'dashboard.make_default(dashboard.caller, jsonb, dashboard.dashboard)'::regprocedure;
select 'dashboard.lock_default(uuid)'::regprocedure;
select 'dashboard.widget_defaults()'::regprocedure;
select 'dashboard.widget_members(dashboard.widget)'::regprocedure;
select 'dashboard.widgets_issues(uuid, jsonb)'::regprocedure;
select 'dashboard.widgets_by_id(uuid, uuid)'::regprocedure;
select 'dashboard.read_widgets(uuid, uuid, jsonb)'::regprocedure;
select 'dashboard.write_widgets(uuid, uuid, jsonb)'::regprocedure;

rollback;
