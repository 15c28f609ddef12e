-- Prepares one database for the dashboard: roles, extension, and what is taken from PUBLIC.
--
--     psql -v ON_ERROR_STOP=1 -d <database> -f sql/bootstrap.sql      (as a superuser)
--
-- Run once for every database, before the first `sqitch deploy`; running it again changes nothing.
-- dashboard_app gets no password here: pg_hba.conf (peer, cert) or an ALTER ROLE by whoever
-- operates the server decides how nginx proves who it is.

\set QUIET on
set client_min_messages = warning;

begin;

-- Roles -----------------------------------------------------------------------------------------

do $roles$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'dashboard_owner') then
        create role dashboard_owner nologin noinherit;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname = 'dashboard_query') then
        create role dashboard_query nologin noinherit;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname = 'dashboard_identity') then
        create role dashboard_identity nologin noinherit;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname = 'dashboard_app') then
        create role dashboard_app login noinherit;
    end if;
end
$roles$;

-- nginx's login may become dashboard_query (api.enter_query does), but has none of its rights
-- before.
alter role dashboard_app noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role dashboard_query nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
alter role dashboard_owner nologin nosuperuser nocreatedb nocreaterole nobypassrls;
alter role dashboard_identity nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
grant dashboard_query to dashboard_app;

-- Functions of dashboard_identity find out who calls, before any row may be seen; migrations give them
-- to it, for which dashboard_owner must be a member. noinherit: it has none of the rights.
alter role dashboard_owner noinherit;
grant dashboard_identity to dashboard_owner;

-- Passwords and tokens reach the database as parameters of statements: whatever else the server
-- logs of them (log_statement, log_min_duration_statement, log_min_error_statement), not these.
alter role dashboard_app set log_parameter_max_length = 0;
alter role dashboard_app set log_parameter_max_length_on_error = 0;

-- The database ----------------------------------------------------------------------------------

do $database$
begin
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect on database %I to dashboard_app', current_database());
    execute format('grant connect, create, temporary on database %I to dashboard_owner',
                   current_database());
end
$database$;

revoke all on schema public from public;
grant usage on schema public to dashboard_owner;
create extension if not exists pg_trgm with schema public;
create extension if not exists pgcrypto with schema public;

-- A stored query is one SELECT in a read-only transaction of dashboard_query. What follows are the
-- functions by which a mere SELECT could become another role, run further SQL text, wait on or
-- signal others, or leave something behind in the session or on disk. Superusers do not need the
-- grants. Found by name, whatever the arguments, so that a newer server's overloads are taken too.
do $functions$
declare
    f record;
begin
    for f in
        select p.oid::regprocedure as signature, p.prokind
        from pg_catalog.pg_proc as p
        join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
        where n.nspname in ('pg_catalog', 'public')
          and (
              -- settings of the session, role included
              p.proname in ('set_config', 'setseed', 'set_limit')
              -- locks that outlive the statement; messages to others
              or p.proname like 'pg\_advisory\_%'
              or p.proname like 'pg\_try\_advisory\_%'
              or p.proname in ('pg_notify', 'pg_listening_channels', 'pg_logical_emit_message')
              -- large objects
              or p.proname like 'lo\_%'
              or p.proname in ('loread', 'lowrite')
              -- functions that run SQL text given as an argument
              or p.proname ~ '^(query|cursor|table|schema|database)_to_xml'
              or p.proname in ('ts_stat', 'ts_rewrite')
              -- other sessions and files of the server
              or p.proname in ('pg_cancel_backend', 'pg_terminate_backend', 'pg_export_snapshot',
                               'pg_log_backend_memory_contexts', 'pg_blocking_pids',
                               'pg_safe_snapshot_blocking_pids')
              -- marks in the transaction log and statistics
              or p.proname in ('txid_current', 'pg_current_xact_id', 'pg_stat_force_next_flush',
                               'pg_stat_clear_snapshot')
              or p.proname like 'pg\_stat\_reset%'
              or p.proname like 'pg\_replication\_origin\_%'
              -- files, wherever an administrator once granted them to all
              or p.proname like 'pg\_read\_%'
              or p.proname like 'pg\_ls\_%'
              or p.proname = 'pg_stat_file'
          )
          -- Operators' support functions of the same shape (lo_oid and such) do not exist: all go.
    loop
        execute format('revoke execute on function %s from public', f.signature);
    end loop;
end
$functions$;

-- What the product itself uses of them.
grant execute on function pg_catalog.set_config(text, text, boolean)
    to dashboard_app, dashboard_owner, dashboard_identity;
grant execute on function pg_catalog.pg_notify(text, text) to dashboard_owner;
-- a worker's control connection cancels the query of a client that has gone: its own role's, no
-- other's
grant execute on function pg_catalog.pg_cancel_backend(integer) to dashboard_app;
grant execute on function pg_catalog.pg_current_xact_id() to dashboard_owner;
-- a lane of the audit chain for each of many writers
grant execute on function pg_catalog.pg_try_advisory_xact_lock(integer, integer),
    pg_catalog.pg_advisory_xact_lock(integer, integer) to dashboard_owner;

commit;
