#include "plan.h"

static const ngx_str_t *
text_of(const dash_json_t *value)
{
    static const ngx_str_t none = ngx_null_string;

    return value != NULL && value->type != DASH_JSON_NULL ? &value->text : &none;
}

/* A copy that ends in NUL, as libpq wants it; NULL for JSON's null and without memory. */
static char *
c_string(ngx_pool_t *pool, const dash_json_t *value)
{
    char *text;

    if (value == NULL || value->type == DASH_JSON_NULL) {
        return NULL;
    }

    text = ngx_pnalloc(pool, value->text.len + 1);
    if (text != NULL) {
        *ngx_cpymem((u_char *) text, value->text.data, value->text.len) = '\0';
    }
    return text;
}

/* The query as a subquery: nothing but a SELECT can stand there, and it stops at the limit. */
static const char *
wrap(ngx_pool_t *pool, const ngx_str_t *sql, ngx_uint_t max_rows)
{
    char *text;
    size_t size;

    size = sizeof("SELECT * FROM (\n\n) AS q LIMIT ") + NGX_INT_T_LEN + sql->len;
    text = ngx_pnalloc(pool, size);
    if (text != NULL) {
        *ngx_snprintf((u_char *) text, size - 1, "SELECT * FROM (\n%V\n) AS q LIMIT %ui", sql,
                      max_rows + 1) = '\0';
    }
    return text;
}

static ngx_uint_t
same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && ngx_strcmp(a, b) == 0);
}

static ngx_uint_t
same_run(const dash_run_t *a, const dash_run_t *b)
{
    ngx_uint_t i;

    if (a->nparams != b->nparams || !same_text(a->sql, b->sql)) {
        return 0;
    }

    for (i = 0; i < sizeof(a->enter) / sizeof(a->enter[0]); i++) {
        if (!same_text(a->enter[i], b->enter[i])) {
            return 0;
        }
    }

    for (i = 0; i < a->nparams; i++) {
        if (!same_text(a->params[i], b->params[i])) {
            return 0;
        }
    }

    return 1;
}

static ngx_int_t
read_params(ngx_pool_t *pool, const dash_json_t *list, dash_run_t *run)
{
    const dash_json_t *item;

    run->nparams = 0;
    if (list == NULL || list->count == 0) {
        return NGX_OK;
    }

    run->params = ngx_palloc(pool, list->count * sizeof(char *));
    if (run->params == NULL) {
        return NGX_ERROR;
    }

    for (item = list->first; item != NULL; item = item->next) {
        run->params[run->nparams] = c_string(pool, item);
        if (run->params[run->nparams] == NULL && item->type != DASH_JSON_NULL) {
            return NGX_ERROR;
        }
        run->nparams++;
    }

    return NGX_OK;
}

/* Fills the next free run from item; keeps it only when no earlier one is the same. */
static dash_run_t *
add_run(ngx_pool_t *pool, const dash_json_t *item, dash_plan_t *plan)
{
    ngx_uint_t i;
    dash_run_t *run;
    const dash_json_t *rows, *timeout, *sql, *context;

    run = &plan->runs[plan->nruns];
    ngx_memzero(run, sizeof(dash_run_t));

    sql = dash_json_member(item, "sql");
    rows = dash_json_member(item, "max_rows");
    timeout = dash_json_member(item, "timeout_ms");
    context = dash_json_member(item, "context");
    if (rows == NULL || rows->type != DASH_JSON_INTEGER || timeout == NULL ||
        timeout->type != DASH_JSON_INTEGER)
    {
        return NULL;
    }

    run->max_rows = (ngx_uint_t) rows->integer;
    run->query.timeout = (ngx_msec_t) timeout->integer;
    run->enter[0] = c_string(pool, timeout);
    run->enter[1] = c_string(pool, dash_json_member(item, "timezone"));
    run->enter[2] = c_string(pool, context);
    run->sql = wrap(pool, &sql->text, run->max_rows);
    if (run->enter[0] == NULL || run->sql == NULL ||
        (run->enter[2] == NULL && context != NULL && context->type != DASH_JSON_NULL) ||
        read_params(pool, dash_json_member(item, "params"), run) != NGX_OK)
    {
        return NULL;
    }

    for (i = 0; i < plan->nruns; i++) {
        if (same_run(&plan->runs[i], run)) {
            return &plan->runs[i];
        }
    }

    plan->nruns++;
    return run;
}

static ngx_int_t
read_error(ngx_pool_t *pool, const dash_json_t *item, dash_entry_t *entry)
{
    dash_out_t out;
    const ngx_str_t *code;
    const dash_json_t *error, *details;

    error = dash_json_member(item, "error");
    code = text_of(dash_json_member(error, "code"));
    entry->error.code = dash_error_from_name((char *) code->data, code->len);
    entry->error.status = entry->status;
    entry->error.message = *text_of(dash_json_member(error, "message"));

    details = dash_json_member(error, "details");
    if (details == NULL || details->type != DASH_JSON_OBJECT) {
        return NGX_OK;
    }

    dash_out_init(&out, pool);
    dash_json_write(&out, details);
    return dash_out_join(&out, &entry->error.details);
}

static ngx_int_t
read_entry(ngx_pool_t *pool, const dash_json_t *item, dash_plan_t *plan)
{
    dash_entry_t *entry;
    const dash_json_t *sql, *status;

    entry = &plan->entries[plan->nentries++];
    ngx_memzero(entry, sizeof(dash_entry_t));
    entry->id = *text_of(dash_json_member(item, "id"));
    entry->etag = *text_of(dash_json_member(item, "etag"));
    entry->ttl = *text_of(dash_json_member(item, "ttl"));
    entry->status = NGX_HTTP_OK;

    status = dash_json_member(item, "status");
    if (status != NULL) {
        entry->status = (ngx_uint_t) status->integer;
        return read_error(pool, item, entry);
    }

    sql = dash_json_member(item, "sql");
    if (sql == NULL || sql->type != DASH_JSON_STRING) {
        return NGX_OK;
    }

    entry->run = add_run(pool, item, plan);
    return entry->run == NULL ? NGX_ERROR : NGX_OK;
}

ngx_int_t
dash_plan_read(ngx_pool_t *pool, const ngx_str_t *text, dash_plan_t *plan)
{
    dash_json_t *root, *list, *item;
    dash_json_error_t error;

    if (dash_json_parse(pool, text, DASH_JSON_MAX_DEPTH, &root, &error) != NGX_OK) {
        return NGX_ERROR;
    }

    list = dash_json_member(root, "widgets");
    if (list == NULL || list->type != DASH_JSON_ARRAY) {
        return NGX_ERROR;
    }

    plan->nentries = 0;
    plan->nruns = 0;
    plan->entries = ngx_palloc(pool, (list->count + 1) * sizeof(dash_entry_t));
    plan->runs = ngx_palloc(pool, (list->count + 1) * sizeof(dash_run_t));
    if (plan->entries == NULL || plan->runs == NULL) {
        return NGX_ERROR;
    }

    for (item = list->first; item != NULL; item = item->next) {
        if (read_entry(pool, item, plan) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
