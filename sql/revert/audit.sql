-- Revert dashboard:audit from pg

begin;
set local role dashboard_owner;

drop table dashboard.audit;
drop function dashboard.audit_partitions(integer);
drop function dashboard.make_append_only(regclass);
drop function dashboard.refuse_change();

commit;
