-- The tables that the demo's flights and airports are loaded into. tools/demo.sh loads them right
-- after, in the same transaction, so that COPY can freeze the rows and write no log for them.

set local role dashboard_owner;

create table data.airports (
    iata        text primary key,
    name        text not null,
    city        text not null,
    state       text not null,
    country     text not null,
    latitude    double precision not null,
    longitude   double precision not null,
    -- dashboard.facility: an airport is a facility of organisation Demo
    facility_id uuid not null unique generated always as (md5('facility ' || iata)::uuid) stored
);

-- One row a flight. date is the departure by the clock of the place, taken as UTC, since the data has no
-- time zones: with timezone UTC "hour 17" is five in the afternoon at every airport. A flight belongs to
-- the facility of its origin.
create table data.flights (
    date        timestamptz not null,
    delay       integer not null, -- minutes; negative: early
    distance    integer not null, -- miles
    origin      text not null,
    destination text not null
);
