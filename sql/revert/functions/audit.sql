-- Revert dashboard:functions/audit from pg

begin;
set local role dashboard_owner;

drop function api.verify_audit(jsonb, jsonb);
drop function api.list_audit(jsonb, jsonb);
drop function dashboard.audited_workspaces(dashboard.caller);
drop function dashboard.audit_json(dashboard.audit);

commit;
