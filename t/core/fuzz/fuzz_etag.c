/*
 * Any bytes as If-Match: every tag a list gives lies inside it and matches the list; reading ends.
 */

#include "fuzz.h"
#include "etag.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t list = {size, (u_char *) data};
    ngx_str_t rest = list;
    ngx_str_t tag;
    ngx_str_t none = ngx_string("\"no such tag, with spaces\"");
    ngx_int_t rc, whole;

    whole = dash_etag_match(&list, &none);
    REQUIRE(whole != NGX_OK || dash_etag_any(&list));

    while ((rc = dash_etag_next(&rest, &tag)) == NGX_OK) {
        REQUIRE(tag.data >= data && tag.data + tag.len <= data + size);
        REQUIRE(tag.len >= 2 && tag.data[0] == '"' && tag.data[tag.len - 1] == '"');
        REQUIRE(dash_etag_match(&list, &tag) == (whole == NGX_ERROR ? NGX_ERROR : NGX_OK));
        (void) dash_etag_version(&tag);
    }

    REQUIRE(dash_etag_any(&list) || (rc == NGX_ERROR) == (whole == NGX_ERROR));
    REQUIRE(dash_etag_version(&list) >= -1 && dash_etag_version(&list) != 0);
    return 0;
}
