-- Verify dashboard:events on pg

begin;

select id, organisation_id, workspace_id, kind, tags, payload, xid, created_at
from dashboard.event where false;

rollback;
