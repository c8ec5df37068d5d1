/* What the writers of text, CSV, JSON and Markdown make of a result. */
#include <stdlib.h>
#include <string.h>

#include "report/columns.h"
#include "report/export.h"
#include "report/text.h"
#include "sample.h"
#include "test.h"
#include "wellformed.h"

typedef void writer(struct out *out, const struct result *result);

static char *written(writer *write, const struct result *result)
{
    struct out out = {0};
    write(&out, result);
    CHECK(!out.is_incomplete);
    return out.text != NULL ? out.text : calloc(1, 1);
}

static int lines_of(const char *text)
{
    int lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

static size_t longest_line(const char *text)
{
    size_t longest = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        longest = length > longest ? length : longest;
        text += length + (text[length] == '\n');
    }
    return longest;
}

/* The first screen: the models with their figures, the verdicts, how sure. */
static void test_answer(void)
{
    struct result result = sample_result();
    sample_rows[5].failure[0] = '\0';
    sample_rows[11].failure[0] = '\0';
    result_compute(&result);
    char *text = written(text_write_answer, &result);
    CHECK(wellformed_text(text));
    CHECK(lines_of(text) <= 15 && longest_line(text) <= 100);
    CHECK(strstr(text, "02 non-blocking") != NULL);
    CHECK(strstr(text, "less") != NULL && strstr(text, "more") != NULL);
    CHECK(strstr(text, "same within 10 %") != NULL);
    CHECK(strstr(text, "01 against itself 1.00") != NULL);
    CHECK(strstr(text, "Speed at 4") != NULL);
    CHECK(strstr(text, "costs are Wine's") != NULL);
    CHECK(strstr(text, "05 -100 us: ") != NULL);
    free(text);

    result = sample_result();
    for (int e = 0; e < SAMPLE_EPOCHS; e++)
        samples[1][e].whole_ns = samples[1][e].whole_ns * 5 / 4;
    result_compute(&result);
    text = written(text_write_answer, &result);
    CHECK(strstr(text, "less ") == NULL && strstr(text, "too noisy") != NULL);
    free(text);
}

static void test_details(void)
{
    struct result result = sample_result();
    result.interrupted = true;
    result_compute(&result);
    char *text = written(text_write_details, &result);
    CHECK(wellformed_text(text) && longest_line(text) <= 110);
    CHECK(strstr(text, "failed: connection 3") != NULL);
    CHECK(strstr(text, "GetQueuedCompletionStatus, packet there") != NULL);
    CHECK(strstr(text, "explained %") != NULL);
    free(text);
    text = written(text_write_answer, &result);
    CHECK(strstr(text, "Stopped by Ctrl+C") != NULL);
    free(text);
}

static void test_exports(void)
{
    struct result result = sample_result();
    result_compute(&result);
    char *text = written(export_csv, &result);
    CHECK(wellformed_csv(text) && lines_of(text) == 1 + 2 * SAMPLE_ROWS);
    free(text);
    text = written(export_csv_samples, &result);
    CHECK(wellformed_csv(text) &&
          lines_of(text) == 1 + 2 * SAMPLE_ROWS * SAMPLE_EPOCHS);
    free(text);
    text = written(export_json, &result);
    CHECK(wellformed_json(text) && strstr(text, "\"samples\"") != NULL);
    free(text);
    text = written(export_markdown, &result);
    CHECK(wellformed_text(text) && strstr(text, "| 02 non-blocking |") != NULL);
    free(text);
}

/* Names and failures from outside, and figures at their limits. */
static void test_odd(void)
{
    static writer *const writers[] = {text_write_answer, text_write_details,
                                      export_markdown};
    struct result result = sample_result();
    snprintf(sample_rows[2].name, sizeof sample_rows[2].name, "\"<\xff,\n|");
    snprintf(sample_rows[8].name, sizeof sample_rows[8].name, "a,b\"c");
    samples[3][0].whole_ns = UINT64_MAX;
    samples[4][0].all_echoes = 0;
    sample_rows[9].sample_count = 0;
    result_compute(&result);
    for (size_t w = 0; w < sizeof writers / sizeof writers[0]; w++) {
        char *text = written(writers[w], &result);
        CHECK(!has_nonsense(text));
        free(text);
    }
    char *text = written(export_csv, &result);
    CHECK(wellformed_csv(text));
    free(text);
    text = written(export_json, &result);
    CHECK(wellformed_json(text));
    free(text);

    struct result empty = {.settings = {.command = "bench", .servers = ""}};
    result_compute(&empty);
    text = written(export_json, &empty);
    CHECK(wellformed_json(text));
    free(text);
    text = written(text_write_answer, &empty);
    CHECK(wellformed_text(text));
    free(text);
}

static void test_numbers(void)
{
    char text[24];
    column_text((struct figure){true, 1234.5}, text);
    CHECK(strcmp(text, "1234") == 0);
    column_text((struct figure){true, 12.34}, text);
    CHECK(strcmp(text, "12.3") == 0);
    column_text((struct figure){true, -0.5}, text);
    CHECK(strcmp(text, "-0.50") == 0);
    column_text((struct figure){true, 3e10}, text);
    CHECK(strcmp(text, "over 1e7") == 0);
    column_text((struct figure){false, 7}, text);
    CHECK(strcmp(text, "n/a") == 0);
}

int main(void)
{
    test_answer();
    test_details();
    test_exports();
    test_odd();
    test_numbers();
    return summary();
}
