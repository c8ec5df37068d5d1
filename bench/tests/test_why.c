/* The sentences: they say what the figures say, and no more. */
#include <string.h>

#include "report/why.h"
#include "rich_sample.h"
#include "test.h"

static bool says(const char *text, const char *words)
{
    bool found = strstr(text, words) != NULL;
    if (!found)
        printf("\"%s\" is not in \"%s\"\n", words, text);
    return found;
}

/* A block with two servers and a control whose figures are set by hand. */
static struct result_row rows[3];
static struct result_block block;
static struct result made;

static void make(double ratio, double mine, double its)
{
    memset(rows, 0, sizeof rows);
    block = (struct result_block){.scenario = RESULT_PINGPONG, .row_count = 3};
    made = (struct result){
        .blocks = &block, .block_count = 1, .rows = rows, .row_count = 3};
    for (int i = 0; i < 3; i++) {
        snprintf(rows[i].name, sizeof rows[i].name, "s%d", i);
        rows[i].control = 1;
        for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
            rows[i].calls_per_echo[kind] = figure_of(0);
    }
    rows[0].calls_per_echo[RESULT_SEND] = figure_of(its);
    rows[2].calls_per_echo[RESULT_SEND] = figure_of(1);
    rows[2].calls_per_echo[RESULT_DEQUEUE] = figure_of(mine - 1);
    rows[2].ratio =
        (struct estimate){12, figure_of(ratio), true, ratio * 0.9, ratio * 1.1};
    rows[2].differs = true;
}

static void test_explained(void)
{
    char text[RESULT_WHY_BYTES];
    make(0.5, 4, 2); /* twice the calls, half the rate: all explained */
    why_row(&made, 2, text);
    CHECK(says(text, "s2: 0.50 times the echoes/s of s0"));
    CHECK(says(text, "95 % range 0.45 to 0.55"));
    CHECK(says(text, "4.00 calls an echo against 2.00 (dequeue +3.00)"));
    CHECK(says(text, "would be 0.50 times; a factor of 1.00 stays"));
    make(1.5, 4, 2);
    why_row(&made, 2, text);
    CHECK(says(text, "would be 0.50 times; a factor of 3.00 stays"));
    /* More calls make a latency longer, not shorter. */
    block.scenario = RESULT_PACED;
    why_row(&made, 2, text);
    CHECK(says(text, "median latency"));
    CHECK(says(text, "would be 2.00 times; a factor of 0.75 stays"));
}

static void test_modest(void)
{
    char text[RESULT_WHY_BYTES];
    make(1.02, 4, 2);
    rows[2].differs = false;
    why_row(&made, 2, text);
    CHECK(says(text, "no difference to s0 shown"));
    CHECK(strstr(text, "unexplained") == NULL);
    rows[2].calls_per_echo[RESULT_WAIT].known = false;
    why_row(&made, 2, text);
    CHECK(says(text, "Calls were not counted"));
    rows[2].is_client_bound = true;
    why_row(&made, 2, text);
    CHECK(says(text, "client-bound"));
    CHECK(strstr(text, "1.02") == NULL);
    rows[2].ratio.median.known = false;
    why_row(&made, 2, text);
    CHECK(text[0] == '\0');
    /* An echo without any call: nothing is divided by zero. */
    make(1.5, 0, 0);
    rows[2].calls_per_echo[RESULT_SEND] = figure_of(0);
    rows[2].calls_per_echo[RESULT_DEQUEUE] = figure_of(0);
    why_row(&made, 2, text);
    CHECK(says(text, "not counted") && strstr(text, "inf") == NULL);
}

static void test_best(void)
{
    char text[RESULT_WHY_BYTES];
    make(2, 4, 2);
    struct estimate ratio = rows[2].ratio;
    rows[1].ratio = (struct estimate){12, figure_of(1), true, 0.95, 1.05};
    why_best(&made, &block, 2, 0, ratio, text);
    CHECK(says(text, "Furthest apart: s2 has 2.00 times the echoes/s of s0"));
    rows[1].ratio = (struct estimate){12, figure_of(1), true, 0.4, 2.5};
    why_best(&made, &block, 2, 0, ratio, text);
    CHECK(text[0] == '\0'); /* a row differs and speaks for itself */
    rows[2].differs = false;
    why_best(&made, &block, 2, 0, ratio, text);
    CHECK(says(text, "No difference shown between any two"));
}

static void test_rich(void)
{
    struct result result = rich_result();
    result_compute(&result);
    for (int i = 0; i < result.row_count; i++) {
        const struct result_row *row = &result.rows[i];
        bool silent = row->baseline == i || row->control == i ||
                      row->failure[0] != '\0' || row->round_count == 0;
        if (!silent && result.rows[row->baseline].failure[0] == '\0')
            CHECK(row->why[0] != '\0');
        if (silent)
            CHECK(row->why[0] == '\0');
        CHECK(strlen(row->why) < RESULT_WHY_BYTES - 1);
        CHECK(strstr(row->why, "nan") == NULL);
    }
    CHECK(says(result.blocks[4].summary, "02 +800 does 0.25 times"));
    CHECK(says(result.blocks[8].summary, "rungs show a difference"));
}

int main(void)
{
    test_explained();
    test_modest();
    test_best();
    test_rich();
    return summary();
}
