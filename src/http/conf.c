#include "conf.h"
#include "keys.h"

ngx_int_t
dash_http_init_worker(ngx_cycle_t *cycle, dash_main_conf_t *conf)
{
    conf->api = dash_pg_pool_create(cycle, &conf->database, "api", conf->database.pool_size);
    if (conf->api == NULL) {
        return NGX_ERROR;
    }

    conf->query = dash_pg_pool_create(cycle, &conf->database, "query", conf->database.query_size);
    if (conf->query == NULL) {
        dash_http_exit_worker(conf);
        return NGX_ERROR;
    }

    return NGX_OK;
}

void
dash_http_exit_worker(dash_main_conf_t *conf)
{
    if (conf->api != NULL) {
        dash_pg_pool_close(conf->api);
        conf->api = NULL;
    }
    if (conf->query != NULL) {
        dash_pg_pool_close(conf->query);
        conf->query = NULL;
    }
}

/* "<name><time>" within bounds, as seconds into *value. */
static ngx_uint_t
read_lifetime(const ngx_str_t *text, const ngx_str_t *name, time_t *value)
{
    ngx_int_t n;
    ngx_str_t time;

    if (text->len <= name->len || ngx_strncmp(text->data, name->data, name->len) != 0) {
        return 0;
    }

    time.data = text->data + name->len;
    time.len = text->len - name->len;
    n = ngx_parse_time(&time, 1);
    if (n < 1 || n > 366 * 24 * 3600) {
        return 0;
    }

    *value = n;
    return 1;
}

char *
dash_login_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    dash_main_conf_t *mcf = conf;
    ngx_str_t *value;
    ngx_uint_t i;
    dash_login_t *login;
    static const ngx_str_t access = ngx_string("access=");
    static const ngx_str_t refresh = ngx_string("refresh=");

    (void) cmd;
    value = cf->args->elts;

    if (mcf->login != NULL) {
        return "is duplicate";
    }

    login = ngx_pcalloc(cf->pool, sizeof(dash_login_t));
    if (login == NULL) {
        return NGX_CONF_ERROR;
    }
    mcf->login = login;
    login->key.alg = DASH_JWT_HS256;
    ngx_str_set(&login->key.kid, DASH_LOGIN_KID);
    login->key.login = 1;
    login->access = 15 * 60;
    login->refresh = 30 * 24 * 3600;

    for (i = 2; i < cf->args->nelts; i++) {
        if (!read_lifetime(&value[i], &access, &login->access) &&
            !read_lifetime(&value[i], &refresh, &login->refresh))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }
    if (login->access > login->refresh) {
        return "has an access time that is longer than refresh";
    }

    return dash_http_read_secret(cf, &value[1], DASH_JWT_MIN_SECRET, &login->key.secret);
}

char *
dash_login_merge(ngx_conf_t *cf, dash_main_conf_t *main, dash_location_conf_t *conf)
{
    ngx_uint_t i;
    dash_jwt_key_t *own, *key;

    conf->accept = conf->keys;
    if (main->login == NULL) {
        return NGX_CONF_OK;
    }

    own = &main->login->key;
    conf->accept = ngx_array_create(cf->pool, 2, sizeof(dash_jwt_key_t));
    key = conf->accept ? ngx_array_push(conf->accept) : NULL;
    if (key == NULL) {
        return NGX_CONF_ERROR;
    }
    *key = *own;

    for (i = 0; conf->keys != NULL && i < conf->keys->nelts; i++) {
        key = ngx_array_push(conf->accept);
        if (key == NULL) {
            return NGX_CONF_ERROR;
        }
        *key = ((dash_jwt_key_t *) conf->keys->elts)[i];

        if (key->secret.len == own->secret.len &&
            ngx_memcmp(key->secret.data, own->secret.data, own->secret.len) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "dashboard_login needs a key of its own, not a dashboard_jwt_key's");
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}

/* Reads size bytes of an open file into text, without the line end behind them. */
static ngx_int_t
read_file(ngx_conf_t *cf, ngx_fd_t fd, size_t size, ngx_str_t *text)
{
    ssize_t n;

    text->data = ngx_pnalloc(cf->pool, size);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, text->data, size);
    if (n < 0 || (size_t) n != size) {
        return NGX_ERROR;
    }

    text->len = size;
    while (text->len && (text->data[text->len - 1] == LF || text->data[text->len - 1] == CR)) {
        text->len--;
    }
    return NGX_OK;
}

char *
dash_http_read_file(ngx_conf_t *cf, const ngx_str_t *name, size_t max, ngx_str_t *text)
{
    ngx_fd_t fd;
    ngx_int_t rc;
    ngx_str_t path;
    ngx_file_info_t info;

    path = *name;
    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    fd = ngx_open_file(path.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno, "cannot open the key file \"%V\"", &path);
        return NGX_CONF_ERROR;
    }

    rc = NGX_ERROR;
    if (ngx_fd_info(fd, &info) != NGX_FILE_ERROR && ngx_file_size(&info) <= (off_t) max) {
        rc = read_file(cf, fd, (size_t) ngx_file_size(&info), text);
    }
    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, ngx_errno, "cannot close \"%V\"", &path);
    }

    if (rc != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "cannot read the key file \"%V\"", &path);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}

#define MAX_SECRET 65536

char *
dash_http_read_secret(ngx_conf_t *cf, const ngx_str_t *name, size_t min, ngx_str_t *secret)
{
    if (dash_http_read_file(cf, name, MAX_SECRET, secret) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    if (secret->len < min) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the key file \"%V\" holds %uz bytes, at least %uz are needed", name,
                           secret->len, min);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
