-- Revert dashboard:permissions from pg

begin;
set local role dashboard_owner;

drop table dashboard.role_permission;

commit;
