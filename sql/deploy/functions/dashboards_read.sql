-- Deploy dashboard:functions/dashboards_read to pg
-- requires: widgets functions/permissions
--
-- How dashboards and widgets look, get_dashboard.

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

-- A dashboard's document with what somebody of that access level may do with it. A document is kept
-- once for everybody, so this is put behind it as text.
create function dashboard.with_permissions(document json, access integer) returns text
language sql stable
as $with_permissions$
    select left(document::text, -1) || ', "permissions" : ' || dashboard.permissions_text(access)
           || '}'
$with_permissions$;

-- What changes when the caller's access to anything does.
create function dashboard.access_tag(caller dashboard.caller) returns text
language sql immutable
as $access_tag$
    select coalesce('access:' || caller.user_id::text, 'public:' || caller.public_dashboard::text)
$access_tag$;

-- What cached copies of a dashboard's answer depend on.
create function dashboard.dashboard_tags(caller dashboard.caller, dashboard uuid) returns text[]
language sql immutable
as $dashboard_tags$
    select array['dashboard:' || dashboard::text, dashboard.access_tag(caller)]
$dashboard_tags$;

-- The answer that shows a dashboard at its version now; status is 200 or 201. The caller's access
-- is looked up: what was just written may have changed it.
create function dashboard.show_dashboard(
    caller dashboard.caller, d dashboard.dashboard, role text, document json, status integer)
returns api.answer
language plpgsql stable
as $show_dashboard$
declare
    access integer := (select r.access from dashboard.reach(caller) as r where (r.d).id = d.id);
begin
    return (status, null, dashboard.etag(d.version),
            case status when 201 then '/dashboards/' || d.id::text end,
            dashboard.dashboard_tags(caller, d.id), d.workspace_id, role,
            '{"data":' || dashboard.with_permissions(document, access) || '}')::api.answer;
end
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
           '{"data":' || dashboard.with_permissions(v.document, r.access) || '}'
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
