-- Verify dashboard:functions/support on pg

begin;

select 'dashboard.rfc3339(timestamptz)'::regprocedure,
       'dashboard.etag(bigint)'::regprocedure,
       'dashboard.merge_patch(jsonb, jsonb)'::regprocedure,
       'dashboard.pointer(text)'::regprocedure,
       'dashboard.changes(jsonb, jsonb, text)'::regprocedure,
       'dashboard.document_changes(jsonb, jsonb)'::regprocedure,
       'dashboard.failure(integer, text, text)'::regprocedure,
       'dashboard.unauthenticated()'::regprocedure,
       'dashboard.not_found(text)'::regprocedure,
       'dashboard.precondition_required()'::regprocedure,
       'dashboard.already_exists(text)'::regprocedure,
       'dashboard.issue(text, text)'::regprocedure,
       'dashboard.invalid(jsonb)'::regprocedure,
       'dashboard.invalid(text, text)'::regprocedure,
       'dashboard.names_version(jsonb, bigint)'::regprocedure,
       'dashboard.has_condition(jsonb, text)'::regprocedure,
       'dashboard.complete(jsonb, jsonb)'::regprocedure,
       'dashboard.cursor_text(text, text[])'::regprocedure,
       'dashboard.cursor_place(text, text)'::regprocedure;

rollback;
