-- Verify dashboard:queries on pg

begin;

select organisation_id, id, name, source, kind, sql, params, compiled, bindings, timeout_ms,
    cache_ttl,
       version, created_by, created_at, updated_at
from dashboard.query where false;

rollback;
