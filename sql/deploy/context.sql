-- Deploy dashboard:context to pg
-- requires: schemas
--
-- For whom a transaction acts, and the row-level security that follows from it. The context is three
-- settings that last until the transaction's end:
--   dashboard.organisation  its rows exist, no other's do; all zeros: nobody's
--   dashboard.user          whose personal rows exist; empty: nobody's
--   dashboard.role          'admin' or 'super_admin' where the user is one in any workspace of the
--                           organisation: others' personal rows exist, too
-- Without a context there are no rows, and none can be written.
--
-- What is enforced here is the tenant, and that what is personal stays so. Which of a tenant's
-- dashboards a user reaches is decided in one place, dashboard.reach(), and not once more here.
--
-- Everything runs as dashboard_owner, which row-level security is forced upon. Only who the context
-- is for must be found out without one: by functions of dashboard_identity, which may read the columns
-- that takes and nothing else, and cannot write. Referential actions and checks see all rows, as
-- PostgreSQL does them with row-level security not forced on the tables' owner.

begin;
set local role dashboard_owner;

-- After its transaction a setting is '' and not null.
create function dashboard.current_organisation() returns uuid
language sql stable parallel safe
as $current_organisation$
    select nullif(current_setting('dashboard.organisation', true), '')::uuid
$current_organisation$;

create function dashboard.current_user_id() returns uuid
language sql stable parallel safe
as $current_user_id$
    select nullif(current_setting('dashboard.user', true), '')::uuid
$current_user_id$;

-- Whether the user administers anything in the organisation. Never null.
create function dashboard.administering() returns boolean
language sql stable parallel safe
as $administering$
    select coalesce(current_setting('dashboard.role', true) in ('admin', 'super_admin'), false)
$administering$;

-- Sets the context of the transaction, whatever it was. organisation null: nobody's, where audit rows
-- about nobody are and nothing else; user_id null: nobody; role: as above, null for any other.
-- Returns true, so that an assignment can call it, which takes no query.
create function dashboard.enter(organisation uuid, user_id uuid, role text default null)
returns boolean
language plpgsql volatile
as $enter$
declare
    value text;
begin
    value := set_config('dashboard.organisation',
                        coalesce(organisation, '00000000-0000-0000-0000-000000000000')::text, true);
    value := set_config('dashboard.user', coalesce(user_id::text, ''), true);
    value := set_config('dashboard.role', coalesce(role, ''), true);
    return true;
end
$enter$;

-- Puts a table under row-level security; every table of this schema must be. kind says whose its rows
-- are:
--   tenant    the organisation's in organisation_id
--   personal  of the user in user_id, within the organisation, and of who administers there
--   common    everybody's to read and only a superuser's to write
create function dashboard.protect(of regclass, kind text default 'tenant') returns void
language plpgsql volatile
as $protect$
declare
    rule text := case kind
        when 'tenant' then 'organisation_id = (select dashboard.current_organisation())'
        when 'personal' then 'organisation_id = (select dashboard.current_organisation()) '
                             'and (user_id = (select dashboard.current_user_id()) '
                             'or (select dashboard.administering()))'
    end;
begin
    execute format('alter table %s enable row level security, force row level security', of);
    if rule is not null then
        execute format('create policy %I on %s to dashboard_owner using (%s) with check (%3$s)',
                       kind, of, rule);
    elsif kind = 'common' then
        execute format('create policy common on %s for select to dashboard_owner using (true)', of);
    else
        raise exception 'there is no kind % of tables', kind using errcode = 'invalid_parameter_value';
    end if;
end
$protect$;

-- Lets the functions of dashboard_identity read these columns of a table, of all tenants.
create function dashboard.let_identify(of regclass, variadic columns text[]) returns void
language plpgsql volatile
as $let_identify$
begin
    execute format('create policy identity on %s for select to dashboard_identity using (true)', of);
    execute format('grant select (%s) on %s to dashboard_identity',
                   (select string_agg(quote_ident(c), ', ') from unnest(columns) as c), of);
end
$let_identify$;

-- Makes a function one of dashboard_identity's: it runs without a context, and dashboard_owner may call
-- it, nobody else. The search_path is the caller's, an operation's, which is fixed: to set it once
-- more took a fifth of get_dashboard's time. Called as dashboard_owner.
create function dashboard.give_to_identity(function regprocedure) returns void
language plpgsql volatile
as $give_to_identity$
begin
    execute format('alter function %s security definer', function);
    grant create on schema dashboard to dashboard_identity; -- what ALTER ... OWNER asks for
    execute format('alter function %s owner to dashboard_identity', function);
    revoke create on schema dashboard from dashboard_identity;
    set local role dashboard_identity;
    execute format('grant execute on function %s to dashboard_owner', function);
    set local role dashboard_owner;
end
$give_to_identity$;

grant execute on function dashboard.enter(uuid, uuid, text) to dashboard_identity;

commit;
