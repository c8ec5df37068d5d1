/* Figures, verdicts and sentences that follow from what was measured. */
#include <math.h>
#include <string.h>

#include "result/result.h"
#include "test.h"

enum { ROWS = 4, LAUNCHES = 5 };

static struct result_block block;
static struct result_row rows[ROWS];
static struct result_sample samples[ROWS][LAUNCHES];
static uint64_t shares[ROWS][2];

static bool is_near(double value, double expected)
{
    return fabs(value - expected) <= 1e-3 * fabs(expected) + 1e-9;
}

/* Of 1,000 echoes; an echo costs the server us, a tenth more or less in each
 * launch, and as many calls as say. */
static void fill_row(int i, double us, uint64_t waits)
{
    static const double noise[LAUNCHES] = {1.1, 1 / 1.1, 1, 1.1, 1 / 1.1};
    struct result_row *row = &rows[i];
    *row = (struct result_row){.model = i + 1,
                               .samples = samples[i],
                               .sample_count = LAUNCHES,
                               .has_counts = true,
                               .echoes_by_connection = shares[i]};
    snprintf(row->name, sizeof row->name, "%02d", i + 1);
    shares[i][0] = 3000;
    shares[i][1] = 2000;
    for (int n = 0; n < LAUNCHES; n++) {
        struct result_sample *sample = &samples[i][n];
        *sample = (struct result_sample){
            .echoes = 1000,
            .all_echoes = 1000,
            .elapsed_ns = (uint64_t)(1e9 / noise[n]),
            .whole_ns = 1000000000,
            .waited_ns = 500000000,
            .server_ns = (uint64_t)(us / 2 * 1e6 * noise[n]),
            .system_ns = (uint64_t)(us * 1e6 * noise[n]),
            .client_ns = 50000000,
            .machine_ns = 800000000,
            .requests = 4000,
            .all_requests = 8000, /* half of the system is the server's */
            .threads = 3 + (uint64_t)i};
        sample->calls[OBSERVE_RECEIVE][OBSERVE_DONE] = 1000;
        sample->calls[OBSERVE_SEND][OBSERVE_DONE] = 1000;
        sample->calls[OBSERVE_WAIT][OBSERVE_DONE] = waits;
        sample->calls[OBSERVE_ROUTINE][OBSERVE_DONE] = 1000;
    }
}

/* 01; 02 costs less and waits; 03 costs 3 % more; the last is 01 again. */
static struct result small_result(void)
{
    block = (struct result_block){.scenario = RESULT_WORK,
                                  .connection_count = 2,
                                  .row_count = ROWS,
                                  .relative_to = "01"};
    fill_row(0, 100, 0);
    fill_row(1, 50, 200);
    fill_row(2, 103, 0);
    fill_row(3, 100, 0);
    rows[3].role = RESULT_CONTROL;
    return (struct result){.environment = {.processors = 2},
                           .blocks = &block,
                           .block_count = 1,
                           .rows = rows,
                           .row_count = ROWS};
}

static void test_counts(void)
{
    struct result result = small_result();
    samples[1][0].calls[OBSERVE_WAIT][OBSERVE_DONE] = 700;
    result_compute(&result);
    CHECK(is_near(rows[0].calls.value, 2)); /* a routine is no call */
    CHECK(is_near(rows[1].calls.value, 2.3));
    CHECK(is_near(rows[1].calls_low.value, 2.2) &&
          is_near(rows[1].calls_high.value, 2.7));
    CHECK(is_near(rows[1].kinds[OBSERVE_WAIT].value, 0.3));
    CHECK(is_near(rows[0].requests.value, 4) &&
          is_near(rows[0].client_requests.value, 4));
    CHECK(is_near(rows[0].jain.value, 25.0 / 26) &&
          is_near(rows[0].slowest_percent.value, 80));
    CHECK(is_near(rows[0].busy_percent.value, 50));
}

static void test_scores(void)
{
    char text[32];
    struct result result = small_result();
    result_compute(&result);
    const struct result_score *cost = &rows[1].scores[RESULT_COST];
    CHECK(is_near(rows[0].scores[RESULT_COST].value.value, 100));
    CHECK(is_near(rows[0].scores[RESULT_RATE].value.value, 1000));
    CHECK(is_near(cost->ratio.value, 0.5) && cost->verdict == RESULT_LESS);
    CHECK(cost->has_range && cost->low < 50 && cost->high > 50);
    CHECK(!rows[0].scores[RESULT_COST].ratio.known);
    CHECK(rows[2].scores[RESULT_COST].verdict == RESULT_WITHIN);
    result_verdict_text(&rows[2], RESULT_COST, text);
    CHECK(strncmp(text, "same within 1", 13) == 0);
    /* By hand: variance .0363/4 of 16 degrees, t 2.12, 1/5 + 1/10. */
    double half = 2.12 * sqrt(4 * log(1.1) * log(1.1) / 4 * 0.3);
    CHECK(
        is_near(block.shows_percent[RESULT_COST].value, 100 * (exp(half) - 1)));
    /* Others took what is left of 800 ms on two processors. */
    double ours_ms = 4 * 50 + 1.5 * (100 + 50 + 103 + 100);
    CHECK(fabs(result.others_percent.value - 100 * (3200 - ours_ms) / 8000) <
          1);
}

/* The control differs more than chance would have it: so much cannot be told,
 * but what is larger can. */
static void test_control(void)
{
    struct result result = small_result();
    fill_row(3, 130, 0);
    rows[3].role = RESULT_CONTROL;
    result_compute(&result);
    char text[RESULT_TEXT_BYTES];
    result_shows(&block, RESULT_COST, text);
    CHECK(strstr(text, "twice differs by 30 %") != NULL);
    CHECK(rows[1].scores[RESULT_COST].verdict == RESULT_LESS);
    CHECK(is_near(block.control[RESULT_COST].ratio.value, 1.3));
}

static void test_nothing_known(void)
{
    char text[RESULT_TEXT_BYTES];
    struct result result = small_result();
    strcpy(rows[0].failure, "it has ended");
    rows[1].sample_count = 1; /* no range by itself, but by the others */
    rows[2].sample_count = 0;
    result_compute(&result);
    CHECK(result_has_failure(&result) && !rows[0].calls.known);
    CHECK(!rows[2].scores[RESULT_COST].value.known);
    CHECK(rows[1].scores[RESULT_COST].has_range);
    result_why(&result, &rows[1], text);
    CHECK(text[0] == '\0');
    result = small_result();
    for (int i = 0; i < ROWS; i++)
        rows[i].sample_count = 1;
    result_compute(&result);
    CHECK(!rows[1].scores[RESULT_COST].has_range);
    CHECK(rows[1].scores[RESULT_COST].verdict == RESULT_NO_VERDICT);
    result_told(&result, text);
    CHECK(strstr(text, "tell nothing") != NULL);
}

static void test_sentences(void)
{
    char text[RESULT_TEXT_BYTES];
    struct result result = small_result();
    result_compute(&result);
    result_why(&result, &rows[1], text);
    CHECK(strcmp(text, "02 makes 0.20 calls more than 01: 0.20 waits; "
                       "1 thread more.") == 0);
    result_why(&result, &rows[2], text);
    CHECK(strcmp(text, "03 makes as many calls as 01; 2 threads more.") == 0);
    result_answer(&result, text);
    CHECK(strstr(text, "most with 02 non-blocking (2.20).") != NULL);
    result_told(&result, text);
    CHECK(strstr(text, "differences above 12 % would show") != NULL);
}

/* Memory and handles against the same server beside none. */
static void test_idle(void)
{
    struct result result = small_result();
    struct result_block both[2] = {block, block};
    for (int i = 0; i < 2; i++) {
        both[i] = (struct result_block){.scenario = RESULT_IDLE,
                                        .connection_count = 2,
                                        .idle_count = 100 * i,
                                        .first_row = i,
                                        .row_count = 1};
        rows[i].block = i;
        rows[i].baseline = 0;
        samples[i][LAUNCHES - 1].memory_bytes = 1000000 + 500000 * (unsigned)i;
        samples[i][LAUNCHES - 1].handles = 20 + 200 * (unsigned)i;
    }
    rows[1].wall = 50;
    result.blocks = both;
    result.block_count = 2;
    result.row_count = 2;
    result_compute(&result);
    CHECK(is_near(rows[1].kb_per_idle.value, 10)); /* of those served */
    CHECK(is_near(rows[1].handles_per_idle.value, 4));
    CHECK(!rows[0].kb_per_idle.known);
    CHECK(result_at_rest(&result) == &both[0]);
}

int main(void)
{
    test_counts();
    test_scores();
    test_control();
    test_nothing_known();
    test_sentences();
    test_idle();
    return summary();
}
