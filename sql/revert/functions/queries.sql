-- Revert dashboard:functions/queries from pg

begin;
set local role dashboard_owner;

drop trigger prepare on dashboard.query;
drop function dashboard.prepare_query();
drop function dashboard.params_issue(jsonb);
drop function dashboard.parameter_text(jsonb, jsonb);
drop function dashboard.timerange(jsonb);
drop function dashboard.time_text(text, text);
drop function dashboard.compile_query(text, jsonb);
drop function dashboard.token_length(text);
drop function dashboard.reserved_cast(text);
drop function dashboard.parameter_cast(text);

commit;
