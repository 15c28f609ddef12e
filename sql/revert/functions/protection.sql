-- Revert dashboard:functions/protection from pg
--
-- Unprotect and untag everything in schema data first: policies and views there use these functions,
-- and are not to go unnoticed.

begin;
set local role dashboard_owner;

drop trigger relations on dashboard.query;
drop function dashboard.data_context(dashboard.caller, text, name[]);
drop function dashboard.note_relations();
drop function dashboard.relations_read(text);
drop function dashboard.untag_column(regclass, name);
drop function dashboard.tag_column(regclass, name, text, text);
drop function dashboard.unprotect(regclass);
drop function dashboard.unprotect_rows(name, regclass);
drop function dashboard.protect(regclass, name, name);
drop function dashboard.place_view(name);
drop function dashboard.masked_column(name, text, text);
drop function dashboard.row_filter(dashboard.protected_relation, regclass);
drop function dashboard.column_type(regclass, name);
drop function dashboard.protectable(regclass);
drop function data_private.mask_last_four(text);
drop function data_private.mask_hash(text);
drop function data_private.facilities();
drop function data_private.pii_allowed();
drop function data_private.organisation();
drop function data_private.in_query();
drop function data_private.context();

commit;
