-- Revert dashboard:functions/widget_data from pg

begin;
set local role dashboard_owner;

drop function api.get_widget_data(jsonb, jsonb);
drop function api.get_dashboard_data(jsonb, jsonb);
drop function dashboard.plan_dashboard(dashboard.caller, jsonb, uuid);
drop function api.query_widgets_batch(jsonb, jsonb);
drop function api.query_widgets(jsonb, jsonb);
drop function dashboard.plan_list(jsonb, jsonb, jsonb, text, text);
drop function dashboard.read_asked(jsonb);
drop function dashboard.plan(dashboard.caller, jsonb, jsonb, jsonb, text);
drop function dashboard.plan_entries(dashboard.caller, jsonb, jsonb, timestamptz, timestamptz,
    jsonb, text);
drop function dashboard.filters_object(jsonb);
drop function dashboard.timezone_known(text);

commit;
