-- Verify dashboard:tenancy on pg

begin;

select id, name, slug, created_at, updated_at from dashboard.organisation where false;
select id, organisation_id, name from dashboard.workspace where false;
select id, organisation_id, issuer, subject, email, name, disabled_at
from dashboard.user_account where false;
select organisation_id, workspace_id, user_id, role from dashboard.membership where false;
select id, organisation_id, code, name, metadata from dashboard.facility where false;
select organisation_id, facility_id, user_id from dashboard.facility_grant where false;

rollback;
