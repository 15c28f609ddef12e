-- Stored queries: from :name to $n, and from values to the texts that are bound.

begin;
\ir lib/helpers.sql
select no_plan();

create function test.compiled(sql text) returns text
language sql
as $compiled$
    select (dashboard.compile_query(sql,
                                    '[{"name": "a", "type": "text"}, {"name": "b", "type": "integer"},
                                           {"name": "list", "type": "uuid[]"}]')).compiled
$compiled$;

select is(test.compiled(sql), wanted, promise)
from (values
    ('select 1', 'select 1', 'a text without names stays as it is'),
    ('select :a, :b', 'select $1::text, $2::integer', 'names become numbered, in the order met'),
    ('select :b, :a, :b', 'select $1::integer, $2::text, $1::integer',
     'the same name is the same number'),
    ('select :list', 'select $1::uuid[]', 'an array parameter has an array type'),
    ('select :from, :to, :timezone', 'select $1::timestamptz, $2::timestamptz, $3::text',
     'from, to and timezone need no declaration'),
    ('select ''1''::int, x::text', 'select ''1''::int, x::text', 'a cast is no parameter'),
    ('select :a::date', 'select $1::text::date', 'a parameter may be cast'),
    ('select '':a'', ''it''''s :a'', :a', 'select '':a'', ''it''''s :a'', $1::text',
     'nothing is replaced in a string'),
    (E'select E''\\'' :a'', :a', E'select E''\\'' :a'', $1::text',
     'nor after an escaped quote in E'''''),
    (E'select e''\\\\'', :a', E'select e''\\\\'', $1::text',
     'a doubled backslash ends before the quote'),
    (E'select E''x''\n  ''\\'' :a'', :a', E'select E''x''\n  ''\\'' :a'', $1::text',
     'a literal goes on in the next line in the same quoting'),
    (E'select ''\\'', :a', E'select ''\\'', $1::text',
     'a backslash means nothing in a plain string'),
    ('select U&''\0061 :a'', B''01'', :a', 'select U&''\0061 :a'', B''01'', $1::text',
     'nor in other kinds of literals'),
    ('select "x:a", "y"":a", :a', 'select "x:a", "y"":a", $1::text', 'nor in a quoted name'),
    ('select $$:a$$, $q$ :a $$ :b $q$, :a', 'select $$:a$$, $q$ :a $$ :b $q$, $1::text',
     'nor in dollar quotes, which may hold others'),
    ('select x$a$, :a, y$a$', 'select x$a$, $1::text, y$a$',
     'a dollar inside a name opens no quote'),
    (E'select 1 -- :a ''\n, :a', E'select 1 -- :a ''\n, $1::text', 'nor in a line comment'),
    ('select /* :a /* '' :b */ :a */ :a', 'select /* :a /* '' :b */ :a */ $1::text',
     'nor in a comment, nested ones included'),
    ('select 4 - 2, 4 / 2, :a', 'select 4 - 2, 4 / 2, $1::text', 'minus and slash are no comments'),
    ('select x[1:2]', 'select x[1:2]', 'a slice with numbers is no parameter'),
    ('select ''{":a": 1}''::jsonb -> :a', 'select ''{":a": 1}''::jsonb -> $1::text',
     'JSON is a string'))
    as c (sql, wanted, promise);

select throws_ok(format('select test.compiled(%L)', sql), '42601', null, promise)
from (values
    ('select :missing', 'a name that is not declared is refused'),
    ('select :A', 'names are told apart by case'),
    ('select $1', 'numbers are refused'),
    ('select ''x', 'a string must end'),
    (E'select E''x\\''', 'an escaped quote ends no string'),
    ('select "x', 'a quoted name must end'),
    ('select $$x', 'a dollar quote must end'),
    ('select /* /* x */', 'a comment must end, and as often as it began')) as c (sql, promise);

-- The trigger ------------------------------------------------------------------------------------

create function test.save_query(sql text, params text) returns void
language sql
as $save_query$
    insert into dashboard.query (organisation_id, name, sql, params)
    values (test.id('001'), 'new', sql, params::jsonb)
$save_query$;

select throws_ok(format('select test.save_query(''select 1'', %L)', params), '22023', null, promise)
from (values
    ('[1]', 'a parameter is an object'),
    ('[{"type": "text"}]', 'a parameter has a name'),
    ('[{"name": "A", "type": "text"}]', 'a name is in lower case'),
    ('[{"name": "a b", "type": "text"}]', 'a name is one word'),
    ('[{"name": "from", "type": "timestamp"}]', 'reserved names cannot be declared'),
    ('[{"name": "a"}]', 'a parameter has a type'),
    ('[{"name": "a", "type": "json"}]', 'a type is a known one'),
    ('[{"name": "a", "type": "text[][]"}]', 'arrays have one dimension'),
    ('[{"name": "a", "type": "timerange[]"}]', 'there are no arrays of timeranges'),
    ('[{"name": "a", "type": "text"}, {"name": "a", "type": "text"}]', 'a name is declared once'),
    ('[{"name": "a", "type": "text", "required": 1}]', 'required is true or false'),
    ('[{"name": "a", "type": "text", "enum": {}}]', 'enum is an array'),
    ('[{"name": "a", "type": "text", "min": 1}]', 'unknown members are refused'),
    ('[{"name": "a", "type": "integer", "default": "x"}]', 'a default must be of its type'),
    ('[{"name": "a", "type": "text", "enum": ["x"], "default": "y"}]', 'a default must be allowed'))
    as c (params, promise);
select is(
    (select (q.bindings, q.version)::text from dashboard.query as q where q.id = test.id('601')),
    '("{carrier,min_delay}",1)', 'saving a query notes the names that its numbers stand for');
update dashboard.query set name = 'renamed' where id = test.id('601');
select is(version, 1::bigint,
          'a new name is no new version') from dashboard.query where id = test.id('601');
update dashboard.query set sql = 'select :min_delay as x',
    compiled = 'select 2' where id = test.id('601');
select is(
    (select (q.compiled, q.bindings,
             q.version)::text from dashboard.query as q where q.id = test.id('601')),
    '("select $1::integer as x",{min_delay},2)',
        'a new text is compiled and counted, whatever is set');

-- Every compiled text of the fixture can be prepared and run as it will be.
create function test.runs(id uuid) returns text
language plpgsql
as $runs$
declare
    q dashboard.query;
begin
    select * into q from dashboard.query as o where o.id = runs.id;
    execute format(E'prepare stored as select * from (\n%s\n) as q limit 1', q.compiled);
    deallocate stored;
    return 'runs';
end
$runs$;
select is(test.runs(q.id), 'runs', format('%s can be prepared', q.name)) from dashboard.query as q;

-- Values -----------------------------------------------------------------------------------------

create function test.bound(type text, value text) returns text
language sql
as $bound$
    select coalesce(issue, value, 'NULL')
    from dashboard.parameter_text(jsonb_build_object('name', 'p', 'type', type), value::jsonb)
$bound$;

select is(test.bound(type, given), wanted, format('%s %s: %s', type, given, wanted))
from (values
    ('text', '"it''s"', 'it''s'), ('text', '""', ''), ('text', '5', '5'), ('text', 'true', 'true'),
    ('text', 'null', 'NULL'), ('text', '[1]', 'must be a single value'),
    ('text', '{}', 'must not be an object'),
    ('integer', '5', '5'), ('integer', '"-5"', '-5'), ('integer', '2147483647', '2147483647'),
    ('integer', '2147483648', 'must be an integer of 32 bits'),
    ('integer', '-2147483649', 'must be an integer of 32 bits'),
    ('integer', '99999999999999999999', 'must be an integer of 32 bits'),
    ('integer', '1.5', 'must be an integer of 32 bits'), ('integer', 'true',
                                                          'must be an integer of 32 bits'),
    ('integer', '"1; drop"', 'must be an integer of 32 bits'), ('integer', '" 1"',
        'must be an integer of 32 bits'),
    ('integer', '"1\n"', 'must be an integer of 32 bits'),
    ('number', '1.5e3', '1500'), ('number', '"-0.25"', '-0.25'), ('number', '"NaN"',
        'must be a number'),
    ('number', '"1e9999"', 'must be a number'), ('number', '"0x1"', 'must be a number'),
    ('boolean', 'true', 'true'), ('boolean', '"false"', 'false'), ('boolean', '1',
        'must be true or false'),
    ('boolean', '"yes"', 'must be true or false'),
    ('uuid', '"00000000-0000-4000-8000-00000000ABCD"', '00000000-0000-4000-8000-00000000abcd'),
    ('uuid', '"0000"', 'must be a UUID'), ('uuid', '"{00000000-0000-4000-8000-00000000ABCD}"',
                                           'must be a UUID'),
    ('date', '"2024-02-29"', '2024-02-29'), ('date', '"2023-02-29"', 'must be a date'),
    ('date', '"today"', 'must be a date'), ('date', '20240229', 'must be a date'),
    ('timestamp', '"2024-02-29T12:00:00Z"', '2024-02-29 12:00:00+00'),
    ('timestamp', '"2024-02-29T12:00:00+02:00"', '2024-02-29 10:00:00+00'),
    ('timestamp', '"2024-02-29T12:00:00"', '2024-02-29 12:00:00+00'),
    ('timestamp', '"2024-02-29"', '2024-02-29 00:00:00+00'),
    ('timestamp', '"2024-02-29T25:00:00Z"', 'must be a date-time'),
    ('timestamp', '"now"', 'must be a date-time'), ('timestamp', '"infinity"',
                                                    'must be a date-time'),
    ('timerange', '{"from": "2024-01-01T00:00:00Z", "to": "2024-01-02T00:00:00Z"}',
     '["2024-01-01 00:00:00+00","2024-01-02 00:00:00+00")'),
    ('timerange', '"2024-01-01/2024-01-02"', '["2024-01-01 00:00:00+00","2024-01-02 00:00:00+00")'),
    ('timerange', '{"from": "2024-01-02T00:00:00Z", "to": "2024-01-02T00:00:00Z"}',
     'must be a time range'),
    ('timerange', '"8d"', 'must be a time range'), ('timerange', '7', 'must be a time range'),
    ('text[]', '["a", "b,c", "d\"e", ""]', '{a,"b,c","d\"e",""}'), ('text[]', '"a"', '{a}'),
    ('text[]', '[]', '{}'), ('text[]', '["a", null]', 'must not hold null'),
    ('text[]', '[["a"]]', 'must be a single value'),
    ('integer[]', '[1, "2"]', '{1,2}'), ('integer[]', '[1, "x"]', 'must be an integer of 32 bits'),
    ('date[]', '["2024-02-29", "2023-02-29"]', 'must be a date')) as c (type, given, wanted);
set local timezone = 'America/New_York';
select is(test.bound('timestamp', '"2024-02-29T12:00:00"'), '2024-02-29 12:00:00+00',
          'a time without offset is UTC in every session');
set local timezone = 'UTC';
select is((dashboard.parameter_text('{"name": "p", "type": "integer", "enum": [1, 2]}', '3')).issue,
          'must be one of 1, 2', 'a value outside the enum is named with those inside');
select is((dashboard.parameter_text('{"name": "p", "type": "text[]", "enum": ["a"]}',
                                    '["a", "b"]')).issue,
          'must be one of a', 'the enum holds for every item of an array');

select is((dashboard.timerange(to_jsonb(r))).upper - (dashboard.timerange(to_jsonb(r))).lower,
          long::interval,
          format('%s is %s', r, long))
from (values ('1h', '1 hour'), ('24h', '24 hours'), ('7d', '168 hours'), ('30d', '720 hours'),
             ('90d', '2160 hours')) as c (r, long);

select * from finish();
rollback;
