-- Revert dashboard:audit_chain from pg

begin;
set local role dashboard_owner;

drop function dashboard.audit_hash(bytea, bigint, dashboard.audit);
drop function dashboard.take_audit_lane(uuid);
drop trigger audit_lanes on dashboard.organisation;
drop function dashboard.add_audit_lanes();
drop table dashboard.audit_checkpoint;
drop table dashboard.audit_head;

commit;
