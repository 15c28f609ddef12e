-- Deploy dashboard:permissions to pg
-- requires: context
--
-- What each role may do. The permissions are those that api/openapi.yaml names as x-permission; who
-- has which role, in a workspace or on a dashboard, is functions/access' business.

begin;
set local role dashboard_owner;

-- One table for all organisations: roles mean the same everywhere.
create table dashboard.role_permission (
    role       text not null check (role in ('super_admin', 'admin', 'analyst', 'viewer')),
    permission text not null check (permission ~ '^[a-z_]+:[a-z_]+$'), -- resource:action
    primary key (role, permission)
);

insert into dashboard.role_permission (role, permission)
select r, permission
from (values
    -- whatever one can see, and what is one's own
    ('dashboard:read', array['viewer', 'analyst', 'admin', 'super_admin']),
    ('widget:read', array['viewer', 'analyst', 'admin', 'super_admin']),
    ('data:read', array['viewer', 'analyst', 'admin', 'super_admin']),
    ('permission:read', array['viewer', 'analyst', 'admin', 'super_admin']),
    ('preferences:read', array['viewer', 'analyst', 'admin', 'super_admin']),
    ('preferences:write', array['viewer', 'analyst', 'admin', 'super_admin']),
    ('session:read', array['viewer', 'analyst', 'admin', 'super_admin']),
    ('session:write', array['viewer', 'analyst', 'admin', 'super_admin']),
    ('api_key:read', array['viewer', 'analyst', 'admin', 'super_admin']),
    ('api_key:write', array['viewer', 'analyst', 'admin', 'super_admin']),
    -- create, change, publish, go back to an older version
    ('dashboard:write', array['analyst', 'admin', 'super_admin']),
    ('widget:write', array['analyst', 'admin', 'super_admin']),
    ('widget:delete', array['analyst', 'admin', 'super_admin']),
    -- into the trash and back
    ('dashboard:delete', array['admin', 'super_admin']),
    -- personal data (columns tagged pii) in the clear, in workspaces where one has the role
    ('pii:read', array['admin', 'super_admin']),
    -- what happened in workspaces where one has the role; as super_admin in the organisation
    ('audit:read', array['admin', 'super_admin']),
    -- who sees it: visibility, facility, shares, public links, the owner, the default mark
    ('dashboard:share', array['admin', 'super_admin'])
) as p (permission, roles)
cross join lateral unnest(roles) as r;

select dashboard.protect('dashboard.role_permission', 'common');

commit;
