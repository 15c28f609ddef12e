-- The stored queries of the demo's dashboards. :from, :to and :timezone come from the time range of
-- whoever asks; the other names are parameters, with the defaults given here. Times are cut into hours
-- and days by the clock of :timezone.

reset role;

create function pg_temp.store(id text, name text, sql text, params jsonb default '[]', cache_ttl integer default 60)
returns void
language sql
as $store$
    insert into dashboard.query (organisation_id, id, name, sql, params, cache_ttl, created_by)
    values ('0a000000-0000-4000-8000-000000000001', ('0e000000-0000-4000-8000-' || lpad(id, 12, '0'))::uuid,
            name, sql, params, cache_ttl, '0c000000-0000-4000-8000-000000000001')
$store$;

-- All airports ------------------------------------------------------------------------------------

select pg_temp.store('1', 'Flights today', $sql$
select
    count(*) filter (where date >= date_trunc('day', :to, :timezone)) as value,
    count(*) filter (where date < :to - interval '7 days') as previous
from data.flights
where (date >= date_trunc('day', :to, :timezone) and date < :to)
   or (date >= date_trunc('day', :to, :timezone) - interval '7 days' and date < :to - interval '7 days')
$sql$);

select pg_temp.store('2', 'Traffic', $sql$
with period (name, lower, upper) as (
    values
        ('current', :from, :to),
        ('previous', :from - (:to - :from), :from)
), measured as (
    select
        p.name,
        case :measure
            when 'flights' then sum(t.flights)
            when 'average_delay' then round(sum(t.delay_minutes)::numeric / sum(t.flights), 1)
            when 'on_time_share' then round(sum(t.on_time)::numeric / sum(t.flights), 4)
        end as value
    from period as p
    cross join lateral data.traffic_between(p.lower, p.upper) as t
    group by p.name
)
select
    max(value) filter (where name = 'current') as value,
    max(value) filter (where name = 'previous') as previous
from measured
$sql$, '[{"name": "measure", "type": "text", "default": "flights",
          "enum": ["flights", "average_delay", "on_time_share"]}]');

select pg_temp.store('3', 'Traffic over time', $sql$
select
    date_trunc(
        case
            when :bucket <> 'auto' then :bucket
            when :to - :from <= interval '48 hours' then 'hour'
            else 'day'
        end, slot, :timezone) as time,
    sum(flights) as flights,
    sum(on_time) as on_time,
    sum(flights) - sum(on_time) as late,
    round(sum(delay_minutes)::numeric / sum(flights), 1) as average_delay
from data.traffic_between(:from, :to)
group by 1
order by 1
$sql$, '[{"name": "bucket", "type": "text", "default": "auto", "enum": ["auto", "hour", "day", "week"]}]');

select pg_temp.store('4', 'Delay by hour', $sql$
select
    extract(hour from slot at time zone :timezone)::integer as hour,
    sum(flights) as flights,
    round(sum(delay_minutes)::numeric / sum(flights), 1) as average_delay
from data.traffic_between(:from, :to)
group by 1
order by 1
$sql$);

select pg_temp.store('5', 'Delay by weekday and hour', $sql$
select
    extract(isodow from slot at time zone :timezone)::integer as weekday,
    extract(hour from slot at time zone :timezone)::integer as hour,
    sum(flights) as flights,
    round(sum(delay_minutes)::numeric / sum(flights), 1) as average_delay
from data.traffic_between(:from, :to)
group by 1, 2
order by 1, 2
$sql$);

select pg_temp.store('6', 'Airports', $sql$
select
    a.iata as airport, a.name, a.city, a.state, a.latitude, a.longitude,
    t.flights,
    round(t.delay_minutes::numeric / t.flights, 1) as average_delay
from (
    select airport, sum(flights) as flights, sum(delay_minutes) as delay_minutes
    from data.airports_between(:from, :to)
    group by airport
) as t
join data.airports as a on a.iata = t.airport
where :state is null or a.state = any (:state)
order by t.flights desc, a.iata
$sql$, '[{"name": "state", "type": "text[]"}]', 300);

select pg_temp.store('7', 'Busiest routes', $sql$
select
    t.origin, o.city as origin_city, t.destination, d.city as destination_city, t.distance, t.flights,
    round(t.on_time::numeric / t.flights, 4) as on_time_share,
    round(t.delay_minutes::numeric / t.flights, 1) as average_delay
from (
    select
        origin, destination, distance,
        sum(flights) as flights, sum(on_time) as on_time, sum(delay_minutes) as delay_minutes
    from data.routes_between(:from, :to)
    group by origin, destination, distance
    order by 4 desc, 1, 2
    limit greatest(:top, 0)
) as t
join data.airports as o on o.iata = t.origin
join data.airports as d on d.iata = t.destination
order by t.flights desc, t.origin, t.destination
$sql$, '[{"name": "top", "type": "integer", "default": 10}]', 300);

-- An airport with a handful of flights would always lead: only those with their share of all of them.
select pg_temp.store('8', 'Worst airports', $sql$
select
    a.iata as airport, a.name, a.city, a.state, t.flights,
    round(t.on_time::numeric / t.flights, 4) as on_time_share,
    round(t.delay_minutes::numeric / t.flights, 1) as average_delay
from (
    select
        airport,
        sum(flights) as flights, sum(on_time) as on_time, sum(delay_minutes) as delay_minutes,
        sum(sum(flights)) over () as all_flights
    from data.airports_between(:from, :to)
    group by airport
) as t
join data.airports as a on a.iata = t.airport
where t.flights >= t.all_flights * :minimum_share
  and (:state is null or a.state = any (:state))
order by average_delay desc, a.iata
limit greatest(:top, 0)
$sql$, '[{"name": "top", "type": "integer", "default": 10},
         {"name": "minimum_share", "type": "number", "default": 0.002},
         {"name": "state", "type": "text[]"}]', 300);

select pg_temp.store('9', 'Distances', $sql$
select
    distance / :width * :width as from_miles,
    distance / :width * :width + :width as to_miles,
    sum(flights) as flights,
    round(sum(delay_minutes)::numeric / sum(flights), 1) as average_delay
from data.routes_between(:from, :to)
group by 1
order by 1
$sql$, '[{"name": "width", "type": "integer", "default": 250, "enum": [50, 100, 250, 500, 1000]}]', 300);

-- One airport -------------------------------------------------------------------------------------

select pg_temp.store('21', 'Airport', $sql$
with period (name, lower, upper) as (
    values
        ('current', :from, :to),
        ('previous', :from - (:to - :from), :from)
), measured as (
    select
        p.name,
        case :measure
            when 'flights' then count(*)
            when 'average_delay' then round(avg(f.delay), 1)
            when 'on_time_share' then round(avg((f.delay < 15)::integer), 4)
        end as value
    from period as p
    join data.flights as f on f.origin = :airport and f.date >= p.lower and f.date < p.upper
    group by p.name
)
select
    max(value) filter (where name = 'current') as value,
    max(value) filter (where name = 'previous') as previous
from measured
$sql$, '[{"name": "airport", "type": "text", "default": "ORD"},
         {"name": "measure", "type": "text", "default": "flights",
          "enum": ["flights", "average_delay", "on_time_share"]}]');

select pg_temp.store('22', 'Airport over time', $sql$
select
    date_trunc(
        case when :to - :from <= interval '48 hours' then 'hour' else 'day' end,
        f.date, :timezone) as time,
    count(*) filter (where f.departs) as departures,
    count(*) filter (where not f.departs) as arrivals
from (
    select date, true as departs
    from data.flights
    where origin = :airport and date >= :from and date < :to
    union all
    select date, false
    from data.flights
    where destination = :airport and date >= :from and date < :to
) as f
group by 1
order by 1
$sql$, '[{"name": "airport", "type": "text", "default": "ORD"}]');

select pg_temp.store('23', 'Airport: delay by hour', $sql$
select
    extract(hour from date at time zone :timezone)::integer as hour,
    count(*) as flights,
    round(avg(delay), 1) as average_delay
from data.flights
where origin = :airport and date >= :from and date < :to
group by 1
order by 1
$sql$, '[{"name": "airport", "type": "text", "default": "ORD"}]');

select pg_temp.store('24', 'Airport: delay by weekday and hour', $sql$
select
    extract(isodow from date at time zone :timezone)::integer as weekday,
    extract(hour from date at time zone :timezone)::integer as hour,
    count(*) as flights,
    round(avg(delay), 1) as average_delay
from data.flights
where origin = :airport and date >= :from and date < :to
group by 1, 2
order by 1, 2
$sql$, '[{"name": "airport", "type": "text", "default": "ORD"}]');

select pg_temp.store('25', 'Airport: destinations', $sql$
select
    a.iata as airport, a.name, a.city, a.state, a.latitude, a.longitude,
    t.flights, t.average_delay, t.on_time_share
from (
    select
        destination,
        count(*) as flights,
        round(avg(delay), 1) as average_delay,
        round(avg((delay < 15)::integer), 4) as on_time_share
    from data.flights
    where origin = :airport and date >= :from and date < :to
    group by destination
) as t
join data.airports as a on a.iata = t.destination
order by t.flights desc, a.iata
limit greatest(:top, 0)
$sql$, '[{"name": "airport", "type": "text", "default": "ORD"},
         {"name": "top", "type": "integer", "default": 10}]');

select pg_temp.store('26', 'Airport: latest departures', $sql$
select f.date as time, f.destination, a.city as destination_city, f.distance, f.delay
from data.flights as f
join data.airports as a on a.iata = f.destination
where f.origin = :airport and f.date >= :from and f.date < :to
order by f.date desc, f.destination
limit greatest(:top, 0)
$sql$, '[{"name": "airport", "type": "text", "default": "ORD"},
         {"name": "top", "type": "integer", "default": 20}]');

select pg_temp.store('27', 'Airport: name', $sql$
select iata as airport, name, city, state, latitude, longitude
from data.airports
where iata = :airport
$sql$, '[{"name": "airport", "type": "text", "default": "ORD"}]', 3600);
