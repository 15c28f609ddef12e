-- Creating, replacing, patching, deleting and restoring dashboards.

begin;
\ir lib/helpers.sql
select no_plan();

-- Create -----------------------------------------------------------------------------------------

select test.keep('made', 'create_dashboard', 'analyst', body => '{"name": "New"}');
select is(test.status('made'), 201, 'a name is enough to create a dashboard');
select is(test.etag('made'), '"v1"', 'it begins at version 1');
select is((select (k.answer).location from test.kept as k where name = 'made'),
          '/dashboards/' || (test.data('made') ->> 'id'), 'Location names it');
select is(test.data('made') - '{id,created_at,updated_at,permissions}'::text[], jsonb_build_object(
    'name', 'New', 'description', null, 'etag', '"v1"', 'version', 1, 'visibility', 'private',
    'status', 'draft', 'published_version', null, 'owner_id', test.id('102'),
    'workspace_id', test.id('011'), 'facility_id', null, 'layout', '{}'::jsonb, 'filters',
        '[]'::jsonb,
    'variables', '[]'::jsonb, 'tags', '[]'::jsonb, 'metadata', '{}'::jsonb, 'is_default', false,
    'deleted_at', null, 'widgets', '[]'::jsonb), 'members left out get their defaults');
select is((test.call('get_dashboard', 'analyst', jsonb_build_object('id',
    test.data('made') -> 'id'))).body,
          (select (k.answer).body from test.kept as k where name = 'made'),
          'GET shows what POST answered');
select matches(test.data('made') ->> 'created_at', '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$',
               'times are RFC 3339 in UTC');

select test.keep('whole', 'create_dashboard', 'analyst', body => jsonb_build_object(
    'name', 'Whole', 'description', 'd', 'visibility', 'org', 'layout', '{"columns": 24}'::jsonb,
    'filters', '[{"a": 1}]'::jsonb, 'variables', '[{"b": 2}]'::jsonb, 'tags', '["x", "y"]'::jsonb,
    'metadata', '{"c": {"d": null}}'::jsonb, 'is_default', true, 'facility_id', test.id('301'),
    'workspace_id', test.id('011'), 'widgets', jsonb_build_array(
        jsonb_build_object('type', 'note', 'y', 5, 'title', 'last'),
        jsonb_build_object('id', 'AAAAAAAA-0000-4000-8000-000000000001', 'type', 'kpi', 'x', 2,
                           'query', jsonb_build_object('query_id', test.id('601'),
                                                       'params', '{"carrier": "AA"}'::jsonb)))));
select is(test.status('whole'), 201, 'a dashboard may be created with all its members and widgets');
select is(test.data('whole')
          - '{id,etag,version,created_at,updated_at,widgets,status,published_version,
                                 owner_id,deleted_at,permissions}'::text[],
          jsonb_build_object(
              'name', 'Whole', 'description', 'd', 'visibility', 'org', 'layout',
                  '{"columns": 24}'::jsonb,
              'filters', '[{"a": 1}]'::jsonb, 'variables', '[{"b": 2}]'::jsonb,
              'tags', '["x", "y"]'::jsonb, 'metadata', '{"c": {"d": null}}'::jsonb, 'is_default',
                  true,
              'facility_id', test.id('301'), 'workspace_id', test.id('011')),
          'all members are kept as sent');
select is(jsonb_path_query_array(test.data('whole'), '$.widgets[*].type'), '["kpi", "note"]',
          'widgets come by rows and columns');
select is(test.data('whole') #>> '{widgets,0,id}', 'aaaaaaaa-0000-4000-8000-000000000001',
          'a widget may bring its id');
select is((test.data('whole') #> '{widgets,1}') - '{id,dashboard_id,created_at,updated_at}'::text[],
          '{"type": "note", "title": "last", "x": 0, "y": 5, "width": 4, "height": 3, "config": {},
            "query": null, "drill_through": null, "cross_filter": null, "refresh_interval": 300,
            "cache_ttl": null, "etag": "\"v1\"", "version": 1}', 'a widget''s members have defaults');

select is(test.outcome(test.call('create_dashboard', who, body => body)), outcome, promise)
from (values
    ('viewer', '{"name": "x"}'::jsonb, '403 FORBIDDEN', 'a viewer creates nothing'),
    ('colleague', '{"name": "x"}', '400 VALIDATION_ERROR /workspace_id',
     'who belongs to two workspaces must say which'),
    ('analyst', '{"name": "x", "workspace_id": "00000000-0000-4000-8000-000000000012"}',
     '404 NOT_FOUND', 'a workspace one does not belong to is not there'),
    ('super', '{"name": "x", "workspace_id": "00000000-0000-4000-8000-000000000011"}', '201',
     'a super_admin creates in every workspace'),
    ('analyst', '{"name": null}', '400 VALIDATION_ERROR /name', 'a name is required'),
    ('colleague', '{"name": "x", "workspace_id": "00000000-0000-4000-8000-000000000011",
                    "facility_id": "00000000-0000-4000-8000-000000000301"}',
     '400 VALIDATION_ERROR /facility_id', 'a facility that was not granted is not there'),
    ('admin', '{"name": "x", "facility_id": "00000000-0000-4000-8000-000000000301"}', '201',
     'an admin needs no grant'),
    ('analyst', '{"name": "x", "facility_id": "00000000-0000-4000-8000-000000000999"}',
     '400 VALIDATION_ERROR /facility_id', 'a facility must exist'),
    ('analyst', '{"name": "x", "widgets": [{"type": "kpi"}, {"type": "kpi", "query": {"query_id":
                  "00000000-0000-4000-8000-000000000999"}}]}',
     '400 VALIDATION_ERROR /widgets/1/query/query_id', 'a widget''s query must exist'),
    ('analyst', '{"name": "x", "widgets": [{"type": "kpi", "query": {"query_id":
                  "00000000-0000-4000-8000-000000000601", "params": {"min_delay": "soon"}}}]}',
     '400 VALIDATION_ERROR /widgets/0/query/params/min_delay',
         'a stored parameter must be of its type'),
    ('analyst', '{"name": "x", "widgets": [{"type": "kpi", "query": {"query_id":
                  "00000000-0000-4000-8000-000000000601", "params": {"a/b~c": 1}}}]}',
     '400 VALIDATION_ERROR /widgets/0/query/params/a~1b~0c', 'a stored parameter must be declared'),
    ('analyst', '{"name": "x", "widgets": [{"type": "kpi", "query": {}}]}',
     '400 VALIDATION_ERROR /widgets/0/query', 'a widget''s query must name something'),
    ('analyst', '{"name": "x", "widgets": [{"type": "kpi", "query": {"metric": "m", "query_id":
                  "00000000-0000-4000-8000-000000000601"}}]}',
     '400 VALIDATION_ERROR /widgets/0/query', 'and not two things'),
    ('analyst', '{"name": "x", "widgets": [{"id": "00000000-0000-4000-8000-000000000abc", "type": "kpi"},
                                           {"id": "00000000-0000-4000-8000-000000000ABC", "type": "kpi"}]}',
     '400 VALIDATION_ERROR /widgets/1/id', 'an id is given once'),
    ('analyst', '{"name": "x", "widgets": [{"id": "00000000-0000-4000-8000-000000000501", "type": "kpi"}]}',
     '409 ALREADY_EXISTS', 'an id that another dashboard''s widget has is taken'))
    as c (who, body, outcome, promise);
select is(
    jsonb_path_query_array((test.call('create_dashboard', 'analyst', body =>
        '{"name": null, "facility_id": "00000000-0000-4000-8000-000000000999", "widgets": [
            {"type": "kpi", "query": {}}, {"type": "kpi", "query": {}}]}')).body::jsonb,
        '$.details.errors[*].field'),
    '["/name", "/facility_id", "/widgets/0/query", "/widgets/1/query"]',
        'all problems are told at once');

-- Preconditions ----------------------------------------------------------------------------------

select is(test.outcome(test.call(o, who, test.at('401'), '{"name": "x"}', extra)), outcome, promise)
from unnest(array['patch_dashboard', 'put_dashboard', 'delete_dashboard']) as o,
     (values
        ('viewer', '{}'::jsonb, '403 FORBIDDEN', '403 comes before 428'),
        ('viewer', test.tags('if_match', 9), '403 FORBIDDEN', '403 comes before 412'),
        ('neighbour', '{}', '404 NOT_FOUND', '404 comes before 428'),
        ('analyst', '{}', '428 PRECONDITION_REQUIRED', '428 without If-Match'),
        ('analyst', test.tags('if_match', 2), '412 CONFLICT', '412 with another version'),
        ('analyst', test.tags('if_match', 2, 3), '412 CONFLICT', '412 with other versions'),
        ('analyst', '{"if_match": {"raw": "\"x\"", "any": false, "versions": []}}', '412 CONFLICT',
         '412 with a tag that is no version'))
    as c (who, extra, outcome, promise);
select is(test.version('401'), 1::bigint, 'none of them wrote');

select test.keep('patched', 'patch_dashboard', 'analyst', test.at('401'), '{"name": "Renamed"}',
                 test.tags('if_match', 7, 1));
select is(test.status('patched'), 200, 'a list that has the version will do');
select is(test.etag('patched'), '"v2"', 'a change raises the version by one');
select is(test.data('patched') ->> 'etag', '"v2"', 'data.etag is the header''s');
select is((test.call('patch_dashboard', 'analyst', test.at('401'), '{"name": "Again"}',
                     test.tags('if_match'))).etag, '"v3"', 'so will *');

select test.keep('conflict', 'patch_dashboard', 'colleague', test.at('401'), '{"name": "Mine"}',
                 test.tags('if_match', 1, 9));
select is(test.status('conflict'), 412, 'an old version conflicts');
select is(test.etag('conflict'), '"v3"', 'the 412 carries the current tag');
select is(test.body('conflict') #>> '{details,currentEtag}', '"v3"', 'details.currentEtag');
select is(test.body('conflict') #>> '{details,providedEtag}', '"v1", "v9"',
          'details.providedEtag is as sent');
select is(test.body('conflict') #> '{details,current}',
          (test.call('get_dashboard', 'colleague', test.at('401'))).body::jsonb -> 'data',
          'details.current is what GET shows');
select is(test.body('conflict') #> '{details,changed}', '["/name"]',
          'details.changed: what changed since the newest version provided');
select is(test.body('conflict') ->> 'message', 'Dashboard was modified by another user',
          'and says so');
select test.keep('conflict', 'patch_dashboard', 'analyst', test.at('401'), '{"name": "Mine"}',
                 test.tags('if_match', 9));
select is(test.body('conflict') #> '{details,changed}', null,
          'changed is left out where it is not known');

select test.keep('moved', 'patch_widget', 'analyst', test.at('502'), '{"x": 1, "config": {"a": 1}}',
                 test.tags('if_match', 1));
select test.keep('conflict', 'patch_dashboard', 'analyst', test.at('401'), '{"name": "Mine"}',
                 test.tags('if_match', 3));
select is(test.body('conflict') #> '{details,changed}', '["/widgets/1/config/a", "/widgets/1/x"]',
          'a change of a widget is a change of its dashboard');

-- Merge patch ------------------------------------------------------------------------------------

-- RFC 7396, appendix A.
select is(dashboard.merge_patch(target::jsonb, patch::jsonb), wanted::jsonb,
          format('RFC 7396: %s + %s', target, patch))
from (values
    ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'), ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
    ('{"a":"b"}', '{"a":null}', '{}'), ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
    ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'), ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
    ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
    ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'), ('["a","b"]', '["c","d"]', '["c","d"]'),
    ('{"a":"b"}', '["c"]', '["c"]'), ('{"a":"foo"}', 'null', 'null'), ('{"a":"foo"}', '"bar"',
        '"bar"'),
    ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'), ('[1,2]', '{"a":"b","c":null}', '{"a":"b"}'),
    ('{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}')) as c (target, patch, wanted);

select test.keep('m1', 'patch_dashboard', 'analyst', test.at('401'),
    '{"layout": {"columns": 24, "row_height": null, "gap": {"x": 1, "y": 2}}, "metadata": {"a": {"b": 1}},
      "tags": ["one"], "description": null, "visibility": "org"}', test.tags('if_match'));
select is(test.data('m1') -> 'layout', '{"columns": 24, "gap": {"x": 1, "y": 2}}',
          'objects are merged');
select is(test.data('m1') -> 'tags', '["one"]', 'arrays are replaced');
select is(test.data('m1') -> 'description', 'null', 'null removes');
select is(test.data('m1') ->> 'name', 'Again', 'what the patch leaves out stays');
select test.keep('m2', 'patch_dashboard', 'analyst', test.at('401'),
    '{"layout": {"gap": {"x": null}}, "metadata": null, "tags": null, "visibility": null}',
    test.tags('if_match'));
select is(test.data('m2') -> 'layout', '{"columns": 24, "gap": {"y": 2}}', 'at any depth');
select is(test.data('m2') -> 'metadata', '{}', 'null resets an object to its default');
select is(test.data('m2') -> 'tags', '[]', 'and an array');
select is(test.data('m2') ->> 'visibility', 'private', 'and an enum');
select is(test.outcome(test.call('patch_dashboard', 'analyst', test.at('401'), '{"name": null}',
                                 test.tags('if_match'))),
          '400 VALIDATION_ERROR /name', 'null on a required member is an error that names it');
select test.keep('m3', 'patch_dashboard', 'analyst', test.at('401'), '{"name": "Again"}',
                 test.tags('if_match'));
select is(test.status('m3') || test.etag('m3'), '200' || test.etag('m2'),
          'a patch that changes nothing keeps the version');
select is(test.data('m3'), test.data('m2'), 'and answers with what is there');

-- Replace ----------------------------------------------------------------------------------------

select test.keep('was', 'get_dashboard', 'analyst', test.at('401'));
select test.keep('put', 'put_dashboard', 'analyst', test.at('401'),
                 '{"name": "Replaced", "visibility": "workspace"}', test.tags('if_match'));
select is(test.data('put')
          - '{id,etag,version,created_at,updated_at,widgets,status,published_version,
                               owner_id,deleted_at,workspace_id,permissions}'::text[],
          '{"name": "Replaced", "description": null, "visibility": "workspace", "layout": {}, "filters": [],
            "variables": [], "tags": [], "metadata": {}, "is_default": false, "facility_id": null}',
          'PUT gives members left out their defaults');
select is(test.data('put') -> 'widgets', test.data('was') -> 'widgets',
          'but leaves the widgets alone');
select test.keep('same', 'put_dashboard', 'analyst', test.at('401'), test.data('put'),
                 test.tags('if_match'));
select is(test.etag('same'), test.etag('put'), 'what GET gave can be sent back: nothing changes');
select test.keep('set', 'put_dashboard', 'analyst', test.at('401'), jsonb_build_object(
    'name', 'Replaced', 'visibility', 'workspace', 'owner_id', test.id('101'), 'version', 99,
    'workspace_id', test.id('012'), 'widgets', jsonb_build_array(
        test.data('put') #> '{widgets,0}',
        (test.data('put') #> '{widgets,1}') || '{"title": "Changed"}',
        jsonb_build_object('id', test.id('599'), 'type', 'map', 'y', 50),
        jsonb_build_object('type', 'area', 'y', 60))), test.tags('if_match'));
select is(test.etag('set'), format('"v%s"', (test.data('put') ->> 'version')::integer + 1),
          'a whole set of widgets is one change');
select is(jsonb_path_query_array(test.data('set'), '$.widgets[*].type'),
          '["kpi", "table", "map", "area"]',
          'PUT makes the widgets exactly those of the body');
select is(test.data('set') #> '{widgets,0}', test.data('put') #> '{widgets,0}',
          'a widget sent as it was keeps its version');
select is(test.data('set') #>> '{widgets,1,etag}',
          format('"v%s"', (test.data('put') #>> '{widgets,1,version}')::integer + 1),
          'a changed one gets a new version');
select is(test.data('set') #>> '{widgets,2,id}', test.id('599')::text,
          'an id the dashboard did not have creates a widget');
select is(test.data('set') ->> 'owner_id', test.id('102')::text,
          'read-only members have no effect');
select is(test.data('set') ->> 'workspace_id', test.id('011')::text, 'a dashboard does not move');
select is((test.call('get_widget', 'analyst', test.at('506'))).status, 404,
          'widgets left out are gone');
select is(test.outcome(test.call('put_dashboard', 'analyst', test.at('401'),
    '{"name": "x", "widgets": [{"id": "00000000-0000-4000-8000-000000000507", "type": "kpi"}]}',
    test.tags('if_match'))), '409 ALREADY_EXISTS', 'a widget of another dashboard cannot be taken');
select is((test.call('put_dashboard', 'analyst', test.at('401'),
                     '{"name": "x", "visibility": "workspace", "widgets": []}',
                     test.tags('if_match'))).body::jsonb #> '{data,widgets}', '[]',
                         'an empty set empties');

-- Create by PUT ----------------------------------------------------------------------------------

select test.keep('pc', 'put_dashboard', 'analyst', test.at('aaa'),
                 '{"name": "Chosen", "widgets": [{"type": "note"}]}', test.tags('if_none_match'));
select is(test.status('pc') || test.etag('pc'), '201"v1"', 'If-None-Match: * creates');
select is(test.data('pc') ->> 'id', test.id('aaa')::text, 'under the id of the path');
select test.keep('pc', 'put_dashboard', 'analyst', test.at('aaa'), '{"name": "Twice"}',
                 test.tags('if_none_match'));
select is(test.status('pc'), 412, 'and only creates');
select is(test.body('pc') #>> '{details,providedEtag}', '*', 'the 412 says what was asked');
select is(test.body('pc') #>> '{details,current,name}', 'Chosen', 'and what is there');
select is(test.body('pc') ->> 'message', 'Dashboard exists already', 'and why');
select is(test.outcome(test.call('put_dashboard', 'analyst', test.at('aab'), '{"name": "x"}',
                                 test.tags('if_match'))), '404 NOT_FOUND',
                                     'If-Match: * does not create');
select is(test.outcome(test.call('put_dashboard', 'analyst', test.at('aab'), '{"name": "x"}')),
          '404 NOT_FOUND', 'nor does PUT without a condition');
select is(test.outcome(test.call('put_dashboard', 'colleague', test.at('402'), '{"name": "x"}',
                                 test.tags('if_none_match'))),
          '404 NOT_FOUND', 'an id that somebody''s private dashboard has cannot be used');
select is(test.outcome(test.call('put_dashboard', 'viewer', test.at('aab'), '{"name": "x"}',
                                 test.tags('if_none_match'))), '403 FORBIDDEN',
                                     'a viewer creates nothing');
select is(test.outcome(test.call('put_dashboard', 'analyst', test.at('aaa'), '{"name": "x"}',
                                 test.tags('if_none_match', 7))),
          '428 PRECONDITION_REQUIRED',
              'an If-None-Match that does not fail makes up for no If-Match');

-- Default ----------------------------------------------------------------------------------------

select is(array(select d.id::text from dashboard.dashboard as d where d.is_default
                and d.owner_id = test.id('102')),
          array[test.data('whole') ->> 'id'], 'the default made above');
select test.keep('def', 'patch_dashboard', 'analyst', test.at('aaa'), '{"is_default": true}',
                 test.tags('if_match'));
select is(test.data('def') -> 'is_default', 'true', 'another becomes the default');
select is(test.etag('def'), '"v2"', 'which is one change');
select test.keep('old', 'get_dashboard', 'analyst', jsonb_build_object('id',
    test.data('whole') -> 'id'));
select is(test.data('old') -> 'is_default', 'false', 'and the former is it no longer');
select is(test.etag('old'), '"v2"', 'which is a change of that one');
select is((test.call('create_dashboard', 'analyst', body => '{"name": "d3", "is_default": true}')
          ).body::jsonb #> '{data,is_default}', 'true', 'a new one may be the default at once');
select is((select count(*) from dashboard.dashboard as d where d.is_default
           and d.owner_id = test.id('102')),
          1::bigint, 'there is one default');

-- Trash ------------------------------------------------------------------------------------------

select test.keep('before', 'get_dashboard', 'analyst', test.at('402'));
select test.keep('del', 'delete_dashboard', 'analyst', test.at('402'), null, test.tags('if_match',
    1));
select is(test.status('del'), 204, 'a deletion answers 204');
select is((select (k.answer).body from test.kept as k where k.name = 'del'), null,
          'without a body');
select is(test.outcome(test.call(o, 'analyst', test.at('402') || '{"version": 1}', '{"name": "x"}',
                                 test.tags('if_match'))),
          '404 NOT_FOUND', format('a deleted dashboard is not there for %s', o))
from unnest(array['get_dashboard', 'patch_dashboard', 'put_dashboard', 'delete_dashboard',
                  'publish_dashboard', 'unpublish_dashboard', 'list_dashboard_versions',
                  'get_dashboard_version', 'restore_dashboard_version', 'list_dashboard_widgets',
                  'get_dashboard_data', 'clone_dashboard']) as o;
select is(test.outcome(test.call(o, 'analyst', test.at('507'), '{"title": "x"}',
                                 test.tags('if_match'))),
          '404 NOT_FOUND', format('nor its widget for %s', o))
from unnest(array['get_widget', 'patch_widget', 'delete_widget', 'get_widget_data']) as o;
select is((test.call('put_dashboard', 'analyst', test.at('402'), '{"name": "x"}',
                     test.tags('if_none_match'))).status, 404, 'nor can its id be used');
select is((test.call('restore_dashboard', 'colleague', test.at('402'))).status, 404,
          'nobody else can restore it');
select is((test.call('restore_dashboard', 'analyst', test.at('402'), null, test.tags('if_match',
    1))).status,
          412, 'an If-Match on restore is honoured');
select test.keep('back', 'restore_dashboard', 'analyst', test.at('402'));
select is(test.status('back') || test.etag('back'), '200"v3"',
          'a restored dashboard is a new version');
select is(test.data('back') - '{etag,version,updated_at}'::text[],
          test.data('before') - '{etag,version,updated_at}'::text[], 'as it was');
select test.keep('back', 'restore_dashboard', 'analyst', test.at('402'));
select is(test.status('back') || test.etag('back'), '200"v3"', 'restoring again changes nothing');
select is((test.call('restore_dashboard', 'colleague', test.at('401'))).status, 403,
          'restoring takes the permission to manage');

select * from finish();
rollback;
