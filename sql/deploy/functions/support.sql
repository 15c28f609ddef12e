-- Deploy dashboard:functions/support to pg
-- requires: schemas
--
-- Times, entity tags, JSON patches and differences, cursors, and the expected failures of CONTRACT.

begin;
set local role dashboard_owner;

-- RFC 3339 in UTC with microseconds, whatever the session's time zone.
create function dashboard.rfc3339(at timestamptz) returns text
language sql stable
as $rfc3339$
    select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$rfc3339$;

-- The entity tag of a version, with its quotes.
create function dashboard.etag(version bigint) returns text
language sql immutable
as $etag$
    select '"v' || version::text || '"'
$etag$;

-- JSON Merge Patch (RFC 7396, section 2): the target with the patch applied.
-- Each object is put together once: adding members one by one would copy it as often.
create function dashboard.merge_patch(target jsonb, patch jsonb) returns jsonb
language plpgsql immutable
as $merge_patch$
declare
    base jsonb := case when jsonb_typeof(target) = 'object' then target else '{}' end;
begin
    if jsonb_typeof(patch) is distinct from 'object' then
        return patch;
    end if;
    return (
        select coalesce(jsonb_object_agg(m.key, m.value), '{}')
        from (
            select b.key, b.value
            from jsonb_each(base) as b
            where not patch ? b.key
            union all
            select p.key,
                   case when jsonb_typeof(p.value) = 'object'
                        then dashboard.merge_patch(base -> p.key, p.value)
                        else p.value
                   end
            from jsonb_each(patch) as p
            where jsonb_typeof(p.value) <> 'null') as m);
end
$merge_patch$;

-- A name as a token of a JSON pointer (RFC 6901, section 3).
create function dashboard.pointer(name text) returns text
language sql immutable
as $pointer$
    select '/' || replace(replace(name, '~', '~0'), '/', '~1')
$pointer$;

-- What leads from older to newer, as an array of JSON Patch operations (RFC 6902) below the pointer
-- at, each with the old value besides: {"op", "path", "value", "old"}. Arrays of different lengths
-- are replaced as a whole; of equal lengths they are compared item by item. More than 100 operations
-- nobody reads one by one: the object or array that they are in is replaced as a whole, too.
create function dashboard.changes(older jsonb, newer jsonb, at text default '') returns jsonb
language plpgsql immutable
as $changes$
declare
    kind   text := jsonb_typeof(older);
    whole  jsonb := jsonb_build_array(jsonb_build_object(
                        'op', 'replace', 'path', at, 'value', newer, 'old', older));
    result jsonb;
begin
    if older = newer then
        return jsonb '[]';
    end if;
    if kind = 'object' and jsonb_typeof(newer) = 'object' then
        select case when count(*) <= 100 or at = ''
                    then coalesce(jsonb_agg(c.c order by d.key, c.n), '[]')
               end
        into result
        from (
            select key, o.value as older, n.value as newer
            from jsonb_each(older) as o full join jsonb_each(newer) as n using (key)
            where o.value is distinct from n.value) as d
        cross join lateral jsonb_array_elements(
            case
                when d.older is null then
                    jsonb_build_array(jsonb_build_object(
                        'op', 'add', 'path', at || dashboard.pointer(d.key), 'value', d.newer))
                when d.newer is null then
                    jsonb_build_array(jsonb_build_object(
                        'op', 'remove', 'path', at || dashboard.pointer(d.key), 'old', d.older))
                else
                    dashboard.changes(d.older, d.newer, at || dashboard.pointer(d.key))
            end) with ordinality as c (c, n);
        return coalesce(result, whole);
    end if;
    if kind = 'array' and jsonb_typeof(newer) = 'array'
       and jsonb_array_length(older) = jsonb_array_length(newer) then
        select case when count(*) <= 100
                    then coalesce(jsonb_agg(c.c order by d.i, c.n), '[]')
               end
        into result
        from (
            select o.i, o.value as older, n.value as newer
            from jsonb_array_elements(older) with ordinality as o (value, i)
            join jsonb_array_elements(newer) with ordinality as n (value, i) using (i)
            where o.value is distinct from n.value) as d
        cross join lateral jsonb_array_elements(
            dashboard.changes(d.older, d.newer, at || '/' || d.i - 1)) with ordinality as c (c, n);
        return coalesce(result, whole);
    end if;
    return whole;
end
$changes$;

-- The same without the members that differ between any two versions and so tell nothing, and
-- without what the caller may do with them.
create function dashboard.document_changes(older jsonb, newer jsonb) returns jsonb
language plpgsql immutable
as $document_changes$
begin
    return (
        select coalesce(jsonb_agg(c order by n), '[]')
        from jsonb_array_elements(dashboard.changes(older, newer)) with ordinality as e (c, n)
        where c ->> 'path' !~ '^((/widgets/[0-9]+)?/(version|etag|updated_at)|/permissions)$');
end
$document_changes$;

-- Expected failures ------------------------------------------------------------------------------

-- A failure without details.
create function dashboard.failure(status integer, code text, message text) returns api.answer
language sql stable
as $failure$
    select (status, code, null, null, null, null, null,
            json_build_object('message', message, 'details', json_build_object())::text)::api.answer
$failure$;

create function dashboard.unauthenticated() returns api.answer
language sql stable
as $unauthenticated$
    select dashboard.failure(401, 'UNAUTHENTICATED', 'A valid access token is required')
$unauthenticated$;

-- One text for what does not exist and what the caller may not know of.
create function dashboard.not_found(resource text) returns api.answer
language sql stable
as $not_found$
    select dashboard.failure(404, 'NOT_FOUND', initcap(resource) || ' not found')
$not_found$;

create function dashboard.precondition_required() returns api.answer
language sql stable
as $precondition_required$
    select dashboard.failure(428, 'PRECONDITION_REQUIRED',
                             'If-Match with the ETag you last saw is required')
$precondition_required$;

-- 409; field names what is taken.
create function dashboard.already_exists(field text) returns api.answer
language sql stable
as $already_exists$
    select (409, 'ALREADY_EXISTS', null, null, null, null, null,
            json_build_object('message', 'It already exists',
                              'details', json_build_object('field', field))::text)::api.answer
$already_exists$;

-- {"field", "issue"}
create function dashboard.issue(field text, issue text) returns jsonb
language sql stable
as $issue$
    select jsonb_build_object('field', field, 'issue', issue)
$issue$;

-- 400 for an array of {"field", "issue"}, which must not be empty.
create function dashboard.invalid(issues jsonb) returns api.answer
language sql stable
as $invalid$
    select (400, 'VALIDATION_ERROR', null, null, null, null, null,
            json_build_object(
                'message', 'The request is not valid',
                'details', json_build_object('field', issues -> 0 -> 'field',
                                             'issue', issues -> 0 -> 'issue',
                                             'errors', issues))::text)::api.answer
$invalid$;

create function dashboard.invalid(field text, issue text) returns api.answer
language sql stable
as $invalid$
    select dashboard.invalid(jsonb_build_array(dashboard.issue(field, issue)))
$invalid$;

-- Preconditions (RFC 9110, section 13) -----------------------------------------------------------

-- Whether a condition of the request, as the server parsed it, names the version.
-- condition: {"raw", "any", "versions"}; null or JSON null: it was not given, and names nothing.
create function dashboard.names_version(condition jsonb, version bigint) returns boolean
language sql stable
as $names_version$
    select coalesce((condition -> 'any')::boolean or condition -> 'versions' @> to_jsonb(version),
                    false)
$names_version$;

-- Whether the request carries the condition, 'if_match' or 'if_none_match', at all.
create function dashboard.has_condition(request jsonb, condition text) returns boolean
language sql immutable
as $has_condition$
    select coalesce(jsonb_typeof(request -> condition) = 'object', false)
$has_condition$;

-- Members ----------------------------------------------------------------------------------------

-- The members that defaults has, each as given, or its default where given has none or null.
create function dashboard.complete(defaults jsonb, given jsonb) returns jsonb
language plpgsql immutable
as $complete$
begin
    return (
        select jsonb_object_agg(key, coalesce(nullif(given -> key, 'null'), value))
        from jsonb_each(defaults));
end
$complete$;

-- Cursors ----------------------------------------------------------------------------------------

-- An opaque place in a list: base64url (RFC 4648, section 5) of what it is a place in and the sort
-- values of the last row shown.
create function dashboard.cursor_text(list text, variadic place text[]) returns text
language sql stable
as $cursor_text$
    select translate(
        encode(convert_to(json_build_array(list, to_json(place))::text, 'UTF8'), 'base64'),
        E'+/=\n', '-_')
$cursor_text$;

-- The sort values that a cursor for this list holds, or null when it is no such cursor.
create function dashboard.cursor_place(list text, value text) returns text[]
language plpgsql immutable strict
as $cursor_place$
declare
    content jsonb;
begin
    if value !~ '^[A-Za-z0-9_-]+$' then
        return null;
    end if;
    begin
        content := convert_from(
            decode(rpad(translate(value, '-_', '+/'), (length(value) + 3) / 4 * 4, '='), 'base64'),
            'UTF8')::jsonb;
    exception
        when data_exception then
            return null;
    end;
    if jsonb_typeof(content) is distinct from 'array' or content ->> 0 is distinct from list
       or jsonb_typeof(content -> 1) is distinct from 'array' then
        return null;
    end if;
    return array(select jsonb_array_elements_text(content -> 1));
end
$cursor_place$;

commit;
