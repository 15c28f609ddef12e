-- Revert dashboard:functions/audit_verify from pg

begin;
set local role dashboard_owner;

drop function dashboard.audit_detach(date);
drop function dashboard.audit_check_heads(text);
drop function dashboard.audit_verify(uuid);
drop function dashboard.audit_heads(uuid);

commit;
