-- Revert dashboard:functions/dashboard_shares from pg

begin;
set local role dashboard_owner;

drop function api.transfer_dashboard(jsonb, jsonb);
drop function dashboard.owner_issue(dashboard.dashboard, uuid);
drop function api.unshare_dashboard_role(jsonb, jsonb);
drop function api.unshare_dashboard(jsonb, jsonb);
drop function dashboard.unshare(jsonb, uuid, text);
drop function api.share_dashboard(jsonb, jsonb);
drop function api.list_dashboard_shares(jsonb, jsonb);
drop function dashboard.share_issues(dashboard.caller, jsonb);
drop function dashboard.finish_share(dashboard.caller, jsonb, text, dashboard.dashboard,
    dashboard.dashboard_share, dashboard.dashboard_share);
drop function dashboard.share_members(dashboard.dashboard_share);
drop function dashboard.share_json(dashboard.dashboard_share);

commit;
