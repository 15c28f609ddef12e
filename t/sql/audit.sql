-- The audit trail is append-only for everybody, and what a superuser changes past that is found.

begin;
\ir lib/helpers.sql
select no_plan();

-- What a statement comes to when a role runs it: its SQLSTATE, or 'done', which is undone.
create function test.as_role(role text, statement text) returns text
language plpgsql
as $as_role$
begin
    execute format('set local role %I', role);
    execute statement;
    raise exception using errcode = 'ZZ001';
exception
    when sqlstate 'ZZ001' then
        return 'done';
    when others then
        return sqlstate;
end
$as_role$;

-- What audit_verify says after a superuser has run statements with the triggers off, which are
-- undone: lane 'own' is this connection's. Rows are named by their place in test.trail.
create function test.tampered(variadic statements text[]) returns text
language plpgsql
as $tampered$
declare
    statement text;
    found     text;
begin
    set local session_replication_role = replica;
    foreach statement in array statements loop
        execute statement;
    end loop;
    select coalesce(string_agg(
               concat_ws(' ', v.problem,
                         case when v.lane is not null then 'lane' end,
                         case v.lane when pg_backend_pid() % 32 then 'own' else v.lane::text end,
                         coalesce(t.place, v.audit_id)),
               ', ' order by v.lane), 'intact')
    into found
    from dashboard.audit_verify(test.id('001')) as v
    left join test.trail as t on t.id = v.audit_id;
    raise exception '%', found using errcode = 'ZZ001';
exception
    when sqlstate 'ZZ001' then
        return sqlerrm;
end
$tampered$;

-- A trail of seven rows, and the outsider's one.
create table test.before as select coalesce(max(a.id), 0) as id from dashboard.audit as a;
select test.keep('patch ' || n, 'patch_dashboard', 'analyst', test.at('401'),
                 jsonb_build_object('name', 'Name ' || n), test.tags('if_match'))
from generate_series(1, 5) as n;
select test.keep('conflict', 'patch_dashboard', 'analyst', test.at('401'), '{"name": "x"}',
                 test.tags('if_match', 1));
select test.keep('denial', 'patch_dashboard', 'viewer', test.at('401'), '{"name": "x"}',
                 test.tags('if_match'));
select test.keep('theirs', 'patch_dashboard', 'outsider', test.at('403'), '{"name": "x"}',
                 test.tags('if_match'));
create table test.trail as
    select a.id, a.lane, row_number() over (order by a.id) as place
    from dashboard.audit as a
    where a.id > (select b.id from test.before as b) and a.organisation_id = test.id('001');
grant select on test.trail to public;

select is((select count(*) from test.trail), 7::bigint, 'every request left a row');
select is_empty('select * from dashboard.audit_verify()', 'an untouched trail is whole');
select is((select array_agg(t.lane) from test.trail as t),
          array_fill(pg_backend_pid() % 32, array[7]), 'rows of one connection share a lane');

-- Append-only ------------------------------------------------------------------------------------

select is(test.as_role(role, format(statement, object)), '42501',
          format('%s may not: ' || statement, role, object))
from (values ('postgres'), ('dashboard_owner'), ('dashboard_app'), ('dashboard_query')) as r (role),
     (values ('audit'), ('audit_head'),
             (to_char(now() at time zone 'UTC', '"audit_"YYYY_MM'))) as o (object),
     (values ('update dashboard.%s set organisation_id = gen_random_uuid()'),
             ('delete from dashboard.%s'), ('truncate dashboard.%s')) as s (statement);
select is(test.as_role(role, 'update dashboard.audit_head set hash = ''x'''), '42501',
          role || ' may not write a head without a row')
from unnest(array['postgres', 'dashboard_owner', 'dashboard_app', 'dashboard_query']) as role;
select is(test.as_role(role, statement), '42501', format('%s may not: %s', role, statement))
from unnest(array['dashboard_app', 'dashboard_query']) as role,
     unnest(array['select from dashboard.audit', 'select from dashboard.audit_head',
                  'insert into dashboard.audit select * from dashboard.audit',
                  'select dashboard.audit_detach(''2020-01-01'')',
                  'select dashboard.audit_partitions()']) as statement;
select is(
    array(select c.oid::regclass::text from pg_class as c
          where c.relnamespace = 'dashboard'::regnamespace and c.relname like 'audit%'
            and c.relkind in ('r', 'p') and c.relname <> 'audit_head'
            and (select count(*) from pg_trigger as t
                 where t.tgrelid = c.oid and t.tgfoid = 'dashboard.refuse_change()'::regprocedure)
                <> 2),
    '{}', 'no partition is without the triggers');

-- Tampering --------------------------------------------------------------------------------------

select is(test.tampered('select'), 'intact', 'nothing changed, nothing found');

select is(test.tampered(format('update dashboard.audit set %s where id = (select id from test.trail
                                where place = 3)', change)),
          'altered lane own 3', 'found: ' || change)
from unnest(array[
    'workspace_id = null', 'actor_id = gen_random_uuid()', 'session_id = gen_random_uuid()',
    'api_key_id = gen_random_uuid()', 'action = ''read''', 'operation = ''x''', 'resource_type = ''widget''',
    'resource_id = gen_random_uuid()', 'version = version + 1', 'changes = ''[]''',
    'details = ''{"a": null}''', 'correlation_id = ''x''', 'address = ''192.0.2.8''',
    'outcome = ''denied''', 'created_at = created_at + interval ''1 us''', 'hash = sha256(hash)']) as change;
select is(array(select a.attname::text from pg_attribute as a
                where a.attrelid = 'dashboard.audit'::regclass and a.attnum > 0 order by a.attnum),
          array['id', 'organisation_id', 'workspace_id', 'actor_id', 'session_id', 'api_key_id',
                'action', 'operation', 'resource_type', 'resource_id', 'version', 'changes',
                'details', 'correlation_id', 'address', 'outcome', 'created_at', 'lane',
                'sequence', 'hash'],
          'those are all columns but those that place the row');
select is(test.tampered('update dashboard.audit set lane = (lane + 1) % 32
                         where id = (select id from test.trail where place = 3)')
              ~ '^missing lane (own 4, missing lane \d+ 3|\d+ 3, missing lane own 4)$', true,
          'a row put into another lane');
select is(test.tampered(format('update dashboard.audit set %s where id = (select id from test.trail
                                where place = 3)', change)),
          wanted, 'found: ' || change)
from (values ('sequence = sequence + 1000', 'missing lane own 4'),
             ('sequence = sequence + 1', 'missing lane own 3'),
             ('sequence = sequence - 1', 'inserted lane own 3'),
             ('id = -7', 'altered lane own -7'),
             ('organisation_id = ''' || test.id('002') || '''', 'missing lane own 4'))
    as c (change, wanted);

select is(test.tampered('delete from dashboard.audit where id = (select id from test.trail
                         where place = 3)'),
          'missing lane own 4', 'a removed row: by the next');
select is(test.tampered('delete from dashboard.audit where id = (select id from test.trail
                         where place = 7)'),
          'missing lane own', 'the newest row removed: by the head');
select is(test.tampered('delete from dashboard.audit where id = (select id from test.trail
                         where place = 7)',
                        'update dashboard.audit_head set sequence = sequence - 1
                         where lane = pg_backend_pid() % 32'),
          'broken lane own', 'and the head counted back: by its hash');
select is(test.tampered('delete from dashboard.audit'), 'missing lane own',
          'every row removed: by the head');
select is(test.tampered(
              'delete from dashboard.audit',
              'delete from dashboard.audit_head where lane = pg_backend_pid() % 32'),
          'missing lane own', 'and the head: by the organisation');
select matches(test.tampered(format(
              'insert into dashboard.audit
                   (organisation_id, action, operation, resource_type, outcome, lane, sequence, hash)
               select test.id(''001''), ''read'', ''x'', ''dashboard'', ''success'', lane, %s,
                      sha256(hash)
               from dashboard.audit where id = (select id from test.trail where place = %s)',
              sequence, place)),
          format('^%s lane own \d+$', wanted), format('an inserted row at %s: %s', sequence, wanted))
from (values ('sequence', 5, 'inserted'), ('sequence + 1', 7, 'altered'),
             ('sequence + 2', 7, 'missing')) as c (sequence, place, wanted);
select is(test.tampered(
              'update dashboard.audit as a
               set changes = b.changes, version = b.version
               from dashboard.audit as b
               where a.id <> b.id
                 and a.id in (select id from test.trail where place in (2, 4))
                 and b.id in (select id from test.trail where place in (2, 4))'),
          'altered lane own 2', 'two rows that changed their contents');
select is(test.tampered(
              'update dashboard.audit as a
               set sequence = b.sequence, hash = b.hash
               from dashboard.audit as b
               where a.id <> b.id
                 and a.id in (select id from test.trail where place in (2, 4))
                 and b.id in (select id from test.trail where place in (2, 4))'),
          'altered lane own 4', 'two rows that changed places');
select is(test.tampered('truncate dashboard.audit' || to_char(now() at time zone 'UTC', '_YYYY_MM')),
          'missing lane own', 'a truncated partition');
select is(test.tampered('alter table dashboard.audit detach partition dashboard.audit'
                        || to_char(now() at time zone 'UTC', '_YYYY_MM')),
          'missing lane own', 'a partition detached by hand');
select is(test.tampered('update dashboard.audit set outcome = ''denied'' where organisation_id = '
                        || quote_literal(test.id('002'))),
          'intact', 'another organisation''s trail is not asked about');

-- Kept heads -------------------------------------------------------------------------------------

-- The chain written anew by somebody who may write everything: whole in itself, but not as kept.
create table test.heads as select string_agg(h, E'\n') as kept from dashboard.audit_heads() as h;
create function test.rewritten(how text) returns text
language plpgsql
as $rewritten$
declare
    made  bytea;
    a     dashboard.audit;
    found text;
begin
    set local session_replication_role = replica;
    execute how;
    for a in select * from dashboard.audit as b where b.organisation_id = test.id('001')
             order by b.lane, b.sequence
    loop
        made := dashboard.audit_hash(case when a.sequence > 1 then made else '' end, a.sequence, a);
        update dashboard.audit as b set hash = made where b.id = a.id;
        update dashboard.audit_head as h set hash = made, sequence = a.sequence
        where h.organisation_id = a.organisation_id and h.lane = a.lane;
    end loop;
    select format('%s problems, heads: %s',
                  (select count(*) from dashboard.audit_verify()),
                  string_agg(c.problem, ', '))
    into found
    from test.heads as t, dashboard.audit_check_heads(t.kept) as c;
    raise exception '%', found using errcode = 'ZZ001';
exception
    when sqlstate 'ZZ001' then
        return sqlerrm;
end
$rewritten$;
select is(test.rewritten('select'), '0 problems, heads: ', 'kept heads are found in the chain');
select is(test.rewritten('update dashboard.audit set outcome = ''denied'' where id = (select id
                          from test.trail where place = 2)'),
          '0 problems, heads: rewritten', 'but not when it was written anew');
select is(test.rewritten('delete from dashboard.audit where id = (select id from test.trail
                          where place = 7)'),
          '0 problems, heads: missing', 'nor when its end was cut off');
select throws_ok($$ select dashboard.audit_check_heads('x') $$, '22P02', null,
                 'what is no kept head is refused');

-- What a row holds -------------------------------------------------------------------------------

insert into dashboard.api_key (organisation_id, id, user_id, name, hash)
values (test.id('001'), test.id('701'), test.id('102'), 'key', sha256('secret'));
select test.keep('by key', 'patch_dashboard', '', test.at('402'), '{"name": "k"}',
                 test.tags('if_match') || jsonb_build_object('api_key', jsonb_build_object(
                     'id', test.id('701'), 'hash', encode(sha256('secret'), 'hex'))));
select is((select format('%s %s', a.actor_id, a.api_key_id) from dashboard.audit as a
           order by a.id desc limit 1),
          format('%s %s', test.id('102'), test.id('701')),
          'a row names the API key by which its actor came');
select dashboard.audit(null::dashboard.caller, '{"operation": "x", "session": "forged",
                       "api_key": {"id": "forged"}}', 'login', 'user', null, null, null, '[]',
                       'failure');
select is((select format('%s|%s|%s|%s', a.organisation_id, a.actor_id, a.session_id, a.api_key_id)
           from dashboard.audit as a order by a.id desc limit 1),
          '00000000-0000-0000-0000-000000000000|||', 'but none that proved nothing');

-- Indexes ----------------------------------------------------------------------------------------

insert into dashboard.audit
    (organisation_id, workspace_id, actor_id, action, operation, resource_type, resource_id, version,
     correlation_id, outcome, lane, sequence, hash)
select test.id('001'), test.id('011'), gen_random_uuid(), 'a' || n % 100, 'x', 't', gen_random_uuid(),
       1, 'req_' || n, 'success', 0, n, sha256('')
from generate_series(1, 3000) as n;
analyze dashboard.audit;
create function test.plan(condition text) returns text
language plpgsql
as $plan$
declare
    plan jsonb;
begin
    execute format('explain (format json) select * from dashboard.audit as a where a.organisation_id
                    = %L and %s order by a.created_at desc, a.id desc limit 51', test.id('001'),
                   condition) into plan;
    return plan::text;
end
$plan$;
select ok(test.plan(condition) like '%Index%' and test.plan(condition) not like '%"Seq Scan"%"audit_'
              || to_char(now() at time zone 'UTC', 'YYYY_MM') || '"%',
          'an index finds ' || condition)
from unnest(array['true', 'a.workspace_id = any (array[''' || test.id('012') || '''::uuid])',
                  'a.actor_id = ''' || test.id('102') || '''', 'a.action = ''read''',
                  'a.resource_type = ''dashboard''', 'a.resource_id = ''' || test.id('401') || '''',
                  'a.correlation_id = ''req_7''', 'a.outcome = ''denied'' and a.outcome <> ''success''',
                  'a.created_at >= now() and a.created_at < now() + interval ''1 day''']) as condition;

select * from finish();
rollback;
