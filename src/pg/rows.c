/*
 * A result's rows as JSON. What to do with a column is looked up once, by its type's OID
 * (PostgreSQL's catalogue pg_type.dat: the OIDs of built-in types never change).
 */

#include "rows.h"

typedef enum {
    AS_TEXT = 0,
    AS_NUMBER,
    AS_BOOLEAN,
    AS_JSON,  /* with the line breaks it was written with */
    AS_JSONB, /* as PostgreSQL writes it, in one line */
    AS_TIMESTAMP
} form_e;

typedef struct {
    Oid oid;
    Oid array; /* the OID of arrays of it */
    form_e form;
    const char *name; /* as format_type() says it */
} type_t;

static const type_t types[] = {
    {16, 1000, AS_BOOLEAN, "boolean"},
    {17, 1001, AS_TEXT, "bytea"},
    {19, 1003, AS_TEXT, "name"},
    {20, 1016, AS_NUMBER, "bigint"},
    {21, 1005, AS_NUMBER, "smallint"},
    {23, 1007, AS_NUMBER, "integer"},
    {25, 1009, AS_TEXT, "text"},
    {26, 1028, AS_NUMBER, "oid"},
    {114, 199, AS_JSON, "json"},
    {142, 143, AS_TEXT, "xml"},
    {650, 651, AS_TEXT, "cidr"},
    {700, 1021, AS_NUMBER, "real"},
    {701, 1022, AS_NUMBER, "double precision"},
    {790, 791, AS_TEXT, "money"},
    {829, 1040, AS_TEXT, "macaddr"},
    {869, 1041, AS_TEXT, "inet"},
    {1042, 1014, AS_TEXT, "character"},
    {1043, 1015, AS_TEXT, "character varying"},
    {1082, 1182, AS_TEXT, "date"},
    {1083, 1183, AS_TEXT, "time without time zone"},
    {1114, 1115, AS_TIMESTAMP, "timestamp without time zone"},
    {1184, 1185, AS_TIMESTAMP, "timestamp with time zone"},
    {1186, 1187, AS_TEXT, "interval"},
    {1266, 1270, AS_TEXT, "time with time zone"},
    {1560, 1561, AS_TEXT, "bit"},
    {1562, 1563, AS_TEXT, "bit varying"},
    {1700, 1231, AS_NUMBER, "numeric"},
    {2950, 2951, AS_TEXT, "uuid"},
    {3802, 3807, AS_JSONB, "jsonb"},
    {0, 0, AS_TEXT, "other"} /* ends the list */
};

typedef struct {
    const type_t *type;
    unsigned array : 1;
} column_t;

/* Columns converted without a table of their own on the heap. */
#define MAX_STACK_COLUMNS 64

/* Room for one element of an array while its escapes are taken out; grows, is never given back. */
typedef struct {
    u_char *data;
    size_t size;
} scratch_t;

static column_t
column_of(Oid oid)
{
    column_t column;
    const type_t *type;

    for (type = types; type->oid != 0; type++) {
        if (type->oid == oid || type->array == oid) {
            break;
        }
    }

    column.type = type;
    column.array = type->oid != 0 && type->oid != oid;

    return column;
}

/* dash_out_bytes() for a few bytes, which nearly always fit where the last ones went. */
static void
put(dash_out_t *out, const void *data, size_t len)
{
    dash_chunk_t *chunk;

    chunk = out->last;
    if (chunk != NULL && (size_t) (chunk->end - chunk->last) >= len) {
        chunk->last = ngx_cpymem(chunk->last, data, len);
        out->size += len;
        return;
    }

    dash_out_bytes(out, data, len);
}

/* NaN, Infinity and -Infinity are no JSON; every other number PostgreSQL writes is. */
static void
put_number(dash_out_t *out, const u_char *text, size_t len)
{
    if (len == 0 || (text[len - 1] < '0' || text[len - 1] > '9')) {
        put(out, "null", 4);
        return;
    }

    put(out, text, len);
}

/* Line breaks between a json value's tokens become spaces: a line of an NDJSON answer must stay
 * one. */
static void
put_json(dash_out_t *out, const u_char *text, size_t len)
{
    size_t i, start;

    start = 0;
    for (i = 0; i < len; i++) {
        if (text[i] == '\n' || text[i] == '\r') {
            put(out, text + start, i - start);
            put(out, " ", 1);
            start = i + 1;
        }
    }

    put(out, text + start, len - start);
}

/*
 * "2024-02-29 12:00:00.5+02" becomes "2024-02-29T12:00:00.5+02:00" (RFC 3339 section 5.6; without
 * an offset for the type that has none). What RFC 3339 cannot say (infinity, years before Christ or
 * beyond 9999, offsets with seconds) stays as PostgreSQL says it.
 */
static void
put_timestamp(dash_out_t *out, const u_char *text, size_t len)
{
    size_t n;
    u_char buffer[48];

    if (len < sizeof("2024-02-29 12:00:00") - 1 || len > sizeof(buffer) - 8 || text[10] != ' ' ||
        text[len - 1] == 'C' || text[4] != '-')
    {
        dash_out_json(out, text, len);
        return;
    }

    buffer[0] = '"';
    ngx_memcpy(buffer + 1, text, len);
    buffer[11] = 'T';
    n = len + 1;

    if (text[len - 3] == '+' || text[len - 3] == '-') {
        n = ngx_cpymem(buffer + n, ":00", 3) - buffer;
    }
    buffer[n++] = '"';

    put(out, buffer, n);
}

static void
put_value(dash_out_t *out, form_e form, const u_char *text, size_t len)
{
    switch (form) {
    case AS_NUMBER:
        put_number(out, text, len);
        break;
    case AS_BOOLEAN:
        if (len == 1 && text[0] == 't') {
            put(out, "true", 4);
        } else {
            put(out, "false", 5);
        }
        break;
    case AS_JSON:
        put_json(out, text, len);
        break;
    case AS_JSONB:
        put(out, text, len);
        break;
    case AS_TIMESTAMP:
        put_timestamp(out, text, len);
        break;
    default:
        dash_out_json(out, text, len);
    }
}

/*
 * The element that begins behind the quote at text; *end is set behind its closing quote. Without
 * memory out->failed is set.
 */
static void
put_quoted(dash_out_t *out, form_e form, const u_char *text, const u_char *last, const u_char **end,
           scratch_t *scratch)
{
    u_char *p;
    const u_char *q;

    for (q = text; q < last && *q != '"' && *q != '\\'; q++) {
        /* void */
    }
    if (q < last && *q == '"') {
        put_value(out, form, text, q - text);
        *end = q + 1;
        return;
    }

    if (scratch->size < (size_t) (last - text)) {
        scratch->size = last - text;
        scratch->data = ngx_pnalloc(out->pool, scratch->size);
        if (scratch->data == NULL) {
            scratch->size = 0;
            out->failed = 1;
            *end = last;
            return;
        }
    }

    p = scratch->data;
    for (q = text; q < last && *q != '"'; q++) {
        if (*q == '\\' && q + 1 < last) {
            q++;
        }
        *p++ = *q;
    }

    put_value(out, form, scratch->data, p - scratch->data);
    *end = q < last ? q + 1 : last;
}

/*
 * An array in PostgreSQL's text form (manual, 8.15.6): {1,NULL,"a \"quoted\" one"}, each dimension
 * with braces of its own, other lower bounds than 1 in front: [0:2]={...}.
 */
static void
put_array(dash_out_t *out, form_e form, const u_char *text, size_t len, scratch_t *scratch)
{
    const u_char *p, *q, *last;

    last = text + len;
    p = text;
    if (p < last && *p == '[') {
        while (p < last && *p != '{') {
            p++;
        }
    }

    while (p < last) {
        switch (*p) {
        case '{':
            put(out, "[", 1);
            p++;
            break;
        case '}':
            put(out, "]", 1);
            p++;
            break;
        case ',':
            put(out, ",", 1);
            p++;
            break;
        case '"':
            put_quoted(out, form, p + 1, last, &p, scratch);
            break;
        default:
            for (q = p; q < last && *q != ',' && *q != '}'; q++) {
                /* void */
            }
            if (q - p == 4 && ngx_memcmp(p, "NULL", 4) == 0) {
                put(out, "null", 4);
            } else {
                put_value(out, form, p, q - p);
            }
            p = q;
        }
    }
}

static void
put_columns(dash_out_t *out, const PGresult *result, column_t *columns, int ncolumns)
{
    int i;
    const char *name;

    dash_out_text(out, "{\"columns\":[");

    for (i = 0; i < ncolumns; i++) {
        columns[i] = column_of(PQftype(result, i));

        name = PQfname(result, i);
        dash_out_text(out, i > 0 ? ",{\"name\":" : "{\"name\":");
        dash_out_json(out, (const u_char *) name, strlen(name));
        dash_out_text(out, ",\"type\":\"");
        dash_out_text(out, columns[i].type->name);
        dash_out_text(out, columns[i].array ? "[]\"}" : "\"}");
    }

    dash_out_text(out, "],\"rows\":[");
}

void
dash_pg_rows_json(dash_out_t *out, const PGresult *result, ngx_uint_t max_rows)
{
    int i, row, rows, ncolumns;
    size_t len;
    column_t on_stack[MAX_STACK_COLUMNS], *columns;
    scratch_t scratch;
    const u_char *text;
    ngx_uint_t truncated;

    ncolumns = PQnfields(result);
    rows = PQntuples(result);
    truncated = (ngx_uint_t) rows > max_rows;
    if (truncated) {
        rows = (int) max_rows;
    }

    columns = on_stack;
    if (ncolumns > MAX_STACK_COLUMNS) {
        columns = ngx_palloc(out->pool, ncolumns * sizeof(column_t));
        if (columns == NULL) {
            out->failed = 1;
            return;
        }
    }

    ngx_memzero(&scratch, sizeof(scratch));
    put_columns(out, result, columns, ncolumns);

    for (row = 0; row < rows; row++) {
        put(out, row > 0 ? ",[" : "[", row > 0 ? 2 : 1);

        for (i = 0; i < ncolumns; i++) {
            if (i > 0) {
                put(out, ",", 1);
            }

            len = PQgetlength(result, row, i);
            if (len == 0 && PQgetisnull(result, row, i)) {
                put(out, "null", 4);
                continue;
            }

            text = (const u_char *) PQgetvalue(result, row, i);
            if (columns[i].array) {
                put_array(out, columns[i].type->form, text, len, &scratch);
            } else {
                put_value(out, columns[i].type->form, text, len);
            }
        }

        put(out, "]", 1);
    }

    dash_out_text(out, "],\"row_count\":");
    dash_out_integer(out, rows);
    dash_out_text(out, truncated ? ",\"truncated\":true}" : ",\"truncated\":false}");
}
