-- The plan of a batch: what runs for each widget, with which values.

begin;
\ir lib/helpers.sql
select no_plan();

-- The entry of a widget in a plan made for body; one widget's entry by its parameters.
create function test.plan(who text, body jsonb, extra jsonb default '{}') returns jsonb
language sql
as $plan$
    select (test.call('query_widgets', who, body => body, extra => extra)).body::jsonb -> 'widgets'
$plan$;
create function test.ask(digits text, params jsonb default null,
                         etag text default null) returns jsonb
language sql
as $ask$
    select jsonb_strip_nulls(jsonb_build_object('id', test.id(digits), 'etag', etag))
           || case when params is null then '{}' else jsonb_build_object('params', params) end
$ask$;
create function test.params(digits text, params jsonb, more jsonb default '{}') returns jsonb
language sql
as $params$
    select test.plan('analyst', jsonb_build_object('widgets', jsonb_build_array(test.ask(digits,
        params))) || more)
           #> '{0,params}'
$params$;
create function test.complaint(digits text, params jsonb, more jsonb default '{}') returns text
language sql
as $complaint$
    select concat_ws(' ', e -> 'status', e #>> '{error,code}', e #>> '{error,details,field}',
                     e #>> '{error,details,issue}')
    from (select test.plan('analyst', jsonb_build_object(
              'widgets', jsonb_build_array(test.ask(digits, params))) || more) -> 0 as e) as p
$complaint$;

-- Entries ----------------------------------------------------------------------------------------

select test.keep('batch', 'query_widgets', 'viewer', body => jsonb_build_object('widgets',
    jsonb_build_array(
    test.id('503'), test.id('501'), test.ask('502', null, '"abc"'), test.id('507'), test.id('508'),
    test.id('999'))));
select is(test.status('batch'), 200, 'a batch is planned');
select is(jsonb_path_query_array(test.body('batch'), '$.widgets[*].id'), jsonb_build_array(
    test.id('503'), test.id('501'), test.id('502'), test.id('507'), test.id('508'), test.id('999')),
    'in the order asked');
select is(test.body('batch') #> '{widgets,0}', jsonb_build_object(
    'id', test.id('503'), 'sql', null, 'params', '[]'::jsonb, 'timezone', 'UTC', 'timeout_ms', 5000,
    'max_rows', 10000, 'ttl', 60, 'etag', null, 'context', null), 'a note runs nothing');
select is(test.body('batch') #> '{widgets,1}', jsonb_build_object(
    'id', test.id('501'), 'sql',
        (select q.compiled from dashboard.query as q where q.id = test.id('601')),
    'params', '["AA", "-1000"]'::jsonb, 'timezone', 'UTC', 'timeout_ms', 5000, 'max_rows', 10000,
    'ttl', 120, 'etag', null, 'context', null),
        'a widget runs its query with stored values and defaults, for the query''s time');
select is(test.body('batch') #>> '{widgets,2,etag}', '"abc"', 'the client''s tag goes with it');
select is(test.body('batch') #> '{widgets,2,ttl}', '30', 'a widget''s own cache_ttl counts');
select is(test.body('batch') #> ('{widgets,' || n || '}')::text[], jsonb_build_object(
    'id', test.id(id), 'status', 404, 'error',
        '{"code": "NOT_FOUND", "message": "Widget not found"}'::jsonb),
    promise)
from (values (3, '507', 'a widget one cannot see is not there'), (4, '508',
    'nor one of another tenant'),
             (5, '999', 'nor one that does not exist')) as c (n, id, promise);
update dashboard.query set timeout_ms = 700 where id = test.id('601');
select is(test.plan('analyst', jsonb_build_object('widgets',
                                                  jsonb_build_array(test.id('501'))))
                                                      #> '{0,timeout_ms}',
          '700', 'a query may have a shorter time-out than the server');
update dashboard.query set timeout_ms = 60000 where id = test.id('601');
select is(test.plan('analyst', jsonb_build_object('widgets', jsonb_build_array(test.id('501'))),
                    '{"limits": {"batch_max": 50, "widget_timeout_ms": 900, "widget_rows": 7}}')
                        -> 0
          #- '{sql}' #- '{id}',
          '{"params": ["AA", "-1000"], "timezone": "UTC", "timeout_ms": 900, "max_rows": 7,
            "ttl": 120, "etag": null, "context": null}',
          'but no longer one; rows and time-out are the server''s');
update dashboard.widget set query = '{"metric": "flights", "aggregation": "sum"}'
    where id = test.id('506');
select is(test.plan('analyst', jsonb_build_object('widgets',
                                                  jsonb_build_array(test.id('506'))))
                                                      #> '{0,status}',
          '400', 'a metric is refused for its widget alone');
update dashboard.widget set query = null where id = test.id('505');
select is(test.plan('analyst', jsonb_build_object('widgets',
                                                  jsonb_build_array(test.id('505')))) #> '{0,sql}',
          'null', 'a widget without query runs nothing');
update dashboard.widget set cache_ttl = 0 where id = test.id('502');
select is(test.plan('analyst', jsonb_build_object('widgets',
                                                  jsonb_build_array(test.id('502')))) #> '{0,ttl}',
          '0', 'never to be cached is kept apart from not said');

-- Where values come from -------------------------------------------------------------------------

select is(test.params('501', params, more), wanted, promise)
from (values
    (null::jsonb, '{}'::jsonb, '["AA", "-1000"]'::jsonb,
     'the widget''s params stand over the query''s defaults'),
    (null, '{"filters": {"carrier": "BB"}}', '["BB", "-1000"]',
     'filters over the widget''s params'),
    ('{"carrier": "CC"}', '{"filters": {"carrier": "BB"}}', '["CC", "-1000"]',
     'the request''s params over filters'),
    ('{"carrier": null}', '{"filters": {"carrier": "BB"}}', '[null, "-1000"]', 'null is a value'),
    (null, '{"filters": {"airport": "JFK"}}', '["AA", "-1000"]',
     'filters a query does not know do not concern it'),
    ('{"min_delay": "17"}', '{}', '["AA", "17"]', 'a text that reads as the type will do'))
    as c (params, more, wanted, promise);
select is(test.complaint('501', params, more), wanted, promise)
from (values
    ('{"airport": "JFK"}'::jsonb, '{}'::jsonb,
     '400 VALIDATION_ERROR airport is not a parameter of the query',
     'params a query does not know are refused'),
    ('{"from": "2024-01-01T00:00:00Z"}', '{}',
     '400 VALIDATION_ERROR from is not a parameter of the query',
     'reserved names cannot be given'),
    ('{"carrier": "ZZ"}', '{}', '400 VALIDATION_ERROR carrier must be one of AA, BB, CC, DD',
     'enum'),
    ('{"min_delay": 1.5}', '{}', '400 VALIDATION_ERROR min_delay must be an integer of 32 bits',
     'type'),
    (null, '{"filters": {"min_delay": "x"}}',
     '400 VALIDATION_ERROR min_delay must be an integer of 32 bits',
     'a filter must be of the parameter''s type, too'),
    (null, '{"filters": {"carrier": ["AA", "BB"]}}',
     '400 VALIDATION_ERROR carrier must be a single value',
     'and one value where one is due'))
    as c (params, more, wanted, promise);
update dashboard.widget set query = jsonb_build_object('query_id',
                                                       test.id('607')) where id = test.id('504');
select is(test.complaint('504', null), '400 VALIDATION_ERROR name is required',
          'what is required must be given');
select is(test.complaint('504', '{"name": null}'), '400 VALIDATION_ERROR name is required',
          'and be a value');
select is(test.params('504', '{"name": "''; drop table x; --"}'), '["''; drop table x; --"]',
          'a value is bound, whatever it says');
select is(test.params('507',
                      '{"a_date": "2024-02-29", "texts": ["a,b", "c"], "a_timerange": "7d", "a_uuid":
                               "00000000-0000-4000-8000-00000000ABCD", "integers": 3, "a_boolean": "true"}') #- '{6}',
          '[null, null, null, "true", "2024-02-29", null, "00000000-0000-4000-8000-00000000abcd",
            "{\"a,b\",c}", "{3}", "UTC"]', 'every type is bound as PostgreSQL reads it');
select is(jsonb_array_length(test.plan('analyst', jsonb_build_object('widgets', jsonb_build_array(
              test.ask('507', '{"an_integer": "x", "a_date": "2023-02-29", "nope": 1}'))))
                  #> '{0,error,details,errors}'),
          3, 'all problems of a widget are told at once');
select is(
    (select jsonb_agg(coalesce(e -> 'status', '200'))
     from jsonb_array_elements(test.plan('analyst', jsonb_build_object('widgets', jsonb_build_array(
         test.ask('501', '{"x": 1}'), test.id('502'), test.id('999'))))) as e),
    '[400, 200, 404]', 'a bad entry spoils only itself');

-- Time -------------------------------------------------------------------------------------------

select is((p ->> 1)::timestamptz - (p ->> 0)::timestamptz, wanted::interval, promise)
from (values ('{}'::jsonb, '24 hours', 'without timerange: the last day'),
             ('{"timerange": "7d"}', '168 hours', 'back from now'),
             ('{"timerange": {"from": "2024-01-01T00:00:00+02:00", "to": "2024-01-01T00:00:00Z"}}',
              '2 hours',
              'between two instants')) as c (more, wanted, promise)
cross join lateral test.params('502', null, more) as p;
select is(test.outcome(test.call('query_widgets', 'analyst', body => jsonb_build_object(
              'widgets', jsonb_build_array(test.id('501'))) || more)), outcome, format('%s: %s',
                  more, outcome))
from (values
    ('{"timerange": {"from": "2024-01-02T00:00:00Z", "to": "2024-01-01T00:00:00Z"}}'::jsonb,
     '400 VALIDATION_ERROR /timerange'),
    ('{"timezone": "Mars/Olympus"}', '400 VALIDATION_ERROR /timezone'),
    ('{"timezone": "XYZ5"}', '400 VALIDATION_ERROR /timezone'),
    ('{"timezone": "Foo/Bar5"}', '400 VALIDATION_ERROR /timezone'),
    ('{"timezone": "../../etc/passwd"}', '400 VALIDATION_ERROR /timezone'),
    ('{"timezone": "America/Argentina/Buenos_Aires"}', '200'), ('{"timezone": "Etc/GMT+5"}', '200'),
    ('{"timezone": "UTC"}', '200'))
    as c (more, outcome);
select is(test.params('507', null, '{"timezone": "Europe/Berlin"}') ->> -1, 'Europe/Berlin',
          ':timezone is the one asked for');

-- Lists ------------------------------------------------------------------------------------------

select is(jsonb_array_length(test.plan('analyst', jsonb_build_object('widgets', jsonb_build_array(
              test.id('501'), test.ask('501'), test.id('502'), upper(test.id('501')::text))))),
          2, 'the same request twice counts once');
select is(test.outcome(test.call('query_widgets', 'analyst', body => jsonb_build_object('widgets',
    w))),
          '400 VALIDATION_ERROR ' || field, promise)
from (values
    (jsonb_build_array(test.id('502'), test.id('501'), test.ask('501', '{"carrier": "BB"}')),
     '/widgets/2',
     'the same widget with other params is refused'),
    (jsonb_build_array(test.id('501'), test.ask('501', null, '"x"')), '/widgets/1',
     'or with another tag'),
    ('[]', '/widgets', 'so is an empty list'),
    ((select jsonb_agg(gen_random_uuid()) from generate_series(1, 51)), '/widgets', 'and 51'))
    as c (w, field, promise);
select is((test.call('query_widgets', 'analyst', body => jsonb_build_object('widgets', (
              select jsonb_agg(gen_random_uuid()) from generate_series(1, 50))))).status, 200,
                  '50 will do');
select is((test.call('query_widgets', 'analyst', body => jsonb_build_object('widgets', (
              select jsonb_agg(test.id('501')) from generate_series(1, 50))))).body::jsonb
          -> 'widgets' -> 0 -> 'id', to_jsonb(test.id('501')), '50 times the same is one');

select test.keep('get', 'query_widgets_batch', 'analyst', extra => jsonb_build_object('query',
    jsonb_build_object(
    'ids', jsonb_build_array(test.id('502'), test.id('501')), 'timerange', '7d', 'timezone',
        'Europe/Berlin',
    'filters', '["carrier:BB", "min_delay:-5", "note:a:b"]'::jsonb)));
select is(test.body('get') #> '{widgets,1}' #- '{sql}', jsonb_build_object(
    'id', test.id('501'), 'params', '["BB", "-5"]'::jsonb, 'timezone', 'Europe/Berlin',
        'timeout_ms', 5000,
    'max_rows', 10000, 'ttl', 120, 'etag', null, 'context', null),
    'a batch by GET has its filters as name:value');
select is(dashboard.filters_object(f), wanted, format('filters %s', f))
from (values ('["a:1", "b:x:y", "a:2"]'::jsonb, '{"a": ["1", "2"], "b": "x:y"}'::jsonb), ('["a:"]',
    '{"a": ""}'),
             ('["a"]', null), ('[":a"]', null), ('[]', '{}')) as c (f, wanted);
select is(test.outcome(test.call('query_widgets_batch', 'analyst',
                                 extra => jsonb_build_object('query',
              jsonb_build_object('ids', jsonb_build_array(test.id('501'))) || more))), outcome,
          format('%s: %s', more, outcome))
from (values ('{"filters": ["carrier"]}'::jsonb, '400 VALIDATION_ERROR filters'),
             ('{"timezone": "x"}', '400 VALIDATION_ERROR timezone')) as c (more, outcome);

select test.keep('dash', 'get_dashboard_data', 'viewer', test.at('401'),
                 extra => '{"query": {"filters": ["carrier:DD"]}}');
select is(jsonb_path_query_array(test.body('dash'), '$.widgets[*].id'),
          jsonb_path_query_array((test.call('get_dashboard', 'viewer', test.at('401'))).body::jsonb,
                                 '$.data.widgets[*].id'),
          'a dashboard''s data is that of all its widgets, in their order');
select is(test.body('dash') #> '{widgets,0,params}', '["DD", "-1000"]', 'with filters');
select is((select (k.answer).workspace from test.kept as k where k.name = 'dash'), test.id('011'),
          'the log learns the workspace');
select is((select (k.answer).role from test.kept as k where k.name = 'dash'), 'viewer',
          'and the role');
insert into dashboard.dashboard (organisation_id, id, workspace_id, owner_id, name)
values (test.id('001'), test.id('4ee'), test.id('011'), test.id('102'), 'Empty');
select is((test.call('get_dashboard_data', 'analyst', test.at('4ee'))).body::jsonb,
          '{"widgets": []}',
          'a dashboard without widgets has none');
select is((test.call('get_dashboard_data', 'colleague', test.at('402'))).status, 404,
          'an unseen one is not there');
select is((test.call('get_widget_data', 'viewer', test.at('501'))).body::jsonb #>> '{widgets,0,id}',
          test.id('501')::text, 'one widget is a plan of one');
select is(test.outcome(test.call('get_widget_data', 'viewer', test.at('507'))), '404 NOT_FOUND',
          'an unseen widget is not there');
select is(test.outcome(test.call('get_widget_data', 'viewer', test.at('999'))), '404 NOT_FOUND',
          'nor an unknown one');
select is((test.call('get_widget_data', 'viewer',
                     test.at('506'))).body::jsonb #> '{widgets,0,status}', '400',
          'a bad entry is an entry here too');

select * from finish();
rollback;
