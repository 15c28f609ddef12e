-- Deploy dashboard:functions/widget_data to pg
-- requires: functions/gate functions/queries functions/protection
--
-- query_widgets, query_widgets_batch, get_dashboard_data, get_widget_data: which statements a batch
-- of widgets comes to, and with which parameters. The server runs them as dashboard_query.
--
-- A parameter's value comes from the first of these that has it: the params of the request for that
-- widget, the filters of the request (only names the query declares), the params stored with the
-- widget, the query's default. null is a value: SQL's null. Without timerange :from and :to are the
-- last 24 hours.

begin;
set local role dashboard_owner;

-- Whether PostgreSQL knows the IANA time zone, and takes it as a setting, which is what it becomes:
-- abbreviations such as CEST are good for converting only. It would also take any POSIX text with
-- digits, such as XYZ5, so those have to stand in its list of names, which is slow to read; and
-- names that mean something else on each host.
create function dashboard.timezone_known(timezone text) returns boolean
language plpgsql volatile strict
as $timezone_known$
begin
    if timezone = 'UTC' then
        return true;
    end if;
    if timezone !~ '^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$' then
        return false;
    end if;
    if timezone ~ '^(right|posix)/' or timezone in ('localtime', 'posixrules', 'Factory') then
        return false;
    end if;
    if timezone ~ '[0-9]' then
        return exists (select from pg_timezone_names as z where z.name = timezone);
    end if;
    -- tried, and undone by the failure that ends this block
    perform set_config('TimeZone', timezone, true);
    raise exception using errcode = 'DB001';
exception
    when invalid_parameter_value then
        return false;
    when sqlstate 'DB001' then
        return true;
end
$timezone_known$;

-- The filters of a query string, an array of 'name:value', as the object that a body would have; a
-- name given more than once has an array. null when one of them is not so written.
create function dashboard.filters_object(filters jsonb) returns jsonb
language plpgsql immutable
as $filters_object$
begin
    return (
        select case
                   when bool_and(name <> '' and has_value) is not false then
                       coalesce(
                           jsonb_object_agg(name,
                                            case when n = 1 then "values" -> 0 else "values" end),
                           '{}')
               end
        from (
            select split_part(f, ':', 1) as name,
                   bool_and(f like '%:%') as has_value,
                   count(*) as n,
                   jsonb_agg(substr(f, strpos(f, ':') + 1) order by o) as "values"
            from jsonb_array_elements_text(filters) with ordinality as l (f, o)
            group by 1) as f);
end
$filters_object$;

-- The entries of a plan. asked: [{"id", "params", "etag"}, ...], every id once; the other arguments
-- have been checked. entries: as /widgets of the plan that the server reads; workspace and role:
-- where all widgets that were found lie in one workspace; tagged: the queries that will run and
-- read columns tagged as personal, [{"query_id", "masked"}, ...].
create function dashboard.plan_entries(
    caller dashboard.caller, request jsonb, asked jsonb, lower timestamptz, upper timestamptz,
    filters jsonb, timezone text, out entries json, out workspace uuid, out role text,
    out tagged jsonb)
language plpgsql stable
as $plan_entries$
begin
    with asked_widget as (
        select n, (e ->> 'id')::uuid as id, nullif(e -> 'params', 'null') as params,
               e ->> 'etag' as etag
        from jsonb_array_elements(asked) with ordinality as l (e, n)
    ),
    widget as (
        select a.n, a.id, a.params, a.etag, w.id is not null as found,
               w.query -> 'params' as stored,
               case
                   when w.id is null then 'unseen'
                   when w.type = 'note' or w.query is null then 'empty'
                   when w.query_id is null or q.kind = 'metric' then 'metric'
                   else 'query'
               end as kind,
               (r.d).workspace_id, r.role, q.id as query_id, q.params as declared, q.compiled,
               q.bindings, q.timeout_ms, coalesce(w.cache_ttl, q.cache_ttl, 60) as ttl,
               dashboard.data_context(caller, r.role, q.reads) as context
        from asked_widget as a
        left join (
            dashboard.widget as w
            join dashboard.reach(caller) as r
              on (r.d).id = w.dashboard_id and (r.d).deleted_at is null and r.access >= 1)
          on w.organisation_id = caller.organisation_id and w.id = a.id
        left join dashboard.query as q
          on q.organisation_id = w.organisation_id and q.id = w.query_id
    ),
    chosen as (
        select w.n, d.declared, d.declared ->> 'name' as name, d.place,
               case
                   when w.params ? (d.declared ->> 'name') then w.params -> (d.declared ->> 'name')
                   when filters ? (d.declared ->> 'name') then filters -> (d.declared ->> 'name')
                   when w.stored ? (d.declared ->> 'name') then w.stored -> (d.declared ->> 'name')
                   else d.declared -> 'default'
               end as given
        from widget as w
        cross join lateral jsonb_array_elements(w.declared) with ordinality as d (declared, place)
        where w.kind = 'query'
    ),
    bound as (
        select c.n, c.name, c.place, t.value,
               case
                   when coalesce(c.given, 'null') = 'null' and c.declared @> '{"required": true}'
                       then 'is required'
                   else t.issue
               end as issue
        from chosen as c
        cross join lateral dashboard.parameter_text(c.declared, c.given) as t
    ),
    issues as (
        select n, json_agg(json_build_object('field', name, 'issue', issue)
                           order by place, name) as errors
        from (
            select n, name, place, issue
            from bound
            where issue is not null
            union all
            select w.n, k.name, null, 'is not a parameter of the query'
            from widget as w
            cross join lateral jsonb_object_keys(w.params) as k (name)
            where w.kind = 'query'
              and not exists (select from bound as b where b.n = w.n and b.name = k.name)) as i
        group by n
    ),
    arguments as (
        select w.n,
               json_agg(case b.name
                            when 'from' then (lower at time zone 'UTC')::text || '+00'
                            when 'to' then (upper at time zone 'UTC')::text || '+00'
                            when 'timezone' then timezone
                            else v.value
                        end order by b.place) as params
        from widget as w
        cross join lateral unnest(w.bindings) with ordinality as b (name, place)
        left join bound as v on v.n = w.n and v.name = b.name
        where w.kind = 'query'
        group by w.n
    )
    select json_agg(
               case
                   when w.kind = 'unseen' then
                       json_build_object(
                           'id', w.id, 'status', 404,
                           'error', json_build_object('code', 'NOT_FOUND',
                                                      'message', 'Widget not found'))
                   when w.kind = 'metric' then
                       json_build_object(
                           'id', w.id, 'status', 400,
                           'error', json_build_object(
                               'code', 'VALIDATION_ERROR',
                               'message', 'Metrics are not available',
                               'details', json_build_object(
                                   'field', 'metric', 'issue', 'is not available',
                                   'errors', json_build_array(json_build_object(
                                       'field', 'metric', 'issue', 'is not available')))))
                   when i.errors is not null then
                       json_build_object(
                           'id', w.id, 'status', 400,
                           'error', json_build_object(
                               'code', 'VALIDATION_ERROR',
                               'message', 'The parameters of the widget are not valid',
                               'details', json_build_object(
                                   'field', i.errors -> 0 -> 'field',
                                   'issue', i.errors -> 0 -> 'issue',
                                   'errors', i.errors)))
                   else
                       json_build_object(
                           'id', w.id,
                           'sql', case w.kind when 'query' then w.compiled end,
                           'params', coalesce(a.params, '[]'),
                           'timezone', timezone,
                           'context', w.context,
                           'timeout_ms', least(coalesce(w.timeout_ms, l.timeout_ms), l.timeout_ms),
                           'max_rows', l.rows,
                           'ttl', w.ttl,
                           'etag', w.etag)
               end order by w.n),
           case when count(distinct w.workspace_id) = 1
                then (array_agg(w.workspace_id) filter (where w.found))[1] end,
           case when count(distinct w.workspace_id) = 1 then max(w.role) end,
           jsonb_agg(distinct jsonb_build_object(
                         'query_id', w.query_id,
                         'masked', w.context::jsonb -> 'pii' = 'false'))
               filter (where w.kind = 'query' and i.errors is null and w.context::jsonb ? 'pii')
    into entries, workspace, role, tagged
    from widget as w
    cross join (select (request #>> '{limits,widget_timeout_ms}')::integer,
                       (request #>> '{limits,widget_rows}')::integer) as l (timeout_ms, rows)
    left join issues as i using (n)
    left join arguments as a using (n);
end
$plan_entries$;

-- The plan for a batch, or the 400 for the whole of it. given: {"timerange", "filters", "timezone"}
-- as a body or a query string has them; at: '/' for a body, '' for a query string, put before their
-- names.
create function dashboard.plan(
    caller dashboard.caller, request jsonb, asked jsonb, given jsonb, at text) returns api.answer
language plpgsql volatile
as $plan$
declare
    issues   jsonb := jsonb '[]';
    ranged   record;
    filters  jsonb := coalesce(given -> 'filters', '{}');
    timezone text := coalesce(given ->> 'timezone', 'UTC');
    plan     record;
begin
    ranged := dashboard.timerange(coalesce(given -> 'timerange', '"24h"'));
    if ranged.lower is null then
        issues := issues || dashboard.issue(at || 'timerange', 'must begin before it ends');
    end if;
    if jsonb_typeof(filters) = 'array' then
        filters := dashboard.filters_object(filters);
        if filters is null then
            issues := issues || dashboard.issue(at || 'filters', 'must be name:value');
        end if;
    end if;
    if not dashboard.timezone_known(timezone) then
        issues := issues || dashboard.issue(at || 'timezone', 'is not a time zone');
    end if;
    if issues <> '[]' then
        return dashboard.invalid(issues);
    end if;
    plan := dashboard.plan_entries(caller, request, asked, ranged.lower, ranged.upper, filters,
                                   timezone);
    -- Reading personal data is on record, masked or not: one row a query.
    perform dashboard.audit(caller, request, 'read', 'query', (t ->> 'query_id')::uuid,
                            plan.workspace, null, '[]', 'success',
                            jsonb_build_object('masked', t -> 'masked'))
    from jsonb_array_elements(plan.tagged) as t;
    return (200, null, null, null,
            array(select 'widget:' || (e ->> 'id') from jsonb_array_elements(asked) as e)
                || dashboard.access_tag(caller),
            plan.workspace, plan.role,
            json_build_object('widgets', coalesce(plan.entries, '[]'))::text)::api.answer;
end
$plan$;

-- A list of widgets as clients give it, ids or {"id", "params", "etag"}, as asked of the functions
-- above. The same request twice counts once; issue says when an id is asked for in two ways.
create function dashboard.read_asked(widgets jsonb, out asked jsonb, out issue jsonb)
language plpgsql immutable
as $read_asked$
begin
    with item as (
        select n,
               (case jsonb_typeof(e) when 'object' then e ->> 'id' else e #>> '{}' end)::uuid as id,
               case jsonb_typeof(e) when 'object' then e - 'id' else '{}' end as rest
        from jsonb_array_elements(widgets) with ordinality as l (e, n)
    ),
    first as (
        select distinct on (id) id, n, rest
        from item
        order by id, n
    )
    select (select jsonb_agg(jsonb_build_object('id', f.id) || f.rest order by f.n)
            from first as f),
           (select dashboard.issue('/widgets/' || i.n - 1,
                                   'asks for the same widget with other params or another etag')
            from item as i
            join first as f using (id)
            where i.rest <> f.rest
            order by i.n
            limit 1)
    into asked, issue;
end
$read_asked$;

-- The plan for widgets that a client lists.
create function dashboard.plan_list(request jsonb, widgets jsonb, given jsonb, at text, name text)
returns api.answer
language plpgsql volatile
as $plan_list$
declare
    caller dashboard.caller := dashboard.identify(request);
    most   integer := (request #>> '{limits,batch_max}')::integer;
    list   record;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    list := dashboard.read_asked(widgets);
    if list.asked is null then
        return dashboard.invalid(at || name, 'must have at least 1 item');
    end if;
    if jsonb_array_length(widgets) > most then
        return dashboard.invalid(at || name, format('must have at most %s items', most));
    end if;
    if list.issue is not null then
        return dashboard.invalid(jsonb_build_array(list.issue));
    end if;
    return dashboard.plan(caller, request, list.asked, given, at);
end
$plan_list$;

-- POST /widgets/query
create function api.query_widgets(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $query_widgets$
begin
    return dashboard.plan_list(request, body -> 'widgets', body, '/', 'widgets');
end
$query_widgets$;

-- GET /dashboard/widgets/batch?ids=
create function api.query_widgets_batch(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $query_widgets_batch$
begin
    return dashboard.plan_list(request, request #> '{query,ids}', request -> 'query', '', 'ids');
end
$query_widgets_batch$;

-- The plan for all widgets of a dashboard, however many, by rows and columns.
create function dashboard.plan_dashboard(caller dashboard.caller, request jsonb, dashboard uuid)
returns api.answer
language plpgsql volatile
as $plan_dashboard$
declare
    target dashboard.target := dashboard.find_dashboard(caller, dashboard);
    answer api.answer;
    asked  jsonb;
begin
    if target.access is null then
        return dashboard.not_found('dashboard');
    end if;
    select coalesce(jsonb_agg(jsonb_build_object('id', w.id) order by w.y, w.x, w.id), '[]')
    into asked
    from dashboard.widget as w
    where w.organisation_id = (target.d).organisation_id and w.dashboard_id = (target.d).id;
    answer := dashboard.plan(caller, request, asked, request -> 'query', '');
    if answer.status = 200 then
        answer.tags := answer.tags || ('dashboard:' || (target.d).id);
        answer.workspace := (target.d).workspace_id;
        answer.role := target.role;
    end if;
    return answer;
end
$plan_dashboard$;

-- GET /dashboards/{id}/data
create function api.get_dashboard_data(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $get_dashboard_data$
declare
    caller dashboard.caller := dashboard.identify(request);
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    return dashboard.plan_dashboard(caller, request, (request #>> '{path,id}')::uuid);
end
$get_dashboard_data$;

-- GET /widgets/{id}/data
create function api.get_widget_data(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $get_widget_data$
declare
    caller dashboard.caller := dashboard.identify(request);
    answer api.answer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    answer := dashboard.plan(
        caller, request,
        jsonb_build_array(jsonb_build_object('id', (request #>> '{path,id}')::uuid)),
        request -> 'query', '');
    -- Only a widget that was found has a workspace.
    if answer.status = 200 and answer.workspace is null then
        return dashboard.not_found('widget');
    end if;
    return answer;
end
$get_widget_data$;

commit;
