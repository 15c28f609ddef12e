-- What the other organisation has: one dashboard, by its own user, that nobody of Demo ever sees.

reset role;

insert into dashboard.query (organisation_id, id, name, sql, created_by)
values ('0a000000-0000-4000-8000-000000000002', '0e000000-0000-4000-8000-000000000031', 'Seconds today',
        'select extract(epoch from :to - date_trunc(''day'', :to, :timezone))::integer as value',
        '0c000000-0000-4000-8000-000000000004');

select pg_temp.make_dashboard('4', '0d000000-0000-4000-8000-000000000003', $dashboard$
{
    "name": "Elsewhere",
    "description": "Belongs to another organisation.",
    "workspace_id": "0b000000-0000-4000-8000-000000000002",
    "visibility": "org",
    "tags": ["other"],
    "layout": {"columns": 12, "row_height": 80, "gap": 12},
    "widgets": [
        {
            "id": "0f000000-0000-4000-8000-000000000301",
            "type": "kpi", "title": "Seconds of this day", "x": 0, "y": 0, "width": 6, "height": 2,
            "query": {"query_id": "0e000000-0000-4000-8000-000000000031"},
            "config": {"field": "value", "format": "integer", "unit": "s"}
        },
        {
            "id": "0f000000-0000-4000-8000-000000000302",
            "type": "note", "title": "Note", "x": 6, "y": 0, "width": 6, "height": 2,
            "config": {"format": "markdown", "text": "Nobody of organisation Demo can see this."},
            "refresh_interval": 0
        }
    ]
}
$dashboard$);
