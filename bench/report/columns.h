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

/* Those of the kinds of calls come first: columns[OBSERVE_SEND] is the sends.
 * Then the other counts of a first screen: requests, threads. */
enum { COLUMN_COUNTS = OBSERVE_KIND_COUNT + 2 };
extern const struct column columns[];
extern const int column_count;

/* Not known when the row has no figures. */
struct figure column_figure(const struct column *column,
                            const struct result_row *row);

/* "6.20", "10.3"; a whole number without decimals, thousands with commas; "n/a"
 * when not known. */
void column_text(struct figure figure, char text[24]);

/* "96.2 [91.0, 101]": value is one of the score's figures, low and high are its
 * range if it has one. */
void column_range(struct figure value, bool has_range, double low, double high,
                  char text[96]);

#endif
