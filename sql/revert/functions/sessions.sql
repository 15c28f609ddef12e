-- Revert dashboard:functions/sessions from pg

begin;
set local role dashboard_owner;

drop function api.revoke_user_sessions(jsonb, jsonb);
drop function api.list_user_sessions(jsonb, jsonb);
drop function dashboard.gate_user(dashboard.caller, jsonb, text, uuid);
drop function dashboard.time_place(text, text);
drop function dashboard.administers(dashboard.caller, uuid);

commit;
