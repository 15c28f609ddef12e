-- Test data with fixed ids, for pgTAP and for the HTTP tests. Load it as a superuser into a
-- database that bootstrap.sql and the migrations have prepared:
--
--     psql -v ON_ERROR_STOP=1 -f t/sql/fixture.sql
--
-- organisation Demo        00000000-0000-4000-8000-000000000001
--   workspace Flights      00000000-0000-4000-8000-000000000011
--   workspace Other        00000000-0000-4000-8000-000000000012
-- organisation Elsewhere   00000000-0000-4000-8000-000000000002
--   workspace Abroad       00000000-0000-4000-8000-000000000021
--
-- users (issuer '', subject = id)
--   admin@demo.example     00000000-0000-4000-8000-000000000101   admin in Flights
--   analyst@demo.example   00000000-0000-4000-8000-000000000102   analyst in Flights
--   viewer@demo.example    00000000-0000-4000-8000-000000000103   viewer in Flights
--   colleague@demo.example 00000000-0000-4000-8000-000000000104   analyst in Flights and Other
--   neighbour@demo.example 00000000-0000-4000-8000-000000000105   analyst in Other
--   super@demo.example     00000000-0000-4000-8000-000000000106   super_admin in Other
--   disabled@demo.example  00000000-0000-4000-8000-000000000107   admin in Flights, disabled
--   outsider@other.example 00000000-0000-4000-8000-000000000201   admin in Abroad (Elsewhere)
--   passwords: 'password of ' and the address
--
-- facilities
--   SEA                    00000000-0000-4000-8000-000000000301   granted to analyst, viewer
--   JFK                    00000000-0000-4000-8000-000000000302   granted to analyst
--   LHR (Elsewhere)        00000000-0000-4000-8000-000000000303
--
-- dashboards, all at version 1
--   Operations             00000000-0000-4000-8000-000000000401   Flights, workspace, analyst's
--     widgets kpi, table, note 00000000-0000-4000-8000-000000000501, ...502, ...503
--     widgets slow, failing, many 00000000-0000-4000-8000-000000000504, ...505, ...506
--   Private notes          00000000-0000-4000-8000-000000000402   Flights, private, analyst's
--     widget line          00000000-0000-4000-8000-000000000507
--   Elsewhere              00000000-0000-4000-8000-000000000403   Abroad, org, outsider's
--     widget kpi           00000000-0000-4000-8000-000000000508
--
-- stored queries (parameters)
--   flights by carrier     00000000-0000-4000-8000-000000000601   (carrier text, min_delay integer)
--   flights in the range   00000000-0000-4000-8000-000000000602   (:from, :to)
--   sleep                  00000000-0000-4000-8000-000000000603   (seconds number, default 0.2)
--   division by zero       00000000-0000-4000-8000-000000000604   (divisor integer, default 0)
--   many rows              00000000-0000-4000-8000-000000000605   (rows integer, default 20000)
--   every type             00000000-0000-4000-8000-000000000606   (one of each, all optional)
--   required               00000000-0000-4000-8000-000000000607   (name text, required)
--   elsewhere              00000000-0000-4000-8000-000000000608   (Elsewhere's own)
--   column types           00000000-0000-4000-8000-000000000609   (one column of each kind)
--   shipments              00000000-0000-4000-8000-00000000060a   (rows by facility)
--   people                 00000000-0000-4000-8000-00000000060b   (masked columns)

begin;

insert into dashboard.organisation (id, name, slug) values
    ('00000000-0000-4000-8000-000000000001', 'Demo', 'demo'),
    ('00000000-0000-4000-8000-000000000002', 'Elsewhere', 'elsewhere');

insert into dashboard.workspace (id, organisation_id, name) values
    ('00000000-0000-4000-8000-000000000011', '00000000-0000-4000-8000-000000000001', 'Flights'),
    ('00000000-0000-4000-8000-000000000012', '00000000-0000-4000-8000-000000000001', 'Other'),
    ('00000000-0000-4000-8000-000000000021', '00000000-0000-4000-8000-000000000002', 'Abroad');

insert into dashboard.user_account (id, organisation_id, email, name, disabled_at) values
    ('00000000-0000-4000-8000-000000000101', '00000000-0000-4000-8000-000000000001',
     'admin@demo.example', 'Ada Admin', null),
    ('00000000-0000-4000-8000-000000000102', '00000000-0000-4000-8000-000000000001',
     'analyst@demo.example', 'Ann Analyst', null),
    ('00000000-0000-4000-8000-000000000103', '00000000-0000-4000-8000-000000000001',
     'viewer@demo.example', 'Vic Viewer', null),
    ('00000000-0000-4000-8000-000000000104', '00000000-0000-4000-8000-000000000001',
     'colleague@demo.example', 'Col League', null),
    ('00000000-0000-4000-8000-000000000105', '00000000-0000-4000-8000-000000000001',
     'neighbour@demo.example', 'Nea Bour', null),
    ('00000000-0000-4000-8000-000000000106', '00000000-0000-4000-8000-000000000001',
     'super@demo.example', 'Sue Per', null),
    ('00000000-0000-4000-8000-000000000107', '00000000-0000-4000-8000-000000000001',
     'disabled@demo.example', 'Dis Abled', now()),
    ('00000000-0000-4000-8000-000000000201', '00000000-0000-4000-8000-000000000002',
     'outsider@other.example', 'Otto Outsider', null);

-- Everybody's password is 'password of <address>'. bcrypt at its cheapest: tests log in often.
update dashboard.setting set value = '4' where name = 'password_cost';
select count(dashboard.set_password(u.id, 'password of ' || u.email)) as passwords
from dashboard.user_account as u;

insert into dashboard.membership (organisation_id, workspace_id, user_id, role) values
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000011',
     '00000000-0000-4000-8000-000000000101', 'admin'),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000011',
     '00000000-0000-4000-8000-000000000102', 'analyst'),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000011',
     '00000000-0000-4000-8000-000000000103', 'viewer'),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000011',
     '00000000-0000-4000-8000-000000000104', 'analyst'),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000012',
     '00000000-0000-4000-8000-000000000104', 'analyst'),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000012',
     '00000000-0000-4000-8000-000000000105', 'analyst'),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000012',
     '00000000-0000-4000-8000-000000000106', 'super_admin'),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000011',
     '00000000-0000-4000-8000-000000000107', 'admin'),
    ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000021',
     '00000000-0000-4000-8000-000000000201', 'admin');

insert into dashboard.facility (id, organisation_id, code, name, metadata) values
    ('00000000-0000-4000-8000-000000000301', '00000000-0000-4000-8000-000000000001', 'SEA',
     'Seattle-Tacoma', '{"latitude": 47.45, "longitude": -122.31}'),
    ('00000000-0000-4000-8000-000000000302', '00000000-0000-4000-8000-000000000001', 'JFK',
     'John F Kennedy', '{"latitude": 40.64, "longitude": -73.78}'),
    ('00000000-0000-4000-8000-000000000303', '00000000-0000-4000-8000-000000000002', 'LHR',
     'Heathrow', '{"latitude": 51.47, "longitude": -0.45}');

insert into dashboard.facility_grant (organisation_id, facility_id, user_id) values
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000301',
     '00000000-0000-4000-8000-000000000102'),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000302',
     '00000000-0000-4000-8000-000000000102'),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000301',
     '00000000-0000-4000-8000-000000000103');

-- What the widgets read: 100 flights, one an hour back from now, carriers AA, BB, CC, DD in turn.
set local role dashboard_owner;
create table data.test_flight (
    id      integer primary key,
    at      timestamptz not null,
    carrier text not null,
    delay   integer not null
);
insert into data.test_flight
select n, now() - n * interval '1 hour', (array['AA', 'BB', 'CC', 'DD'])[n % 4 + 1], n - 50
from generate_series(1, 100) as n;
reset role;

insert into dashboard.query (organisation_id, id, name, sql, params, cache_ttl, timeout_ms) values
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000601',
     'flights by carrier',
     'select carrier, count(*) as flights, avg(delay) as delay
from data.test_flight
where (:carrier is null or carrier = :carrier) and delay >= :min_delay
group by carrier order by carrier',
     '[{"name": "carrier", "type": "text", "enum": ["AA", "BB", "CC", "DD"]},
       {"name": "min_delay", "type": "integer", "default": -1000}]', 120, null),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000602',
     'flights in the range',
     'select id, at, carrier, delay from data.test_flight where at >= :from and at < :to order by id',
     '[]', null, null),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000603', 'sleep',
     'select pg_sleep(:seconds)::text as slept, :seconds as seconds',
     '[{"name": "seconds", "type": "number", "default": 0.2}]', null, null),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000604',
     'division by zero',
     'select 1 / :divisor as result',
     '[{"name": "divisor", "type": "integer", "default": 0}]', null, null),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000605', 'many rows',
     'select n, ''row '' || n as label from generate_series(1, :rows) as n',
     '[{"name": "rows", "type": "integer", "default": 20000}]', 0, null),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000606', 'every type',
     'select :a_text as a_text, :an_integer as an_integer, :a_number as a_number,
       :a_boolean as a_boolean, :a_date as a_date, :a_timestamp as a_timestamp,
       :a_timerange as a_timerange, :a_uuid as a_uuid, :texts as texts, :integers as integers,
       :timezone as timezone',
     '[{"name": "a_text", "type": "text"}, {"name": "an_integer", "type": "integer"},
       {"name": "a_number", "type": "number"}, {"name": "a_boolean", "type": "boolean"},
       {"name": "a_date", "type": "date"}, {"name": "a_timestamp", "type": "timestamp"},
       {"name": "a_timerange", "type": "timerange"}, {"name": "a_uuid", "type": "uuid"},
       {"name": "texts", "type": "text[]"}, {"name": "integers", "type": "integer[]"}]', null, null),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000607', 'required',
     'select :name as name', '[{"name": "name", "type": "text", "required": true}]', null, 1000),
    ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000608', 'elsewhere',
     'select 1 as one', '[]', null, null),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000609',
     'column types',
     'select 1::smallint as small, 2 as whole, 9007199254740993 as big, 1.50 as exact,
       0.1::double precision as float, ''NaN''::double precision as not_a_number, true as yes,
       ''text "quoted"'' as label, null::text as nothing, date ''2026-01-31'' as day,
       timestamptz ''2026-01-31 12:00:00+00'' as moment, ''{"a": [1]}''::jsonb as object,
       array[1, 2] as list, ''00000000-0000-4000-8000-000000000609''::uuid as id', '[]', null, null);

-- Protected: one shipment of each facility, one of none. Masked: three people.
set local role dashboard_owner;
create table data.shipments (
    id          integer primary key,
    facility_id uuid,
    goods       text not null
);
insert into data.shipments values
    (1, '00000000-0000-4000-8000-000000000301', 'apples'),
    (2, '00000000-0000-4000-8000-000000000302', 'pears'),
    (3, '00000000-0000-4000-8000-000000000303', 'tea'),
    (4, null, 'lost');
reset role;
select dashboard.protect('data.shipments', facility => 'facility_id');

set local role dashboard_owner;
create table data.people (
    id         integer primary key,
    name       text not null,
    email      text,
    ssn        text,
    birth_date date,
    salary     integer
);
insert into data.people values
    (1, 'Ada', 'ada@people.example', '111-22-3333', '1985-06-15', 1000),
    (2, 'Bob', 'bob@people.example', '444-55-6666', '1990-12-31', 2000),
    (3, 'Bob too', 'bob@people.example', '777', '1990-01-01', 3000);
reset role;
select dashboard.tag_column('data.people', 'email', 'pii', 'hash');
select dashboard.tag_column('data.people', 'ssn', 'pii', 'last_four');
select dashboard.tag_column('data.people', 'birth_date', 'pii', 'year_only');
select dashboard.tag_column('data.people', 'salary', 'pii', 'null');

insert into dashboard.query (organisation_id, id, name, sql) values
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000060a', 'shipments',
     'select id, goods from data.shipments order by id'),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000060b', 'people',
     'select * from data.people order by id');

insert into dashboard.dashboard
    (organisation_id, id, workspace_id, owner_id, name, description, visibility, layout,
     tags) values
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000401',
     '00000000-0000-4000-8000-000000000011', '00000000-0000-4000-8000-000000000102',
     'Operations', 'Flights as they run', 'workspace', '{"columns": 12, "row_height": 40}',
     '{flights,daily}'),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000402',
     '00000000-0000-4000-8000-000000000011', '00000000-0000-4000-8000-000000000102',
     'Private notes', null, 'private', '{"columns": 12, "row_height": 40}', '{}'),
    ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000403',
     '00000000-0000-4000-8000-000000000021', '00000000-0000-4000-8000-000000000201',
     'Elsewhere', null, 'org', '{"columns": 12, "row_height": 40}', '{}');

insert into dashboard.widget
    (organisation_id, id, dashboard_id, type, title, x, y, width, height, config, query, cache_ttl)
values
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000501',
     '00000000-0000-4000-8000-000000000401', 'kpi', 'Flights of AA', 0, 0, 3, 2,
     '{"format": {"decimals": 0}}',
     '{"query_id": "00000000-0000-4000-8000-000000000601", "params": {"carrier": "AA"}}', null),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000502',
     '00000000-0000-4000-8000-000000000401', 'table', 'Flights in the range', 3, 0, 9, 4, '{}',
     '{"query_id": "00000000-0000-4000-8000-000000000602"}', 30),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000503',
     '00000000-0000-4000-8000-000000000401', 'note', 'Read me', 0, 4, 12, 1,
     '{"markdown": "All times are UTC."}', null, null),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000504',
     '00000000-0000-4000-8000-000000000401', 'kpi', 'Slow', 0, 5, 4, 2, '{}',
     '{"query_id": "00000000-0000-4000-8000-000000000603"}', null),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000505',
     '00000000-0000-4000-8000-000000000401', 'kpi', 'Failing', 4, 5, 4, 2, '{}',
     '{"query_id": "00000000-0000-4000-8000-000000000604"}', null),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000506',
     '00000000-0000-4000-8000-000000000401', 'table', 'Many rows', 8, 5, 4, 2, '{}',
     '{"query_id": "00000000-0000-4000-8000-000000000605"}', null),
    ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000507',
     '00000000-0000-4000-8000-000000000402', 'line', 'Every type', 0, 0, 6, 4, '{}',
     '{"query_id": "00000000-0000-4000-8000-000000000606"}', null),
    ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000508',
     '00000000-0000-4000-8000-000000000403', 'kpi', 'One', 0, 0, 3, 2, '{}',
     '{"query_id": "00000000-0000-4000-8000-000000000608"}', null);

select count(dashboard.save_version(d, 'create', d.owner_id)) as dashboards
from dashboard.dashboard as d;

commit;
analyze;
