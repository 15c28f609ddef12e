-- Which permissions a caller has on a dashboard: the table of roles, and how role, ownership,
-- visibility, shares and facilities come to one of them.

begin;
\ir lib/helpers.sql
select no_plan();

-- The table --------------------------------------------------------------------------------------

create function test.permissions_of(given text) returns text[]
language sql
as $permissions_of$
    select array(select p.permission from dashboard.role_permission as p where p.role = given
                 order by p.permission collate "C")
$permissions_of$;

select ok(test.permissions_of(greater) @> test.permissions_of(lesser),
          format('%s may whatever %s may', greater, lesser))
from (values ('super_admin', 'admin'), ('admin', 'analyst'), ('analyst', 'viewer'))
    as c (greater, lesser);
select is(dashboard.may(r, p), allowed, format('%s %s: %s', r, p, allowed))
from (values ('viewer', 'dashboard:read', true), ('viewer', 'dashboard:write', false),
             ('analyst', 'dashboard:write', true), ('analyst', 'dashboard:delete', false),
             ('analyst', 'dashboard:share', false), ('admin', 'dashboard:share', true),
             (null, 'dashboard:read', false), ('admin', null, false),
             ('admin', 'no:such', false)) as c (r, p, allowed);
select is(dashboard.access_for('no:such'), 4, 'no access is enough for what nobody may');

select test.keep('table', 'list_permissions', 'viewer');
select is(test.status('table'), 200, 'every user may read the table');
select is(
    (select jsonb_object_agg(e ->> 'role', e -> 'permissions')
     from jsonb_array_elements(test.data('table')) as e),
    (select jsonb_object_agg(r, to_jsonb(test.permissions_of(r)))
     from unnest(array['super_admin', 'admin', 'analyst', 'viewer']) as r),
    'and sees all of it');
select is(array(select e ->> 'role' from jsonb_array_elements(test.data('table')) as e),
          array['super_admin', 'admin', 'analyst', 'viewer'], 'the mightiest first');

-- The matrix -------------------------------------------------------------------------------------

-- One dashboard, and every combination of who asks (null: no member of its workspace), whose it is,
-- how visible it is, what is shared with the caller and where it lies; what is expected is written down independently of the function
-- that decides.
create function test.level(
    role text, owner boolean, visibility text, shared text, facility boolean) returns text
language plpgsql
as $level$
begin
    if role = 'admin' or role = 'super_admin' then return 'manage'; end if;
    if not facility then return 'nothing'; end if;
    if shared = 'manage' or owner and role = 'analyst' then return 'manage'; end if;
    if shared = 'edit' or role = 'analyst' and visibility <> 'private' then return 'edit'; end if;
    if shared = 'view' or owner and role = 'viewer' then return 'view'; end if;
    if visibility = 'org' then return 'view'; end if;
    if role = 'viewer' and visibility = 'workspace' then return 'view'; end if;
    return 'nothing';
end
$level$;

-- What the caller is told, as one of those words.
create function test.told() returns text
language plpgsql
as $told$
declare
    answer api.answer := test.call('get_dashboard', 'colleague', test.at('401'));
    listed jsonb;
    named  text[];
begin
    listed := (
        select coalesce(jsonb_agg(e -> 'permissions'), '[]')
        from jsonb_array_elements(
            (test.call('list_dashboards', 'colleague',
                       extra => '{"query": {"limit": 200}}')).body::jsonb -> 'data') as e
        where e ->> 'id' = test.id('401')::text);
    if answer.status = 404 then
        return case when listed = '[]' then 'nothing' else 'listed, but not there' end;
    end if;
    if listed -> 0 is distinct from answer.body::jsonb #> '{data,permissions}' then
        return 'GET and the list differ';
    end if;
    named := array(select jsonb_array_elements_text(listed -> 0));
    return case named
        when test.dashboard_permissions('viewer') then 'view'
        when test.dashboard_permissions('analyst') then 'edit'
        when test.dashboard_permissions('admin') then 'manage'
        else named::text
    end;
end
$told$;
create function test.dashboard_permissions(given text) returns text[]
language sql
as $dashboard_permissions$
    select array(select p from unnest(test.permissions_of(given)) with ordinality as l (p, n)
                 where p ~ '^(dashboard|widget|data):' order by n)
$dashboard_permissions$;

create function test.combine(
    member text, owner boolean, visible text, shared text, by_role boolean, facility boolean)
returns text
language plpgsql
as $combine$
begin
    delete from dashboard.membership where user_id = test.id('104');
    insert into dashboard.membership (organisation_id, workspace_id, user_id, role)
    select test.id('001'), test.id(case member when 'super_admin' then '012' else '011' end),
           test.id('104'), member
    where member is not null;
    update dashboard.dashboard
    set owner_id = test.id(case when owner then '104' else '102' end), visibility = visible,
        facility_id = case when not facility then test.id('302') end, is_default = false
    where id = test.id('401');
    delete from dashboard.dashboard_share;
    insert into dashboard.dashboard_share
        (organisation_id, dashboard_id, user_id, role, permission)
    select test.id('001'), test.id('401'), case when not by_role then test.id('104') end,
           case when by_role then member end, shared
    where shared is not null and (member is not null or not by_role);
    return test.told();
end
$combine$;

select is(
    test.combine(member, owner, visible, shared, by_role, facility),
    test.level(member, owner, visible, case when member is not null or not by_role then shared end,
               facility),
    concat_ws(', ', coalesce(member, 'no member'), case when owner then 'owner' end, visible,
              'shared ' || shared || case when by_role then ' with the role' else '' end,
              case when not facility then 'of a facility not granted' end))
from unnest(array['super_admin', 'admin', 'analyst', 'viewer', null]) as member,
     unnest(array[false, true]) as owner,
     unnest(array['private', 'workspace', 'org']) as visible,
     (values (null, false), ('view', false), ('edit', false), ('manage', false), ('edit', true))
         as s (shared, by_role),
     unnest(array[true, false]) as facility;

-- Expiry -----------------------------------------------------------------------------------------

select test.combine('viewer', false, 'private', 'edit', false, true);
update dashboard.dashboard_share set expires_at = now() + interval '1 second';
select is(test.told(), 'edit', 'a share counts until it expires');
update dashboard.dashboard_share set expires_at = now();
select is(test.told(), 'nothing', 'and from that instant on no more');

-- What was just written may change what one may do ------------------------------------------------

select test.combine('analyst', true, 'private', null, false, true);
select test.keep('gave', 'transfer_dashboard', 'colleague', test.at('401'),
                 jsonb_build_object('owner_id', test.id('102')));
select is(test.data('gave') -> 'permissions', '[]',
          'who gave a private dashboard away may nothing');
select is((test.call('get_dashboard', 'colleague', test.at('401'))).status, 404, 'and is told so');

-- The ready-made text of permissions follows the table.
insert into dashboard.role_permission (role, permission) values ('viewer', 'widget:paint');
select is((test.call('get_dashboard', 'viewer', test.at('401'))).status, 404,
          'a private dashboard');
update dashboard.dashboard set visibility = 'org' where id = test.id('401');
select ok((test.call('get_dashboard', 'viewer', test.at('401'))).body::jsonb #> '{data,permissions}'
          ? 'widget:paint', 'a permission added by a migration is shown');
delete from dashboard.role_permission where permission = 'widget:paint';
select ok(not (test.call('get_dashboard', 'viewer', test.at('401'))).body::jsonb
          #> '{data,permissions}' ? 'widget:paint', 'one that is removed is not');

-- The decision is the table's: without the row nobody may.
delete from dashboard.role_permission where permission = 'dashboard:write';
select is(test.outcome(test.call(o, 'analyst', test.at('401'),
                                 '{"name": "x", "visibility": "org"}',
                                 test.tags('if_match'))),
          '403 FORBIDDEN', format('%s takes dashboard:write', o))
from unnest(array['patch_dashboard', 'put_dashboard', 'publish_dashboard', 'create_dashboard',
                  'clone_dashboard']) as o;
delete from dashboard.role_permission where permission ~ '^widget:(write|delete)$';
select is(test.outcome(test.call(o, 'analyst', test.at('501'),
                                 jsonb_build_object('type', 'note', 'dashboard_id', test.id('401')),
                                 test.tags('if_match'))),
          '403 FORBIDDEN', format('%s takes its permission', o))
from unnest(array['patch_widget', 'put_widget', 'delete_widget', 'create_widget']) as o;

select * from finish();
rollback;
