-- Deploy dashboard:functions/members to pg
-- requires: functions/record functions/queries
--
-- The members of dashboards and widgets that clients write: their defaults, their checks beyond
-- what api/openapi.yaml says (the server has checked that already), and how they get into the
-- tables.

begin;
set local role dashboard_owner;

-- Dashboards -------------------------------------------------------------------------------------

create function dashboard.dashboard_defaults() returns jsonb
language sql immutable
as $dashboard_defaults$
    select '{"name": null, "description": null, "visibility": "private", "layout": {},
             "filters": [], "variables": [], "tags": [], "metadata": {}, "is_default": false,
             "facility_id": null}'::jsonb
$dashboard_defaults$;

create function dashboard.dashboard_members(d dashboard.dashboard) returns jsonb
language sql stable
as $dashboard_members$
    select jsonb_build_object(
        'name', d.name,
        'description', d.description,
        'visibility', d.visibility,
        'layout', d.layout,
        'filters', d.filters,
        'variables', d.variables,
        'tags', d.tags,
        'metadata', d.metadata,
        'is_default', d.is_default,
        'facility_id', d.facility_id)
$dashboard_members$;

-- What is wrong with members of a dashboard in a workspace where the caller has role: an array of
-- {"field", "issue"}. A facility must be one of the organisation's, and granted to the caller
-- unless they manage the workspace anyway; which of the two it is not, is not told.
create function dashboard.dashboard_issues(
    caller dashboard.caller, role text, members jsonb) returns jsonb
language plpgsql stable
as $dashboard_issues$
declare
    issues jsonb := jsonb '[]';
begin
    if members -> 'name' = 'null' then
        issues := issues || dashboard.issue('/name', 'is required');
    end if;
    if members -> 'facility_id' <> 'null'
       and not exists (
           select from dashboard.facility as f
           where f.organisation_id = caller.organisation_id
             and f.id = (members ->> 'facility_id')::uuid
             and (role in ('admin', 'super_admin')
                  or exists (select from dashboard.facility_grant as g
                             where g.user_id = caller.user_id and g.facility_id = f.id))) then
        issues := issues || dashboard.issue('/facility_id', 'does not exist');
    end if;
    return issues;
end
$dashboard_issues$;

-- The permission that going from older to newer takes: that to share, when it changes who sees the
-- dashboard, or which one its owner opens with.
create function dashboard.permission_for(older jsonb, newer jsonb) returns text
language sql immutable
as $permission_for$
    select case
               when (older -> 'visibility', older -> 'facility_id', older -> 'is_default')
                    is distinct from
                    (newer -> 'visibility', newer -> 'facility_id', newer -> 'is_default')
                   then 'dashboard:share'
               else 'dashboard:write'
           end
$permission_for$;

-- Makes the dashboard, which the transaction has just written, the default of its owner in its
-- workspace, and takes the mark from the one that had it, which is a change of that one with all
-- that goes with it. tags: those of the dashboards changed besides. The owner's row is locked first
-- (by dashboard.lock_default), so that two who do this at once take turns.
create function dashboard.make_default(
    caller dashboard.caller, request jsonb, inout d dashboard.dashboard, out tags text[])
language plpgsql volatile
as $make_default$
declare
    other dashboard.dashboard;
begin
    tags := '{}';
    for other in
        update dashboard.dashboard as o
        set is_default = false, version = o.version + 1
        where o.organisation_id = d.organisation_id and o.owner_id = d.owner_id
          and o.workspace_id = d.workspace_id and o.is_default and o.id <> d.id
        returning o.*
    loop
        perform dashboard.save_version(other, 'update', caller.user_id);
        perform dashboard.audit(
            caller, request, 'update', 'dashboard', other.id, other.workspace_id, other.version,
            '[{"op": "replace", "path": "/is_default", "value": false, "old": true}]', 'success');
        tags := tags || ('dashboard:' || other.id);
    end loop;
    update dashboard.dashboard as o
    set is_default = true
    where o.organisation_id = d.organisation_id and o.id = d.id
    returning o.* into d;
end
$make_default$;

create function dashboard.lock_default(owner uuid) returns void
language plpgsql volatile
as $lock_default$
begin
    perform from dashboard.user_account as u where u.id = owner for no key update;
end
$lock_default$;

-- Widgets ----------------------------------------------------------------------------------------

create function dashboard.widget_defaults() returns jsonb
language sql immutable
as $widget_defaults$
    select '{"type": null, "title": null, "x": 0, "y": 0, "width": 4, "height": 3, "config": {},
             "query": null, "drill_through": null, "cross_filter": null, "refresh_interval": 300,
             "cache_ttl": null}'::jsonb
$widget_defaults$;

create function dashboard.widget_members(w dashboard.widget) returns jsonb
language sql stable
as $widget_members$
    select jsonb_build_object(
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
        'cache_ttl', w.cache_ttl)
$widget_members$;

-- What is wrong with the members of many widgets: an array of {"field", "issue"}. widgets: an array
-- of [<pointer to the widget>, <its members>].
create function dashboard.widgets_issues(organisation uuid, widgets jsonb) returns jsonb
language plpgsql stable
as $widgets_issues$
begin
    return (
        with given as (
            select e ->> 0 as at, e -> 1 as members, e -> 1 -> 'query' as query, n
            from jsonb_array_elements(widgets) with ordinality as l (e, n)
        ),
        found as (
            select g.*, q.params
            from given as g
            left join dashboard.query as q
                   on q.organisation_id = organisation and q.id = (g.query ->> 'query_id')::uuid
        ),
        issues as (
            select n, at || '/type' as field, 'is required' as issue
            from found
            where members -> 'type' = 'null'
            union all
            select n, at || '/query', 'must have query_id or metric, and not both'
            from found
            where query <> 'null' and num_nonnulls(query -> 'query_id', query -> 'metric') <> 1
            union all
            select n, at || '/query/query_id', 'does not exist'
            from found
            where query -> 'query_id' is not null and params is null
            union all
            select n, at || '/query/params' || dashboard.pointer(p.key),
                   case
                       when d.declared is null then 'is not a parameter of the query'
                       else (dashboard.parameter_text(d.declared, p.value)).issue
                   end
            from found
            cross join lateral jsonb_each(
                case jsonb_typeof(query -> 'params') when 'object' then query -> 'params' end) as p
            left join lateral (
                select declared
                from jsonb_array_elements(params) as declared
                where declared ->> 'name' = p.key) as d on true
            where params is not null
        )
        select coalesce(jsonb_agg(dashboard.issue(field, issue) order by n, field), '[]')
        from (select * from issues where issue is not null order by n, field limit 20) as i);
end
$widgets_issues$;

-- The widgets of a dashboard by id, each with its writable members.
create function dashboard.widgets_by_id(organisation uuid, dashboard uuid) returns jsonb
language plpgsql stable
as $widgets_by_id$
begin
    return (
        select coalesce(jsonb_object_agg(w.id, dashboard.widget_members(w)), '{}')
        from dashboard.widget as w
        where w.organisation_id = organisation and w.dashboard_id = dashboard);
end
$widgets_by_id$;

-- The array of widgets of a body in the same form, completed with defaults; new ones get an id.
-- issues as an array of {"field", "issue"}; taken: pointer to the first id that a widget of another
-- dashboard has, or null.
create function dashboard.read_widgets(
    organisation uuid, dashboard uuid, widgets jsonb,
    out wanted jsonb, out issues jsonb, out taken text)
language plpgsql volatile
as $read_widgets$
begin
    select coalesce(jsonb_object_agg(coalesce(lower(e ->> 'id'), gen_random_uuid()::text),
                                     dashboard.complete(dashboard.widget_defaults(), e)), '{}')
    into wanted
    from jsonb_array_elements(widgets) as e;

    select coalesce(jsonb_agg(dashboard.issue('/widgets/' || n - 1 || '/id', 'is given twice')
                              order by n), '[]')
    into issues
    from (select n, row_number() over (partition by lower(e ->> 'id') order by n) as nth
          from jsonb_array_elements(widgets) with ordinality as l (e, n)
          where e ->> 'id' is not null) as ids
    where nth > 1;

    issues := issues || dashboard.widgets_issues(organisation, (
        select coalesce(jsonb_agg(jsonb_build_array(
                            '/widgets/' || n - 1,
                            dashboard.complete(dashboard.widget_defaults(), e)) order by n), '[]')
        from jsonb_array_elements(widgets) with ordinality as l (e, n)));

    select '/widgets/' || n - 1 || '/id'
    into taken
    from jsonb_array_elements(widgets) with ordinality as l (e, n)
    join dashboard.widget as w
      on w.organisation_id = organisation
     and w.id = (e ->> 'id')::uuid
     and w.dashboard_id <> dashboard
    order by n
    limit 1;
end
$read_widgets$;

-- Makes the dashboard's widgets exactly wanted, in the form of dashboard.widgets_by_id(): others
-- are deleted, what differs is changed and gets a new version, new ones are created. The caller
-- holds the lock of the dashboard's row.
create function dashboard.write_widgets(
    organisation uuid, dashboard uuid, wanted jsonb) returns void
language plpgsql volatile
as $write_widgets$
begin
    delete from dashboard.widget as w
    where w.organisation_id = organisation and w.dashboard_id = dashboard
      and not wanted ? w.id::text;

    update dashboard.widget as w
    set type = p.type, title = p.title, x = p.x, y = p.y, width = p.width, height = p.height,
        config = p.config, query = p.query, drill_through = p.drill_through,
        cross_filter = p.cross_filter, refresh_interval = p.refresh_interval,
        cache_ttl = p.cache_ttl, version = w.version + 1
    from jsonb_each(wanted) as e
    cross join lateral jsonb_populate_record(null::dashboard.widget, e.value) as p
    where w.organisation_id = organisation and w.dashboard_id = dashboard and w.id = e.key::uuid
      and dashboard.widget_members(w) <> e.value;

    insert into dashboard.widget
        (organisation_id, id, dashboard_id, type, title, x, y, width, height, config, query,
         drill_through, cross_filter, refresh_interval, cache_ttl)
    select organisation, e.key::uuid, dashboard, p.type, p.title, p.x, p.y, p.width, p.height,
           p.config, p.query, p.drill_through, p.cross_filter, p.refresh_interval, p.cache_ttl
    from jsonb_each(wanted) as e
    cross join lateral jsonb_populate_record(null::dashboard.widget, e.value) as p
    where not exists (select from dashboard.widget as w
                      where w.organisation_id = organisation and w.id = e.key::uuid);
end
$write_widgets$;

commit;
