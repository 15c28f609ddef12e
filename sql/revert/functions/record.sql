-- Revert dashboard:functions/record from pg

begin;
set local role dashboard_owner;

drop function dashboard.conflict(dashboard.caller, jsonb, text, text, uuid, uuid, text, bigint,
    json, json);
drop function dashboard.forbidden(dashboard.caller, jsonb, text, text, uuid, uuid, text);
drop function dashboard.announce(dashboard.caller, uuid, text, text[], jsonb);
drop function dashboard.audit(dashboard.caller, jsonb, text, text, uuid, uuid, bigint, jsonb, text,
                              jsonb);
drop function dashboard.client_address(jsonb);
drop function dashboard.save_version(dashboard.dashboard, text, uuid);

commit;
