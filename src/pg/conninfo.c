/*
 * The connection string of dashboard_database, taken apart while the configuration is read: libpq
 * would resolve names and look for files in each worker, where it blocks and where nginx has
 * emptied the environment. (PostgreSQL manual, 34.1.2 parameter key words, 34.15 environment
 * variables.)
 */

#include "pg.h"
#include <netdb.h>

#define DEFAULT_PORT            "5432"
#define DEFAULT_CONNECT_TIMEOUT 1000 /* ms: one lost SYN is repeated after a second anyway */
#define MAX_CONNECT_TIMEOUT     60   /* s */

typedef struct {
    const char *keyword;
    const char *value;
} option_t;

/* Options that are given to libpq by ourselves, for each address. */
static const char *const own[] = {"host", "hostaddr", "port", "connect_timeout", "client_encoding",
                                  NULL};

/* Options that would make libpq do what a worker must not. */
static const struct {
    const char *keyword;
    const char *why;
} refused[] = {{"service", "a service file is not read: write its settings here"},
               {"replication", "replication connections run no queries"},
               {NULL, NULL}};

/* Options that name files, and the environment variables that libpq would ask for them. */
static const struct {
    const char *keyword;
    const char *variable;
} files[] = {{"passfile", "PGPASSFILE"},
             {"sslcert", "PGSSLCERT"},
             {"sslkey", "PGSSLKEY"},
             {"sslrootcert", "PGSSLROOTCERT"},
             {"sslcrl", "PGSSLCRL"},
             {"sslcrldir", "PGSSLCRLDIR"},
             {NULL, NULL}};

static const char *
get(const ngx_array_t *options, const char *keyword)
{
    option_t *option;
    ngx_uint_t i;

    option = options->elts;
    for (i = 0; i < options->nelts; i++) {
        if (ngx_strcmp(option[i].keyword, keyword) == 0) {
            return option[i].value;
        }
    }

    return NULL;
}

/* Adds keyword, or gives it another value. NGX_OK, or NGX_ERROR without memory. */
static ngx_int_t
put(ngx_array_t *options, const char *keyword, const char *value)
{
    option_t *option;
    ngx_uint_t i;

    option = options->elts;
    for (i = 0; i < options->nelts; i++) {
        if (ngx_strcmp(option[i].keyword, keyword) == 0) {
            option[i].value = value;
            return NGX_OK;
        }
    }

    option = ngx_array_push(options);
    if (option == NULL) {
        return NGX_ERROR;
    }
    option->keyword = keyword;
    option->value = value;

    return NGX_OK;
}

static char *
copy(ngx_pool_t *pool, const char *text, size_t len)
{
    char *p;

    p = ngx_pnalloc(pool, len + 1);
    if (p != NULL) {
        ngx_memcpy(p, text, len);
        p[len] = '\0';
    }

    return p;
}

/* A message in the configuration's memory. */
static char *
say(ngx_pool_t *pool, const char *format, ...)
{
    u_char *p, *last;
    va_list args;

    p = ngx_pnalloc(pool, NGX_MAX_CONF_ERRSTR);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    va_start(args, format);
    last = ngx_vslprintf(p, p + NGX_MAX_CONF_ERRSTR - 1, format, args);
    va_end(args);
    *last = '\0';

    return (char *) p;
}

/*
 * What is wrong with a string that libpq refused. libpq's text may quote a part of the string,
 * which may be a part of a password; only the name of an unknown option is repeated.
 */
static char *
malformed(ngx_pool_t *pool, char *message)
{
    char *p;
    size_t len;

    if (message != NULL && (ngx_strncmp(message, "invalid connection option", 25) == 0 ||
                            ngx_strncmp(message, "invalid URI query parameter", 27) == 0))
    {
        len = ngx_strlen(message);
        while (len > 0 && message[len - 1] == '\n') {
            len--;
        }
        p = say(pool, "has an %*s", len, message);

    } else {
        p = say(pool, "is malformed: expected \"keyword=value ...\" (values with spaces in single "
                      "quotes) or \"postgresql://user@host:port/database\"");
    }

    PQfreemem(message);

    return p;
}

/* Takes over what libpq understood and refuses what cannot be had. */
static char *
collect(ngx_pool_t *pool, PQconninfoOption *parsed, ngx_array_t *options)
{
    char *value;
    ngx_uint_t i;
    PQconninfoOption *option;

    for (option = parsed; option->keyword != NULL; option++) {
        if (option->val == NULL || option->val[0] == '\0') {
            continue;
        }

        for (i = 0; refused[i].keyword != NULL; i++) {
            if (ngx_strcmp(option->keyword, refused[i].keyword) == 0) {
                return say(pool, "says \"%s\": %s", refused[i].keyword, refused[i].why);
            }
        }

        value = copy(pool, option->val, ngx_strlen(option->val));
        if (value == NULL ||
            put(options, copy(pool, option->keyword, ngx_strlen(option->keyword)), value) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}

/*
 * Makes the path of each file explicit: relative ones begin at the configuration's folder, and
 * those that only the environment names are taken from it now. A worker reads the files, as its own
 * user.
 */
static char *
explicit_files(ngx_conf_t *cf, ngx_array_t *options)
{
    ngx_str_t path;
    ngx_uint_t i;
    const char *value;
    ngx_file_info_t info;

    for (i = 0; files[i].keyword != NULL; i++) {
        value = get(options, files[i].keyword);
        if (value == NULL) {
            value = getenv(files[i].variable);
        }
        if (value == NULL || value[0] == '\0') {
            continue;
        }

        /* Not files: a key of a cryptographic engine, the system's store of authorities. */
        if ((ngx_strcmp(files[i].keyword, "sslkey") == 0 && strchr(value, ':') != NULL) ||
            (ngx_strcmp(files[i].keyword, "sslrootcert") == 0 && ngx_strcmp(value, "system") == 0))
        {
            continue;
        }

        path.len = ngx_strlen(value);
        path.data = (u_char *) copy(cf->pool, value, path.len);
        if (path.data == NULL || ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK ||
            put(options, files[i].keyword, (char *) path.data) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        if (ngx_file_info(path.data, &info) == NGX_FILE_ERROR) {
            return say(cf->pool, "says %s=%V, which cannot be read: %s", files[i].keyword, &path,
                       strerror(ngx_errno));
        }
    }

    return NGX_CONF_OK;
}

/* What is said for the reader's sake when it could only fail later, in each worker. */
static char *
check(ngx_pool_t *pool, const ngx_array_t *options, dash_pg_conf_t *conf)
{
    ngx_int_t seconds;
    const char *value;

    conf->connect_timeout = DEFAULT_CONNECT_TIMEOUT;

    value = get(options, "connect_timeout");
    if (value != NULL) {
        seconds = ngx_atoi((u_char *) value, ngx_strlen(value));
        if (seconds < 1 || seconds > MAX_CONNECT_TIMEOUT) {
            return say(pool, "says connect_timeout=%s: expected 1 to %d seconds", value,
                       MAX_CONNECT_TIMEOUT);
        }
        conf->connect_timeout = (ngx_msec_t) seconds * 1000;
    }

    value = get(options, "sslmode");
    if (value != NULL && ngx_strncmp(value, "verify-", 7) == 0 &&
        get(options, "sslrootcert") == NULL) {
        return say(pool, "says sslmode=%s without sslrootcert, the file of trusted authorities",
                   value);
    }

    return NGX_CONF_OK;
}

/* Splits value at its commas into an array of C strings; no value: an empty array. */
static ngx_array_t *
split(ngx_pool_t *pool, const char *value)
{
    char **slot;
    const char *comma;
    ngx_array_t *list;

    list = ngx_array_create(pool, 2, sizeof(char *));

    while (list != NULL && value != NULL) {
        comma = strchr(value, ',');

        slot = ngx_array_push(list);
        if (slot == NULL) {
            return NULL;
        }
        *slot = copy(pool, value, comma != NULL ? (size_t) (comma - value) : ngx_strlen(value));
        if (*slot == NULL) {
            return NULL;
        }

        value = comma != NULL ? comma + 1 : NULL;
    }

    return list;
}

/* What a list says for host number i: one item is for all of them; "" and no item are NULL. */
static const char *
item(const ngx_array_t *list, ngx_uint_t i)
{
    char **items;

    if (list->nelts == 0) {
        return NULL;
    }

    items = list->elts;
    i = list->nelts == 1 ? 0 : i;

    return items[i][0] != '\0' ? items[i] : NULL;
}

/* Adds one address. host, hostaddr and port may be NULL: libpq's own default. */
static ngx_int_t
add_address(ngx_pool_t *pool, const ngx_array_t *options, dash_pg_conf_t *conf, const char *host,
            const char *hostaddr, const char *port)
{
    char *name;
    option_t *option;
    ngx_uint_t i, k, n;
    dash_pg_host_t *address;

    address = ngx_array_push(&conf->hosts);
    if (address == NULL) {
        return NGX_ERROR;
    }

    n = options->nelts + 5;
    address->keywords = ngx_pcalloc(pool, n * sizeof(char *));
    address->values = ngx_pcalloc(pool, n * sizeof(char *));
    if (address->keywords == NULL || address->values == NULL) {
        return NGX_ERROR;
    }

    option = options->elts;
    n = 0;
    for (i = 0; i < options->nelts; i++) {
        for (k = 0; own[k] != NULL && ngx_strcmp(own[k], option[i].keyword) != 0; k++) {
            /* void */
        }
        if (own[k] == NULL) {
            address->keywords[n] = option[i].keyword;
            address->values[n++] = option[i].value;
        }
    }

    if (host != NULL) {
        address->keywords[n] = "host";
        address->values[n++] = host;
    }
    if (hostaddr != NULL) {
        address->keywords[n] = "hostaddr";
        address->values[n++] = hostaddr;
    }
    if (port != NULL) {
        address->keywords[n] = "port";
        address->values[n++] = port;
    }
    address->keywords[n] = "client_encoding"; /* answers are JSON */
    address->values[n] = "UTF8";

    port = port != NULL ? port : DEFAULT_PORT;
    if (host == NULL && hostaddr == NULL) {
        name = say(pool, "the local socket, port %s", port);
    } else if (hostaddr == NULL) {
        name = say(pool, "%s:%s", host, port);
    } else if (host == NULL || ngx_strcmp(host, hostaddr) == 0) {
        name = say(pool, "%s:%s", hostaddr, port);
    } else {
        name = say(pool, "%s:%s (%s)", host, port, hostaddr);
    }
    if (name == NGX_CONF_ERROR) {
        return NGX_ERROR;
    }

    address->name.data = (u_char *) name;
    address->name.len = ngx_strlen(name);

    return NGX_OK;
}

/* Adds every address that host has now. */
static char *
resolve(ngx_pool_t *pool, const ngx_array_t *options, dash_pg_conf_t *conf, const char *host,
        const char *port)
{
    int rc;
    char *text, numeric[NI_MAXHOST];
    struct addrinfo hints, *list, *ai;

    ngx_memzero(&hints, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;

    rc = getaddrinfo(host, NULL, &hints, &list);
    if (rc != 0) {
        return say(pool, "says host \"%s\", which has no address: %s", host, gai_strerror(rc));
    }

    for (ai = list; ai != NULL; ai = ai->ai_next) {
        rc = getnameinfo(ai->ai_addr, ai->ai_addrlen, numeric, sizeof(numeric), NULL, 0,
                         NI_NUMERICHOST);
        if (rc != 0) {
            continue;
        }

        text = copy(pool, numeric, ngx_strlen(numeric));
        if (text == NULL || add_address(pool, options, conf, host, text, port) != NGX_OK) {
            freeaddrinfo(list);
            return NGX_CONF_ERROR;
        }
    }

    freeaddrinfo(list);

    return NGX_CONF_OK;
}

/* One address after the other, as the lists of host, hostaddr and port say together. */
static char *
expand(ngx_pool_t *pool, const ngx_array_t *options, dash_pg_conf_t *conf)
{
    char *rc;
    ngx_uint_t i, n;
    const char *host, *hostaddr, *port;
    ngx_array_t *hosts, *hostaddrs, *ports;

    hosts = split(pool, get(options, "host"));
    hostaddrs = split(pool, get(options, "hostaddr"));
    ports = split(pool, get(options, "port"));
    if (hosts == NULL || hostaddrs == NULL || ports == NULL) {
        return NGX_CONF_ERROR;
    }

    n = hostaddrs->nelts > 0 ? hostaddrs->nelts : ngx_max(hosts->nelts, 1);

    if (hosts->nelts != n && hosts->nelts > 0) {
        return say(pool, "says %ui hosts, but %ui addresses in hostaddr", hosts->nelts, n);
    }
    if (ports->nelts > 1 && ports->nelts != n) {
        return say(pool, "says %ui ports for %ui hosts", ports->nelts, n);
    }

    for (i = 0; i < n; i++) {
        host = item(hosts, i);
        hostaddr = item(hostaddrs, i);
        port = item(ports, i);

        if (port != NULL && (ngx_atoi((u_char *) port, ngx_strlen(port)) < 1 ||
                             ngx_atoi((u_char *) port, ngx_strlen(port)) > 65535))
        {
            return say(pool, "says port \"%s\": expected 1 to 65535", port);
        }

        if (hostaddr != NULL || host == NULL || host[0] == '/' || host[0] == '@') {
            rc = add_address(pool, options, conf, host, hostaddr, port) == NGX_OK ? NGX_CONF_OK
                                                                                  : NGX_CONF_ERROR;
        } else {
            rc = resolve(pool, options, conf, host, port);
        }
        if (rc != NGX_CONF_OK) {
            return rc;
        }
    }

    if (conf->hosts.nelts == 0) {
        return say(pool, "says a host that has no usable address");
    }

    return NGX_CONF_OK;
}

char *
dash_pg_conf_parse(ngx_conf_t *cf, ngx_str_t *conninfo, dash_pg_conf_t *conf)
{
    char *rc, *text, *message;
    const char *host;
    ngx_array_t options;
    PQconninfoOption *parsed;

    text = copy(cf->pool, (char *) conninfo->data, conninfo->len);
    if (text == NULL || ngx_array_init(&options, cf->pool, 16, sizeof(option_t)) != NGX_OK ||
        ngx_array_init(&conf->hosts, cf->pool, 2, sizeof(dash_pg_host_t)) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    message = NULL;
    parsed = PQconninfoParse(text, &message);
    ngx_memzero(text, conninfo->len);
    if (parsed == NULL) {
        return malformed(cf->pool, message);
    }

    rc = collect(cf->pool, parsed, &options);
    PQconninfoFree(parsed);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    rc = explicit_files(cf, &options);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    rc = check(cf->pool, &options, conf);
    if (rc != NGX_CONF_OK) {
        return rc;
    }

    if (get(&options, "application_name") == NULL &&
        put(&options, "application_name", "nginx dashboard") != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    /* Looking for a Kerberos ticket may ask a name server and a file: only when asked for. */
    if (get(&options, "gssencmode") == NULL && put(&options, "gssencmode", "disable") != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    /* Several hosts are a primary and its standbys: writes have to find the one that takes them. */
    host = get(&options, get(&options, "hostaddr") != NULL ? "hostaddr" : "host");
    if (host != NULL && strchr(host, ',') != NULL &&
        get(&options, "target_session_attrs") == NULL &&
        put(&options, "target_session_attrs", "read-write") != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return expand(cf->pool, &options, conf);
}
