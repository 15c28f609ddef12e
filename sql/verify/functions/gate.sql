-- Verify dashboard:functions/gate on pg

begin;

select 'dashboard.find_dashboard(dashboard.caller, uuid, boolean)'::regprocedure,
       'dashboard.base_document(jsonb, dashboard.dashboard)'::regprocedure,
       'dashboard.dashboard_conflict(dashboard.caller, jsonb, text, dashboard.target)'::regprocedure,
       'dashboard.gate(dashboard.caller, jsonb, text, dashboard.target, integer, boolean)'::regprocedure,
       'dashboard.lock_dashboard(dashboard.dashboard)'::regprocedure,
       'dashboard.finish(dashboard.caller, jsonb, text, dashboard.dashboard, text, jsonb, text[])'::regprocedure,
       'dashboard.finish_unchanged(dashboard.caller, jsonb, text, dashboard.dashboard, text)'::regprocedure;
select null::dashboard.target;

rollback;
