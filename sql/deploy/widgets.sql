-- Deploy dashboard:widgets to pg
-- requires: dashboards queries

begin;
set local role dashboard_owner;

create table dashboard.widget (
    organisation_id  uuid not null,
    id               uuid not null default gen_random_uuid(),
    dashboard_id     uuid not null,
    type             text not null check (type in ('kpi', 'line', 'area', 'bar', 'table', 'heatmap',
                                                   'map', 'note', 'chart')),
    title            text check (char_length(title) <= 255),
    x                integer not null default 0 check (x between 0 and 1000),
    y                integer not null default 0 check (y between 0 and 100000),
    width            integer not null default 4 check (width between 1 and 1000),
    height           integer not null default 3 check (height between 1 and 1000),
    config           jsonb not null default '{}' check (jsonb_typeof(config) = 'object'),
    query            jsonb check (query is null
                                  or jsonb_typeof(query) = 'object'
                                  and num_nonnulls(query -> 'query_id', query -> 'metric') = 1),
    -- The query that the reference above names, for the foreign key.
    query_id         uuid generated always as ((query ->> 'query_id')::uuid) stored,
    drill_through    jsonb check (jsonb_typeof(drill_through) = 'object'),
    cross_filter     jsonb check (jsonb_typeof(cross_filter) = 'object'),
    refresh_interval integer not null default 300
                     check (refresh_interval between 0 and 86400), -- seconds; 0: never
    cache_ttl        integer check (cache_ttl between 0 and 3600), -- seconds; null: the query's
    version          bigint not null default 1 check (version >= 1),
    created_at       timestamptz not null default clock_timestamp(),
    updated_at       timestamptz not null default clock_timestamp(),
    primary key (organisation_id, id),
    foreign key (organisation_id, dashboard_id)
        references dashboard.dashboard (organisation_id, id) on delete cascade,
    foreign key (organisation_id, query_id)
        references dashboard.query (organisation_id, id)
);

-- Widgets of a dashboard in the order in which they are shown: rows, then columns.
create index widget_by_position on dashboard.widget (organisation_id, dashboard_id, y, x, id);
create index widget_query on dashboard.widget (organisation_id, query_id);

create trigger touch before update on dashboard.widget
    for each row execute function dashboard.touch();

-- The last version of every widget that is gone. One that comes back under its id (a version
-- restored, a PUT) goes on counting from there: an entity tag must never mean two things.
create table dashboard.deleted_widget (
    organisation_id uuid not null,
    id              uuid not null,
    version         bigint not null,
    primary key (organisation_id, id)
);

create function dashboard.continue_version() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $continue_version$
begin
    if tg_op = 'DELETE' then
        insert into dashboard.deleted_widget (organisation_id, id, version)
        values (old.organisation_id, old.id, old.version)
        on conflict (organisation_id, id) do update set version = excluded.version;
        return old;
    end if;
    new.version := 1 + coalesce((select g.version
                                 from dashboard.deleted_widget as g
                                 where g.organisation_id = new.organisation_id
                                   and g.id = new.id), 0);
    return new;
end
$continue_version$;

create trigger continue_version before insert or delete on dashboard.widget
    for each row execute function dashboard.continue_version();

select dashboard.protect('dashboard.widget');
select dashboard.protect('dashboard.deleted_widget');

commit;
