#include "conf.h"

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

#define MAX_SECRET 65536

char *
dash_http_read_secret(ngx_conf_t *cf, ngx_str_t *name, size_t min, ngx_str_t *secret)
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
    if (ngx_fd_info(fd, &info) != NGX_FILE_ERROR && ngx_file_size(&info) <= MAX_SECRET) {
        rc = read_file(cf, fd, (size_t) ngx_file_size(&info), secret);
    }
    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, ngx_errno, "cannot close \"%V\"", &path);
    }

    if (rc != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "cannot read the key file \"%V\"", &path);
        return NGX_CONF_ERROR;
    }
    if (secret->len < min) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the key file \"%V\" holds %uz bytes, at least %uz are needed", &path,
                           secret->len, min);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
