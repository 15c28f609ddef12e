-- Deploy dashboard:functions/record to pg
-- requires: events audit functions/dashboards_read
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

-- One audit row. changes as dashboard.changes() returns them. A caller without organisation is
-- nobody's, and their row belongs to no organisation.
create function dashboard.audit(
    caller dashboard.caller, request jsonb, action text, resource text, resource_id uuid,
    workspace uuid, version bigint, changes jsonb, outcome text, details jsonb default '{}')
returns void
language plpgsql volatile
as $audit$
begin
    insert into dashboard.audit
        (organisation_id, workspace_id, actor_id, action, operation, resource, resource_id, version,
         changes, details, correlation_id, address, outcome)
    values (coalesce(caller.organisation_id, '00000000-0000-0000-0000-000000000000'), workspace,
            caller.user_id, action, request ->> 'operation', resource, resource_id, version,
            changes, details, request ->> 'correlation_id', dashboard.client_address(request),
            outcome);
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
