-- Revert dashboard:functions/session from pg

begin;
set local role dashboard_owner;

drop function api.health_ready(jsonb, jsonb);
drop function api.enter_query(integer, text, text);

commit;
