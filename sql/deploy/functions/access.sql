-- Deploy dashboard:functions/access to pg
-- requires: dashboards auth api_keys functions/support
--
-- Who is calling, and what may they do with a dashboard. Every operation asks here and nowhere
-- else.
--
-- Roles are held in a workspace. The rules, strongest first; none reaches into another
-- organisation:
--   super_admin   in any workspace: manages every dashboard of the organisation.
--   admin         manages every dashboard of the workspace, private ones too.
--   facility      a dashboard bound to a facility exists only for those who are granted it
--                 (and for the two above).
--   share         gives view, edit or manage to a user of the organisation, whatever their role, or
--                 to all members of the workspace with a role; until it expires.
--   owner         manages while analyst in the workspace, views as viewer, and has nothing left
--                 after leaving it.
--   visibility    workspace: analysts of the workspace edit, viewers view.
--                 org: the same, and everybody else in the organisation views.
--                 private: nobody but the above.
--   public link   views one dashboard, unless that is bound to a facility, and nothing else.
-- view, edit and manage let one do with the dashboard what a viewer, an analyst and an admin may
-- do: functions/permissions.

begin;
set local role dashboard_owner;

create type dashboard.caller as (
    user_id          uuid, -- null: nobody we know
    organisation_id  uuid,
    super_admin      boolean,
    public_dashboard uuid -- the one that nobody's public link leads to
);

-- Sets the transaction's context to a user and returns the caller they are; with nulls nobody. role:
-- their highest of those that count beyond their workspace, super_admin or admin, or null.
create function dashboard.enter_as(organisation uuid, whose uuid, role text)
returns dashboard.caller
language plpgsql volatile
as $enter_as$
declare
    entered boolean := dashboard.enter(organisation, whose, role);
    caller  dashboard.caller;
begin
    caller.user_id := whose;
    caller.organisation_id := organisation;
    if whose is not null then
        caller.super_admin := role is not distinct from 'super_admin';
    end if;
    return caller;
end
$enter_as$;

grant execute on function dashboard.enter_as(uuid, uuid, text) to dashboard_identity;

-- Who the API key in the request belongs to; nobody when it is none, has ended, or its owner is
-- disabled, with for_operation also when it is not for the request's operation. Sets the context.
create function dashboard.identify_key(request jsonb, for_operation boolean)
returns dashboard.caller
language plpgsql volatile
as $identify_key$
declare
    given bytea := decode(request #>> '{api_key,hash}', 'hex');
    who   record;
begin
    select u.organisation_id, u.id,
           (select case when bool_or(m.role = 'super_admin') then 'super_admin'
                        when bool_or(m.role = 'admin') then 'admin' end
            from dashboard.membership as m
            where m.user_id = u.id) as role
    into who
    from dashboard.api_key as k
    join dashboard.user_account as u
      on u.organisation_id = k.organisation_id and u.id = k.user_id
    where k.id = (request #>> '{api_key,id}')::uuid
      and (k.hash = given or (k.previous_hash = given and k.previous_until > now()))
      and k.revoked_at is null
      and (k.expires_at is null or k.expires_at > now())
      and u.disabled_at is null
      and (not for_operation
           or k.allowed_operations is null
           or request ->> 'operation' = any (k.allowed_operations));
    return dashboard.enter_as(who.organisation_id, who.id, who.role);
end
$identify_key$;
select dashboard.give_to_identity('dashboard.identify_key(jsonb, boolean)');

-- Who the request's verified issuer and subject are. An unknown or disabled user is nobody, and so
-- is whose token belongs to a session that has ended: looked up each time, so that ending it counts
-- at once, on every worker. The rest of the transaction acts for them: the context is set here, and
-- every operation calls this first.
create function dashboard.identify(request jsonb) returns dashboard.caller
language plpgsql volatile
as $identify$
declare
    who record;
begin
    if jsonb_typeof(request -> 'api_key') = 'object' then
        return dashboard.identify_key(request, true);
    end if;
    select u.organisation_id, u.id,
           (select case when bool_or(m.role = 'super_admin') then 'super_admin'
                        when bool_or(m.role = 'admin') then 'admin' end
            from dashboard.membership as m
            where m.user_id = u.id) as role
    into who
    from dashboard.user_account as u
    where u.issuer = request ->> 'issuer'
      and u.subject = request ->> 'subject'
      and u.disabled_at is null
      and (request ->> 'session' is null
           or exists (select from dashboard.session as s
                      where s.organisation_id = u.organisation_id
                        and s.user_id = u.id
                        and s.id = (request ->> 'session')::uuid
                        and s.ended_at is null
                        and s.expires_at > now()));
    return dashboard.enter_as(who.organisation_id, who.id, who.role);
end
$identify$;
select dashboard.give_to_identity('dashboard.identify(jsonb)');

-- Permissions as numbers that grow with the right: 0 none, 1 view, 2 edit, 3 manage.
create function dashboard.permission_level(permission text) returns integer
language sql immutable
as $permission_level$
    select case permission when 'view' then 1 when 'edit' then 2 when 'manage' then 3 else 0 end
$permission_level$;

-- The decision, by the rules above. role: the caller's in the dashboard's workspace, null for none.
-- shared: the highest level shared with the caller. in_facility: whether the dashboard has no
-- facility or the caller is granted it.
create function dashboard.access_level(
    super_admin boolean, role text, owner boolean, visibility text, shared integer,
    in_facility boolean) returns integer
language sql immutable
as $access_level$
    select case
               when super_admin or role in ('admin', 'super_admin') then 3
               when not in_facility then 0
               else greatest(
                   coalesce(shared, 0),
                   case when owner
                        then case role when 'analyst' then 3 when 'viewer' then 1 end end,
                   case when visibility in ('workspace', 'org')
                        then case role when 'analyst' then 2 when 'viewer' then 1 end end,
                   case when visibility = 'org' then 1 else 0 end)
           end
$access_level$;

-- All dashboards of the caller's organisation with the caller's role in their workspace and access
-- level, those without access and those in the trash included: who calls this filters. It is
-- inlined into the calling query, so that a condition on d finds its index.
create function dashboard.reach(caller dashboard.caller)
returns table (d dashboard.dashboard, role text, access integer)
language sql stable
as $reach$
    select d,
           case when caller.super_admin then 'super_admin' else m.role end,
           case
               when caller.public_dashboard is not null then
                   (d.id = caller.public_dashboard and d.facility_id is null)::integer
               else dashboard.access_level(
                   caller.super_admin,
                   m.role,
                   d.owner_id = caller.user_id,
                   d.visibility,
                   (select max(dashboard.permission_level(s.permission))
                    from dashboard.dashboard_share as s
                    where s.organisation_id = d.organisation_id
                      and s.dashboard_id = d.id
                      and (s.user_id = caller.user_id or s.role = m.role)
                      and (s.expires_at is null or s.expires_at > now())),
                   d.facility_id is null
                   or exists (select from dashboard.facility_grant as g
                              where g.user_id = caller.user_id and g.facility_id = d.facility_id))
           end
    from dashboard.dashboard as d
    left join dashboard.membership as m
           on m.user_id = caller.user_id and m.workspace_id = d.workspace_id
    where d.organisation_id = caller.organisation_id
$reach$;

commit;
