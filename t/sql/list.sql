-- The list of dashboards: what is in it, in which order, by which pages.

begin;
\ir lib/helpers.sql
select no_plan();

-- 30 dashboards whose names, and times of creation and change, come in different orders and with
-- ties.
insert into dashboard.dashboard
    (organisation_id, id, workspace_id, owner_id, name, description, visibility, tags, created_at,
     updated_at)
select test.id('001'), ('11111111-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
       test.id(case when n % 3 = 0 then '012' else '011' end), test.id('104'), 'Board ' || n % 7,
       case when n % 5 = 0 then '100% of_all \ things' end,
           case when n % 3 = 0 then 'org' else 'workspace' end,
       case when n % 2 = 0 then '{even}'::text[] else '{odd,"two words"}' end,
       timestamptz '2026-01-01' + n % 4 * interval '1 day',
           timestamptz '2026-02-01' - n % 11 * interval '1 hour'
from generate_series(1, 30) as n;

-- All ids that pages of a size come to, and how many pages there were.
create function test.walk(who text, query jsonb, size integer, out ids text[], out pages integer)
language plpgsql
as $walk$
declare
    next text;
    body jsonb;
begin
    ids := '{}';
    pages := 0;
    loop
        body := (test.call('list_dashboards', who, extra => jsonb_build_object(
            'query', query || jsonb_build_object('limit', size)
                     || case when next is null then '{}' else jsonb_build_object('cursor',
                         next) end))
        ).body::jsonb;
        if (body #>> '{page,limit}')::integer <> size or jsonb_array_length(body -> 'data') > size
            then
            raise exception 'a page is longer than its limit';
        end if;
        ids := ids || array(select e ->> 'id' from jsonb_array_elements(body -> 'data') as e);
        pages := pages + 1;
        next := body #>> '{page,next}';
        exit when next is null or pages > 100;
    end loop;
end
$walk$;

select is(
    (test.walk('colleague', jsonb_build_object('sort', way || key), size)).ids,
    (select array_agg(d.id::text order by d.place)
     from (
         select o.id, row_number() over (
             order by case when key = 'name' and way = '' then o.name end,
                      case when key = 'name' and way = '-' then o.name end desc,
                      case when way = '' then case key when 'created_at' then o.created_at
                                                       when 'updated_at' then o.updated_at end end,
                      case when way = '-' then case key when 'created_at' then o.created_at
                                                        when 'updated_at' then o.updated_at end
                                                            end desc,
                      case when way = '' then o.id end,
                          case when way = '-' then o.id end desc) as place
         from dashboard.dashboard as o
         where o.organisation_id = test.id('001') and o.visibility <> 'private') as d),
    format('pages of %s by %s%s come to the whole list in order', size, way, key))
from unnest(array['name', 'created_at', 'updated_at']) as key, unnest(array['', '-']) as way,
     unnest(array[1, 7, 200]) as size;
select is((test.walk('colleague', '{}', 31)).pages, 1, 'a list that just fits is one page');
select is((test.walk('colleague', '{}', 30)).pages, 2, 'one that does not is two');
select is((test.walk('colleague', '{}', 50)).ids, (test.walk('colleague', '{"sort": "-updated_at"}',
    50)).ids,
          'the latest change comes first unless asked otherwise');
select is((test.call('list_dashboards', 'colleague')).body::jsonb #>> '{page,limit}', '50',
          'a page has 50 unless asked otherwise');

-- A page boundary survives what others do meanwhile.
select test.keep('first', 'list_dashboards', 'colleague',
                 extra => '{"query": {"sort": "name", "limit": 10}}');
insert into dashboard.dashboard (organisation_id, workspace_id, owner_id, name, visibility)
values (test.id('001'), test.id('011'), test.id('104'), 'AAA', 'workspace');
delete from dashboard.dashboard
where id = (test.body('first') #>> '{data,9,id}')::uuid;
select is(
    (test.call('list_dashboards', 'colleague', extra => jsonb_build_object('query',
        jsonb_build_object(
        'sort', 'name', 'limit', 10, 'cursor', test.body('first') #> '{page,next}')))
    ).body::jsonb #>> '{data,0,id}',
    (select d.id::text from dashboard.dashboard as d
     where d.organisation_id = test.id('001') and d.visibility <> 'private'
       and (d.name, d.id) > (test.body('first') #>> '{data,9,name}',
                             (test.body('first') #>> '{data,9,id}')::uuid)
     order by d.name, d.id limit 1),
    'the next page begins after the last row shown, also when that is gone');

-- What is in it ----------------------------------------------------------------------------------

create function test.names(who text, query jsonb) returns text[]
language sql
as $names$
    select array(select distinct e ->> 'name'
                 from jsonb_array_elements((test.call('list_dashboards', who, extra =>
                     jsonb_build_object('query',
                                        query || '{"limit": 200}'))).body::jsonb -> 'data') as e
                 order by 1)
$names$;
create function test.count(who text, query jsonb) returns integer
language sql
as $count$
    select cardinality((test.walk(who, query, 200)).ids)
$count$;

insert into dashboard.dashboard (organisation_id, workspace_id, owner_id, name, description) values
    (test.id('001'), test.id('011'), test.id('102'), 'Ünïcode FLIGHTS', null),
    (test.id('001'), test.id('011'), test.id('102'), '50%_x', null),
    (test.id('001'), test.id('011'), test.id('102'), '50 xx', 'a\b');
select is(test.names('analyst', jsonb_build_object('search', search)), wanted,
          format('search %s', search))
from (values ('flights', array['Operations', 'Ünïcode FLIGHTS']), ('ÜNÏ', array['Ünïcode FLIGHTS']),
             ('%_x', array['50%_x']), ('50%', array['50%_x']), ('50_xx', array[]::text[]),
             ('a\b', array['50 xx']), ('''; drop', array[]::text[])) as c (search, wanted);
select is(test.names('analyst', '{"search": "private"}'), array['Private notes'],
          'whatever the case');
select is(test.count('colleague', '{"tag": "even"}'),
          (select count(*)::integer from dashboard.dashboard where 'even' = any (tags)),
          'tag: only dashboards with it');
select is(test.count('colleague', '{"tag": "two"}'), 0, 'a tag is a whole tag');
select is(test.names('analyst', '{"visibility": "private"}'),
          array['50 xx', '50%_x', 'Private notes', 'Ünïcode FLIGHTS'], 'visibility');
select is(test.names('analyst', '{"status": "published"}'), '{}', 'status');
select is(test.names('analyst', '{"status": "draft", "search": "ope", "tag": "daily"}'),
          array['Operations'], 'conditions add up');
select is(test.count('colleague', jsonb_build_object('workspace_id', test.id('012'))), 10,
          'workspace_id: only that workspace');
select is(test.count('analyst', jsonb_build_object('workspace_id', test.id('012'))), 10,
          'of a workspace one is not in, what the organisation may see');
select is(test.count('neighbour', '{}'), 10, 'a member of the other workspace sees only that');
select is(test.count('outsider', '{}'), 1, 'another organisation sees its own');
select is(test.count('super', '{}'),
          (select count(*)::integer from dashboard.dashboard where
           organisation_id = test.id('001')),
          'a super_admin sees all of the organisation');

select is(
    (select e - '{created_at,updated_at}'::text[]
     from jsonb_array_elements((test.call('list_dashboards', 'analyst', extra =>
         '{"query": {"search": "operations"}}')).body::jsonb -> 'data') as e),
    ((test.call('get_dashboard', 'analyst', test.at('401'))).body::jsonb -> 'data')
    - '{created_at,updated_at,widgets}'::text[] || '{"widget_count": 6}',
    'an item is the dashboard without its widgets, which are counted');

-- Trash ------------------------------------------------------------------------------------------

select test.keep('gone', 'delete_dashboard', 'analyst', test.at('401'), null,
                 test.tags('if_match'));
select is('Operations' = any (test.names('analyst', '{}')), false,
          'a deleted dashboard is not listed');
select is(test.names(who, '{"deleted": true}'), wanted, format('the trash as %s sees it', who))
from (values ('analyst', array['Operations']), ('admin', array['Operations']),
             ('super', array['Operations']), ('colleague', array[]::text[]), ('viewer',
                 array[]::text[]),
             ('outsider', array[]::text[])) as c (who, wanted);
select isnt((test.call('list_dashboards', 'analyst', extra => '{"query": {"deleted": true}}')
            ).body::jsonb #> '{data,0,deleted_at}', 'null', 'deleted_at says since when');

-- Cursors ----------------------------------------------------------------------------------------

create function test.cursor(query jsonb) returns jsonb
language sql
as $cursor$
    select (test.call('list_dashboards', 'colleague', extra => jsonb_build_object(
        'query', query || '{"limit": 1}'))).body::jsonb #> '{page,next}'
$cursor$;
select matches(test.cursor('{}') #>> '{}', '^[A-Za-z0-9_-]+$',
               'a cursor needs no escaping in a URL');
select is(test.outcome(test.call('list_dashboards', 'colleague', extra => jsonb_build_object(
              'query', jsonb_build_object('cursor', c)))),
          '400 VALIDATION_ERROR cursor', format('%s is no cursor', c))
from unnest(array['x', 'xx', 'xxx', 'xxxx', '!!', 'W10', 'bnVsbA', 'eyJhIjoxfQ', '_w', '=', 'AAAA',
                  dashboard.cursor_text('dashboards:updated_at:desc:false', 'x', 'y'),
                  dashboard.cursor_text('dashboards:updated_at:desc:false', '2026-02-30T00:00:00Z',
                                        '11111111-0000-4000-8000-000000000001'),
                  dashboard.cursor_text('dashboards:updated_at:desc:false',
                                        '11111111-0000-4000-8000-000000000001')]) as c;
select is(test.outcome(test.call('list_dashboards', 'colleague', extra => jsonb_build_object(
              'query', q || jsonb_build_object('cursor', test.cursor('{}'))))),
          '400 VALIDATION_ERROR cursor', format('nor is one of another list for %s', q))
from unnest(array['{"sort": "name"}', '{"sort": "updated_at"}', '{"sort": "-created_at"}',
                  '{"deleted": true}']::jsonb[]) as q;

select * from finish();
rollback;
