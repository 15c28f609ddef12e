-- Logging in, tokens that rotate, ends of sessions, resets of passwords; and who knows of what.

begin;
\ir lib/helpers.sql
select no_plan();

-- Calls of the operations that take no identity, with the limits that the server passes.
create function test.auth(operation text, body jsonb, extra jsonb default '{}') returns api.answer
language sql
as $auth$
    select test.call(operation, '', body => body, extra => jsonb_build_object(
        'session', null, 'debug', false,
        'limits', '{"access_seconds": 900, "refresh_seconds": 2592000}'::jsonb) || extra)
$auth$;

create function test.login(who text, extra jsonb default '{}') returns jsonb
language sql
as $login$
    select (test.auth('login', jsonb_build_object(
        'email', who || '@demo.example', 'password', format('password of %s@demo.example', who)),
        extra)).body::jsonb
$login$;

create function test.refresh(session jsonb) returns api.answer
language sql
as $refresh$
    select test.auth('refresh', jsonb_build_object('refresh_token', session -> 'refresh_token'))
$refresh$;

-- The status of a read with the access token of a session.
create function test.read(who text, session jsonb) returns integer
language sql
as $read$
    select (test.call('list_dashboards', who,
                      extra => jsonb_build_object('session', session -> 'session'))).status
$read$;

create function test.audited(since bigint) returns text
language sql
as $audited$
    select string_agg(format('%s %s %s %s', a.action, coalesce(right(a.actor_id::text, 3), '-'),
                             coalesce(right(a.resource_id::text, 3), '-'), a.outcome), ', '
                      order by a.id)
    from dashboard.audit as a where a.id > since and a.resource_type in ('user', 'session')
$audited$;

create function test.last_audit() returns bigint
language sql
as $last_audit$
    select coalesce(max(a.id), 0) from dashboard.audit as a
$last_audit$;

create temporary table kept (name text primary key, session jsonb);
grant select on kept to public;

-- login ------------------------------------------------------------------------------------------

insert into kept values ('first', test.login('analyst'));
select is(k.session ->> 'subject', test.user_id('analyst'), 'a login says who it is')
from kept as k;
select is(k.session - '{subject,session,refresh_token}'::text[],
          '{"expires_in": 900, "refresh_expires_in": 2592000}', 'and how long it is good')
from kept as k;
select matches(k.session ->> 'refresh_token', '^[A-Za-z0-9_-]{43}$', 'a token is 256 bits')
from kept as k;
select is(test.read('analyst', k.session), 200, 'the session is good') from kept as k;
select is(test.read('viewer', k.session), 401, 'but not for another subject') from kept as k;
select is(test.read('analyst', jsonb_build_object('session', test.id('999'))), 401,
          'a session that there is not is none');
select is(test.outcome(test.auth('login', jsonb_build_object(
    'email', 'ANALYST@demo.example', 'password', 'password of analyst@demo.example',
    'organisation', o))), coalesce(wanted, '200'), 'organisation: ' || coalesce(o, 'none'))
from (values (null, null), ('demo', null), ('DEMO', null), (test.id('001')::text, null),
             ('elsewhere', '401 UNAUTHENTICATED'), (test.id('002')::text, '401 UNAUTHENTICATED'),
             ('nowhere', '401 UNAUTHENTICATED')) as c (o, wanted);

-- What is refused, and that nobody can tell why.
select results_eq(
    format('select a.* from (values %s) as c (body), test.auth(%L, body) as a', concat_ws(', ',
        '(''{"email": "analyst@demo.example", "password": "wrong password"}''::jsonb)',
        '(''{"email": "analyst@demo.example", "password": ""}'')',
        '(''{"email": "unknown@demo.example", "password": "password of unknown@demo.example"}'')',
        '(''{"email": "disabled@demo.example", "password": "password of disabled@demo.example"}'')',
        '(''{"email": "disabled@demo.example", "password": "wrong"}'')',
        '(''{"email": "not an address", "password": "wrong"}'')'), 'login'),
    'select a.* from generate_series(1, 6),
         test.auth(''login'', ''{"email": "analyst@demo.example", "password": "x"}'') as a',
    'a wrong password, an unknown address and a disabled user are one answer');

insert into dashboard.user_account (id, organisation_id, email)
values (test.id('202'), test.id('002'), 'analyst@demo.example');
select dashboard.set_password(test.id('202'), 'another password');
select is(test.outcome(test.auth('login', '{"email": "analyst@demo.example",
                                            "password": "another password"}')),
          '401 UNAUTHENTICATED', 'an address of two organisations is nobody''s without one');
select is((test.auth('login', '{"email": "analyst@demo.example", "password": "another password",
                                "organisation": "elsewhere"}')).body::jsonb ->> 'subject',
          test.id('202')::text, 'and with one the user''s there');
delete from dashboard.user_account where id = test.id('202');

update dashboard.user_account set issuer = 'https://elsewhere.example'
where email = 'viewer@demo.example';
select is(test.login('viewer') ->> 'session', null, 'who has another issuer logs in there');
update dashboard.user_account set issuer = '' where email = 'viewer@demo.example';

-- Passwords --------------------------------------------------------------------------------------

select ok(not exists (select from dashboard.password as p, dashboard.user_account as u
                      where u.id = p.user_id and p.hash = public.crypt('password of ' || u.email,
                                                                       p.hash)),
          'it is not the password itself that bcrypt was given');
select dashboard.set_password(test.id('103'), repeat('x', 100) || 'a');
select ok(not dashboard.is_password(repeat('x', 100) || 'b', p.hash)
          and dashboard.is_password(repeat('x', 100) || 'a', p.hash),
          'all of a long password counts')
from dashboard.password as p where p.user_id = test.id('103');
select dashboard.set_password(test.id('103'), U&'p\00e4ssword');
select ok(dashboard.is_password(U&'pa\0308ssword', p.hash),
          'a password is the same in both forms of Unicode')
from dashboard.password as p where p.user_id = test.id('103');
select throws_ok(format('select dashboard.set_password(%L, %L)', test.id('103'), p), '23514', null,
                 format('a password of %s characters is refused', char_length(p)))
from unnest(array['', '1234567', repeat('x', 1025)]) as p;
select throws_ok(format('select dashboard.set_password(%L, %L)', test.id('999'), 'password'),
                 'P0002', null, 'as is one for a user that there is not');
select lives_ok(format('select dashboard.set_password(%L, %L)', test.id('103'), p),
                format('a password of %s characters is taken', char_length(p)))
from unnest(array['12345678', repeat('x', 1024), 'password of viewer@demo.example']) as p;

update dashboard.setting set value = '5' where name = 'password_cost';
select is(substr(p.hash, 5, 2), '04', 'a password is hashed at the cost of its time')
from dashboard.password as p where p.user_id = test.id('103');
do $$ begin perform test.login('viewer'); end $$;
select is(substr(p.hash, 5, 2), '05', 'and again at its user''s next login')
from dashboard.password as p where p.user_id = test.id('103');
select ok(test.login('viewer') ? 'session', 'which is still the same password');
update dashboard.setting set value = '4' where name = 'password_cost';

-- refresh ----------------------------------------------------------------------------------------

insert into kept
select 'second', (test.refresh(session)).body::jsonb from kept where name = 'first';
select is(s.session -> 'session', f.session -> 'session', 'a refreshed session is the same')
from kept as f, kept as s where f.name = 'first' and s.name = 'second';
select isnt(s.session -> 'refresh_token', f.session -> 'refresh_token', 'with another token')
from kept as f, kept as s where f.name = 'first' and s.name = 'second';
select ok(s.session ->> 'refresh_expires_in' <= '2592000', 'and ends when it would have ended')
from kept as s where s.name = 'second';
insert into kept
select 'third', (test.refresh(session)).body::jsonb from kept where name = 'second';
insert into kept select 'other', test.login('analyst');
select is(test.read('analyst', session), 200, 'so far it is good') from kept where name = 'third';

create temporary table mark as select test.last_audit() as id;
select is(test.outcome(test.refresh(session)), '401 UNAUTHENTICATED', 'a used token is refused')
from kept where name = 'first';
select is(test.outcome(test.refresh(session)), '401 UNAUTHENTICATED',
          'the newest then, too: ' || name)
from kept where name in ('second', 'third') order by name;
select is(test.read('analyst', session), 401, 'and its access token')
from kept where name = 'third';
select is(test.read('analyst', session), 200, 'another session of the user goes on')
from kept where name = 'other';
select is(test.audited(m.id), format('refresh - %s denied', right(k.session ->> 'session', 3)),
          'reuse is on record once')
from mark as m, kept as k where k.name = 'first';
select is(format('%s %s', s.ended_by, s.ended_at is not null), 'reuse t',
          'the session says how it ended')
from dashboard.session as s, kept as k
where k.name = 'first' and s.id = (k.session ->> 'session')::uuid;
select is(e.tags, array['access:' || test.user_id('analyst')], 'and other nodes are told')
from dashboard.event as e where e.kind = 'session.end' order by e.id desc limit 1;
select is(test.outcome(test.auth('refresh', jsonb_build_object('refresh_token', t))),
          '401 UNAUTHENTICATED', 'no refresh token: ' || t)
from unnest(array['', 'x', repeat('A', 43)]) as t;

update dashboard.user_account set disabled_at = now() where id = test.id('102');
select is(test.outcome(test.refresh(session)), '401 UNAUTHENTICATED',
          'a disabled user cannot go on')
from kept where name = 'other';
update dashboard.user_account set disabled_at = null where id = test.id('102');

insert into kept select 'old', test.login('analyst');
update dashboard.session as s set expires_at = now() - interval '1 second'
from kept as k where k.name = 'old' and s.id = (k.session ->> 'session')::uuid;
select is(test.read('analyst', session), 401, 'a session ends by itself')
from kept where name = 'old';
select is(test.outcome(test.refresh(session)), '401 UNAUTHENTICATED',
          'and cannot be refreshed then')
from kept where name = 'old';
do $$ begin perform test.login('analyst'); end $$;
select ok(not exists (select from dashboard.session as s, kept as k
                      where k.name = 'old' and s.id = (k.session ->> 'session')::uuid),
          'the next login clears it away');

-- logout -----------------------------------------------------------------------------------------

insert into kept select 'out ' || n, test.login('analyst') from generate_series(1, 4) as n;
insert into kept values ('viewer', test.login('viewer'));
update mark set id = test.last_audit();
select is((test.call('logout', 'analyst', body => jsonb_build_object(
                         'refresh_token', two.session -> 'refresh_token'),
                     extra => jsonb_build_object('session', one.session -> 'session'))).status, 204,
          'logout ends the token''s session and the one in the body')
from kept as one, kept as two where one.name = 'out 1' and two.name = 'out 2';
select is(test.read('analyst', session), wanted, name || ': ' || wanted)
from kept
join (values ('out 1', 401), ('out 2', 401), ('out 3', 200)) as w (name, wanted) using (name);
select is((test.call('logout', 'analyst', body => jsonb_build_object(
                         'refresh_token', session -> 'refresh_token'))).status, 204,
          'somebody else''s token is passed over in silence')
from kept where name = 'viewer';
select is(test.read('viewer', session), 200, 'and goes on') from kept where name = 'viewer';
select is(test.audited(m.id), 'logout 102 102 success, logout 102 102 success',
          'both are on record')
from mark as m;

-- forgot_password, reset_password ----------------------------------------------------------------

delete from dashboard.outbox;
update mark set id = test.last_audit();
select is(test.auth('forgot_password', '{"email": "Analyst@demo.example"}'),
          test.auth('forgot_password', '{"email": "unknown@demo.example"}'),
          'a known address and an unknown one are answered alike');
select is(test.auth('forgot_password', '{"email": "Analyst@demo.example"}'),
          test.auth('forgot_password', '{"email": "disabled@demo.example"}'),
          'as is a disabled user''s');
select is(test.audited(m.id),
          'forgot_password - 102 success, forgot_password - - failure, '
          'forgot_password - 102 success, forgot_password - - failure', 'all are on record')
from mark as m;
select is((select string_agg(format('%s %s', o.kind, o.recipient), ', ')
           from dashboard.outbox as o),
          'password_reset analyst@demo.example, password_reset analyst@demo.example',
          'a mail is written for each that is known, to the address as we know it');
select is(o.expires_at, r.expires_at, 'it is worth sending while its token is good')
from dashboard.outbox as o, dashboard.password_reset as r
where r.hash = dashboard.token_hash(o.payload ->> 'token') order by o.id limit 1;
select is(r.expires_at - r.created_at < interval '30 minutes 1 second'
          and r.expires_at - r.created_at > interval '29 minutes', true, 'which is half an hour')
from dashboard.password_reset as r limit 1;
select ok(not (test.auth('forgot_password', '{"email": "viewer@demo.example"}')).body::jsonb
              -> 'data' ? 'debug', 'nobody is shown the token');
select test.keep('debug', 'forgot_password', '', body => '{"email": "viewer@demo.example"}',
                 extra => '{"debug": true}');
select is(test.data('debug') #>> '{debug,0,token}',
          (select o.payload ->> 'token' from dashboard.outbox as o order by o.id desc limit 1),
          'but developers');
select is((test.auth('forgot_password', '{"email": "unknown@demo.example"}',
                     '{"debug": true}')).body::jsonb #> '{data,debug}', '[]',
          'who see that there is none for an unknown address');
do $$ begin
    perform test.auth('forgot_password', '{"email": "super@demo.example"}')
    from generate_series(1, 10);
end $$;
select is((select count(*) from dashboard.outbox as o where o.recipient = 'super@demo.example'),
          5::bigint, 'nobody is sent more than five mails in half an hour');

create temporary table mail as
select row_number() over (order by o.id) as n, o.payload ->> 'token' as token
from dashboard.outbox as o where o.recipient = 'analyst@demo.example';
grant select on mail to public;
create function test.reset(which bigint) returns text
language sql
as $reset$
    select test.outcome(test.auth('reset_password', jsonb_build_object(
        'token', m.token, 'password', 'a new password')))
    from mail as m where m.n = which
$reset$;
insert into kept values ('before', test.login('analyst'));
update mark set id = test.last_audit();
select is(test.reset(1), '204', 'the token of the mail sets a password');
select is(test.reset(1), '400 VALIDATION_ERROR /token', 'once');
select is(test.reset(2), '400 VALIDATION_ERROR /token', 'and takes the other mails with it');
select is(test.audited(m.id), 'reset_password 102 102 success, reset_password - - failure, '
          'reset_password - - failure', 'this is on record') from mark as m;
select is(test.read('analyst', session), 401, 'all sessions have ended: ' || name)
from kept where name in ('before', 'out 3', 'out 4');
select is(test.login('analyst') ->> 'session', null, 'the old password is none');
select ok((test.auth('login', '{"email": "analyst@demo.example", "password": "a new password"}')
              ).body::jsonb ? 'session', 'the new one is');

do $$ begin perform test.auth('forgot_password', '{"email": "neighbour@demo.example"}'); end $$;
delete from mail;
insert into mail
select 1, o.payload ->> 'token' from dashboard.outbox as o order by o.id desc limit 1;
update dashboard.password_reset as r set expires_at = now() - interval '1 second'
where r.user_id = test.id('105');
select is(test.reset(1), '400 VALIDATION_ERROR /token', 'a token is good for its half hour');
update dashboard.password_reset as r set expires_at = now() + interval '1 minute'
where r.user_id = test.id('105');
update dashboard.user_account set disabled_at = now() where id = test.id('105');
select is(test.reset(1), '400 VALIDATION_ERROR /token', 'and not for a disabled user');
update dashboard.user_account set disabled_at = null where id = test.id('105');
delete from dashboard.password where user_id = test.id('105');
select is(test.reset(1), '204', 'a user without a password gets their first');

-- list_user_sessions, revoke_user_sessions -------------------------------------------------------

create function test.whose(who text) returns jsonb
language sql
as $whose$
    select jsonb_build_object('user_id', coalesce(test.user_id(who), who))
$whose$;

select is(test.outcome(test.call(o, who, test.whose('viewer'))), wanted,
          format('%s of a viewer by %s: %s', o, who, wanted))
from (values ('viewer', true), ('admin', true), ('super', true), ('analyst', false),
             ('neighbour', false)) as c (who, allowed),
     (values ('list_user_sessions', '200'), ('revoke_user_sessions', '204')) as d (o, done),
     lateral (select case when allowed then done else '403 FORBIDDEN' end) as e (wanted);
select is(test.outcome(test.call(o, 'admin', test.whose('neighbour'))), '403 FORBIDDEN',
          format('an admin of another workspace: %s', o))
from unnest(array['list_user_sessions', 'revoke_user_sessions']) as o;
select is(test.call(o, 'outsider', test.whose('viewer')),
          test.call(o, 'outsider', test.whose(test.id('999')::text)),
          format('another organisation''s user does not exist: %s', o))
from unnest(array['list_user_sessions', 'revoke_user_sessions']) as o;

insert into kept select 'v ' || n, test.login('viewer') from generate_series(1, 3) as n;
select test.keep('list', 'list_user_sessions', 'viewer', test.whose('viewer'),
                 extra => (select jsonb_build_object('session', k.session -> 'session')
                           from kept as k where k.name = 'v 2'));
select is(array(select e -> 'id' from jsonb_array_elements(test.data('list')) as e),
          array(select k.session -> 'session' from kept as k where k.name like 'v _'
                order by k.name desc), 'the newest first, those that have ended left out');
select is(array(select (e -> 'current')::boolean from jsonb_array_elements(test.data('list')) as e),
          array[false, true, false], 'one''s own is marked');
select is(test.data('list') -> 0 ->> 'address', '192.0.2.7', 'each says where it came from');
select test.keep('one', 'list_user_sessions', 'admin', test.whose('viewer'),
                 extra => '{"query": {"limit": 2}}');
select test.keep('two', 'list_user_sessions', 'admin', test.whose('viewer'),
                 extra => jsonb_build_object('query', jsonb_build_object(
                     'limit', 2, 'cursor', test.body('one') #> '{page,next}')));
select is(array(select e -> 'id'
                from jsonb_array_elements(test.data('one') || test.data('two')) as e),
          array(select k.session -> 'session' from kept as k where k.name like 'v _'
                order by k.name desc), 'pages come to the same');
select is(test.body('two') -> 'page', '{"limit": 2, "next": null}', 'the last says so');
select is(test.outcome(test.call('list_user_sessions', 'analyst', test.whose('analyst'),
              extra => jsonb_build_object('query', jsonb_build_object(
                  'cursor', test.body('one') #> '{page,next}')))),
          '400 VALIDATION_ERROR cursor', 'a cursor is of one user''s list');

update mark set id = test.last_audit();
select is((test.call('revoke_user_sessions', 'admin', test.whose('viewer'))).status, 204,
          'an administrator ends a user''s sessions');
select is(test.read('viewer', session), 401, name || ' has ended') from kept where name like 'v _';
select is(test.outcome(test.refresh(session)), '401 UNAUTHENTICATED', 'with its refresh token')
from kept where name = 'v 1';
select is(test.audited(m.id), 'revoke_sessions 101 103 success', 'which is on record, and no reuse')
from mark as m;

-- What is kept -----------------------------------------------------------------------------------

select ok(not exists (select from dashboard.audit as a
                      where a::text ~* 'password of|a new password|wrong password'),
          'no password is in the audit trail');
select ok(not exists (select from dashboard.audit as a, kept as k
                      where strpos(a::text, k.session ->> 'refresh_token') > 0), 'nor is a token');
select ok(not exists (select from dashboard.event as e, kept as k
                      where strpos(e::text, k.session ->> 'refresh_token') > 0), 'nor in an event');
select is(array(select distinct coalesce(lower(a.details ->> 'email'), 'none')
                from dashboard.audit as a
                where a.action = 'login' and a.outcome = 'failure' order by 1),
          array['analyst@demo.example', 'disabled@demo.example', 'none', 'unknown@demo.example',
                'viewer@demo.example'], 'a failed login says the address it named, when it is one');
select is(array(select distinct (a.organisation_id, a.resource_id)::text
                from dashboard.audit as a
                where a.action = 'login' and a.details ->> 'email' = e),
          array[format('(%s,%s)', organisation, resource)], 'and whose: ' || e)
from (values ('disabled@demo.example', test.id('001'), test.id('107')::text),
             ('unknown@demo.example', '00000000-0000-0000-0000-000000000000', ''))
    as c (e, organisation, resource);

select * from finish();
rollback;
