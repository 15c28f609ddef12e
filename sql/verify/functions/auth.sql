-- Verify dashboard:functions/auth on pg

begin;

do $verify$
begin
    assert dashboard.is_password('password', null) is false;
    assert octet_length(dashboard.token_hash(dashboard.new_token())) = 32;
end
$verify$;

select 'api.login(jsonb, jsonb)'::regprocedure;
select 'api.refresh(jsonb, jsonb)'::regprocedure;
select 'api.logout(jsonb, jsonb)'::regprocedure;
select 'api.forgot_password(jsonb, jsonb)'::regprocedure;
select 'api.reset_password(jsonb, jsonb)'::regprocedure;
select 'dashboard.set_password(uuid, text)'::regprocedure;
select 'dashboard.users_with_address(text, text)'::regprocedure;
select 'dashboard.whose_refresh_token(bytea)'::regprocedure;
select 'dashboard.whose_reset(bytea)'::regprocedure;
select 'dashboard.end_sessions(dashboard.caller, jsonb, uuid, text, uuid[])'::regprocedure;

rollback;
