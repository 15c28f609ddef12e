-- What requests leave behind: versions, audit rows, events and their notification.

begin;
\ir lib/helpers.sql
select no_plan();

truncate dashboard.event;

-- The audit rows since test.forget(): there is no emptying the table itself.
create table test.mark as select coalesce(max(a.id), 0) as id from dashboard.audit as a;
create view test.audit as
    select a.* from dashboard.audit as a, test.mark as m where a.id > m.id;
create function test.forget() returns void
language sql
as $forget$
    update test.mark set id = coalesce((select max(a.id) from dashboard.audit as a), 0)
$forget$;

-- The rows that one call left, in short.
create function test.audited(
    operation text, who text, path jsonb default '{}', body jsonb default null,
        extra jsonb default '{}')
returns text
language plpgsql
as $audited$
declare
    last bigint := coalesce((select max(a.id) from dashboard.audit as a), 0);
begin
    perform test.call(operation, who, path, body, extra);
    return (select string_agg(format('%s %s %s %s %s', a.action, a.resource_type,
                                     coalesce(right(a.resource_id::text, 3), '-'), a.version,
                                         a.outcome),
                              ', ' order by a.id)
            from dashboard.audit as a where a.id > last);
end
$audited$;

select is(test.audited(o, who, path, body, extra), wanted, format('%s by %s: %s', o, who, wanted))
from (values
    (1, 'patch_dashboard', 'analyst', test.at('401'), '{"name": "A"}'::jsonb, test.tags('if_match',
        1),
     'update dashboard 401 2 success'),
    (2, 'patch_dashboard', 'analyst', test.at('401'), '{"name": "A"}', test.tags('if_match', 2),
     'update dashboard 401 2 success'),
    (3, 'patch_dashboard', 'analyst', test.at('401'), '{"name": "B"}', test.tags('if_match', 1),
     'update dashboard 401 2 conflict'),
    (4, 'patch_dashboard', 'viewer', test.at('401'), '{"name": "B"}', test.tags('if_match', 1),
     'update dashboard 401  denied'),
    (5, 'patch_dashboard', 'analyst', test.at('401'), '{"name": "B"}', '{}', null),
    (6, 'patch_dashboard', 'neighbour', test.at('401'), '{"name": "B"}', test.tags('if_match', 1),
     null),
    (7, 'patch_dashboard', 'analyst', test.at('401'), '{"name": null}', test.tags('if_match'),
     null),
    (8, 'put_dashboard', 'analyst', test.at('401'), '{"name": "C", "visibility": "workspace"}',
     test.tags('if_match'), 'update dashboard 401 3 success'),
    (9, 'put_dashboard', 'analyst', test.at('4ab'), '{"name": "P"}', test.tags('if_none_match'),
     'create dashboard 4ab 1 success'),
    (10, 'put_dashboard', 'analyst', test.at('4ab'), '{"name": "P"}', test.tags('if_none_match'),
     'update dashboard 4ab 1 conflict'),
    (11, 'create_dashboard', 'viewer', '{}', '{"name": "P"}', '{}', 'create dashboard -  denied'),
    (12, 'publish_dashboard', 'analyst', test.at('401'), null, '{}',
     'publish dashboard 401 4 success'),
    (13, 'unpublish_dashboard', 'analyst', test.at('401'), null, '{}',
     'unpublish dashboard 401 5 success'),
    (14, 'restore_dashboard_version', 'analyst', test.at('401') || '{"version": 1}', null, '{}',
     'restore_version dashboard 401 6 success'),
    (15, 'patch_widget', 'analyst', test.at('501'), '{"x": 5}', test.tags('if_match', 1),
     'update widget 501 2 success'),
    (16, 'patch_widget', 'analyst', test.at('501'), '{"x": 5}', test.tags('if_match', 1),
     'update widget 501 2 conflict'),
    (17, 'patch_widget', 'viewer', test.at('501'), '{"x": 5}', '{}', 'update widget 501  denied'),
    (18, 'put_widget', 'analyst', test.at('5ab'), '{"type": "kpi", "dashboard_id":
         "00000000-0000-4000-8000-000000000401"}', test.tags('if_none_match'), 'create widget 5ab 1 success'),
    (19, 'delete_widget', 'analyst', test.at('5ab'), null, test.tags('if_match', 1),
     'delete widget 5ab 1 success'),
    (20, 'delete_dashboard', 'colleague', test.at('401'), null, '{}',
     'delete dashboard 401  denied'),
    (21, 'delete_dashboard', 'analyst', test.at('401'), null, test.tags('if_match'),
     'delete dashboard 401 10 success'),
    (22, 'restore_dashboard', 'analyst', test.at('401'), null, '{}',
     'restore dashboard 401 11 success'),
    (23, 'get_dashboard', 'analyst', test.at('401'), null, '{}', null),
    (24, 'list_dashboards', 'analyst', '{}', null, '{}', null))
    as c (n, o, who, path, body, extra, wanted)
order by n;

select is((select array_agg(v.version order by v.version) from dashboard.dashboard_version as v
           where v.dashboard_id = test.id('401')),
          array[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]::bigint[], 'every version is kept, none twice');
select is((select v.document::jsonb from dashboard.dashboard_version as v
           where v.dashboard_id = test.id('401') and v.version = 11),
          ((test.call('get_dashboard', 'analyst', test.at('401'))).body::jsonb -> 'data')
          - 'permissions',
          'the last is what GET shows');

-- A row ------------------------------------------------------------------------------------------

select test.forget();
select test.keep('x', 'patch_dashboard', 'analyst', test.at('401'),
                 '{"name": "Z", "layout": {"columns": 1, "gap": 2}, "description": null}',
                     test.tags('if_match'));
select is(a.changes, '[{"op": "replace", "path": "/description", "value": null, "old": "Flights as they run"},
                       {"op": "replace", "path": "/layout/columns", "value": 1, "old": 12},
                       {"op": "add", "path": "/layout/gap", "value": 2},
                       {"op": "replace", "path": "/name", "value": "Z", "old": "Operations"}]',
          'the changed fields are JSON pointers, with old and new values')
from test.audit as a;
select is((a.organisation_id, a.workspace_id, a.actor_id, a.operation, a.correlation_id,
           a.address)::text,
          format('(%s,%s,%s,patch_dashboard,req_test,192.0.2.7)', test.id('001'), test.id('011'),
                 test.id('102')),
          'who, where, by which operation, request and address')
from test.audit as a;
select test.keep('x', 'publish_dashboard', 'analyst', test.at('401'),
                 extra => '{"address": "unix:"}');
select is((select a.address from test.audit as a where a.action = 'publish'), null,
          'a client on a unix socket has no address');

select test.forget();
select test.keep('x', 'put_dashboard', 'analyst', test.at('401'), jsonb_build_object(
    'name', 'Z', 'visibility', 'workspace', 'widgets', jsonb_build_array(
        (test.call('get_widget', 'analyst',
                   test.at('501'))).body::jsonb -> 'data' || '{"title": "T"}',
        jsonb_build_object('id', test.id('5cd'), 'type', 'map'))), test.tags('if_match'));
select is(
    array(select c ->> 'op' || ' ' || (c ->> 'path') from test.audit as a,
          jsonb_array_elements(a.changes) as c
          where c ->> 'path' like '/widgets/%'),
    array(select format('%s /widgets/%s%s', op, test.id(w), member)
          from (values ('replace', '501', '/title'), ('remove', '502', ''), ('remove', '503', ''),
                       ('remove', '504', ''), ('remove', '505', ''), ('remove', '506', ''),
                       ('add', '5cd', '')) as c (op, w, member)),
    'changes of widgets name them by id');

-- Events -----------------------------------------------------------------------------------------

truncate dashboard.event;
select test.keep('e1', 'patch_dashboard', 'analyst', test.at('402'),
                 '{"name": "E", "is_default": true}', test.tags('if_match'));
select test.keep('e2', 'patch_dashboard', 'analyst', test.at('402'), '{"name": "E"}',
                 test.tags('if_match'));
select test.keep('e3', 'patch_dashboard', 'analyst', test.at('402'), '{"name": "F"}',
                 test.tags('if_match', 1));
select test.keep('e4', 'patch_widget', 'analyst', test.at('507'), '{"x": 1}',
                 test.tags('if_match'));
select test.keep('e5', 'patch_dashboard', 'analyst', test.at('401'), '{"is_default": true}',
                 test.tags('if_match'));
select results_eq(
    'select kind, tags, payload ->> ''version'' from dashboard.event order by id',
    $$ values ('dashboard.update', array['dashboard:' || test.id('402'),
                                         'dashboards:' || test.id('001')], '2'),
              ('widget.update', array['widget:' || test.id('507'), 'dashboard:' || test.id('402'),
                                      'dashboards:' || test.id('001')], '3'),
              ('dashboard.update', array['dashboard:' || test.id('401'),
                                         'dashboards:' || test.id('001'),
                                         'dashboard:' || test.id('402')],
               (select (version)::text from dashboard.dashboard where id = test.id('401'))) $$,
    'a write is one event with the tags of all it changed; what changes nothing is none');
select is((select count(*) from dashboard.event as e where e.xid <> pg_current_xact_id()),
          0::bigint,
          'an event knows its transaction');
select is((select e.payload - '{version}'::text[] from dashboard.event as e
           where e.kind = 'widget.update'),
          jsonb_build_object('dashboard_id', test.id('402'), 'widget_id', test.id('507'),
                             'actor_id', test.id('102'), 'correlation_id', 'req_test'),
                                 'and what it is about');

select * from finish();
rollback;
