-- Verify dashboard:functions/dashboard_versions on pg

begin;

select 'dashboard.mark_published(jsonb, text, boolean)'::regprocedure;
select 'api.publish_dashboard(jsonb, jsonb)'::regprocedure;
select 'api.unpublish_dashboard(jsonb, jsonb)'::regprocedure;
select 'dashboard.version_json(dashboard.dashboard_version, bigint)'::regprocedure;
select 'api.list_dashboard_versions(jsonb, jsonb)'::regprocedure;
select 'api.get_dashboard_version(jsonb, jsonb)'::regprocedure;
select 'api.restore_dashboard_version(jsonb, jsonb)'::regprocedure;

rollback;
