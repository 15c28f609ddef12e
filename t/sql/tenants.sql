-- Another organisation's ids are answered word for word as ids that do not exist, on every
-- operation.

begin;
\ir lib/helpers.sql
select no_plan();

-- An operation with ids of the other organisation, and with ids that nobody has in their place:
-- what an outsider gets for ours, and what a super_admin of ours gets for theirs.
create function test.same(
    operation text, who text, foreign_path jsonb, body jsonb default null, extra jsonb default '{}')
returns text
language plpgsql
as $same$
declare
    hidden  api.answer := test.call(operation, who, foreign_path, body, extra);
    unknown api.answer := test.call(
        operation, who,
        replace(foreign_path::text, '00000000-0000-4000-8000', '99999999-0000-4000-8000')::jsonb,
        replace(body::text, '00000000-0000-4000-8000', '99999999-0000-4000-8000')::jsonb, extra);
begin
    return is(
        replace(row_to_json(hidden)::text, '00000000-0000-4000-8000', '99999999-0000-4000-8000'),
        replace(row_to_json(unknown)::text, '00000000-0000-4000-8000', '99999999-0000-4000-8000'),
        format('%s by %s: %s as if it did not exist', operation, who, hidden.status));
end
$same$;

select test.same(o, who, test.at(theirs) || '{"version": 1}', '{"name": "x"}', test.tags('if_match',
    1))
from (values ('outsider', '401'), ('super', '403')) as c (who, theirs),
     unnest(array['get_dashboard', 'patch_dashboard', 'delete_dashboard', 'restore_dashboard',
                  'publish_dashboard', 'unpublish_dashboard', 'list_dashboard_versions',
                  'get_dashboard_version', 'restore_dashboard_version', 'list_dashboard_widgets',
                  'get_dashboard_data', 'clone_dashboard', 'put_dashboard']) as o;
select test.same(o, who, test.at(theirs), '{"type": "kpi"}', test.tags('if_match', 1))
from (values ('outsider', '501'), ('super', '508')) as c (who, theirs),
     unnest(array['get_widget', 'patch_widget', 'delete_widget', 'get_widget_data',
                  'put_widget']) as o;
select is((test.call(o, 'outsider', test.at('401'), '{}', test.tags('if_match'))).status, 404,
          o || ' answers 404')
from unnest(array['get_dashboard', 'patch_dashboard', 'delete_dashboard',
                  'restore_dashboard']) as o;

-- Ids inside bodies and queries.
select test.same('create_widget', 'outsider', '{}',
                 jsonb_build_object('dashboard_id', test.id('401'), 'type', 'kpi'));
select test.same('create_dashboard', 'outsider', '{}',
                 jsonb_build_object('name', 'x', 'workspace_id', test.id('011')));
select test.same('create_dashboard', 'outsider', '{}',
                 jsonb_build_object('name', 'x', 'facility_id', test.id('301')));
select test.same('create_dashboard', 'outsider', '{}', jsonb_build_object('name', 'x', 'widgets',
    jsonb_build_array(jsonb_build_object(
        'type', 'kpi', 'query', jsonb_build_object('query_id', test.id('601'))))));
select is(test.outcome(test.call('clone_dashboard', 'outsider', test.at('403'),
                                 jsonb_build_object('workspace_id', w))),
          '404 NOT_FOUND', 'nothing is cloned into a workspace that is not there')
from unnest(array[test.id('011'), gen_random_uuid()]) as w;
select is(test.outcome(test.call('clone_user_dashboard', 'outsider',
                                 test.at('403') || jsonb_build_object('user_id', u))),
          '404 NOT_FOUND', 'nothing is cloned for a user who is not there')
from unnest(array[test.id('102'), gen_random_uuid()]) as u;
select test.same('query_widgets', 'outsider', '{}',
                 jsonb_build_object('widgets', jsonb_build_array(test.id('501'), test.id('503'))));
select is(test.outcome(test.call('list_dashboards', 'outsider',
                                 extra => jsonb_build_object('query',
                                     jsonb_build_object('workspace_id', w)))),
          '404 NOT_FOUND', 'no list of a workspace that is not there')
from unnest(array[test.id('011'), gen_random_uuid()]) as w;

-- A widget of ours in the body of a dashboard of theirs: ids are told apart by tenant.
select is((test.call('put_dashboard', 'outsider', test.at('403'), jsonb_build_object(
              'name', 'x', 'widgets', jsonb_build_array(jsonb_build_object(
                  'id', test.id('501'), 'type', 'kpi'))), test.tags('if_match', 1))).status,
          200, 'an id that another tenant uses is free');
select is((test.call('put_dashboard', 'outsider', test.at('401'), '{"name": "mine"}',
                     test.tags('if_none_match'))).status,
          201, 'a dashboard may be created under it, as under any');
select is((test.call('put_widget', 'outsider', test.at('502'),
                     jsonb_build_object('type', 'kpi', 'dashboard_id', test.id('403')),
                     test.tags('if_none_match'))).status,
          201, 'and a widget');
select is((test.call(o, 'outsider', test.at('504'))).status, 404,
          format('a dashboard under the same id has none of the other''s widgets for %s', o))
from unnest(array['get_widget', 'get_widget_data']) as o;
select is((test.call('list_dashboard_widgets', 'outsider', test.at('401'))).body::jsonb -> 'data',
          '[]', 'nor in the list of them');
select is((test.call('list_dashboard_versions', 'outsider', test.at('401'))).body::jsonb
          #> '{data,0,version}', '1', 'and a history of its own');
select is((test.call('get_dashboard', 'analyst', test.at('401'))).body::jsonb #>> '{data,name}',
          'Operations', 'neither touches the other''s');
select is((select count(*) from dashboard.widget where id = test.id('501')), 2::bigint,
          'each tenant has its own');

-- What is listed.
select is(
    array(select e ->> 'name'
          from jsonb_array_elements((test.call('list_dashboards', who)).body::jsonb -> 'data') as e
          order by 1),
    wanted, format('%s lists the dashboards of the own organisation', who))
from (values ('super', array['Operations', 'Private notes']), ('outsider', array['mine', 'x']))
    as c (who, wanted);

select * from finish();
rollback;
