/* The histogram's promise: every percentile within 0.4 %, from 0 to 68.7 s. */
#include <math.h>
#include <stdlib.h>

#include "result/histogram.h"
#include "test.h"

static struct histogram h; /* 30 KB each: not on the stack */
static struct histogram other;

static bool is_within(uint64_t reported, double expected)
{
    double difference = fabs((double)reported - expected);
    bool within = difference <= expected * 0.004 + 1e-9;
    if (!within)
        printf("reported %.0f, expected %.3f\n", (double)reported, expected);
    return within;
}

/* All buckets together cover the range, without gap or overlap, and none is
 * wider than promised. */
static void test_buckets(void)
{
    CHECK(histogram_bucket_low_ns(0) == 0);
    CHECK(histogram_bucket_high_ns(HISTOGRAM_BUCKETS - 1) ==
          HISTOGRAM_HIGHEST_NS);
    bool contiguous = true;
    bool consistent = true;
    bool narrow = true;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t low = histogram_bucket_low_ns(i);
        uint64_t high = histogram_bucket_high_ns(i);
        contiguous &= i == 0 || histogram_bucket_high_ns(i - 1) + 1 == low;
        consistent &= histogram_bucket_of(low) == i;
        consistent &= histogram_bucket_of(high) == i;
        narrow &= (high - low) * 128 <= low;
    }
    CHECK(contiguous);
    CHECK(consistent);
    CHECK(narrow);
}

static void test_empty_and_single(void)
{
    histogram_clear(&h);
    CHECK(h.count == 0);
    CHECK(histogram_percentile_ns(&h, 50) == 0);
    histogram_add(&h, 123456789);
    CHECK(histogram_percentile_ns(&h, 0) == 123456789);
    CHECK(histogram_percentile_ns(&h, 50) == 123456789);
    CHECK(histogram_percentile_ns(&h, 100) == 123456789);
    CHECK(h.smallest_ns == 123456789 && h.largest_ns == 123456789);
}

/* Small numbers are exact, so that the choice of the rank can be checked. */
static void test_nearest_rank(void)
{
    histogram_clear(&h);
    for (uint64_t value = 1; value <= 100; value++)
        histogram_add(&h, value);
    CHECK(histogram_percentile_ns(&h, 0) == 1);
    CHECK(histogram_percentile_ns(&h, 1) == 1);
    CHECK(histogram_percentile_ns(&h, 50) == 50);
    CHECK(histogram_percentile_ns(&h, 99) == 99);
    CHECK(histogram_percentile_ns(&h, 99.5) == 100);
    CHECK(histogram_percentile_ns(&h, 100) == 100);
    CHECK(h.sum_ns == 5050);
}

static const double percents[] = {1, 10, 25, 50, 75, 90, 99, 99.9, 99.99};
enum { PERCENTS = sizeof percents / sizeof percents[0], GRID = 1000000 };

/* Values on an even grid of probabilities, so that the percentiles are those
 * of the distribution and no random numbers are needed. */
static void test_uniform(void)
{
    histogram_clear(&h);
    for (uint64_t i = 1; i <= GRID; i++)
        histogram_add(&h, i * 50); /* 50 ns to 50 ms */
    for (int i = 0; i < PERCENTS; i++)
        CHECK(is_within(histogram_percentile_ns(&h, percents[i]),
                        percents[i] / 100 * GRID * 50));
}

static void test_exponential(void)
{
    static const double mean_ns = 250000;
    histogram_clear(&h);
    for (int i = 0; i < GRID; i++)
        histogram_add(&h, (uint64_t)(-mean_ns * log(1 - (i + 0.5) / GRID)));
    for (int i = 0; i < PERCENTS; i++)
        CHECK(is_within(histogram_percentile_ns(&h, percents[i]),
                        -mean_ns * log(1 - percents[i] / 100)));
}

/* A long tail: Pareto with exponent 1 reaches from 10 us to 20 s. */
static void test_pareto(void)
{
    static const double least_ns = 10000;
    histogram_clear(&h);
    for (int i = 0; i < GRID; i++)
        histogram_add(&h, (uint64_t)(least_ns / (1 - (i + 0.5) / GRID)));
    for (int i = 0; i < PERCENTS - 1; i++)
        CHECK(is_within(histogram_percentile_ns(&h, percents[i]),
                        least_ns / (1 - percents[i] / 100)));
}

/* 990 quick echoes and ten that took 1.4 s. */
static void test_stall(void)
{
    histogram_clear(&h);
    for (int i = 0; i < 1000; i++)
        histogram_add(&h, i < 990 ? 100000 : 1400000000);
    CHECK(is_within(histogram_percentile_ns(&h, 50), 100000));
    CHECK(is_within(histogram_percentile_ns(&h, 99), 100000));
    CHECK(is_within(histogram_percentile_ns(&h, 99.1), 1400000000));
    CHECK(h.largest_ns == 1400000000);
}

/* Merging two halves gives the same as counting all in one. */
static void test_merge(void)
{
    static struct histogram whole;
    histogram_clear(&h);
    histogram_clear(&other);
    histogram_clear(&whole);
    histogram_merge(&h, &other);
    CHECK(h.count == 0);
    for (uint64_t i = 1; i <= 10000; i++) {
        histogram_add(i % 3 == 0 ? &h : &other, i * i);
        histogram_add(&whole, i * i);
    }
    histogram_merge(&h, &other);
    bool same = h.count == whole.count && h.sum_ns == whole.sum_ns &&
                h.smallest_ns == whole.smallest_ns &&
                h.largest_ns == whole.largest_ns;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        same &= h.counts[i] == whole.counts[i];
    CHECK(same);
    histogram_clear(&other);
    histogram_merge(&other, &whole); /* into an empty one */
    CHECK(other.smallest_ns == 1 && other.largest_ns == 100000000);
}

static void test_saturation(void)
{
    histogram_clear(&h);
    histogram_add(&h, HISTOGRAM_HIGHEST_NS);
    CHECK(h.saturated_count == 0);
    histogram_add(&h, HISTOGRAM_HIGHEST_NS + 1);
    histogram_add(&h, UINT64_MAX / 4);
    CHECK(h.saturated_count == 2);
    CHECK(h.count == 3);
    CHECK(h.largest_ns == UINT64_MAX / 4);
    CHECK(is_within(histogram_percentile_ns(&h, 99),
                    (double)HISTOGRAM_HIGHEST_NS));
    CHECK(histogram_percentile_ns(&h, 100) <= HISTOGRAM_HIGHEST_NS);
    histogram_clear(&h);
    histogram_add(&h, UINT64_MAX); /* nothing but saturated values */
    CHECK(histogram_percentile_ns(&h, 50) <= HISTOGRAM_HIGHEST_NS);
    CHECK(is_within(histogram_percentile_ns(&h, 50),
                    (double)HISTOGRAM_HIGHEST_NS));
}

int main(void)
{
    test_buckets();
    test_empty_and_single();
    test_nearest_rank();
    test_uniform();
    test_exponential();
    test_pareto();
    test_stall();
    test_merge();
    test_saturation();
    return summary();
}
