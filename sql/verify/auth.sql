-- Verify dashboard:auth on pg

begin;

select name, value from dashboard.setting where false;
select organisation_id, user_id, hash from dashboard.password where false;
select id, organisation_id, user_id, address, created_at, refreshed_at, expires_at, ended_at,
       ended_by
from dashboard.session where false;
select hash, organisation_id, session_id, created_at, used_at
from dashboard.refresh_token where false;
select hash, organisation_id, user_id, created_at, expires_at, used_at
from dashboard.password_reset where false;
select id, organisation_id, user_id, kind, recipient, payload, created_at, expires_at, sent_at
from dashboard.outbox where false;

do $verify$
begin
    assert exists (select from dashboard.setting where name = 'password_cost');
end
$verify$;

rollback;
