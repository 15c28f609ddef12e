-- Revert dashboard:functions/preferences from pg

begin;
set local role dashboard_owner;

drop function api.put_preferences(jsonb, jsonb);
drop function dashboard.write_preferences(dashboard.preferences, jsonb);
drop function api.get_preferences(jsonb, jsonb);
drop function dashboard.gate_preferences(dashboard.caller, jsonb, text, uuid, boolean);
drop function dashboard.show_preferences(dashboard.preferences, integer);
drop function dashboard.preferences_json(dashboard.preferences);
drop function dashboard.find_preferences(dashboard.caller, uuid);

commit;
