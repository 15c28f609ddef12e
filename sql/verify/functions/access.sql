-- Verify dashboard:functions/access on pg

begin;

select 'dashboard.enter_as(uuid, uuid, text)'::regprocedure;
select 'dashboard.identify_key(jsonb, boolean)'::regprocedure;
select 'dashboard.identify(jsonb)'::regprocedure;
select 'dashboard.permission_level(text)'::regprocedure;
select 'dashboard.access_level(boolean, text, boolean, text, integer, boolean)'::regprocedure;
select 'dashboard.reach(dashboard.caller)'::regprocedure;
select null::dashboard.caller;

rollback;
