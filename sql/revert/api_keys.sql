-- Revert dashboard:api_keys from pg

begin;
set local role dashboard_owner;

drop table dashboard.api_key;

commit;
