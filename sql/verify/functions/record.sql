-- Verify dashboard:functions/record on pg

begin;

select 'dashboard.save_version(dashboard.dashboard, text, uuid)'::regprocedure,
       'dashboard.client_address(jsonb)'::regprocedure,
       'dashboard.audit(dashboard.caller, jsonb, text, text, uuid, uuid, bigint, jsonb, text)'::regprocedure,
       'dashboard.announce(dashboard.caller, uuid, text, text[], jsonb)'::regprocedure,
       'dashboard.forbidden(dashboard.caller, jsonb, text, text, uuid, uuid, text)'::regprocedure,
       'dashboard.conflict(dashboard.caller, jsonb, text, text, uuid, uuid, text, bigint, json, json)'::regprocedure;

rollback;
