-- Keys, indexes and rollups of the demo's flights, made after they are loaded.
--
-- Ranges of a few hours, and everything about one airport, are read from the flights through an index.
-- Sums over many days are read from materialised views, with the pieces at both ends of the range, where
-- it cuts a slot or a day in two, taken from the flights: the functions *_between() put these together,
-- and what they return is exact for any range. They are plain enough for the planner to inline.

set local role dashboard_owner;

create index flights_date on data.flights (date);
create index flights_origin on data.flights (origin, date) include (delay, destination);
create index flights_destination on data.flights (destination, date) include (delay, origin);

-- Only airports that some flight uses.
delete from data.airports as a
where not exists (select from data.flights as f where f.origin = a.iata)
  and not exists (select from data.flights as f where f.destination = a.iata);

alter table data.flights
    add foreign key (origin) references data.airports (iata),
    add foreign key (destination) references data.airports (iata);

-- Row-level security lets dashboard_owner write only for whom it acts.
reset role;

-- Every airport is a facility, and all users of Demo are granted all of them.
insert into dashboard.facility (organisation_id, id, code, name, metadata)
select
    '0a000000-0000-4000-8000-000000000001', facility_id, iata, name,
    jsonb_build_object('city', city, 'state', state, 'latitude', latitude, 'longitude', longitude)
from data.airports;

insert into dashboard.facility_grant (organisation_id, facility_id, user_id)
select f.organisation_id, f.id, u.id
from dashboard.facility as f
join dashboard.user_account as u using (organisation_id);

set local role dashboard_owner;

-- Late is, as the US Department of Transportation counts, 15 minutes and more.

-- 15 minutes: every time zone's hours and days can be put together from them.
create materialized view data.traffic as
select
    date_bin('15 minutes', date, 'epoch') as slot,
    count(*)::integer as flights,
    count(*) filter (where delay < 15)::integer as on_time,
    sum(delay)::integer as delay_minutes
from data.flights
group by 1
order by 1;

create unique index traffic_slot on data.traffic (slot);

-- Days of UTC.
create materialized view data.airport_days as
select
    date_bin('24 hours', date, 'epoch') as day,
    origin as airport,
    count(*)::integer as flights,
    count(*) filter (where delay < 15)::integer as on_time,
    sum(delay)::integer as delay_minutes
from data.flights
group by 1, 2
order by 1, 2;

create unique index airport_days_day on data.airport_days (day, airport);

-- Thousands of routes times many days are too many rows to add up while somebody waits: so for every
-- route and day, from its first flight to the day after everybody's newest, how many there were before
-- that day. A range is the difference of two days, however long it is. All flights of a route are of the
-- same distance.
create materialized view data.route_totals as
with flown as (
    select
        origin, destination, distance,
        date_bin('24 hours', date, 'epoch') as day,
        count(*) as flights,
        count(*) filter (where delay < 15) as on_time,
        sum(delay) as delay_minutes
    from data.flights
    group by 1, 2, 3, 4
), summed as (
    select
        origin, destination, distance, day,
        lead(day) over route as next_day,
        sum(flights) over route as flights,
        sum(on_time) over route as on_time,
        sum(delay_minutes) over route as delay_minutes
    from flown
    window route as (partition by origin, destination, distance order by day)
)
select
    before.day, s.origin, s.destination, s.distance,
    s.flights::integer as flights,
    s.on_time::integer as on_time,
    s.delay_minutes::integer as delay_minutes
from summed as s
cross join lateral generate_series(
    s.day + interval '24 hours',
    coalesce(s.next_day, (select max(day) from flown) + interval '24 hours'),
    interval '24 hours') as before (day)
order by 1, 2, 3, 4;

create unique index route_totals_day on data.route_totals (day, origin, destination, distance);

-- The flights of [lower, upper) that lie in no whole slot of this width: those before the first slot's
-- start and those after the last one's end. Where the range holds no whole slot, the first piece is all.
create function data.flights_at_ends(lower timestamptz, upper timestamptz, width interval)
returns setof data.flights
language sql stable
as $flights_at_ends$
    select f.*
    from data.flights as f
    where f.date >= lower
      and f.date < least(upper, date_bin(width, lower - interval '1 microsecond', 'epoch') + width)
    union all
    select f.*
    from data.flights as f
    where f.date >= greatest(date_bin(width, upper, 'epoch'),
                             date_bin(width, lower - interval '1 microsecond', 'epoch') + width)
      and f.date < upper
$flights_at_ends$;

create function data.traffic_between(lower timestamptz, upper timestamptz)
returns table (slot timestamptz, flights integer, on_time integer, delay_minutes integer)
language sql stable
as $traffic_between$
    select t.slot, t.flights, t.on_time, t.delay_minutes
    from data.traffic as t
    where t.slot >= lower and t.slot <= upper - interval '15 minutes'
    union all
    select date_bin('15 minutes', f.date, 'epoch'), 1, (f.delay < 15)::integer, f.delay
    from data.flights_at_ends(lower, upper, '15 minutes') as f
$traffic_between$;

create function data.airports_between(lower timestamptz, upper timestamptz)
returns table (airport text, flights integer, on_time integer, delay_minutes integer)
language sql stable
as $airports_between$
    select d.airport, d.flights, d.on_time, d.delay_minutes
    from data.airport_days as d
    where d.day >= lower and d.day <= upper - interval '24 hours'
    union all
    select f.origin, 1, (f.delay < 15)::integer, f.delay
    from data.flights_at_ends(lower, upper, '24 hours') as f
$airports_between$;

create function data.routes_between(lower timestamptz, upper timestamptz)
returns table (origin text, destination text, distance integer,
               flights integer, on_time integer, delay_minutes integer)
language sql stable
as $routes_between$
    select
        u.origin, u.destination, u.distance,
        u.flights - coalesce(l.flights, 0),
        u.on_time - coalesce(l.on_time, 0),
        u.delay_minutes - coalesce(l.delay_minutes, 0)
    from data.route_totals as u
    left join data.route_totals as l
           on l.day = date_bin('24 hours', lower - interval '1 microsecond', 'epoch') + interval '24 hours'
          and (l.origin, l.destination, l.distance) = (u.origin, u.destination, u.distance)
    where u.day = least(date_bin('24 hours', upper, 'epoch'), (select max(day) from data.route_totals))
      and u.day > date_bin('24 hours', lower - interval '1 microsecond', 'epoch') + interval '24 hours'
      and u.flights > coalesce(l.flights, 0)
    union all
    select f.origin, f.destination, f.distance, 1, (f.delay < 15)::integer, f.delay
    from data.flights_at_ends(lower, upper, '24 hours') as f
$routes_between$;
