-- Verify dashboard:functions/audit_verify on pg

begin;

select 'dashboard.audit_heads(uuid)'::regprocedure;
select 'dashboard.audit_verify(uuid)'::regprocedure;
select 'dashboard.audit_check_heads(text)'::regprocedure;
select 'dashboard.audit_detach(date)'::regprocedure;

rollback;
