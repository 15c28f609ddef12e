#include "json.h"

static void
write_children(dash_out_t *out, const dash_json_t *value)
{
    const dash_json_t *child;

    for (child = value->first; child != NULL; child = child->next) {
        if (value->type == DASH_JSON_OBJECT) {
            dash_out_json(out, child->key.data, child->key.len);
            dash_out_text(out, ":");
        }
        dash_json_write(out, child);
        if (child->next != NULL) {
            dash_out_text(out, ",");
        }
    }
}

void
dash_json_write(dash_out_t *out, const dash_json_t *value)
{
    switch (value->type) {
    case DASH_JSON_NULL:
        dash_out_text(out, "null");
        break;
    case DASH_JSON_BOOLEAN:
        dash_out_text(out, value->integer ? "true" : "false");
        break;
    case DASH_JSON_INTEGER:
    case DASH_JSON_NUMBER:
        dash_out_str(out, &value->text);
        break;
    case DASH_JSON_STRING:
        dash_out_json(out, value->text.data, value->text.len);
        break;
    case DASH_JSON_ARRAY:
        dash_out_text(out, "[");
        write_children(out, value);
        dash_out_text(out, "]");
        break;
    case DASH_JSON_OBJECT:
        dash_out_text(out, "{");
        write_children(out, value);
        dash_out_text(out, "}");
        break;
    }
}
