-- Revert dashboard:functions/dashboards_list from pg

begin;
set local role dashboard_owner;

drop function api.list_dashboards(jsonb, jsonb);

commit;
