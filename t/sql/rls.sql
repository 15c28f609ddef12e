-- Row-level security: forced on every table, closed without a context, and within one organisation's
-- context the others do not exist.

begin;
\ir lib/helpers.sql
select no_plan();

-- The tables of schema dashboard, those with rows first made below.
create function test.tables(needs text default null) returns setof regclass
language sql stable
as $tables$
    select c.oid::regclass
    from pg_class as c
    where c.relnamespace = 'dashboard'::regnamespace
      and c.relkind in ('r', 'p')
      and not c.relispartition
      and (needs is null
           or exists (select from pg_attribute as a
                      where a.attrelid = c.oid and a.attname = needs and not a.attisdropped))
    order by c.relname
$tables$;

-- What a statement does as dashboard_owner in a context: how many rows it returned or changed, or the
-- SQLSTATE of its refusal.
create function test.as_owner(
    statement text, organisation uuid, whose uuid default null, role text default null)
returns text
language plpgsql
as $as_owner$
declare
    result text;
begin
    perform set_config('dashboard.organisation', coalesce(organisation::text, ''), true),
            set_config('dashboard.user', coalesce(whose::text, ''), true),
            set_config('dashboard.role', coalesce(role, ''), true);
    set local role dashboard_owner;
    begin
        execute statement;
        get diagnostics result = row_count;
        -- Undone, whatever it was.
        raise exception using errcode = 'DONE1', message = result;
    exception
        when sqlstate 'DONE1' then result := sqlerrm;
        when others then result := sqlstate;
    end;
    reset role;
    return result;
end
$as_owner$;

-- Every table --------------------------------------------------------------------------------------

select is(
    array(select c.oid::regclass::text from pg_class as c
          where c.relnamespace in ('dashboard'::regnamespace, 'api'::regnamespace)
            and c.relkind in ('r', 'p', 'f')
            and not (c.relrowsecurity and c.relforcerowsecurity)),
    '{}', 'row-level security is enabled and forced on every table');
select is(
    array(select c.oid::regclass::text from pg_class as c
          where c.relnamespace in ('dashboard'::regnamespace, 'api'::regnamespace)
            and c.relkind in ('v', 'm')),
    '{}', 'there are no views, which would need more than that');
select is(
    array(select t::text from test.tables() as t
          where not exists (select from pg_policy as p where p.polrelid = t)),
    '{}', 'every table has a policy');
select is(
    array(select distinct p.polname || ' on ' || p.polrelid::regclass from pg_policy as p
          join pg_class as c on c.oid = p.polrelid
          where c.relnamespace = 'dashboard'::regnamespace
            and p.polroles && array[0::oid, 'dashboard_query'::regrole, 'dashboard_app'::regrole]),
    '{}', 'no policy is for all, for widgets'' queries or for nginx''s login');
select is(
    array(select p.polname || ' on ' || p.polrelid::regclass from pg_policy as p
          where p.polroles @> array['dashboard_identity'::regrole::oid] and p.polcmd <> 'r'),
    '{}', 'dashboard_identity can only read');
select is(
    array(select t::text from test.tables() as t
          where has_table_privilege('dashboard_identity', t, 'insert, update, delete, truncate')
             or has_table_privilege('dashboard_identity', t, 'select')),
    '{}', 'and that only some columns');
select is(
    array(select r.rolname::text from pg_roles as r
          where r.rolname like 'dashboard\_%' and (r.rolbypassrls or r.rolsuper)),
    '{}', 'none of our roles is above row-level security');
select ok(not pg_has_role('dashboard_owner', 'dashboard_identity', 'usage'),
          'dashboard_owner has none of dashboard_identity''s rights');

-- Without a context --------------------------------------------------------------------------------

-- Rows of both organisations in the tables that the fixture leaves empty, by logins and changes.
select test.call('login', 'nobody', body => jsonb_build_object(
           'email', a, 'password', 'password of ' || a),
       extra => '{"limits": {"refresh_seconds": 1000, "access_seconds": 100}}')
from unnest(array['admin@demo.example', 'analyst@demo.example', 'outsider@other.example']) as a;
select test.call('forgot_password', 'nobody', body => jsonb_build_object('email', a))
from unnest(array['analyst@demo.example', 'outsider@other.example']) as a;
select test.call('create_dashboard', w, body => '{"name": "x"}')
from unnest(array['analyst', 'outsider']) as w;
select test.call('create_api_key', w, body => '{"name": "x"}')
from unnest(array['analyst', 'outsider']) as w;
select test.call('delete_widget', w, test.at(d), extra => test.tags('if_match'))
from (values ('analyst', '503'), ('outsider', '508')) as c (w, d);
insert into dashboard.facility_grant (organisation_id, facility_id, user_id)
values (test.id('002'), test.id('303'), test.id('201'));
insert into dashboard.widget (organisation_id, dashboard_id, type)
values (test.id('002'), test.id('403'), 'note');
insert into dashboard.audit_checkpoint (organisation_id, lane, sequence, hash, before)
select o, 0, 1, sha256(''), now() from unnest(array[test.id('001'), test.id('002')]) as o;
insert into dashboard.dashboard_share (organisation_id, dashboard_id, user_id, permission)
values (test.id('001'), test.id('401'), test.id('104'), 'view'),
       (test.id('002'), test.id('403'), test.id('201'), 'view');
select test.call('create_public_link', w, test.at(d))
from (values ('analyst', '401'), ('outsider', '403')) as c (w, d);
select test.call('put_preferences', w, jsonb_build_object('user_id', test.user_id(w)),
                 '{"preferences": {}}', test.tags('if_none_match'))
from unnest(array['analyst', 'outsider']) as w;

select is(test.as_owner(format('select from %s', t), null), '0',
          format('without a context there is nothing in %s', t))
from test.tables('organisation_id') as t;
select is(test.as_owner('select from dashboard.organisation', null), '0',
          'nor is there an organisation');
create function test.a_row(t regclass, organisation uuid) returns text
language plpgsql
as $a_row$
declare
    found text;
begin
    execute format('select t::text from %s as t where t.organisation_id = $1 limit 1', t)
    into found using organisation;
    return found;
end
$a_row$;

create function test.insertion(t regclass, a_row text) returns text
language sql
as $insertion$
    select format('insert into %s (%s) overriding system value select %s from (select (%L::%1$s).*) as n',
                  t, string_agg(quote_ident(a.attname), ', ' order by a.attnum),
                  string_agg('n.' || quote_ident(a.attname), ', ' order by a.attnum), a_row)
    from pg_attribute as a
    where a.attrelid = t and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
$insertion$;

create function test.a_row_of_any(t regclass) returns text
language plpgsql
as $a_row_of_any$
declare
    found text;
begin
    execute format('select t::text from %s as t limit 1', t) into found;
    return found;
end
$a_row_of_any$;

-- A row that exists, as the superuser sees it, is put in once more: the policy speaks before any key.
select is(test.as_owner(test.insertion(t, test.a_row_of_any(t)), null), '42501',
          format('without a context nothing is written to %s', t))
from test.tables() as t;

select is(
    test.as_owner(format('select from %s where organisation_id in (%L, %L)', t, test.id('001'),
                         test.id('002')), '00000000-0000-0000-0000-000000000000'),
    '0', format('nobody sees nothing in %s', t))
from test.tables('organisation_id') as t;

-- In the context of an organisation ----------------------------------------------------------------

-- Its administrator, who is let as far as anybody.
create function test.as_demo(statement text) returns text
language sql
as $as_demo$
    select test.as_owner(statement, test.id('001'), test.id('101'), 'super_admin')
$as_demo$;

select ok(test.a_row(t, test.id('001')) is not null and test.a_row(t, test.id('002')) is not null,
          format('both organisations have rows in %s, for what follows', t))
from test.tables('organisation_id') as t;
select isnt(test.as_demo(format('select from %s', t)), '0', format('one''s own are there in %s', t))
from test.tables('organisation_id') as t;
select is(test.as_demo(format('select from %s where organisation_id = %L', t, test.id('002'))), '0',
          format('the other organisation''s are not in %s', t))
from test.tables('organisation_id') as t;
-- What is append-only refuses in any case.
select ok(test.as_demo(format(c, t, test.id('002'))) = any (array['0', '42501']),
          format('%s of the other''s in %s does nothing', split_part(c, ' ', 1), t))
from test.tables('organisation_id') as t,
     unnest(array['update %s set organisation_id = organisation_id where organisation_id = %L',
                  'delete from %s where organisation_id = %L']) as c;
select is(test.as_demo(test.insertion(t, test.a_row(t, test.id('002')))), '42501',
          format('a row of the other''s is not put into %s', t))
from test.tables('organisation_id') as t;
select is(test.as_demo(format('update %s set organisation_id = %L', t, test.id('002'))), '42501',
          format('nor given to the other in %s', t))
from test.tables('organisation_id') as t;
select is(test.as_demo('select from dashboard.organisation'), '1', 'there is one organisation');
select is(test.as_demo(format('delete from dashboard.organisation where id = %L', test.id('002'))),
          '0', 'the other cannot be deleted');
select is(test.as_demo('update dashboard.setting set value = ''4'''), '0',
          'what is common cannot be changed');
select is(test.as_demo('insert into dashboard.role_permission values (''viewer'', ''no:such'')'),
          '42501', 'what roles may do neither');

-- What is personal ---------------------------------------------------------------------------------

create function test.personal() returns setof regclass
language sql stable
as $personal$
    select p.polrelid::regclass from pg_policy as p where p.polname = 'personal' order by 1
$personal$;

select ok(t = any (array(select test.personal())), format('%s is personal', t))
from unnest(array['dashboard.api_key', 'dashboard.outbox', 'dashboard.password',
                  'dashboard.password_reset', 'dashboard.refresh_token',
                  'dashboard.session']::regclass[]) as t;
-- neighbour has a password and nothing else.
select is(test.as_owner(format('select from %s', t), test.id('001'), test.id('105')),
          case t when 'dashboard.password'::regclass then '1' else '0' end,
          format('a colleague sees nothing of others'' in %s', t))
from test.personal() as t;
select isnt(test.as_owner(format('select from %s', t), test.id('001'), test.id('102')), '0',
            format('everybody their own in %s', t))
from test.personal() as t;
select is(test.as_owner(test.insertion(t, test.a_row(t, test.id('001'))), test.id('001'),
                        test.id('105')),
          '42501', format('nobody writes in another''s name to %s', t))
from test.personal() as t;

-- References ---------------------------------------------------------------------------------------

select is(
    test.as_owner(format('insert into dashboard.membership
                              (organisation_id, workspace_id, user_id, role)
                          values (%L, %L, %L, ''viewer'')', test.id('001'), w, test.id('102')),
                  test.id('001'), test.id('102')),
    result, promise)
from (values (test.id('021'), '23503', 'what another organisation has cannot be referred to'),
             (test.id('012'), '1', 'what one''s own has can')) as c (w, result, promise);
select is(
    test.as_owner(format('delete from dashboard.user_account where id = %L', u), test.id('001'),
                  test.id('105')),
    result, promise)
from (values (test.id('103'), '1', 'deleting takes along what is personal to another'),
             (test.id('102'), '23503', 'and is refused while something refers to it'))
    as c (u, result, promise);

select * from finish();
rollback;
