-- Deploy dashboard:functions/protection to pg
-- requires: protection auth functions/queries functions/permissions functions/session
--
-- How operators protect relations of schema data. Plain and partitioned tables are filtered by
-- row-level security where they are. What that cannot filter (materialised views, views, foreign
-- tables), and what has masked columns, moves into data_private, and a security_barrier view takes
-- its name: stored queries see only what comes out of it, whatever they do with it.
--
-- These functions are for superusers. What they make belongs to dashboard_owner, as the relation
-- has to.

begin;
set local role dashboard_owner;

-- The relation of schema data that an operator names: itself, or what lies behind its view. Raises
-- what is wrong with it.
create function dashboard.protectable(relation regclass, out name name, out base regclass)
language plpgsql stable
as $protectable$
declare
    c pg_class;
begin
    select * into c from pg_class as r where r.oid = relation;
    if c.relnamespace <> 'data'::regnamespace then
        raise exception '% is not in schema data', relation using errcode = 'wrong_object_type';
    end if;
    name := c.relname;
    base := coalesce(to_regclass(format('data_private.%I', name)), relation);
    select * into c from pg_class as r where r.oid = base;
    if c.relkind not in ('r', 'p', 'm', 'v', 'f') then
        raise exception '% is no table and no view', relation using errcode = 'wrong_object_type';
    end if;
    if pg_get_userbyid(c.relowner) <> 'dashboard_owner' then
        raise exception '% belongs to %, not to dashboard_owner', relation,
                        pg_get_userbyid(c.relowner)
            using errcode = 'insufficient_privilege';
    end if;
    if exists (select from pg_inherits as i where i.inhrelid = base) then
        raise exception '% is a part of another table: protect that', relation
            using errcode = 'wrong_object_type';
    end if;
end
$protectable$;

-- The name of a column's type; raises when there is no such column.
create function dashboard.column_type(base regclass, column_name name) returns text
language plpgsql stable
as $column_type$
declare
    type text := (select format_type(a.atttypid, null)
                  from pg_attribute as a
                  where a.attrelid = base and a.attname = column_name and a.attnum > 0
                    and not a.attisdropped);
begin
    if type is null then
        raise exception '% has no column %', base, column_name using errcode = 'undefined_column';
    end if;
    return type;
end
$column_type$;

-- The condition under which a stored query sees a row of the relation; null when it is not
-- filtered. Each subquery runs once a statement, not once a row.
create function dashboard.row_filter(p dashboard.protected_relation, base regclass) returns text
language plpgsql stable
as $row_filter$
begin
    return concat_ws(
        ' and ',
        case
            when p.facility_column is null then null
            when dashboard.column_type(base, p.facility_column) = 'uuid' then
                format('%I = any ((select ids from data_private.facilities())::uuid[])',
                       p.facility_column)
            else
                format('%I::text = any ((select codes from data_private.facilities())::text[])',
                       p.facility_column)
        end,
        case when p.organisation_column is not null
             then format('%I = (select data_private.organisation())', p.organisation_column) end,
        case when p.organisation is not null
             then format('(select data_private.organisation()) = %L::uuid', p.organisation) end);
end
$row_filter$;

-- A column as the masking view has it.
create function dashboard.masked_column(column_name name, type text, rule text) returns text
language sql immutable
as $masked_column$
    select case
               when rule is null then format('%I', column_name)
               else format(
                   'case when (select data_private.pii_allowed()) then %s else %s end as %I',
                   format(case when rule in ('hash', 'last_four') then '%I::text' else '%I' end,
                          column_name),
                   format(
                       case
                           when rule = 'null' then 'null::' || type
                           when rule = 'hash' then 'data_private.mask_hash(%I::text)'
                           when rule = 'last_four' then 'data_private.mask_last_four(%I::text)'
                           when type = 'date' then 'date_trunc(''year'', %I::timestamp)::date'
                           when type = 'timestamp with time zone'
                               then 'date_trunc(''year'', %I, ''UTC'')'
                           else 'date_trunc(''year'', %I)'
                       end, column_name),
                   column_name)
           end
$masked_column$;

-- Puts the view, as tags and filter now are, in the place of the relation, or the relation back in
-- its own place when it needs none.
create function dashboard.place_view(name name) returns void
language plpgsql volatile
as $place_view$
declare
    base     regclass := coalesce(to_regclass(format('data_private.%I', name)),
                                  to_regclass(format('data.%I', name)));
    kind     "char" := (select c.relkind from pg_class as c where c.oid = base);
    noun     text := case kind when 'm' then 'materialized view' when 'v' then 'view'
                               when 'f' then 'foreign table' else 'table' end;
    moved    boolean := (select c.relnamespace = 'data_private'::regnamespace
                         from pg_class as c where c.oid = base);
    filtered boolean := exists (select from dashboard.protected_relation as p
                                where p.name = place_view.name);
    filter   text := (select dashboard.row_filter(p, base)
                      from dashboard.protected_relation as p
                      where p.name = place_view.name and kind in ('m', 'v', 'f'));
    needed   boolean := filter is not null
                        or exists (select from dashboard.column_tag as t where t.relation = name);
    users    text;
    child    regclass;
begin
    if moved then
        execute format('drop view data.%I', name);
    elsif needed then
        -- They would go on reading what lies behind the view, with their owner's rights.
        select string_agg(distinct pg_describe_object(
                              case when r.oid is null then d.classid else 'pg_class'::regclass end,
                              coalesce(r.ev_class, d.objid), 0), ', ')
        into users
        from pg_depend as d
        left join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
        where d.refclassid = 'pg_class'::regclass and d.refobjid = base and d.deptype = 'n'
          and (d.classid = 'pg_proc'::regclass or r.ev_class <> base);
        if users is not null then
            raise exception '% is used by %', base, users
                using errcode = 'dependent_objects_still_exist',
                      hint = 'Drop them first, and create them again afterwards.';
        end if;
    end if;
    if needed and not moved then
        execute format('alter %s data.%I set schema data_private', noun, name);
        -- Also what its statistics tell (pg_stats) goes by these.
        execute format('revoke all on data_private.%I from public, dashboard_query', name);
    elsif moved and not needed then
        execute format('alter %s data_private.%I set schema data', noun, name);
        execute format('grant select on data.%I to dashboard_query', name);
    end if;
    -- Partitions can be read by their own names.
    for child in
        with recursive part as (
            select i.inhrelid from pg_inherits as i where i.inhparent = base
            union
            select i.inhrelid from pg_inherits as i join part as p on i.inhparent = p.inhrelid
        )
        select p.inhrelid from part as p
    loop
        execute format(case when needed or filtered
                            then 'revoke all on %s from public, dashboard_query'
                            else 'grant select on %s to dashboard_query' end, child);
    end loop;
    if needed then
        execute format(
            'create view data.%I with (security_barrier) as '
            'select %s from data_private.%I where %s',
            name,
            (select string_agg(dashboard.masked_column(a.attname,
                                                       format_type(a.atttypid, a.atttypmod),
                                                       t.rule),
                               ', ' order by a.attnum)
             from pg_attribute as a
             left join dashboard.column_tag as t
                    on t.relation = name and t.column_name = a.attname
             where a.attrelid = base and a.attnum > 0 and not a.attisdropped),
            name, coalesce(filter, 'true'));
        execute format('alter view data.%I owner to dashboard_owner', name);
        execute format('grant select on data.%I to dashboard_query', name);
    end if;
end
$place_view$;

-- Says that rows of the relation belong to facilities, organisations or both: a widget's query sees
-- a row when its facility is one that the reader is granted (an admin: any of the organisation's)
-- and its organisation is the reader's. A row without facility, or with an unknown one, nobody
-- sees. Call it with named arguments: dashboard.protect(of, kind), for tables of schema dashboard,
-- is another function.
--   facility      a uuid column with the facility's id, or a column with its code; null: none
--   organisation  a uuid column with the organisation's id; without it a column organisation_id is
--                 taken when there is one. Codes mean nothing without an organisation: a relation
--                 without such a column belongs to the one organisation there is.
-- Calling it again replaces what was said before, and takes in partitions made since.
create function dashboard.protect(
    relation regclass, facility name, organisation name default null) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $protect$
declare
    target record := dashboard.protectable(relation);
    p      dashboard.protected_relation;
begin
    p.name := target.name;
    p.facility_column := facility;
    p.organisation_column := coalesce(
        organisation,
        (select a.attname from pg_attribute as a
         where a.attrelid = target.base and a.attname = 'organisation_id'
           and a.atttypid = 'uuid'::regtype and not a.attisdropped));
    if p.facility_column is null and p.organisation_column is null then
        raise exception 'facility or organisation is required'
            using errcode = 'invalid_parameter_value';
    end if;
    if p.organisation_column is not null
       and dashboard.column_type(target.base, p.organisation_column) <> 'uuid' then
        raise exception 'organisation: column % of % is no uuid', p.organisation_column, relation
            using errcode = 'datatype_mismatch';
    end if;
    if p.facility_column is not null then
        if dashboard.column_type(target.base, p.facility_column)
           not in ('uuid', 'text', 'character varying', 'character') then
            raise exception 'facility: column % of % is no uuid and no text', p.facility_column,
                            relation
                using errcode = 'datatype_mismatch';
        end if;
        if p.organisation_column is null
           and dashboard.column_type(target.base, p.facility_column) <> 'uuid' then
            if (select count(*) from dashboard.organisation) <> 1 then
                raise exception 'organisation is required where facilities are told by their code'
                    using errcode = 'invalid_parameter_value';
            end if;
            p.organisation := (select o.id from dashboard.organisation as o);
        end if;
    end if;
    perform dashboard.unprotect_rows(target.name, target.base);
    insert into dashboard.protected_relation select p.*;
    if (select c.relkind in ('r', 'p') from pg_class as c where c.oid = target.base) then
        execute format('alter table %s enable row level security, force row level security',
                       target.base);
        execute format('create policy dashboard_reader on %s for select to dashboard_query '
                       'using (%s)', target.base, dashboard.row_filter(p, target.base));
        -- The owner loads the data, and reads it for views and functions of theirs that a stored
        -- query calls: then the same rows are seen as by the query itself.
        execute format('create policy dashboard_owner on %s to dashboard_owner '
                       'using (not (select data_private.in_query()) or (%s)) with check (true)',
                       target.base, dashboard.row_filter(p, target.base));
    end if;
    perform dashboard.place_view(target.name);
end
$protect$;

-- Takes the filter of a relation away, without putting its view right.
create function dashboard.unprotect_rows(name name, base regclass) returns void
language plpgsql volatile
as $unprotect_rows$
begin
    delete from dashboard.protected_relation as p where p.name = unprotect_rows.name;
    if found and (select c.relkind in ('r', 'p') from pg_class as c where c.oid = base) then
        execute format('drop policy dashboard_reader on %s', base);
        execute format('drop policy dashboard_owner on %s', base);
        execute format('alter table %s disable row level security, no force row level security',
                       base);
    end if;
end
$unprotect_rows$;

-- Ends what protect() began: every reader sees every row.
create function dashboard.unprotect(relation regclass) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $unprotect$
declare
    target record := dashboard.protectable(relation);
begin
    perform dashboard.unprotect_rows(target.name, target.base);
    perform dashboard.place_view(target.name);
end
$unprotect$;

-- Says that a column holds personal data: readers without the permission pii:read get instead of it
--   null       nothing
--   hash       64 hexadecimal digits, the same for the same value (HMAC-SHA-256, a key of the
--              installation)
--   last_four  **** and the last four characters; of a value that has no more, ****
--   year_only  the first of January of the year (in UTC); for dates and times
-- hash and last_four make the column text, for all. A tag given again replaces the rule.
create function dashboard.tag_column(relation regclass, column_name name, tag text, rule text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $tag_column$
declare
    target record := dashboard.protectable(relation);
    type   text := dashboard.column_type(target.base, column_name);
begin
    if rule = 'year_only' and type not in ('date', 'timestamp with time zone',
                                           'timestamp without time zone') then
        raise exception 'rule: column % of % has no year', column_name, relation
            using errcode = 'datatype_mismatch';
    end if;
    insert into dashboard.column_tag as t (relation, column_name, tag, rule)
    values (target.name, column_name, tag, rule)
    on conflict on constraint column_tag_pkey do update
        set tag = excluded.tag, rule = excluded.rule;
    perform dashboard.place_view(target.name);
end
$tag_column$;

create function dashboard.untag_column(relation regclass, column_name name) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $untag_column$
declare
    target record := dashboard.protectable(relation);
begin
    delete from dashboard.column_tag as t
    where t.relation = target.name and t.column_name = untag_column.column_name;
    perform dashboard.place_view(target.name);
end
$untag_column$;

-- What stored queries may know ----------------------------------------------------------------

-- These are called by policies and views on behalf of dashboard_query, which is why it may execute
-- them; it cannot name them, because it may not enter their schema. The context is what the plan
-- made of the caller (dashboard.data_context) and api.enter_query set: {"organisation", "user",
-- "facilities", "pii"}. What is not in it is not allowed. Bodies without quotes are read once,
-- here, and not in the search_path of whoever calls.

create function data_private.context() returns jsonb
language sql stable parallel safe
return coalesce(nullif(current_setting('dashboard.context', true), ''), '{}')::jsonb;

-- Whether a stored query is running. Its context is never empty text.
create function data_private.in_query() returns boolean
language sql stable parallel safe
return coalesce(current_setting('dashboard.context', true), '') <> '';

create function data_private.organisation() returns uuid
language sql stable parallel safe
return nullif(current_setting('dashboard.organisation', true), '')::uuid;

create function data_private.pii_allowed() returns boolean
language sql stable parallel safe
return coalesce((data_private.context() ->> 'pii')::boolean, false);

-- The facilities whose rows the reader sees.
create function data_private.facilities(out ids uuid[], out codes text[])
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $facilities$
declare
    context jsonb := data_private.context();
begin
    select coalesce(array_agg(f.id), '{}'), coalesce(array_agg(f.code), '{}')
    into ids, codes
    from dashboard.facility as f
    where f.organisation_id = data_private.organisation()
      and (context ->> 'facilities' = 'all'
           or exists (select from dashboard.facility_grant as g
                      where g.organisation_id = f.organisation_id
                        and g.user_id = (context ->> 'user')::uuid
                        and g.facility_id = f.id));
end
$facilities$;

create function data_private.mask_hash(value text) returns text
language plpgsql stable strict parallel safe security definer
set search_path = pg_catalog, pg_temp
as $mask_hash$
begin
    return encode(public.hmac(convert_to(value, 'UTF8'),
                              decode((select s.value #>> '{}' from dashboard.setting as s
                                      where s.name = 'mask_key'), 'hex'), 'sha256'), 'hex');
end
$mask_hash$;

create function data_private.mask_last_four(value text) returns text
language sql immutable strict parallel safe
return '****' || case when length(value) > 4 then right(value, 4) else '' end;

-- Which relations a query reads --------------------------------------------------------------

-- The names of all relations of schema data that a compiled query depends on, also through views.
-- PostgreSQL itself says so, of a view made from the text; {} when it does not accept the text.
-- What a function reads is not found.
create function dashboard.relations_read(compiled text) returns name[]
language plpgsql volatile
set search_path = data, pg_temp
as $relations_read$
declare
    probe   text := format(E'select count(*) from (\n%s\n) as q',
                           regexp_replace(compiled, '\$[0-9]+::', 'null::', 'g'));
    command refcursor;
    found   name[];
begin
    -- A cursor takes one statement: nothing that follows a semicolon is carried out below.
    open command for execute probe;
    close command;
    execute 'create view pg_temp.dashboard_probe as ' || probe;
    with recursive used as (
        select to_regclass('pg_temp.dashboard_probe')::oid as oid
        union
        select d.refobjid
        from used as u
        join pg_rewrite as r on r.ev_class = u.oid
        join pg_depend as d
          on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
         and d.refclassid = 'pg_class'::regclass and d.refobjid <> u.oid
    )
    select coalesce(array_agg(distinct c.relname order by c.relname), '{}')
    into found
    from used as u
    join pg_class as c on c.oid = u.oid
    where c.relnamespace in ('data'::regnamespace, 'data_private'::regnamespace);
    drop view pg_temp.dashboard_probe;
    return found;
exception
    when others then
        return '{}'::name[];
end
$relations_read$;

create function dashboard.note_relations() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $note_relations$
begin
    new.reads := dashboard.relations_read(new.compiled);
    return new;
end
$note_relations$;

-- After prepare, whose compiled text it takes: triggers of a kind fire in the order of their names.
create trigger relations before insert or update on dashboard.query
    for each row execute function dashboard.note_relations();

-- The context of one widget's query --------------------------------------------------------------

-- What the query may know of its caller, with their role in the widget's workspace: no more than
-- the relations it reads ask for, so that callers who see the same have the same context. null: it
-- reads nothing that is protected.
create function dashboard.data_context(caller dashboard.caller, role text, reads name[])
returns text
language plpgsql stable
as $data_context$
declare
    context jsonb := jsonb '{}';
begin
    if reads = '{}' then
        return null;
    end if;
    if exists (select from dashboard.protected_relation as p where p.name = any (reads)) then
        context := jsonb_build_object('organisation', caller.organisation_id)
                   || case when role in ('admin', 'super_admin')
                           then '{"facilities": "all"}'
                           else jsonb_build_object('user', caller.user_id) end;
    end if;
    if exists (select from dashboard.column_tag as t where t.relation = any (reads)) then
        context := context || jsonb_build_object('pii', dashboard.may(role, 'pii:read'));
    end if;
    return nullif(context, '{}')::text;
end
$data_context$;

grant execute on function data_private.context(), data_private.in_query(),
    data_private.organisation(), data_private.pii_allowed(), data_private.facilities(),
    data_private.mask_hash(text), data_private.mask_last_four(text) to dashboard_query;

commit;
