-- Deploy dashboard:functions/public_links to pg
-- requires: public_links functions/auth functions/widget_data
--
-- create_public_link, list_public_links, delete_public_link; get_public_dashboard,
-- get_public_dashboard_data: a dashboard and its data for whoever has the token.
--
-- The reader is a caller without a user: dashboard.reach() shows them the one dashboard, and what
-- is granted to users (facilities, roles) they have none of.

begin;
set local role dashboard_owner;

-- How many public links a dashboard may have.
create function dashboard.public_links_limit() returns integer
language sql immutable
as $public_links_limit$
    select 100
$public_links_limit$;

-- A link as the list shows it: without its token, which nobody has any more.
create function dashboard.public_link_json(l dashboard.public_link) returns json
language sql stable
as $public_link_json$
    select json_build_object(
        'id', l.id,
        'expires_at', dashboard.rfc3339(l.expires_at),
        'created_by', l.created_by,
        'created_at', dashboard.rfc3339(l.created_at))
$public_link_json$;

-- Ends a change of a dashboard's public links: audit row and event. change: as an item of
-- dashboard.changes().
create function dashboard.finish_public_link(
    caller dashboard.caller, request jsonb, action text, d dashboard.dashboard,
    l dashboard.public_link, change jsonb) returns void
language plpgsql volatile
as $finish_public_link$
begin
    perform dashboard.audit(caller, request, action, 'dashboard', d.id, d.workspace_id, d.version,
                            jsonb_build_array(change), 'success',
                            jsonb_build_object('public_link_id', l.id));
    perform dashboard.announce(
        caller, d.workspace_id, 'dashboard.' || action, array['public:' || d.id],
        jsonb_build_object('dashboard_id', d.id, 'version', d.version, 'actor_id', caller.user_id,
                           'correlation_id', request -> 'correlation_id'));
end
$finish_public_link$;

-- POST /dashboards/{id}/public-link. The token is in this answer and in no other.
create function api.create_public_link(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $create_public_link$
declare
    caller dashboard.caller := dashboard.identify(request);
    token  text := dashboard.new_token();
    target dashboard.target;
    answer api.answer;
    l      dashboard.public_link;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
    answer := dashboard.gate(caller, request, 'create_public_link', target, 'dashboard:share',
                             false);
    if answer.status is not null then
        return answer;
    end if;
    if (body ->> 'expires_at')::timestamptz <= now() then
        return dashboard.invalid('/expires_at', 'must be in the future');
    end if;
    if (target.d).facility_id is not null then
        return dashboard.invalid('id', 'is bound to a facility, which no public link may show');
    end if;
    if not dashboard.lock_dashboard(target.d) then
        return dashboard.not_found('dashboard');
    end if;
    if (select count(*) from dashboard.public_link as o
        where o.organisation_id = (target.d).organisation_id and o.dashboard_id = (target.d).id)
       >= dashboard.public_links_limit() then
        return dashboard.invalid(
            'id', format('has %s public links already', dashboard.public_links_limit()));
    end if;
    insert into dashboard.public_link (organisation_id, dashboard_id, hash, expires_at, created_by)
    values ((target.d).organisation_id, (target.d).id, dashboard.token_hash(token),
            (body ->> 'expires_at')::timestamptz, caller.user_id)
    returning * into l;
    perform dashboard.finish_public_link(
        caller, request, 'create_public_link', target.d, l,
        jsonb_build_object('op', 'add', 'path', '/public_link', 'value',
                           jsonb_build_object('expires_at', dashboard.rfc3339(l.expires_at))));
    return (201, null, dashboard.etag((target.d).version), '/public/' || token, null,
            (target.d).workspace_id, target.role,
            '{"data":' || left(dashboard.public_link_json(l)::text, -1) || ', "token" : "' || token
            || '"}}')::api.answer;
end
$create_public_link$;

-- GET /dashboards/{id}/public-link: all of them, the oldest first.
create function api.list_public_links(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $list_public_links$
declare
    caller dashboard.caller := dashboard.identify(request);
    target dashboard.target;
    answer api.answer;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
    answer := dashboard.gate(caller, request, 'list_public_links', target, 'dashboard:share',
                             false);
    if answer.status is not null then
        return answer;
    end if;
    return (
        select (200, null, null, null,
                dashboard.dashboard_tags(caller, (target.d).id) || ('public:' || (target.d).id),
                (target.d).workspace_id, target.role,
                json_build_object(
                    'data', coalesce(json_agg(dashboard.public_link_json(l)
                                              order by l.created_at, l.id), '[]'),
                    'page', json_build_object('limit', dashboard.public_links_limit(),
                                              'next', null))::text)::api.answer
        from dashboard.public_link as l
        where l.organisation_id = (target.d).organisation_id and l.dashboard_id = (target.d).id);
end
$list_public_links$;

-- DELETE /dashboards/{id}/public-link/{link_id}: from now on the token is one that never was.
create function api.delete_public_link(request jsonb, body jsonb) returns api.answer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $delete_public_link$
declare
    caller dashboard.caller := dashboard.identify(request);
    target dashboard.target;
    answer api.answer;
    l      dashboard.public_link;
begin
    if caller.user_id is null then
        return dashboard.unauthenticated();
    end if;
    target := dashboard.find_dashboard(caller, (request #>> '{path,id}')::uuid);
    answer := dashboard.gate(caller, request, 'delete_public_link', target, 'dashboard:share',
                             false);
    if answer.status is not null then
        return answer;
    end if;
    delete from dashboard.public_link as o
    where o.organisation_id = (target.d).organisation_id
      and o.dashboard_id = (target.d).id
      and o.id = (request #>> '{path,link_id}')::uuid
    returning o.* into l;
    if l.id is null then
        return dashboard.not_found('public link');
    end if;
    perform dashboard.finish_public_link(
        caller, request, 'delete_public_link', target.d, l,
        jsonb_build_object('op', 'remove', 'path', '/public_link', 'old',
                           jsonb_build_object('expires_at', dashboard.rfc3339(l.expires_at))));
    return (204, null, null, null, null, (target.d).workspace_id, target.role, null)::api.answer;
end
$delete_public_link$;

-- Reading ----------------------------------------------------------------------------------------

-- Which dashboard the link with this hash leads to, while it is good.
create function dashboard.find_public_link(given bytea)
returns table (organisation_id uuid, dashboard_id uuid)
language sql stable
as $find_public_link$
    select l.organisation_id, l.dashboard_id
    from dashboard.public_link as l
    where l.hash = given and (l.expires_at is null or l.expires_at > now())
$find_public_link$;
select dashboard.give_to_identity('dashboard.find_public_link(bytea)');

-- The caller that the request's token makes; one who sees nothing when it is no good link's. Sets
-- the context: the organisation's, and nobody's in it.
create function dashboard.identify_reader(request jsonb) returns dashboard.caller
language plpgsql volatile
as $identify_reader$
declare
    caller dashboard.caller;
begin
    select null::uuid, l.organisation_id, false, l.dashboard_id
    into caller
    from dashboard.find_public_link(dashboard.token_hash(request #>> '{path,token}')) as l;
    perform dashboard.enter(caller.organisation_id, null);
    return caller;
end
$identify_reader$;

-- A dashboard as a public link shows it. What is here is all that the public gets: no ids of
-- people, workspace or facility, and not which queries are asked, with which values.
create function dashboard.public_document(d dashboard.dashboard) returns json
language plpgsql stable
as $public_document$
begin
    return (
        select json_build_object(
            'id', d.id,
            'name', d.name,
            'description', d.description,
            'etag', dashboard.etag(d.version),
            'version', d.version,
            'layout', d.layout,
            'filters', d.filters,
            'variables', d.variables,
            'tags', d.tags,
            'metadata', d.metadata,
            'updated_at', dashboard.rfc3339(d.updated_at),
            'widgets', coalesce(json_agg(
                json_build_object(
                    'id', w.id,
                    'type', w.type,
                    'title', w.title,
                    'x', w.x,
                    'y', w.y,
                    'width', w.width,
                    'height', w.height,
                    'config', w.config,
                    'drill_through', w.drill_through,
                    'cross_filter', w.cross_filter,
                    'refresh_interval', w.refresh_interval)
                order by w.y, w.x, w.id) filter (where w.id is not null), '[]'),
            'permissions', '["dashboard:read", "data:read"]'::json)
        from (values (d.id)) as given (id)
        left join dashboard.widget as w
               on w.organisation_id = d.organisation_id and w.dashboard_id = given.id);
end
$public_document$;

-- GET /public/{token}
create function api.get_public_dashboard(request jsonb, body jsonb) returns api.answer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $get_public_dashboard$
declare
    caller dashboard.caller := dashboard.identify_reader(request);
    target dashboard.target := dashboard.find_dashboard(caller, caller.public_dashboard);
begin
    if target.access is null then
        return dashboard.not_found('dashboard');
    end if;
    return (200, null, dashboard.etag((target.d).version), null,
            dashboard.dashboard_tags(caller, (target.d).id), (target.d).workspace_id, null,
            '{"data":' || dashboard.public_document(target.d)::text || '}')::api.answer;
end
$get_public_dashboard$;

-- GET /public/{token}/data
create function api.get_public_dashboard_data(request jsonb, body jsonb) returns api.answer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $get_public_dashboard_data$
declare
    caller dashboard.caller := dashboard.identify_reader(request);
begin
    return dashboard.plan_dashboard(caller, request, caller.public_dashboard);
end
$get_public_dashboard_data$;

commit;
