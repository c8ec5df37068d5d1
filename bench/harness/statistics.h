/* statistics.h: how sure a figure is. Pure: no system calls, no clock; the same
 * seed gives the same result everywhere. */
#ifndef HARNESS_STATISTICS_H
#define HARNESS_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- random numbers ---- */

/* SplitMix64 (Steele, Lea, Flood, 2014): any seed will do. Not for secrets. */
struct prng {
    uint64_t state;
};

/* The next 64 random bits. */
uint64_t prng_next(struct prng *prng);

/* 0 to bound - 1, each equally likely; bound is not 0. */
uint64_t prng_below(struct prng *prng, uint64_t bound);

/* Puts count items into random order, each order equally likely. */
void prng_shuffle(struct prng *prng, int *items, int count);

/* ---- figures ---- */

/* A number that may not be known. A writer prints "n/a" for one that is not;
 * value is then 0 and never NaN. */
struct figure {
    bool known;
    double value;
};

/* value if it is a finite number, else not known. */
struct figure figure_of(double value);

/* numerator / denominator; not known when the denominator is 0. */
struct figure figure_ratio(double numerator, double denominator);

/* ---- estimates ---- */

/* With fewer pairs than this there is no 95 % interval: even the range from
 * the smallest to the largest of five misses the true median in 6.25 % of all
 * cases (2 / 2^5). */
enum { STATISTICS_PAIRS_AT_LEAST = 6 };

/* A median with its 95 % interval. */
struct estimate {
    size_t count; /* of ratios */
    struct figure median;
    bool has_interval; /* low and high are meaningful */
    double low;
    double high;
};

/* The median of count values; the mean of the two middle ones when count is
 * even. Sorts values in place. Not known when count is 0. */
struct figure statistics_median(double *values, size_t count);

/* Median of the ratios, with a bootstrap percentile interval of 95 % from
 * 2,000 resamples. Sorts ratios in place. Without an interval when there are
 * too few ratios or memory has run out. */
struct estimate statistics_estimate(double *ratios, size_t count,
                                    uint64_t seed);

/* Jain's fairness index of what each of count clients got: 1 when all got the
 * same, 1 / count when one got all. Not known when nobody got anything. */
struct figure statistics_jain(const uint64_t *shares, size_t count);

/* Whether the estimate of a ratio shows a difference from 1. It does not when
 * its interval contains 1, and not when its median lies within the noise floor:
 * the interval of the A/A control, widened to the same factor on both sides of
 * 1 because which of two equal servers comes first is arbitrary. Without a
 * control nothing is shown. */
bool statistics_differs(struct estimate ratio, struct estimate control);

/* The factor that the noise floor reaches to: the floor is 1 / factor to
 * factor. Not known when the control has no interval. */
struct figure statistics_floor(struct estimate control);

#endif
