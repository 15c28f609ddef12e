-- Deploy dashboard:functions/gate to pg
-- requires: functions/record functions/permissions
--
-- What every operation on one resource asks before it acts, in the order of CONTRACT: 404, 403,
-- 428, 412. (401 comes before, from dashboard.identify.)

begin;
set local role dashboard_owner;

-- Whether there is such a user in the caller's organisation: colleagues know of one another, and of
-- nobody else.
create function dashboard.knows_user(caller dashboard.caller, whose uuid) returns boolean
language plpgsql stable
as $knows_user$
begin
    return exists (select from dashboard.user_account as u
                   where u.organisation_id = caller.organisation_id and u.id = whose);
end
$knows_user$;

-- A dashboard as the caller sees it; access null: it does not exist for them.
create type dashboard.target as (
    d      dashboard.dashboard,
    role   text,
    access integer
);

-- The dashboard when the caller may at least view it. With trash also one that is deleted, for
-- those who may restore it; without, a deleted dashboard does not exist for anybody.
create function dashboard.find_dashboard(
    caller dashboard.caller, dashboard uuid, trash boolean default false) returns dashboard.target
language plpgsql stable
as $find_dashboard$
declare
    target dashboard.target;
begin
    select r.d, r.role, r.access
    into target
    from dashboard.reach(caller) as r
    where (r.d).id = dashboard
      and r.access >= case
                          when (r.d).deleted_at is null then 1
                          else dashboard.access_for('dashboard:delete')
                      end
      and ((r.d).deleted_at is null or trash);
    return target;
end
$find_dashboard$;

-- The document of the dashboard at the newest version that If-Match names and that is not the
-- current one; null when none of them is known.
create function dashboard.base_document(request jsonb, d dashboard.dashboard) returns json
language plpgsql stable
as $base_document$
begin
    return (
        select v.document
        from dashboard.dashboard_version as v
        where v.organisation_id = d.organisation_id
          and v.dashboard_id = d.id
          and v.version = (
              select max(n::bigint)
              from jsonb_array_elements_text(request #> '{if_match,versions}') as n
              where n::bigint < d.version));
end
$base_document$;

-- 412 for a dashboard.
create function dashboard.dashboard_conflict(
    caller dashboard.caller, request jsonb, action text, target dashboard.target) returns api.answer
language plpgsql volatile
as $dashboard_conflict$
begin
    return dashboard.conflict(
        caller, request, action, 'dashboard', (target.d).id, (target.d).workspace_id, target.role,
        (target.d).version,
        (select dashboard.with_permissions(v.document, target.access)::json
         from dashboard.dashboard_version as v
         where v.organisation_id = (target.d).organisation_id
           and v.dashboard_id = (target.d).id
           and v.version = (target.d).version),
        dashboard.base_document(request, target.d));
end
$dashboard_conflict$;

-- The refusal of an action on a dashboard, or an answer whose status is null: go on. permission:
-- what it takes; demanded: whether it takes an If-Match.
create function dashboard.gate(
    caller dashboard.caller, request jsonb, action text, target dashboard.target,
    permission text, demanded boolean) returns api.answer
language plpgsql volatile
as $gate$
begin
    if target.access is null then
        return dashboard.not_found('dashboard');
    end if;
    if not dashboard.may(dashboard.role_at(target.access), permission) then
        return dashboard.forbidden(caller, request, action, 'dashboard', (target.d).id,
                                   (target.d).workspace_id, target.role);
    end if;
    if dashboard.has_condition(request, 'if_match') then
        if not dashboard.names_version(request -> 'if_match', (target.d).version) then
            return dashboard.dashboard_conflict(caller, request, action, target);
        end if;
    elsif demanded then
        return dashboard.precondition_required();
    end if;
    if dashboard.names_version(request -> 'if_none_match', (target.d).version) then
        return dashboard.dashboard_conflict(caller, request, action, target);
    end if;
    return null;
end
$gate$;

-- Locks the dashboard's row for a writer of its widgets; false when the dashboard is gone or
-- deleted. A NO KEY lock, as an UPDATE of the row would take: foreign keys may still be checked
-- against it.
create function dashboard.lock_dashboard(d dashboard.dashboard) returns boolean
language plpgsql volatile
as $lock_dashboard$
begin
    perform
    from dashboard.dashboard as o
    where o.organisation_id = d.organisation_id and o.id = d.id and o.deleted_at is null
    for no key update;
    return found;
end
$lock_dashboard$;

-- Ends a write of a dashboard that the transaction has changed to d, or created: version, audit
-- row, event, and the answer that shows it. more: tags beyond the dashboard's own.
create function dashboard.finish(
    caller dashboard.caller, request jsonb, action text, d dashboard.dashboard, role text,
    changes jsonb, more text[] default '{}') returns api.answer
language plpgsql volatile
as $finish$
declare
    document json := dashboard.save_version(d, action, caller.user_id);
begin
    perform dashboard.audit(
        caller, request, action, 'dashboard', d.id, d.workspace_id, d.version,
        coalesce(changes, jsonb_build_array(
            jsonb_build_object('op', 'add', 'path', '', 'value', document))),
        'success');
    perform dashboard.announce(
        caller, d.workspace_id, 'dashboard.' || action,
        array['dashboard:' || d.id, 'dashboards:' || d.organisation_id] || more,
        jsonb_build_object('dashboard_id', d.id, 'version', d.version, 'actor_id', caller.user_id,
                           'correlation_id', request -> 'correlation_id'));
    return dashboard.show_dashboard(
        caller, d, role, document,
        case when action in ('create', 'clone') then 201 else 200 end);
end
$finish$;

-- Ends a write that found everything as it should become: nothing gets a new version, nobody is
-- told, but the request was carried out, and that leaves its audit row.
create function dashboard.finish_unchanged(
    caller dashboard.caller, request jsonb, action text, d dashboard.dashboard, role text)
returns api.answer
language plpgsql volatile
as $finish_unchanged$
begin
    perform dashboard.audit(caller, request, action, 'dashboard', d.id, d.workspace_id, d.version,
                            '[]', 'success');
    return (
        select dashboard.show_dashboard(caller, d, role, v.document, 200)
        from dashboard.dashboard_version as v
        where v.organisation_id = d.organisation_id
          and v.dashboard_id = d.id
          and v.version = d.version);
end
$finish_unchanged$;

commit;
