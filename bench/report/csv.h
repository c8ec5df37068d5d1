/* csv.h: figures and raw rounds for a spreadsheet (RFC 4180, but lines end with
 * a line feed). Two tables, and so two files: nothing reads a file with two.
 * The first line has the names of the columns, with their units. A number that
 * is not known is an empty field. */
#ifndef REPORT_CSV_H
#define REPORT_CSV_H

#include "out.h"
#include "result.h"

/* One line for each row, with every figure. The result has been computed. */
void csv_write_result(struct out *out, const struct result *result);

/* One line for each measured round of each row, in the order in which the rows
 * stand; what was measured, nothing computed. */
void csv_write_rounds(struct out *out, const struct result *result);

#endif
