-- Revert dashboard:widgets from pg

begin;
set local role dashboard_owner;

drop table dashboard.widget;

commit;
