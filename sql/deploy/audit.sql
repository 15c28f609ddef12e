-- Deploy dashboard:audit to pg
-- requires: tenancy
--
-- Who did, or tried to do, what, when and from where. No foreign keys: a row outlives what it is
-- about, and every writer of a tenant would lock the organisation's one row.

begin;
set local role dashboard_owner;

create table dashboard.audit (
    id              bigint generated always as identity primary key,
    organisation_id uuid not null,
    workspace_id    uuid,
    actor_id        uuid not null,
    action          text not null check (char_length(action) between 1 and 64),
    operation       text not null, -- operationId of api/openapi.yaml
    resource        text not null check (resource in ('dashboard', 'widget')),
    resource_id     uuid,
    version         bigint, -- of the resource, after a success; the current one in a conflict
    -- [{"op", "path", "value", "old"}, ...]: JSON Patch (RFC 6902) with the old value added
    changes         jsonb not null default '[]' check (jsonb_typeof(changes) = 'array'),
    correlation_id  text,
    address         inet,
    outcome         text not null check (outcome in ('success', 'conflict', 'denied')),
    created_at      timestamptz not null default clock_timestamp()
);
create index audit_by_organisation on dashboard.audit (organisation_id, created_at, id);
create index audit_by_resource on dashboard.audit (organisation_id, resource_id, id);

commit;
