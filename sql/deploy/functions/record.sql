-- Deploy dashboard:functions/record to pg
-- requires: events audit_chain functions/dashboards_read
--
-- What every write leaves behind: a version, an audit row, an event with one NOTIFY; and what
-- refused ones leave: an audit row.

begin;
set local role dashboard_owner;

-- Keeps what the dashboard and its widgets are now as the version that the row carries, and returns
-- it. The caller holds the row's lock, so that no widget can change between the row and this.
create function dashboard.save_version(d dashboard.dashboard, action text, actor uuid) returns json
language plpgsql volatile
as $save_version$
declare
    document json := dashboard.document(d);
begin
    insert into dashboard.dashboard_version
        (organisation_id, dashboard_id, version, action, document, created_by)
    values (d.organisation_id, d.id, d.version, action, document, actor);
    return document;
end
$save_version$;

-- The client's address as the server gave it, or null for what is none (a unix socket).
create function dashboard.client_address(request jsonb) returns inet
language sql immutable
as $client_address$
    select case
               when request ->> 'address' ~ '^[0-9A-Fa-f.:]+$' then (request ->> 'address')::inet
           end
$client_address$;

-- One audit row, written in the transaction of what it tells of and chained to the one before
-- (audit_chain). What every operation calls, with
--   caller         who acts. Without a user it is nobody whose identity is proved; without an
--                  organisation, too, the row belongs to none.
--   request        as the server gave it: operation, correlation id, address, and the session and API
--                  key by which the caller came
--   action         what was done or tried: create, update, delete, restore, publish, share, login,
--                  export, read, ...
--   resource_type  of what kind it was done to, and resource_id: to which one; workspace: where
--   version        the resource's, where it has one
--   changes        as dashboard.changes() returns them, '[]' for none
--   outcome        success; conflict: somebody was faster; denied: the caller may not; failure: it was
--                  tried in vain
--   details        what else is to be known and is no change of the resource. Never a secret.
-- Call it when the transaction has all its locks: with 32 others of the organisation at the same point
-- it waits for one of them.
create function dashboard.audit(
    caller dashboard.caller, request jsonb, action text, resource_type text, resource_id uuid,
    workspace uuid, version bigint, changes jsonb, outcome text, details jsonb default '{}')
returns void
language plpgsql volatile
as $audit$
declare
    a dashboard.audit;
begin
    a.organisation_id := coalesce(caller.organisation_id, '00000000-0000-0000-0000-000000000000');
    a.workspace_id := workspace;
    -- What came along without proving anything is nobody's session, nobody's key.
    if caller.user_id is not null then
        a.actor_id := caller.user_id;
        a.session_id := (request ->> 'session')::uuid;
        a.api_key_id := (request #>> '{api_key,id}')::uuid;
    end if;
    a.action := action;
    a.operation := request ->> 'operation';
    a.resource_type := resource_type;
    a.resource_id := resource_id;
    a.version := version;
    a.changes := changes;
    a.details := details;
    a.correlation_id := request ->> 'correlation_id';
    a.address := dashboard.client_address(request);
    a.outcome := outcome;
    a.lane := dashboard.take_audit_lane(a.organisation_id);
    a.id := nextval('dashboard.audit_id');
    a.created_at := clock_timestamp();
    update dashboard.audit_head as h
    set sequence = h.sequence + 1, hash = dashboard.audit_hash(h.hash, h.sequence + 1, a)
    where h.organisation_id = a.organisation_id and h.lane = a.lane
    returning h.sequence, h.hash into a.sequence, a.hash;
    if not found then
        raise exception 'organisation % has no lane % in the audit chain', a.organisation_id, a.lane;
    end if;
    insert into dashboard.audit select a.*;
end
$audit$;

-- One event and its NOTIFY on channel dashboard_event; once in a transaction, as NOTIFY locks the
-- whole instance at commit. The notification is {"id", "tags"}, or {"id"} alone when the tags would
-- come near its limit of 8000 bytes: listeners then read the row.
create function dashboard.announce(
    caller dashboard.caller, workspace uuid, kind text, tags text[], payload jsonb) returns void
language plpgsql volatile
as $announce$
declare
    event bigint;
    notice text;
begin
    insert into dashboard.event (organisation_id, workspace_id, kind, tags, payload)
    values (caller.organisation_id, workspace, kind, tags, payload)
    returning id into event;
    notice := json_build_object('id', event, 'tags', tags)::text;
    perform pg_notify('dashboard_event', case
        when octet_length(notice) < 7000 then notice
        else json_build_object('id', event)::text
    end);
end
$announce$;

-- Refusals ---------------------------------------------------------------------------------------

-- 403, with its audit row.
create function dashboard.forbidden(
    caller dashboard.caller, request jsonb, action text, resource text, resource_id uuid,
    workspace uuid, role text) returns api.answer
language plpgsql volatile
as $forbidden$
declare
    answer api.answer := dashboard.failure(403, 'FORBIDDEN', 'You may not do this');
begin
    perform dashboard.audit(caller, request, action, resource, resource_id, workspace, null, '[]',
                            'denied');
    answer.workspace := workspace;
    answer.role := role;
    return answer;
end
$forbidden$;

-- 412, with its audit row. current: the resource now; version: of it; base: the resource at the
-- newest version that the client named, null when that is not known (changed is then left out).
create function dashboard.conflict(
    caller dashboard.caller, request jsonb, action text, resource text, resource_id uuid,
    workspace uuid, role text, version bigint, current json, base json) returns api.answer
language plpgsql volatile
as $conflict$
declare
    creating boolean := not dashboard.has_condition(request, 'if_match');
    details  json := json_build_object(
        'currentEtag', dashboard.etag(version),
        'providedEtag', request -> case when creating then 'if_none_match' else 'if_match' end
                                -> 'raw',
        'current', current);
begin
    if base is not null then
        details := (left(details::text, -1) || ', "changed" : ' || (
            select coalesce(jsonb_agg(c -> 'path'), '[]')
            from jsonb_array_elements(
                dashboard.document_changes(base::jsonb, current::jsonb)) as c)::text || '}')::json;
    end if;
    perform dashboard.audit(caller, request, action, resource, resource_id, workspace, version,
                            '[]', 'conflict');
    return (412, 'CONFLICT', dashboard.etag(version), null, null, workspace, role,
            json_build_object(
                'message', initcap(resource) || case
                    when creating then ' exists already'
                    else ' was modified by another user'
                end,
                'details', details)::text)::api.answer;
end
$conflict$;

commit;
