/* What the writers make of a small made-up result, against golden files; with
 * --write it makes those anew. Then results that leave something out. */
#include <stdlib.h>
#include <string.h>

#include "report/columns.h"
#include "report/export.h"
#include "report/html.h"
#include "report/text.h"
#include "result/expected.h"
#include "sample.h"
#include "test.h"

static const struct golden {
    const char *path;
    void (*write)(struct out *out, const struct result *result);
} goldens[] = {{"bench/tests/golden/report.txt", text_write_answer},
               {"bench/tests/golden/report.json", export_json},
               {"bench/tests/golden/report.csv", export_csv},
               {"bench/tests/golden/report.html", html_write_result}};

enum { GOLDEN_COUNT = sizeof goldens / sizeof goldens[0] };

/* Whether the file has this text; if not, says at which line it differs. */
static bool is_as_golden(const char *path, const char *text)
{
    FILE *file = fopen(path, "rb");
    int line = 1;
    bool is_same = file != NULL;
    int expected = 0;
    for (; is_same && expected != EOF; text += *text != '\0') {
        expected = getc(file);
        if (expected == '\r') /* a checkout on Windows */
            expected = getc(file);
        is_same = expected == (*text != '\0' ? (unsigned char)*text : EOF);
        line += is_same && expected == '\n';
    }
    if (file != NULL)
        fclose(file);
    if (!is_same)
        printf("%s: differs first in line %d; after a change that is meant: "
               "run this with --write\n",
               path, line);
    return is_same;
}

static void write_file(const char *path, const struct out *out)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(out->text, 1, out->bytes, file) == out->bytes);
    if (file != NULL)
        CHECK(fclose(file) == 0);
}

static void test_goldens(bool is_writing)
{
    struct result result = sample_make();
    result_compute(&result);
    for (int g = 0; g < GOLDEN_COUNT; g++) {
        struct out out = {0};
        goldens[g].write(&out, &result);
        CHECK(!out.is_incomplete);
        if (is_writing)
            write_file(goldens[g].path, &out);
        else
            CHECK(is_as_golden(goldens[g].path, out.text));
        free(out.text);
    }
    plan_free(&sample_plan);
}

/* Runs that came to nothing: the sanitizers look on. */
static void test_nothing(void)
{
    struct result result = sample_make();
    for (int i = 0; i < result.row_count; i++) {
        result.rows[i].sample_count = 0;
        memset(result.rows[i].failure, 0xFF, 9); /* no character */
    }
    for (int round = 0; round < 2; round++) {
        result_compute(&result);
        for (int g = 0; g < GOLDEN_COUNT; g++) {
            struct out out = {0};
            goldens[g].write(&out, &result);
            CHECK(!out.is_incomplete &&
                  (g == 0 || strchr(out.text, 0xFF) == NULL));
            free(out.text);
        }
        result.row_count = result.block_count = 0;
    }
    plan_free(&sample_plan);
}

/* What is expected has no finding; what is not, and a wall too early, has. */
static void test_expected(void)
{
    struct result result = sample_make();
    const struct expected range = {1, EXPECTED_HANDLES, 1, 2, ""};
    const struct expected two = {1, EXPECTED_CALLS, 2, 2, ""};
    struct out out = {0};
    result_compute(&result);
    text_write_expected(&out, &result);
    CHECK(!out.is_incomplete);
    CHECK(strstr(out.text, "01  calls for an echo                      2  "));
    CHECK(strstr(out.text, "finding: 01, calls") == NULL);
    CHECK(strstr(out.text, "finding: 01, KB for an idle one: expected on "
                           "Windows: 4 to 290; came: 1,030 (Thread Stack"));
    CHECK(strstr(out.text, "finding: 02, wall, idle connections: expected on "
                           "Windows: 1023; came: 62 (select function"));
    CHECK(strstr(out.text, "finding: 03, results for an echo: expected on "
                           "Windows: 1; came: 2 ("));
    CHECK(strstr(out.text, "02  KB") == NULL); /* of too few connections */
    free(out.text);
    CHECK(!expected_differs(&range, 1) && !expected_differs(&range, 2));
    CHECK(expected_differs(&range, 0.9) && expected_differs(&range, 2.1));
    CHECK(!expected_differs(&two, 2.1) && expected_differs(&two, 2.3));
    plan_free(&sample_plan);
}

int main(int argc, char **argv)
{
    test_goldens(argc > 1 && strcmp(argv[1], "--write") == 0);
    test_nothing();
    test_expected();
    return summary();
}
