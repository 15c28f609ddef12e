-- Verify dashboard:widgets on pg

begin;

select organisation_id, id, dashboard_id, type, title, x, y, width, height, config, query, query_id,
       drill_through, cross_filter, refresh_interval, cache_ttl, version, created_at, updated_at
from dashboard.widget where false;
select organisation_id, id, version from dashboard.deleted_widget where false;

rollback;
