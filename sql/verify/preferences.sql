-- Verify dashboard:preferences on pg

begin;

select organisation_id, user_id, preferences, version, created_at, updated_at
from dashboard.preferences where false;

rollback;
