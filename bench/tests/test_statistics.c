/* Statistics against values computed by hand, and the interval against what a
 * 95 % interval promises. */
#include <math.h>
#include <stdlib.h>

#include "result/statistics.h"
#include "test.h"

static bool is_near(double value, double expected)
{
    return fabs(value - expected) < 1e-12;
}

/* The published first numbers of SplitMix64 from seed 1234567. */
static void test_prng(void)
{
    static const uint64_t expected[] = {
        UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
        UINT64_C(16408922859458223821)};
    struct prng prng = {1234567};
    for (int i = 0; i < 5; i++)
        CHECK(prng_next(&prng) == expected[i]);
    CHECK(prng_below(&prng, 1) == 0);
    int counts[3] = {0};
    for (int i = 0; i < 30000; i++)
        counts[prng_below(&prng, 3)]++;
    for (int i = 0; i < 3; i++)
        CHECK(counts[i] > 9700 && counts[i] < 10300);
    /* Three quarters of 2^64: the plain remainder would be below 2^62 every
     * second time, and not every third. */
    int low_count = 0;
    for (int i = 0; i < 3000; i++)
        low_count += prng_below(&prng, UINT64_C(3) << 62) < UINT64_C(1) << 62;
    CHECK(low_count > 900 && low_count < 1100);
}

/* Each of the six orders of three items comes equally often. */
static void test_shuffle(void)
{
    struct prng prng = {1};
    int counts[27] = {0};
    for (int i = 0; i < 60000; i++) {
        int items[3] = {0, 1, 2};
        prng_shuffle(&prng, items, 3);
        counts[items[0] * 9 + items[1] * 3 + items[2]]++;
    }
    static const int orders[] = {5, 7, 11, 15, 19, 21};
    int sum = 0;
    for (int i = 0; i < 6; i++) {
        CHECK(counts[orders[i]] > 9600 && counts[orders[i]] < 10400);
        sum += counts[orders[i]];
    }
    CHECK(sum == 60000);
    prng_shuffle(&prng, NULL, 0);
}

static void test_figures(void)
{
    CHECK(figure_of(1.5).known && is_near(figure_of(1.5).value, 1.5));
    CHECK(!figure_of(HUGE_VAL).known && !figure_of(-HUGE_VAL).known);
    CHECK(!figure_of(nan("")).known && is_near(figure_of(nan("")).value, 0));
    CHECK(!figure_ratio(1, 0).known && !figure_ratio(0, 0).known);
    CHECK(!figure_ratio(1, nan("")).known &&
          !figure_ratio(1e308, 1e-308).known);
    CHECK(is_near(figure_ratio(3, 4).value, 0.75));
}

static void test_median(void)
{
    double odd[] = {3, 1, 2};
    double even[] = {4, 1, 3, 2};
    double same[] = {7, 7, 7, 7};
    CHECK(is_near(statistics_median(odd, 3).value, 2));
    CHECK(is_near(statistics_median(even, 4).value, 2.5));
    CHECK(is_near(statistics_median(same, 4).value, 7));
    CHECK(is_near(statistics_median(odd, 1).value, 1)); /* sorted by now */
    CHECK(!statistics_median(odd, 0).known);
}

static void test_jain(void)
{
    static const uint64_t equal[] = {5, 5, 5, 5};
    static const uint64_t one_of_four[] = {0, 9, 0, 0};
    static const uint64_t steps[] = {1, 2, 3};
    static const uint64_t nothing[] = {0, 0};
    CHECK(is_near(statistics_jain(equal, 4).value, 1));
    CHECK(is_near(statistics_jain(one_of_four, 4).value, 0.25));
    CHECK(is_near(statistics_jain(steps, 3).value, 36.0 / 42.0));
    CHECK(!statistics_jain(nothing, 2).known);
    CHECK(!statistics_jain(equal, 0).known);
}

static void test_estimate(void)
{
    const double same[] = {1.2, 1.2, 1.2};
    struct estimate e = statistics_estimate(same, 3);
    CHECK(e.has_interval && is_near(e.median.value, 1.2));
    CHECK(is_near(e.low, 1.2) && is_near(e.high, 1.2));
    e = statistics_estimate(same, 2); /* too few for a range */
    CHECK(e.median.known && !e.has_interval && e.count == 2);
    e = statistics_estimate(same, 0);
    CHECK(!e.median.known && !e.has_interval);

    /* By hand: logarithms -1, 0, 1 have mean 0 and deviation 1; t with two
     * degrees of freedom is 4.303; times the root of 2/3. */
    const double spread[] = {exp(-1), 1, exp(1)};
    e = statistics_estimate(spread, 3);
    CHECK(is_near(e.median.value, 1));
    CHECK(fabs(log(e.high) - 4.303 * sqrt(2.0 / 3)) < 1e-9);
    CHECK(is_near(e.low * e.high, 1)); /* the same factor on both sides */
    const double impossible[] = {1, 0, 1};
    CHECK(!statistics_estimate(impossible, 3).has_interval);
}

/* About normally distributed: the sum of twelve even numbers. */
static double draw(struct prng *prng)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += (double)prng_below(prng, 1000001) / 1000000;
    return sum;
}

/* What a run measures: launches that differ from each other, and within each of
 * them rounds that resemble their neighbours (lag 1: 0.5). */
static struct estimate simulated_run(struct prng *prng, int launches)
{
    enum { ROUNDS = 12 };
    double ratios[16];
    for (int launch = 0; launch < launches; launch++) {
        double level = 0.06 * draw(prng);
        double drift = draw(prng);
        double sum = 0;
        for (int round = 0; round < ROUNDS; round++) {
            drift = 0.5 * drift + 0.866 * draw(prng);
            sum += level + 0.05 * drift;
        }
        ratios[launch] = exp(sum / ROUNDS);
    }
    return statistics_estimate(ratios, (size_t)launches);
}

/* The range of one run must hold the estimate of the next in 95 of 100 cases,
 * and the truth, 1, still more often. */
static void test_coverage(int launches)
{
    enum { RUNS = 4000 };
    struct prng prng = {2024};
    int held_next = 0;
    int held_truth = 0;
    for (int i = 0; i < RUNS; i++) {
        struct estimate one = simulated_run(&prng, launches);
        struct estimate next = simulated_run(&prng, launches);
        held_next +=
            one.low <= next.median.value && one.high >= next.median.value;
        held_truth += one.low <= 1 && one.high >= 1;
    }
    printf("ranges of %d launches that held the next run: %.1f %%, the truth: "
           "%.1f %%\n",
           launches, 100.0 * held_next / RUNS, 100.0 * held_truth / RUNS);
    CHECK(held_next >= RUNS * 94 / 100 && held_next <= RUNS * 96 / 100);
    CHECK(held_truth > held_next);
}

int main(void)
{
    test_prng();
    test_shuffle();
    test_figures();
    test_median();
    test_jain();
    test_estimate();
    test_coverage(3);
    test_coverage(5);
    return summary();
}
