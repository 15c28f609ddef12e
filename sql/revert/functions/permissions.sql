-- Revert dashboard:functions/permissions from pg

begin;
set local role dashboard_owner;

drop function api.list_permissions(jsonb, jsonb);
drop function dashboard.permissions_text(integer);
drop trigger access_permissions on dashboard.role_permission;
drop function dashboard.write_access_permissions();
drop table dashboard.access_permissions;
drop function dashboard.access_for(text);
drop function dashboard.role_at(integer);
drop function dashboard.may(text, text);

commit;
