-- Deploy dashboard:functions/queries to pg
-- requires: queries
--
-- From a stored query's text and parameters to what PostgreSQL can prepare.

begin;
set local role dashboard_owner;

-- The PostgreSQL type that a parameter of this type is bound as; null for a type there is not.
create function dashboard.parameter_cast(type text) returns text
language sql immutable strict
as $parameter_cast$
    select case
               when type ~ '^(text|integer|number|boolean|date|timestamp|uuid)(\[\])?$'
                    or type = 'timerange' then
                   case rtrim(type, '[]')
                       when 'number' then 'numeric'
                       when 'timestamp' then 'timestamptz'
                       when 'timerange' then 'tstzrange'
                       else rtrim(type, '[]')
                   end
                   || case when type like '%[]' then '[]' else '' end
           end
$parameter_cast$;

-- The types of the names that every query may use without declaring them: filled from the
-- timerange.
create function dashboard.reserved_cast(name text) returns text
language sql immutable strict
as $reserved_cast$
    select case name
               when 'from' then 'timestamptz'
               when 'to' then 'timestamptz'
               when 'timezone' then 'text'
           end
$reserved_cast$;

-- The length of the token that rest starts with, as PostgreSQL's lexer would cut it (manual, 4.1).
-- Only what can hide a colon is told apart: literals, quoted identifiers, comments, casts, words.
-- Raises 42601 for one that does not end.
create function dashboard.token_length(rest text) returns integer
language plpgsql immutable strict
as $token_length$
declare
    token text;
    tag   text;
    depth integer := 0;
    at    integer := 1;
    mark  text;
begin
    if rest ~ '^--' then
        return length(substring(rest from '^--[^\r\n]*'));
    end if;
    if rest ~ '^/\*' then
        -- Comments nest.
        loop
            mark := substr(rest, at, 2);
            if mark = '/*' then
                depth := depth + 1;
                at := at + 2;
            elsif mark = '*/' then
                depth := depth - 1;
                at := at + 2;
                if depth = 0 then
                    return at - 1;
                end if;
            elsif mark = '' then
                raise exception 'the query has a comment that does not end'
                    using errcode = 'syntax_error';
            else
                at := at + 1;
            end if;
        end loop;
    end if;
    if rest ~ '^\$(?:[[:alpha:]_][[:alnum:]_]*)?\$' then
        tag := substring(rest from '^\$(?:[[:alpha:]_][[:alnum:]_]*)?\$');
        at := position(tag in substr(rest, length(tag) + 1));
        if at = 0 then
            raise exception 'the query has a string that does not end'
                using errcode = 'syntax_error';
        end if;
        return at - 1 + 2 * length(tag);
    end if;
    if rest ~ '^[eE]?''' then
        -- A literal goes on after white space with a line break, in the same kind of quoting.
        token := case
                     when left(rest, 1) = '''' then
                         substring(rest from '^''(?:[^'']|'''')*''')
                     else
                         substring(rest from '^[eE]''(?:[^''\\]|''''|\\.)*'''
                                             '(?:[ \t\f]*[\r\n]\s*''(?:[^''\\]|''''|\\.)*'')*')
                 end;
        if token is null then
            raise exception 'the query has a string that does not end'
                using errcode = 'syntax_error';
        end if;
        return length(token);
    end if;
    if rest ~ '^"' then
        token := substring(rest from '^"(?:[^"]|"")*"');
        if token is null then
            raise exception 'the query has a quoted name that does not end'
                using errcode = 'syntax_error';
        end if;
        return length(token);
    end if;
    return coalesce(
        length(substring(rest from '^::')),
        length(substring(rest from '^:[[:alpha:]_][[:alnum:]_]*')),
        length(substring(rest from '^\$[0-9]+')),
        length(substring(rest from '^[[:alnum:]_][[:alnum:]_$]*')),
        length(substring(rest from '^[^[:alnum:]_$:''"/-]+')),
        1);
end
$token_length$;

-- Replaces each :name of sql by $n::type; the same name is the same n. params as in
-- dashboard.query. Raises 42601 for a text that cannot be cut into tokens, a name that is not
-- declared, or a $n. An array slice of variables needs spaces, [a : b], or it reads as a name (as
-- in psql).
create function dashboard.compile_query(
    sql text, params jsonb, out compiled text, out bindings text[])
language plpgsql immutable strict
as $compile_query$
declare
    at    integer := 1;
    token text;
    name  text;
    type  text;
    n     integer;
    last  integer := length(sql);
begin
    compiled := '';
    bindings := '{}';
    while at <= last loop
        token := substr(sql, at, dashboard.token_length(substr(sql, at)));
        at := at + length(token);
        if token ~ '^\$[0-9]' then
            raise exception 'the query may not use %: parameters are written :name', token
                using errcode = 'syntax_error';
        elsif token ~ '^:[[:alpha:]_]' then
            name := substr(token, 2);
            type := coalesce(
                dashboard.reserved_cast(name),
                (select dashboard.parameter_cast(p ->> 'type')
                 from jsonb_array_elements(params) as p
                 where p ->> 'name' = name));
            if type is null then
                raise exception 'the query uses the parameter %, which is not declared', token
                    using errcode = 'syntax_error';
            end if;
            n := array_position(bindings, name);
            if n is null then
                bindings := bindings || name;
                n := cardinality(bindings);
            end if;
            compiled := compiled || '$' || n || '::' || type;
        else
            compiled := compiled || token;
        end if;
    end loop;
end
$compile_query$;

-- A date or time given as text, as the text PostgreSQL will bind; null when it is none. Only here
-- an exception has to be caught: whether a date exists only the input function knows (before 16).
create function dashboard.time_text(type text, value text) returns text
language plpgsql stable strict
as $time_text$
begin
    if value !~ ('^\d{4}-\d{2}-\d{2}'
                 '([Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}(:?\d{2})?)?)?$') then
        return null;
    end if;
    if type = 'date' then
        return value::date::text;
    end if;
    -- Without an offset a time is UTC, whatever the session's time zone.
    return case
               when value ~ '([Zz]|[+-]\d{2}(:?\d{2})?)$' and length(value) > 10
                   then value::timestamptz
               else value::timestamp at time zone 'UTC'
           end at time zone 'UTC' || '+00';
exception
    when data_exception then
        return null;
end
$time_text$;

-- The bounds of a timerange: '1h', '24h', '7d', '30d', '90d' back from now, '<from>/<to>', or
-- {"from", "to"} with RFC 3339 times. Both bounds null when it is none of these or empty.
create function dashboard.timerange(value jsonb, out lower timestamptz, out upper timestamptz)
language plpgsql stable
as $timerange$
declare
    lower_text text;
    upper_text text;
begin
    if jsonb_typeof(value) = 'string' then
        if value #>> '{}' in ('1h', '24h', '7d', '30d', '90d') then
            upper := now();
            -- Hours, so that a change of daylight saving does not make a range longer.
            lower := upper - case value #>> '{}'
                                 when '1h' then interval '1 hour'
                                 when '24h' then interval '24 hours'
                                 when '7d' then interval '168 hours'
                                 when '30d' then interval '720 hours'
                                 else interval '2160 hours'
                             end;
            return;
        end if;
        lower_text := split_part(value #>> '{}', '/', 1);
        upper_text := split_part(value #>> '{}', '/', 2);
    elsif jsonb_typeof(value) = 'object' then
        lower_text := value ->> 'from';
        upper_text := value ->> 'to';
    end if;
    lower := dashboard.time_text('timestamp', lower_text)::timestamptz;
    upper := dashboard.time_text('timestamp', upper_text)::timestamptz;
    if lower is null or upper is null or lower >= upper then
        lower := null;
        upper := null;
    end if;
end
$timerange$;

-- One value as the text bound for a parameter: value null with issue null is SQL's NULL; issue says
-- what is wrong with it. A string that reads as the type will do for any type, because query
-- strings have no others; a single value will do for an array. parameter: an element of
-- dashboard.query.params.
create function dashboard.parameter_text(
    parameter jsonb, given jsonb, out value text, out issue text)
language plpgsql stable
as $parameter_text$
declare
    type  text := parameter ->> 'type';
    kind  text := jsonb_typeof(given);
    plain text := given #>> '{}';
    item  record;
    items text[] := array[]::text[];
    bounds record;
begin
    if given is null or kind = 'null' then
        return;
    end if;
    if type like '%[]' then
        for item in
            select t.value, t.issue, jsonb_typeof(e) as kind
            from jsonb_array_elements(
                case kind when 'array' then given else jsonb_build_array(given) end) as e
            cross join lateral dashboard.parameter_text(
                parameter || jsonb_build_object('type', left(type, -2)), e) as t
        loop
            if item.issue is not null then
                issue := item.issue;
                return;
            end if;
            if item.kind = 'null' then
                issue := 'must not hold null';
                return;
            end if;
            items := items || item.value;
        end loop;
        value := items::text;
        return;
    end if;
    if type = 'timerange' then
        bounds := dashboard.timerange(given);
        if bounds.lower is null then
            issue := 'must be a time range';
        else
            value := tstzrange(bounds.lower, bounds.upper)::text;
        end if;
        return;
    end if;
    if kind in ('object', 'array') then
        issue := case kind
                     when 'array' then 'must be a single value'
                     else 'must not be an object'
                 end;
        return;
    end if;
    -- Lengths first: a cast of an absurd number of digits would raise.
    case type
        when 'text' then
            value := plain;
        when 'integer' then
            if kind <> 'boolean' and plain ~ '^-?[0-9]{1,10}$'
               and plain::bigint between -2147483648 and 2147483647 then
                value := plain;
            else
                issue := 'must be an integer of 32 bits';
            end if;
        when 'number' then
            if kind <> 'boolean' and length(plain) <= 300
               and plain ~ '^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?$' then
                value := plain;
            else
                issue := 'must be a number';
            end if;
        when 'boolean' then
            if plain in ('true', 'false') then
                value := plain;
            else
                issue := 'must be true or false';
            end if;
        when 'uuid' then
            if plain ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
                value := lower(plain);
            else
                issue := 'must be a UUID';
            end if;
        else
            if kind = 'string' then
                value := dashboard.time_text(type, plain);
            end if;
            if value is null then
                issue := case type when 'date' then 'must be a date' else 'must be a date-time' end;
            end if;
    end case;
    -- The list is written in the parameter's own terms: both sides compare as text.
    if issue is null and jsonb_array_length(coalesce(parameter -> 'enum', '[]')) > 0
       and not exists (select from jsonb_array_elements_text(parameter -> 'enum') as e
                       where e = plain) then
        value := null;
        issue := 'must be one of '
                 || (select string_agg(e, ', ')
                     from jsonb_array_elements_text(parameter -> 'enum') as e);
    end if;
end
$parameter_text$;

-- Checks the declared parameters of a query: null when they are good, else what is wrong.
create function dashboard.params_issue(params jsonb) returns text
language sql stable strict
as $params_issue$
    select case
               when jsonb_typeof(params) <> 'array' then 'params must be an array'
               else (
                   select case
                              when jsonb_typeof(p) <> 'object'
                                  then 'each parameter must be an object'
                              when coalesce(p ->> 'name', '') !~ '^[a-z_][a-z0-9_]{0,62}$'
                                  then 'a parameter''s name has lower-case letters, digits, _'
                              when dashboard.reserved_cast(p ->> 'name') is not null
                                  then format('the name %s is reserved', p ->> 'name')
                              when dashboard.parameter_cast(p ->> 'type') is null
                                  then format('parameter %s has no known type', p ->> 'name')
                              when jsonb_typeof(coalesce(p -> 'required', 'false')) <> 'boolean'
                                  then format('required of parameter %s must be true or false',
                                              p ->> 'name')
                              when jsonb_typeof(coalesce(p -> 'enum', '[]')) <> 'array'
                                  then format('enum of parameter %s must be an array', p ->> 'name')
                              when p - '{name,type,required,default,enum}'::text[] <> '{}'
                                  then format('parameter %s has an unknown member', p ->> 'name')
                              when count(*) over (partition by p ->> 'name') > 1
                                  then format('parameter %s is declared twice', p ->> 'name')
                              else (dashboard.parameter_text(p, p -> 'default')).issue
                          end as issue
                   from jsonb_array_elements(params) as p
                   order by 1 nulls last
                   limit 1
               )
           end
$params_issue$;

create function dashboard.prepare_query() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $prepare_query$
declare
    issue text := dashboard.params_issue(new.params);
begin
    if issue is not null then
        raise exception '%', issue using errcode = 'invalid_parameter_value';
    end if;
    select c.compiled, c.bindings
    into new.compiled, new.bindings
    from dashboard.compile_query(new.sql, new.params) as c;
    if tg_op = 'UPDATE' and (new.sql, new.params) is distinct from (old.sql, old.params) then
        new.version := old.version + 1;
    end if;
    return new;
end
$prepare_query$;

create trigger prepare before insert or update on dashboard.query
    for each row execute function dashboard.prepare_query();

commit;
