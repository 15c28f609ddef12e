-- Verify dashboard:functions/sessions on pg

begin;

select 'dashboard.administers(dashboard.caller, uuid)'::regprocedure;
select 'dashboard.time_place(text, text)'::regprocedure;
select 'dashboard.gate_user(dashboard.caller, jsonb, text, uuid)'::regprocedure;
select 'api.list_user_sessions(jsonb, jsonb)'::regprocedure;
select 'api.revoke_user_sessions(jsonb, jsonb)'::regprocedure;

rollback;
