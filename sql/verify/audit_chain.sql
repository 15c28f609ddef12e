-- Verify dashboard:audit_chain on pg

begin;

select organisation_id, lane, sequence, hash from dashboard.audit_head where false;
select organisation_id, lane, sequence, hash, before, created_at
from dashboard.audit_checkpoint where false;
select 'dashboard.add_audit_lanes()'::regprocedure;
select 'dashboard.take_audit_lane(uuid)'::regprocedure;
select 'dashboard.audit_hash(bytea, bigint, dashboard.audit)'::regprocedure;
select 1 / count(*)
from pg_trigger where tgrelid = 'dashboard.organisation'::regclass and tgname = 'audit_lanes';

rollback;
