/* why.h: the sentences that say why one server is ahead of another, computed
 * from the cost card. Pure.
 *
 * Every call is counted alike: if a call always cost the same and an echo cost
 * nothing else, the rates of two servers would stand in the inverse ratio of
 * their calls for each echo. What is left over when the measured ratio is
 * divided by that one is called unexplained: calls that cost more than others,
 * context switches, memory, chance. No sentence claims more than that. */
#ifndef REPORT_WHY_H
#define REPORT_WHY_H

#include "result.h"

/* Writes one sentence or two into text (RESULT_WHY_BYTES): the row beside its
 * baseline. Figures have been computed. */
void why_row(const struct result *result, int index,
             char text[RESULT_WHY_BYTES]);

/* The best row of a block beside the worst; ratio is of the best to the worst,
 * pair by pair. */
void why_best(const struct result *result, const struct result_block *block,
              int best, int worst, struct estimate ratio,
              char text[RESULT_WHY_BYTES]);

/* Which servers lose by idle connections. */
void why_herd(const struct result *result, const struct result_block *block,
              char text[RESULT_WHY_BYTES]);

/* All rungs of a ladder together. */
void why_ladder(const struct result *result, const struct result_block *block,
                char text[RESULT_WHY_BYTES]);

/* All calls for each echo. Not known when they were not counted. */
struct figure why_calls(const struct result_row *row);

#endif
