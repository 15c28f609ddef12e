-- Deploy dashboard:functions/permissions to pg
-- requires: permissions functions/access
--
-- The decision: dashboard.may() and nothing else says what a permission takes; list_permissions.

begin;
set local role dashboard_owner;

-- Whether a role includes a permission, such as 'dashboard:write'; no role includes none.
create function dashboard.may(role text, permission text) returns boolean
language plpgsql stable
as $may$
begin
    return exists (select from dashboard.role_permission as p
                   where p.role = may.role and p.permission = may.permission);
end
$may$;

-- An access level (dashboard.reach) as the role it comes to on that dashboard: who is given view,
-- edit or manage may do with it what a viewer, an analyst or an admin may do with any.
create function dashboard.role_at(access integer) returns text
language sql immutable
as $role_at$
    select case access when 1 then 'viewer' when 2 then 'analyst' when 3 then 'admin' end
$role_at$;

-- The lowest access level to a dashboard that includes a permission; one that nobody reaches when
-- none does.
create function dashboard.access_for(permission text) returns integer
language plpgsql stable
as $access_for$
begin
    return (
        select coalesce(min(level), 4)
        from generate_series(1, 3) as level
        where dashboard.may(dashboard.role_at(level), permission));
end
$access_for$;

-- What an access level lets one do with a dashboard, its widgets and their data, as every answer
-- that shows a dashboard says it. Ready-made, because it is read far more often than it changes,
-- which is when a migration changes the table of permissions.
create table dashboard.access_permissions (
    access      integer primary key check (access between 1 and 3),
    permissions text not null -- a JSON array
);

create function dashboard.write_access_permissions() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $write_access_permissions$
begin
    insert into dashboard.access_permissions as a (access, permissions)
    select level, coalesce(json_agg(p.permission order by p.permission collate "C")
                               filter (where p.permission is not null), '[]')
    from generate_series(1, 3) as level
    left join dashboard.role_permission as p
           on p.role = dashboard.role_at(level)
          and p.permission ~ '^(dashboard|widget|data):'
    group by level
    on conflict (access) do update set permissions = excluded.permissions;
    return null;
end
$write_access_permissions$;

create trigger access_permissions after insert or update or delete on dashboard.role_permission
    for each statement execute function dashboard.write_access_permissions();
update dashboard.role_permission set role = role where false;
select dashboard.protect('dashboard.access_permissions', 'common');

-- The permissions of an access level as the text of a JSON array; of none, none.
create function dashboard.permissions_text(access integer) returns text
language plpgsql stable
as $permissions_text$
begin
    return coalesce((select a.permissions
                     from dashboard.access_permissions as a
                     where a.access = permissions_text.access), '[]');
end
$permissions_text$;

-- GET /permissions: the whole table, for every user: it says what a role would let one do, and
-- nothing of who has it.
create function api.list_permissions(request jsonb, body jsonb) returns api.answer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $list_permissions$
declare
    caller dashboard.caller := dashboard.identify(request);
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    return (
        select (200, null, null, null, array['permissions'], null, null,
                json_build_object(
                    'data', json_agg(json_build_object('role', r.role,
                                                       'permissions', r.permissions)
                                     order by r.place),
                    'page', json_build_object('limit', count(*), 'next', null))::text)::api.answer
        from (
            select p.role, array_agg(p.permission order by p.permission) as permissions,
                   array_position(array['super_admin', 'admin', 'analyst', 'viewer'], p.role)
            from dashboard.role_permission as p
            group by p.role) as r (role, permissions, place));
end
$list_permissions$;

commit;
