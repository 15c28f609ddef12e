-- Revert dashboard:events from pg

begin;
set local role dashboard_owner;

drop table dashboard.event;

commit;
