-- Verify dashboard:functions/record on pg

begin;

select 'dashboard.save_version(dashboard.dashboard, text, uuid)'::regprocedure;
select 'dashboard.client_address(jsonb)'::regprocedure;
select 'dashboard.audit(dashboard.caller, jsonb, text, text, uuid, uuid, bigint, jsonb, '
       'text, jsonb)'::regprocedure;
select 'dashboard.announce(dashboard.caller, uuid, text, text[], jsonb)'::regprocedure;
select 'dashboard.forbidden(dashboard.caller, jsonb, text, text, uuid, uuid, text)'::regprocedure;
select 'dashboard.conflict(dashboard.caller, jsonb, text, text, uuid, uuid, text, '
       'bigint, json, json)'::regprocedure;

rollback;
