/* The figures of a result against values computed by hand. */
#include <math.h>
#include <stdlib.h>

#include "sample.h"
#include "test.h"

static bool is_near(struct figure figure, double expected)
{
    bool near = figure.known && fabs(figure.value - expected) < 1e-9;
    if (!near)
        printf("%d %.12f, expected %.12f\n", figure.known, figure.value,
               expected);
    return near;
}

static void test_rates_and_ratios(void)
{
    struct result result = sample_result();
    result_compute(&result);
    const struct result_row *row = result.rows;
    CHECK(is_near(row[0].score, 5000)); /* 1000 in 0.2 s */
    CHECK(is_near(row[0].ratio.median, 1) && !row[0].ratio.has_interval);
    CHECK(is_near(row[1].ratio.median, 1.002)); /* 990 + 3 x 4 */
    CHECK(is_near(row[2].score, 7800));
    CHECK(is_near(row[2].ratio.median, 1.56));
    CHECK(row[2].ratio.low >= 1.5 && row[2].ratio.high <= 1.62);
    CHECK(!row[0].differs && !row[1].differs);
    CHECK(row[2].differs && !row[3].differs && row[4].differs);
}

/* A machine that gets slower and slower changes no ratio: that is what pairs
 * are for. */
static void test_drift(void)
{
    struct result result = sample_result();
    for (int row = 0; row < SAMPLE_ROWS; row++)
        for (unsigned i = 0; i < SAMPLE_ROUNDS; i++)
            sample_rounds[row][i].elapsed_ns *= i + 1;
    result_compute(&result);
    CHECK(is_near(result.rows[2].ratio.median, 1.56));
    CHECK(result.rows[2].ratio.low >= 1.5 && result.rows[2].ratio.high <= 1.62);
    CHECK(is_near(result.rows[0].score, 1250)); /* the fourth of 7 */
}

static void test_costs(void)
{
    struct result result = sample_result();
    result_compute(&result);
    const struct result_row *row = result.rows;
    CHECK(is_near(row[0].calls_per_echo[RESULT_RECEIVE], 1));
    CHECK(is_near(row[0].calls_per_echo[RESULT_WAIT], 0));
    CHECK(!row[0].completions_per_wait.known);  /* it never waits */
    CHECK(is_near(row[0].cpu_us_per_echo, 80)); /* 80 ms for 1000 */
    CHECK(is_near(row[0].client_percent, 25));
    CHECK(is_near(row[2].completions_per_wait, 4));
    CHECK(!row[3].cpu_us_per_echo.known); /* below the resolution */
    CHECK(!row[4].calls_per_echo[RESULT_SEND].known);
    CHECK(!row[4].completions_per_wait.known);
    CHECK(is_near(row[0].waiting_percent, 100)); /* Little's law */

    result = sample_result();
    result.rows[0].lacks_cpu = true;
    result_compute(&result);
    CHECK(!result.rows[0].cpu_us_per_echo.known);
}

static void test_latency_and_fairness(void)
{
    struct result result = sample_result();
    result_compute(&result);
    const struct result_row *row = result.rows;
    CHECK(fabs(row[0].latency_us.p50.value - 800) < 800 * 0.004);
    CHECK(fabs(row[0].latency_us.p99.value - 800) < 800 * 0.004);
    CHECK(is_near(row[0].jain, 1) && is_near(row[0].slowest_percent, 100));
    /* Shares 0.5, 1, 1, 1: (3.5)^2 / (4 x 3.25), and 0.5 of 3.5 / 4. */
    CHECK(is_near(row[2].jain, 12.25 / 13));
    CHECK(is_near(row[2].slowest_percent, 100 * 0.5 / 0.875));
}

/* What failed, or was not measured, has no figure at all. */
static void test_without_figures(void)
{
    struct result result = sample_result();
    CHECK(result_has_failure(&result));
    sample_rows[2].round_count = 0;
    result_compute(&result);
    for (int i = 2; i < 6; i += 3) {
        CHECK(!result.rows[i].score.known);
        CHECK(!result.rows[i].ratio.median.known);
        CHECK(!result.rows[i].latency_us.p50.known &&
              !result.rows[i].jain.known);
    }
    /* Without its baseline a server still has its own figures. */
    result = sample_result();
    snprintf(sample_rows[0].failure, sizeof sample_rows[0].failure, "gone");
    result_compute(&result);
    CHECK(!result.rows[2].ratio.median.known && !result.rows[2].differs);
    CHECK(is_near(result.rows[2].score, 7800));
    /* Ctrl+C in the middle of a round: only whole pairs count. */
    result = sample_result();
    sample_rows[0].round_count = 1;
    result_compute(&result);
    CHECK(is_near(result.rows[2].ratio.median, 1.5));
    CHECK(!result.rows[2].ratio.has_interval);
}

/* Rounds that measured nothing give unknown figures, not NaN. */
static void test_zeros(void)
{
    struct result result = sample_result();
    memset(sample_rounds, 0, sizeof sample_rounds);
    memset(sample_shares, 0, sizeof sample_shares);
    for (int i = 0; i < SAMPLE_ROWS; i++)
        histogram_clear(&sample_rows[i].latency);
    result_compute(&result);
    const struct result_row *row = &result.rows[2];
    CHECK(is_near(row->score, 0));
    CHECK(!row->ratio.median.known && !row->latency_us.p50.known &&
          !row->jain.known);
    CHECK(!row->calls_per_echo[RESULT_SEND].known);
    CHECK(!row->waiting_percent.known && !row->cpu_us_per_echo.known);
}

static void test_pooled(void)
{
    struct result result = sample_result();
    result_compute(&result);
    /* 02, 03 and 04, seven rounds each: the middle one of 21 is one of 02's. */
    CHECK(is_near(result.pooled.median, 1.56));
    CHECK(result.pooled.has_interval && result.pooled.count == 21);
}

int main(void)
{
    test_rates_and_ratios();
    test_drift();
    test_costs();
    test_latency_and_fairness();
    test_without_figures();
    test_zeros();
    test_pooled();
    return summary();
}
