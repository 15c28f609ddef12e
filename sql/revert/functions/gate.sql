-- Revert dashboard:functions/gate from pg

begin;
set local role dashboard_owner;

drop function dashboard.finish_unchanged(dashboard.caller, jsonb, text, dashboard.dashboard, text);
drop function dashboard.finish(dashboard.caller, jsonb, text, dashboard.dashboard, text, jsonb,
    text[]);
drop function dashboard.lock_dashboard(dashboard.dashboard);
drop function dashboard.gate(dashboard.caller, jsonb, text, dashboard.target, text, boolean);
drop function dashboard.dashboard_conflict(dashboard.caller, jsonb, text, dashboard.target);
drop function dashboard.base_document(jsonb, dashboard.dashboard);
drop function dashboard.find_dashboard(dashboard.caller, uuid, boolean);
drop type dashboard.target;
drop function dashboard.knows_user(dashboard.caller, uuid);

commit;
