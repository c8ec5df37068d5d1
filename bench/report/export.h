/* export.h: a result for other programs, and as a table for a text. Pure. */
#ifndef REPORT_EXPORT_H
#define REPORT_EXPORT_H

#include "out.h"
#include "../result/result.h"

/* One line for each row, with every figure. An unknown one is empty. */
void export_csv(struct out *out, const struct result *result);

/* One line for each sample: what was measured, before anything was computed. */
void export_csv_samples(struct out *out, const struct result *result);

/* Everything, with the samples, the prices and the environment. An unknown
 * figure is null. */
void export_json(struct out *out, const struct result *result);

/* The table of each block: score, ratio, verdict. */
void export_markdown(struct out *out, const struct result *result);

#endif
