-- Revert dashboard:schemas from pg

begin;
set local role dashboard_owner;

drop schema data;
drop type api.answer;
drop schema api;
drop schema dashboard;
alter default privileges grant execute on functions to public;

commit;
