/* text.h: the report for a terminal: plain ASCII, at most 100 columns. */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include "out.h"
#include "result.h"

/* The system and the settings in force, and a warning under Wine: what can be
 * said before anything is measured. */
void text_write_environment(struct out *out, const struct result *result);

/* The table and how to read it. The result has been computed. */
void text_write_result(struct out *out, const struct result *result);

#endif
