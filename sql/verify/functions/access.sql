-- Verify dashboard:functions/access on pg

begin;

select 'dashboard.identify(jsonb)'::regprocedure,
       'dashboard.permission_level(text)'::regprocedure,
       'dashboard.access_level(boolean, text, boolean, text, integer, boolean)'::regprocedure,
       'dashboard.reach(dashboard.caller)'::regprocedure;
select null::dashboard.caller;

rollback;
