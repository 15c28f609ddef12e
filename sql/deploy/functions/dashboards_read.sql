-- Deploy dashboard:functions/dashboards_read to pg
-- requires: widgets functions/access
--
-- How dashboards and widgets look, get_dashboard, list_dashboards.

begin;
set local role dashboard_owner;

-- A widget as the API shows it.
create function dashboard.widget_json(w dashboard.widget) returns json
language sql stable
as $widget_json$
    select json_build_object(
        'id', w.id,
        'dashboard_id', w.dashboard_id,
        'type', w.type,
        'title', w.title,
        'x', w.x,
        'y', w.y,
        'width', w.width,
        'height', w.height,
        'config', w.config,
        'query', w.query,
        'drill_through', w.drill_through,
        'cross_filter', w.cross_filter,
        'refresh_interval', w.refresh_interval,
        'cache_ttl', w.cache_ttl,
        'etag', dashboard.etag(w.version),
        'version', w.version,
        'created_at', dashboard.rfc3339(w.created_at),
        'updated_at', dashboard.rfc3339(w.updated_at))
$widget_json$;

-- A dashboard as lists show it: everything but its widgets.
create function dashboard.dashboard_json(d dashboard.dashboard) returns json
language sql stable
as $dashboard_json$
    select json_build_object(
        'id', d.id,
        'name', d.name,
        'description', d.description,
        'etag', dashboard.etag(d.version),
        'version', d.version,
        'visibility', d.visibility,
        'status', d.status,
        'published_version', d.published_version,
        'owner_id', d.owner_id,
        'workspace_id', d.workspace_id,
        'facility_id', d.facility_id,
        'layout', d.layout,
        'filters', d.filters,
        'variables', d.variables,
        'tags', d.tags,
        'metadata', d.metadata,
        'is_default', d.is_default,
        'created_at', dashboard.rfc3339(d.created_at),
        'updated_at', dashboard.rfc3339(d.updated_at),
        'deleted_at', dashboard.rfc3339(d.deleted_at))
$dashboard_json$;

-- The widgets of a dashboard, by rows and columns, as a JSON array.
create function dashboard.widgets_json(organisation uuid, dashboard uuid) returns json
language plpgsql stable
as $widgets_json$
begin
    return (
        select coalesce(json_agg(dashboard.widget_json(w) order by w.y, w.x, w.id), '[]')
        from dashboard.widget as w
        where w.organisation_id = organisation and w.dashboard_id = dashboard);
end
$widgets_json$;

-- A dashboard as GET shows it. The two parts are joined as text: what json functions have written
-- need not be read and written again.
create function dashboard.document(d dashboard.dashboard) returns json
language sql stable
as $document$
    select (left(dashboard.dashboard_json(d)::text, -1) || ', "widgets" : '
            || dashboard.widgets_json(d.organisation_id, d.id)::text || '}')::json
$document$;

-- What cached copies of a dashboard's answer depend on.
create function dashboard.dashboard_tags(caller dashboard.caller, dashboard uuid) returns text[]
language sql immutable
as $dashboard_tags$
    select array['dashboard:' || dashboard::text, 'access:' || caller.user_id::text]
$dashboard_tags$;

-- The answer that shows a dashboard at its version now; status is 200 or 201.
create function dashboard.show_dashboard(
    caller dashboard.caller, d dashboard.dashboard, role text, document json, status integer)
returns api.answer
language sql stable
as $show_dashboard$
    select (status, null, dashboard.etag(d.version),
            case status when 201 then '/dashboards/' || d.id::text end,
            dashboard.dashboard_tags(caller, d.id), d.workspace_id, role,
            '{"data":' || document::text || '}')::api.answer
$show_dashboard$;

-- GET /dashboards/{id}
create function api.get_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $get_dashboard$
declare
    caller dashboard.caller := dashboard.identify(request);
    answer api.answer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    select 200, null, dashboard.etag((r.d).version), null,
           dashboard.dashboard_tags(caller, (r.d).id), (r.d).workspace_id, r.role,
           '{"data":' || v.document::text || '}'
    into answer
    from dashboard.reach(caller) as r
    join dashboard.dashboard_version as v
      on v.organisation_id = (r.d).organisation_id
     and v.dashboard_id = (r.d).id
     and v.version = (r.d).version
    where (r.d).id = (request #>> '{path,id}')::uuid
      and (r.d).deleted_at is null
      and r.access >= 1;
    if answer.status is null then
        return dashboard.not_found('dashboard');
    end if;
    return answer;
end
$get_dashboard$;

commit;
