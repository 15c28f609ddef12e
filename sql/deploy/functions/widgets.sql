-- Deploy dashboard:functions/widgets to pg
-- requires: functions/members functions/gate
--
-- list_dashboard_widgets, create_widget, get_widget, put_widget, patch_widget, delete_widget.
--
-- A widget has a version of its own, and every change of it is a change of its dashboard too.
-- Whoever writes a widget locks its dashboard's row first: that orders all writers of one
-- dashboard, and two of them can never wait for each other.

begin;
set local role dashboard_owner;

-- A widget with its dashboard as the caller sees it; role and access are those for the dashboard.
-- access null: it does not exist for them.
create type dashboard.widget_target as (
    w      dashboard.widget,
    d      dashboard.dashboard,
    role   text,
    access integer
);

create function dashboard.find_widget(caller dashboard.caller, widget uuid)
returns dashboard.widget_target
language plpgsql stable
as $find_widget$
declare
    target dashboard.widget_target;
begin
    select w, r.d, r.role, r.access
    into target
    from dashboard.widget as w
    join dashboard.reach(caller) as r on (r.d).id = w.dashboard_id
    where w.organisation_id = caller.organisation_id
      and w.id = widget
      and r.access >= 1
      and (r.d).deleted_at is null;
    return target;
end
$find_widget$;

-- 412 for a widget. Its earlier versions are looked for in those of its dashboard, the newest
-- first.
create function dashboard.widget_conflict(
    caller dashboard.caller, request jsonb, action text, target dashboard.widget_target)
returns api.answer
language plpgsql volatile
as $widget_conflict$
begin
    return dashboard.conflict(
        caller, request, action, 'widget', (target.w).id, (target.d).workspace_id, target.role,
        (target.w).version, dashboard.widget_json(target.w),
        (select o.widget
         from dashboard.dashboard_version as v
         cross join lateral json_array_elements(v.document -> 'widgets') as o (widget)
         where v.organisation_id = (target.d).organisation_id
           and v.dashboard_id = (target.d).id
           and o.widget ->> 'id' = (target.w).id::text
           and o.widget ->> 'etag' = (
               select dashboard.etag(max(n::bigint))
               from jsonb_array_elements_text(request #> '{if_match,versions}') as n
               where n::bigint < (target.w).version)
         order by v.version desc
         limit 1));
end
$widget_conflict$;

-- As dashboard.gate(), for a widget.
create function dashboard.widget_gate(
    caller dashboard.caller, request jsonb, action text, target dashboard.widget_target,
    permission text, demanded boolean) returns api.answer
language plpgsql volatile
as $widget_gate$
begin
    if target.access is null then
        return dashboard.not_found('widget');
    end if;
    if not dashboard.may(dashboard.role_at(target.access), permission) then
        return dashboard.forbidden(caller, request, action, 'widget', (target.w).id,
                                   (target.d).workspace_id, target.role);
    end if;
    if dashboard.has_condition(request, 'if_match') then
        if not dashboard.names_version(request -> 'if_match', (target.w).version) then
            return dashboard.widget_conflict(caller, request, action, target);
        end if;
    elsif demanded then
        return dashboard.precondition_required();
    end if;
    if dashboard.names_version(request -> 'if_none_match', (target.w).version) then
        return dashboard.widget_conflict(caller, request, action, target);
    end if;
    return null;
end
$widget_gate$;

-- The answer that shows a widget; status is 200 or 201.
create function dashboard.show_widget(
    caller dashboard.caller, w dashboard.widget, workspace uuid, role text, status integer)
returns api.answer
language sql stable
as $show_widget$
    select (status, null, dashboard.etag(w.version),
            case status when 201 then '/widgets/' || w.id::text end,
            array['widget:' || w.id::text] || dashboard.dashboard_tags(caller, w.dashboard_id),
            workspace, role,
            '{"data":' || dashboard.widget_json(w)::text || '}')::api.answer
$show_widget$;

-- Ends a write of a widget: a new version of its dashboard, which the transaction has locked, audit
-- row, event, and the answer.
create function dashboard.finish_widget(
    caller dashboard.caller, request jsonb, action text, w dashboard.widget, role text,
    changes jsonb) returns api.answer
language plpgsql volatile
as $finish_widget$
declare
    d dashboard.dashboard;
begin
    update dashboard.dashboard as u
    set version = u.version + 1
    where u.organisation_id = w.organisation_id and u.id = w.dashboard_id
    returning u.* into d;
    perform dashboard.save_version(d, 'widget.' || action, caller.user_id);
    perform dashboard.audit(caller, request, action, 'widget', w.id, d.workspace_id, w.version,
                            changes, 'success');
    perform dashboard.announce(
        caller, d.workspace_id, 'widget.' || action,
        array['widget:' || w.id, 'dashboard:' || d.id, 'dashboards:' || d.organisation_id],
        jsonb_build_object('dashboard_id', d.id, 'widget_id', w.id, 'version', d.version,
                           'actor_id', caller.user_id,
                           'correlation_id', request -> 'correlation_id'));
    if action = 'delete' then
        return (204, null, null, null, null, d.workspace_id, role, null)::api.answer;
    end if;
    return dashboard.show_widget(caller, w, d.workspace_id, role,
                                 case action when 'create' then 201 else 200 end);
end
$finish_widget$;

-- The most widgets that a dashboard has (api/openapi.yaml: maxItems of widgets).
create function dashboard.widgets_limit() returns integer
language sql immutable
as $widgets_limit$
    select 100
$widgets_limit$;

-- POST and PUT: checks a whole body and creates the widget from it. An answer whose status is null
-- says that the id is taken, or the dashboard was deleted meanwhile: look again.
create function dashboard.insert_widget(
    caller dashboard.caller, request jsonb, widget uuid, body jsonb) returns api.answer
language plpgsql volatile
as $insert_widget$
declare
    target  dashboard.target;
    members jsonb := dashboard.complete(dashboard.widget_defaults(), body);
    p       dashboard.widget;
    w       dashboard.widget;
    issues  jsonb;
begin
    if body ->> 'dashboard_id' is null then
        return dashboard.invalid('/dashboard_id', 'is required');
    end if;
    target := dashboard.find_dashboard(caller, (body ->> 'dashboard_id')::uuid);
    if target.access is null then
        return dashboard.not_found('dashboard');
    end if;
    if not dashboard.may(dashboard.role_at(target.access), 'widget:write') then
        return dashboard.forbidden(caller, request, 'create', 'widget', null,
                                   (target.d).workspace_id, target.role);
    end if;
    issues := dashboard.widgets_issues(caller.organisation_id,
                                       jsonb_build_array(jsonb_build_array('', members)));
    if issues <> '[]' then
        return dashboard.invalid(issues);
    end if;
    if not dashboard.lock_dashboard(target.d) then
        return null;
    end if;
    if (select count(*) from dashboard.widget as o
        where o.organisation_id = caller.organisation_id and o.dashboard_id = (target.d).id)
       >= dashboard.widgets_limit() then
        return dashboard.invalid('/dashboard_id',
                                 format('has %s widgets already', dashboard.widgets_limit()));
    end if;
    p := jsonb_populate_record(null::dashboard.widget, members);
    insert into dashboard.widget
        (organisation_id, id, dashboard_id, type, title, x, y, width, height, config, query,
         drill_through, cross_filter, refresh_interval, cache_ttl)
    values
        (caller.organisation_id, widget, (target.d).id, p.type, p.title, p.x, p.y, p.width,
         p.height, p.config, p.query, p.drill_through, p.cross_filter, p.refresh_interval,
         p.cache_ttl)
    on conflict (organisation_id, id) do nothing
    returning * into w;
    if w.id is null then
        return null;
    end if;
    return dashboard.finish_widget(
        caller, request, 'create', w, target.role,
        jsonb_build_array(jsonb_build_object(
            'op', 'add', 'path', '', 'value', dashboard.widget_json(w))));
end
$insert_widget$;

-- Writes members over a widget that is still at the version of target.w. An answer whose status is
-- null says that it is not.
create function dashboard.update_widget(
    caller dashboard.caller, request jsonb, target dashboard.widget_target, members jsonb)
returns api.answer
language plpgsql volatile
as $update_widget$
declare
    p dashboard.widget := jsonb_populate_record(null::dashboard.widget, members);
    w dashboard.widget;
begin
    if not dashboard.lock_dashboard(target.d) then
        return null;
    end if;
    update dashboard.widget as u
    set type = p.type, title = p.title, x = p.x, y = p.y, width = p.width, height = p.height,
        config = p.config, query = p.query, drill_through = p.drill_through,
        cross_filter = p.cross_filter, refresh_interval = p.refresh_interval,
        cache_ttl = p.cache_ttl, version = u.version + 1
    where u.organisation_id = (target.w).organisation_id
      and u.id = (target.w).id
      and u.version = (target.w).version
    returning u.* into w;
    if w.id is null then
        return null;
    end if;
    return dashboard.finish_widget(
        caller, request, 'update', w, target.role,
        dashboard.changes(dashboard.widget_members(target.w), members));
end
$update_widget$;

-- PATCH and PUT on a widget that is there, after the gate: newer is what its members become.
create function dashboard.change_widget(
    caller dashboard.caller, request jsonb, target dashboard.widget_target, newer jsonb)
returns api.answer
language plpgsql volatile
as $change_widget$
declare
    issues jsonb;
begin
    if newer = dashboard.widget_members(target.w) then
        perform dashboard.audit(
            caller, request, 'update', 'widget', (target.w).id, (target.d).workspace_id,
            (target.w).version, '[]', 'success');
        return dashboard.show_widget(caller, target.w, (target.d).workspace_id, target.role, 200);
    end if;
    issues := dashboard.widgets_issues(caller.organisation_id,
                                       jsonb_build_array(jsonb_build_array('', newer)));
    if issues <> '[]' then
        return dashboard.invalid(issues);
    end if;
    return dashboard.update_widget(caller, request, target, newer);
end
$change_widget$;

-- GET /dashboards/{id}/widgets. The entity tag is the dashboard's.
create function api.list_dashboard_widgets(request jsonb, body jsonb) returns api.answer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $list_dashboard_widgets$
declare
    caller dashboard.caller := dashboard.identify(request);
    target dashboard.target;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
    if target.access is null then
        return dashboard.not_found('dashboard');
    end if;
    return (200, null, dashboard.etag((target.d).version), null,
            dashboard.dashboard_tags(caller, (target.d).id), (target.d).workspace_id, target.role,
            json_build_object(
                'data', dashboard.widgets_json((target.d).organisation_id, (target.d).id),
                'page', json_build_object('limit', dashboard.widgets_limit(), 'next', null))::text
           )::api.answer;
end
$list_dashboard_widgets$;

-- GET /widgets/{id}
create function api.get_widget(request jsonb, body jsonb) returns api.answer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $get_widget$
declare
    caller dashboard.caller := dashboard.identify(request);
    target dashboard.widget_target;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    target := dashboard.find_widget(caller, (request #>> '{path,id}')::uuid);
    if target.access is null then
        return dashboard.not_found('widget');
    end if;
    return dashboard.show_widget(caller, target.w, (target.d).workspace_id, target.role, 200);
end
$get_widget$;

-- POST /widgets
create function api.create_widget(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $create_widget$
declare
    caller dashboard.caller := dashboard.identify(request);
    answer api.answer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    loop
        answer := dashboard.insert_widget(caller, request, gen_random_uuid(), body);
        if answer.status is not null then
            return answer;
        end if;
    end loop;
end
$create_widget$;

-- PATCH /widgets/{id}: JSON Merge Patch, as patch_dashboard.
create function api.patch_widget(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $patch_widget$
declare
    caller dashboard.caller := dashboard.identify(request);
    target dashboard.widget_target;
    answer api.answer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    loop
        target := dashboard.find_widget(caller, (request #>> '{path,id}')::uuid);
        answer := dashboard.widget_gate(caller, request, 'update', target, 'widget:write', true);
        if answer.status is null then
            answer := dashboard.change_widget(
                caller, request, target,
                dashboard.complete(
                    dashboard.widget_defaults(),
                    dashboard.merge_patch(dashboard.widget_members(target.w), body)));
        end if;
        if answer.status is not null then
            return answer;
        end if;
    end loop;
end
$patch_widget$;

-- PUT /widgets/{id}: replaces all writable members; with If-None-Match: * creates the widget on the
-- dashboard that dashboard_id names, which has no effect otherwise.
create function api.put_widget(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $put_widget$
declare
    caller  dashboard.caller := dashboard.identify(request);
    widget  uuid := (request #>> '{path,id}')::uuid;
    free    boolean;
    target  dashboard.widget_target;
    refused boolean;
    answer  api.answer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    loop
        -- In this order for the reason given at put_dashboard.
        free := not exists (select from dashboard.widget as w
                            where w.organisation_id = caller.organisation_id and w.id = widget);
        target := dashboard.find_widget(caller, widget);
        if free
           and target.access is null
           and (request #> '{if_none_match,any}')::boolean
           and not dashboard.has_condition(request, 'if_match') then
            answer := dashboard.insert_widget(caller, request, widget, body);
        else
            refused := dashboard.names_version(request -> 'if_none_match', (target.w).version);
            answer := dashboard.widget_gate(caller, request, 'update', target, 'widget:write',
                                            not refused);
            if answer.status is null then
                answer := case
                    when refused then
                        dashboard.widget_conflict(caller, request, 'update', target)
                    else
                        dashboard.change_widget(
                            caller, request, target,
                            dashboard.complete(dashboard.widget_defaults(), body))
                end;
            end if;
        end if;
        if answer.status is not null then
            return answer;
        end if;
    end loop;
end
$put_widget$;

-- DELETE /widgets/{id}
create function api.delete_widget(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $delete_widget$
declare
    caller dashboard.caller := dashboard.identify(request);
    target dashboard.widget_target;
    answer api.answer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    loop
        target := dashboard.find_widget(caller, (request #>> '{path,id}')::uuid);
        answer := dashboard.widget_gate(caller, request, 'delete', target, 'widget:delete', true);
        if answer.status is not null then
            return answer;
        end if;
        if dashboard.lock_dashboard(target.d) then
            delete from dashboard.widget as w
            where w.organisation_id = (target.w).organisation_id
              and w.id = (target.w).id
              and w.version = (target.w).version;
            if found then
                return dashboard.finish_widget(
                    caller, request, 'delete', target.w, target.role,
                    jsonb_build_array(jsonb_build_object(
                        'op', 'remove', 'path', '', 'old', dashboard.widget_json(target.w))));
            end if;
        end if;
    end loop;
end
$delete_widget$;

commit;
