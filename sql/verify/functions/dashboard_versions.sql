-- Verify dashboard:functions/dashboard_versions on pg

begin;

select 'dashboard.mark_published(jsonb, text, boolean)'::regprocedure,
       'api.publish_dashboard(jsonb, jsonb)'::regprocedure,
       'api.unpublish_dashboard(jsonb, jsonb)'::regprocedure,
       'dashboard.version_json(dashboard.dashboard_version, bigint)'::regprocedure,
       'api.list_dashboard_versions(jsonb, jsonb)'::regprocedure,
       'api.get_dashboard_version(jsonb, jsonb)'::regprocedure,
       'api.restore_dashboard_version(jsonb, jsonb)'::regprocedure;

rollback;
