-- Revert dashboard:functions/widgets from pg

begin;
set local role dashboard_owner;

drop function api.delete_widget(jsonb, jsonb);
drop function api.put_widget(jsonb, jsonb);
drop function api.patch_widget(jsonb, jsonb);
drop function api.create_widget(jsonb, jsonb);
drop function api.get_widget(jsonb, jsonb);
drop function api.list_dashboard_widgets(jsonb, jsonb);
drop function dashboard.change_widget(dashboard.caller, jsonb, dashboard.widget_target, jsonb);
drop function dashboard.update_widget(dashboard.caller, jsonb, dashboard.widget_target, jsonb);
drop function dashboard.insert_widget(dashboard.caller, jsonb, uuid, jsonb);
drop function dashboard.widgets_limit();
drop function dashboard.finish_widget(dashboard.caller, jsonb, text, dashboard.widget, text, jsonb);
drop function dashboard.show_widget(dashboard.caller, dashboard.widget, uuid, text, integer);
drop function dashboard.widget_gate(dashboard.caller, jsonb, text, dashboard.widget_target, text,
    boolean);
drop function dashboard.widget_conflict(dashboard.caller, jsonb, text, dashboard.widget_target);
drop function dashboard.find_widget(dashboard.caller, uuid);
drop type dashboard.widget_target;

commit;
