/*
 * The keys that tokens are verified with, as the configuration names them. Everything is read and
 * checked while nginx reads its configuration: a request opens no file, and a reload brings new
 * keys.
 */

#ifndef DASH_HTTP_KEYS_H
#define DASH_HTTP_KEYS_H

#include <ngx_config.h>
#include <ngx_core.h>
#include "../core/jwt.h"

/* The kid of dashboard_login's key, which no key of another directive may have. */
#define DASH_LOGIN_KID "login"

/*
 * The setters of dashboard_jwt_key and dashboard_jwks: add to the ngx_array_t * of dash_jwt_key_t
 * at cmd->offset. What OpenSSL holds of the keys is freed with cf->pool.
 */
char *dash_keys_set_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *dash_keys_set_jwks(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

#endif /* DASH_HTTP_KEYS_H */
