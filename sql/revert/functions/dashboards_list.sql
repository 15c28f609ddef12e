-- Revert dashboard:functions/dashboards_list from pg

begin;
set local role dashboard_owner;

drop function api.list_user_dashboards(jsonb, jsonb);
drop function api.list_dashboards(jsonb, jsonb);
drop function dashboard.list(dashboard.caller, jsonb, uuid);

commit;
