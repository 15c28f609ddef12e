-- Deploy dashboard:audit_chain to pg
-- requires: audit
--
-- The chain that makes a change of the audit trail show. A chain is one lane of an organisation; each
-- has 32. A row carries its lane, its sequence there, and the SHA-256 of its content together with
-- the hash of the row before. The head of a lane says how many rows it has and the newest one's
-- hash, so that the loss of the newest shows as well.
--
-- Writers do not wait for each other: a transaction takes a lane that no other holds and keeps it
-- until it ends, for all rows it leaves. Only the 33rd writer of an organisation at a time waits. A
-- transaction that fails leaves no gap, because row and head go together.

begin;
set local role dashboard_owner;

create table dashboard.audit_head (
    organisation_id uuid not null,
    lane            integer not null check (lane between 0 and 31),
    sequence        bigint not null default 0, -- the newest row's, 0 before there is one
    hash            bytea not null default '', -- the newest row's
    primary key (organisation_id, lane)
) with (fillfactor = 20); -- the room that one update after the other needs on the row's own page

-- Where verification of a lane may begin: the last row of what was detached when the retention time
-- was over. dashboard.audit_detach makes them.
create table dashboard.audit_checkpoint (
    organisation_id uuid not null,
    lane            integer not null,
    sequence        bigint not null,
    hash            bytea not null,
    before          timestamptz not null, -- the older rows were detached
    created_at      timestamptz not null default clock_timestamp(),
    primary key (organisation_id, lane, before)
);
select dashboard.make_append_only('dashboard.audit_checkpoint');

-- A head moves on by one row and in no other way.
create trigger no_truncate before truncate on dashboard.audit_head
    for each statement execute function dashboard.refuse_change();
create trigger no_delete before delete on dashboard.audit_head
    for each row execute function dashboard.refuse_change();
create trigger no_change before update on dashboard.audit_head
    for each row when (new.organisation_id <> old.organisation_id
                       or new.lane <> old.lane
                       or new.sequence <> old.sequence + 1)
    execute function dashboard.refuse_change();
revoke delete, truncate on dashboard.audit_head from dashboard_owner;

-- Lanes ------------------------------------------------------------------------------------------

create function dashboard.add_audit_lanes() returns trigger
language plpgsql
as $add_audit_lanes$
begin
    insert into dashboard.audit_head (organisation_id, lane)
    select new.id, lane from generate_series(0, 31) as lane;
    return null;
end
$add_audit_lanes$;

create trigger audit_lanes after insert on dashboard.organisation
    for each row execute function dashboard.add_audit_lanes();

-- Those of organisations made before this, and nobody's.
insert into dashboard.audit_head (organisation_id, lane)
select o.id, lane
from (select id from dashboard.organisation
      union all
      select '00000000-0000-0000-0000-000000000000') as o,
     generate_series(0, 31) as lane;

select dashboard.protect('dashboard.audit_head');
select dashboard.protect('dashboard.audit_checkpoint');

-- Takes a lane of the organisation's chain for this transaction and returns it: this connection's own
-- or the first after it that is free, and the same again when it has one. A lock that the
-- transaction's end gives back keeps others off it.
create function dashboard.take_audit_lane(organisation uuid) returns integer
language plpgsql volatile
as $take_audit_lane$
declare
    own integer := pg_backend_pid() % 32;
    key integer := hashtext(organisation::text);
begin
    for lane in own .. own + 31 loop
        if pg_try_advisory_xact_lock(key, 1635083264 + lane % 32) then -- 'aud\0' and the lane
            return lane % 32;
        end if;
    end loop;
    perform pg_advisory_xact_lock(key, 1635083264 + own);
    return own;
end
$take_audit_lane$;

-- The hash of an audit row that is a lane's sequence-th, previous being the hash of the row before
-- (none before the first): SHA-256 of that and the row's columns in the order of the table, but for
-- the hash, as PostgreSQL sends a record in binary, which no setting of the session shows in. A
-- column added to the table later comes last, and only where it is not null.
create function dashboard.audit_hash(previous bytea, sequence bigint, a dashboard.audit)
returns bytea
language sql stable
as $audit_hash$
    select sha256(previous || record_send(row(
        a.id, a.organisation_id, a.workspace_id, a.actor_id, a.session_id, a.api_key_id, a.action,
        a.operation, a.resource_type, a.resource_id, a.version, a.changes, a.details,
        a.correlation_id, a.address, a.outcome, a.created_at, a.lane, sequence)))
$audit_hash$;

commit;
