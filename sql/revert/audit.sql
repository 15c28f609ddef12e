-- Revert dashboard:audit from pg

begin;
set local role dashboard_owner;

drop table dashboard.audit;

commit;
