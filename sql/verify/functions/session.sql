-- Verify dashboard:functions/session on pg

begin;

do $verify$
begin
    assert (api.health_ready('{}', null)).status = 200;
    assert has_function_privilege('dashboard_app', 'api.enter_query(integer, text, text)', 'execute');
    assert not has_function_privilege('public', 'api.enter_query(integer, text, text)', 'execute');
end
$verify$;

rollback;
