-- Verify dashboard:functions/protection on pg

begin;

select 'dashboard.protect(regclass, name, name)'::regprocedure;
select 'dashboard.unprotect(regclass)'::regprocedure;
select 'dashboard.tag_column(regclass, name, text, text)'::regprocedure;
select 'dashboard.untag_column(regclass, name)'::regprocedure;
select 'dashboard.relations_read(text)'::regprocedure;
select 'dashboard.data_context(dashboard.caller, text, name[])'::regprocedure;
select 'data_private.facilities()'::regprocedure;
select 'data_private.pii_allowed()'::regprocedure;
select 'data_private.mask_hash(text)'::regprocedure;

rollback;
