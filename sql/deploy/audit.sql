-- Deploy dashboard:audit to pg
-- requires: tenancy
--
-- Who did, or tried to do, what, when and from where. No foreign keys: a row outlives what it is
-- about, and every writer of a tenant would lock the organisation's one row.

begin;
set local role dashboard_owner;

create table dashboard.audit (
    id              bigint generated always as identity primary key,
    organisation_id uuid not null, -- all zeros: nobody's, as a login with an unknown address
    workspace_id    uuid,
    actor_id        uuid,          -- null: nobody whose identity was proved
    action          text not null check (char_length(action) between 1 and 64),
    operation       text not null, -- operationId of api/openapi.yaml
    resource        text not null
                    check (resource in ('dashboard', 'widget', 'user', 'session', 'api_key',
                                        'query', 'preferences')),
    resource_id     uuid,
    version         bigint, -- of the resource, after a success; the current one in a conflict
    -- [{"op", "path", "value", "old"}, ...]: JSON Patch (RFC 6902) with the old value added
    changes         jsonb not null default '[]' check (jsonb_typeof(changes) = 'array'),
    -- what is no change of the resource, such as the address that a failed login named
    details         jsonb not null default '{}' check (jsonb_typeof(details) = 'object'),
    correlation_id  text,
    address         inet,
    outcome         text not null check (outcome in ('success', 'conflict', 'denied')),
    created_at      timestamptz not null default clock_timestamp()
);
create index audit_by_organisation on dashboard.audit (organisation_id, created_at, id);
create index audit_by_resource on dashboard.audit (organisation_id, resource_id, id);

select dashboard.protect('dashboard.audit');

commit;
