-- Revert dashboard:dashboards from pg

begin;
set local role dashboard_owner;

drop table dashboard.dashboard_version;
drop table dashboard.dashboard_share;
drop table dashboard.dashboard;

commit;
