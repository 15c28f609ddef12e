-- Revert dashboard:functions/dashboard_clones from pg

begin;
set local role dashboard_owner;

drop function api.clone_user_dashboard(jsonb, jsonb);
drop function api.clone_dashboard(jsonb, jsonb);
drop function dashboard.clone(jsonb, jsonb, uuid);

commit;
