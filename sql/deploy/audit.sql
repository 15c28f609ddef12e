-- Deploy dashboard:audit to pg
-- requires: tenancy
--
-- Who did, or tried to do, what, when and from where. No foreign keys: a row outlives what it is
-- about, and every writer of a tenant would lock the organisation's one row. Rows are added and
-- never changed: each is chained to the one before (audit_chain).

begin;
set local role dashboard_owner;

-- One row a request that is on record; dashboard.audit(...) in functions/record writes it.
create sequence dashboard.audit_id;
create table dashboard.audit (
    id              bigint not null default nextval('dashboard.audit_id'),
    organisation_id uuid not null, -- all zeros: nobody's, as a login with an unknown address
    workspace_id    uuid,
    actor_id        uuid,          -- null: nobody whose identity was proved
    session_id      uuid,          -- by which session the actor came, when by one
    api_key_id      uuid,          -- or by which API key
    action          text not null check (char_length(action) between 1 and 64),
    operation       text not null, -- operationId of api/openapi.yaml
    resource_type   text not null check (resource_type ~ '^[a-z][a-z_]{0,31}$'),
    resource_id     uuid,
    version         bigint, -- of the resource, after a success; the current one in a conflict
    -- [{"op", "path", "value", "old"}, ...]: JSON Patch (RFC 6902) with the old value added
    changes         jsonb not null default '[]' check (jsonb_typeof(changes) = 'array'),
    -- what is no change of the resource, such as the address that a failed login named
    details         jsonb not null default '{}' check (jsonb_typeof(details) = 'object'),
    correlation_id  text,
    address         inet,
    -- conflict: somebody was faster. denied: the actor may not. failure: it was tried in vain, as a
    -- login with a wrong password.
    outcome         text not null check (outcome in ('success', 'conflict', 'denied', 'failure')),
    created_at      timestamptz not null default clock_timestamp(),
    -- its place in the chain, and its hash: dashboard.audit_hash
    lane            integer not null check (lane between 0 and 31),
    sequence        bigint not null check (sequence > 0),
    hash            bytea not null check (octet_length(hash) = 32),
    primary key (organisation_id, created_at, id)
) partition by range (created_at);
alter sequence dashboard.audit_id owned by dashboard.audit.id;

-- What list_audit selects by. Nearly all rows are successes: the index of outcomes leaves them out.
create index audit_by_workspace on dashboard.audit (workspace_id, created_at, id);
create index audit_by_actor on dashboard.audit (organisation_id, actor_id, created_at, id);
create index audit_by_action on dashboard.audit (organisation_id, action, created_at, id);
create index audit_by_resource on dashboard.audit (organisation_id, resource_id, created_at, id);
create index audit_by_type on dashboard.audit (organisation_id, resource_type, created_at, id);
create index audit_by_correlation on dashboard.audit (organisation_id, correlation_id);
create index audit_by_outcome on dashboard.audit (organisation_id, outcome, created_at, id)
    where outcome <> 'success';

-- Append-only ------------------------------------------------------------------------------------

-- A trigger that refuses what it fires for, to everybody, the owner and superusers included.
create function dashboard.refuse_change() returns trigger
language plpgsql
as $refuse_change$
begin
    raise exception '% of %: the audit trail is append-only', tg_op, tg_relid::regclass
        using errcode = 'insufficient_privilege';
end
$refuse_change$;

-- Makes a table, or a partition of one, append-only. A partition has the row trigger from its
-- parent, but TRUNCATE knows only the triggers of the very table it names. Row-level security
-- without a policy closes the way around the parent's policies.
create function dashboard.make_append_only(of regclass) returns void
language plpgsql volatile
as $make_append_only$
declare
    partition boolean := (select c.relispartition from pg_class as c where c.oid = of);
begin
    execute format('revoke update, delete, truncate on %s from dashboard_owner', of);
    execute format('create trigger no_truncate before truncate on %s '
                   'for each statement execute function dashboard.refuse_change()', of);
    if partition then
        execute format('alter table %s enable row level security, force row level security', of);
    else
        execute format('create trigger no_change before update or delete on %s '
                       'for each row execute function dashboard.refuse_change()', of);
    end if;
end
$make_append_only$;

select dashboard.make_append_only('dashboard.audit');

-- Partitions -------------------------------------------------------------------------------------

-- What no month's partition takes is kept here: nothing is lost when nobody made partitions.
create table dashboard.audit_default partition of dashboard.audit default;
select dashboard.make_append_only('dashboard.audit_default');

-- Makes the partitions of the current month (in UTC) and of so many after it, where they are
-- missing, and returns how many it made. To be run now and then by a superuser, whom row-level
-- security leaves alone; anybody else is refused. A month of which the default partition holds rows
-- already stays there as a whole.
-- Each partition is made on its own and then attached, which holds up readers for a moment and
-- writers not at all; what cannot get its lock within 5 seconds fails, to be tried again.
create function dashboard.audit_partitions(ahead integer default 24) returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set row_security = off
set lock_timeout = '5s'
set timezone = 'UTC'
as $audit_partitions$
declare
    name  text;
    first timestamptz;
    made  integer := 0;
begin
    for month in 0 .. ahead loop
        first := date_trunc('month', now()) + make_interval(months => month);
        name := to_char(first, '"audit_"YYYY_MM');
        continue when to_regclass('dashboard.' || name) is not null
                   or exists (select from dashboard.audit as a
                              where a.created_at >= first
                                and a.created_at < first + interval '1 month');
        execute format('create table dashboard.%I '
                       '(like dashboard.audit including defaults including constraints)', name);
        execute format('alter table dashboard.audit attach partition dashboard.%I '
                       'for values from (%L) to (%L)', name, first, first + interval '1 month');
        execute format('alter table dashboard.%I owner to dashboard_owner', name);
        perform dashboard.make_append_only(format('dashboard.%I', name)::regclass);
        made := made + 1;
    end loop;
    return made;
end
$audit_partitions$;

select dashboard.audit_partitions() as partitions;

select dashboard.protect('dashboard.audit');

commit;
