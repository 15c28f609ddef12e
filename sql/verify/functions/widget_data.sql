-- Verify dashboard:functions/widget_data on pg

begin;

select 'dashboard.timezone_known(text)'::regprocedure;
select 'dashboard.filters_object(jsonb)'::regprocedure;
select 'dashboard.plan_entries(dashboard.caller, jsonb, jsonb, timestamptz, '
       'timestamptz, jsonb, text)'::regprocedure;
select 'dashboard.plan(dashboard.caller, jsonb, jsonb, jsonb, text)'::regprocedure;
select 'dashboard.read_asked(jsonb)'::regprocedure;
select 'dashboard.plan_list(jsonb, jsonb, jsonb, text, text)'::regprocedure;
select 'api.query_widgets(jsonb, jsonb)'::regprocedure;
select 'api.query_widgets_batch(jsonb, jsonb)'::regprocedure;
select 'dashboard.plan_dashboard(dashboard.caller, jsonb, uuid)'::regprocedure;
select 'api.get_dashboard_data(jsonb, jsonb)'::regprocedure;
select 'api.get_widget_data(jsonb, jsonb)'::regprocedure;

rollback;
