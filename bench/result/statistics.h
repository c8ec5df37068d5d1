/* statistics.h: how sure a figure is. Pure: no system calls, no clock; the same
 * seed gives the same result everywhere. */
#ifndef RESULT_STATISTICS_H
#define RESULT_STATISTICS_H

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

/* ---- how sure a mean is ---- */

/* How much launches of the same server differ: the variance of the logarithms,
 * pooled over all servers that were measured in the same way. One server alone
 * has too few launches to tell. All zero is empty. */
struct spread {
    double squares; /* sum of the squared deviations from each one's mean */
    size_t freedom; /* of how many independent deviations */
};

/* The mean of the logarithms of count values above 0; count is not 0. */
double statistics_log_mean(const double *values, size_t count);

/* Adds the launches of one more server. */
void spread_add(struct spread *spread, const double *values, size_t count);

/* Half of the 95 % interval (Student's t) around the mean of a server's launches,
 * in units of the logarithm: times 1, where the truth is; times 2, where the
 * mean of as many launches again would be. A server whose own launches differ
 * more than the pooled ones is held to its own; values NULL: a server like the
 * others. Not known with no deviation to
 * go by, or no value. */
struct figure spread_half(const struct spread *spread, const double *values,
                          size_t count, double times);

/* Jain's fairness index of what each of count clients got: 1 when all got the
 * same, 1 / count when one got all. Not known when nobody got anything. */
struct figure statistics_jain(const uint64_t *shares, size_t count);

#endif
