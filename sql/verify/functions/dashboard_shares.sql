-- Verify dashboard:functions/dashboard_shares on pg

begin;

select 'dashboard.share_json(dashboard.dashboard_share)'::regprocedure;
select 'dashboard.share_members(dashboard.dashboard_share)'::regprocedure;
select 'dashboard.finish_share(dashboard.caller, jsonb, text, dashboard.dashboard, '
       'dashboard.dashboard_share, dashboard.dashboard_share)'::regprocedure;
select 'dashboard.share_issues(dashboard.caller, jsonb)'::regprocedure;
select 'api.list_dashboard_shares(jsonb, jsonb)'::regprocedure;
select 'api.share_dashboard(jsonb, jsonb)'::regprocedure;
select 'dashboard.unshare(jsonb, uuid, text)'::regprocedure;
select 'api.unshare_dashboard(jsonb, jsonb)'::regprocedure;
select 'api.unshare_dashboard_role(jsonb, jsonb)'::regprocedure;
select 'dashboard.owner_issue(dashboard.dashboard, uuid)'::regprocedure;
select 'api.transfer_dashboard(jsonb, jsonb)'::regprocedure;

rollback;
