-- Who sees a dashboard, and who may do what with it.

begin;
\ir lib/helpers.sql
select no_plan();

-- What a user can do with dashboard 401, as its owner analyst has set it up: 404 to look at it, or
-- the most of view, edit, manage. Found out by asking the operations, not the function that
-- decides.
create function test.can(who text) returns text
language plpgsql
as $can$
declare
    got  integer := (test.call('get_dashboard', who, test.at('401'))).status;
    edit integer := (test.call('publish_dashboard', who, test.at('401'))).status;
    drop integer := (test.call('delete_dashboard', who, test.at('401'))).status;
begin
    return case
        when got = 404 and edit = 404 and drop = 404 then 'nothing'
        when got = 200 and edit = 403 and drop = 403 then 'view'
        when got = 200 and edit = 200 and drop = 403 then 'edit'
        -- 428: only If-Match was missing.
        when got = 200 and edit = 200 and drop = 428 then 'manage'
        else format('%s %s %s', got, edit, drop)
    end;
end
$can$;

create function test.matrix(promise text, wanted jsonb) returns setof text
language sql
as $matrix$
    select is(test.can(who), most, format('%s: %s may %s', promise, who, most))
    from jsonb_each_text(wanted) as w (who, most)
$matrix$;

update dashboard.dashboard set visibility = 'private' where id = test.id('401');
select test.matrix('private', '{"analyst": "manage", "admin": "manage", "super": "manage",
    "viewer": "nothing", "colleague": "nothing", "neighbour": "nothing", "outsider": "nothing"}');

update dashboard.dashboard set visibility = 'workspace' where id = test.id('401');
select test.matrix('workspace', '{"analyst": "manage", "admin": "manage", "super": "manage",
    "viewer": "view", "colleague": "edit", "neighbour": "nothing", "outsider": "nothing"}');

update dashboard.dashboard set visibility = 'org' where id = test.id('401');
select test.matrix('org', '{"analyst": "manage", "admin": "manage", "super": "manage",
    "viewer": "view", "colleague": "edit", "neighbour": "view", "outsider": "nothing"}');

-- Shares -----------------------------------------------------------------------------------------

update dashboard.dashboard set visibility = 'private' where id = test.id('401');
create function test.share(who text, role text, permission text, expires timestamptz default null)
returns void
language sql
as $share$
    insert into dashboard.dashboard_share
        (organisation_id, dashboard_id, user_id, role, permission, expires_at)
    values (test.id('001'), test.id('401'), test.user_id(who)::uuid, role, permission, expires)
$share$;

select test.share('viewer', null, 'edit');
select test.share('neighbour', null, 'manage');
select test.matrix('shared with users', '{"viewer": "edit", "neighbour": "manage",
    "colleague": "nothing", "outsider": "nothing"}');
delete from dashboard.dashboard_share;
select test.matrix('no longer shared', '{"viewer": "nothing", "neighbour": "nothing"}');

select test.share(null, 'analyst', 'view');
select test.matrix('shared with the role analyst', '{"colleague": "view", "viewer": "nothing",
    "neighbour": "nothing", "analyst": "manage"}');
select test.share('colleague', null, 'edit');
select test.matrix('shared twice, the higher counts', '{"colleague": "edit"}');
delete from dashboard.dashboard_share;

select test.share('viewer', null, 'manage', now() - interval '1 second');
select test.share('colleague', null, 'view', now() + interval '1 hour');
select test.matrix('with an end', '{"viewer": "nothing", "colleague": "view"}');
delete from dashboard.dashboard_share;

-- Facilities -------------------------------------------------------------------------------------

update dashboard.dashboard set visibility = 'workspace', facility_id = test.id('302')
where id = test.id('401');
select test.matrix('of a facility',
                   '{"analyst": "manage", "viewer": "nothing", "colleague": "nothing",
    "admin": "manage", "super": "manage"}');
select test.share('viewer', null, 'edit');
select test.matrix('of a facility, shared', '{"viewer": "nothing"}');
delete from dashboard.dashboard_share;
delete from dashboard.facility_grant where user_id = test.id('102');
select test.matrix('of a facility taken from the owner', '{"analyst": "nothing"}');
update dashboard.dashboard set facility_id = test.id('301') where id = test.id('401');
select test.matrix('of another facility', '{"viewer": "view"}');
update dashboard.dashboard set facility_id = null where id = test.id('401');

-- Memberships ------------------------------------------------------------------------------------

update dashboard.membership set role = 'viewer' where user_id = test.id('102');
select test.matrix('owner become viewer', '{"analyst": "view"}');
delete from dashboard.membership where user_id = test.id('102');
select test.matrix('owner who left the workspace', '{"analyst": "nothing"}');
delete from dashboard.membership where user_id = test.id('106');
select test.matrix('no longer super_admin', '{"super": "nothing"}');
update dashboard.user_account set disabled_at = now() where id = test.id('101');
select is((test.call('get_dashboard', 'admin', test.at('401'))).status, 401,
          'a disabled user is nobody');

-- What editing is not enough for ------------------------------------------------------------------

select is(test.outcome(test.call('patch_dashboard', 'colleague', test.at('401'), b::jsonb,
                                 test.tags('if_match'))),
          '403 FORBIDDEN', format('who may edit may not set %s', b))
from unnest(array['{"visibility": "private"}', '{"is_default": true}',
                  '{"facility_id": "00000000-0000-4000-8000-000000000301"}']) as b;
select is((test.call('patch_dashboard', 'colleague', test.at('401'),
                     '{"name": "x", "visibility": "workspace"}',
                     test.tags('if_match'))).status,
          200, 'who may edit may repeat what is so already');

select * from finish();
rollback;
