-- Deploy dashboard:functions/session to pg
-- requires: schemas
--
-- What the server calls besides operations of its users.

begin;
set local role dashboard_owner;

-- First call of the transaction in which a stored query runs: from here to its end the session is
-- dashboard_query, read-only, in the time zone named (IANA), and stopped after timeout_ms. context:
-- what the query's data may be chosen by, as the plan says it (functions/protection); without one
-- it sees no row and no column that is protected. It stays as it is: dashboard_query cannot set it.
-- Runs with the caller's own rights: a SECURITY DEFINER function may not change the role, and only
-- dashboard_app is both a member of dashboard_query and granted set_config.
create function api.enter_query(timeout_ms integer, timezone text, context text default null)
returns void
language plpgsql volatile security invoker
as $enter_query$
begin
    perform pg_catalog.set_config('statement_timeout', timeout_ms::pg_catalog.text, true),
            pg_catalog.set_config('timezone', timezone, true),
            pg_catalog.set_config('search_path', 'data, pg_temp', true),
            pg_catalog.set_config('dashboard.context',
                                  coalesce(nullif(context, ''), '{}'), true),
            pg_catalog.set_config('dashboard.organisation',
                                  coalesce(nullif(context, '')::jsonb ->> 'organisation', ''),
                                  true),
            pg_catalog.set_config('transaction_read_only', 'on', true),
            pg_catalog.set_config('role', 'dashboard_query', true);
end
$enter_query$;

-- GET /health/ready: that this can be answered is the answer. Needs no identity.
create function api.health_ready(request jsonb, body jsonb) returns api.answer
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $health_ready$
    select (200, null, null, null, null, null, null, '{"data":{"status":"ready"}}')::api.answer
$health_ready$;

commit;
