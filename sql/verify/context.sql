-- Verify dashboard:context on pg

begin;

select 'dashboard.current_organisation()'::regprocedure;
select 'dashboard.current_user_id()'::regprocedure;
select 'dashboard.administering()'::regprocedure;
select 'dashboard.enter(uuid, uuid, text)'::regprocedure;
select 'dashboard.protect(regclass, text)'::regprocedure;
select 'dashboard.let_identify(regclass, text[])'::regprocedure;
select 'dashboard.give_to_identity(regprocedure)'::regprocedure;

rollback;
