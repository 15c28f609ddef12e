-- Revert dashboard:functions/dashboards from pg

begin;
set local role dashboard_owner;

drop function api.restore_dashboard(jsonb, jsonb);
drop function api.delete_dashboard(jsonb, jsonb);
drop function api.put_dashboard(jsonb, jsonb);
drop function api.patch_dashboard(jsonb, jsonb);
drop function dashboard.update_dashboard(dashboard.caller, jsonb, dashboard.target, jsonb, jsonb,
    text);
drop function api.create_dashboard(jsonb, jsonb);
drop function dashboard.create_from_body(dashboard.caller, jsonb, uuid, jsonb);
drop function dashboard.insert_dashboard(dashboard.caller, jsonb, text, uuid, uuid, text, uuid,
    jsonb, jsonb);
drop function dashboard.find_workspace(dashboard.caller, jsonb, text, uuid);

commit;
