-- Deploy dashboard:tenancy to pg
-- requires: context
--
-- organisation > workspace > membership of users with a role; facilities and who is granted them.
-- Every table below organisation carries organisation_id, and every foreign key includes it, so
-- that no reference can ever lead from one tenant into another.

begin;
set local role dashboard_owner;

-- created_at never changes, updated_at follows every change. The clock, not the transaction's
-- start: a writer that waited for a row lock must not come out older than the one it waited for.
create function dashboard.touch() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $touch$
begin
    if tg_op = 'UPDATE' then
        new.created_at := old.created_at;
        new.updated_at := clock_timestamp();
    end if;
    return new;
end
$touch$;

-- slug names the organisation where people type it, as at login; it is shorter than an id, so that
-- it is never taken for one.
create table dashboard.organisation (
    id         uuid primary key default gen_random_uuid(),
    name       text not null check (char_length(name) between 1 and 255),
    slug       text unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and char_length(slug) <= 32),
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
);

create table dashboard.workspace (
    id              uuid primary key default gen_random_uuid(),
    organisation_id uuid not null references dashboard.organisation (id) on delete cascade,
    name            text not null check (char_length(name) between 1 and 255),
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default clock_timestamp(),
    unique (organisation_id, id),
    unique (organisation_id, name)
);

-- Identity is (issuer, subject) of a verified token, never the e-mail address. Our own tokens have
-- issuer '' and the user's id as subject.
create table dashboard.user_account (
    id              uuid primary key default gen_random_uuid(),
    organisation_id uuid not null references dashboard.organisation (id) on delete cascade,
    issuer          text not null default '' check (char_length(issuer) <= 2048),
    subject         text not null check (char_length(subject) between 1 and 255),
    email           text not null
                    check (char_length(email) between 3 and 320 and email like '%_@_%'),
    name            text not null default '' check (char_length(name) <= 255),
    disabled_at     timestamptz,
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default clock_timestamp(),
    unique (issuer, subject),
    unique (organisation_id, id)
);
-- The address comes first: login looks for it before it knows the organisation.
create unique index user_account_email on dashboard.user_account (lower(email), organisation_id);

create function dashboard.default_subject() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $default_subject$
begin
    if new.subject is null then
        new.subject := new.id::text;
    end if;
    return new;
end
$default_subject$;

create trigger default_subject before insert on dashboard.user_account
    for each row execute function dashboard.default_subject();

create table dashboard.membership (
    organisation_id uuid not null,
    workspace_id    uuid not null,
    user_id         uuid not null,
    role            text not null check (role in ('super_admin', 'admin', 'analyst', 'viewer')),
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default clock_timestamp(),
    primary key (user_id, workspace_id),
    foreign key (organisation_id, workspace_id)
        references dashboard.workspace (organisation_id, id) on delete cascade,
    foreign key (organisation_id, user_id)
        references dashboard.user_account (organisation_id, id) on delete cascade
);
create index membership_workspace on dashboard.membership (workspace_id);

create table dashboard.facility (
    id              uuid primary key default gen_random_uuid(),
    organisation_id uuid not null references dashboard.organisation (id) on delete cascade,
    code            text not null check (char_length(code) between 1 and 64),
    name            text not null check (char_length(name) between 1 and 255),
    metadata        jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default clock_timestamp(),
    unique (organisation_id, id),
    unique (organisation_id, code)
);

create table dashboard.facility_grant (
    organisation_id uuid not null,
    facility_id     uuid not null,
    user_id         uuid not null,
    created_at      timestamptz not null default clock_timestamp(),
    primary key (user_id, facility_id),
    foreign key (organisation_id, facility_id)
        references dashboard.facility (organisation_id, id) on delete cascade,
    foreign key (organisation_id, user_id)
        references dashboard.user_account (organisation_id, id) on delete cascade
);
create index facility_grant_facility on dashboard.facility_grant (facility_id);

alter table dashboard.organisation enable row level security, force row level security;
create policy tenant on dashboard.organisation to dashboard_owner
    using (id = (select dashboard.current_organisation()))
    with check (id = (select dashboard.current_organisation()));
select dashboard.protect('dashboard.workspace');
select dashboard.protect('dashboard.user_account');
select dashboard.protect('dashboard.membership');
select dashboard.protect('dashboard.facility');
select dashboard.protect('dashboard.facility_grant');
select dashboard.let_identify('dashboard.organisation', 'id', 'slug');
select dashboard.let_identify('dashboard.user_account', 'organisation_id', 'id', 'issuer', 'subject',
                              'email', 'disabled_at');
select dashboard.let_identify('dashboard.membership', 'organisation_id', 'user_id', 'role');

do $triggers$
declare
    t text;
begin
    foreach t in array array['organisation', 'workspace', 'user_account', 'membership', 'facility']
    loop
        execute format('create trigger touch before update on dashboard.%I '
                       'for each row execute function dashboard.touch()', t);
    end loop;
end
$triggers$;

commit;
