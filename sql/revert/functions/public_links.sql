-- Revert dashboard:functions/public_links from pg

begin;
set local role dashboard_owner;

drop function api.get_public_dashboard_data(jsonb, jsonb);
drop function api.get_public_dashboard(jsonb, jsonb);
drop function dashboard.public_document(dashboard.dashboard);
drop function dashboard.identify_reader(jsonb);
drop function dashboard.find_public_link(bytea);
drop function api.delete_public_link(jsonb, jsonb);
drop function api.list_public_links(jsonb, jsonb);
drop function api.create_public_link(jsonb, jsonb);
drop function dashboard.finish_public_link(dashboard.caller, jsonb, text, dashboard.dashboard,
    dashboard.public_link, jsonb);
drop function dashboard.public_link_json(dashboard.public_link);
drop function dashboard.public_links_limit();

commit;
