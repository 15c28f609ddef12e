-- Verify dashboard:schemas on pg

begin;

select null::api.answer;

do $verify$
begin
    assert has_schema_privilege('dashboard_app', 'api', 'usage');
    assert not has_schema_privilege('dashboard_app', 'dashboard', 'usage');
    assert not has_schema_privilege('dashboard_app', 'data', 'usage');
    assert has_schema_privilege('dashboard_query', 'data', 'usage');
    assert not has_schema_privilege('dashboard_query', 'dashboard', 'usage');
    assert not has_schema_privilege('dashboard_query', 'api', 'usage');
end
$verify$;

rollback;
