-- Revert dashboard:preferences from pg

begin;
set local role dashboard_owner;

drop table dashboard.preferences;

commit;
