-- Copies of dashboards.

begin;
\ir lib/helpers.sql
select no_plan();

update dashboard.dashboard set visibility = 'org' where id = test.id('401');
select test.keep('src', 'get_dashboard', 'analyst', test.at('401'));
select test.keep('copy', 'clone_dashboard', 'colleague', test.at('401'));
select is(test.status('copy') || test.etag('copy'), '201"v1"', 'a copy is a new dashboard');
select is((select (k.answer).location from test.kept as k where k.name = 'copy'),
          '/dashboards/' || (test.data('copy') ->> 'id'), 'Location names it');
select is(test.data('copy') - '{id,created_at,updated_at,widgets}'::text[],
          (test.data('src') - '{id,created_at,updated_at,widgets}'::text[]) || jsonb_build_object(
              'name', 'Copy of Operations', 'owner_id', test.id('104'), 'visibility', 'private'),
          'private, of one''s own, with the original''s content');
select is(
    (select jsonb_agg(w - '{id,dashboard_id,created_at,updated_at}'::text[])
     from jsonb_array_elements(test.data('copy') -> 'widgets') as w),
    (select jsonb_agg(w - '{id,dashboard_id,created_at,updated_at}'::text[])
     from jsonb_array_elements(test.data('src') -> 'widgets') as w),
    'with the same widgets');
select is((select count(*) from jsonb_array_elements(test.data('copy') -> 'widgets') as c
           join jsonb_array_elements(test.data('src') -> 'widgets') as s on s -> 'id' = c -> 'id'),
          0::bigint, 'under new ids');
select is(test.version('401'), 1::bigint, 'the original is not touched');

select test.keep('copy', 'clone_dashboard', 'colleague', test.at('401'),
                 jsonb_build_object('name', 'Mine', 'workspace_id', test.id('012')));
select is(test.data('copy') ->> 'name' || (test.data('copy') ->> 'workspace_id'),
          'Mine' || test.id('012'),
          'it may have a name and another workspace');
select is((test.call('clone_dashboard', 'neighbour',
                     test.at('401'))).body::jsonb #>> '{data,workspace_id}',
          test.id('012')::text,
              'from a workspace one is not in it comes into the only one of one''s own');
update dashboard.dashboard set name = repeat('x', 255), is_default = true where id = test.id('401');
select is((test.call('clone_dashboard', 'analyst', test.at('401'))).body::jsonb #>> '{data,name}',
          'Copy of ' || repeat('x', 247), 'a long name is cut');
select is((test.call('clone_dashboard', 'analyst',
                     test.at('401'))).body::jsonb #> '{data,is_default}',
          'false', 'a copy is nobody''s default');
select is(test.outcome(test.call('clone_dashboard', who, test.at(id), body::jsonb)), outcome,
          promise)
from (values
    ('viewer', '401', null, '403 FORBIDDEN', 'a viewer copies nothing'),
    ('colleague', '402', null, '404 NOT_FOUND', 'what one cannot see cannot be copied'),
    ('analyst', '401', '{"workspace_id": "00000000-0000-4000-8000-000000000012"}', '404 NOT_FOUND',
     'nor can it be copied into a workspace one is not in'),
    ('outsider', '401', null, '404 NOT_FOUND', 'nor by another organisation'))
    as c (who, id, body, outcome, promise);

-- For a user -------------------------------------------------------------------------------------

create function test.clone_for(who text, whom text, body jsonb default null) returns api.answer
language sql
as $clone_for$
    select test.call('clone_user_dashboard', who,
                     test.at('401') || jsonb_build_object('user_id', test.user_id(whom)), body)
$clone_for$;
select is(((test.clone_for('analyst', 'analyst')).body::jsonb) #>> '{data,owner_id}',
          test.id('102')::text,
          'one may copy for oneself');
select is(((test.clone_for('admin', 'viewer')).body::jsonb) #>> '{data,owner_id}',
          test.id('103')::text,
          'an admin may copy for a member of the workspace');
select is(test.outcome(test.clone_for(who, whom)), outcome, promise)
from (values
    ('analyst', 'colleague', '403 FORBIDDEN', 'others may not copy for somebody else'),
    ('admin', 'neighbour', '403 FORBIDDEN', 'nor an admin for who is not in the workspace'),
    ('admin', 'disabled', '404 NOT_FOUND', 'nor for a disabled user'),
    ('admin', 'outsider', '404 NOT_FOUND', 'nor for a user of another organisation'),
    ('super', 'viewer', '201', 'a super_admin may'))
    as c (who, whom, outcome, promise);
update dashboard.dashboard set facility_id = test.id('302') where id = test.id('401');
select is(test.outcome(test.clone_for('admin', 'viewer')), '403 FORBIDDEN',
          'nobody gets a copy from a facility they may not see');

select * from finish();
rollback;
