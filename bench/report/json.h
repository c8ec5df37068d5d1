/* json.h: the whole result for programs, raw rounds and histograms inside.
 *
 * One object. It mirrors struct result: "environment", "settings", "blocks",
 * "rows"; README.md beside this file documents every field. Units stand in the names. A
 * number that is not known is null, never NaN, and text is valid UTF-8. */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include "out.h"
#include "result.h"

/* Rises when a field changes its meaning, not when one is added. */
enum { JSON_FORMAT_VERSION = 1 };

/* Appends the object and a line feed. The result has been computed. */
void json_write_result(struct out *out, const struct result *result);

#endif
