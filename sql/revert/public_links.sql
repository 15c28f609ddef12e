-- Revert dashboard:public_links from pg

begin;
set local role dashboard_owner;

drop table dashboard.public_link;

commit;
