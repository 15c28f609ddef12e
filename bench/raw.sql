-- For the benchmark of cold batches: the demo's queries once more, reading all they sum up from the
-- flights themselves instead of from materialised views, and the widgets of a copy of its dashboard
-- (psql variable dashboard) set to them. bench/lib/Bench/Batch.pm runs and removes it.

begin;
set local role dashboard_owner;

create function data.raw_traffic_between(lower timestamptz, upper timestamptz)
returns table (slot timestamptz, flights integer, on_time integer, delay_minutes integer)
language sql stable
as $raw_traffic_between$
    select date_bin('15 minutes', f.date, 'epoch'), 1, (f.delay < 15)::integer, f.delay
    from data.flights as f
    where f.date >= lower and f.date < upper
$raw_traffic_between$;

create function data.raw_airports_between(lower timestamptz, upper timestamptz)
returns table (airport text, flights integer, on_time integer, delay_minutes integer)
language sql stable
as $raw_airports_between$
    select f.origin, 1, (f.delay < 15)::integer, f.delay
    from data.flights as f
    where f.date >= lower and f.date < upper
$raw_airports_between$;

create function data.raw_routes_between(lower timestamptz, upper timestamptz)
returns table (origin text, destination text, distance integer,
               flights integer, on_time integer, delay_minutes integer)
language sql stable
as $raw_routes_between$
    select f.origin, f.destination, f.distance, 1, (f.delay < 15)::integer, f.delay
    from data.flights as f
    where f.date >= lower and f.date < upper
$raw_routes_between$;

-- Row-level security lets dashboard_owner write only for whom it acts.
reset role;

-- Made by md5, so that the widgets find the copy of their query without a table of both.
insert into dashboard.query
    (organisation_id, id, name, source, kind, sql, params, timeout_ms, cache_ttl, created_by)
select organisation_id, md5('raw ' || id)::uuid, 'Benchmark: ' || name, source, kind,
       regexp_replace(sql, 'data\.(traffic|airports|routes)_between', 'data.raw_\1_between', 'g'),
       params, timeout_ms, cache_ttl, created_by
from dashboard.query
where id in (select query_id from dashboard.widget where dashboard_id = :'dashboard');

update dashboard.widget
set query = jsonb_set(query, '{query_id}', to_jsonb(md5('raw ' || query_id)::uuid))
where dashboard_id = :'dashboard' and query_id is not null;

commit;
