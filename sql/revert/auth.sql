-- Revert dashboard:auth from pg

begin;
set local role dashboard_owner;

drop table dashboard.outbox;
drop table dashboard.password_reset;
drop table dashboard.refresh_token;
drop table dashboard.session;
drop table dashboard.password;
drop table dashboard.setting;

commit;
