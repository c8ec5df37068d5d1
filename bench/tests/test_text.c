/* The report for a terminal against a golden text, and its promises whatever
 * the figures are: at most 100 columns, ASCII, never NaN.
 *
 *   test_text [GOLDEN]   compares; default bench/tests/text.golden
 *   test_text --print    prints the text, to make a new golden one of it */
#include <stdlib.h>

#include "harness/statistics.h"
#include "report/text.h"
#include "golden.h"
#include "rich_sample.h"
#include "sample.h"
#include "test.h"

static char *write_all(struct result *result)
{
    struct out out = {0};
    result_compute(result);
    text_write_environment(&out, result);
    text_write_result(&out, result);
    if (out.is_incomplete || out.text == NULL)
        exit(1);
    return out.text;
}

static void test_golden(const char *path)
{
    struct result result = sample_result();
    result.interrupted = true;
    char *text = write_all(&result);
    golden_check(path, text);
    free(text);
}

/* Checks every line of a report. */
static bool keeps_promises(const char *text)
{
    bool good = strstr(text, "nan") == NULL && strstr(text, "inf") == NULL &&
                strstr(text, "NaN") == NULL;
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        good &= length <= 100;
        for (size_t i = 0; i < length; i++)
            good &= text[i] >= ' ' && text[i] <= '~';
        if (!good) {
            printf("%.*s\n", (int)length, text);
            return false;
        }
        text += length + (text[length] == '\n');
    }
    return true;
}

/* Every scenario and a ladder. */
static void test_rich(void)
{
    struct result result = rich_result();
    char *text = write_all(&result);
    CHECK(keeps_promises(text));
    for (int i = 0; i < result.block_count; i++)
        CHECK(strstr(text, result.blocks[i].title) != NULL);
    CHECK(strstr(text, "MB/s") != NULL && strstr(text, "conns/s") != NULL);
    CHECK(strstr(text, "from when they were sent") != NULL);
    CHECK(strstr(text, "failed: connection 3, echo 17") != NULL);
    free(text);
}

/* A number of any size, small ones as often as large ones. */
static uint64_t any(struct prng *prng, unsigned bits_at_most)
{
    return prng_next(prng) >> (64 - prng_below(prng, bits_at_most) - 1);
}

static void fill_at_random(struct prng *prng)
{
    for (int r = 0; r < SAMPLE_ROWS; r++) {
        struct result_row *row = &sample_rows[r];
        row->round_count = (int)prng_below(prng, SAMPLE_ROUNDS + 1);
        row->thread_count = (int)any(prng, 13);
        row->has_counts = prng_below(prng, 2) == 0;
        histogram_clear(&row->latency);
        for (uint64_t i = prng_below(prng, 100); i > 0; i--)
            histogram_add(&row->latency, any(prng, 38));
        for (int i = 0; i < SAMPLE_CONNECTIONS; i++)
            row->echoes_by_connection[i] = any(prng, 24);
        for (int i = 0; i < SAMPLE_ROUNDS; i++) {
            struct result_round *round = &row->rounds[i];
            round->echoes = any(prng, 20);
            round->elapsed_ns = 100000000 + any(prng, 34);
            round->client_cpu_ns = any(prng, 32);
            round->server_cpu_ns = any(prng, 32);
            for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
                for (int o = 0; o < RESULT_OUTCOME_COUNT; o++)
                    round->calls[kind][o] = (int64_t)any(prng, 24);
            round->waits = (int64_t)any(prng, 20);
            round->completions = (int64_t)any(prng, 20);
        }
    }
}

static void test_any_figures(void)
{
    struct prng prng = {99};
    for (int i = 0; i < 200; i++) {
        struct result result = sample_result();
        fill_at_random(&prng);
        char *text = write_all(&result);
        if (!CHECK(keeps_promises(text)))
            i = 200;
        free(text);
    }
}

/* Ctrl+C before anything was measured. */
static void test_nothing(void)
{
    struct result result = sample_result();
    for (int i = 0; i < SAMPLE_ROWS; i++) {
        sample_rows[i].round_count = 0;
        sample_rows[i].failure[0] = '\0';
    }
    char *text = write_all(&result);
    CHECK(keeps_promises(text));
    CHECK(strstr(text, "not measured\n") != NULL);
    free(text);
}

/* A word that is longer than a line must not make the line longer. */
static void test_long_words(void)
{
    struct result result = sample_result();
    memset(sample_rows[5].failure, 'x', sizeof sample_rows[5].failure - 1);
    memset(result.environment.processor, 'y',
           sizeof result.environment.processor - 1);
    memset(result.environment.compiler, 'z',
           sizeof result.environment.compiler - 1);
    char *text = write_all(&result);
    CHECK(keeps_promises(text));
    free(text);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        struct result result = sample_result();
        result.interrupted = true;
        char *text = write_all(&result);
        printf("%s", text);
        free(text);
        return 0;
    }
    test_golden(argc > 1 ? argv[1] : "bench/tests/text.golden");
    test_rich();
    test_any_figures();
    test_nothing();
    test_long_words();
    return summary();
}
