-- All functions of the schemas: checked, owned, and callable by whom they should be.

begin;
\ir lib/helpers.sql
select no_plan();

select is(
    array(
        select p.oid::regprocedure || ': ' || line
        from pg_proc as p
        join pg_language as l on l.oid = p.prolang
        cross join lateral plpgsql_check_function(
            p.oid::regprocedure,
            case when p.prorettype = 'trigger'::regtype
                 then (select t.tgrelid from pg_trigger as t where t.tgfoid = p.oid limit 1)
                 else 0 end::oid::regclass,
            extra_warnings => false, performance_warnings => false) as line
        where l.lanname = 'plpgsql'
          and p.pronamespace in ('dashboard'::regnamespace, 'api'::regnamespace)
          -- Its one statement is put together at run time; t/sql/list.sql runs all its forms.
          and p.oid <> 'dashboard.list(dashboard.caller, jsonb, uuid)'::regprocedure),
    '{}', 'plpgsql_check finds nothing');

select is(
    array(select p.oid::regprocedure::text from pg_proc as p
          where p.pronamespace in ('dashboard'::regnamespace, 'api'::regnamespace)
            and pg_get_userbyid(p.proowner) <> 'dashboard_owner'
            and not (p.pronamespace = 'dashboard'::regnamespace
                     and pg_get_userbyid(p.proowner) = 'dashboard_identity')),
    '{}', 'dashboard_owner owns every function but those of dashboard_identity');
select is(
    array(select p.oid::regprocedure::text from pg_proc as p
          where pg_get_userbyid(p.proowner) = 'dashboard_identity'
            and (not p.prosecdef
                 or exists (select from aclexplode(p.proacl) as a
                            where a.grantee not in ('dashboard_identity'::regrole,
                                                    'dashboard_owner'::regrole)))),
    '{}', 'dashboard_identity''s are SECURITY DEFINER, for dashboard_owner to call and nobody else');
select is(
    array(select p.oid::regprocedure::text from pg_proc as p
          where p.pronamespace = 'api'::regnamespace
            and p.proname <> 'enter_query'
            and not (p.prosecdef and p.proconfig @> array['search_path=pg_catalog, pg_temp'])),
    '{}', 'every operation is SECURITY DEFINER with a fixed search_path');
select is(
    array(select p.oid::regprocedure::text from pg_proc as p
          where p.pronamespace = 'dashboard'::regnamespace and p.prosecdef
            and pg_get_userbyid(p.proowner) <> 'dashboard_identity'),
    '{}', 'nothing else is SECURITY DEFINER');
select is(
    array(select p.oid::regprocedure::text from pg_proc as p
          where p.pronamespace = 'api'::regnamespace
            and not has_function_privilege('dashboard_app', p.oid, 'execute')),
    '{}', 'dashboard_app may call every operation');
select is(
    array(select p.oid::regprocedure::text from pg_proc as p
          where p.pronamespace in ('dashboard'::regnamespace, 'api'::regnamespace)
            and has_function_privilege('dashboard_query', p.oid, 'execute')),
    '{}', 'dashboard_query may call none of our functions');
select is(
    array(select p.oid::regprocedure::text from pg_proc as p
          where p.pronamespace = 'dashboard'::regnamespace
            and has_function_privilege('dashboard_app', p.oid, 'execute')),
    '{}', 'dashboard_app may call nothing behind the operations');

select set_eq(
    $$ select p.proname::text from pg_proc as p where p.pronamespace = 'api'::regnamespace $$,
    array['enter_query', 'health_ready',
          'list_dashboards', 'create_dashboard', 'get_dashboard', 'put_dashboard',
              'patch_dashboard',
          'delete_dashboard', 'restore_dashboard', 'publish_dashboard', 'unpublish_dashboard',
          'list_dashboard_versions', 'get_dashboard_version', 'restore_dashboard_version',
          'clone_dashboard', 'clone_user_dashboard', 'list_dashboard_widgets', 'create_widget',
          'get_widget', 'put_widget', 'patch_widget', 'delete_widget', 'query_widgets',
          'query_widgets_batch', 'get_dashboard_data', 'get_widget_data',
          'login', 'refresh', 'logout', 'forgot_password', 'reset_password',
          'list_user_sessions', 'revoke_user_sessions',
          'list_api_keys', 'create_api_key', 'get_api_key', 'rotate_api_key', 'delete_api_key',
          'lookup_api_key',
          'list_permissions', 'list_dashboard_shares', 'share_dashboard', 'unshare_dashboard',
          'unshare_dashboard_role', 'transfer_dashboard', 'create_public_link',
          'list_public_links', 'delete_public_link', 'get_public_dashboard',
          'get_public_dashboard_data', 'list_user_dashboards', 'get_preferences',
          'put_preferences',
          'list_audit', 'verify_audit'],
    'api has the operations of the document and nothing else');

select is((test.call('health_ready', 'nobody')).body, '{"data":{"status":"ready"}}',
          'health_ready needs no identity');

-- 401 comes first -----------------------------------------------------------------------------

create function test.every_operation() returns setof text
language sql
as $every_operation$
    select p.proname::text from pg_proc as p
    where p.pronamespace = 'api'::regnamespace
      and p.proname not in ('enter_query', 'health_ready',
                            -- take no identity: they make one
                            'login', 'refresh', 'forgot_password', 'reset_password',
                            -- or know the reader by a public link
                            'get_public_dashboard', 'get_public_dashboard_data')
    order by 1
$every_operation$;

select is(test.outcome(test.call(o, who, test.at('401') || '{"version": 1}', '{"name": "x"}')),
          '401 UNAUTHENTICATED', format('%s refuses %s', o, who))
from test.every_operation() as o,
     unnest(array['nobody', 'disabled', '', '00000000-0000-4000-8000-000000000102 ']) as who;
select is(test.outcome(test.call('get_dashboard', 'analyst', test.at('401'),
                                 extra => '{"issuer": "https://elsewhere.example"}')),
          '401 UNAUTHENTICATED', 'a subject counts with its issuer only');

select * from finish();
rollback;
