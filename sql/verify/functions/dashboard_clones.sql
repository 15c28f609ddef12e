-- Verify dashboard:functions/dashboard_clones on pg

begin;

select 'dashboard.clone(jsonb, jsonb, uuid)'::regprocedure;
select 'api.clone_dashboard(jsonb, jsonb)'::regprocedure;
select 'api.clone_user_dashboard(jsonb, jsonb)'::regprocedure;

rollback;
