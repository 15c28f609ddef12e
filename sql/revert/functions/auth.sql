-- Revert dashboard:functions/auth from pg

begin;
set local role dashboard_owner;

drop function api.reset_password(jsonb, jsonb);
drop function api.forgot_password(jsonb, jsonb);
drop function api.logout(jsonb, jsonb);
drop function api.refresh(jsonb, jsonb);
drop function api.login(jsonb, jsonb);
drop function dashboard.end_sessions(dashboard.caller, jsonb, uuid, text, uuid[]);
drop function dashboard.add_refresh_token(dashboard.session);
drop function dashboard.session_answer(jsonb, dashboard.session, text, text);
drop function dashboard.nobody_in(uuid);
drop function dashboard.caller_of(dashboard.user_account);
drop function dashboard.given_address(jsonb);
drop function dashboard.whose_reset(bytea);
drop function dashboard.whose_refresh_token(bytea);
drop function dashboard.users_with_address(text, text);
drop function dashboard.token_hash(text);
drop function dashboard.new_token();
drop function dashboard.set_password(uuid, text);
drop function dashboard.is_password(text, text);
drop function dashboard.new_salt();
drop function dashboard.password_digest(text);

commit;
