-- Deploy dashboard:functions/dashboard_clones to pg
-- requires: functions/dashboards
--
-- clone_dashboard, clone_user_dashboard.

begin;
set local role dashboard_owner;

-- Copies a dashboard that the caller can see, with its widgets under new ids: private, a draft,
-- nobody's default, owned by owner. It goes into the workspace of the body, else the original's,
-- else, when the owner is not of that one, the only workspace of theirs. Copying for somebody else
-- takes an admin of that workspace, and the other a member of it who may see its facility.
create function dashboard.clone(request jsonb, body jsonb, for_user uuid) returns api.answer
language plpgsql volatile
as $clone$
declare
    caller  dashboard.caller := dashboard.identify(request);
    owner   uuid;
    target  dashboard.target;
    given   uuid := (body ->> 'workspace_id')::uuid;
    place   record;
    wanted  jsonb;
    members jsonb;
    allowed boolean;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    owner := coalesce(for_user, caller.user_id);
    if not exists (select from dashboard.user_account as u
                   where u.organisation_id = caller.organisation_id and u.id = owner
                     and u.disabled_at is null) then
        return dashboard.not_found('user');
    end if;
    target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
    if target.access is null then
        return dashboard.not_found('dashboard');
    end if;
    if given is null and (target.role is not null or owner <> caller.user_id) then
        given := (target.d).workspace_id;
    end if;
    place := dashboard.find_workspace(caller, request, 'clone', given);
    if (place.refusal).status is not null then
        return place.refusal;
    end if;
    if owner <> caller.user_id then
        allowed := dashboard.may(place.role, 'dashboard:share')
            and exists (select from dashboard.membership as m
                        where m.user_id = owner and m.workspace_id = place.workspace)
            and ((target.d).facility_id is null
                 or exists (select from dashboard.facility_grant as g
                            where g.user_id = owner and g.facility_id = (target.d).facility_id));
        if not allowed then
            return dashboard.forbidden(caller, request, 'clone', 'dashboard', (target.d).id,
                                       place.workspace, place.role);
        end if;
    end if;
    members := dashboard.dashboard_members(target.d) || jsonb_build_object(
        'name', coalesce(body ->> 'name', left('Copy of ' || (target.d).name, 255)),
        'visibility', 'private',
        'is_default', false);
    select coalesce(jsonb_object_agg(gen_random_uuid(), w.value), '{}')
    into wanted
    from jsonb_each(dashboard.widgets_by_id(caller.organisation_id, (target.d).id)) as w;
    return dashboard.insert_dashboard(
        caller, request, 'clone', gen_random_uuid(), place.workspace, place.role, owner, members,
        wanted);
end
$clone$;

-- POST /dashboards/{id}/clone
create function api.clone_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $clone_dashboard$
begin
    return dashboard.clone(request, body, null);
end
$clone_dashboard$;

-- POST /users/{user_id}/dashboards/{id}/clone
create function api.clone_user_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $clone_user_dashboard$
begin
    return dashboard.clone(request, body, (request #>> '{path,user_id}')::uuid);
end
$clone_user_dashboard$;

commit;
