-- Revert dashboard:functions/dashboard_versions from pg

begin;
set local role dashboard_owner;

drop function api.restore_dashboard_version(jsonb, jsonb);
drop function api.get_dashboard_version(jsonb, jsonb);
drop function api.list_dashboard_versions(jsonb, jsonb);
drop function dashboard.version_json(dashboard.dashboard_version, bigint);
drop function api.unpublish_dashboard(jsonb, jsonb);
drop function api.publish_dashboard(jsonb, jsonb);
drop function dashboard.mark_published(jsonb, text, boolean);

commit;
