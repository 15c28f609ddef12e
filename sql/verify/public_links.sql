-- Verify dashboard:public_links on pg

begin;

select id, organisation_id, dashboard_id, hash, expires_at, created_by, created_at
from dashboard.public_link where false;

rollback;
