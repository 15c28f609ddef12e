/*
 * Entity tags in If-Match and If-None-Match (RFC 9110 sections 8.8.3, 13.1.1, 13.1.2).
 */

#ifndef DASH_CORE_ETAG_H
#define DASH_CORE_ETAG_H

#include "common.h"

/*
 * Reads one tag of a list: *list is moved behind it and the comma. tag is the opaque part with its
 * quotes, without W/ (a weak tag is taken as its strong twin: see docs/decisions.md).
 * NGX_OK, NGX_DECLINED at the list's end, NGX_ERROR when the list is malformed.
 */
ngx_int_t dash_etag_next(ngx_str_t *list, ngx_str_t *tag);

/* 1 when the field value is the single "*" (optional white space around it), else 0. */
ngx_uint_t dash_etag_any(const ngx_str_t *list);

/*
 * The n of a tag "v<n>" (quotes included; from 0, which what was never written has; no leading
 * zero), or -1 for any other tag.
 */
int64_t dash_etag_version(const ngx_str_t *tag);

/*
 * NGX_OK when list holds tag (weak comparison) or is "*"; NGX_DECLINED when not; NGX_ERROR when
 * malformed.
 */
ngx_int_t dash_etag_match(const ngx_str_t *list, const ngx_str_t *tag);

#endif /* DASH_CORE_ETAG_H */
