-- Deploy dashboard:functions/api_keys to pg
-- requires: api_keys functions/sessions
--
-- list_api_keys, create_api_key, get_api_key, rotate_api_key, delete_api_key; and lookup_api_key, by
-- which nginx asks about a key it has not seen lately.

begin;
set local role dashboard_owner;

-- A key as its owner sees it: never the secret, nor anything it could be guessed from.
create function dashboard.api_key_json(k dashboard.api_key) returns jsonb
language sql stable
as $api_key_json$
    select jsonb_build_object(
        'id', k.id,
        'user_id', k.user_id,
        'name', k.name,
        'allowed_operations', to_jsonb(k.allowed_operations),
        'limits', jsonb_build_object('minute', k.per_minute, 'hour', k.per_hour,
                                     'day', k.per_day),
        'created_at', dashboard.rfc3339(k.created_at),
        'rotated_at', dashboard.rfc3339(k.rotated_at),
        'previous_until', dashboard.rfc3339(k.previous_until),
        'last_used_at', dashboard.rfc3339(k.last_used_at),
        'expires_at', dashboard.rfc3339(k.expires_at),
        'revoked_at', dashboard.rfc3339(k.revoked_at))
$api_key_json$;

-- The answer that shows a key, with its secret when it has just been made.
create function dashboard.show_api_key(k dashboard.api_key, secret text, status integer)
returns api.answer
language sql stable
as $show_api_key$
    select (status, null, null, case status when 201 then '/api-keys/' || k.id end,
            array['api_key:' || k.id], null, null,
            jsonb_build_object(
                'data', dashboard.api_key_json(k)
                        || case when secret is null then '{}'
                                else jsonb_build_object(
                                    'key', 'dk_' || replace(k.id::text, '-', '') || '_' || secret)
                           end)::text)::api.answer
$show_api_key$;

-- The first of these operations that is none of schema api's, or null.
create function dashboard.unknown_operation(operations text[]) returns text
language sql stable
as $unknown_operation$
    select o
    from unnest(operations) with ordinality as u (o, n)
    where not exists (select from pg_catalog.pg_proc as p
                      where p.pronamespace = 'api'::regnamespace and p.proname = o)
    order by n
    limit 1
$unknown_operation$;

-- The key when the caller may know of it: its owner may, and the owner's administrators.
create function dashboard.find_api_key(caller dashboard.caller, key uuid) returns dashboard.api_key
language plpgsql stable
as $find_api_key$
declare
    k dashboard.api_key;
begin
    select a.* into k
    from dashboard.api_key as a
    where a.organisation_id = caller.organisation_id
      and a.id = key
      and (a.user_id = caller.user_id or dashboard.administers(caller, a.user_id));
    return k;
end
$find_api_key$;

-- GET /api-keys: the caller's own, or those of a user they administer; revoked ones among them, the
-- newest first.
create function api.list_api_keys(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $list_api_keys$
declare
    caller  dashboard.caller := dashboard.identify(request);
    whose   uuid := coalesce((request #>> '{query,user_id}')::uuid, caller.user_id);
    size    integer := coalesce((request #>> '{query,limit}')::integer, 50);
    list    text := 'api_keys:' || whose;
    place   text[];
    refusal api.answer;
    items   json;
    next    text;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    refusal := dashboard.gate_user(caller, request, 'list_api_keys', whose);
    if refusal.status is not null then
        return refusal;
    end if;
    if request #> '{query,cursor}' is not null then
        place := dashboard.time_place(list, request #>> '{query,cursor}');
        if place is null then
            return dashboard.invalid('cursor', 'is not a cursor of this list');
        end if;
    end if;

    with found as (
        select a as k, a.created_at, a.id,
               row_number() over (order by a.created_at desc, a.id desc) as nth
        from dashboard.api_key as a
        where a.user_id = whose
          and (place is null or (a.created_at, a.id) < (place[1]::timestamptz, place[2]::uuid))
        order by a.created_at desc, a.id desc
        limit size + 1)
    select coalesce(json_agg(dashboard.api_key_json(f.k) order by f.nth)
                        filter (where f.nth <= size), '[]'),
           case when count(*) > size then
               dashboard.cursor_text(
                   list,
                   max(dashboard.rfc3339(f.created_at)) filter (where f.nth = size),
                   max(f.id::text) filter (where f.nth = size))
           end
    into items, next
    from found as f;
    return (200, null, null, null, null, null, null,
            json_build_object(
                'data', items,
                'page', json_build_object('limit', size, 'next', next))::text)::api.answer;
end
$list_api_keys$;

-- POST /api-keys: a key of the caller's own. Made with a key, it would outlive that key's limits: that
-- takes a person.
create function api.create_api_key(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $create_api_key$
declare
    caller     dashboard.caller := dashboard.identify(request);
    operations text[];
    unknown    text;
    secret     text := dashboard.new_token();
    k          dashboard.api_key;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    if jsonb_typeof(request -> 'api_key') = 'object' then
        return dashboard.forbidden(caller, request, 'create', 'api_key', null, null, null);
    end if;
    if jsonb_typeof(body -> 'allowed_operations') = 'array' then
        operations := array(select jsonb_array_elements_text(body -> 'allowed_operations'));
    end if;
    unknown := dashboard.unknown_operation(operations);
    if unknown is not null then
        return dashboard.invalid(
            '/allowed_operations/' || array_position(operations, unknown) - 1,
            'is not the name of an operation');
    end if;
    if (body ->> 'expires_at')::timestamptz <= now() then
        return dashboard.invalid('/expires_at', 'must be in the future');
    end if;

    insert into dashboard.api_key
        (organisation_id, user_id, name, hash, allowed_operations, per_minute, per_hour, per_day,
         expires_at)
    values (caller.organisation_id, caller.user_id, body ->> 'name', dashboard.token_hash(secret),
            operations, (body #>> '{limits,minute}')::integer, (body #>> '{limits,hour}')::integer,
            (body #>> '{limits,day}')::integer, (body ->> 'expires_at')::timestamptz)
    returning * into k;
    perform dashboard.audit(caller, request, 'create', 'api_key', k.id, null, null,
                            dashboard.changes('{}', dashboard.api_key_json(k)), 'success');
    return dashboard.show_api_key(k, secret, 201);
end
$create_api_key$;

-- GET /api-keys/{id}
create function api.get_api_key(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $get_api_key$
declare
    caller dashboard.caller := dashboard.identify(request);
    k      dashboard.api_key;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    k := dashboard.find_api_key(caller, (request #>> '{path,id}')::uuid);
    if k.id is null then
        return dashboard.not_found('api key');
    end if;
    return dashboard.show_api_key(k, null, 200);
end
$get_api_key$;

-- PUT /api-keys/{id}/rotate: a new secret. The old one goes on for overlap_seconds, so that whoever
-- uses it can be given the new one in peace; an older one ends at once.
create function api.rotate_api_key(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $rotate_api_key$
declare
    caller  dashboard.caller := dashboard.identify(request);
    overlap integer := coalesce((body ->> 'overlap_seconds')::integer, 0);
    secret  text := dashboard.new_token();
    k       dashboard.api_key;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    k := dashboard.find_api_key(caller, (request #>> '{path,id}')::uuid);
    if k.id is null or k.revoked_at is not null then
        return dashboard.not_found('api key');
    end if;
    -- who administers a key's owner may end the key, but not come by a secret to act as the owner
    if k.user_id <> caller.user_id then
        return dashboard.forbidden(caller, request, 'rotate', 'api_key', k.id, null, null);
    end if;
    update dashboard.api_key as a
    set hash = dashboard.token_hash(secret),
        previous_hash = case when overlap > 0 then a.hash end,
        previous_until = case when overlap > 0 then now() + make_interval(secs => overlap) end,
        rotated_at = now()
    where a.id = k.id and a.revoked_at is null
    returning * into k;
    if not found then
        return dashboard.not_found('api key');
    end if;
    perform dashboard.audit(caller, request, 'rotate', 'api_key', k.id, null, null, '[]', 'success',
                            jsonb_build_object('overlap_seconds', overlap));
    return dashboard.show_api_key(k, secret, 200);
end
$rotate_api_key$;

-- DELETE /api-keys/{id}: refused from now on, and kept for the record.
create function api.delete_api_key(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $delete_api_key$
declare
    caller dashboard.caller := dashboard.identify(request);
    k      dashboard.api_key;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    k := dashboard.find_api_key(caller, (request #>> '{path,id}')::uuid);
    if k.id is null or k.revoked_at is not null then
        return dashboard.not_found('api key');
    end if;
    update dashboard.api_key as a
    set revoked_at = now(), previous_hash = null, previous_until = null
    where a.id = k.id and a.revoked_at is null;
    if not found then
        return dashboard.not_found('api key');
    end if;
    perform dashboard.audit(caller, request, 'revoke', 'api_key', k.id, null, null, '[]',
                            'success');
    return (204, null, null, null, array['api_key:' || k.id], null, null, null)::api.answer;
end
$delete_api_key$;

-- Whose an API key is, good or not.
create function dashboard.whose_api_key(key uuid)
returns table (organisation_id uuid, user_id uuid)
language sql stable
as $whose_api_key$
    select k.organisation_id, k.user_id
    from dashboard.api_key as k
    where k.id = key
$whose_api_key$;
select dashboard.give_to_identity('dashboard.whose_api_key(uuid)');

-- What nginx must know of a key before it lets it do anything: its limits. 401 for a key that is
-- none, 403 for an operation it is not for; the operation itself asks again, in its own transaction.
create function api.lookup_api_key(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $lookup_api_key$
declare
    key    uuid := (request #>> '{api_key,id}')::uuid;
    caller dashboard.caller := dashboard.identify_key(request, false);
    k      dashboard.api_key;
begin
    if caller.user_id is null then
        perform dashboard.enter(w.organisation_id, w.user_id) from dashboard.whose_api_key(key) as w;
        select a.* into k from dashboard.api_key as a where a.id = key;
        perform dashboard.audit(dashboard.nobody_in(k.organisation_id), request, 'authenticate',
                                'api_key', k.id, null, null, '[]', 'denied');
        return dashboard.unauthenticated();
    end if;
    select a.* into k from dashboard.api_key as a where a.id = key;
    if request ->> 'operation' <> all (k.allowed_operations) then
        return dashboard.forbidden(caller, request, request ->> 'operation', 'api_key', key, null,
                                   null);
    end if;
    update dashboard.api_key as a set last_used_at = now() where a.id = key returning * into k;
    return (200, null, null, null, array['api_key:' || key], null, null,
            jsonb_build_object(
                'allowed_operations', to_jsonb(k.allowed_operations),
                'limits', jsonb_build_object('minute', k.per_minute, 'hour', k.per_hour,
                                             'day', k.per_day))::text)::api.answer;
end
$lookup_api_key$;

commit;
