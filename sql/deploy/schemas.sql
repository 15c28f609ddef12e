-- Deploy dashboard:schemas to pg
--
-- dashboard: tables and the functions that only other functions call; besides its owner only
--            dashboard_identity may enter it (context).
-- api:       one function an operation, all that nginx's login may call.
-- data:      what widgets read; dashboard_query may read it and nothing else.

begin;
set local role dashboard_owner;

create schema dashboard;
create schema api;
create schema data;

-- Functions made later in api become callable by nginx's login and nobody else.
alter default privileges revoke execute on functions from public;
alter default privileges in schema api grant execute on functions to dashboard_app;
alter default privileges in schema data grant select on tables to dashboard_query;

grant usage on schema dashboard to dashboard_identity;
grant usage on schema api to dashboard_app;
grant usage on schema data to dashboard_query;
-- Functions and types which a stored query may use are kept apart from it in schema data.
alter default privileges in schema data grant execute on functions to dashboard_query;

-- What every operation returns. error is null on success; body is then the finished JSON text to be
-- sent as it is, else {"message", "details"} which the server wraps in the error envelope.
create type api.answer as (
    status    integer, -- HTTP status
    error     text,    -- code of an expected failure, such as NOT_FOUND
    etag      text,    -- entity tag with its quotes
    location  text,    -- path below the API's base
    tags      text[],  -- what a cached copy depends on
    workspace uuid,    -- for logs: the workspace concerned
    role      text,    -- for logs: the caller's role in it
    body      text
);

commit;
