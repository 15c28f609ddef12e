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
    title            text not null default '' check (char_length(title) <= 255),
    x                integer not null default 0 check (x >= 0),
    y                integer not null default 0 check (y >= 0),
    width            integer not null default 1 check (width >= 1),
    height           integer not null default 1 check (height >= 1),
    config           jsonb not null default '{}' check (jsonb_typeof(config) = 'object'),
    query            jsonb check (query is null
                                  or jsonb_typeof(query) = 'object'
                                  and num_nonnulls(query -> 'query_id', query -> 'metric') = 1),
    -- The query that the reference above names, for the foreign key.
    query_id         uuid generated always as ((query ->> 'query_id')::uuid) stored,
    drill_through    jsonb not null default '{}' check (jsonb_typeof(drill_through) = 'object'),
    cross_filter     jsonb not null default '{}' check (jsonb_typeof(cross_filter) = 'object'),
    refresh_interval integer not null default 300 check (refresh_interval >= 0), -- seconds
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

commit;
