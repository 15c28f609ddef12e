-- Deploy dashboard:functions/dashboards_list to pg
-- requires: functions/gate
--
-- list_dashboards, list_user_dashboards.

begin;
set local role dashboard_owner;

-- All that the caller can see in the organisation, or in one workspace of it; those of one owner,
-- unless that is null; with deleted, the trash: what the caller may restore. Keyset pages: a cursor
-- holds the sort value and id of the last row shown, and belongs to one order. The statement is put
-- together from the fixed texts below and nothing else; what the client sent is bound. Each
-- workspace is read in the order of its index and only as far as the page goes.
create function dashboard.list(caller dashboard.caller, request jsonb, owner uuid)
returns api.answer
language plpgsql stable
as $list$
declare
    query     jsonb := coalesce(request -> 'query', '{}');
    workspace uuid := (query ->> 'workspace_id')::uuid;
    size      integer := coalesce((query ->> 'limit')::integer, 50);
    sort      text := coalesce(query ->> 'sort', '-updated_at');
    deleted   boolean := coalesce((query ->> 'deleted')::boolean, false);
    needed    integer := case when deleted then dashboard.access_for('dashboard:delete') else 1 end;
    granted   text[] := array(select dashboard.permissions_text(n) from generate_series(1, 3) as n);
    list      text;
    key       text;
    way       text;
    place     text[];
    pattern   text;
    role      text;
    items     json;
    last_key  text;
    last_id   text;
    more      boolean;
begin
    if workspace is not null then
        if not exists (select from dashboard.workspace as w
                       where w.organisation_id = caller.organisation_id and w.id = workspace) then
            return dashboard.not_found('workspace');
        end if;
        select case when caller.super_admin then 'super_admin' else m.role end
        into role
        from dashboard.membership as m
        where m.user_id = caller.user_id and m.workspace_id = workspace;
    end if;
    key := case ltrim(sort, '-')
               when 'name' then 'name'
               when 'created_at' then 'created_at'
               else 'updated_at'
           end;
    way := case when sort like '-%' then 'desc' else 'asc' end;

    list := concat_ws(':', 'dashboards', owner, key, way, deleted);
    if query -> 'cursor' is not null then
        place := dashboard.cursor_place(list, query ->> 'cursor');
        if cardinality(place) is distinct from 2
           or place[2] !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
           or (key <> 'name' and dashboard.time_text('timestamp', place[1]) is null) then
            return dashboard.invalid('cursor', 'is not a cursor of this list');
        end if;
    end if;
    -- A backslash takes the meaning from the three characters that have one in LIKE.
    pattern := '%' || regexp_replace(query ->> 'search', '([\\%_])', '\\\1', 'g') || '%';

    execute format($statement$
        select coalesce(json_agg(
                   (left(dashboard.dashboard_json(f.d)::text, -1) || ', "widget_count" : '
                    || (select count(*)
                        from dashboard.widget as w
                        where w.organisation_id = (f.d).organisation_id
                          and w.dashboard_id = (f.d).id)
                    || ', "permissions" : ' || ($11::text[])[f.access] || '}')::json
                   order by f.nth) filter (where f.nth <= $3), '[]') as items,
               max(%4$s) filter (where f.nth = $3) as last_key,
               max((f.d).id::text) filter (where f.nth = $3) as last_id,
               count(*) > $3 as more
        from (
            select p.d, p.access, row_number() over (order by (p.d).%1$I %2$s, (p.d).id %2$s) as nth
            from dashboard.workspace as o
            cross join lateral (
                select r.d, r.access
                from dashboard.reach($1) as r
                where (r.d).workspace_id = o.id
                  and r.access >= $12
                  and ((r.d).deleted_at is not null) = $4
                  and %3$s
                order by (r.d).%1$I %2$s, (r.d).id %2$s
                limit $3 + 1) as p
            where o.organisation_id = ($1).organisation_id
              and ($2 is null or o.id = $2)
            order by (p.d).%1$I %2$s, (p.d).id %2$s
            limit $3 + 1) as f
        $statement$,
        key, way,
        concat_ws(
            ' and ', 'true',
            case when place is not null then
                format('((r.d).%I, (r.d).id) %s ($5::%s, $6::uuid)', key,
                       case way when 'desc' then '<' else '>' end,
                       case key when 'name' then 'text' else 'timestamptz' end)
            end,
            case when pattern is not null then
                '((r.d).name ilike $7 or (r.d).description ilike $7)'
            end,
            case when query -> 'tag' is not null then '(r.d).tags @> array[$8]' end,
            case when query -> 'status' is not null then '(r.d).status = $9' end,
            case when query -> 'visibility' is not null then '(r.d).visibility = $10' end,
            case when owner is not null then '(r.d).owner_id = $13' end),
        case key when 'name' then '(f.d).name' else format('dashboard.rfc3339((f.d).%I)', key) end)
    into items, last_key, last_id, more
    using caller, workspace, size, deleted, place[1], place[2], pattern, query ->> 'tag',
          query ->> 'status', query ->> 'visibility', granted, needed, owner;

    return (200, null, null, null,
            array['dashboards:' || caller.organisation_id, 'access:' || caller.user_id],
            workspace, role,
            json_build_object(
                'data', items,
                'page', json_build_object(
                    'limit', size,
                    'next', case when more
                                 then dashboard.cursor_text(list, last_key, last_id)
                            end))::text)::api.answer;
end
$list$;

-- GET /dashboards
create function api.list_dashboards(request jsonb, body jsonb) returns api.answer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $list_dashboards$
declare
    caller dashboard.caller := dashboard.identify(request);
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    return dashboard.list(caller, request, null);
end
$list_dashboards$;

-- GET /users/{user_id}/dashboards: those that the user owns, as far as the caller can see them.
create function api.list_user_dashboards(request jsonb, body jsonb) returns api.answer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $list_user_dashboards$
declare
    caller dashboard.caller := dashboard.identify(request);
    owner  uuid := (request #>> '{path,user_id}')::uuid;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    if not dashboard.knows_user(caller, owner) then
        return dashboard.not_found('user');
    end if;
    return dashboard.list(caller, request, owner);
end
$list_user_dashboards$;

commit;
