-- Verify dashboard:dashboards on pg

begin;

select organisation_id, id, workspace_id, owner_id, facility_id, name, description, visibility,
    status,
       published_version, layout, filters, variables, tags, metadata, is_default, version,
           created_at,
       updated_at, deleted_at
from dashboard.dashboard where false;
select id, organisation_id, dashboard_id, user_id, role, permission, expires_at, created_by
from dashboard.dashboard_share where false;
select organisation_id, dashboard_id, version, action, document, created_by, created_at
from dashboard.dashboard_version where false;

do $verify$
begin
    assert to_regclass('dashboard.dashboard_by_updated_at') is not null;
    assert to_regclass('dashboard.dashboard_by_created_at') is not null;
    assert to_regclass('dashboard.dashboard_by_name') is not null;
    assert to_regclass('dashboard.dashboard_search') is not null;
end
$verify$;

rollback;
