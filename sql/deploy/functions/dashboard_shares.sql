-- Deploy dashboard:functions/dashboard_shares to pg
-- requires: functions/sessions
--
-- list_dashboard_shares, share_dashboard, unshare_dashboard, unshare_dashboard_role,
-- transfer_dashboard: who else may do what with a dashboard, and whose it is.
--
-- Sharing is no change of the dashboard: its version stays. It counts with the next request on
-- every worker, because dashboard.reach() reads the shares each time.

begin;
set local role dashboard_owner;

-- A share as the API shows it.
create function dashboard.share_json(s dashboard.dashboard_share) returns json
language plpgsql stable
as $share_json$
begin
    return (
        select json_build_object(
            'user_id', s.user_id,
            'user_name', u.name,
            'user_email', u.email,
            'role', s.role,
            'permission', s.permission,
            'expires_at', dashboard.rfc3339(s.expires_at),
            'created_by', s.created_by,
            'created_at', dashboard.rfc3339(s.created_at),
            'updated_at', dashboard.rfc3339(s.updated_at))
        from (values (s.user_id)) as given (user_id)
        left join dashboard.user_account as u
               on u.organisation_id = s.organisation_id and u.id = given.user_id);
end
$share_json$;

-- What counts of a share, for audit rows: {"share": ...}, or {} for none.
create function dashboard.share_members(s dashboard.dashboard_share) returns jsonb
language sql stable
as $share_members$
    select case
               when s.permission is null then jsonb '{}'
               else jsonb_build_object(
                   'share', jsonb_build_object('permission', s.permission,
                                               'expires_at', dashboard.rfc3339(s.expires_at)))
           end
$share_members$;

-- Ends a change of a dashboard's shares, from older to newer (either may be a record of nulls):
-- audit row and, unless all is as it was, an event for those whose access it changes.
create function dashboard.finish_share(
    caller dashboard.caller, request jsonb, action text, d dashboard.dashboard,
    older dashboard.dashboard_share, newer dashboard.dashboard_share) returns void
language plpgsql volatile
as $finish_share$
declare
    whose   uuid := coalesce(newer.user_id, older.user_id);
    held_by text := coalesce(newer.role, older.role);
    changes jsonb := dashboard.changes(dashboard.share_members(older),
                                       dashboard.share_members(newer));
begin
    perform dashboard.audit(
        caller, request, action, 'dashboard', d.id, d.workspace_id, d.version, changes, 'success',
        jsonb_strip_nulls(jsonb_build_object('user_id', whose, 'role', held_by)));
    if changes = '[]' then
        return;
    end if;
    perform dashboard.announce(
        caller, d.workspace_id, 'dashboard.' || action,
        case
            when whose is not null then array['access:' || whose]
            else array(select 'access:' || m.user_id
                       from dashboard.membership as m
                       where m.workspace_id = d.workspace_id and m.role = held_by)
        end,
        jsonb_build_object('dashboard_id', d.id, 'version', d.version, 'actor_id', caller.user_id,
                           'correlation_id', request -> 'correlation_id'));
end
$finish_share$;

-- What is wrong with a share's body: an array of {"field", "issue"}.
create function dashboard.share_issues(caller dashboard.caller, body jsonb) returns jsonb
language plpgsql stable
as $share_issues$
declare
    issues jsonb := jsonb '[]';
begin
    if num_nonnulls(body ->> 'user_id', body ->> 'role') <> 1 then
        issues := issues || dashboard.issue('/user_id', 'or else role is required, and not both');
    elsif body ->> 'user_id' is not null
          and not exists (select from dashboard.user_account as u
                          where u.organisation_id = caller.organisation_id
                            and u.id = (body ->> 'user_id')::uuid
                            and u.disabled_at is null) then
        issues := issues || dashboard.issue('/user_id', 'does not exist');
    end if;
    if (body ->> 'expires_at')::timestamptz <= now() then
        issues := issues || dashboard.issue('/expires_at', 'must be in the future');
    end if;
    return issues;
end
$share_issues$;

-- GET /dashboards/{id}/shares: all, those that have run out too, the oldest first.
create function api.list_dashboard_shares(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $list_dashboard_shares$
declare
    caller dashboard.caller := dashboard.identify(request);
    size   integer := coalesce((request #>> '{query,limit}')::integer, 50);
    target dashboard.target;
    answer api.answer;
    list   text;
    place  text[];
    items  json;
    next   text;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
    answer := dashboard.gate(caller, request, 'list_shares', target, 'dashboard:share', false);
    if answer.status is not null then
        return answer;
    end if;
    list := 'shares:' || (target.d).id;
    if request #> '{query,cursor}' is not null then
        place := dashboard.time_place(list, request #>> '{query,cursor}');
        if place is null then
            return dashboard.invalid('cursor', 'is not a cursor of this list');
        end if;
    end if;
    with found as (
        select s, row_number() over (order by s.created_at, s.id) as nth
        from dashboard.dashboard_share as s
        where s.organisation_id = (target.d).organisation_id
          and s.dashboard_id = (target.d).id
          and (place is null
               or (s.created_at, s.id) > (place[1]::timestamptz, place[2]::uuid))
        order by s.created_at, s.id
        limit size + 1)
    select coalesce(json_agg(dashboard.share_json(f.s) order by f.nth)
                        filter (where f.nth <= size), '[]'),
           case when count(*) > size then
               dashboard.cursor_text(
                   list,
                   max(dashboard.rfc3339((f.s).created_at)) filter (where f.nth = size),
                   max((f.s).id::text) filter (where f.nth = size))
           end
    into items, next
    from found as f;
    return (200, null, null, null, dashboard.dashboard_tags(caller, (target.d).id),
            (target.d).workspace_id, target.role,
            json_build_object(
                'data', items,
                'page', json_build_object('limit', size, 'next', next))::text)::api.answer;
end
$list_dashboard_shares$;

-- POST /dashboards/{id}/share: gives, or gives anew, a permission to a user of the organisation or
-- to a role in the dashboard's workspace.
create function api.share_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $share_dashboard$
declare
    caller dashboard.caller := dashboard.identify(request);
    target dashboard.target;
    answer api.answer;
    issues jsonb;
    older  dashboard.dashboard_share;
    newer  dashboard.dashboard_share;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
    answer := dashboard.gate(caller, request, 'share', target, 'dashboard:share', false);
    if answer.status is not null then
        return answer;
    end if;
    issues := dashboard.share_issues(caller, body);
    if issues <> '[]' then
        return dashboard.invalid(issues);
    end if;
    -- Two who share at once take turns, so that each replaces what it has seen.
    if not dashboard.lock_dashboard(target.d) then
        return dashboard.not_found('dashboard');
    end if;
    select s.*
    into older
    from dashboard.dashboard_share as s
    where s.organisation_id = (target.d).organisation_id
      and s.dashboard_id = (target.d).id
      and (s.user_id = (body ->> 'user_id')::uuid or s.role = body ->> 'role');
    if older.id is null then
        insert into dashboard.dashboard_share
            (organisation_id, dashboard_id, user_id, role, permission, expires_at, created_by)
        values
            ((target.d).organisation_id, (target.d).id, (body ->> 'user_id')::uuid,
             body ->> 'role', body ->> 'permission', (body ->> 'expires_at')::timestamptz,
             caller.user_id)
        returning * into newer;
    else
        update dashboard.dashboard_share as s
        set permission = body ->> 'permission',
            expires_at = (body ->> 'expires_at')::timestamptz
        where s.id = older.id
        returning s.* into newer;
    end if;
    perform dashboard.finish_share(caller, request, 'share', target.d, older, newer);
    return (200, null, null, null, null, (target.d).workspace_id, target.role,
            json_build_object('data', dashboard.share_json(newer))::text)::api.answer;
end
$share_dashboard$;

-- Takes back what was shared with a user, or with a role; the other one is null.
create function dashboard.unshare(request jsonb, whose uuid, held_by text) returns api.answer
language plpgsql volatile
as $unshare$
declare
    caller dashboard.caller := dashboard.identify(request);
    target dashboard.target;
    answer api.answer;
    older  dashboard.dashboard_share;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
    answer := dashboard.gate(caller, request, 'unshare', target, 'dashboard:share', false);
    if answer.status is not null then
        return answer;
    end if;
    delete from dashboard.dashboard_share as s
    where s.organisation_id = (target.d).organisation_id
      and s.dashboard_id = (target.d).id
      and (s.user_id = whose or s.role = held_by)
    returning s.* into older;
    if older.id is null then
        return dashboard.not_found('share');
    end if;
    perform dashboard.finish_share(caller, request, 'unshare', target.d, older, null);
    return (204, null, null, null, null, (target.d).workspace_id, target.role, null)::api.answer;
end
$unshare$;

-- DELETE /dashboards/{id}/share/{user_id}
create function api.unshare_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $unshare_dashboard$
begin
    return dashboard.unshare(request, (request #>> '{path,user_id}')::uuid, null);
end
$unshare_dashboard$;

-- DELETE /dashboards/{id}/share/role/{role}
create function api.unshare_dashboard_role(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $unshare_dashboard_role$
begin
    return dashboard.unshare(request, null, request #>> '{path,role}');
end
$unshare_dashboard_role$;

-- What is wrong with a user as the new owner of a dashboard, or null: an owner creates in its
-- workspace and sees its facility.
create function dashboard.owner_issue(d dashboard.dashboard, whose uuid) returns text
language plpgsql stable
as $owner_issue$
declare
    member      text;
    in_facility boolean;
begin
    select m.role,
           d.facility_id is null
           or m.role in ('admin', 'super_admin')
           or exists (select from dashboard.facility_grant as g
                      where g.user_id = u.id and g.facility_id = d.facility_id)
    into member, in_facility
    from dashboard.user_account as u
    left join dashboard.membership as m on m.user_id = u.id and m.workspace_id = d.workspace_id
    where u.organisation_id = d.organisation_id and u.id = whose and u.disabled_at is null;
    if not found then
        return 'does not exist';
    end if;
    if not dashboard.may(member, 'dashboard:write') then
        return 'is not an analyst or better in the workspace of the dashboard';
    end if;
    if not in_facility then
        return 'is not granted the facility of the dashboard';
    end if;
    return null;
end
$owner_issue$;

-- POST /dashboards/{id}/transfer: gives the dashboard to another owner. Only its owner and the
-- workspace's administrators may, not those it is shared with. The default mark was the former
-- owner's and does not go along.
create function api.transfer_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $transfer_dashboard$
declare
    caller dashboard.caller := dashboard.identify(request);
    whose  uuid := (body ->> 'owner_id')::uuid;
    target dashboard.target;
    d      dashboard.dashboard;
    answer api.answer;
    issue  text;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    loop
        target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
        if target.access is not null
           and (target.d).owner_id <> caller.user_id
           and not dashboard.may(target.role, 'dashboard:share') then
            return dashboard.forbidden(caller, request, 'transfer', 'dashboard', (target.d).id,
                                       (target.d).workspace_id, target.role);
        end if;
        answer := dashboard.gate(caller, request, 'transfer', target, 'dashboard:share', false);
        if answer.status is not null then
            return answer;
        end if;
        issue := dashboard.owner_issue(target.d, whose);
        if issue is not null then
            return dashboard.invalid('/owner_id', issue);
        end if;
        if (target.d).owner_id = whose then
            return dashboard.finish_unchanged(caller, request, 'transfer', target.d, target.role);
        end if;
        update dashboard.dashboard as u
        set owner_id = whose, is_default = false, version = u.version + 1
        where u.organisation_id = (target.d).organisation_id
          and u.id = (target.d).id
          and u.version = (target.d).version
          and u.deleted_at is null
        returning u.* into d;
        exit when found;
    end loop;
    return dashboard.finish(
        caller, request, 'transfer', d, target.role,
        dashboard.changes(
            jsonb_build_object('owner_id', (target.d).owner_id,
                               'is_default', (target.d).is_default),
            jsonb_build_object('owner_id', d.owner_id, 'is_default', d.is_default)),
        array['access:' || (target.d).owner_id, 'access:' || d.owner_id]);
end
$transfer_dashboard$;

commit;
