/* Figures, verdicts and sentences that follow from what was measured. */
#include <math.h>
#include <string.h>

#include "sample.h"
#include "test.h"

static bool is_near(double value, double expected)
{
    return fabs(value - expected) <= 1e-3 * fabs(expected) + 1e-9;
}

static void test_scores(void)
{
    struct result result = sample_result();
    result_compute(&result);
    const struct result_row *rows = sample_rows;
    CHECK(is_near(rows[0].score.value, 200));  /* us of work */
    CHECK(is_near(rows[6].score.value, 5000)); /* echoes/s */
    CHECK(is_near(rows[2].ratio.median.value, 0.75));
    CHECK(is_near(rows[8].ratio.median.value, 1 / 0.75));
    CHECK(is_near(rows[0].ratio.median.value, 1) &&
          !rows[0].ratio.has_interval);
    CHECK(!rows[5].score.known && rows[5].verdict == RESULT_NO_VERDICT);
    CHECK(result_has_failure(&result));
}

static void test_verdicts(void)
{
    struct result result = sample_result();
    result_compute(&result);
    CHECK(sample_rows[2].verdict == RESULT_LESS);
    CHECK(sample_rows[3].verdict == RESULT_SAME);
    CHECK(sample_rows[4].verdict == RESULT_MORE);
    CHECK(sample_rows[8].verdict == RESULT_MORE); /* faster: more echoes/s */
    CHECK(sample_rows[0].verdict == RESULT_NO_VERDICT &&
          sample_rows[1].verdict == RESULT_NO_VERDICT);

    /* One launch in which everything was different. */
    result = sample_result();
    samples[4][2].whole_ns *= 3;
    result_compute(&result);
    CHECK(sample_rows[4].verdict == RESULT_CANNOT_TELL);

    /* The same program twice is not the same: no verdict at all. */
    result = sample_result();
    for (int e = 0; e < SAMPLE_EPOCHS; e++)
        samples[1][e].whole_ns = samples[1][e].whole_ns * 5 / 4;
    result_compute(&result);
    CHECK(sample_blocks[0].is_noisy && !sample_blocks[1].is_noisy);
    CHECK(sample_rows[2].verdict == RESULT_NO_VERDICT);
    char answer[RESULT_WHY_BYTES];
    result_answer(&result, answer);
    CHECK(strstr(answer, "too noisy") != NULL);
}

/* Both copies of the baseline count: their geometric mean. */
static void test_baseline(void)
{
    struct result result = sample_result();
    for (int e = 0; e < SAMPLE_EPOCHS; e++) {
        samples[0][e].whole_ns = 200000000;
        samples[1][e].whole_ns = 288000000;
        samples[2][e].whole_ns = 240000000;
    }
    result_compute(&result);
    CHECK(is_near(sample_rows[2].ratio.median.value, 1));
    CHECK(is_near(sample_rows[1].ratio.median.value, 1.44));
}

static void test_budget(void)
{
    struct result result = sample_result();
    result_compute(&result);
    const struct result_row *row = &sample_rows[4];
    CHECK(is_near(row->budget_us[RESULT_SERVER].value, 0.4 * 260));
    CHECK(is_near(row->budget_us[RESULT_SYSTEM].value, 0.3 * 260));
    double sum = 0;
    for (int part = 0; part < RESULT_PART_COUNT; part++)
        sum += row->budget_us[part].value;
    CHECK(is_near(sum, row->score.value));                /* the parts add up */
    CHECK(!sample_rows[10].budget_us[RESULT_IDLE].known); /* speed */

    result = sample_result();
    sample_rows[4].lacks_cpu = true;
    result_compute(&result);
    CHECK(!sample_rows[4].budget_us[RESULT_SERVER].known);
    CHECK(!sample_rows[4].budget_us[RESULT_IDLE].known);
}

/* All prices are 10 us. */
static void test_causes(void)
{
    struct result result = sample_result();
    result_compute(&result);
    const struct result_row *row = &sample_rows[4];
    CHECK(is_near(row->cause_us[RESULT_BY_RECEIVE].value, 10));
    CHECK(is_near(row->cause_us[RESULT_BY_SEND].value, 10));
    CHECK(is_near(row->cause_us[RESULT_BY_WAIT].value, 5)); /* and woken */
    CHECK(is_near(row->cause_us[RESULT_BY_CLIENT].value, 30));
    CHECK(is_near(row->cause_us[RESULT_UNEXPLAINED].value, 260 - 55));
    CHECK(is_near(row->explained_percent.value, 100 * 55 / 260.0));
    CHECK(strstr(row->why, "04 +60 us: ") != NULL);
    CHECK(sample_rows[3].why[0] == '\0');            /* nothing differs */
    CHECK(!sample_rows[10].explained_percent.known); /* speed: no prices */

    /* Overlapped, pending, in vain: each at its own price. */
    result = sample_result();
    for (int e = 0; e < SAMPLE_EPOCHS; e++)
        memcpy(samples[4][e].calls[RESULT_RECEIVE],
               (int64_t[RESULT_OUTCOME_COUNT]){0, 1000, 0, 0},
               sizeof samples[4][e].calls[RESULT_RECEIVE]);
    result.prices.us[PRICE_PENDING_ROUTINE].value = 77;
    result_compute(&result);
    CHECK(is_near(sample_rows[4].cause_us[RESULT_BY_RECEIVE].value, 77));
}

static void test_prices(void)
{
    struct price_list list = {.is_known = true};
    const double us[] = {19, 26, 98};
    for (int i = 0; i < 3; i++)
        list.us[PRICE_POLL_1 + i] = (struct figure){true, us[i]};
    CHECK(is_near(price_of_wait(&list, PRICE_POLL_1, 1).value, 19));
    CHECK(is_near(price_of_wait(&list, PRICE_POLL_1, 16).value, 26));
    CHECK(is_near(price_of_wait(&list, PRICE_POLL_1, 72).value, 62));
    CHECK(is_near(price_of_wait(&list, PRICE_POLL_1, 128).value, 98));
    CHECK(!price_of_wait(&list, PRICE_SELECT_1, 16).known);
}

static void test_reservations(void)
{
    struct result result = sample_result();
    for (int e = 0; e < SAMPLE_EPOCHS; e++) {
        samples[8][e].busy_ns = samples[8][e].whole_ns * 9 / 10;
        samples[2][e].busy_ns = samples[2][e].whole_ns;
        samples[9][e].echoes = 10; /* 50 for 4 connections: below 20 each */
    }
    result_compute(&result);
    CHECK(sample_rows[8].is_client_bound);
    CHECK(sample_rows[8].verdict == RESULT_NO_VERDICT);
    CHECK(!sample_rows[2].is_client_bound); /* work: all share a processor */
    CHECK(sample_rows[9].is_unsteady && !sample_rows[8].is_unsteady);
    /* 5,000 echoes: five lie beyond the 99.9th percentile, too few. */
    CHECK(sample_rows[0].latency_us.p99.known);
    CHECK(!sample_rows[0].latency_us.p999.known);
}

static void test_fairness(void)
{
    struct result result = sample_result();
    sample_shares[0][1] = 0;
    result_compute(&result);
    CHECK(is_near(sample_rows[0].jain.value, 0.75));
    CHECK(is_near(sample_rows[0].slowest_percent.value, 0));
    CHECK(is_near(sample_rows[1].jain.value, 1));
}

/* Only what differs is named; what cannot be told is not. */
static void test_answer(void)
{
    char answer[RESULT_WHY_BYTES];
    struct result result = sample_result();
    samples[2][2].whole_ns /= 10; /* 02 is least, but by one launch only */
    for (int e = 0; e < SAMPLE_EPOCHS; e++) {
        samples[3][e].whole_ns = samples[3][e].whole_ns * 9 / 10;
        samples[4][e].whole_ns = samples[0][e].whole_ns;
    }
    result_compute(&result);
    result_answer(&result, answer);
    CHECK(sample_rows[2].verdict == RESULT_CANNOT_TELL);
    CHECK(strstr(answer, "least work with 03 events (181 us)") != NULL);
    CHECK(strstr(answer, "most with 01 blocking (200 us") != NULL);

    result = sample_result();
    for (int e = 0; e < SAMPLE_EPOCHS; e++)
        samples[2][e].whole_ns = samples[4][e].whole_ns = 200000000;
    result_compute(&result);
    result_answer(&result, answer);
    CHECK(strstr(answer, "No difference") != NULL);
}

static void test_empty(void)
{
    struct result result = {.row_count = 0};
    char answer[RESULT_WHY_BYTES];
    result_compute(&result);
    result_answer(&result, answer);
    CHECK(answer[0] == '\0' && !result_has_failure(&result));
    CHECK(result_find(&result, RESULT_WORK) == NULL);
}

int main(void)
{
    test_scores();
    test_verdicts();
    test_baseline();
    test_budget();
    test_causes();
    test_prices();
    test_reservations();
    test_fairness();
    test_answer();
    test_empty();
    return summary();
}
