-- Revert dashboard:functions/members from pg

begin;
set local role dashboard_owner;

drop function dashboard.write_widgets(uuid, uuid, jsonb);
drop function dashboard.read_widgets(uuid, uuid, jsonb);
drop function dashboard.widgets_by_id(uuid, uuid);
drop function dashboard.widgets_issues(uuid, jsonb);
drop function dashboard.widget_members(dashboard.widget);
drop function dashboard.widget_defaults();
drop function dashboard.lock_default(uuid);
drop function dashboard.make_default(dashboard.caller, jsonb, dashboard.dashboard);
drop function dashboard.permission_for(jsonb, jsonb);
drop function dashboard.dashboard_issues(dashboard.caller, text, jsonb);
drop function dashboard.dashboard_members(dashboard.dashboard);
drop function dashboard.dashboard_defaults();

commit;
