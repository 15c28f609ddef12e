-- Revert dashboard:functions/support from pg

begin;
set local role dashboard_owner;

drop function dashboard.cursor_place(text, text);
drop function dashboard.cursor_text(text, text[]);
drop function dashboard.complete(jsonb, jsonb);
drop function dashboard.has_condition(jsonb, text);
drop function dashboard.names_version(jsonb, bigint);
drop function dashboard.invalid(text, text);
drop function dashboard.invalid(jsonb);
drop function dashboard.issue(text, text);
drop function dashboard.already_exists(text);
drop function dashboard.precondition_required();
drop function dashboard.not_found(text);
drop function dashboard.unauthenticated();
drop function dashboard.failure(integer, text, text);
drop function dashboard.document_changes(jsonb, jsonb);
drop function dashboard.changes(jsonb, jsonb, text);
drop function dashboard.pointer(text);
drop function dashboard.merge_patch(jsonb, jsonb);
drop function dashboard.etag(bigint);
drop function dashboard.rfc3339(timestamptz);

commit;
