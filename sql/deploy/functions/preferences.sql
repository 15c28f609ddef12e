-- Deploy dashboard:functions/preferences to pg
-- requires: preferences functions/gate
--
-- get_preferences, put_preferences: what a front end keeps for a user. They are the user's own; a
-- super_admin may read them.

begin;
set local role dashboard_owner;

-- A user's preferences; those that were never written are empty, at version 0.
create function dashboard.find_preferences(caller dashboard.caller, whose uuid)
returns dashboard.preferences
language plpgsql stable
as $find_preferences$
declare
    p dashboard.preferences;
begin
    select o.*
    into p
    from dashboard.preferences as o
    where o.organisation_id = caller.organisation_id and o.user_id = whose;
    if p.user_id is null then
        p.organisation_id := caller.organisation_id;
        p.user_id := whose;
        p.preferences := '{}';
        p.version := 0;
    end if;
    return p;
end
$find_preferences$;

create function dashboard.preferences_json(p dashboard.preferences) returns json
language sql stable
as $preferences_json$
    select json_build_object(
        'user_id', p.user_id,
        'preferences', p.preferences,
        'etag', dashboard.etag(p.version),
        'version', p.version,
        'created_at', dashboard.rfc3339(p.created_at),
        'updated_at', dashboard.rfc3339(p.updated_at))
$preferences_json$;

-- The answer that shows preferences; status is 200 or 201.
create function dashboard.show_preferences(p dashboard.preferences, status integer)
returns api.answer
language sql stable
as $show_preferences$
    select (status, null, dashboard.etag(p.version),
            case status when 201 then '/users/' || p.user_id::text || '/preferences' end,
            array['preferences:' || p.user_id::text], null, null,
            json_build_object('data', dashboard.preferences_json(p))::text)::api.answer
$show_preferences$;

-- The refusal of an action on a user's preferences, or an answer whose status is null: go on.
create function dashboard.gate_preferences(
    caller dashboard.caller, request jsonb, action text, whose uuid, allowed boolean)
returns api.answer
language plpgsql volatile
as $gate_preferences$
begin
    if not dashboard.knows_user(caller, whose) then
        return dashboard.not_found('user');
    end if;
    if not allowed then
        return dashboard.forbidden(caller, request, action, 'user', whose, null, null);
    end if;
    return null;
end
$gate_preferences$;

-- GET /users/{user_id}/preferences
create function api.get_preferences(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $get_preferences$
declare
    caller  dashboard.caller := dashboard.identify(request);
    whose   uuid := (request #>> '{path,user_id}')::uuid;
    refusal api.answer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    refusal := dashboard.gate_preferences(caller, request, 'read_preferences', whose,
                                          whose = caller.user_id or caller.super_admin);
    if refusal.status is not null then
        return refusal;
    end if;
    return dashboard.show_preferences(dashboard.find_preferences(caller, whose), 200);
end
$get_preferences$;

-- Writes preferences over p, or creates them when p was never written. A record of nulls says that
-- somebody was faster.
create function dashboard.write_preferences(p dashboard.preferences, newer jsonb)
returns dashboard.preferences
language plpgsql volatile
as $write_preferences$
declare
    written dashboard.preferences;
begin
    if p.version = 0 then
        insert into dashboard.preferences (organisation_id, user_id, preferences)
        values (p.organisation_id, p.user_id, newer)
        on conflict (user_id) do nothing
        returning * into written;
    else
        update dashboard.preferences as o
        set preferences = newer, version = o.version + 1
        where o.user_id = p.user_id and o.version = p.version
        returning o.* into written;
    end if;
    return written;
end
$write_preferences$;

-- PUT /users/{user_id}/preferences: replaces them all. With If-None-Match: * only what was never
-- written; If-Match: "v0" does the same for a client that has read the empty ones.
create function api.put_preferences(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $put_preferences$
declare
    caller  dashboard.caller := dashboard.identify(request);
    whose   uuid := (request #>> '{path,user_id}')::uuid;
    newer   jsonb := body -> 'preferences';
    older   dashboard.preferences;
    written dashboard.preferences;
    answer  api.answer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    answer := dashboard.gate_preferences(caller, request, 'update_preferences', whose,
                                         whose = caller.user_id);
    if answer.status is not null then
        return answer;
    end if;
    loop
        older := dashboard.find_preferences(caller, whose);
        if dashboard.has_condition(request, 'if_match')
           and not dashboard.names_version(request -> 'if_match', older.version)
           or older.version > 0
           and dashboard.names_version(request -> 'if_none_match', older.version) then
            return dashboard.conflict(
                caller, request, 'update_preferences', 'preferences', whose, null, null,
                older.version, dashboard.preferences_json(older), null);
        end if;
        if not dashboard.has_condition(request, 'if_match')
           and not (older.version = 0
                    and coalesce((request #> '{if_none_match,any}')::boolean, false)) then
            return dashboard.precondition_required();
        end if;
        if octet_length(newer::text) > 65536 then
            return dashboard.invalid('/preferences', 'must have at most 65536 bytes as JSON');
        end if;
        if older.version > 0 and older.preferences = newer then
            perform dashboard.audit(caller, request, 'update_preferences', 'preferences', whose,
                                    null, older.version, '[]', 'success');
            return dashboard.show_preferences(older, 200);
        end if;
        written := dashboard.write_preferences(older, newer);
        exit when written.user_id is not null;
    end loop;
    perform dashboard.audit(
        caller, request, 'update_preferences', 'preferences', whose, null, written.version,
        dashboard.changes(older.preferences, written.preferences, '/preferences'), 'success');
    perform dashboard.announce(
        caller, null, 'preferences.update', array['preferences:' || whose],
        jsonb_build_object('user_id', whose, 'version', written.version,
                           'correlation_id', request -> 'correlation_id'));
    return dashboard.show_preferences(written, case written.version when 1 then 201 else 200 end);
end
$put_preferences$;

commit;
