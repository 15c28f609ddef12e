-- What the tables refuse, keep up by themselves, and find quickly.

begin;
\ir lib/helpers.sql
select no_plan();

-- References never cross tenants ------------------------------------------------------------------

select throws_ok(
    format('insert into dashboard.membership (organisation_id, workspace_id, user_id, role)
            values (%L, %L, %L, ''viewer'')', test.id('001'), test.id('021'), test.id('102')),
    '23503', null, 'a membership cannot join a user to another organisation''s workspace');
select throws_ok(
    format('insert into dashboard.facility_grant (organisation_id, facility_id, user_id)
            values (%L, %L, %L)', test.id('001'), test.id('303'), test.id('102')),
    '23503', null, 'a facility cannot be granted to another organisation''s user');
select throws_ok(
    format('insert into dashboard.dashboard (organisation_id, workspace_id, owner_id, name)
            values (%L, %L, %L, ''x'')', test.id('001'), test.id('021'), test.id('102')),
    '23503', null, 'a dashboard cannot lie in another organisation''s workspace');
select throws_ok(
    format('insert into dashboard.dashboard (organisation_id, workspace_id, owner_id, name)
            values (%L, %L, %L, ''x'')', test.id('001'), test.id('011'), test.id('201')),
    '23503', null, 'a dashboard cannot belong to another organisation''s user');
select throws_ok(
    format('update dashboard.dashboard set facility_id = %L where id = %L', test.id('303'),
           test.id('401')),
    '23503', null, 'a dashboard cannot be bound to another organisation''s facility');
select throws_ok(
    format('update dashboard.widget set query = jsonb_build_object(''query_id'', %L::uuid) where id = %L',
           test.id('608'), test.id('501')),
    '23503', null, 'a widget cannot use another organisation''s query');
select throws_ok(
    format('insert into dashboard.widget (organisation_id, dashboard_id, type) values (%L, %L, ''kpi'')',
           test.id('001'), test.id('403')),
    '23503', null, 'a widget cannot stand on another organisation''s dashboard');
select throws_ok(
    format('insert into dashboard.dashboard_share (organisation_id, dashboard_id, user_id, permission)
            values (%L, %L, %L, ''view'')', test.id('001'), test.id('401'), test.id('201')),
    '23503', null, 'a dashboard cannot be shared with another organisation''s user');

-- What the contract bounds ------------------------------------------------------------------------

create function test.refuses(target text, change text, promise text) returns text
language sql
as $refuses$
    select throws_ok(format('update dashboard.%s set %s', target, change), '23514', null, promise)
$refuses$;

select test.refuses('dashboard', 'name = ''''', 'a dashboard''s name is not empty');
select test.refuses('dashboard', 'name = repeat(''x'', 256)',
                    'a dashboard''s name has at most 255 characters');
select lives_ok('update dashboard.dashboard set name = repeat(''é'', 255)',
                'a dashboard''s name may have 255 characters of more than a byte');
select test.refuses('dashboard', 'description = repeat(''x'', 4001)', 'a description is bounded');
select test.refuses('dashboard', 'visibility = ''public''',
                    'visibility is private, workspace or org');
select test.refuses('dashboard', 'status = ''archived''', 'status is draft or published');
select test.refuses('dashboard', 'status = ''published''',
                    'what is published names the published version');
select test.refuses('dashboard', 'layout = ''[]''', 'layout is an object');
select test.refuses('dashboard', 'filters = ''{}''', 'filters are an array');
select test.refuses('dashboard', 'variables = ''{}''', 'variables are an array');
select test.refuses('dashboard', 'metadata = ''1''', 'metadata is an object');
select test.refuses('dashboard', 'tags = array_fill(''x''::text, array[51])',
                    'tags are at most 50');
select test.refuses('dashboard', 'tags = array[null]::text[]', 'no tag is null');
select test.refuses('dashboard', 'version = 0', 'versions begin at 1');
select test.refuses('widget', 'type = ''pie''', 'a widget''s type is one of nine');
select test.refuses('widget', 'title = repeat(''x'', 256)', 'a title has at most 255 characters');
select test.refuses('widget', 'x = -1', 'x is not negative');
select test.refuses('widget', 'y = -1', 'y is not negative');
select test.refuses('widget', 'width = 0', 'width is at least 1');
select test.refuses('widget', 'height = 0', 'height is at least 1');
select test.refuses('widget', 'config = ''[]''', 'config is an object');
select test.refuses('widget', 'query = ''{}''', 'a widget''s query names a query or a metric');
select test.refuses('widget', 'query = query || ''{"metric": "m"}''',
                    'a widget''s query does not name both');
select test.refuses('widget', 'refresh_interval = -1', 'refresh_interval is not negative');
select test.refuses('widget', 'cache_ttl = 3601', 'cache_ttl is at most an hour');
select test.refuses('query', 'kind = ''shell''',
                    'a query''s kind is sql, materialized_view or metric');
select test.refuses('query', 'timeout_ms = 0', 'a query''s timeout is positive');
select test.refuses('query', 'cache_ttl = -1', 'a query''s cache_ttl is not negative');
select test.refuses('membership', 'role = ''owner''', 'a role is one of four');
select throws_ok(
    format('insert into dashboard.dashboard_share (organisation_id, dashboard_id, permission)
            values (%L, %L, ''view'')', test.id('001'), test.id('401')),
    '23514', null, 'a share names a user or a role');
select throws_ok(
    format('insert into dashboard.dashboard_share (organisation_id, dashboard_id, user_id, role, permission)
            values (%L, %L, %L, ''viewer'', ''view'')', test.id('001'), test.id('401'), test.id('102')),
    '23514', null, 'a share does not name both');
select throws_ok(
    format('update dashboard.dashboard set is_default = true where owner_id = %L', test.id('102')),
    '23505', null, 'an owner has one default dashboard in a workspace');
select throws_ok(
    'insert into dashboard.user_account (organisation_id, email, subject)
     select organisation_id, ''new@demo.example'', subject from dashboard.user_account limit 1',
    '23505', null, 'issuer and subject name one user');
select throws_ok(
    'insert into dashboard.user_account (organisation_id, email)
     select organisation_id, upper(email) from dashboard.user_account limit 1',
    '23505', null, 'an e-mail address is one user''s in an organisation, whatever its case');
select lives_ok(
    format('insert into dashboard.user_account (organisation_id, email)
            values (%L, ''analyst@demo.example'')', test.id('002')),
    'and may be another''s in another organisation');
select test.refuses('organisation', 'slug = ' || quote_literal(slug), 'no slug: ' || slug)
from unnest(array['', 'Upper', 'a--b', '-a', 'a b', test.id('001')::text]) as slug;

-- Triggers ----------------------------------------------------------------------------------------

insert into dashboard.user_account (id, organisation_id, email)
values ('00000000-0000-4000-8000-00000000abcd', test.id('001'), 'self@demo.example');
select is(subject, '00000000-0000-4000-8000-00000000abcd',
          'a user of our own has the id as subject')
from dashboard.user_account where email = 'self@demo.example';

create temporary table before as select t.created_at, t.updated_at from dashboard.dashboard as t
where id = test.id('401');
update dashboard.dashboard set created_at = 'epoch', updated_at = 'epoch' where id = test.id('401');
select is(d.created_at, b.created_at, 'created_at never changes')
from dashboard.dashboard as d, before as b where d.id = test.id('401');
select ok(d.updated_at > b.updated_at, 'updated_at follows a change, whatever it is set to')
from dashboard.dashboard as d, before as b where d.id = test.id('401');

select is(
    array(select c.relname::text from pg_class as c
          join pg_attribute as a on a.attrelid = c.oid and a.attname = 'updated_at'
          where c.relnamespace = 'dashboard'::regnamespace and c.relkind = 'r'
            and not exists (select from pg_trigger as t where t.tgrelid = c.oid
                            and t.tgname = 'touch')),
    '{}', 'every table with updated_at keeps it by trigger');
select is(
    array(select c.relname::text from pg_class as c
          where c.relnamespace = 'dashboard'::regnamespace and c.relkind = 'r'
            and c.relname not in ('organisation', 'setting',
                                  -- roles mean the same everywhere
                                  'role_permission', 'access_permissions',
                                  -- schema data is the installation's
                                  'protected_relation', 'column_tag')
            and not exists (select from pg_attribute as a
                            where a.attrelid = c.oid and a.attname = 'organisation_id'
                                and a.attnotnull)),
    '{}', 'every table below organisation carries its tenant');
select is(
    array(select f.conname::text from pg_constraint as f
          where f.contype = 'f' and f.connamespace = 'dashboard'::regnamespace
            and f.confrelid <> 'dashboard.organisation'::regclass
            and not exists (select from pg_attribute as a
                            where a.attrelid = f.conrelid and a.attnum = any (f.conkey)
                              and a.attname = 'organisation_id')),
    '{}', 'every foreign key below organisation includes the tenant');
select is(
    array(select c.relname::text from pg_class as c
          where c.relnamespace in ('dashboard'::regnamespace, 'api'::regnamespace)
            and pg_get_userbyid(c.relowner) <> 'dashboard_owner'),
    '{}', 'dashboard_owner owns every table');

-- A widget that comes back under its id goes on counting.
delete from dashboard.widget where id = test.id('503');
insert into dashboard.widget (organisation_id, id, dashboard_id, type)
values (test.id('001'), test.id('503'), test.id('401'), 'note');
select is(version, 2::bigint, 'a widget that comes back does not begin at version 1')
from dashboard.widget where id = test.id('503');

-- Indexes -----------------------------------------------------------------------------------------

insert into dashboard.dashboard (organisation_id, workspace_id, owner_id, name)
select test.id('001'), test.id('011'), test.id('102'), 'filler ' || n from generate_series(1,
    2000) as n;
analyze dashboard.dashboard;

create function test.plan(statement text) returns text
language plpgsql
as $plan$
declare
    line text;
    plan text := '';
begin
    for line in execute 'explain ' || statement loop
        plan := plan || line || E'\n';
    end loop;
    return plan;
end
$plan$;

select matches(
    test.plan(format('select * from dashboard.dashboard where workspace_id = %L
                      order by %s %s, id %3$s limit 50', test.id('011'), c, w)),
    'dashboard_by_' || c, format('the list by %s %s walks an index', c, w))
from unnest(array['name', 'created_at', 'updated_at']) as c, unnest(array['asc', 'desc']) as w;

select * from finish();
rollback;
