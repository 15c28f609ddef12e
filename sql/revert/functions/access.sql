-- Revert dashboard:functions/access from pg

begin;
set local role dashboard_owner;

drop function dashboard.reach(dashboard.caller);
drop function dashboard.access_level(boolean, text, boolean, text, integer, boolean);
drop function dashboard.permission_level(text);
drop function dashboard.identify(jsonb);
drop function dashboard.identify_key(jsonb, boolean);
drop function dashboard.enter_as(uuid, uuid, text);
drop type dashboard.caller;

commit;
