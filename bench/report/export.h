/* export.h: the report for other programs. README.md describes both formats.
 * Pure: they are written into memory. */
#ifndef REPORT_EXPORT_H
#define REPORT_EXPORT_H

#include "out.h"
#include "../result/result.h"

/* Everything that is known, with each sample as it was measured. */
void export_json(struct out *out, const struct result *result);

/* What ran and where, as the items of an HTML <dl>. */
void export_facts(struct out *out, const struct result *result);

/* A line with names, and one for each row. */
void export_csv(struct out *out, const struct result *result);

#endif
