#include "cors.h"
#include "header.h"

/* Headers a script may send beyond those the Fetch standard always allows. */
static const ngx_str_t request_headers =
    ngx_string("Authorization, Content-Type, If-Match, If-None-Match, X-API-Key, X-Correlation-ID, "
               "X-Request-ID, traceparent");

/* Headers of an answer a script may read. */
static const ngx_str_t answer_headers =
    ngx_string("ETag, Location, Allow, Retry-After, RateLimit, RateLimit-Policy, WWW-Authenticate, "
               "X-Correlation-ID");

/* scheme://host[:port] and nothing behind it, as browsers write Origin (RFC 6454 section 6.2). */
static ngx_uint_t
is_origin(const ngx_str_t *text)
{
    u_char *p, *end;

    end = text->data + text->len;
    if (ngx_strncmp(text->data, "https://", 8) == 0) {
        p = text->data + 8;
    } else if (ngx_strncmp(text->data, "http://", 7) == 0) {
        p = text->data + 7;
    } else {
        return 0;
    }

    if (p == end) {
        return 0;
    }
    for (; p < end; p++) {
        if (*p == '/' || *p == '*' || *p == '?' || *p == '#' || *p == '@' ||
            (*p >= 'A' && *p <= 'Z')) {
            return 0;
        }
    }
    return 1;
}

static char *
set_parameter(ngx_conf_t *cf, ngx_str_t *value, dash_cors_t *cors)
{
    ngx_int_t seconds;
    ngx_str_t time;

    if (ngx_strcmp(value->data, "credentials=on") == 0) {
        cors->credentials = 1;
        return NGX_CONF_OK;
    }
    if (ngx_strcmp(value->data, "credentials=off") == 0) {
        cors->credentials = 0;
        return NGX_CONF_OK;
    }
    if (ngx_strncmp(value->data, "max_age=", 8) != 0) {
        return "takes exact origins such as https://app.example.com, credentials= and max_age=";
    }

    time.data = value->data + 8;
    time.len = value->len - 8;
    seconds = ngx_parse_time(&time, 1);
    if (seconds == NGX_ERROR) {
        return "has a max_age that is no time";
    }

    cors->max_age.data = ngx_pnalloc(cf->pool, NGX_INT_T_LEN);
    if (cors->max_age.data == NULL) {
        return NGX_CONF_ERROR;
    }
    cors->max_age.len = ngx_sprintf(cors->max_age.data, "%i", seconds) - cors->max_age.data;
    return NGX_CONF_OK;
}

char *
dash_cors_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char *message;
    ngx_str_t *value, *origin;
    ngx_uint_t i;
    dash_cors_t *cors, **slot;

    slot = (dash_cors_t **) ((char *) conf + cmd->offset);
    if (*slot != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    cors = ngx_pcalloc(cf->pool, sizeof(dash_cors_t));
    if (cors == NULL) {
        return NGX_CONF_ERROR;
    }
    *slot = cors;
    ngx_str_set(&cors->max_age, "600");

    cors->origins = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
    if (cors->origins == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;
    for (i = 1; i < cf->args->nelts; i++) {
        if (!is_origin(&value[i])) {
            message = set_parameter(cf, &value[i], cors);
            if (message != NGX_CONF_OK) {
                return message;
            }
            continue;
        }

        origin = ngx_array_push(cors->origins);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }
        *origin = value[i];
    }

    return cors->origins->nelts ? NGX_CONF_OK : "names no origin";
}

/* The request's Origin when it is an allowed one, else NULL. */
static ngx_str_t *
allowed(ngx_http_request_t *r, const dash_cors_t *cors)
{
    ngx_uint_t i;
    ngx_str_t *origin, *each;

    if (cors == NULL) {
        return NULL;
    }

    origin = dash_header_find(r, "origin");
    if (origin == NULL) {
        return NULL;
    }

    each = cors->origins->elts;
    for (i = 0; i < cors->origins->nelts; i++) {
        if (each[i].len == origin->len && ngx_memcmp(each[i].data, origin->data, origin->len) == 0)
        {
            return &each[i];
        }
    }

    return NULL;
}

ngx_int_t
dash_cors_answer(ngx_http_request_t *r, const dash_cors_t *cors)
{
    ngx_str_t *origin;
    static const ngx_str_t yes = ngx_string("true");

    origin = allowed(r, cors);
    if (origin == NULL) {
        return NGX_OK;
    }

    if (dash_header_add(r, "Access-Control-Allow-Origin", origin) != NGX_OK ||
        dash_header_add(r, "Access-Control-Expose-Headers", &answer_headers) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return cors->credentials ? dash_header_add(r, "Access-Control-Allow-Credentials", &yes)
                             : NGX_OK;
}

ngx_int_t
dash_cors_preflight(ngx_http_request_t *r, const dash_cors_t *cors, const ngx_str_t *allow)
{
    if (allowed(r, cors) == NULL || dash_header_find(r, "access-control-request-method") == NULL) {
        return NGX_OK;
    }

    if (dash_header_add(r, "Access-Control-Allow-Methods", allow) != NGX_OK ||
        dash_header_add(r, "Access-Control-Allow-Headers", &request_headers) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return dash_header_add(r, "Access-Control-Max-Age", &cors->max_age);
}
