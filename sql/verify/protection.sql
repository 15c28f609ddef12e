-- Verify dashboard:protection on pg

begin;

select name, facility_column, organisation_column, organisation
from dashboard.protected_relation where false;
select relation, column_name, tag, rule from dashboard.column_tag where false;

do $verify$
begin
    assert not has_schema_privilege('dashboard_query', 'data_private', 'usage');
    assert not has_schema_privilege('dashboard_app', 'data_private', 'usage');
end
$verify$;

rollback;
