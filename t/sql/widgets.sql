-- Widgets, one by one.

begin;
\ir lib/helpers.sql
select no_plan();

-- Read -------------------------------------------------------------------------------------------

select test.keep('list', 'list_dashboard_widgets', 'viewer', test.at('401'));
select is(test.data('list'), (test.call('get_dashboard', 'viewer',
                                        test.at('401'))).body::jsonb #> '{data,widgets}',
          'the list is what the dashboard shows');
select is(test.body('list') -> 'page', '{"limit": 100, "next": null}', 'in one page');
select is(test.etag('list'), '"v1"', 'with the dashboard''s tag');
select test.keep('get', 'get_widget', 'viewer', test.at('501'));
select is(test.data('get'), test.data('list') -> 0, 'GET shows the same widget');
select is(test.etag('get'), '"v1"', 'with the widget''s own tag');

-- Create -----------------------------------------------------------------------------------------

select test.keep('new', 'create_widget', 'colleague', body => jsonb_build_object(
    'dashboard_id', test.id('401'), 'type', 'kpi'));
select is(test.status('new') || test.etag('new'), '201"v1"', 'a dashboard and a type are enough');
select is((select (k.answer).location from test.kept as k where k.name = 'new'),
          '/widgets/' || (test.data('new') ->> 'id'), 'Location names it');
select is(test.data('new') - '{id,created_at,updated_at}'::text[], jsonb_build_object(
    'dashboard_id', test.id('401'), 'type', 'kpi', 'title', null, 'x', 0, 'y', 0, 'width', 4,
        'height', 3,
    'config', '{}'::jsonb, 'query', null, 'drill_through', null, 'cross_filter', null,
    'refresh_interval', 300, 'cache_ttl', null, 'etag', '"v1"', 'version', 1),
    'members left out get their defaults');
select is(test.version('401'), 2::bigint, 'the dashboard has a new version');
select test.keep('all', 'create_widget', 'analyst', body => jsonb_build_object(
    'dashboard_id', test.id('401'), 'type', 'map', 'title', 't', 'x', 1, 'y', 2, 'width', 3,
        'height', 4,
    'config', '{"a": [1]}'::jsonb, 'query', jsonb_build_object('query_id', test.id('601')),
    'drill_through', '{"b": 1}'::jsonb, 'cross_filter', '{"c": 1}'::jsonb, 'refresh_interval', 0,
    'cache_ttl', 0));
select is(test.data('all') - '{id,dashboard_id,etag,version,created_at,updated_at,query}'::text[],
          '{"type": "map", "title": "t", "x": 1, "y": 2, "width": 3, "height": 4, "config": {"a": [1]},
            "drill_through": {"b": 1}, "cross_filter": {"c": 1}, "refresh_interval": 0, "cache_ttl": 0}',
          'all members are kept as sent');
select is(test.outcome(test.call('create_widget', who, body => body)), outcome, promise)
from (values
    ('viewer', '{"dashboard_id": "00000000-0000-4000-8000-000000000401", "type": "kpi"}'::jsonb,
     '403 FORBIDDEN', 'a viewer adds nothing'),
    ('neighbour', '{"dashboard_id": "00000000-0000-4000-8000-000000000401", "type": "kpi"}',
     '404 NOT_FOUND', 'nor is there a dashboard one cannot see'),
    ('analyst', '{"dashboard_id": "00000000-0000-4000-8000-000000000999", "type": "kpi"}',
     '404 NOT_FOUND', 'nor one that does not exist'),
    ('analyst', '{"dashboard_id": "00000000-0000-4000-8000-000000000401", "type": "kpi", "query":
        {"query_id": "00000000-0000-4000-8000-000000000608"}}',
     '400 VALIDATION_ERROR /query/query_id', 'a query must exist'),
    ('analyst', '{"dashboard_id": "00000000-0000-4000-8000-000000000401", "type": null}',
     '400 VALIDATION_ERROR /type', 'a type is required'),
    ('analyst', '{"dashboard_id": "00000000-0000-4000-8000-000000000401", "type": "kpi", "query":
        {"metric": "m", "aggregation": "sum"}}', '201', 'a metric may be named before there are metrics'))
    as c (who, body, outcome, promise);
insert into dashboard.widget (organisation_id, dashboard_id, type)
select test.id('001'), test.id('402'), 'note' from generate_series(1, 99);
select is(test.outcome(test.call('create_widget', 'analyst', body => jsonb_build_object(
              'dashboard_id', test.id('402'), 'type', 'kpi'))),
          '400 VALIDATION_ERROR /dashboard_id', 'a dashboard has at most 100 widgets');

-- Preconditions ----------------------------------------------------------------------------------

select is(test.outcome(test.call(o, who, test.at('501'), '{"type": "kpi", "title": "x"}', extra)),
          outcome,
          o || ': ' || promise)
from unnest(array['patch_widget', 'put_widget', 'delete_widget']) as o,
     (values
        ('viewer', '{}'::jsonb, '403 FORBIDDEN', '403 comes before 428'),
        ('viewer', test.tags('if_match', 9), '403 FORBIDDEN', '403 comes before 412'),
        ('neighbour', '{}', '404 NOT_FOUND', '404 comes before 428'),
        ('analyst', '{}', '428 PRECONDITION_REQUIRED', '428 without If-Match'),
        ('analyst', test.tags('if_match', 2), '412 CONFLICT', '412 with another version'))
    as c (who, extra, outcome, promise);
select is((test.call('get_widget', 'viewer', test.at('501'))).etag, '"v1"', 'none of them wrote');

-- Patch ------------------------------------------------------------------------------------------

select test.keep('p', 'patch_widget', 'colleague', test.at('501'),
    '{"title": null, "x": 7, "config": {"format": {"unit": "%"}}, "query": {"params": {"min_delay": 5}},
      "refresh_interval": null, "cross_filter": {"field": "carrier"}}', test.tags('if_match', 1));
select is(test.status('p') || test.etag('p'), '200"v2"', 'a patch is a new version of the widget');
select is(test.data('p') -> 'config', '{"format": {"unit": "%", "decimals": 0}}',
          'objects are merged');
select is(test.data('p') #> '{query,params}', '{"carrier": "AA", "min_delay": 5}', 'the query too');
select is(test.data('p') -> 'title', 'null', 'null removes');
select is(test.data('p') -> 'refresh_interval', '300', 'or resets to the default');
select is(test.data('p') -> 'width', '3', 'what the patch leaves out stays');
select is(test.outcome(test.call('patch_widget', 'analyst', test.at('501'), b,
                                 test.tags('if_match'))), outcome,
          format('patch %s: %s', b, outcome))
from (values
    ('{"type": null}'::jsonb, '400 VALIDATION_ERROR /type'),
    ('{"query": {"query_id": null}}', '400 VALIDATION_ERROR /query'),
    ('{"query": {"metric": "m"}}', '400 VALIDATION_ERROR /query'),
    ('{"query": {"params": {"carrier": "XX"}}}', '400 VALIDATION_ERROR /query/params/carrier'),
    ('{"query": {"query_id": null, "params": null, "metric": "m"}}', '200'),
    ('{"query": null}', '200'))
    as c (b, outcome);
select test.keep('n1', 'get_widget', 'analyst', test.at('501'));
select is((test.call('patch_widget', 'analyst', test.at('501'), '{"x": 7}',
                     test.tags('if_match'))).etag,
          test.etag('n1'), 'a patch that changes nothing keeps the version');
select is(test.version('401'), (select max(v.version) from dashboard.dashboard_version as v
                                where v.dashboard_id = test.id('401')), 'and the dashboard''s');

select test.keep('conflict', 'patch_widget', 'analyst', test.at('501'), '{"x": 9}',
                 test.tags('if_match', 2));
select is(test.status('conflict'), 412, 'an old version conflicts');
select is(test.body('conflict') #>> '{details,currentEtag}', test.etag('n1'),
          'details.currentEtag');
select is(test.body('conflict') #> '{details,current}', test.data('n1'),
          'details.current is the widget now');
select is(test.body('conflict') #> '{details,changed}', '["/query"]',
          'details.changed: since that version');

-- Replace, create by PUT -------------------------------------------------------------------------

select test.keep('put', 'put_widget', 'analyst', test.at('501'),
                 '{"type": "bar", "title": "Put", "dashboard_id": "00000000-0000-4000-8000-000000000402"}',
                 test.tags('if_match'));
select is(test.data('put') - '{id,etag,version,created_at,updated_at}'::text[], jsonb_build_object(
    'dashboard_id', test.id('401'), 'type', 'bar', 'title', 'Put', 'x', 0, 'y', 0, 'width', 4,
        'height', 3,
    'config', '{}'::jsonb, 'query', null, 'drill_through', null, 'cross_filter', null,
    'refresh_interval', 300, 'cache_ttl', null),
    'PUT gives members left out their defaults, and a widget stays on its dashboard');
select is((test.call('put_widget', 'analyst', test.at('501'), test.data('put'),
                     test.tags('if_match'))).etag,
          test.etag('put'), 'what GET gave can be sent back: nothing changes');
select test.keep('pc', 'put_widget', 'analyst', test.at('555'),
                 jsonb_build_object('type', 'line', 'dashboard_id', test.id('401')),
                     test.tags('if_none_match'));
select is(test.status('pc') || (test.data('pc') ->> 'id'), '201' || test.id('555'),
          'If-None-Match: * creates under the id of the path');
select is(test.outcome(test.call('put_widget', who, test.at(id), body, extra)), outcome, promise)
from (values
    ('analyst', '555', '{"type": "line"}'::jsonb, test.tags('if_none_match'), '412 CONFLICT',
     'and only creates'),
    ('analyst', '556', '{"type": "line"}', test.tags('if_none_match'),
     '400 VALIDATION_ERROR /dashboard_id',
     'creating needs a dashboard'),
    ('analyst', '556', '{"type": "line"}', test.tags('if_match'), '404 NOT_FOUND',
     'If-Match does not create'),
    ('analyst', '556', '{"type": "line"}', '{}', '404 NOT_FOUND',
     'nor does PUT without a condition'),
    ('colleague', '507', '{"type": "line", "dashboard_id": "00000000-0000-4000-8000-000000000401"}',
     test.tags('if_none_match'), '404 NOT_FOUND',
         'an id that an unseen dashboard''s widget has cannot be used'))
    as c (who, id, body, extra, outcome, promise);

-- Delete -----------------------------------------------------------------------------------------

select test.keep('before', 'get_dashboard', 'analyst', test.at('401'));
select test.keep('del', 'delete_widget', 'colleague', test.at('555'), null, test.tags('if_match',
    1));
select is(test.status('del'), 204, 'a deletion answers 204');
select is((test.call('get_widget', 'analyst', test.at('555'))).status, 404, 'the widget is gone');
select is(test.version('401'), (test.data('before') ->> 'version')::bigint + 1,
          'which is a change of the dashboard');
select is((test.call('put_widget', 'analyst', test.at('555'),
                     jsonb_build_object('type', 'line', 'dashboard_id', test.id('401')),
                     test.tags('if_none_match'))).etag,
          '"v2"', 'one made again under its id does not begin anew');

select * from finish();
rollback;
