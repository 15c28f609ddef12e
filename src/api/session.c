#include "operations.h"
#include "../core/base64url.h"
#include "../http/answer.h"
#include "../http/conf.h"

#include <openssl/rand.h>

/* What api.<operation>() returned, pointing into the answer's tree. */
typedef struct {
    ngx_str_t id;
    ngx_str_t subject;
    ngx_str_t refresh_token;
    int64_t expires_in; /* seconds */
} session_t;

static ngx_int_t
take_text(const dash_json_t *object, const char *name, ngx_str_t *text)
{
    const dash_json_t *member;

    member = dash_json_member(object, name);
    if (member == NULL || member->type != DASH_JSON_STRING) {
        return NGX_ERROR;
    }

    *text = member->text;
    return NGX_OK;
}

static ngx_int_t
read_session(ngx_pool_t *pool, const ngx_str_t *text, session_t *session)
{
    dash_json_t *object;
    dash_json_error_t error;
    const dash_json_t *seconds;

    if (dash_json_parse(pool, text, DASH_JSON_MAX_DEPTH, &object, &error) != NGX_OK) {
        return NGX_ERROR;
    }

    seconds = dash_json_member(object, "expires_in");
    if (seconds == NULL || seconds->type != DASH_JSON_INTEGER) {
        return NGX_ERROR;
    }
    session->expires_in = seconds->integer;

    if (take_text(object, "session", &session->id) != NGX_OK ||
        take_text(object, "subject", &session->subject) != NGX_OK)
    {
        return NGX_ERROR;
    }
    return take_text(object, "refresh_token", &session->refresh_token);
}

/* The claims of RFC 7519 section 4.1 that we use, and sid, by which the database knows the session.
 */
static ngx_int_t
write_claims(ngx_pool_t *pool, const session_t *session, ngx_str_t *claims)
{
    u_char random[16];
    dash_out_t out;
    ngx_str_t id = {sizeof(random), random};
    ngx_str_t jti;

    if (RAND_bytes(random, sizeof(random)) != 1 || dash_base64url_encode(pool, &id, &jti) != NGX_OK)
    {
        return NGX_ERROR;
    }

    dash_out_init(&out, pool);
    dash_out_text(&out, "{\"sub\":");
    dash_out_json(&out, session->subject.data, session->subject.len);
    dash_out_text(&out, ",\"sid\":");
    dash_out_json(&out, session->id.data, session->id.len);
    dash_out_text(&out, ",\"iat\":");
    dash_out_integer(&out, ngx_time());
    dash_out_text(&out, ",\"exp\":");
    dash_out_integer(&out, ngx_time() + session->expires_in);
    dash_out_text(&out, ",\"jti\":");
    dash_out_json(&out, jti.data, jti.len);
    dash_out_text(&out, "}");
    return dash_out_join(&out, claims);
}

/* The members are those of RFC 6749 section 5.1. */
static ngx_int_t
write_body(ngx_pool_t *pool, const session_t *session, const ngx_str_t *token, ngx_str_t *body)
{
    dash_out_t out;

    dash_out_init(&out, pool);
    dash_out_text(&out, "{\"data\":{\"access_token\":");
    dash_out_json(&out, token->data, token->len);
    dash_out_text(&out, ",\"refresh_token\":");
    dash_out_json(&out, session->refresh_token.data, session->refresh_token.len);
    dash_out_text(&out, ",\"token_type\":\"Bearer\",\"expires_in\":");
    dash_out_integer(&out, session->expires_in);
    dash_out_text(&out, "}}");
    return dash_out_join(&out, body);
}

static void
answer_session(dash_request_t *req, dash_answer_t *answer)
{
    ngx_str_t claims, token, body;
    session_t session;
    ngx_pool_t *pool;

    if (answer->status != NGX_HTTP_OK) {
        dash_answer_sql(req, answer);
        return;
    }

    pool = req->r->pool;
    if (read_session(pool, &answer->body, &session) != NGX_OK ||
        write_claims(pool, &session, &claims) != NGX_OK ||
        dash_jwt_sign_hs256(pool, &dash_main_conf(req->r)->login->key, &claims, &token) != NGX_OK ||
        write_body(pool, &session, &token, &body) != NGX_OK)
    {
        (void) dash_request_error(req, DASH_INTERNAL_ERROR);
        dash_request_fail(req);
        return;
    }

    dash_request_finalize(req, dash_answer_text(req, NGX_HTTP_OK, NULL, &body));
}

ngx_int_t
dash_operation_session(dash_request_t *req)
{
    if (dash_main_conf(req->r)->login == NULL) {
        return dash_request_error(req, DASH_NOT_FOUND);
    }

    return dash_request_ask(req, answer_session);
}
