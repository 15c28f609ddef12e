-- Verify dashboard:permissions on pg

begin;

select role, permission from dashboard.role_permission where false;

do $verify$
begin
    assert exists (select from dashboard.role_permission where permission = 'dashboard:read');
end
$verify$;

rollback;
