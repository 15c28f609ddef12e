-- Deploy dashboard:functions/dashboard_versions to pg
-- requires: functions/dashboards
--
-- publish_dashboard, unpublish_dashboard, list_dashboard_versions, get_dashboard_version,
-- restore_dashboard_version.

begin;
set local role dashboard_owner;

-- Sets or clears the mark of publication, as both operations below do. Publishing notes the version
-- that was published, which is the one before the mark's own; publishing that again changes
-- nothing.
create function dashboard.mark_published(request jsonb, action text, publish boolean)
returns api.answer
language plpgsql volatile
as $mark_published$
declare
    caller dashboard.caller := dashboard.identify(request);
    target dashboard.target;
    d      dashboard.dashboard;
    answer api.answer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    loop
        target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
        answer := dashboard.gate(caller, request, action, target, 'dashboard:write', false);
        if answer.status is not null then
            return answer;
        end if;
        if (publish and (target.d).published_version = (target.d).version - 1)
           or (not publish and (target.d).status = 'draft') then
            return dashboard.finish_unchanged(caller, request, action, target.d, target.role);
        end if;
        update dashboard.dashboard as u
        set status = case when publish then 'published' else 'draft' end,
            published_version = case when publish then u.version end,
            version = u.version + 1
        where u.organisation_id = (target.d).organisation_id
          and u.id = (target.d).id
          and u.version = (target.d).version
          and u.deleted_at is null
        returning u.* into d;
        exit when found;
    end loop;
    return dashboard.finish(
        caller, request, action, d, target.role,
        dashboard.changes(
            jsonb_build_object('status', (target.d).status,
                               'published_version', (target.d).published_version),
            jsonb_build_object('status', d.status, 'published_version', d.published_version)));
end
$mark_published$;

-- POST /dashboards/{id}/publish
create function api.publish_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $publish_dashboard$
begin
    return dashboard.mark_published(request, 'publish', true);
end
$publish_dashboard$;

-- POST /dashboards/{id}/unpublish
create function api.unpublish_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $unpublish_dashboard$
begin
    return dashboard.mark_published(request, 'unpublish', false);
end
$unpublish_dashboard$;

-- A version as the list shows it. published: the number of the published version, or null.
create function dashboard.version_json(v dashboard.dashboard_version, published bigint) returns json
language sql stable
as $version_json$
    select json_build_object(
        'version', v.version,
        'etag', dashboard.etag(v.version),
        'name', v.document -> 'name',
        'created_at', dashboard.rfc3339(v.created_at),
        'created_by', v.created_by,
        'published', coalesce(v.version = published, false))
$version_json$;

-- GET /dashboards/{id}/versions: the newest first.
create function api.list_dashboard_versions(request jsonb, body jsonb) returns api.answer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $list_dashboard_versions$
declare
    caller dashboard.caller := dashboard.identify(request);
    target dashboard.target;
    list   text;
    place  text[];
    size   integer := coalesce((request #>> '{query,limit}')::integer, 50);
    page   record;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
    if target.access is null then
        return dashboard.not_found('dashboard');
    end if;
    list := 'versions:' || (target.d).id;
    if request #> '{query,cursor}' is not null then
        place := dashboard.cursor_place(list, request #>> '{query,cursor}');
        if cardinality(place) is distinct from 1 or place[1] !~ '^[1-9][0-9]{0,17}$' then
            return dashboard.invalid('cursor', 'is not a cursor of this list');
        end if;
    end if;
    select coalesce(json_agg(dashboard.version_json(f.v, (target.d).published_version)
                             order by f.nth) filter (where f.nth <= size), '[]') as items,
           max((f.v).version) filter (where f.nth = size) as last,
           count(*) > size as more
    into page
    from (
        select v, row_number() over (order by v.version desc) as nth
        from dashboard.dashboard_version as v
        where v.organisation_id = (target.d).organisation_id
          and v.dashboard_id = (target.d).id
          and (place is null or v.version < place[1]::bigint)
        order by v.version desc
        limit size + 1) as f;
    return (200, null, null, null, dashboard.dashboard_tags(caller, (target.d).id),
            (target.d).workspace_id, target.role,
            json_build_object(
                'data', page.items,
                'page', json_build_object(
                    'limit', size,
                    'next', case when page.more
                                 then dashboard.cursor_text(list, page.last::text)
                            end))::text)::api.answer;
end
$list_dashboard_versions$;

-- GET /dashboards/{id}/versions/{version}
create function api.get_dashboard_version(request jsonb, body jsonb) returns api.answer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $get_dashboard_version$
declare
    caller dashboard.caller := dashboard.identify(request);
    target dashboard.target;
    v      dashboard.dashboard_version;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
    if target.access is null then
        return dashboard.not_found('dashboard');
    end if;
    select o.*
    into v
    from dashboard.dashboard_version as o
    where o.organisation_id = (target.d).organisation_id
      and o.dashboard_id = (target.d).id
      and o.version = (request #>> '{path,version}')::bigint;
    if v.version is null then
        return dashboard.not_found('version');
    end if;
    return (200, null, dashboard.etag(v.version), null,
            dashboard.dashboard_tags(caller, (target.d).id), (target.d).workspace_id, target.role,
            '{"data":' || left(dashboard.version_json(v, (target.d).published_version)::text, -1)
            || ', "dashboard" : ' || v.document::text || '}}')::api.answer;
end
$get_dashboard_version$;

-- POST /dashboards/{id}/versions/{version}/restore: a new version with the content of that one:
-- name, description, layout, filters, variables, tags, metadata and widgets. Who sees the
-- dashboard, whether it is published or somebody's default, stays as it is now.
create function api.restore_dashboard_version(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $restore_dashboard_version$
declare
    caller  dashboard.caller := dashboard.identify(request);
    target  dashboard.target;
    content jsonb;
    older   jsonb;
    newer   jsonb;
    widgets record;
    answer  api.answer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    loop
        target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
        if target.access is null then
            return dashboard.not_found('dashboard');
        end if;
        select v.document
        into content
        from dashboard.dashboard_version as v
        where v.organisation_id = (target.d).organisation_id
          and v.dashboard_id = (target.d).id
          and v.version = (request #>> '{path,version}')::bigint;
        if content is null then
            return dashboard.not_found('version');
        end if;
        answer := dashboard.gate(caller, request, 'restore_version', target, 'dashboard:write',
                                 false);
        if answer.status is not null then
            return answer;
        end if;
        older := dashboard.dashboard_members(target.d);
        newer := dashboard.complete(
            dashboard.dashboard_defaults(),
            content || jsonb_build_object('visibility', older -> 'visibility',
                                          'facility_id', older -> 'facility_id',
                                          'is_default', older -> 'is_default'));
        widgets := dashboard.read_widgets(caller.organisation_id, (target.d).id,
                                          content -> 'widgets');
        if widgets.issues <> '[]' then
            return dashboard.invalid(widgets.issues);
        end if;
        if widgets.taken is not null then
            return dashboard.already_exists(widgets.taken);
        end if;
        if older = newer
           and widgets.wanted = dashboard.widgets_by_id(caller.organisation_id, (target.d).id) then
            return dashboard.finish_unchanged(
                caller, request, 'restore_version', target.d, target.role);
        end if;
        answer := dashboard.update_dashboard(
            caller, request, target, newer, widgets.wanted, 'restore_version');
        if answer.status is not null then
            return answer;
        end if;
    end loop;
end
$restore_dashboard_version$;

commit;
