/* The reports in Markdown, CSV, JSON and HTML against golden texts, and their
 * promises whatever the figures and names are: well-formed, never NaN.
 *
 *   test_writers               compares; run it in the top folder
 *   test_writers --print WHAT  prints a text: markdown, csv, rounds, json, html
 *
 * After a wanted change, from the top folder:
 *
 *   for what in markdown csv rounds json html; do
 *       build/native/test_writers --print $what >bench/tests/$what.golden
 *   done
 *
 * and look at `git diff` before you keep it. For the test of the page in a
 * browser, `--print page` prints the HTML of rich_sample.h, and `--print odd`
 * the same with the longest names and figures of any size. */
#include <stdlib.h>

#include "golden.h"
#include "report/csv.h"
#include "report/html.h"
#include "report/json.h"
#include "report/markdown.h"
#include "rich_sample.h"
#include "sample.h"
#include "test.h"
#include "wellformed.h"

typedef void write_function(struct out *out, const struct result *result);

static const struct writer {
    const char *name;
    write_function *write;
    bool (*is_wellformed)(const char *text);
} writers[] = {{"markdown", markdown_write_result, wellformed_text},
               {"csv", csv_write_result, wellformed_csv},
               {"rounds", csv_write_rounds, wellformed_csv},
               {"json", json_write_result, wellformed_json},
               {"html", html_write_result, wellformed_html}};

enum { WRITERS = sizeof writers / sizeof writers[0] };

/* The text of a computed result. free() it. */
static char *write_text(write_function *write, const struct result *result)
{
    struct out out = {0};
    write(&out, result);
    if (out.is_incomplete || out.text == NULL)
        exit(1);
    return out.text;
}

static struct result golden_result(void)
{
    struct result result = sample_result();
    result.interrupted = true;
    result_compute(&result);
    return result;
}

static void test_golden(void)
{
    struct result result = golden_result();
    for (int i = 0; i < WRITERS; i++) {
        char path[100];
        snprintf(path, sizeof path, "bench/tests/%s.golden", writers[i].name);
        char *text = write_text(writers[i].write, &result);
        golden_check(path, text);
        free(text);
    }
}

/* Whether all writers write what can be read again. */
static bool all_wellformed(const struct result *result)
{
    bool good = true;
    for (int i = 0; i < WRITERS; i++) {
        char *text = write_text(writers[i].write, result);
        bool here = writers[i].is_wellformed(text);
        if (!here)
            printf("%s is not well-formed\n", writers[i].name);
        good &= here;
        free(text);
    }
    return good;
}

static void test_every_kind_of_block(void)
{
    struct result result = rich_result();
    result_compute(&result);
    CHECK(all_wellformed(&result));
}

/* Names and texts that would end an element, a field, a string. */
static void test_escaping(void)
{
    static const char *const bad[] = {"</td><script>alert(1)</script>",
                                      "a\"b',c;d",
                                      "\x01\x1f\x7f\t\r\n",
                                      "\\u0000 \\ \\\"",
                                      "|`*_[x](y)",
                                      "\xff\xfe\xc3",
                                      "\xed\xa0\x80 \xf4\x90\x80\x80",
                                      "&amp; &#0;",
                                      "-->]]>"};
    struct result result = rich_result();
    result_compute(&result);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (int r = 0; r < result.row_count; r += 3) {
            snprintf(rich.rows[r].name, RESULT_NAME_BYTES, "%s", bad[i]);
            snprintf(rich.rows[r].form, RESULT_FORM_BYTES, "%s", bad[i]);
            snprintf(rich.rows[r].why, RESULT_WHY_BYTES, "%s", bad[i]);
        }
        snprintf(rich.rows[8].failure, RESULT_FAILURE_BYTES, "%s", bad[i]);
        snprintf(rich.blocks[0].title, sizeof rich.blocks[0].title, "%s",
                 bad[i]);
        snprintf(result.environment.system, sizeof result.environment.system,
                 "%s", bad[i]);
        if (!CHECK(all_wellformed(&result)))
            printf("bad text number %zu\n", i);
        char *page = write_text(html_write_result, &result);
        CHECK(strstr(page, "<script") == NULL);
        free(page);
    }
}

/* A number of any size, small ones as often as large ones. */
static uint64_t any(struct prng *prng, unsigned bits_at_most)
{
    return prng_next(prng) >> (64 - prng_below(prng, bits_at_most) - 1);
}

static void spoil_round(struct prng *prng, struct result_round *round)
{
    round->echoes = any(prng, 20);
    round->bytes = any(prng, 34);
    round->elapsed_ns = any(prng, 34) - 1;
    round->client_cpu_ns = any(prng, 32);
    round->server_cpu_ns = any(prng, 32);
    round->p50_ns = any(prng, 36) - 1;
    round->p99_ns = any(prng, 36) - 1;
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
        for (int outcome = 0; outcome < RESULT_OUTCOME_COUNT; outcome++)
            round->calls[kind][outcome] = (int64_t)any(prng, 24) - 1;
    round->waits = (int64_t)any(prng, 20) - 1;
    round->completions = (int64_t)any(prng, 20);
}

static void spoil_at_random(struct prng *prng, struct result *result)
{
    for (int r = 0; r < result->row_count; r++) {
        struct result_row *row = &rich.rows[r];
        if (prng_below(prng, 3) == 0)
            continue;
        row->round_count = (int)prng_below(prng, RICH_ROUNDS + 1);
        row->thread_count = (int)any(prng, 13) - 1;
        row->has_counts = prng_below(prng, 2) == 0;
        histogram_clear(&row->latency);
        for (uint64_t i = prng_below(prng, 50); i > 0; i--)
            histogram_add(&row->latency, any(prng, 38) - 1);
        for (int i = 0; i < RICH_ROUNDS; i++)
            spoil_round(prng, &row->rounds[i]);
    }
}

static void test_any_figures(void)
{
    struct prng prng = {99};
    for (int i = 0; i < 4; i++) {
        struct result result = rich_result();
        spoil_at_random(&prng, &result);
        result_compute(&result);
        if (!CHECK(all_wellformed(&result)))
            break;
    }
}

/* Any figures, and names as long and as wide as they can be. */
static struct result odd_result(void)
{
    struct prng prng = {5};
    struct result result = rich_result();
    spoil_at_random(&prng, &result);
    for (int r = 0; r < result.row_count; r += 2) {
        memset(rich.rows[r].name, 'W', RESULT_NAME_BYTES - 1);
        rich.rows[r].name[0] = (char)('A' + r % 26);
        memset(rich.rows[r].failure, r % 8 == 0 ? 'W' : '\0', 200);
    }
    return result;
}

/* Ctrl+C before anything was measured; and nothing planned at all. */
static void test_nothing(void)
{
    struct result result = rich_result();
    for (int r = 0; r < result.row_count; r++)
        rich.rows[r].round_count = 0;
    result_compute(&result);
    CHECK(all_wellformed(&result));
    result.block_count = 0;
    result.row_count = 0;
    CHECK(all_wellformed(&result));
}

/* The checks above must be able to fail. */
static void test_wellformed(void)
{
    CHECK(wellformed_html("<!DOCTYPE html><p class=\"a\">x<br></p>"));
    CHECK(!wellformed_html("<p>"));
    CHECK(!wellformed_html("<p></b>"));
    CHECK(!wellformed_html("<p class=a></p>"));
    CHECK(!wellformed_html("<p class=\"a></p>"));
    CHECK(!wellformed_html("<p>a & b</p>"));
    CHECK(!wellformed_html("<svg><line x1=\"nan\"/></svg>"));
    CHECK(!wellformed_html("<p>-inf</p>"));
    CHECK(!wellformed_text("a\x01"));
    CHECK(!wellformed_text("a\xff"));
    CHECK(wellformed_csv("a,b\n1,\"x,\"\"y\"\n"));
    CHECK(!wellformed_csv("a,b\n1\n"));
    CHECK(!wellformed_csv("a\n\"x\n"));
    CHECK(!wellformed_json("{\"a\": nan}"));
    CHECK(!wellformed_json("{\"a\": 1,}"));
    CHECK(wellformed_json("{\"a\": [1, -2.5e-3, null, \"\\n\"]}"));
}

static int print_text(const char *what)
{
    struct result result = golden_result();
    write_function *write = NULL;
    for (int i = 0; i < WRITERS; i++)
        if (strcmp(writers[i].name, what) == 0)
            write = writers[i].write;
    if (strcmp(what, "page") == 0 || strcmp(what, "odd") == 0) {
        write = html_write_result;
        result = what[0] == 'p' ? rich_result() : odd_result();
        result_compute(&result);
    }
    if (write == NULL) {
        fprintf(stderr, "there is no \"%s\"\n", what);
        return 2;
    }
    char *text = write_text(write, &result);
    fputs(text, stdout);
    free(text);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--print") == 0)
        return print_text(argv[2]);
    test_wellformed();
    test_golden();
    test_every_kind_of_block();
    test_escaping();
    test_any_figures();
    test_nothing();
    return summary();
}
