-- Deploy dashboard:functions/audit_verify to pg
-- requires: audit_chain functions/record
--
-- For operators, as a superuser in psql: does the audit trail still tell what was written into it,
-- and how to take off what is older than it must be kept.
--
-- Whoever can write every table can also write a chain anew, heads and all. What finds that is a copy
-- of the heads kept where they cannot reach it: audit_check_heads compares.

begin;
set local role dashboard_owner;

-- The heads of the lanes that have links, of one organisation or of all, as lines to be kept
-- elsewhere: '<organisation> <lane> <sequence> <hash in hex>'.
create function dashboard.audit_heads(organisation uuid default null) returns setof text
language sql stable
as $audit_heads$
    select format('%s %s %s %s', h.organisation_id, h.lane, h.sequence, encode(h.hash, 'hex'))
    from dashboard.audit_head as h
    where (organisation is null or h.organisation_id = organisation) and h.sequence > 0
    order by h.organisation_id, h.lane
$audit_heads$;

-- What is wrong with the audit trail of one organisation, or of all: no row when it is whole. For
-- every lane the first row that is not as it was made:
--   altered   the row, or the hash of the row before
--   inserted  a row with a sequence that the row before has already
--   missing   rows before this one; without audit_id, at the end: those that the head still counts,
--             or the head itself
--   broken    without audit_id: the head is not the last row's
-- Rows that audit_detach took off are not missed. One statement, so that it sees every transaction
-- as a whole; who is under row-level security learns of what they see.
create function dashboard.audit_verify(organisation uuid default null)
returns table (organisation_id uuid, lane integer, sequence bigint, audit_id bigint, problem text)
language sql stable
as $audit_verify$
    with checked as (
        select a.organisation_id, a.lane, a.sequence, a.id, a.hash,
               lead(a.sequence) over along is null as last,
               case
                   when a.sequence <= coalesce(lag(a.sequence) over along, a.sequence - 1)
                       then 'inserted'
                   when a.sequence > coalesce(lag(a.sequence) over along, c.sequence, 0) + 1
                       then 'missing'
                   when a.hash <> dashboard.audit_hash(coalesce(lag(a.hash) over along, c.hash, ''),
                                                       a.sequence, a)
                       then 'altered'
               end as problem
        from dashboard.audit as a
        -- For the first row that is left of a lane.
        left join dashboard.audit_checkpoint as c
               on (c.organisation_id, c.lane, c.sequence)
                  = (a.organisation_id, a.lane, a.sequence - 1)
        where organisation is null or a.organisation_id = organisation
        window along as (partition by a.organisation_id, a.lane order by a.sequence, a.created_at)
    ),
    -- Every lane that has a head or should have one, beside the last row that is left of it, or else
    -- the last that was detached.
    ended as (
        select organisation_id, lane, h.sequence, null::bigint,
               case
                   when h.hash is null or h.sequence > coalesce(e.sequence, d.sequence, 0)
                       then 'missing'
                   when (h.sequence, h.hash) is distinct from
                        (coalesce(e.sequence, d.sequence, 0), coalesce(e.hash, d.hash, ''))
                       then 'broken'
               end
        from (select o.id, n.lane
              from dashboard.organisation as o
              cross join generate_series(0, 31) as n (lane)) as o (organisation_id, lane)
        full join dashboard.audit_head as h using (organisation_id, lane)
        left join (select * from checked where last) as e using (organisation_id, lane)
        left join (select distinct on (c.organisation_id, c.lane) c.*
                   from dashboard.audit_checkpoint as c
                   order by c.organisation_id, c.lane, c.before desc) as d
               using (organisation_id, lane)
        where organisation is null or organisation_id = organisation
    )
    select distinct on (p.organisation_id, p.lane) p.*
    from (select c.organisation_id, c.lane, c.sequence, c.id, c.problem from checked as c
          union all
          select * from ended) as p
         (organisation_id, lane, sequence, audit_id, problem)
    where p.problem is not null
    order by p.organisation_id, p.lane, p.audit_id is null, p.sequence
$audit_verify$;

-- Which of the heads that were kept, lines of audit_heads, are not in the chain any more: somebody
-- wrote it anew. What has been detached since cannot be told and is no problem.
create function dashboard.audit_check_heads(kept text)
returns table (organisation_id uuid, lane integer, sequence bigint, problem text)
language plpgsql stable
as $audit_check_heads$
declare
    line text;
begin
    for line in select l from regexp_split_to_table(kept, E'\n') as l loop
        if line !~ '^\s*([0-9a-f-]{36} \d{1,2} \d{1,18} [0-9a-f]{64})?\s*$' then
            raise exception 'not a line of audit_heads: %', line
                using errcode = 'invalid_text_representation';
        end if;
    end loop;
    return query
        select k.organisation_id, k.lane, k.sequence,
               case when a.id is null then 'missing' else 'rewritten' end
        from (select f[1]::uuid as organisation_id, f[2]::integer as lane,
                     f[3]::bigint as sequence, decode(f[4], 'hex') as hash
              from regexp_matches(kept, '(\S{36}) (\d+) (\d+) (\S{64})', 'g') as f) as k
        left join dashboard.audit as a
               on (a.organisation_id, a.lane, a.sequence) = (k.organisation_id, k.lane, k.sequence)
        where a.hash is distinct from k.hash
          and not (a.id is null
                   and exists (select from dashboard.audit_checkpoint as c
                               where (c.organisation_id, c.lane) = (k.organisation_id, k.lane)
                                 and (c.sequence > k.sequence
                                      or (c.sequence, c.hash) = (k.sequence, k.hash))))
        order by 1, 2;
end
$audit_check_heads$;

-- Takes the partitions off whose rows are all older than the first of a month (in UTC), and returns
-- their names: tables of their own from then on, to be archived and dropped. Checkpoints keep what
-- the rest of the chain begins with, and each organisation's own trail tells what was detached. For
-- superusers, whom row-level security leaves alone; anybody else is refused. What does not get its
-- lock within 5 seconds fails as a whole.
create function dashboard.audit_detach(before date) returns setof text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set row_security = off
set lock_timeout = '5s'
set timezone = 'UTC'
as $audit_detach$
declare
    bound  timestamptz := before;
    gone   dashboard.audit_checkpoint[];
    name   text;
    newest timestamptz;
    oldest timestamptz;
    nobody dashboard.caller;
    lanes  jsonb;
begin
    -- A day, so that nothing from before is still being written.
    if before is null or before <> date_trunc('month', before) or bound > now() - interval '1 day' then
        raise exception 'before must be the first of a month that began a day ago or earlier, not %',
                        before
            using errcode = 'invalid_parameter_value';
    end if;

    with added as (
        insert into dashboard.audit_checkpoint (organisation_id, lane, sequence, hash, before)
        select distinct on (a.organisation_id, a.lane)
               a.organisation_id, a.lane, a.sequence, a.hash, bound
        from dashboard.audit as a
        where a.created_at < bound
        order by a.organisation_id, a.lane, a.sequence desc
        returning *)
    select array_agg(row(a.*)::dashboard.audit_checkpoint) into gone from added as a;
    -- Along a lane time passes as sequence does, unless the server's clock was set back.
    if exists (select from unnest(gone) as g
               join dashboard.audit as a on (a.organisation_id, a.lane) = (g.organisation_id, g.lane)
               where a.created_at >= bound and a.sequence < g.sequence) then
        raise exception 'the clock was set back across %: the rows hang together', before
            using errcode = 'object_in_use', hint = 'Detach another month with it.';
    end if;

    for name in
        select c.relname
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'dashboard.audit'::regclass
          and substring(c.relname from '^audit_(\d{4}_\d{2})$') < to_char(bound, 'YYYY_MM')
        order by c.relname
    loop
        execute format('alter table dashboard.audit detach partition dashboard.%I', name);
        return next 'dashboard.' || name;
    end loop;

    select min(a.created_at), max(a.created_at) into oldest, newest from dashboard.audit_default as a;
    if newest < bound then
        name := to_char(newest, '"audit_until_"YYYY_MM');
        alter table dashboard.audit detach partition dashboard.audit_default;
        execute format('alter table dashboard.audit_default rename to %I', name);
        create table dashboard.audit_default partition of dashboard.audit default;
        alter table dashboard.audit_default owner to dashboard_owner;
        perform dashboard.make_append_only('dashboard.audit_default');
        return next 'dashboard.' || name;
    elsif oldest < bound then
        raise exception 'dashboard.audit_default holds rows from % to %', oldest, newest
            using errcode = 'object_in_use', hint = 'Detach from the month after its newest row.';
    end if;

    for nobody.organisation_id, lanes in
        select g.organisation_id,
               jsonb_agg(jsonb_build_object('lane', g.lane, 'sequence', g.sequence,
                                            'hash', encode(g.hash, 'hex')) order by g.lane)
        from unnest(gone) as g
        group by g.organisation_id
        order by g.organisation_id
    loop
        perform dashboard.audit(
            nobody, jsonb_build_object('operation', 'audit_detach'), 'detach', 'audit', null, null,
            null, '[]', 'success',
            jsonb_build_object('before', dashboard.rfc3339(bound), 'by', session_user,
                               'lanes', lanes));
    end loop;
end
$audit_detach$;

commit;
