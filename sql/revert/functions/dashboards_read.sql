-- Revert dashboard:functions/dashboards_read from pg

begin;
set local role dashboard_owner;

drop function api.get_dashboard(jsonb, jsonb);
drop function dashboard.show_dashboard(dashboard.caller, dashboard.dashboard, text, json, integer);
drop function dashboard.dashboard_tags(dashboard.caller, uuid);
drop function dashboard.access_tag(dashboard.caller);
drop function dashboard.with_permissions(json, integer);
drop function dashboard.document(dashboard.dashboard);
drop function dashboard.widgets_json(uuid, uuid);
drop function dashboard.dashboard_json(dashboard.dashboard);
drop function dashboard.widget_json(dashboard.widget);

commit;
