-- The history of a dashboard: every change a version, publishing, going back.

begin;
\ir lib/helpers.sql
select no_plan();

select test.keep('v1', 'get_dashboard', 'analyst', test.at('401'));
select test.keep('v2', 'patch_dashboard', 'analyst', test.at('401'),
                 '{"name": "Two", "layout": {"columns": 6}, "visibility": "org"}',
                     test.tags('if_match', 1));
select test.keep('w', 'patch_widget', 'colleague', test.at('501'), '{"title": "Three"}',
                 test.tags('if_match', 1));
select test.keep('w', 'delete_widget', 'admin', test.at('503'), null, test.tags('if_match', 1));
select test.keep('v4', 'get_dashboard', 'analyst', test.at('401'));
select is(test.etag('v4'), '"v4"', 'every change of the dashboard or a widget is a version');

select test.keep('list', 'list_dashboard_versions', 'viewer', test.at('401'));
select is(jsonb_path_query_array(test.body('list'), '$.data[*].version'), '[4, 3, 2, 1]',
          'the newest version comes first');
select is(test.body('list') #> '{data,1}' #- '{created_at}',
          jsonb_build_object('version', 3, 'etag', '"v3"', 'name', 'Two', 'created_by',
                             test.id('104'),
                             'published', false), 'a version says whose change it was');
select is(test.body('list') -> 'page', '{"limit": 50, "next": null}', 'one page');
select test.keep('page', 'list_dashboard_versions', 'viewer', test.at('401'),
                 extra => '{"query": {"limit": 3}}');
select is(jsonb_path_query_array(test.body('page'), '$.data[*].version'), '[4, 3, 2]',
          'a first page');
select test.keep('page', 'list_dashboard_versions', 'viewer', test.at('401'),
                 extra => jsonb_build_object(
    'query', jsonb_build_object('limit', 1, 'cursor', test.body('page') #> '{page,next}')));
select is(test.body('page') -> 'data' -> 0 -> 'version', '1', 'and the rest');
select is(test.body('page') #> '{page,next}', 'null', 'which is the last');
select is(test.outcome(test.call('list_dashboard_versions', 'analyst', test.at('401'), null,
                                 jsonb_build_object('query', jsonb_build_object('cursor', c)))),
          '400 VALIDATION_ERROR cursor', format('cursor %s is refused', left(c, 20)))
from unnest(array['x', 'W10', dashboard.cursor_text('versions:' || test.id('402'), '1'),
                  dashboard.cursor_text('versions:' || test.id('401'), 'x'),
                  dashboard.cursor_text('versions:' || test.id('401'), '99999999999999999999'),
                  dashboard.cursor_text('versions:' || test.id('401'), variadic '{}')]) as c;

select test.keep('one', 'get_dashboard_version', 'viewer', test.at('401') || '{"version": 1}');
select is(test.etag('one'), '"v1"', 'a version''s tag is its own');
select is(test.data('one') -> 'dashboard', test.data('v1') - 'permissions',
          'a version is what GET showed then');
select is(test.data('one') #- '{dashboard}' #- '{created_at}', jsonb_build_object(
    'version', 1, 'etag', '"v1"', 'name', 'Operations', 'created_by', test.id('102'), 'published',
        false),
    'with what the list says of it');
select is(test.outcome(test.call('get_dashboard_version', 'viewer',
                                 test.at('401') || jsonb_build_object('version', v))),
          '404 NOT_FOUND', format('there is no version %s', v))
from unnest(array[0, 5, 9007199254740991]) as v;

-- Restore ----------------------------------------------------------------------------------------

select is(test.outcome(test.call('restore_dashboard_version', 'viewer',
                                 test.at('401') || '{"version": 1}')),
          '403 FORBIDDEN', 'restoring a version takes the permission to edit');
select is(test.outcome(test.call('restore_dashboard_version', 'analyst',
                                 test.at('401') || '{"version": 1}',
                                 null, test.tags('if_match', 3))),
          '412 CONFLICT', 'an If-Match is honoured');
select is(test.outcome(test.call('restore_dashboard_version', 'analyst',
                                 test.at('401') || '{"version": 9}')),
          '404 NOT_FOUND', 'a version must exist');
select test.keep('v5', 'restore_dashboard_version', 'colleague', test.at('401') || '{"version": 1}',
                 null,
                 test.tags('if_match', 4));
select is(test.etag('v5'), '"v5"', 'going back is a new version');
select is(test.data('v5') - '{etag,version,updated_at,widgets,visibility,permissions}'::text[],
          test.data('v1') - '{etag,version,updated_at,widgets,visibility,permissions}'::text[],
              'with the content of the old one');
select is(test.data('v5') ->> 'visibility', 'org', 'but who sees it stays');
select is(
    (select jsonb_agg(w - '{etag,version,created_at,updated_at}'::text[])
     from jsonb_array_elements(test.data('v5') -> 'widgets') as w),
    (select jsonb_agg(w - '{etag,version,created_at,updated_at}'::text[])
     from jsonb_array_elements(test.data('v1') -> 'widgets') as w),
    'and with its widgets, under their ids');
select is(test.data('v5') #>> '{widgets,0,etag}', '"v3"',
          'a widget changed back is a new version of it');
select is(jsonb_path_query(test.data('v5'), '$.widgets[*] ? (@.type == "note").etag'), '"\"v2\""',
          'a widget that was gone never has an old tag again');
select is(jsonb_path_query(test.data('v5'), '$.widgets[*] ? (@.title == "Slow").etag'), '"\"v1\""',
          'a widget that was not touched keeps its version');
select is(test.etag('v5'), (test.call('restore_dashboard_version', 'analyst',
                                      test.at('401') || '{"version": 5}')).etag,
          'going back to what is there changes nothing');

-- Publish ----------------------------------------------------------------------------------------

select is((test.call('publish_dashboard', 'viewer', test.at('401'))).status, 403,
          'a viewer publishes nothing');
select is((test.call('publish_dashboard', 'analyst', test.at('401'), null, test.tags('if_match',
    4))).status,
          412, 'an If-Match is honoured');
select test.keep('p', 'publish_dashboard', 'colleague', test.at('401'), null, test.tags('if_match',
    5));
select is(test.data('p') ->> 'status', 'published', 'publishing sets the status');
select is(test.data('p') -> 'published_version', '5', 'and notes the version published');
select is(test.etag('p'), '"v6"', 'which is a change');
select is((test.call('publish_dashboard', 'analyst', test.at('401'))).etag, '"v6"',
          'publishing what is published changes nothing');
select is(jsonb_path_query_array((test.call('list_dashboard_versions', 'viewer',
                                            test.at('401'))).body::jsonb,
                                 '$.data[*] ? (@.published == true).version'), '[5]',
          'the list marks it');
select test.keep('c', 'patch_dashboard', 'analyst', test.at('401'), '{"name": "After"}',
                 test.tags('if_match'));
select is(test.data('c') -> 'published_version', '5',
          'a later change does not touch what was published');
select is((test.call('publish_dashboard', 'analyst',
                     test.at('401'))).body::jsonb #> '{data,published_version}',
          '7', 'until that is published too');
select test.keep('u', 'unpublish_dashboard', 'analyst', test.at('401'));
select is(test.data('u') ->> 'status', 'draft', 'unpublishing makes a draft again');
select is(test.data('u') -> 'published_version', 'null', 'of which nothing is published');
select is((test.call('unpublish_dashboard', 'analyst', test.at('401'))).etag, test.etag('u'),
          'unpublishing a draft changes nothing');

select * from finish();
rollback;
