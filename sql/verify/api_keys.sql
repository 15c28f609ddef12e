-- Verify dashboard:api_keys on pg

begin;

select id, organisation_id, user_id, name, hash, previous_hash, previous_until, allowed_operations,
       per_minute, per_hour, per_day, created_at, updated_at, rotated_at, last_used_at, expires_at,
       revoked_at
from dashboard.api_key where false;

rollback;
