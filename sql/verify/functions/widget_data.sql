-- Verify dashboard:functions/widget_data on pg

begin;

select 'dashboard.timezone_known(text)'::regprocedure,
       'dashboard.filters_object(jsonb)'::regprocedure,
       'dashboard.plan_entries(dashboard.caller, jsonb, jsonb, timestamptz, timestamptz, jsonb, text)'::regprocedure,
       'dashboard.plan(dashboard.caller, jsonb, jsonb, jsonb, text)'::regprocedure,
       'dashboard.read_asked(jsonb)'::regprocedure,
       'dashboard.plan_list(jsonb, jsonb, jsonb, text, text)'::regprocedure,
       'api.query_widgets(jsonb, jsonb)'::regprocedure,
       'api.query_widgets_batch(jsonb, jsonb)'::regprocedure,
       'api.get_dashboard_data(jsonb, jsonb)'::regprocedure,
       'api.get_widget_data(jsonb, jsonb)'::regprocedure;

rollback;
