-- Verify dashboard:functions/dashboards_list on pg

begin;

select 'dashboard.list(dashboard.caller, jsonb, uuid)'::regprocedure;
select 'api.list_dashboards(jsonb, jsonb)'::regprocedure;
select 'api.list_user_dashboards(jsonb, jsonb)'::regprocedure;

rollback;
