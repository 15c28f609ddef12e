-- Verifies the audit trail of all organisations, as a superuser:
--
--     psql -X -q -d <database> -f sql/audit_verify.sql > heads
--     HEADS=heads psql -X -q -d <database> -f sql/audit_verify.sql > heads.new
--
-- Whole: prints the heads of its lanes, to be kept where nobody who may write the database can reach
-- them, and exits 0. Otherwise: says on standard error what is wrong, the first place in every lane,
-- and exits 3. With HEADS, the file of an earlier time, it also finds a trail that was written anew.

\set ON_ERROR_STOP on
\set kept ''
\getenv file HEADS
\if :{?file}
    \set kept `cat -- "$HEADS"`
    select :'kept' = '' as unread \gset
    \if :unread
        do $$ begin raise exception 'the file that HEADS names cannot be read or is empty'; end $$;
    \endif
\endif
\pset format unaligned
\pset tuples_only on

-- Whoever does not see all rows fails, instead of finding nothing wrong with those they see.
set row_security = off;

-- One moment for all of it.
begin isolation level repeatable read read only;

select coalesce(string_agg(concat_ws(' ', v.problem || ':', 'organisation', v.organisation_id, 'lane',
                                     v.lane, 'sequence ' || v.sequence, 'row ' || v.audit_id),
                           E'\n' order by v.organisation_id, v.lane), '') as problems,
       count(*) > 0 as broken
from dashboard.audit_verify() as v \gset
select coalesce(string_agg(concat_ws(' ', 'head', c.problem || ':', 'organisation',
                                     c.organisation_id, 'lane', c.lane, 'sequence', c.sequence),
                           E'\n' order by c.organisation_id, c.lane), '') as lost,
       count(*) > 0 as rewritten
from dashboard.audit_check_heads(:'kept') as c \gset
select format('%s audit rows', count(*))
       || coalesce(', those before ' || max(c.before) || ' were detached', '') as size
from dashboard.audit
cross join (select dashboard.rfc3339(max(c.before)) from dashboard.audit_checkpoint as c) as c (before)
group by c.before \gset

\if :broken
    \warn :problems
\endif
\if :rewritten
    \warn :lost
\endif
select :'broken'::boolean or :'rewritten'::boolean as bad \gset
\if :bad
    do $$ begin raise exception 'the audit trail is not as it was written'; end $$;
\endif
\if :{?size}
    \warn The audit trail is whole: :size
\endif
select * from dashboard.audit_heads();

commit;
