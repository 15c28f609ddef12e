-- Verify dashboard:functions/audit on pg

begin;

select 'dashboard.audit_json(dashboard.audit)'::regprocedure;
select 'dashboard.audited_workspaces(dashboard.caller)'::regprocedure;
select 'api.list_audit(jsonb, jsonb)'::regprocedure;
select 'api.verify_audit(jsonb, jsonb)'::regprocedure;

rollback;
