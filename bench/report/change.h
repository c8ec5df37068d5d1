/* change.h: how a figure has changed from one run to another, and how sure that
 * is. Two runs share no rounds, so nothing can be paired between them: they are
 * two independent samples. Pure. */
#ifndef REPORT_CHANGE_H
#define REPORT_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "../harness/statistics.h"

/* How the rounds of a run are made into one figure. */
enum change_kind {
    CHANGE_MEDIAN, /* the median of over / under */
    CHANGE_TOTAL   /* all of over divided by all of under */
};

/* What one round contributes: a rate and that of the baseline, or calls and
 * echoes. */
struct change_round {
    double over;
    double under; /* a round where this is 0 is left out of a median */
};

/* Rounds of one run; owned by the caller. */
struct change_rounds {
    const struct change_round *rounds;
    size_t count;
};

struct change {
    struct figure old_figure;
    struct figure new_figure;
    struct estimate ratio; /* new / old; count is the smaller of the two
                              numbers of rounds */
};

/* Computes both figures, their ratio, and a bootstrap percentile interval of
 * 95 % from 2,000 resamples: rounds are drawn from each run on its own. There
 * is no ratio when the old figure is 0, and no interval when a run has fewer
 * than STATISTICS_PAIRS_AT_LEAST rounds, when a resample has no ratio, or when
 * memory has run out. The same seed gives the same interval. */
struct change change_between(struct change_rounds old_rounds,
                             struct change_rounds new_rounds,
                             enum change_kind kind, uint64_t seed);

#endif
