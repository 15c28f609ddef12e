-- Verify dashboard:functions/preferences on pg

begin;

select 'dashboard.find_preferences(dashboard.caller, uuid)'::regprocedure;
select 'dashboard.preferences_json(dashboard.preferences)'::regprocedure;
select 'dashboard.show_preferences(dashboard.preferences, integer)'::regprocedure;
select 'dashboard.gate_preferences(dashboard.caller, jsonb, text, uuid, boolean)'::regprocedure;
select 'api.get_preferences(jsonb, jsonb)'::regprocedure;
select 'dashboard.write_preferences(dashboard.preferences, jsonb)'::regprocedure;
select 'api.put_preferences(jsonb, jsonb)'::regprocedure;

rollback;
