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

static void test_spread(void)
{
    const double same[] = {1.2, 1.2, 1.2};
    const double three[] = {exp(-1), 1, exp(1)};
    const double wild[] = {exp(-9), 1, exp(9)};
    struct spread spread = {0};
    CHECK(!spread_half(&spread, three, 3, 1).known);
    spread_add(&spread, same, 1); /* one alone does not differ */
    CHECK(!spread_half(&spread, three, 3, 1).known);
    spread_add(&spread, same, 3);
    CHECK(spread.freedom == 2 &&
          is_near(spread_half(&spread, same, 3, 1).value, 0));
    /* By hand: squares 2 of 4 degrees, whose t is 2.776; over three launches. */
    spread_add(&spread, three, 3);
    CHECK(spread.freedom == 4 && !spread_half(&spread, three, 0, 1).known);
    CHECK(
        is_near(spread_half(&spread, same, 3, 1).value, 2.776 * sqrt(0.5 / 3)));
    CHECK(
        is_near(spread_half(&spread, same, 3, 2).value, 2.776 * sqrt(1.0 / 3)));
    CHECK(is_near(spread_half(&spread, wild, 3, 1).value,
                  2.776 * sqrt(81.0 / 3))); /* its own variance: 162 of 2 */
    CHECK(is_near(statistics_log_mean(three, 3), 0));
}

/* About normally distributed: the sum of twelve even numbers. */
static double draw(struct prng *prng)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += (double)prng_below(prng, 1000001) / 1000000;
    return sum;
}

/* What a run makes of one block: rows whose truth is 1, each with launches that
 * differ. Returns the last row's mean and, through half, its range. */
static double simulated_run(struct prng *prng, size_t launches, double *half,
                            double times)
{
    enum { ROWS = 6 };
    double values[16];
    struct spread spread = {0};
    for (int row = 0; row < ROWS; row++) {
        for (size_t i = 0; i < launches; i++)
            values[i] = exp(0.1 * draw(prng));
        spread_add(&spread, values, launches);
    }
    *half = spread_half(&spread, values, launches, times).value;
    return statistics_log_mean(values, launches);
}

/* The repeat range of one run must hold the mean of the next in 95 of 100 cases
 * or a few more, and the confidence interval the truth. */
static void test_coverage(size_t launches)
{
    enum { RUNS = 4000 };
    struct prng prng = {2024};
    int held_next = 0;
    int held_truth = 0;
    for (int i = 0; i < RUNS; i++) {
        double half = 0;
        double unused = 0;
        double mean = simulated_run(&prng, launches, &half, 2);
        double next = simulated_run(&prng, launches, &unused, 2);
        held_next += fabs(mean - next) <= half;
        mean = simulated_run(&prng, launches, &half, 1);
        held_truth += fabs(mean) <= half;
    }
    printf("%zu launches: the next run was in %.1f %% of the ranges, the truth "
           "in %.1f %%\n",
           launches, 100.0 * held_next / RUNS, 100.0 * held_truth / RUNS);
    CHECK(held_next >= RUNS * 94 / 100 && held_next <= RUNS * 98 / 100);
    CHECK(held_truth >= RUNS * 94 / 100 && held_truth <= RUNS * 98 / 100);
}

int main(void)
{
    test_prng();
    test_shuffle();
    test_figures();
    test_jain();
    test_spread();
    test_coverage(3);
    test_coverage(5);
    return summary();
}
