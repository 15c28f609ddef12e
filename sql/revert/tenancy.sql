-- Revert dashboard:tenancy from pg

begin;
set local role dashboard_owner;

drop table dashboard.facility_grant;
drop table dashboard.facility;
drop table dashboard.membership;
drop table dashboard.user_account;
drop table dashboard.workspace;
drop table dashboard.organisation;
drop function dashboard.default_subject();
drop function dashboard.touch();

commit;
