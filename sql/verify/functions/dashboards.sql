-- Verify dashboard:functions/dashboards on pg

begin;

select 'dashboard.find_workspace(dashboard.caller, jsonb, text, uuid)'::regprocedure,
       'dashboard.insert_dashboard(dashboard.caller, jsonb, text, uuid, uuid, text, uuid, jsonb, jsonb)'::regprocedure,
       'dashboard.create_from_body(dashboard.caller, jsonb, uuid, jsonb)'::regprocedure,
       'api.create_dashboard(jsonb, jsonb)'::regprocedure,
       'dashboard.update_dashboard(dashboard.caller, jsonb, dashboard.target, jsonb, jsonb, text)'::regprocedure,
       'api.patch_dashboard(jsonb, jsonb)'::regprocedure,
       'api.put_dashboard(jsonb, jsonb)'::regprocedure,
       'api.delete_dashboard(jsonb, jsonb)'::regprocedure,
       'api.restore_dashboard(jsonb, jsonb)'::regprocedure;

rollback;
