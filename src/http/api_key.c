#include "api_key.h"
#include "answer.h"
#include "conf.h"
#include "../core/format.h"
#include "../core/json.h"
#include <openssl/sha.h>

/* dk_, a UUID without hyphens, _, 256 random bits in base64url */
#define ID_LEN     32
#define SECRET_LEN 43
#define KEY_LEN    (3 + ID_LEN + 1 + SECRET_LEN)

static const dash_pg_statement_t lookup = {
    "lookup_api_key",
    "SELECT status, error, etag, location, tags, workspace, role, body"
    " FROM api.lookup_api_key($1::jsonb, $2::jsonb)",
    DASH_PG_MAX_STATEMENTS - 2};

static ngx_uint_t
is_base64url(u_char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static ngx_uint_t
is_key(const ngx_str_t *text)
{
    size_t i;
    u_char c;

    if (text->len != KEY_LEN || ngx_memcmp(text->data, "dk_", 3) != 0 ||
        text->data[3 + ID_LEN] != '_') {
        return 0;
    }

    for (i = 3; i < 3 + ID_LEN; i++) {
        c = text->data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return 0;
        }
    }
    for (i = 3 + ID_LEN + 1; i < KEY_LEN; i++) {
        if (!is_base64url(text->data[i])) {
            return 0;
        }
    }

    return 1;
}

/* The UUID with its hyphens (RFC 9562 section 4), and the secret's hash in hex. */
static ngx_int_t
take(dash_request_t *req, const ngx_str_t *text)
{
    size_t i;
    u_char *p, digest[SHA256_DIGEST_LENGTH];

    p = ngx_pnalloc(req->r->pool, ID_LEN + 4 + DASH_API_KEY_HASH);
    if (p == NULL) {
        return NGX_ERROR;
    }

    req->api_key.id.data = p;
    for (i = 0; i < ID_LEN; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20) {
            *p++ = '-';
        }
        *p++ = text->data[3 + i];
    }
    req->api_key.id.len = p - req->api_key.id.data;

    SHA256(text->data + 3 + ID_LEN + 1, SECRET_LEN, digest);
    req->api_key.hash.data = p;
    req->api_key.hash.len = ngx_hex_dump(p, digest, sizeof(digest)) - p;
    return NGX_OK;
}

static ngx_int_t
refuse(dash_request_t *req, const char *reason)
{
    req->reason = reason;
    return NGX_ERROR;
}

static ngx_int_t
read_key(dash_request_t *req)
{
    ngx_str_t *header, text;
    dash_zone_t *zone;
    ngx_table_elt_t *authorization;

    header = dash_header_find(req->r, "x-api-key");
    authorization = req->r->headers_in.authorization;

    if (authorization != NULL && authorization->value.len > sizeof("ApiKey ") - 1 &&
        ngx_strncasecmp(authorization->value.data, (u_char *) "ApiKey ", sizeof("ApiKey ") - 1) ==
            0)
    {
        if (header != NULL) {
            return refuse(req, "there is more than one credential");
        }
        text.data = authorization->value.data + sizeof("ApiKey ") - 1;
        text.len = authorization->value.len - (sizeof("ApiKey ") - 1);

    } else if (header != NULL && authorization != NULL) {
        return refuse(req, "there is more than one credential");

    } else if (header != NULL) {
        text = *header;

    } else {
        return NGX_DECLINED;
    }

    zone = dash_main_conf(req->r)->zone;
    if (zone == NULL) {
        return refuse(req, "API keys are not accepted here");
    }
    if (!is_key(&text)) {
        return refuse(req, "the API key is malformed");
    }
    if (take(req, &text) != NGX_OK) {
        return refuse(req, "there is no memory");
    }

    req->api_key.known = dash_api_keys_find(zone, &req->api_key.id, &req->api_key.hash,
                                            &req->api_key.limits) == NGX_OK;
    return NGX_OK;
}

ngx_int_t
dash_api_key_read(dash_request_t *req)
{
    if (!req->api_key.looked) {
        req->api_key.looked = 1;
        req->api_key.found = read_key(req);
    }

    return req->api_key.found;
}

static uint64_t *
word(dash_api_key_t *key, ngx_uint_t operation)
{
    return &key->allowed[operation / 64];
}

static uint64_t
bit(ngx_uint_t operation)
{
    return (uint64_t) 1 << (operation % 64);
}

/* Sets the bits of the operations in names; all of them for null. Unknown names are nobody's. */
static void
allow(dash_main_conf_t *conf, const dash_json_t *names, dash_api_key_t *key)
{
    ngx_uint_t i;
    const dash_json_t *name;

    if (names == NULL || names->type != DASH_JSON_ARRAY) {
        ngx_memset(key->allowed, 0xff, sizeof(key->allowed));
        return;
    }

    ngx_memzero(key->allowed, sizeof(key->allowed));
    for (name = names->first; name != NULL; name = name->next) {
        for (i = 0; i < conf->nrows; i++) {
            if (dash_str_is(&name->text, conf->rows[i].name)) {
                *word(key, i) |= bit(i);
            }
        }
    }
}

static ngx_uint_t
limit(const dash_json_t *limits, const char *name)
{
    const dash_json_t *value;

    value = dash_json_member(limits, name);
    return value != NULL && value->type == DASH_JSON_INTEGER ? (ngx_uint_t) value->integer : 0;
}

static ngx_int_t
remember(dash_request_t *req, const ngx_str_t *body)
{
    dash_json_t *object;
    dash_json_error_t error;
    dash_main_conf_t *conf;
    const dash_json_t *limits;
    dash_api_key_t *key;

    conf = dash_main_conf(req->r);
    if (dash_json_parse(req->r->pool, body, DASH_JSON_MAX_DEPTH, &object, &error) != NGX_OK) {
        return NGX_ERROR;
    }

    limits = dash_json_member(object, "limits");
    if (limits == NULL || limits->type != DASH_JSON_OBJECT) {
        return NGX_ERROR;
    }

    key = &req->api_key.limits;
    ngx_memcpy(key->hash, req->api_key.hash.data, DASH_API_KEY_HASH);
    key->per_minute = limit(limits, "minute");
    key->per_hour = limit(limits, "hour");
    key->per_day = limit(limits, "day");
    allow(conf, dash_json_member(object, "allowed_operations"), key);
    key->until = ngx_current_msec + DASH_API_KEY_FRESH;
    req->api_key.known = 1;

    dash_api_keys_put(conf->zone, &req->api_key.id, key);
    return NGX_OK;
}

static void
vouched(dash_request_t *req, dash_answer_t *answer)
{
    if (answer->error.len) {
        req->reason = "the API key is not valid";
        dash_answer_sql(req, answer);
        return;
    }

    if (remember(req, &answer->body) != NGX_OK) {
        (void) dash_request_error(req, DASH_INTERNAL_ERROR);
        dash_request_fail(req);
        return;
    }

    req->resume(req);
}

ngx_int_t
dash_api_key_verify(dash_request_t *req, void (*resume)(dash_request_t *req))
{
    dash_out_t out;
    ngx_str_t text;
    ngx_uint_t operation;

    /* what it is not for the database refuses, so that the denial is on record */
    operation = req->route - dash_main_conf(req->r)->rows;
    if (req->api_key.known && (*word(&req->api_key.limits, operation) & bit(operation))) {
        return NGX_OK;
    }

    dash_out_init(&out, req->r->pool);
    dash_out_text(&out, "{\"operation\":\"");
    dash_out_text(&out, req->route->name);
    dash_out_text(&out, "\",\"correlation_id\":");
    dash_out_json(&out, req->correlation_id.data, req->correlation_id.len);
    dash_out_text(&out, ",\"address\":");
    dash_out_json(&out, req->r->connection->addr_text.data, req->r->connection->addr_text.len);
    dash_api_key_write(req, &out);
    dash_out_bytes(&out, "}\0", 2);
    if (dash_out_join(&out, &text) != NGX_OK) {
        return dash_request_error(req, DASH_INTERNAL_ERROR);
    }

    req->resume = resume;
    return dash_request_call(req, &lookup, &text, NULL, vouched) == NGX_OK ? NGX_AGAIN : NGX_ERROR;
}

void
dash_api_key_write(const dash_request_t *req, dash_out_t *out)
{
    if (req->api_key.id.len == 0) {
        dash_out_text(out, ",\"api_key\":null");
        return;
    }

    dash_out_text(out, ",\"api_key\":{\"id\":\"");
    dash_out_str(out, &req->api_key.id);
    dash_out_text(out, "\",\"hash\":\"");
    dash_out_str(out, &req->api_key.hash);
    dash_out_text(out, "\"}");
}

void
dash_api_key_forget(dash_request_t *req)
{
    if (req->api_key.id.len) {
        dash_api_keys_drop(dash_main_conf(req->r)->zone, &req->api_key.id);
    }
}
