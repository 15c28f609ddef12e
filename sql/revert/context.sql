-- Revert dashboard:context from pg

begin;
set local role dashboard_owner;

drop function dashboard.give_to_identity(regprocedure);
drop function dashboard.let_identify(regclass, text[]);
drop function dashboard.protect(regclass, text);
drop function dashboard.enter(uuid, uuid, text);
drop function dashboard.administering();
drop function dashboard.current_user_id();
drop function dashboard.current_organisation();

commit;
