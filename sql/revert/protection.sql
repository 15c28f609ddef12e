-- Revert dashboard:protection from pg

begin;
set local role dashboard_owner;

drop table dashboard.column_tag;
drop table dashboard.protected_relation;
drop schema data_private;

commit;
