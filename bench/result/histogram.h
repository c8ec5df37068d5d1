/* histogram.h: counts of durations with a fixed relative precision, in the
 * manner of HdrHistogram.
 *
 * Each power of two is cut into 128 equal buckets, so a bucket is at most
 * 1/128 of its lower bound wide. A percentile is reported as the middle of its
 * bucket: it is wrong by less than 0.4 %. Below 256 ns it is exact.
 * Range: 0 to HISTOGRAM_HIGHEST_NS (about 68.7 s). Longer values are counted as
 * that value and, apart, as saturated.
 *
 * Pure: no system calls. A histogram is 30 KB and is not locked. */
#ifndef RESULT_HISTOGRAM_H
#define RESULT_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_HIGHEST_NS ((UINT64_C(1) << 36) - 1)

enum {
    HISTOGRAM_PARTS_LOG2 = 7, /* 128 buckets for each power of two */
    HISTOGRAM_BUCKETS = (36 - HISTOGRAM_PARTS_LOG2 + 1) << HISTOGRAM_PARTS_LOG2
};

/* All zero is an empty histogram. */
struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t count;           /* all values, saturated ones included */
    uint64_t saturated_count; /* values above HISTOGRAM_HIGHEST_NS */
    uint64_t smallest_ns;     /* exact; meaningful when count > 0 */
    uint64_t largest_ns;      /* exact, even of a saturated value */
    uint64_t sum_ns;          /* exact; wraps after 584 years of latency */
};

/* Empties it. */
void histogram_clear(struct histogram *h);

/* Counts one value, in ns. */
void histogram_add(struct histogram *h, uint64_t value_ns);

/* Adds all that was counted in more to into. */
void histogram_merge(struct histogram *into, const struct histogram *more);

/* The value, in ns, that is not exceeded by at least that percentage of the
 * values (nearest rank; percent from 0 to 100). 0 for an empty histogram: ask
 * count first. */
uint64_t histogram_percentile_ns(const struct histogram *h, double percent);

/* The lowest and the highest value, in ns, of the bucket that value_ns is
 * counted in. For tests, and for a writer that draws the whole histogram. */
uint64_t histogram_bucket_low_ns(unsigned bucket);
uint64_t histogram_bucket_high_ns(unsigned bucket);
unsigned histogram_bucket_of(uint64_t value_ns);

#endif
