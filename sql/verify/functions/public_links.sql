-- Verify dashboard:functions/public_links on pg

begin;

select 'dashboard.public_links_limit()'::regprocedure;
select 'dashboard.public_link_json(dashboard.public_link)'::regprocedure;
select 'dashboard.finish_public_link(dashboard.caller, jsonb, text, dashboard.dashboard, '
       'dashboard.public_link, jsonb)'::regprocedure;
select 'api.create_public_link(jsonb, jsonb)'::regprocedure;
select 'api.list_public_links(jsonb, jsonb)'::regprocedure;
select 'api.delete_public_link(jsonb, jsonb)'::regprocedure;
select 'dashboard.find_public_link(bytea)'::regprocedure;
select 'dashboard.identify_reader(jsonb)'::regprocedure;
select 'dashboard.public_document(dashboard.dashboard)'::regprocedure;
select 'api.get_public_dashboard(jsonb, jsonb)'::regprocedure;
select 'api.get_public_dashboard_data(jsonb, jsonb)'::regprocedure;

rollback;
