-- Deploy dashboard:functions/sessions to pg
-- requires: functions/auth
--
-- list_user_sessions, revoke_user_sessions: one's own sessions, and those of the users one
-- administers.

begin;
set local role dashboard_owner;

-- Whether the caller is an admin of a workspace that the user belongs to, or a super_admin of the
-- user's organisation.
create function dashboard.administers(caller dashboard.caller, whose uuid) returns boolean
language sql stable
as $administers$
    select exists (select from dashboard.user_account as u
                   where u.organisation_id = caller.organisation_id and u.id = whose)
           and (caller.super_admin
                or exists (select
                           from dashboard.membership as theirs
                           join dashboard.membership as mine
                             on mine.organisation_id = theirs.organisation_id
                            and mine.workspace_id = theirs.workspace_id
                           where theirs.user_id = whose
                             and mine.user_id = caller.user_id
                             and mine.role = 'admin'))
$administers$;

-- The time and id in a cursor of a list that is sorted by them, or null when it is none.
create function dashboard.time_place(list text, value text) returns text[]
language plpgsql stable
as $time_place$
declare
    place text[] := dashboard.cursor_place(list, value);
begin
    if cardinality(place) is distinct from 2
       or place[2] !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
       or dashboard.time_text('timestamp', place[1]) is null then
        return null;
    end if;
    return place;
end
$time_place$;

-- The refusal of an action on a user's sessions, or an answer whose status is null: go on. Users of
-- the organisation may be known of; their sessions are their own and their administrators'
-- business, which is an admin of a workspace they belong to, or a super_admin.
create function dashboard.gate_user(
    caller dashboard.caller, request jsonb, action text, whose uuid) returns api.answer
language plpgsql volatile
as $gate_user$
begin
    if not exists (select from dashboard.user_account as u
                   where u.organisation_id = caller.organisation_id and u.id = whose) then
        return dashboard.not_found('user');
    end if;
    if whose = caller.user_id or dashboard.administers(caller, whose) then
        return null;
    end if;
    return dashboard.forbidden(caller, request, action, 'user', whose, null, null);
end
$gate_user$;

-- GET /users/{user_id}/sessions: those that can still be used, the newest first.
create function api.list_user_sessions(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $list_user_sessions$
declare
    caller  dashboard.caller := dashboard.identify(request);
    whose   uuid := (request #>> '{path,user_id}')::uuid;
    size    integer := coalesce((request #>> '{query,limit}')::integer, 50);
    list    text := 'sessions:' || whose;
    place   text[];
    refusal api.answer;
    items   json;
    next    text;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    refusal := dashboard.gate_user(caller, request, 'list_sessions', whose);
    if refusal.status is not null then
        return refusal;
    end if;
    if request #> '{query,cursor}' is not null then
        place := dashboard.time_place(list, request #>> '{query,cursor}');
        if place is null then
            return dashboard.invalid('cursor', 'is not a cursor of this list');
        end if;
    end if;

    with found as (
        select s.*, row_number() over (order by s.created_at desc, s.id desc) as nth
        from dashboard.session as s
        where s.user_id = whose
          and s.ended_at is null
          and s.expires_at > now()
          and (place is null or (s.created_at, s.id) < (place[1]::timestamptz, place[2]::uuid))
        order by s.created_at desc, s.id desc
        limit size + 1)
    select coalesce(json_agg(json_build_object(
                        'id', f.id,
                        'address', host(f.address),
                        'created_at', dashboard.rfc3339(f.created_at),
                        'refreshed_at', dashboard.rfc3339(f.refreshed_at),
                        'expires_at', dashboard.rfc3339(f.expires_at),
                        'current', f.id::text is not distinct from request ->> 'session')
                    order by f.nth) filter (where f.nth <= size), '[]'),
           case when count(*) > size then
               dashboard.cursor_text(
                   list,
                   max(dashboard.rfc3339(f.created_at)) filter (where f.nth = size),
                   max(f.id::text) filter (where f.nth = size))
           end
    into items, next
    from found as f;
    return (200, null, null, null, null, null, null,
            json_build_object(
                'data', items,
                'page', json_build_object('limit', size, 'next', next))::text)::api.answer;
end
$list_user_sessions$;

-- DELETE /users/{user_id}/sessions: the user is logged out everywhere, the caller's own session
-- included when it is one of them.
create function api.revoke_user_sessions(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $revoke_user_sessions$
declare
    caller  dashboard.caller := dashboard.identify(request);
    whose   uuid := (request #>> '{path,user_id}')::uuid;
    refusal api.answer;
    ended   integer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    refusal := dashboard.gate_user(caller, request, 'revoke_sessions', whose);
    if refusal.status is not null then
        return refusal;
    end if;
    ended := dashboard.end_sessions(caller, request, whose, 'revoked');
    perform dashboard.audit(caller, request, 'revoke_sessions', 'user', whose, null, null, '[]',
                            'success', jsonb_build_object('sessions', ended));
    return (204, null, null, null, null, null, null, null)::api.answer;
end
$revoke_user_sessions$;

commit;
