-- Verify dashboard:functions/widgets on pg

begin;

select 'dashboard.find_widget(dashboard.caller, uuid)'::regprocedure;
select 'dashboard.widget_conflict(dashboard.caller, jsonb, text, '
       'dashboard.widget_target)'::regprocedure;
select 'dashboard.widget_gate(dashboard.caller, jsonb, text, dashboard.widget_target, '
       'text, boolean)'::regprocedure;
select 'dashboard.show_widget(dashboard.caller, dashboard.widget, uuid, text, '
       'integer)'::regprocedure;
select 'dashboard.finish_widget(dashboard.caller, jsonb, text, dashboard.widget, text, '
       'jsonb)'::regprocedure;
select 'dashboard.widgets_limit()'::regprocedure;
select 'dashboard.insert_widget(dashboard.caller, jsonb, uuid, jsonb)'::regprocedure;
select 'dashboard.update_widget(dashboard.caller, jsonb, dashboard.widget_target, '
       'jsonb)'::regprocedure;
select 'dashboard.change_widget(dashboard.caller, jsonb, dashboard.widget_target, '
       'jsonb)'::regprocedure;
select 'api.list_dashboard_widgets(jsonb, jsonb)'::regprocedure;
select 'api.get_widget(jsonb, jsonb)'::regprocedure;
select 'api.create_widget(jsonb, jsonb)'::regprocedure;
select 'api.patch_widget(jsonb, jsonb)'::regprocedure;
select 'api.put_widget(jsonb, jsonb)'::regprocedure;
select 'api.delete_widget(jsonb, jsonb)'::regprocedure;
select null::dashboard.widget_target;

rollback;
