-- Deploy dashboard:functions/auth to pg
-- requires: functions/gate
--
-- login, refresh, logout, forgot_password, reset_password. None of them tells whether an address, a
-- user or an organisation exists: what is refused is refused in the same words after the same work.

begin;
set local role dashboard_owner;

-- Passwords --------------------------------------------------------------------------------------

-- What bcrypt is given instead of the password, of which it would read 72 bytes and none behind a
-- NUL. One password typed in two forms of Unicode is one (RFC 8265, section 4.2).
create function dashboard.password_digest(password text) returns text
language sql stable
as $password_digest$
    select encode(sha256(convert_to(normalize(password, nfc), 'UTF8')), 'base64')
$password_digest$;

create function dashboard.new_salt() returns text
language plpgsql volatile
as $new_salt$
begin
    return (select public.gen_salt('bf', (s.value #>> '{}')::integer)
            from dashboard.setting as s
            where s.name = 'password_cost');
end
$new_salt$;

-- Whether the password is the one behind hash. Takes as long for no hash at all, and is false then.
create function dashboard.is_password(password text, hash text) returns boolean
language plpgsql volatile
as $is_password$
declare
    found_hash text := public.crypt(dashboard.password_digest(password),
                                    coalesce(hash, dashboard.new_salt()));
begin
    return coalesce(found_hash = hash, false);
end
$is_password$;

-- Gives a user a password of 8 to 1024 characters. For reset_password, and for operators in psql.
create function dashboard.set_password(user_id uuid, password text) returns void
language plpgsql volatile
as $set_password$
begin
    if char_length(password) not between 8 and 1024 then
        raise exception 'a password has 8 to 1024 characters' using errcode = 'check_violation';
    end if;
    insert into dashboard.password as p (organisation_id, user_id, hash)
    select u.organisation_id, u.id,
           public.crypt(dashboard.password_digest(set_password.password), dashboard.new_salt())
    from dashboard.user_account as u
    where u.id = set_password.user_id
    on conflict on constraint password_pkey do update set hash = excluded.hash;
    if not found then
        raise exception 'there is no such user' using errcode = 'no_data_found';
    end if;
end
$set_password$;

-- Tokens and who they are for --------------------------------------------------------------------

-- 256 random bits as base64url (RFC 4648, section 5).
create function dashboard.new_token() returns text
language sql volatile
as $new_token$
    select rtrim(translate(encode(public.gen_random_bytes(32), 'base64'), '+/', '-_'), '=')
$new_token$;

create function dashboard.token_hash(token text) returns bytea
language sql immutable
as $token_hash$
    select sha256(convert_to(token, 'UTF8'))
$token_hash$;

-- The users of our own (those with another issuer have their passwords there) with an e-mail
-- address, in one organisation, named by id or slug, or in all.
create function dashboard.users_with_address(address text, organisation text)
returns table (organisation_id uuid, user_id uuid)
language sql stable
as $users_with_address$
    select u.organisation_id, u.id
    from dashboard.user_account as u
    join dashboard.organisation as o on o.id = u.organisation_id
    where lower(u.email) = lower(address)
      and u.issuer = ''
      and (organisation is null
           or o.slug = lower(organisation)
           or o.id::text = lower(organisation))
$users_with_address$;
select dashboard.give_to_identity('dashboard.users_with_address(text, text)');

-- Whose a refresh token is, good or not.
create function dashboard.whose_refresh_token(given bytea)
returns table (organisation_id uuid, user_id uuid)
language sql stable
as $whose_refresh_token$
    select s.organisation_id, s.user_id
    from dashboard.refresh_token as t
    join dashboard.session as s on s.organisation_id = t.organisation_id and s.id = t.session_id
    where t.hash = given
$whose_refresh_token$;
select dashboard.give_to_identity('dashboard.whose_refresh_token(bytea)');

-- Whose the token of a password's reset is, good or not.
create function dashboard.whose_reset(given bytea)
returns table (organisation_id uuid, user_id uuid)
language sql stable
as $whose_reset$
    select r.organisation_id, r.user_id
    from dashboard.password_reset as r
    where r.hash = given
$whose_reset$;
select dashboard.give_to_identity('dashboard.whose_reset(bytea)');

-- For audit rows: what was given as an address, unless it is none. People type their password
-- there.
create function dashboard.given_address(body jsonb) returns jsonb
language sql immutable
as $given_address$
    select jsonb_build_object(
        'email', case when body ->> 'email' ~ '^[^@[:space:]]+@[^@[:space:]]+$'
                      then body ->> 'email'
                 end)
$given_address$;

-- The caller that a user becomes who has proved to be one without a token of ours.
create function dashboard.caller_of(u dashboard.user_account) returns dashboard.caller
language plpgsql stable
as $caller_of$
declare
    caller dashboard.caller;
begin
    caller.user_id := u.id;
    caller.organisation_id := u.organisation_id;
    return caller;
end
$caller_of$;

-- Nobody whose identity is known, in an organisation, or in none.
create function dashboard.nobody_in(organisation uuid) returns dashboard.caller
language plpgsql immutable
as $nobody_in$
declare
    caller dashboard.caller;
begin
    caller.organisation_id := organisation;
    return caller;
end
$nobody_in$;

-- Sessions ---------------------------------------------------------------------------------------

-- What the server signs an access token for. The refresh token is in here and nowhere else.
create function dashboard.session_answer(
    request jsonb, s dashboard.session, subject text, refresh_token text) returns api.answer
language sql stable
as $session_answer$
    select (200, null, null, null, null, null, null,
            json_build_object(
                'subject', subject,
                'session', s.id,
                'refresh_token', refresh_token,
                'expires_in', least((request #>> '{limits,access_seconds}')::integer, r.seconds),
                'refresh_expires_in', r.seconds)::text)::api.answer
    from (select ceil(extract(epoch from s.expires_at - clock_timestamp()))::integer) as r (seconds)
$session_answer$;

create function dashboard.add_refresh_token(s dashboard.session) returns text
language plpgsql volatile
as $add_refresh_token$
declare
    token text := dashboard.new_token();
begin
    insert into dashboard.refresh_token (hash, organisation_id, session_id)
    values (dashboard.token_hash(token), s.organisation_id, s.id);
    return token;
end
$add_refresh_token$;

-- Ends the user's sessions, or those of them that are named, and says how many there were to end.
-- Locked in one order, so that two who end them at once do not wait for each other in a circle.
create function dashboard.end_sessions(
    caller dashboard.caller, request jsonb, whose uuid, how text, named uuid[] default null)
returns integer
language plpgsql volatile
as $end_sessions$
declare
    ended integer;
begin
    perform
    from dashboard.session as s
    where s.user_id = whose and s.ended_at is null and (named is null or s.id = any (named))
    order by s.id
    for no key update;

    update dashboard.session as s
    set ended_at = clock_timestamp(), ended_by = how
    where s.user_id = whose and s.ended_at is null and (named is null or s.id = any (named));
    get diagnostics ended = row_count;

    if ended > 0 then
        perform dashboard.announce(
            caller, null, 'session.end', array['access:' || whose],
            jsonb_build_object('user_id', whose, 'sessions', ended, 'how', how,
                               'correlation_id', request -> 'correlation_id'));
    end if;
    return ended;
end
$end_sessions$;

-- Operations -------------------------------------------------------------------------------------

-- POST /auth/login. An unknown address, one that several organisations know, a wrong password and a
-- disabled user are one answer after one bcrypt.
create function api.login(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $login$
declare
    organisations uuid[];
    users         uuid[];
    who           dashboard.user_account;
    hash          text;
    matches       boolean;
    session       dashboard.session;
begin
    select array_agg(f.organisation_id), array_agg(f.user_id)
    into organisations, users
    from (select u.*
          from dashboard.users_with_address(body ->> 'email', body ->> 'organisation') as u
          limit 2) as f;
    -- Whom it is about, not yet who it is: without the password nothing but a refusal comes of it.
    perform dashboard.enter(null, null);
    if cardinality(users) = 1 then
        perform dashboard.enter(organisations[1], users[1]);
        select u.* into who from dashboard.user_account as u where u.id = users[1];
        select p.hash into hash from dashboard.password as p where p.user_id = who.id;
    end if;
    matches := dashboard.is_password(body ->> 'password', hash);
    if not matches or who.disabled_at is not null then
        perform dashboard.audit(
            dashboard.nobody_in(who.organisation_id), request, 'login', 'user', who.id, null, null,
            '[]', 'failure', dashboard.given_address(body));
        return dashboard.failure(401, 'UNAUTHENTICATED',
                                 'The e-mail address, the password or the organisation is wrong');
    end if;

    -- The cost may have been raised since the password was set.
    if left(hash, 7) <> left(dashboard.new_salt(), 7) then
        perform dashboard.set_password(who.id, body ->> 'password');
    end if;
    delete from dashboard.session as s where s.user_id = who.id and s.expires_at <= now();
    insert into dashboard.session (organisation_id, user_id, address, expires_at)
    values (who.organisation_id, who.id, dashboard.client_address(request),
            clock_timestamp() + make_interval(
                secs => (request #>> '{limits,refresh_seconds}')::integer))
    returning * into session;
    perform dashboard.audit(
        dashboard.caller_of(who), request, 'login', 'user', who.id, null, null, '[]', 'success',
        jsonb_build_object('session_id', session.id));
    return dashboard.session_answer(request, session, who.subject,
                                    dashboard.add_refresh_token(session));
end
$login$;

-- POST /auth/refresh. Tokens rotate; one that comes a second time ends its session at once, whoever
-- came first (RFC 9700, section 4.14.2). Of two at the same moment the lock makes one the second:
-- there is no time in which a copied token would be good.
create function api.refresh(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $refresh$
declare
    given   bytea := dashboard.token_hash(body ->> 'refresh_token');
    refusal api.answer := dashboard.failure(401, 'UNAUTHENTICATED',
                                            'The refresh token is not valid, or not any more');
    session dashboard.session;
    who     dashboard.user_account;
begin
    perform dashboard.enter(null, null);
    perform dashboard.enter(t.organisation_id, t.user_id)
    from dashboard.whose_refresh_token(given) as t;
    select s.*
    into session
    from dashboard.session as s
    where (s.organisation_id, s.id) = (select t.organisation_id, t.session_id
                                       from dashboard.refresh_token as t
                                       where t.hash = given)
    for no key update;
    if session.ended_at is not null or (session.expires_at <= clock_timestamp()) is not false then
        return refusal;
    end if;

    update dashboard.refresh_token as t
    set used_at = clock_timestamp()
    where t.hash = given and t.used_at is null;
    if not found then
        perform dashboard.end_sessions(dashboard.nobody_in(session.organisation_id), request,
                                       session.user_id, 'reuse', array[session.id]);
        perform dashboard.audit(
            dashboard.nobody_in(session.organisation_id), request, 'refresh', 'session', session.id,
            null, null, '[]', 'denied',
            jsonb_build_object('user_id', session.user_id, 'reuse', true));
        return refusal;
    end if;

    select u.*
    into who
    from dashboard.user_account as u
    where u.id = session.user_id and u.disabled_at is null;
    if who.id is null then
        return refusal;
    end if;
    update dashboard.session as s
    set refreshed_at = clock_timestamp()
    where s.id = session.id;
    perform dashboard.audit(dashboard.caller_of(who), request, 'refresh', 'session', session.id,
                            null, null, '[]', 'success');
    return dashboard.session_answer(request, session, who.subject,
                                    dashboard.add_refresh_token(session));
end
$refresh$;

-- POST /auth/logout: ends the session of the access token, and the refresh token's when it is one
-- of the caller's.
create function api.logout(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $logout$
declare
    caller dashboard.caller := dashboard.identify(request);
    ended  integer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    ended := dashboard.end_sessions(
        caller, request, caller.user_id, 'logout',
        array(select (request ->> 'session')::uuid
              union
              select t.session_id
              from dashboard.refresh_token as t
              where t.hash = dashboard.token_hash(body ->> 'refresh_token')));
    perform dashboard.audit(
        caller, request, 'logout', 'user', caller.user_id, null, null, '[]', 'success',
        jsonb_build_object('session_id', request -> 'session', 'sessions', ended));
    return (204, null, null, null, null, null, null, null)::api.answer;
end
$logout$;

-- POST /auth/forgot-password: one answer whether the address is known or not; both commit an audit
-- row, which is most of the work. Whoever is asked for again and again gets no more than five mails
-- in the half hour that a token is good. A user who never had a password gets their first in this
-- way.
create function api.forgot_password(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $forgot_password$
declare
    place   record;
    who     dashboard.user_account;
    token   text;
    expires timestamptz := clock_timestamp() + interval '30 minutes';
    known   boolean := false;
    mails   jsonb := jsonb '[]';
begin
    perform dashboard.enter(null, null);
    for place in
        select u.organisation_id, u.user_id
        from dashboard.users_with_address(body ->> 'email', body ->> 'organisation') as u
    loop
        perform dashboard.enter(place.organisation_id, place.user_id);
        select u.*
        into who
        from dashboard.user_account as u
        where u.id = place.user_id and u.disabled_at is null;
        continue when not found;
        known := true;
        delete from dashboard.password_reset as r
        where r.user_id = who.id and r.expires_at <= now();
        if (select count(*) from dashboard.password_reset as r where r.user_id = who.id) < 5 then
            token := dashboard.new_token();
            insert into dashboard.password_reset (hash, organisation_id, user_id, expires_at)
            values (dashboard.token_hash(token), who.organisation_id, who.id, expires);
            insert into dashboard.outbox
                (organisation_id, user_id, kind, recipient, payload, expires_at)
            values (who.organisation_id, who.id, 'password_reset', who.email,
                    jsonb_build_object('name', who.name, 'token', token), expires);
            mails := mails || jsonb_build_object(
                'organisation_id', who.organisation_id, 'recipient', who.email, 'token', token);
        end if;
        perform dashboard.audit(
            dashboard.nobody_in(who.organisation_id), request, 'forgot_password', 'user', who.id,
            null, null, '[]', 'success', dashboard.given_address(body));
    end loop;
    if not known then
        perform dashboard.enter(null, null);
        perform dashboard.audit(
            dashboard.nobody_in(null), request, 'forgot_password', 'user', null, null, null, '[]',
            'failure', dashboard.given_address(body));
    end if;
    return (202, null, null, null, null, null, null,
            jsonb_build_object('data', jsonb_build_object('status', 'accepted') || case
                when (request -> 'debug')::boolean then jsonb_build_object('debug', mails)
                else '{}'
            end)::text)::api.answer;
end
$forgot_password$;

-- POST /auth/reset-password: the token of the mail, once. Whoever knew the old password is out: all
-- sessions end, and no other token of the user's is good any more.
create function api.reset_password(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $reset_password$
declare
    who    dashboard.user_account;
    caller dashboard.caller;
    ended  integer;
begin
    perform dashboard.enter(t.organisation_id, t.user_id)
    from dashboard.whose_reset(dashboard.token_hash(body ->> 'token')) as t;
    update dashboard.password_reset as r
    set used_at = clock_timestamp()
    from dashboard.user_account as u
    where r.hash = dashboard.token_hash(body ->> 'token')
      and r.used_at is null
      and r.expires_at > clock_timestamp()
      and u.organisation_id = r.organisation_id
      and u.id = r.user_id
      and u.disabled_at is null
    returning u.* into who;
    if who.id is null then
        perform dashboard.enter(null, null);
        perform dashboard.audit(dashboard.nobody_in(null), request, 'reset_password', 'user', null,
                                null, null, '[]', 'failure');
        return dashboard.invalid('/token', 'is not valid, or not any more');
    end if;

    caller := dashboard.caller_of(who);
    perform dashboard.set_password(who.id, body ->> 'password');
    update dashboard.password_reset as r
    set used_at = clock_timestamp()
    where r.user_id = who.id and r.used_at is null;
    ended := dashboard.end_sessions(caller, request, who.id, 'reset');
    perform dashboard.audit(caller, request, 'reset_password', 'user', who.id, null, null, '[]',
                            'success', jsonb_build_object('sessions', ended));
    return (204, null, null, null, null, null, null, null)::api.answer;
end
$reset_password$;

commit;
