#include "keys.h"
#include "conf.h"
#include "../core/jwk.h"

#define MAX_SET 1048576 /* bytes: 64 keys with their certificates are a third of that */

/* What stands behind the file in both directives. */
typedef struct {
    ngx_str_t kid;
    ngx_str_t issuer;
    ngx_str_t audience;
} parameters_t;

static void
free_key(void *data)
{
    dash_jwt_key_t key;

    ngx_memzero(&key, sizeof(key));
    key.pkey = data;
    dash_jwk_free(&key);
}

/* Frees the key with cf->pool, and adds it to *keys, made when there are none yet. */
static ngx_int_t
add_key(ngx_conf_t *cf, ngx_array_t **keys, const dash_jwt_key_t *key)
{
    dash_jwt_key_t copy, *place;
    ngx_pool_cleanup_t *cln;

    copy = *key;

    if (key->pkey != NULL) {
        cln = ngx_pool_cleanup_add(cf->pool, 0);
        if (cln == NULL) {
            dash_jwk_free(&copy);
            return NGX_ERROR;
        }
        cln->handler = free_key;
        cln->data = key->pkey;
    }

    /* with it a session's token would be good without its session */
    if (dash_str_is(&key->kid, DASH_LOGIN_KID)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the kid \"%V\" is dashboard_login's", &key->kid);
        return NGX_ERROR;
    }

    if (*keys == NGX_CONF_UNSET_PTR) {
        *keys = ngx_array_create(cf->pool, 2, sizeof(dash_jwt_key_t));
        if (*keys == NULL) {
            return NGX_ERROR;
        }
    }

    place = ngx_array_push(*keys);
    if (place == NULL) {
        return NGX_ERROR;
    }

    *place = copy;
    return NGX_OK;
}

/* The arguments from the one with number first on. with_kid: kid= is one of them. */
static char *
read_parameters(ngx_conf_t *cf, ngx_uint_t first, ngx_uint_t with_kid, parameters_t *parameters)
{
    static const struct {
        ngx_str_t name;
        size_t offset;
    } known[] = {
        {ngx_string("issuer="), offsetof(parameters_t, issuer)},
        {ngx_string("audience="), offsetof(parameters_t, audience)},
        {ngx_string("kid="), offsetof(parameters_t, kid)},
    };

    ngx_str_t *value, *text;
    ngx_uint_t i, k, nknown;

    ngx_memzero(parameters, sizeof(parameters_t));
    nknown = sizeof(known) / sizeof(known[0]) - (with_kid ? 0 : 1);
    value = cf->args->elts;

    for (i = first; i < cf->args->nelts; i++) {
        for (k = 0; k < nknown; k++) {
            if (value[i].len > known[k].name.len &&
                ngx_strncmp(value[i].data, known[k].name.data, known[k].name.len) == 0)
            {
                break;
            }
        }

        text = k < nknown ? (ngx_str_t *) ((char *) parameters + known[k].offset) : NULL;
        if (text == NULL || text->len) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        text->data = value[i].data + known[k].name.len;
        text->len = value[i].len - known[k].name.len;
    }

    return NGX_CONF_OK;
}

static void
bind_key(dash_jwt_key_t *key, const parameters_t *parameters)
{
    if (parameters->kid.len) {
        key->kid = parameters->kid;
    }
    key->issuer = parameters->issuer;
    key->audience = parameters->audience;
}

/* The public key of RS256, ES256 and EdDSA. */
static char *
read_pem(ngx_conf_t *cf, ngx_str_t *name, dash_jwt_key_t *key)
{
    ngx_str_t text;
    const char *issue;

    if (dash_http_read_secret(cf, name, 1, &text) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (dash_jwk_pem(&text, key, &issue) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the key file \"%V\" %s", name, issue);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}

/* The secret of HS256. */
static char *
read_secret(ngx_conf_t *cf, ngx_str_t *name, dash_jwt_key_t *key)
{
    if (dash_http_read_secret(cf, name, DASH_JWT_MIN_SECRET, &key->secret) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    /* everybody has the public key: with it as a secret everybody could sign */
    if (dash_jwk_is_pem(&key->secret)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the key file \"%V\" holds a key in PEM, which is no secret for HS256",
                           name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}

char *
dash_keys_set_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char *rc;
    ngx_str_t *value;
    parameters_t parameters;
    dash_jwt_key_t key;

    value = cf->args->elts;
    ngx_memzero(&key, sizeof(key));

    key.alg = dash_jwa_find(&value[1]);
    if (key.alg == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown algorithm \"%V\", expected HS256, RS256, ES256 or EdDSA",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    rc = read_parameters(cf, 3, 1, &parameters);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    rc = key.alg == DASH_JWT_HS256 ? read_secret(cf, &value[2], &key)
                                   : read_pem(cf, &value[2], &key);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    bind_key(&key, &parameters);
    return add_key(cf, (ngx_array_t **) ((char *) conf + cmd->offset), &key) == NGX_OK
               ? NGX_CONF_OK
               : NGX_CONF_ERROR;
}

static char *
log_set_error(ngx_conf_t *cf, ngx_str_t *name, const dash_jwk_error_t *error)
{
    if (error->number) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "key %ui of the JWK set \"%V\" %s", error->number,
                           name, error->issue);
    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the JWK set \"%V\" %s", name, error->issue);
    }

    return NGX_CONF_ERROR;
}

char *
dash_keys_set_jwks(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char *rc;
    ngx_int_t added;
    ngx_str_t *value, text;
    ngx_uint_t i, nkeys;
    dash_jwk_t *keys;
    parameters_t parameters;
    dash_jwk_error_t error;

    value = cf->args->elts;

    rc = read_parameters(cf, 2, 0, &parameters);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    rc = dash_http_read_file(cf, &value[1], MAX_SET, &text);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    switch (dash_jwk_set(cf->pool, &text, &keys, &nkeys, &error)) {
    case NGX_OK:
        break;
    case NGX_DECLINED:
        return log_set_error(cf, &value[1], &error);
    default:
        return NGX_CONF_ERROR;
    }

    for (i = 0, added = NGX_OK; i < nkeys; i++) {
        if (keys[i].skipped) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0, "key %ui of the JWK set \"%V\" is skipped: %s",
                               i + 1, &value[1], keys[i].skipped);
            continue;
        }

        bind_key(&keys[i].key, &parameters);
        if (add_key(cf, (ngx_array_t **) ((char *) conf + cmd->offset), &keys[i].key) != NGX_OK) {
            added = NGX_ERROR;
        }
    }

    return added == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}
