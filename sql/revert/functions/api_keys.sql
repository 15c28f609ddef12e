-- Revert dashboard:functions/api_keys from pg

begin;
set local role dashboard_owner;

drop function api.lookup_api_key(jsonb, jsonb);
drop function dashboard.whose_api_key(uuid);
drop function api.delete_api_key(jsonb, jsonb);
drop function api.rotate_api_key(jsonb, jsonb);
drop function api.get_api_key(jsonb, jsonb);
drop function api.create_api_key(jsonb, jsonb);
drop function api.list_api_keys(jsonb, jsonb);
drop function dashboard.find_api_key(dashboard.caller, uuid);
drop function dashboard.unknown_operation(text[]);
drop function dashboard.show_api_key(dashboard.api_key, text, integer);
drop function dashboard.api_key_json(dashboard.api_key);

commit;
