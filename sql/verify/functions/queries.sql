-- Verify dashboard:functions/queries on pg

begin;

select has_function_privilege('dashboard.compile_query(text, jsonb)', 'execute'),
       has_function_privilege('dashboard.parameter_text(jsonb, jsonb)', 'execute');

do $verify$
begin
    assert (dashboard.compile_query('select :n, '':n'', 1::int',
                                    '[{"name":"n","type":"integer"}]')).compiled
           = 'select $1::integer, '':n'', 1::int';
    assert exists (select from pg_trigger
                   where tgrelid = 'dashboard.query'::regclass and tgname = 'prepare');
end
$verify$;

rollback;
