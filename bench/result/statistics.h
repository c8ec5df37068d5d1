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

/* With fewer launches than this there is no range. */
enum { STATISTICS_PAIRS_AT_LEAST = 3 };

/* A ratio with its range. */
struct estimate {
    size_t count;         /* of ratios: one for each launch */
    struct figure median; /* the middle: their geometric mean */
    bool has_interval;    /* low and high are meaningful */
    double low;
    double high;
};

/* The median of count values; the mean of the two middle ones when count is
 * even. Sorts values in place. Not known when count is 0. */
struct figure statistics_median(double *values, size_t count);

/* The geometric mean of the ratios and the range in which 95 of 100 repeats of
 * the whole run would have theirs: Student's t on the logarithms, a prediction
 * interval for the mean of as many again, which is wider by the square root of 2
 * than a confidence interval. The ratios come from launches that do not depend
 * on each other; what was measured within one launch does. */
struct estimate statistics_estimate(const double *ratios, size_t count);

/* Jain's fairness index of what each of count clients got: 1 when all got the
 * same, 1 / count when one got all. Not known when nobody got anything. */
struct figure statistics_jain(const uint64_t *shares, size_t count);

#endif
