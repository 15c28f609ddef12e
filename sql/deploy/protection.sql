-- Deploy dashboard:protection to pg
-- requires: tenancy
--
-- What of schema data is protected, and how: rows by facility and organisation, columns by masks.
-- Operators say so with the functions of functions/protection; docs/data.md.
--
-- data_private holds what must not be read but through the view of the same name in schema data;
-- dashboard_query may not enter it.

begin;
set local role dashboard_owner;

create schema data_private;

-- One row a relation of schema data whose rows are filtered. Both tables hold for the whole
-- installation: schema data is one for all organisations.
create table dashboard.protected_relation (
    name                name primary key,
    facility_column     name, -- a facility's id (uuid), or its code
    organisation_column name,
    -- whose rows they all are, where a code alone would not tell
    organisation        uuid references dashboard.organisation (id),
    check (facility_column is not null or organisation_column is not null)
);

create table dashboard.column_tag (
    relation    name not null,
    column_name name not null,
    tag         text not null check (tag = 'pii'),
    rule        text not null check (rule in ('null', 'hash', 'last_four', 'year_only')),
    primary key (relation, column_name)
);

select dashboard.protect('dashboard.protected_relation', 'common');
select dashboard.protect('dashboard.column_tag', 'common');

commit;
