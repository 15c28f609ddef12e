-- What stored queries see of protected relations and tagged columns: docs/data.md.

begin;
\ir lib/helpers.sql
select no_plan();

-- The first column of a stored query's rows, joined, as the server would run it with a context; its
-- SQLSTATE and message when it fails.
create function test.seen(sql text, context jsonb default null) returns text
language plpgsql
as $seen$
declare
    value text;
begin
    execute 'set local role dashboard_app';
    perform api.enter_query(5000, 'UTC', context::text);
    execute format(E'select string_agg(q::text, '' '') from (\n%s\n) as q', sql) into value;
    raise exception '%', coalesce(value, '-') using errcode = 'ZZ001';
exception
    when sqlstate 'ZZ001' then
        return sqlerrm;
    when others then
        return sqlstate || ' ' || sqlerrm;
end
$seen$;

-- What the plan says of a caller for a query that reads these relations.
create function test.context(who text, role text, variadic reads name[]) returns jsonb
language sql
as $context$
    select dashboard.data_context(
        dashboard.identify(jsonb_build_object('issuer', '', 'subject', test.user_id(who))),
        role, reads)::jsonb
$context$;

-- What an operator's statement comes to.
create function test.does(statement text) returns text
language plpgsql
as $does$
begin
    execute statement;
    return 'done';
exception
    when others then
        return sqlstate || ' ' || sqlerrm;
end
$does$;

-- Contexts ----------------------------------------------------------------------------------------

select is(test.context('viewer', 'viewer', 'test_flight'), null,
          'what reads nothing protected has no context: it is the same for all');
select is(test.context('viewer', 'viewer', 'people'), '{"pii": false}',
          'who sees the same masks has the same context');
select is(test.context('admin', 'admin', 'people'), '{"pii": true}', 'an admin sees no mask');
select is(test.context('outsider', null, 'people'), '{"pii": false}', 'nobody else sees none');
select is(test.context('viewer', 'viewer', 'shipments'),
          jsonb_build_object('organisation', test.id('001'), 'user', test.id('103')),
          'facilities are the user''s');
select is(test.context('admin', 'admin', 'shipments'),
          jsonb_build_object('organisation', test.id('001'), 'facilities', 'all'),
          'or all of an admin''s organisation');

-- Facilities --------------------------------------------------------------------------------------

create function test.goods(context jsonb, sql text default 'select goods from data.shipments')
returns text
language sql
as $goods$
    select test.seen(sql, context)
$goods$;

select is(test.goods(test.context('viewer', 'viewer', 'shipments')), '(apples)',
          'a viewer sees the rows of the facilities they are granted');
select is(test.goods(test.context('analyst', 'analyst', 'shipments')), '(apples) (pears)',
          'an analyst theirs');
select is(test.goods(test.context('admin', 'admin', 'shipments')), '(apples) (pears)',
          'an admin those of the whole organisation, and no row without facility');
select is(test.goods(test.context('outsider', 'admin', 'shipments')), '(tea)',
          'and of no other organisation');
select is(test.goods(test.context('colleague', 'analyst', 'shipments')), '-',
          'who is granted none sees none');
select is(test.goods(c), '-', format('context %s sees no row', c))
from unnest(array[null, '{}', '{"pii": true}', '{"facilities": "all"}',
                  '{"user": "00000000-0000-4000-8000-000000000102"}',
                  '{"organisation": "00000000-0000-4000-8000-000000000001"}',
                  '{"organisation": "00000000-0000-4000-8000-000000000001", "user": null}',
                  -- a user of another organisation
                  '{"organisation": "00000000-0000-4000-8000-000000000002",
                    "user": "00000000-0000-4000-8000-000000000102"}']::jsonb[]) as c;
select is(test.goods(test.context('viewer', 'viewer', 'shipments'), s), '(apples)',
          'whatever the text says: ' || s)
from unnest(array['select goods from shipments',
                  'select goods from data.shipments where true or false',
                  'with s as (table data.shipments) select goods from s',
                  'select s.goods from test_flight as f join shipments as s on f.id = 1']) as s;
select is(test.goods(test.context('viewer', 'viewer', 'shipments'),
                     'select 1 / (id - 2) from data.shipments'), '(-1)',
          'a row that is not seen cannot be told by an error');

set local role dashboard_owner;
create view data.shipment_view as select goods from data.shipments;
create function data.shipment_goods() returns setof text language sql stable security definer
    as 'select goods from data.shipments';
reset role;
select is(test.goods(test.context('viewer', 'viewer', 'shipments'),
                     'select goods from data.shipment_view'), '(apples)',
          'a view of the operator''s shows no more');
select is(test.goods(test.context('viewer', 'viewer', 'shipments'),
                     'select g as goods from data.shipment_goods() as g'), '(apples)',
          'nor does a function with the owner''s rights');
set local role dashboard_owner;
select is((select count(*) from data.shipments), 4::bigint, 'the owner, outside, sees all');
reset role;

-- Codes, organisations, partitions, materialised views --------------------------------------------

set local role dashboard_owner;
create table data.legs (code varchar(3), organisation_id uuid, n integer)
    partition by range (n);
create table data.legs_1 partition of data.legs for values from (0) to (10);
insert into data.legs values
    ('SEA', '00000000-0000-4000-8000-000000000001', 1),
    ('JFK', '00000000-0000-4000-8000-000000000001', 2),
    ('SEA', '00000000-0000-4000-8000-000000000002', 3),
    ('ZZZ', '00000000-0000-4000-8000-000000000001', 4);
create materialized view data.leg_rollup as
    select code, count(*) as n from data.legs where n < 3 group by code;
reset role;
select is(test.does('select dashboard.protect(''data.legs'', facility => ''code'')'), 'done',
          'a relation can tell its facilities by their code');
select is(test.seen('select n from data.legs', test.context('viewer', 'viewer', 'legs')), '(1)',
          'then a row needs the code and the organisation');
select is(test.seen('select n from data.legs order by n', test.context('admin', 'admin', 'legs')),
          '(1) (2)', 'for an admin, too');
select alike(test.seen('select n from data.legs_1', test.context('admin', 'admin', 'legs')),
            '42501%', 'a partition cannot be read by its own name');
select alike(test.does('select dashboard.protect(''data.legs_1'', facility => ''code'')'),
            '42809%', 'nor protected on its own');
select is(test.does('select dashboard.protect(''data.leg_rollup'', facility => ''code'')'),
          '22023 organisation is required where facilities are told by their code',
          'a code says nothing where there are several organisations');
set local role dashboard_owner;
drop materialized view data.leg_rollup;
create materialized view data.leg_rollup as
    select organisation_id, code, count(*) as n from data.legs group by organisation_id, code;
reset role;
select is(test.does('select dashboard.protect(''data.leg_rollup'', facility => ''code'')'),
          'done', 'a materialised view can be protected');
select is(test.seen('select code, n from data.leg_rollup',
                    test.context('viewer', 'viewer', 'leg_rollup')), '(SEA,1)',
          'then it is filtered like a table');
select is(test.seen('select * from data.leg_rollup'), '-', 'and shows nothing without a context');
select is(test.does('refresh materialized view data_private.leg_rollup'), 'done',
          'its owner refreshes it where it now is');
select is(test.does('select dashboard.unprotect(''data.leg_rollup'')'), 'done',
          'protection can be taken away');
select is(test.seen('select count(*) from data.leg_rollup'), '(4)', 'and then all see all');
select is(test.does('select dashboard.unprotect(''data.legs'')'), 'done', 'from a table');
select is(test.seen('select count(*) from data.legs'), '(4)', 'too');
select is(test.seen('select count(*) from data.legs_1'), '(4)', 'and from its partitions');
select is(test.does('select dashboard.protect(''data.legs'', facility => null)'), 'done',
          'rows may belong to organisations alone');
select is(test.seen('select n from data.legs order by n', test.context('viewer', 'viewer', 'legs')),
          '(1) (2) (4)', 'then a query sees its caller''s organisation''s');

select is(test.does(s), e, s)
from (values
    ('select dashboard.protect(''data.legs'', facility => ''nothing'')',
     '42703 data.legs has no column nothing'),
    ('select dashboard.protect(''data.legs'', facility => ''n'')',
     '42804 facility: column n of data.legs is no uuid and no text'),
    ('select dashboard.protect(''data.shipments'', facility => null)',
     '22023 facility or organisation is required'),
    ('select dashboard.protect(''dashboard.dashboard'', facility => ''facility_id'')',
     '42809 dashboard.dashboard is not in schema data'),
    ('select dashboard.tag_column(''data.legs'', ''code'', ''pii'', ''year_only'')',
     '42804 rule: column code of data.legs has no year'),
    ('select dashboard.tag_column(''data.legs'', ''nothing'', ''pii'', ''hash'')',
     '42703 data.legs has no column nothing')) as v (s, e);
select alike(test.does('select dashboard.tag_column(''data.legs'', ''code'', ''pii'', ''x'')'),
            '23514%', 'there is no other rule');

-- Masks -------------------------------------------------------------------------------------------

select is(test.seen('select name, ssn, birth_date, salary from people where id < 3 order by id',
                    '{"pii": true}'),
          '(Ada,111-22-3333,1985-06-15,1000) (Bob,444-55-6666,1990-12-31,2000)',
          'who may sees values as they are');
select is(test.seen('select name, ssn, birth_date, salary from data.people order by id', c),
          '(Ada,****3333,1985-01-01,) (Bob,****6666,1990-01-01,) ("Bob too",****,1990-01-01,)',
          format('context %s sees masks', c))
from unnest(array[null, '{}', '{"pii": false}', '{"pii": null}',
                  '{"facilities": "all"}']::jsonb[]) as c;
select ok(test.seen('select email from data.people where id = 1') ~ '^\([0-9a-f]{64}\)$',
          'a hash is 64 digits');
select is(test.seen('select count(distinct email) from data.people'), '(2)',
          'the same for the same value');
select isnt(test.seen('select email from data.people where id = 1'),
            format('(%s)', encode(sha256('ada@people.example'), 'hex')),
            'and not to be had without the key');
select unalike(test.seen(s), '%people.example%', 'no value in the clear: ' || s)
from unnest(array[
    'select lower(email) from data.people', 'select to_jsonb(p) from data.people as p',
    'select p from data.people as p', 'select p::text from data.people as p',
    'select max(email) from data.people', 'select array_agg(email) from data.people',
    'select email::integer from data.people', 'select 1 / (length(email) - 64) from data.people',
    'select row_to_json(p) from people as p', 'select cast(email as uuid) from data.people',
    'select p.email from data.people as p join data.people as o using (email)',
    'select email from data.people tablesample system (100)']) as s;
select is(test.seen('select id from data.people where ' || c), '-', 'nothing is found by ' || c)
from unnest(array['email = ''ada@people.example''', 'email like ''%@%''', 'ssn like ''111%''',
                  'birth_date = date ''1985-06-15''', 'salary > 0', 'salary is not null',
                  'exists (select from data.test_flight where email like ''ada%'')']) as c;
select is(test.seen('select id from data.people where email = ''ada@people.example''',
                    '{"pii": true}'), '(1)', 'but by who may');

select alike(test.seen(s, '{"pii": true}'), '42501%', 'there is no way around: ' || s)
from unnest(array[
    'select * from data_private.people', 'select data_private.pii_allowed()',
    'select data_private.mask_hash(''x'')', 'select data_private.facilities()',
    'select * from dashboard.column_tag', 'select value from dashboard.setting',
    'select set_config(''dashboard.context'', ''{"pii": true}'', true)',
    'select api.enter_query(1, ''UTC'', ''{"pii": true}'')',
    'select pg_catalog.set_config(''role'', ''dashboard_owner'', true)']) as s;
select is(test.seen('select tablename from pg_stats where schemaname = ''data_private'''), '-',
          'nor through statistics');
analyze data.shipments;
select is(test.seen('select tablename from pg_stats where tablename = ''shipments'''), '-',
          'nor those of filtered rows');
select ok(not has_any_column_privilege('dashboard_query', c.oid, 'select'),
          format('dashboard_query has no right to %s', c.oid::regclass))
from pg_class as c
where c.relnamespace = 'data_private'::regnamespace and c.relkind in ('r', 'p', 'm', 'v', 'f');
select is((select c.reloptions from pg_class as c where c.oid = 'data.people'::regclass),
          array['security_barrier=true'], 'its view is a security barrier');

-- Both, and back ----------------------------------------------------------------------------------

select is(test.does('select dashboard.tag_column(''data.shipments'', ''goods'', ''pii'', '
                        '''hash'')'),
          '2BP01 data.shipments is used by view data.shipment_view',
          'a view that would go on reading what lies behind is in the way');
drop view data.shipment_view;
select is(test.does('select dashboard.tag_column(''data.shipments'', ''goods'', ''pii'', '
                        '''last_four'')'), 'done', 'a filtered table can have tagged columns');
select is(test.seen('select goods from data.shipments',
                    test.context('viewer', 'viewer', 'shipments')), '(****ples)',
          'it is filtered and masked');
select is(test.seen('select goods from data.shipments'), '-', 'or shows nothing');
select is(test.does('select dashboard.untag_column(''data.shipments'', ''goods'')'), 'done',
          'tags can be taken away');
select is(test.seen('select goods from data.shipments',
                    test.context('viewer', 'viewer', 'shipments')), '(apples)',
          'the filter stays');
select is((select c.relkind from pg_class as c where c.oid = 'data.shipments'::regclass), 'r',
          'and the table is in its own place again');

-- Which relations a query reads -------------------------------------------------------------------

set local role dashboard_owner;
create view data.names as select id, name from data.people;
reset role;
select is(dashboard.relations_read(s), e::name[], s)
from (values
    ('select 1', '{}'), ('select * from data.people', '{people}'),
    ('select * from people where id = $1::integer', '{people}'),
    ('select (select count(*) from shipments) from test_flight', '{shipments,test_flight}'),
    ('select * from names', '{names,people}'),
    ('select id, id from people -- comment', '{people}'),
    ('select * from nowhere', '{}'), ('select', '{}'),
    ('select 1) as q; drop table data.test_flight; select 1 from (select 1', '{}'),
    ('delete from data.people returning 1', '{}')) as v (s, e);
select is((select q.reads from dashboard.query as q where q.id = test.id('60b')), '{people}',
          'a stored query knows them');
select ok(to_regclass('data.test_flight') is not null, 'and finding them carries nothing out');

select * from finish();
rollback;
