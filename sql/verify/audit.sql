-- Verify dashboard:audit on pg

begin;

select id, organisation_id, workspace_id, actor_id, action, operation, resource, resource_id,
    version,
       changes, correlation_id, address, outcome, created_at
from dashboard.audit where false;

rollback;
