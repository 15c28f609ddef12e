-- Verify dashboard:functions/gate on pg

begin;

select 'dashboard.knows_user(dashboard.caller, uuid)'::regprocedure;
select 'dashboard.find_dashboard(dashboard.caller, uuid, boolean)'::regprocedure;
select 'dashboard.base_document(jsonb, dashboard.dashboard)'::regprocedure;
select 'dashboard.dashboard_conflict(dashboard.caller, jsonb, text, '
       'dashboard.target)'::regprocedure;
select 'dashboard.gate(dashboard.caller, jsonb, text, dashboard.target, text, '
       'boolean)'::regprocedure;
select 'dashboard.lock_dashboard(dashboard.dashboard)'::regprocedure;
select 'dashboard.finish(dashboard.caller, jsonb, text, dashboard.dashboard, text, '
       'jsonb, text[])'::regprocedure;
select 'dashboard.finish_unchanged(dashboard.caller, jsonb, text, dashboard.dashboard, '
       'text)'::regprocedure;
select null::dashboard.target;

rollback;
