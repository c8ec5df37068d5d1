#include "histogram.h"

#include <string.h>

enum { PARTS = 1 << HISTOGRAM_PARTS_LOG2 };

/* The position of the highest bit that is set; value is not 0. */
static unsigned highest_bit(uint64_t value)
{
    unsigned bit = 0;
    for (unsigned step = 32; step > 0; step /= 2)
        if (value >> step != 0) {
            value >>= step;
            bit += step;
        }
    return bit;
}

/* Values below 128 have a bucket each. Above, the seven bits after the highest
 * one say which of the 128 parts of its power of two a value lies in. */
unsigned histogram_bucket_of(uint64_t value_ns)
{
    if (value_ns > HISTOGRAM_HIGHEST_NS)
        value_ns = HISTOGRAM_HIGHEST_NS;
    if (value_ns < PARTS)
        return (unsigned)value_ns;
    unsigned shift = highest_bit(value_ns) - HISTOGRAM_PARTS_LOG2;
    return shift * PARTS + (unsigned)(value_ns >> shift);
}

uint64_t histogram_bucket_low_ns(unsigned bucket)
{
    if (bucket < PARTS)
        return bucket;
    unsigned shift = bucket / PARTS - 1;
    return (uint64_t)(PARTS + bucket % PARTS) << shift;
}

uint64_t histogram_bucket_high_ns(unsigned bucket)
{
    return histogram_bucket_low_ns(bucket + 1) - 1;
}

void histogram_clear(struct histogram *h)
{
    memset(h, 0, sizeof *h);
}

void histogram_add(struct histogram *h, uint64_t value_ns)
{
    if (h->count == 0 || value_ns < h->smallest_ns)
        h->smallest_ns = value_ns;
    if (value_ns > h->largest_ns)
        h->largest_ns = value_ns;
    if (value_ns > HISTOGRAM_HIGHEST_NS)
        h->saturated_count++;
    h->counts[histogram_bucket_of(value_ns)]++;
    h->count++;
    h->sum_ns += value_ns;
}

void histogram_merge(struct histogram *into, const struct histogram *more)
{
    if (more->count == 0)
        return;
    if (into->count == 0 || more->smallest_ns < into->smallest_ns)
        into->smallest_ns = more->smallest_ns;
    if (more->largest_ns > into->largest_ns)
        into->largest_ns = more->largest_ns;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->counts[i] += more->counts[i];
    into->count += more->count;
    into->saturated_count += more->saturated_count;
    into->sum_ns += more->sum_ns;
}

/* The middle of a bucket, but never outside of what was counted. */
static uint64_t reported_ns(const struct histogram *h, unsigned bucket)
{
    uint64_t low = histogram_bucket_low_ns(bucket);
    uint64_t middle = low + (histogram_bucket_high_ns(bucket) - low) / 2;
    if (middle < h->smallest_ns)
        return h->smallest_ns < HISTOGRAM_HIGHEST_NS ? h->smallest_ns
                                                     : HISTOGRAM_HIGHEST_NS;
    return middle < h->largest_ns ? middle : h->largest_ns;
}

uint64_t histogram_percentile_ns(const struct histogram *h, double percent)
{
    if (h->count == 0)
        return 0;
    /* Nearest rank: the first value with at least this many at or below it.
     * The tiny subtraction keeps 99 % of 100 from becoming rank 100 because
     * 0.99 is not exact in binary. */
    double wanted = percent / 100.0 * (double)h->count - 1e-6;
    uint64_t rank = 1;
    if (wanted > 1.0) {
        rank = (uint64_t)wanted;
        if ((double)rank < wanted)
            rank++;
    }
    if (rank > h->count)
        rank = h->count;
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->counts[i];
        if (seen >= rank)
            return reported_ns(h, i);
    }
    return h->largest_ns;
}
