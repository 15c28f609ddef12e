-- What nginx's login and a stored query cannot do, whatever they try.

begin;
\ir lib/helpers.sql
select no_plan();

-- Runs a statement as a role and says the SQLSTATE it failed with, or 'done'.
create function test.as_role(role text, statement text) returns text
language plpgsql
as $as_role$
begin
    execute format('set local role %I', role);
    execute statement;
    execute 'reset role';
    return 'done';
exception
    when others then
        execute 'reset role';
        return sqlstate;
end
$as_role$;

-- Runs a stored query's text the way the server does, in a transaction of its own making.
create function test.as_query(sql text) returns text
language plpgsql
as $as_query$
begin
    execute 'set local role dashboard_app';
    perform api.enter_query(5000, 'UTC');
    execute format(E'select * from (\n%s\n) as q limit 10', sql);
    raise exception 'undo' using errcode = 'ZZ001';
exception
    when sqlstate 'ZZ001' then
        return 'done';
    when others then
        return sqlstate;
end
$as_query$;

-- dashboard_app -------------------------------------------------------------------------------

select is(test.as_role('dashboard_app', s), '42501', 'dashboard_app may not: ' || s)
from unnest(array[
    'select * from dashboard.dashboard', 'select * from dashboard.audit',
        'delete from dashboard.audit',
    'insert into dashboard.event (organisation_id, kind) values (gen_random_uuid(), ''x'')',
    'select * from data.test_flight', 'create table data.x ()', 'create table api.x ()',
    'create table public.x ()', 'create temporary table x ()', 'create schema x',
    'select dashboard.identify(''{}'')',
    'alter role dashboard_app superuser', 'select pg_notify(''dashboard_event'', ''{}'')',
    'select pg_advisory_lock(1)']) as s;
select ok(not r.rolsuper and not r.rolinherit and not r.rolcreaterole and not r.rolcreatedb
          and not r.rolbypassrls, format('%s has no power of its own', r.rolname))
from pg_roles as r where r.rolname in ('dashboard_app', 'dashboard_query');
select ok(not pg_has_role('dashboard_app', 'dashboard_owner', 'member'),
          'dashboard_app cannot become dashboard_owner');
select ok(not pg_has_role('dashboard_query', r, 'member'), 'dashboard_query cannot become ' || r)
from unnest(array['dashboard_owner', 'dashboard_app']) as r;
select ok(not r.rolcanlogin, format('%s cannot log in', r.rolname))
from pg_roles as r where r.rolname in ('dashboard_owner', 'dashboard_query');

-- enter_query -----------------------------------------------------------------------------------

select is(test.as_query('select 1'), 'done', 'a SELECT runs');
select is(test.as_query('select * from data.test_flight'), 'done', 'data can be read');
select is(test.as_query('select * from test_flight'), 'done', 'data need not be named');
select is(test.as_query(format('select 1 where current_user <> %L', 'dashboard_query')), 'done',
          'a stored query may ask who it is');

create function test.entered(expression text) returns text
language plpgsql
as $entered$
declare
    value text;
begin
    execute 'set local role dashboard_app';
    perform api.enter_query(1234, 'Europe/Berlin');
    execute format(E'select * from (\nselect %s\n) as q limit 1', expression) into value;
    raise exception '%', value using errcode = 'ZZ001';
exception
    when sqlstate 'ZZ001' then
        return sqlerrm;
end
$entered$;
select is(test.entered('current_user'), 'dashboard_query',
          'a stored query runs as dashboard_query');
select is(test.entered('current_setting(''transaction_read_only'')'), 'on',
          'in a read-only transaction');
select is(test.entered('current_setting(''statement_timeout'')'), '1234ms', 'with its time-out');
select is(test.entered('current_setting(''TimeZone'')'), 'Europe/Berlin',
          'in the time zone asked for');

-- Ways out of a stored query ---------------------------------------------------------------------

select isnt(test.as_query(s), 'done', 'a stored query may not: ' || s)
from unnest(array[
    -- other statements
    'delete from data.test_flight', 'delete from data.test_flight returning 1',
    'with d as (delete from data.test_flight returning 1) select * from d',
    'select 1; select 2', 'select 1) as q; drop table data.test_flight; select * from (select 1',
    'set role dashboard_app', 'reset role', 'select 1) as q into x from (select 1',
    'select * from data.test_flight for update', 'table dashboard.dashboard',
    -- other roles' things
    'select * from dashboard.dashboard', 'select * from api.get_dashboard(''{}'', null)',
    'select * from pg_authid', 'select * from pg_shadow', 'select * from pg_file_settings',
    'select * from pg_hba_file_rules', 'select pg_read_file(''PG_VERSION'')',
        'select pg_ls_dir(''.'')',
    'select * from pg_statistic', 'select * from pg_subscription',
    -- settings, the role among them
    'select set_config(''role'', ''dashboard_app'', true)',
    'select set_config(''role'', ''none'', false)',
    'select set_config(''transaction_read_only'', ''off'', true)',
    'select set_config(''statement_timeout'', ''0'', true)', 'select setseed(0.5)',
    'select public.set_limit(0.1)',
    'update pg_settings set setting = ''0'' where name = ''statement_timeout''',
    -- SQL text run by functions
    'select query_to_xml(''reset role'', true, true, '''')',
    'select query_to_xml(''select set_config(''''role'''', ''''none'''', true)'', true, true, '''')',
    'select query_to_xml(''select 1'', true, true, '''')',
    'select query_to_xmlschema(''select 1'', true, true, '''')',
    'select query_to_xml_and_xmlschema(''select 1'', true, true, '''')',
    'select table_to_xml(''data.test_flight'', true, true, '''')',
    'select schema_to_xml(''data'', true, true, '''')',
    'select schema_to_xml_and_xmlschema(''data'', true, true, '''')',
    'select database_to_xml(true, true, '''')', 'select cursor_to_xml(''c'', 1, true, true, '''')',
    'select * from ts_stat(''select to_tsvector(carrier) from data.test_flight'')',
    'select ts_rewrite(''a''::tsquery, ''select ''''a''''::tsquery, ''''b''''::tsquery'')',
    -- locks, messages, other sessions
    'select pg_advisory_lock(1)', 'select pg_advisory_lock_shared(1, 2)',
        'select pg_try_advisory_lock(1)',
    'select pg_advisory_xact_lock(1)', 'select pg_try_advisory_xact_lock_shared(1)',
    'select pg_advisory_unlock_all()', 'select pg_notify(''dashboard_event'', ''{}'')',
    'select pg_cancel_backend(pg_backend_pid())', 'select pg_terminate_backend(pg_backend_pid())',
    'select pg_logical_emit_message(false, ''a'', ''b'')', 'select pg_export_snapshot()',
    'select txid_current()', 'select pg_current_xact_id()', 'select pg_stat_reset()',
    'select pg_replication_origin_create(''x'')', 'select pg_reload_conf()',
        'select pg_switch_wal()',
    -- large objects
    'select lo_create(0)', 'select lo_creat(-1)', 'select lo_from_bytea(0, ''x'')',
    'select lo_import(''/etc/passwd'')', 'select lo_export(1, ''/tmp/x'')', 'select lo_get(1)',
    'select lo_unlink(1)', 'select lo_open(1, 262144)']) as s;

-- Every one of these is refused for want of the right itself, not because it happens to fail.
select is(
    array(select p.oid::regprocedure::text
          from pg_proc as p
          where p.pronamespace in ('pg_catalog'::regnamespace, 'public'::regnamespace)
            and p.proname ~ ('^(set_config|setseed|set_limit|pg_notify|lo_.*|loread|lowrite|ts_stat|'
                             'ts_rewrite|.*_to_xml.*|pg_(try_)?advisory_.*|pg_cancel_backend|'
                             'pg_terminate_backend|pg_logical_emit_message|pg_export_snapshot|'
                             'txid_current|pg_current_xact_id|pg_read_.*|pg_ls_.*|pg_stat_reset.*|'
                             'pg_replication_origin_.*|dblink.*)$')
            and has_function_privilege('dashboard_query', p.oid, 'execute')),
    '{}', 'dashboard_query holds none of the functions that are taken away');
select is(
    array(select c.oid::regclass::text from pg_class as c
          where c.relnamespace = 'dashboard'::regnamespace
            and has_table_privilege('dashboard_query', c.oid, 'select')),
    '{}', 'dashboard_query can read none of our tables');
select is(
    array(select c.oid::regclass::text from pg_class as c
          join pg_namespace as n on n.oid = c.relnamespace
          where c.relkind in ('r', 'v', 'm', 'p') and n.nspname not in ('pg_catalog',
              'information_schema')
            and n.nspname !~ '^(pg_|test)' and n.nspname <> 'data'
            and has_schema_privilege('dashboard_query', n.oid, 'usage')
            and has_table_privilege('dashboard_query', c.oid, 'select')),
    '{}', 'dashboard_query can read schema data and nothing else');

create table data.later (n integer);
alter table data.later owner to dashboard_owner;
set local role dashboard_owner;
create table data.later_still (n integer);
reset role;
select ok(has_table_privilege('dashboard_query', 'data.later_still', 'select'),
          'tables that dashboard_owner adds to data can be read by widgets');
select ok(not has_table_privilege('dashboard_query', 'data.later_still', 'insert'),
          'and not be written');

select * from finish();
rollback;
