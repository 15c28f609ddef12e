-- Verify dashboard:functions/support on pg

begin;

select 'dashboard.rfc3339(timestamptz)'::regprocedure;
select 'dashboard.etag(bigint)'::regprocedure;
select 'dashboard.merge_patch(jsonb, jsonb)'::regprocedure;
select 'dashboard.pointer(text)'::regprocedure;
select 'dashboard.changes(jsonb, jsonb, text)'::regprocedure;
select 'dashboard.document_changes(jsonb, jsonb)'::regprocedure;
select 'dashboard.failure(integer, text, text)'::regprocedure;
select 'dashboard.unauthenticated()'::regprocedure;
select 'dashboard.not_found(text)'::regprocedure;
select 'dashboard.precondition_required()'::regprocedure;
select 'dashboard.already_exists(text)'::regprocedure;
select 'dashboard.issue(text, text)'::regprocedure;
select 'dashboard.invalid(jsonb)'::regprocedure;
select 'dashboard.invalid(text, text)'::regprocedure;
select 'dashboard.names_version(jsonb, bigint)'::regprocedure;
select 'dashboard.has_condition(jsonb, text)'::regprocedure;
select 'dashboard.complete(jsonb, jsonb)'::regprocedure;
select 'dashboard.cursor_text(text, text[])'::regprocedure;
select 'dashboard.cursor_place(text, text)'::regprocedure;

rollback;
