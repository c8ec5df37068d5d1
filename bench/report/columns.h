/* columns.h: the figures of a row, once for every writer. Pure. */
#ifndef REPORT_COLUMNS_H
#define REPORT_COLUMNS_H

#include <stddef.h>

#include "../result/result.h"

/* One figure of a row. */
struct column {
    const char *name;    /* "p50_us", for CSV and JSON */
    const char *heading; /* "p50 us", for a table */
    const char *meaning; /* one line */
    size_t offset;       /* of a struct figure in struct result_row */
};

extern const struct column columns[];
extern const int column_count;

struct figure column_figure(const struct column *column,
                            const struct result_row *row);

/* Three significant digits; from 1e7 on "over 1e7"; "n/a" when not known. */
void column_text(struct figure figure, char text[24]);

/* One number of a sample, as it was measured. */
struct sample_column {
    const char *name;
    size_t offset; /* of a 64-bit integer in struct result_sample */
};

extern const struct sample_column sample_columns[];
extern const int sample_column_count;

int64_t sample_value(const struct sample_column *column,
                     const struct result_sample *sample);

#endif
