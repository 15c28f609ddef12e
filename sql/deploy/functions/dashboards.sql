-- Deploy dashboard:functions/dashboards to pg
-- requires: functions/members functions/gate
--
-- create_dashboard, put_dashboard, patch_dashboard, delete_dashboard, restore_dashboard.
--
-- The lock against lost updates is the version in the UPDATE itself: what is written was computed
-- from the version that the UPDATE demands. When another transaction was faster the UPDATE finds
-- nothing, and the loop starts again from what is there now: to a 412, or, when If-Match names that
-- version too (a list, *), to another attempt.

begin;
set local role dashboard_owner;

-- The workspace that something is to be created in. given: what the request names, or null: the
-- only one the caller belongs to. refusal: the answer when there is none (status null: there is
-- one). Only members, and super_admins of the organisation, know of a workspace.
create function dashboard.find_workspace(
    caller dashboard.caller, request jsonb, action text, given uuid,
    out workspace uuid, out role text, out refusal api.answer)
language plpgsql volatile
as $find_workspace$
begin
    if given is not null then
        select w.id, case when caller.super_admin then 'super_admin' else m.role end
        into workspace, role
        from dashboard.workspace as w
        left join dashboard.membership as m on m.workspace_id = w.id and m.user_id = caller.user_id
        where w.organisation_id = caller.organisation_id and w.id = given
          and (m.role is not null or caller.super_admin);
        if workspace is null then
            refusal := dashboard.not_found('workspace');
            return;
        end if;
    else
        select (array_agg(m.workspace_id))[1],
               case when caller.super_admin then 'super_admin' else min(m.role) end
        into workspace, role
        from dashboard.membership as m
        where m.user_id = caller.user_id
        having count(*) = 1;
        if workspace is null then
            refusal := dashboard.invalid(
                '/workspace_id', 'is required: you do not belong to exactly one workspace');
            return;
        end if;
    end if;
    if not dashboard.may(role, 'dashboard:write') then
        refusal := dashboard.forbidden(caller, request, action, 'dashboard', null, workspace, role);
    end if;
end
$find_workspace$;

-- Creates a dashboard from checked members and widgets (in the form of dashboard.widgets_by_id). An
-- answer whose status is null says that the id is taken.
create function dashboard.insert_dashboard(
    caller dashboard.caller, request jsonb, action text, dashboard uuid, workspace uuid, role text,
    owner uuid, members jsonb, wanted jsonb) returns api.answer
language plpgsql volatile
as $insert_dashboard$
declare
    p    dashboard.dashboard := jsonb_populate_record(null::dashboard.dashboard, members);
    d    dashboard.dashboard;
    made record;
    tags text[] := array[]::text[];
begin
    if p.is_default then
        perform dashboard.lock_default(owner);
    end if;
    insert into dashboard.dashboard
        (organisation_id, id, workspace_id, owner_id, facility_id, name, description, visibility,
         layout, filters, variables, tags, metadata)
    values
        (caller.organisation_id, dashboard, workspace, owner, p.facility_id, p.name, p.description,
         p.visibility, p.layout, p.filters, p.variables, p.tags, p.metadata)
    on conflict (organisation_id, id) do nothing
    returning * into d;
    if d.id is null then
        return null;
    end if;
    if p.is_default then
        made := dashboard.make_default(caller, request, d);
        d := made.d;
        tags := made.tags;
    end if;
    perform dashboard.write_widgets(d.organisation_id, d.id, wanted);
    return dashboard.finish(caller, request, action, d, role, null, tags);
end
$insert_dashboard$;

-- POST and PUT: checks a whole body and creates the dashboard from it.
create function dashboard.create_from_body(
    caller dashboard.caller, request jsonb, dashboard uuid, body jsonb) returns api.answer
language plpgsql volatile
as $create_from_body$
declare
    place   record;
    widgets record;
    members jsonb := dashboard.complete(dashboard.dashboard_defaults(), body);
    issues  jsonb;
begin
    place := dashboard.find_workspace(caller, request, 'create', (body ->> 'workspace_id')::uuid);
    if (place.refusal).status is not null then
        return place.refusal;
    end if;
    widgets := dashboard.read_widgets(caller.organisation_id, dashboard,
                                      coalesce(nullif(body -> 'widgets', 'null'), '[]'));
    issues := dashboard.dashboard_issues(caller, place.role, members) || widgets.issues;
    if issues <> '[]' then
        return dashboard.invalid(issues);
    end if;
    if widgets.taken is not null then
        return dashboard.already_exists(widgets.taken);
    end if;
    return dashboard.insert_dashboard(
        caller, request, 'create', dashboard, place.workspace, place.role, caller.user_id, members,
        widgets.wanted);
end
$create_from_body$;

-- POST /dashboards
create function api.create_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $create_dashboard$
declare
    caller dashboard.caller := dashboard.identify(request);
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    return dashboard.create_from_body(caller, request, gen_random_uuid(), body);
end
$create_dashboard$;

-- Writes members, and widgets unless wanted is null, over a dashboard that is still at the version
-- of target.d. An answer whose status is null says that it is not.
create function dashboard.update_dashboard(
    caller dashboard.caller, request jsonb, target dashboard.target, members jsonb, wanted jsonb,
    action text default 'update') returns api.answer
language plpgsql volatile
as $update_dashboard$
declare
    p       dashboard.dashboard := jsonb_populate_record(null::dashboard.dashboard, members);
    d       dashboard.dashboard;
    newly   boolean := p.is_default and not (target.d).is_default;
    made    record;
    tags    text[] := array[]::text[];
    changes jsonb;
begin
    if newly then
        perform dashboard.lock_default((target.d).owner_id);
    end if;
    update dashboard.dashboard as u
    set name = p.name, description = p.description, visibility = p.visibility, layout = p.layout,
        filters = p.filters, variables = p.variables, tags = p.tags, metadata = p.metadata,
        facility_id = p.facility_id, is_default = p.is_default and not newly,
        version = u.version + 1
    where u.organisation_id = (target.d).organisation_id
      and u.id = (target.d).id
      and u.version = (target.d).version
      and u.deleted_at is null
    returning u.* into d;
    if d.id is null then
        return null;
    end if;
    if newly then
        made := dashboard.make_default(caller, request, d);
        d := made.d;
        tags := made.tags;
    end if;
    changes := dashboard.changes(dashboard.dashboard_members(target.d), members);
    if wanted is not null then
        changes := changes || dashboard.changes(
            dashboard.widgets_by_id(d.organisation_id, d.id), wanted, '/widgets');
        tags := tags || array(
            select 'widget:' || w
            from jsonb_object_keys(
                dashboard.widgets_by_id(d.organisation_id, d.id) || wanted) as w);
        perform dashboard.write_widgets(d.organisation_id, d.id, wanted);
    end if;
    return dashboard.finish(caller, request, action, d, target.role, changes, tags);
end
$update_dashboard$;

-- PATCH /dashboards/{id}: JSON Merge Patch (RFC 7396) of the writable members; null resets one to
-- its default, and is an error where there is none. Nothing changed: the version stays, 200.
create function api.patch_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $patch_dashboard$
declare
    caller  dashboard.caller := dashboard.identify(request);
    target  dashboard.target;
    older   jsonb;
    newer   jsonb;
    issues  jsonb;
    answer  api.answer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    loop
        target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
        -- before any work is done for somebody who may not change it
        answer := dashboard.gate(caller, request, 'update', target, 'dashboard:write', true);
        if answer.status is not null then
            return answer;
        end if;
        older := dashboard.dashboard_members(target.d);
        newer := dashboard.complete(dashboard.dashboard_defaults(),
                                    dashboard.merge_patch(older, body));
        answer := dashboard.gate(
            caller, request, 'update', target,
            dashboard.permission_for(older, newer), true);
        if answer.status is not null then
            return answer;
        end if;
        if older = newer then
            return dashboard.finish_unchanged(caller, request, 'update', target.d, target.role);
        end if;
        issues := dashboard.dashboard_issues(caller, target.role, newer);
        if issues <> '[]' then
            return dashboard.invalid(issues);
        end if;
        answer := dashboard.update_dashboard(caller, request, target, newer, null);
        if answer.status is not null then
            return answer;
        end if;
    end loop;
end
$patch_dashboard$;

-- PUT /dashboards/{id}: replaces all writable members, and the widgets when the body has widgets;
-- with If-None-Match: * creates. Read-only members of the body, and workspace_id of a dashboard
-- that is there already, have no effect.
create function api.put_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $put_dashboard$
declare
    caller    dashboard.caller := dashboard.identify(request);
    dashboard uuid := (request #>> '{path,id}')::uuid;
    free      boolean;
    target    dashboard.target;
    older     jsonb;
    newer     jsonb := dashboard.complete(dashboard.dashboard_defaults(), body);
    widgets   record;
    wanted    jsonb;
    taken     text;
    issues    jsonb;
    answer    api.answer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    loop
        -- Asked before it is looked for: one that is created in between is found, and not taken for
        -- one that the caller may not see.
        free := not exists (select from dashboard.dashboard as d
                            where d.organisation_id = caller.organisation_id and d.id = dashboard);
        target := dashboard.find_dashboard(caller, dashboard);
        if free
           and target.access is null
           and (request #> '{if_none_match,any}')::boolean
           and not dashboard.has_condition(request, 'if_match') then
            answer := dashboard.create_from_body(caller, request, dashboard, body);
            if answer.status is not null then
                return answer;
            end if;
            continue;
        end if;
        older := dashboard.dashboard_members(target.d);
        -- A failed If-None-Match is a 412 whatever If-Match says, so it makes up for a missing one.
        answer := dashboard.gate(
            caller, request, 'update', target,
            dashboard.permission_for(older, newer),
            not dashboard.names_version(request -> 'if_none_match', (target.d).version));
        if answer.status is not null then
            return answer;
        end if;
        if dashboard.names_version(request -> 'if_none_match', (target.d).version) then
            return dashboard.dashboard_conflict(caller, request, 'update', target);
        end if;
        issues := dashboard.dashboard_issues(caller, target.role, newer);
        if jsonb_typeof(body -> 'widgets') = 'array' then
            widgets := dashboard.read_widgets(caller.organisation_id, dashboard, body -> 'widgets');
            issues := issues || widgets.issues;
            wanted := widgets.wanted;
            taken := widgets.taken;
        end if;
        if issues <> '[]' then
            return dashboard.invalid(issues);
        end if;
        if taken is not null then
            return dashboard.already_exists(taken);
        end if;
        if older = newer
           and (wanted is null
                or wanted = dashboard.widgets_by_id(caller.organisation_id, dashboard)) then
            return dashboard.finish_unchanged(caller, request, 'update', target.d, target.role);
        end if;
        answer := dashboard.update_dashboard(caller, request, target, newer, wanted);
        if answer.status is not null then
            return answer;
        end if;
    end loop;
end
$put_dashboard$;

-- DELETE /dashboards/{id}: into the trash. The default mark does not survive it.
create function api.delete_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $delete_dashboard$
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
        answer := dashboard.gate(caller, request, 'delete', target, 'dashboard:delete', true);
        if answer.status is not null then
            return answer;
        end if;
        update dashboard.dashboard as u
        set deleted_at = clock_timestamp(), is_default = false, version = u.version + 1
        where u.organisation_id = (target.d).organisation_id
          and u.id = (target.d).id
          and u.version = (target.d).version
          and u.deleted_at is null
        returning u.* into d;
        exit when found;
    end loop;
    answer := dashboard.finish(
        caller, request, 'delete', d, target.role,
        jsonb_build_array(jsonb_build_object(
            'op', 'replace', 'path', '/deleted_at', 'value', dashboard.rfc3339(d.deleted_at),
            'old', null)));
    answer.status := 204;
    answer.etag := null;
    answer.body := null;
    return answer;
end
$delete_dashboard$;

-- POST /dashboards/{id}/restore: out of the trash. One that is not in the trash is left as it is,
-- 200, so that a client which lost the answer may ask again.
create function api.restore_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $restore_dashboard$
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
        target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid, true);
        answer := dashboard.gate(caller, request, 'restore', target, 'dashboard:delete', false);
        if answer.status is not null then
            return answer;
        end if;
        if (target.d).deleted_at is null then
            return dashboard.finish_unchanged(caller, request, 'restore', target.d, target.role);
        end if;
        update dashboard.dashboard as u
        set deleted_at = null, version = u.version + 1
        where u.organisation_id = (target.d).organisation_id
          and u.id = (target.d).id
          and u.version = (target.d).version
        returning u.* into d;
        exit when found;
    end loop;
    return dashboard.finish(
        caller, request, 'restore', d, target.role,
        jsonb_build_array(jsonb_build_object(
            'op', 'replace', 'path', '/deleted_at', 'value', null,
            'old', dashboard.rfc3339((target.d).deleted_at))));
end
$restore_dashboard$;

commit;
