/* Any bytes into the JSON reader. What it takes is written again, read again
 * and written once more: both must be the same. */
#include "fuzz.h"

#include <string.h>

#include "report/escape.h"
#include "report/json_read.h"

/* Recursive, which is safe because the reader's depth is bounded. */
/* NOLINTNEXTLINE(misc-no-recursion): see above */
static void write_value(struct out *out, const struct json_value *value)
{
    static const char *const words[] = {"null", "false", "true"};
    bool is_object = value->kind == JSON_OBJECT;
    switch (value->kind) {
    case JSON_NULL:
    case JSON_FALSE:
    case JSON_TRUE:
        out_printf(out, "%s", words[value->kind]);
        return;
    case JSON_NUMBER:
        out_printf(out, "%.17g", value->number);
        return;
    case JSON_TEXT:
        escape_json(out, value->text);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    out_printf(out, is_object ? "{" : "[");
    for (const struct json_value *v = value->first; v != NULL; v = v->next) {
        FUZZ_CHECK(is_object == (v->key != NULL));
        if (v->key != NULL) {
            FUZZ_CHECK(json_member(value, v->key) == v);
            escape_json(out, v->key);
            out_printf(out, ":");
        }
        write_value(out, v);
        out_printf(out, v->next != NULL ? "," : "");
    }
    out_printf(out, is_object ? "}" : "]");
}

/* NOLINTNEXTLINE(readability-identifier-naming): see fuzz.h */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json json;
    char message[160];
    struct out once = {0};
    struct out twice = {0};
    bool is_read =
        json_read(&json, (const char *)data, size, message, sizeof message);
    FUZZ_CHECK(is_read == (json.root != NULL));
    if (is_read)
        write_value(&once, json.root);
    else
        FUZZ_CHECK(fuzz_is_line(message));
    json_free(&json);
    if (is_read) {
        FUZZ_CHECK(
            json_read(&json, once.text, once.bytes, message, sizeof message));
        write_value(&twice, json.root);
        FUZZ_CHECK(strcmp(once.text, twice.text) == 0);
        json_free(&json);
    }
    free(once.text);
    free(twice.text);
    return 0;
}
