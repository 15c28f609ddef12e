-- Deploy dashboard:auth to pg
-- requires: tenancy
--
-- Passwords, the sessions that a login begins, the tokens that prolong them, resets of passwords,
-- and the mails that carry those. No secret can be read back: passwords are kept as bcrypt, tokens,
-- which are 256 random bits, as SHA-256. The one exception is a mail that has not been sent yet.

begin;
set local role dashboard_owner;

-- What holds for the whole installation.
create table dashboard.setting (
    name       text primary key check (char_length(name) between 1 and 64),
    value      jsonb not null,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp()
);

-- The cost of bcrypt (log2 of its rounds). 12 is a quarter of a second of one core.
insert into dashboard.setting (name, value) values ('password_cost', '12');

-- The key by which values of tagged columns are hashed (docs/data.md): without it nobody can guess a
-- value and compare, and one installation's hashes say nothing about another's.
insert into dashboard.setting (name, value)
values ('mask_key', to_jsonb(encode(public.gen_random_bytes(32), 'hex')));

create table dashboard.password (
    organisation_id uuid not null,
    user_id         uuid primary key,
    hash            text not null check (hash ~ '^\$2a\$[0-9]{2}\$'),
    created_at      timestamptz not null default clock_timestamp(),
    updated_at      timestamptz not null default clock_timestamp(),
    foreign key (organisation_id, user_id)
        references dashboard.user_account (organisation_id, id) on delete cascade
);

-- One login. It ends for good at expires_at, however often it is refreshed.
create table dashboard.session (
    id              uuid primary key default gen_random_uuid(),
    organisation_id uuid not null,
    user_id         uuid not null,
    address         inet, -- where the login came from
    created_at      timestamptz not null default clock_timestamp(),
    refreshed_at    timestamptz not null default clock_timestamp(),
    expires_at      timestamptz not null,
    ended_at        timestamptz,
    ended_by        text check (ended_by in ('logout', 'reuse', 'reset', 'revoked')),
    unique (organisation_id, id),
    check ((ended_at is null) = (ended_by is null)),
    foreign key (organisation_id, user_id)
        references dashboard.user_account (organisation_id, id) on delete cascade
);
create index session_by_user on dashboard.session (user_id, created_at, id);

-- The family of a session: each token can be used once, which makes the next. One that comes again
-- has been copied. Tokens are kept as long as their session, or that could not be told.
create table dashboard.refresh_token (
    hash            bytea primary key check (octet_length(hash) = 32),
    organisation_id uuid not null,
    session_id      uuid not null,
    created_at      timestamptz not null default clock_timestamp(),
    used_at         timestamptz,
    foreign key (organisation_id, session_id)
        references dashboard.session (organisation_id, id) on delete cascade
);
create index refresh_token_by_session on dashboard.refresh_token (session_id);

create table dashboard.password_reset (
    hash            bytea primary key check (octet_length(hash) = 32),
    organisation_id uuid not null,
    user_id         uuid not null,
    created_at      timestamptz not null default clock_timestamp(),
    expires_at      timestamptz not null,
    used_at         timestamptz,
    foreign key (organisation_id, user_id)
        references dashboard.user_account (organisation_id, id) on delete cascade
);
create index password_reset_by_user on dashboard.password_reset (user_id);

-- Mails to be sent. payload is what the template of this kind needs: for password_reset the token,
-- so whoever sends a mail empties it. After expires_at it is not worth sending.
create table dashboard.outbox (
    id              bigint generated always as identity primary key,
    organisation_id uuid not null,
    user_id         uuid,
    kind            text not null check (kind in ('password_reset')),
    recipient       text not null check (char_length(recipient) between 3 and 320),
    payload         jsonb not null default '{}' check (jsonb_typeof(payload) = 'object'),
    created_at      timestamptz not null default clock_timestamp(),
    expires_at      timestamptz,
    sent_at         timestamptz,
    foreign key (organisation_id, user_id)
        references dashboard.user_account (organisation_id, id) on delete cascade
);
create index outbox_unsent on dashboard.outbox (id) where sent_at is null;
create index outbox_by_user on dashboard.outbox (user_id);

create trigger touch before update on dashboard.setting
    for each row execute function dashboard.touch();
create trigger touch before update on dashboard.password
    for each row execute function dashboard.touch();

select dashboard.protect('dashboard.setting', 'common');
select dashboard.protect('dashboard.password', 'personal');
select dashboard.protect('dashboard.session', 'personal');
select dashboard.protect('dashboard.password_reset', 'personal');
select dashboard.protect('dashboard.outbox', 'personal');
-- A token is whose session it belongs to: the table below is read under the session's own policy.
alter table dashboard.refresh_token enable row level security, force row level security;
create policy personal on dashboard.refresh_token to dashboard_owner
    using (organisation_id = (select dashboard.current_organisation())
           and exists (select from dashboard.session as s
                       where s.organisation_id = refresh_token.organisation_id
                         and s.id = refresh_token.session_id));
select dashboard.let_identify('dashboard.session', 'organisation_id', 'user_id', 'id', 'ended_at',
                              'expires_at');
select dashboard.let_identify('dashboard.refresh_token', 'hash', 'organisation_id', 'session_id');
select dashboard.let_identify('dashboard.password_reset', 'hash', 'organisation_id', 'user_id');

commit;
