-- What the pgTAP files share: \ir lib/helpers.sql after begin. Operations are called as
-- dashboard_app, with requests as the server makes them. Everything goes with the test's rollback.

set local client_min_messages = warning;

create schema test;

-- The fixture's id that ends in these three digits.
create function test.id(digits text) returns uuid
language sql immutable
as $id$
    select ('00000000-0000-4000-8000-000000000' || digits)::uuid
$id$;

create function test.at(digits text) returns jsonb
language sql immutable
as $at$
    select jsonb_build_object('id', test.id(digits))
$at$;

-- The parsed If-Match or If-None-Match of a request: test.tags('if_match', 3),
-- test.tags('if_match') is *.
create function test.tags(name text, variadic versions integer[] default '{}') returns jsonb
language sql immutable
as $tags$
    select jsonb_build_object(name, jsonb_build_object(
        'raw', case when versions = '{}' then '*'
                    else (select string_agg(format('"v%s"', v),
                                            ', ') from unnest(versions) as v) end,
        'any', versions = '{}',
        'versions', to_jsonb(versions)))
$tags$;

create function test.user_id(who text) returns text
language sql immutable
as $user_id$
    select case who
               when 'admin' then test.id('101')
               when 'analyst' then test.id('102')
               when 'viewer' then test.id('103')
               when 'colleague' then test.id('104')
               when 'neighbour' then test.id('105')
               when 'super' then test.id('106')
               when 'disabled' then test.id('107')
               when 'outsider' then test.id('201')
           end::text
$user_id$;

-- One call of api.<operation> by a user ('nobody' is no user of ours). extra overrides members of
-- the request: query, if_match, ...
create function test.call(
    operation text, who text, path jsonb default '{}', body jsonb default null,
    extra jsonb default '{}') returns api.answer
language plpgsql
as $call$
declare
    answer  api.answer;
    request jsonb := jsonb_build_object(
        'operation', operation, 'correlation_id', 'req_test', 'address', '192.0.2.7', 'issuer', '',
        'subject', coalesce(test.user_id(who), who), 'path', path, 'query', '{}'::jsonb,
        'if_match', null, 'if_none_match', null,
        'limits', '{"batch_max": 50, "widget_timeout_ms": 5000, "widget_rows": 10000}'::jsonb)
            || extra;
begin
    execute 'set local role dashboard_app';
    execute format('select * from api.%I($1, $2)', operation) into answer using request, body;
    execute 'reset role';
    return answer;
end
$call$;

create table test.kept (name text primary key, answer api.answer);

-- The same, kept under a name for the functions below.
create function test.keep(
    name text, operation text, who text, path jsonb default '{}', body jsonb default null,
    extra jsonb default '{}') returns void
language sql
as $keep$
    insert into test.kept (name, answer)
    values (name, test.call(operation, who, path, body, extra))
    on conflict on constraint kept_pkey do update set answer = excluded.answer
$keep$;

create function test.status(name text) returns integer
language sql
as $status$
    select (k.answer).status from test.kept as k where k.name = status.name
$status$;

create function test.etag(name text) returns text
language sql
as $etag$
    select (k.answer).etag from test.kept as k where k.name = etag.name
$etag$;

create function test.body(name text) returns jsonb
language sql
as $body$
    select (k.answer).body::jsonb from test.kept as k where k.name = body.name
$body$;

create function test.data(name text) returns jsonb
language sql
as $data$
    select test.body(name) -> 'data'
$data$;

-- status, error code and field of an answer: '400 VALIDATION_ERROR /name', '404 NOT_FOUND'.
create function test.outcome(answer api.answer) returns text
language sql immutable
as $outcome$
    select concat_ws(' ', answer.status, answer.error,
                     case when answer.error = 'VALIDATION_ERROR'
                          then answer.body::jsonb #>> '{details,field}' end)
$outcome$;

create function test.version(dashboard text) returns bigint
language sql
as $version$
    select d.version from dashboard.dashboard as d where d.id = test.id(dashboard)
$version$;
