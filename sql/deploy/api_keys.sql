-- Deploy dashboard:api_keys to pg
-- requires: tenancy
--
-- API keys. A key acts as its owner, and never as more than its owner. The secret cannot be read
-- back: it is 256 random bits, kept as SHA-256.

begin;
set local role dashboard_owner;

create table dashboard.api_key (
    id                 uuid primary key default gen_random_uuid(),
    organisation_id    uuid not null,
    user_id            uuid not null,
    name               text not null check (char_length(name) between 1 and 255),
    hash               bytea not null check (octet_length(hash) = 32),
    previous_hash      bytea check (octet_length(previous_hash) = 32), -- of the secret before the
    previous_until     timestamptz,                                    -- last rotation, till then
    allowed_operations text[] check (cardinality(allowed_operations) between 1 and 100),
    per_minute         integer check (per_minute >= 1), -- null: as many as they like
    per_hour           integer check (per_hour >= 1),
    per_day            integer check (per_day >= 1),
    created_at         timestamptz not null default clock_timestamp(),
    updated_at         timestamptz not null default clock_timestamp(),
    rotated_at         timestamptz,
    last_used_at       timestamptz, -- within a minute
    expires_at         timestamptz,
    revoked_at         timestamptz,
    check ((previous_hash is null) = (previous_until is null)),
    unique (organisation_id, id),
    foreign key (organisation_id, user_id)
        references dashboard.user_account (organisation_id, id) on delete cascade
);
create index api_key_by_user on dashboard.api_key (user_id, created_at, id);

create trigger touch before update on dashboard.api_key
    for each row execute function dashboard.touch();

select dashboard.protect('dashboard.api_key', 'personal');
select dashboard.let_identify('dashboard.api_key', 'organisation_id', 'user_id', 'id', 'hash',
                              'previous_hash', 'previous_until', 'allowed_operations', 'expires_at',
                              'revoked_at');

commit;
