-- Deploy dashboard:events to pg
-- requires: tenancy
--
-- The log of events: written in the transaction of the change, announced by one NOTIFY.
-- Ids are not the order of commit: who reads on from a position must compare xid with
-- pg_snapshot_xmin(pg_current_snapshot()), below which nothing is still under way.
-- No foreign key to the organisation: every writer of a tenant would lock that one row.

begin;
set local role dashboard_owner;

create table dashboard.event (
    id              bigint generated always as identity primary key,
    organisation_id uuid not null,
    workspace_id    uuid,
    kind            text not null check (char_length(kind) between 1 and 64),
    tags            text[] not null default '{}',
    payload         jsonb not null default '{}' check (jsonb_typeof(payload) = 'object'),
    xid             xid8 not null default pg_current_xact_id(),
    created_at      timestamptz not null default clock_timestamp()
);
create index event_created_at on dashboard.event (created_at);

select dashboard.protect('dashboard.event');

commit;
