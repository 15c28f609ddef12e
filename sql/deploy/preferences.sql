-- Deploy dashboard:preferences to pg
-- requires: tenancy

begin;
set local role dashboard_owner;

-- What a front end keeps for a user. Who has kept nothing yet has no row, which counts as version
-- 0.
create table dashboard.preferences (
    organisation_id uuid not null,
    user_id         uuid primary key,
    preferences     jsonb not null
                    check (jsonb_typeof(preferences) = 'object'
                           and octet_length(preferences::text) <= 65536),
    version         bigint not null default 1 check (version >= 1),
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default clock_timestamp(),
    foreign key (organisation_id, user_id)
        references dashboard.user_account (organisation_id, id) on delete cascade
);

create trigger touch before update on dashboard.preferences
    for each row execute function dashboard.touch();

select dashboard.protect('dashboard.preferences', 'personal');

commit;
