-- Deploy dashboard:queries to pg
-- requires: tenancy
--
-- Stored queries: the only SQL that widgets can name. A trigger (functions/queries) checks params
-- and writes compiled and bindings; both follow sql and params and are never set by hand.

begin;
set local role dashboard_owner;

create table dashboard.query (
    organisation_id uuid not null references dashboard.organisation (id) on delete cascade,
    id              uuid not null default gen_random_uuid(),
    name            text not null check (char_length(name) between 1 and 255),
    source          text not null default 'default' check (char_length(source) between 1 and 255),
    kind            text not null default 'sql'
                    check (kind in ('sql', 'materialized_view', 'metric')),
    sql             text not null check (char_length(sql) between 1 and 100000),
    -- [{"name", "type", "required", "default", "enum"}, ...]
    params          jsonb not null default '[]' check (jsonb_typeof(params) = 'array'),
    compiled        text not null,   -- sql with $1::type in place of :name
    bindings        text[] not null, -- the names that $1, $2, ... stand for
    -- the relations of schema data behind it, found by a trigger (functions/protection)
    reads           name[] not null default '{}',
    timeout_ms      integer check (timeout_ms between 1 and 600000),
    cache_ttl       integer check (cache_ttl between 0 and 3600), -- seconds
    version         bigint not null default 1 check (version >= 1),
    created_by      uuid,
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default clock_timestamp(),
    primary key (organisation_id, id),
    foreign key (organisation_id, created_by)
        references dashboard.user_account (organisation_id, id)
);
create index query_by_name on dashboard.query (organisation_id, name, id);

create trigger touch before update on dashboard.query
    for each row execute function dashboard.touch();

select dashboard.protect('dashboard.query');

commit;
