-- Deploy dashboard:public_links to pg
-- requires: dashboards
--
-- Links by which anybody may read a dashboard. A link is its token, which is kept nowhere: what is
-- kept is its SHA-256.

begin;
set local role dashboard_owner;

create table dashboard.public_link (
    id              uuid primary key default gen_random_uuid(),
    organisation_id uuid not null,
    dashboard_id    uuid not null,
    hash            bytea not null unique check (octet_length(hash) = 32),
    expires_at      timestamptz,
    created_by      uuid,
    created_at      timestamptz not null default clock_timestamp(),
    foreign key (organisation_id, dashboard_id)
        references dashboard.dashboard (organisation_id, id) on delete cascade,
    foreign key (organisation_id, created_by)
        references dashboard.user_account (organisation_id, id)
);
create index public_link_by_dashboard
    on dashboard.public_link (organisation_id, dashboard_id, created_at, id);

select dashboard.protect('dashboard.public_link');
select dashboard.let_identify('dashboard.public_link', 'organisation_id', 'dashboard_id', 'hash',
                              'expires_at');

commit;
