-- What sharing, transferring and public links leave behind: rows, audit rows, events; and how they
-- and the facility rule meet.

begin;
\ir lib/helpers.sql
select no_plan();

truncate dashboard.event;

-- Calls an operation on dashboard 401 and tells its outcome and the tags of the event it left.
create function test.told(
    operation text, who text, body jsonb, path jsonb default '{}', extra jsonb default '{}')
returns text
language plpgsql
as $told$
declare
    last   bigint := coalesce((select max(e.id) from dashboard.event as e), 0);
    answer api.answer := test.call(operation, who, test.at('401') || path, body, extra);
begin
    return concat_ws(' ', test.outcome(answer),
                     (select e.kind || ' ' || array_to_string(e.tags, ',')
                      from dashboard.event as e where e.id > last));
end
$told$;
create function test.to_user(digits text, permission text, expires text default null)
returns jsonb
language sql
as $to_user$
    select jsonb_strip_nulls(jsonb_build_object(
        'user_id', test.id(digits), 'permission', permission, 'expires_at', expires))
$to_user$;

select is(test.told('share_dashboard', 'analyst', test.to_user('103', 'edit')),
          '200 dashboard.share access:' || test.id('103'), 'those who gain access are told');
select is(test.told('share_dashboard', 'analyst', test.to_user('103', 'edit')), '200',
          'what was shared so already tells nobody');
select is(test.told('share_dashboard', 'analyst', '{"role": "analyst", "permission": "view"}'),
          '200 dashboard.share ' || (
              select string_agg('access:' || m.user_id, ',' order by m.ctid)
              from dashboard.membership as m
              where m.workspace_id = test.id('011') and m.role = 'analyst'),
          'with a role, all who hold it');
select is((select count(*) from dashboard.dashboard_share), 2::bigint, 'a share a user or role');
select is(test.told('share_dashboard', 'analyst',
                    test.to_user('103', 'view', '2100-01-01T00:00:00Z')),
          '200 dashboard.share access:' || test.id('103'), 'sharing again replaces');
select is((select s.permission || ' ' || s.expires_at::date
           from dashboard.dashboard_share as s where s.user_id = test.id('103')),
          'view 2100-01-01', 'permission and end');
select is(test.told('share_dashboard', 'analyst', test.to_user('103', 'view')),
          '200 dashboard.share access:' || test.id('103'), 'left out, the end is gone');
select is(test.told('unshare_dashboard', 'analyst', null,
                    jsonb_build_object('user_id', test.id('103'))),
          '204 dashboard.unshare access:' || test.id('103'), 'taken back');
select is(test.told('unshare_dashboard', 'analyst', null,
                    jsonb_build_object('user_id', test.id('103'))),
          '404 NOT_FOUND', 'which can be done once');
select is(test.told('unshare_dashboard_role', 'analyst', null, '{"role": "viewer"}'),
          '404 NOT_FOUND', 'nor what a role does not have');
select is(test.version('401'), 1::bigint, 'the dashboard''s version has nothing to do with it');

select is(
    array(select format('%s %s', a.action, a.changes::text) from dashboard.audit as a
          where a.details ->> 'user_id' = test.id('103')::text order by a.id),
    array[
        'share [{"op": "add", "path": "/share", '
        || '"value": {"expires_at": null, "permission": "edit"}}]',
        'share []',
        'share [{"op": "replace", "old": null, "path": "/share/expires_at", '
        || '"value": "2100-01-01T00:00:00.000000Z"}, '
        || '{"op": "replace", "old": "edit", "path": "/share/permission", "value": "view"}]',
        'share [{"op": "replace", "old": "2100-01-01T00:00:00.000000Z", '
        || '"path": "/share/expires_at", "value": null}]',
        'unshare [{"op": "remove", "old": {"expires_at": null, "permission": "view"}, '
        || '"path": "/share"}]'],
    'every step is on record, with old and new');

-- Who gives ---------------------------------------------------------------------------------------

select is(test.told('share_dashboard', who, test.to_user('105', 'view')), wanted,
          format('%s: %s', who, wanted))
from (values ('colleague', '403 FORBIDDEN'), ('viewer', '403 FORBIDDEN'),
             ('neighbour', '404 NOT_FOUND'), ('outsider', '404 NOT_FOUND'))
    as c (who, wanted);
select is(test.told('share_dashboard', 'analyst', b), '400 VALIDATION_ERROR ' || field, reason)
from (values
    (test.to_user('999', 'view'), '/user_id', 'there is no such user'),
    (test.to_user('201', 'view'), '/user_id', 'a user of another organisation is none'),
    (test.to_user('107', 'view'), '/user_id', 'a disabled user is none'),
    ('{"permission": "view"}', '/user_id', 'with whom'),
    (test.to_user('103', 'view') || '{"role": "viewer"}', '/user_id', 'not with both'),
    (test.to_user('103', 'view', '2020-01-01T00:00:00Z'), '/expires_at', 'over before it began'))
    as c (b, field, reason);
select is(test.told('share_dashboard', 'analyst', test.to_user('103', 'view'), '{}',
                    test.tags('if_match', 9)),
          '412 CONFLICT', 'an If-Match is honoured');

-- Who was given manage gives on, but does not give away.
select is(test.told('share_dashboard', 'analyst', test.to_user('105', 'manage')),
          '200 dashboard.share access:' || test.id('105'), 'manage, to somebody elsewhere');
select is(test.told('share_dashboard', 'neighbour', test.to_user('103', 'view')),
          '200 dashboard.share access:' || test.id('103'), 'who shares it on');
select is(test.told('transfer_dashboard', 'neighbour', jsonb_build_object('owner_id',
    test.id('102'))), '403 FORBIDDEN', 'but it is not theirs to give away');

-- Transfer ----------------------------------------------------------------------------------------

update dashboard.dashboard set is_default = true where id = test.id('401');
select is(test.told('transfer_dashboard', 'analyst', jsonb_build_object('owner_id', test.id(u))),
          '400 VALIDATION_ERROR /owner_id', reason)
from (values ('999', 'nobody'), ('201', 'another organisation''s'), ('107', 'disabled'),
             ('103', 'a viewer owns nothing'), ('105', 'no member of the workspace'))
    as c (u, reason);
select is(test.told('transfer_dashboard', 'colleague', jsonb_build_object('owner_id',
    test.id('104'))), '403 FORBIDDEN', 'who only edits it cannot take it');
select is(test.told('transfer_dashboard', 'analyst', jsonb_build_object('owner_id', test.id('104')),
                    '{}', test.tags('if_match', 9)), '412 CONFLICT', 'an If-Match is honoured');
select is(test.told('transfer_dashboard', 'analyst', jsonb_build_object('owner_id', test.id('104')),
                    '{}', test.tags('if_match', 1)),
          format('200 dashboard.transfer dashboard:%s,dashboards:%s,access:%s,access:%s',
                 test.id('401'), test.id('001'), test.id('102'), test.id('104')),
          'the owner gives it away');
select is((select row(d.owner_id, d.is_default, d.version)::text from dashboard.dashboard as d
           where d.id = test.id('401')),
          row(test.id('104'), false, 2)::text, 'whole, as a new version, and nobody''s default');
select is(test.told('transfer_dashboard', 'admin', jsonb_build_object('owner_id', test.id('104'))),
          '200', 'to whom it belongs already nothing happens');
select is(test.version('401'), 2::bigint, 'no version either');
select is(split_part(test.told('transfer_dashboard', 'super', jsonb_build_object('owner_id',
    test.id('102'))), ' ', 1), '200', 'administrators may, too');

update dashboard.dashboard set facility_id = test.id('302') where id = test.id('401');
select is(test.told('transfer_dashboard', 'analyst', jsonb_build_object('owner_id',
    test.id('104'))), '400 VALIDATION_ERROR /owner_id', 'not to who cannot see its facility');
update dashboard.dashboard set facility_id = null where id = test.id('401');

-- Public links ------------------------------------------------------------------------------------

create function test.read(token text, operation text default 'get_public_dashboard')
returns api.answer
language sql
as $read$
    select test.call(operation, '', jsonb_build_object('token', token))
$read$;
select test.keep('link', 'create_public_link', 'analyst', test.at('401'));
create function test.token() returns text
language sql
as $token$
    select test.data('link') ->> 'token'
$token$;
select matches(test.token(), '^[A-Za-z0-9_-]{43}$', '256 bits');
select is((select encode(l.hash, 'hex') from dashboard.public_link as l),
          encode(sha256(convert_to(test.token(), 'UTF8')), 'hex'), 'only its hash is kept');
select is(
    array(select t.name from (
              select 'audit' as name, a::text as content from dashboard.audit as a
              union all select 'event', e::text from dashboard.event as e
              union all select 'link', l::text from dashboard.public_link as l) as t
          where t.content like '%' || test.token() || '%'),
    '{}', 'the token itself is nowhere');
select is((test.read(test.token())).status, 200, 'it opens the dashboard');
select is((test.read(test.token(), 'get_public_dashboard_data')).status, 200, 'and its data');
select is(
    array(select distinct u.id from (
              select (regexp_matches((test.read(test.token())).body, '[0-9a-f]{8}-[0-9a-f-]{27}',
                                     'g'))[1]::uuid as id) as u
          order by 1),
    array(select w.id from dashboard.widget as w where w.dashboard_id = test.id('401')
          union select test.id('401') order by 1),
    'no ids but those of the dashboard and its widgets are shown');

update dashboard.dashboard set visibility = 'private' where id = test.id('401');
select is((test.read(test.token())).status, 200, 'whatever its visibility');
select is(row_to_json(test.read(t))::text, row_to_json(test.read('x'))::text, t || ' is no token')
from unnest(array['', 'y', repeat('A', 43), repeat('z', 5000), test.token() || '=',
                  upper(test.token()), 'é', '%', '\x00']) as t;
update dashboard.dashboard set facility_id = test.id('301') where id = test.id('401');
select is(test.outcome(test.read(test.token(), o)), '404 NOT_FOUND',
          o || ': a dashboard of a facility is shown to nobody this way')
from unnest(array['get_public_dashboard', 'get_public_dashboard_data']) as o;
select is(test.told('create_public_link', 'analyst', null), '400 VALIDATION_ERROR id',
          'and gets no link');
update dashboard.dashboard set facility_id = null where id = test.id('401');
update dashboard.public_link set expires_at = now();
select is(test.outcome(test.read(test.token())), '404 NOT_FOUND', 'one that has run out is none');
update dashboard.public_link set expires_at = now() + interval '1 second';
select is((test.read(test.token())).status, 200, 'which it had not before');
update dashboard.dashboard set deleted_at = now() where id = test.id('401');
select is(test.outcome(test.read(test.token())), '404 NOT_FOUND', 'nor is a deleted dashboard');
update dashboard.dashboard set deleted_at = null where id = test.id('401');
select is(test.told('delete_public_link', 'analyst', null,
                    jsonb_build_object('link_id', test.data('link') -> 'id')),
          '204 dashboard.delete_public_link public:' || test.id('401'), 'withdrawn');
select is(row_to_json(test.read(test.token()))::text, row_to_json(test.read('x'))::text,
          'it is one that never was');
select is(test.told('delete_public_link', 'analyst', null,
                    jsonb_build_object('link_id', test.data('link') -> 'id')),
          '404 NOT_FOUND', 'which can be done once');

-- A link opens its own dashboard and nothing else.
select test.keep('other', 'create_public_link', 'outsider', test.at('403'));
select is(test.outcome(test.call('delete_public_link', 'analyst', test.at('401')
              || jsonb_build_object('link_id', test.data('other') -> 'id'))),
          '404 NOT_FOUND', 'nobody withdraws another dashboard''s link');
select is((test.read(test.data('other') ->> 'token')).body::jsonb #>> '{data,name}', 'Elsewhere',
          'each leads to its own');

insert into dashboard.public_link (organisation_id, dashboard_id, hash)
select test.id('001'), test.id('401'), sha256(n::text::bytea) from generate_series(1, 100) as n;
select is(test.told('create_public_link', 'analyst', null), '400 VALIDATION_ERROR id',
          'a dashboard has at most 100');

-- Preferences -------------------------------------------------------------------------------------

create function test.put_preferences(who text, preferences jsonb, extra jsonb) returns text
language sql
as $put_preferences$
    select concat_ws(' ', test.outcome(a), a.etag)
    from test.call('put_preferences', who, jsonb_build_object('user_id', test.user_id(who)),
                   jsonb_build_object('preferences', preferences), extra) as a
$put_preferences$;
select is(test.put_preferences('viewer', '{"a": 1}', extra), wanted, promise)
from (values
    (1, '{}'::jsonb, '428 PRECONDITION_REQUIRED', 'a precondition is needed'),
    (2, test.tags('if_match', 1), '412 CONFLICT "v0"', 'nothing was written: not at version 1'),
    (3, test.tags('if_match', 0), '201 "v1"', 'but at version 0'),
    (4, test.tags('if_match', 0), '412 CONFLICT "v1"', 'once'),
    (5, test.tags('if_none_match'), '412 CONFLICT "v1"', 'there is something now'),
    (6, test.tags('if_match', 1), '200 "v1"', 'the same again changes nothing'))
    as c (n, extra, wanted, promise)
order by n;
select is(test.put_preferences('viewer', '{"b": 2}', test.tags('if_match')), '200 "v2"',
          '* is any');
select is((select a.changes from dashboard.audit as a where a.action = 'update_preferences'
           order by a.id desc limit 1),
          '[{"op": "remove", "path": "/preferences/a", "old": 1},
            {"op": "add", "path": "/preferences/b", "value": 2}]', 'on record');
select is(test.put_preferences('viewer', jsonb_build_object('a', repeat('x', 65527)),
                               test.tags('if_match')), '200 "v3"', '65536 bytes are kept');
select is(test.put_preferences('viewer', jsonb_build_object('a', repeat('x', 65528)),
                               test.tags('if_match')),
          '400 VALIDATION_ERROR /preferences', 'one more is too many');
select is(test.outcome(test.call(o, who, jsonb_build_object('user_id', test.id(whose)),
                                 '{"preferences": {}}', test.tags('if_match'))),
          wanted, format('%s of %s by %s: %s', o, whose, who, wanted))
from (values
    ('get_preferences', 'admin', '103', '403 FORBIDDEN'),
    ('get_preferences', 'super', '103', '200'),
    ('get_preferences', 'super', '201', '404 NOT_FOUND'),
    ('put_preferences', 'super', '103', '403 FORBIDDEN'),
    ('put_preferences', 'admin', '103', '403 FORBIDDEN'),
    ('put_preferences', 'outsider', '103', '404 NOT_FOUND'),
    ('get_preferences', 'outsider', '999', '404 NOT_FOUND')) as c (o, who, whose, wanted);

select * from finish();
rollback;
