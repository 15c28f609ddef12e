-- Verify dashboard:functions/permissions on pg

begin;

select 'dashboard.may(text, text)'::regprocedure;
select 'dashboard.role_at(integer)'::regprocedure;
select 'dashboard.access_for(text)'::regprocedure;
select 'dashboard.write_access_permissions()'::regprocedure;
select access, permissions from dashboard.access_permissions where false;
select 'dashboard.permissions_text(integer)'::regprocedure;
select 'api.list_permissions(jsonb, jsonb)'::regprocedure;

rollback;
