/* text.h: a result for a terminal, 100 columns wide. Pure. */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include "out.h"
#include "../result/result.h"

/* The answer: at most 15 lines when all five were measured at work. Of other
 * runs one small table for each block. */
void text_write_answer(struct out *out, const struct result *result);

/* Everything else: every figure of every row, prices, environment. */
void text_write_details(struct out *out, const struct result *result);

#endif
