-- Verify dashboard:functions/dashboards_list on pg

begin;

select 'api.list_dashboards(jsonb, jsonb)'::regprocedure;

rollback;
