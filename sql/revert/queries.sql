-- Revert dashboard:queries from pg

begin;
set local role dashboard_owner;

drop table dashboard.query;

commit;
