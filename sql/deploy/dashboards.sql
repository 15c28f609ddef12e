-- Deploy dashboard:dashboards to pg
-- requires: tenancy
--
-- Dashboards, with whom they are shared, and every version of them. Ids are unique within the
-- organisation only: creating with an id of one's own choice (PUT) must not tell whether another
-- tenant uses it.

begin;
set local role dashboard_owner;

create table dashboard.dashboard (
    organisation_id   uuid not null,
    id                uuid not null default gen_random_uuid(),
    workspace_id      uuid not null,
    owner_id          uuid not null,
    facility_id       uuid,
    name              text not null check (char_length(name) between 1 and 255),
    description       text check (char_length(description) <= 4000),
    visibility        text not null default 'private'
                      check (visibility in ('private', 'workspace', 'org')),
    status            text not null default 'draft' check (status in ('draft', 'published')),
    published_version bigint,
    layout            jsonb not null default '{}' check (jsonb_typeof(layout) = 'object'),
    filters           jsonb not null default '[]' check (jsonb_typeof(filters) = 'array'),
    variables         jsonb not null default '[]' check (jsonb_typeof(variables) = 'array'),
    tags              text[] not null default '{}'
                      check (cardinality(tags) <= 50 and array_position(tags, null) is null),
    metadata          jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
    is_default        boolean not null default false,
    version           bigint not null default 1 check (version >= 1),
    created_at        timestamptz not null default clock_timestamp(),
    updated_at        timestamptz not null default clock_timestamp(),
    deleted_at        timestamptz,
    primary key (organisation_id, id),
    foreign key (organisation_id, workspace_id)
        references dashboard.workspace (organisation_id, id) on delete cascade,
    foreign key (organisation_id, owner_id)
        references dashboard.user_account (organisation_id, id),
    foreign key (organisation_id, facility_id)
        references dashboard.facility (organisation_id, id),
    check (published_version < version),
    check ((status = 'published') = (published_version is not null)),
    check (not (is_default and deleted_at is not null))
);

create trigger touch before update on dashboard.dashboard
    for each row execute function dashboard.touch();

-- One default for each owner and workspace.
create unique index dashboard_default on dashboard.dashboard (owner_id, workspace_id)
    where is_default;

-- The list's orders, with the id as tie-break. One index serves both directions, as in both all
-- columns run the same way.
create index dashboard_by_updated_at on dashboard.dashboard (workspace_id, updated_at, id);
create index dashboard_by_created_at on dashboard.dashboard (workspace_id, created_at, id);
create index dashboard_by_name on dashboard.dashboard (workspace_id, name, id);
create index dashboard_owner on dashboard.dashboard (organisation_id, owner_id);
create index dashboard_facility on dashboard.dashboard (organisation_id, facility_id)
    where facility_id is not null;
create index dashboard_search on dashboard.dashboard
    using gin (name public.gin_trgm_ops, description public.gin_trgm_ops);

-- Given to a user, or to all members of the dashboard's workspace with a role.
create table dashboard.dashboard_share (
    id              uuid primary key default gen_random_uuid(),
    organisation_id uuid not null,
    dashboard_id    uuid not null,
    user_id         uuid,
    role            text check (role in ('super_admin', 'admin', 'analyst', 'viewer')),
    permission      text not null check (permission in ('view', 'edit', 'manage')),
    expires_at      timestamptz,
    created_by      uuid,
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default clock_timestamp(),
    check (num_nonnulls(user_id, role) = 1),
    unique (organisation_id, dashboard_id, user_id),
    unique (organisation_id, dashboard_id, role),
    foreign key (organisation_id, dashboard_id)
        references dashboard.dashboard (organisation_id, id) on delete cascade,
    foreign key (organisation_id, user_id)
        references dashboard.user_account (organisation_id, id) on delete cascade,
    foreign key (organisation_id, created_by)
        references dashboard.user_account (organisation_id, id)
);
create index dashboard_share_user on dashboard.dashboard_share (user_id);

create trigger touch before update on dashboard.dashboard_share
    for each row execute function dashboard.touch();

-- The dashboard with its widgets as GET showed it at each version: history, the base of "what
-- changed since", and, for the newest version, the text that GET sends, so that reading builds no
-- JSON.
create table dashboard.dashboard_version (
    organisation_id uuid not null,
    dashboard_id    uuid not null,
    version         bigint not null check (version >= 1),
    action          text not null,
    document        json not null,
    created_by      uuid,
    created_at      timestamptz not null default clock_timestamp(),
    primary key (organisation_id, dashboard_id, version),
    foreign key (organisation_id, dashboard_id)
        references dashboard.dashboard (organisation_id, id) on delete cascade,
    foreign key (organisation_id, created_by)
        references dashboard.user_account (organisation_id, id)
);

-- Documents are compressed on every write; lz4, where the server was built with it, costs a
-- fraction.
do $compression$
begin
    if exists (select from pg_settings
               where name = 'default_toast_compression' and 'lz4' = any (enumvals)) then
        alter table dashboard.dashboard_version alter column document set compression lz4;
    end if;
end
$compression$;

select dashboard.protect('dashboard.dashboard');
select dashboard.protect('dashboard.dashboard_share');
select dashboard.protect('dashboard.dashboard_version');

commit;
