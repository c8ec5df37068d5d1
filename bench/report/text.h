/* text.h: a result for a terminal, at most 100 columns wide. */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include "../result/result.h"
#include "out.h"

/* What was asked: the first screen, and the blocks that it does not show. */
void text_write_answer(struct out *out, const struct result *result);

/* Every figure of every block, what it means, and what ran. */
void text_write_details(struct out *out, const struct result *result);

/* What is expected on Windows beside what came; what is outside has a line that
 * begins "finding: ". */
void text_write_expected(struct out *out, const struct result *result);

#endif
