-- Verify dashboard:functions/widgets on pg

begin;

select 'dashboard.find_widget(dashboard.caller, uuid)'::regprocedure,
       'dashboard.widget_conflict(dashboard.caller, jsonb, text, dashboard.widget_target)'::regprocedure,
       'dashboard.widget_gate(dashboard.caller, jsonb, text, dashboard.widget_target, boolean)'::regprocedure,
       'dashboard.show_widget(dashboard.caller, dashboard.widget, uuid, text, integer)'::regprocedure,
       'dashboard.finish_widget(dashboard.caller, jsonb, text, dashboard.widget, text, jsonb)'::regprocedure,
       'dashboard.widgets_limit()'::regprocedure,
       'dashboard.insert_widget(dashboard.caller, jsonb, uuid, jsonb)'::regprocedure,
       'dashboard.update_widget(dashboard.caller, jsonb, dashboard.widget_target, jsonb)'::regprocedure,
       'dashboard.change_widget(dashboard.caller, jsonb, dashboard.widget_target, jsonb)'::regprocedure,
       'api.list_dashboard_widgets(jsonb, jsonb)'::regprocedure,
       'api.get_widget(jsonb, jsonb)'::regprocedure,
       'api.create_widget(jsonb, jsonb)'::regprocedure,
       'api.patch_widget(jsonb, jsonb)'::regprocedure,
       'api.put_widget(jsonb, jsonb)'::regprocedure,
       'api.delete_widget(jsonb, jsonb)'::regprocedure;
select null::dashboard.widget_target;

rollback;
