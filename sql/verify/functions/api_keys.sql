-- Verify dashboard:functions/api_keys on pg

begin;

select 'dashboard.api_key_json(dashboard.api_key)'::regprocedure;
select 'dashboard.show_api_key(dashboard.api_key, text, integer)'::regprocedure;
select 'dashboard.unknown_operation(text[])'::regprocedure;
select 'dashboard.find_api_key(dashboard.caller, uuid)'::regprocedure;
select 'api.list_api_keys(jsonb, jsonb)'::regprocedure;
select 'api.create_api_key(jsonb, jsonb)'::regprocedure;
select 'api.get_api_key(jsonb, jsonb)'::regprocedure;
select 'api.rotate_api_key(jsonb, jsonb)'::regprocedure;
select 'api.delete_api_key(jsonb, jsonb)'::regprocedure;
select 'api.lookup_api_key(jsonb, jsonb)'::regprocedure;
select 'dashboard.whose_api_key(uuid)'::regprocedure;

rollback;
