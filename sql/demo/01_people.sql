-- The demo's organisations, workspaces and users. Run by tools/demo.sh, once, as a superuser.
--
-- Fixed ids, so that documents and benchmarks can name them. The digits before the last group say the
-- kind: 0a organisation, 0b workspace, 0c user, 0d dashboard, 0e query, 0f widget.
-- tools/demo.sh finds a user's id by the e-mail address in this file: keep both in one line, id first.

insert into dashboard.organisation (id, name, slug)
values
    ('0a000000-0000-4000-8000-000000000001', 'Demo', 'demo'),
    ('0a000000-0000-4000-8000-000000000002', 'Other', 'other');

insert into dashboard.workspace (id, organisation_id, name)
values
    ('0b000000-0000-4000-8000-000000000001', '0a000000-0000-4000-8000-000000000001', 'Flights'),
    ('0b000000-0000-4000-8000-000000000002', '0a000000-0000-4000-8000-000000000002', 'Elsewhere');

insert into dashboard.user_account (id, email, name, organisation_id)
values
    ('0c000000-0000-4000-8000-000000000001', 'admin@demo.example', 'Ada Admin',
     '0a000000-0000-4000-8000-000000000001'),
    ('0c000000-0000-4000-8000-000000000002', 'analyst@demo.example', 'Anna Analyst',
     '0a000000-0000-4000-8000-000000000001'),
    ('0c000000-0000-4000-8000-000000000003', 'viewer@demo.example', 'Vic Viewer',
     '0a000000-0000-4000-8000-000000000001'),
    ('0c000000-0000-4000-8000-000000000004', 'outsider@other.example', 'Otto Outsider',
     '0a000000-0000-4000-8000-000000000002');

-- A password that everybody knows is for a demo database only.
select count(dashboard.set_password(u.id, 'demo-password')) from dashboard.user_account as u;

-- Roles as the addresses say; the outsider runs his own workspace.
insert into dashboard.membership (organisation_id, workspace_id, user_id, role)
select
    u.organisation_id,
    w.id,
    u.id,
    case split_part(u.email, '@', 1) when 'outsider' then 'admin' else split_part(u.email, '@', 1) end
from dashboard.user_account as u
join dashboard.workspace as w using (organisation_id);
