/* compare.h: what a student's change did: two saved runs beside each other.
 *
 * Rates and latencies of two runs cannot be compared as they are, because the
 * machine has changed meanwhile. So each round is first divided by the same
 * round of the baseline of its own run; what is compared is how the medians of
 * these ratios differ. Calls per echo are compared as they are. Everything is
 * computed anew from the raw rounds. Pure: compare_files.h reads files. */
#ifndef REPORT_COMPARE_H
#define REPORT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "out.h"

/* One of the two reports, as `bench --export-json` wrote it. */
struct compare_input {
    const char *name; /* how the output calls it: the file's */
    const char *text;
    size_t bytes;
};

/* Appends the comparison, in plain ASCII of at most 100 columns. False: nothing
 * was appended, and message (message_bytes long, always terminated) says in one
 * line which of the two is no report, and why. */
bool compare_reports(struct out *out, const struct compare_input *old_input,
                     const struct compare_input *new_input, char *message,
                     size_t message_bytes);

#endif
