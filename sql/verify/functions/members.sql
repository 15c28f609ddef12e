-- Verify dashboard:functions/members on pg

begin;

select 'dashboard.dashboard_defaults()'::regprocedure,
       'dashboard.dashboard_members(dashboard.dashboard)'::regprocedure,
       'dashboard.dashboard_issues(dashboard.caller, text, jsonb)'::regprocedure,
       'dashboard.needs_manage(jsonb, jsonb)'::regprocedure,
       'dashboard.make_default(dashboard.caller, jsonb, dashboard.dashboard)'::regprocedure,
       'dashboard.lock_default(uuid)'::regprocedure,
       'dashboard.widget_defaults()'::regprocedure,
       'dashboard.widget_members(dashboard.widget)'::regprocedure,
       'dashboard.widgets_issues(uuid, jsonb)'::regprocedure,
       'dashboard.widgets_by_id(uuid, uuid)'::regprocedure,
       'dashboard.read_widgets(uuid, uuid, jsonb)'::regprocedure,
       'dashboard.write_widgets(uuid, uuid, jsonb)'::regprocedure;

rollback;
