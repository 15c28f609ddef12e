-- Verify dashboard:audit on pg

begin;

select id, organisation_id, workspace_id, actor_id, session_id, api_key_id, action, operation,
       resource_type, resource_id, version, changes, details, correlation_id, address, outcome,
       created_at, lane, sequence, hash
from dashboard.audit where false;
select 'dashboard.audit_default'::regclass;
select 'dashboard.refuse_change()'::regprocedure;
select 'dashboard.make_append_only(regclass)'::regprocedure;
select 'dashboard.audit_partitions(integer)'::regprocedure;

rollback;
