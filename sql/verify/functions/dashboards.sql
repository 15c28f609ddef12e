-- Verify dashboard:functions/dashboards on pg

begin;

select 'dashboard.find_workspace(dashboard.caller, jsonb, text, uuid)'::regprocedure;
select 'dashboard.insert_dashboard(dashboard.caller, jsonb, text, uuid, uuid, text, '
       'uuid, jsonb, jsonb)'::regprocedure;
select 'dashboard.create_from_body(dashboard.caller, jsonb, uuid, jsonb)'::regprocedure;
select 'api.create_dashboard(jsonb, jsonb)'::regprocedure;
select 'dashboard.update_dashboard(dashboard.caller, jsonb, dashboard.target, jsonb, '
       'jsonb, text)'::regprocedure;
select 'api.patch_dashboard(jsonb, jsonb)'::regprocedure;
select 'api.put_dashboard(jsonb, jsonb)'::regprocedure;
select 'api.delete_dashboard(jsonb, jsonb)'::regprocedure;
select 'api.restore_dashboard(jsonb, jsonb)'::regprocedure;

rollback;
