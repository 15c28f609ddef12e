-- Revert dashboard:widgets from pg

begin;
set local role dashboard_owner;

drop table dashboard.widget;
drop table dashboard.deleted_widget;
drop function dashboard.continue_version();

commit;
