-- Deploy dashboard:functions/audit to pg
-- requires: functions/gate functions/permissions functions/queries functions/audit_verify
--
-- list_audit, verify_audit. Reading the audit trail is on record itself.

begin;
set local role dashboard_owner;

-- An audit row as clients see it.
create function dashboard.audit_json(a dashboard.audit) returns json
language sql stable
as $audit_json$
    select json_build_object(
        'id', a.id,
        'created_at', dashboard.rfc3339(a.created_at),
        'workspace_id', a.workspace_id,
        'actor_id', a.actor_id,
        'session_id', a.session_id,
        'api_key_id', a.api_key_id,
        'action', a.action,
        'operation', a.operation,
        'resource_type', a.resource_type,
        'resource_id', a.resource_id,
        'version', a.version,
        'changes', a.changes,
        'details', a.details,
        'outcome', a.outcome,
        'address', host(a.address),
        'correlation_id', a.correlation_id,
        'lane', a.lane,
        'sequence', a.sequence,
        'hash', encode(a.hash, 'hex'))
$audit_json$;

-- The workspaces of which the caller may read the audit trail; null for a super_admin, who reads the
-- organisation's, rows without a workspace included.
create function dashboard.audited_workspaces(caller dashboard.caller) returns uuid[]
language sql stable
as $audited_workspaces$
    select case when not caller.super_admin then array(
        select m.workspace_id
        from dashboard.membership as m
        where m.organisation_id = caller.organisation_id
          and m.user_id = caller.user_id
          and dashboard.may(m.role, 'audit:read'))
    end
$audited_workspaces$;

-- GET /audit: the newest first. Keyset pages: a cursor holds the time and id of the last row shown.
-- The statement is put together from the fixed texts below and nothing else; what the client sent
-- is bound.
create function api.list_audit(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $list_audit$
declare
    caller     dashboard.caller := dashboard.identify(request);
    query      jsonb := coalesce(request -> 'query', '{}');
    workspace  uuid := (query ->> 'workspace_id')::uuid;
    size       integer := coalesce((query ->> 'limit')::integer, 50);
    workspaces uuid[];
    role       text;
    place      text[];
    items      json;
    next       text;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    if workspace is not null then
        if not exists (select from dashboard.workspace as w
                       where w.organisation_id = caller.organisation_id and w.id = workspace) then
            return dashboard.not_found('workspace');
        end if;
        select case when caller.super_admin then 'super_admin' else m.role end
        into role
        from (select) as one
        left join dashboard.membership as m
               on m.user_id = caller.user_id and m.workspace_id = workspace;
    end if;
    workspaces := dashboard.audited_workspaces(caller);
    if workspaces = '{}' or not workspace = any (workspaces) then
        return dashboard.forbidden(caller, request, 'read', 'audit', null, workspace, role);
    end if;
    if (query ->> 'from')::timestamptz > (query ->> 'to')::timestamptz then
        return dashboard.invalid('from', 'is after to');
    end if;
    if query -> 'cursor' is not null then
        place := dashboard.cursor_place('audit', query ->> 'cursor');
        if cardinality(place) is distinct from 2
           or place[2] !~ '^\d{1,18}$'
           or dashboard.time_text('timestamp', place[1]) is null then
            return dashboard.invalid('cursor', 'is not a cursor of this list');
        end if;
    end if;
    if workspace is not null then
        workspaces := array[workspace];
    end if;

    execute format($statement$
        select coalesce(json_agg(dashboard.audit_json(f.a) order by f.nth)
                            filter (where f.nth <= $1), '[]'),
               case when count(*) > $1 then
                   dashboard.cursor_text(
                       'audit',
                       max(dashboard.rfc3339((f.a).created_at)) filter (where f.nth = $1),
                       max((f.a).id) filter (where f.nth = $1)::text)
               end
        from (
            select a, row_number() over (order by a.created_at desc, a.id desc) as nth
            from dashboard.audit as a
            where a.organisation_id = $2
              and %s
            order by a.created_at desc, a.id desc
            limit $1 + 1) as f
        $statement$,
        concat_ws(
            ' and ', 'true',
            case when workspaces is not null then 'a.workspace_id = any ($3)' end,
            case when place is not null then '(a.created_at, a.id) < ($4, $5)' end,
            case when query -> 'actor' is not null then 'a.actor_id = $6' end,
            case when query -> 'action' is not null then 'a.action = $7' end,
            case when query -> 'resource_type' is not null then 'a.resource_type = $8' end,
            case when query -> 'resource_id' is not null then 'a.resource_id = $9' end,
            -- Said in so many words that the index of what is no success is found.
            case
                when query ->> 'outcome' = 'success' then 'a.outcome = ''success'''
                when query -> 'outcome' is not null then
                    'a.outcome = $10 and a.outcome <> ''success'''
            end,
            case when query -> 'from' is not null then 'a.created_at >= $11' end,
            case when query -> 'to' is not null then 'a.created_at < $12' end,
            case when query -> 'correlation_id' is not null then 'a.correlation_id = $13' end))
    into items, next
    using size, caller.organisation_id, workspaces, place[1]::timestamptz, place[2]::bigint,
          (query ->> 'actor')::uuid, query ->> 'action', query ->> 'resource_type',
          (query ->> 'resource_id')::uuid, query ->> 'outcome', (query ->> 'from')::timestamptz,
          (query ->> 'to')::timestamptz, query ->> 'correlation_id';

    perform dashboard.audit(caller, request, 'read', 'audit', null, workspace, null, '[]',
                            'success', jsonb_build_object('query', query));
    return (200, null, null, null, null, workspace, role,
            json_build_object('data', items,
                              'page', json_build_object('limit', size, 'next', next))::text)::api.answer;
end
$list_audit$;

-- GET /audit/verify: whether the organisation's audit trail still tells what was written into it. What
-- is wrong with it is named by the first place in every lane.
create function api.verify_audit(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $verify_audit$
declare
    caller   dashboard.caller := dashboard.identify(request);
    problems jsonb;
    heads    jsonb;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    if dashboard.audited_workspaces(caller) = '{}' then
        return dashboard.forbidden(caller, request, 'verify', 'audit', null, null, null);
    end if;

    -- One statement: what was verified and the heads belong together.
    select (select coalesce(jsonb_agg(jsonb_build_object(
                                'lane', v.lane, 'sequence', v.sequence, 'audit_id', v.audit_id,
                                'problem', v.problem) order by v.lane), '[]')
            from dashboard.audit_verify(caller.organisation_id) as v),
           (select coalesce(jsonb_agg(jsonb_build_object(
                                'lane', h.lane, 'sequence', h.sequence,
                                'hash', encode(h.hash, 'hex')) order by h.lane), '[]')
            from dashboard.audit_head as h
            where h.organisation_id = caller.organisation_id and h.sequence > 0)
    into problems, heads;

    perform dashboard.audit(
        caller, request, 'verify', 'audit', null, null, null, '[]',
        case when problems = '[]' then 'success' else 'failure' end,
        jsonb_build_object('problems', problems));
    return (200, null, null, null, null, null, null,
            json_build_object('data', json_build_object(
                'intact', problems = '[]',
                'problems', problems,
                'organisation_id', caller.organisation_id,
                'heads', heads))::text)::api.answer;
end
$verify_audit$;

commit;
