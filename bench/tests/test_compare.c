/* What `bench compare` says of two reports made by hand, where the truth is
 * known, and of what is no report. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/change.h"
#include "report/compare.h"
#include "report/json.h"
#include "report/saved.h"
#include "sample.h"
#include "test.h"

enum { ROUNDS = 8 };

/* ---- reports by hand ----------------------------------------------------- */

/* What one server does, in each round the baseline's figure times this. */
struct server {
    const char *name;
    double rate;
    double p99;
    double dequeues; /* calls for each echo */
    const char *failure;
    int round_count;
};

struct report {
    const char *processor;
    const char *title;
    long round_ms;
    const char *baseline; /* name of the first server */
    double control;       /* the rate of the A/A control: 1 +- this */
    double machine;       /* how fast the machine is, in this run */
    double waits;         /* calls for each echo, of every server */
    bool is_bound;        /* the client is the limit for the server "bound" */
    bool is_interrupted;
    struct server servers[4];
};

/* Rounds of a machine whose speed wanders. */
static double speed(const struct report *report, int round)
{
    static const double drift[ROUNDS] = {1, 1.7, 0.6, 1.2, 0.4, 1, 0.9, 1.5};
    return report->machine * drift[round];
}

static void put_round(struct out *out, const struct report *report,
                      const struct server *server, int round, double jitter)
{
    double wobble = round % 2 == 0 ? 1 + jitter : 1 - jitter;
    double echoes = floor(10000 * speed(report, round) * server->rate * wobble);
    double p50_ns = 50000 / speed(report, round);
    out_printf(out,
               "%s{\"echoes\": %.0f, \"bytes\": %.0f, \"elapsed_ns\": "
               "200000000, \"p50_ns\": %.0f, \"p99_ns\": %.0f, \"calls\": "
               "{\"receive\": [%.0f, 0, 0, 0], \"send\": [0, %.0f, 0, 0], "
               "\"wait\": [%.0f, 0, 0, 0], \"dequeue\": [%.0f, 0, 2, 0], "
               "\"other\": []}}",
               round > 0 ? ", " : "", echoes, echoes * 64, p50_ns,
               p50_ns * 3 * server->p99 * wobble, echoes, echoes,
               echoes * report->waits,
               echoes * server->dequeues * (1 + jitter / 10));
}

static void put_row(struct out *out, const struct report *report, int index,
                    const struct server *server, double jitter)
{
    out_printf(out,
               "%s{\"block\": 0, \"server\": \"%s\", \"baseline\": 0, "
               "\"control\": 1, \"failure\": ",
               index > 0 ? ", " : "", server->name);
    if (server->failure != NULL)
        out_printf(out, "\"%s\"", server->failure);
    else
        out_printf(out, "null");
    out_printf(out, ", \"figures\": {\"is_client_bound\": %s}, \"rounds\": [",
               report->is_bound && strcmp(server->name, "bound") == 0
                   ? "true"
                   : "false");
    for (int i = 0; i < server->round_count; i++)
        put_round(out, report, server, i, jitter);
    out_printf(out, "]}");
}

static struct out make(const struct report *report)
{
    struct out out = {0};
    struct server first = {.name = report->baseline,
                           .rate = 1,
                           .p99 = 1,
                           .dequeues = 0,
                           .round_count = ROUNDS};
    struct server again = first;
    again.name = "again";
    out_printf(&out,
               "{\"format\": \"echo-bench\", \"format_version\": 1, "
               "\"environment\": {\"processor\": \"%s\", \"wine\": null}, "
               "\"settings\": {\"seed\": %.0f}, \"interrupted\": %s, "
               "\"blocks\": [{\"title\": \"%s\", \"relative_to\": \"01\", "
               "\"metric\": \"echoes/s\", \"round_ms\": %ld}], \"rows\": [",
               report->processor, report->machine * 1000,
               report->is_interrupted ? "true" : "false", report->title,
               report->round_ms);
    put_row(&out, report, 0, &first, 0);
    put_row(&out, report, 1, &again, report->control);
    for (int i = 0; i < 4 && report->servers[i].name != NULL; i++)
        put_row(&out, report, i + 2, &report->servers[i], 0.01);
    out_printf(&out, "]}\n");
    return out;
}

static struct report plain_report(void)
{
    return (struct report){.processor = "Some Processor",
                           .title = "pingpong, 16 connections",
                           .round_ms = 200,
                           .baseline = "01",
                           .control = 0.05,
                           .machine = 1,
                           .servers = {{"02", 0.8, 1, 0, NULL, ROUNDS},
                                       {"05", 1.2, 1, 2.3, NULL, ROUNDS}}};
}

/* The comparison of two reports; or, when one is none, the message. */
static struct out compare_texts(const struct out *olds, const struct out *news)
{
    struct out out = {0};
    char message[400];
    struct compare_input old_input = {"old.json", olds->text, olds->bytes};
    struct compare_input new_input = {"new.json", news->text, news->bytes};
    if (!compare_reports(&out, &old_input, &new_input, message,
                         sizeof message)) {
        CHECK(out.text == NULL && message[0] != '\0');
        out_printf(&out, "%s", message);
    }
    return out;
}

static struct out compare(const struct report *olds, const struct report *news)
{
    struct out old_text = make(olds);
    struct out new_text = make(news);
    struct out out = compare_texts(&old_text, &new_text);
    free(old_text.text);
    free(new_text.text);
    return out;
}

/* Whether the text has this in it; prints the text if not. Frees nothing. */
static bool has(const struct out *out, const char *part)
{
    bool is_there = strstr(out->text, part) != NULL;
    if (!is_there)
        printf("not in it: %s\n%s\n", part, out->text);
    return is_there;
}

static bool lacks(const struct out *out, const char *part)
{
    return strstr(out->text, part) == NULL || !has(out, "(should lack it)");
}

/* ---- tests --------------------------------------------------------------- */

static bool is_near(double value, double expected)
{
    return fabs(value - expected) < 1e-9;
}

static void test_change(void)
{
    const struct change_round before[] = {{1, 1}, {2, 2}, {3, 3},
                                          {4, 4}, {5, 5}, {6, 6}};
    const struct change_round after[] = {{2, 1}, {4, 2},   {6, 3},  {8, 4},
                                         {9, 3}, {12, 12}, {14, 7}, {1, 0}};
    const struct change_round rare[] = {{0, 1}, {0, 1}, {0, 1}, {0, 1},
                                        {0, 1}, {0, 1}, {0, 1}, {5, 1}};
    const struct change_rounds olds = {before, 6};
    const struct change_rounds news = {after, 8};
    struct change medians = change_between(olds, news, CHANGE_MEDIAN, 1);
    CHECK(is_near(medians.old_figure.value, 1));
    CHECK(is_near(medians.new_figure.value, 2)); /* 1 2 2 2 2 2 3; x/0 not */
    CHECK(is_near(medians.ratio.median.value, 2) && medians.ratio.count == 6);
    CHECK(medians.ratio.has_interval && is_near(medians.ratio.low, 2) &&
          is_near(medians.ratio.high, 2));
    struct change totals = change_between(olds, news, CHANGE_TOTAL, 1);
    CHECK(is_near(totals.ratio.median.value, 56.0 / 32));
    CHECK(totals.ratio.low < 56.0 / 32 && totals.ratio.high > 56.0 / 32);
    struct change few = change_between((struct change_rounds){before, 5}, news,
                                       CHANGE_MEDIAN, 1);
    CHECK(few.ratio.median.known && !few.ratio.has_interval);
    struct change none = change_between((struct change_rounds){before, 0}, news,
                                        CHANGE_MEDIAN, 1);
    CHECK(!none.old_figure.known && none.new_figure.known);
    CHECK(!none.ratio.median.known && !none.ratio.has_interval);
    struct change from_rare =
        change_between((struct change_rounds){rare, 8}, news, CHANGE_TOTAL, 1);
    CHECK(from_rare.ratio.median.known && !from_rare.ratio.has_interval);
}

/* Two runs of the same, and two of which the second is 1.3 times as fast: how
 * often the interval of their ratio holds the truth. */
static void test_coverage(void)
{
    enum { RUNS = 400, SIDES = 2 };
    struct prng prng = {77};
    int held = 0;
    for (int run = 0; run < RUNS; run++) {
        struct change_round rounds[SIDES][12];
        double truth = run % 2 == 0 ? 1 : 1.3;
        for (int side = 0; side < SIDES; side++)
            for (int i = 0; i < 12; i++) {
                double a = 1 + (double)prng_below(&prng, 1000) / 500;
                double b = 1 + (double)prng_below(&prng, 1000) / 500;
                rounds[side][i].over = side == 0 ? a : a * truth;
                rounds[side][i].under = b;
            }
        struct estimate ratio =
            change_between((struct change_rounds){rounds[0], 12},
                           (struct change_rounds){rounds[1], 12}, CHANGE_MEDIAN,
                           (uint64_t)run)
                .ratio;
        held += ratio.low <= truth && ratio.high >= truth;
    }
    printf("intervals of two runs that held the truth: %.1f %%\n",
           100.0 * held / RUNS);
    CHECK(held >= RUNS * 92 / 100 && held <= RUNS * 99 / 100);
}

/* The same run on a machine twice as fast: nothing has changed. */
static void test_same(void)
{
    struct report olds = plain_report();
    struct report news = plain_report();
    news.machine = 2;
    struct out out = compare(&olds, &news);
    CHECK(has(&out, "no difference shown in any of 15 figures"));
    CHECK(has(&out, "system     the same") && has(&out, "settings   the same"));
    CHECK(has(&out, "old run 0.95 to 1.05; new run 0.95 to 1.05"));
    CHECK(lacks(&out, "seed") && lacks(&out, "calls per echo"));
    CHECK(lacks(&out, "nan") && lacks(&out, "inf"));
    free(out.text);
}

/* 05 is changed in rate, tail and calls; 02 is not. */
static void test_changed(void)
{
    struct report olds = plain_report();
    struct report news = plain_report();
    news.servers[1].rate = 1.8;
    news.servers[1].p99 = 0.5;
    news.servers[1].dequeues = 1.15;
    struct out out = compare(&olds, &news);
    CHECK(has(&out,
              "3 of 15 figures differ\n"
              "           05, pingpong, 16 connections: echoes/s x 1.50\n"
              "           05, pingpong, 16 connections: p99 x 0.50\n"
              "           05, pingpong, 16 connections: dequeue x 0.50\n"));
    CHECK(has(&out, "dequeue calls per echo: 1.15, was 2.30; x 0.50, range "
                    "0.50-0.50\n"));
    CHECK(has(&out, "\n02                 0.80  0.80    1.00= 0.98-1.02"));
    CHECK(has(&out, "\n05                 1.20  1.80    1.50  1.47-1.53"));
    CHECK(has(&out, "\n01               the baseline: only its calls"));
    free(out.text);
}

/* Calls that were not there before: a difference without a ratio. */
static void test_new_calls(void)
{
    struct report olds = plain_report();
    struct report news = plain_report();
    news.waits = 0.5;
    struct out out = compare(&olds, &news);
    CHECK(has(&out, "3 of 15 figures differ\n"));
    CHECK(has(&out, "calls can be compared\n                 wait calls per "
                    "echo: 0.50, was 0.00\n"));
    CHECK(has(&out, "05, pingpong, 16 connections: wait x n/a\n"));
    free(out.text);
    news.waits = 0.004; /* not worth a line */
    out = compare(&olds, &news);
    CHECK(has(&out, "no difference shown in any of 15 figures"));
    free(out.text);
}

/* The noise floor of either run is enough to say nothing. */
static void test_floor(void)
{
    struct report olds = plain_report();
    struct report news = plain_report();
    news.servers[1].rate = 1.32; /* 1.1 times as fast */
    struct out out = compare(&olds, &news);
    CHECK(has(&out, "1 of 15 figures differ") && has(&out, "echoes/s x 1.10"));
    free(out.text);
    news.control = 0.2;
    out = compare(&olds, &news);
    CHECK(has(&out, "no difference shown in any of 15 figures"));
    free(out.text);
    out = compare(&news, &olds);
    CHECK(has(&out, "no difference shown in any of 15 figures"));
    free(out.text);
}

/* Rows and blocks that only one run has, and what failed, are rows. */
static void test_missing(void)
{
    struct report olds = plain_report();
    struct report news = plain_report();
    olds.servers[2] = (struct server){"03", 1, 1, 0, NULL, ROUNDS};
    olds.servers[3] = (struct server){"04", 1, 1, 0, NULL, 0};
    news.servers[1].failure = "byte 5 was 0x00\\u001b[31m";
    news.servers[2] = (struct server){"04", 1, 1, 0, NULL, ROUNDS};
    news.servers[3] = (struct server){"mine", 1, 1, 0, NULL, ROUNDS};
    struct out out = compare(&olds, &news);
    CHECK(has(&out, "\n05               failed in the new run: byte 5 was "
                    "0x00?[31m\n"));
    CHECK(has(&out, "\n03               not in the new report\n"));
    CHECK(has(&out, "\n04               not measured in the old run\n"));
    CHECK(has(&out, "\nmine             not in the old report\n"));
    free(out.text);
    news.title = "herd";
    out = compare(&olds, &news);
    CHECK(has(&out, "there was nothing to compare"));
    CHECK(has(&out, "\nherd\n") && has(&out, "\npingpong, 16 connections\n"));
    free(out.text);
}

/* What makes two runs differ besides the servers. */
static void test_surroundings(void)
{
    struct report olds = plain_report();
    struct report news = plain_report();
    olds.processor = "Other \\u001b Processor";
    news.round_ms = 500;
    news.servers[1] = (struct server){"05", 2, 1, 2.3, NULL, 5};
    news.servers[0].name = olds.servers[0].name = "bound";
    olds.is_bound = true;
    news.is_interrupted = true;
    news.servers[0].rate = 9;
    struct out out = compare(&olds, &news);
    CHECK(has(&out, "system     processor differs\n           old: Other ? "
                    "Processor\n           new: Some Processor\n"));
    CHECK(has(&out, "settings   round_ms differs\n           old: 200\n"
                    "           new: 500\n"));
    CHECK(has(&out, "1.68=       n/a")); /* 5 rounds: no range */
    CHECK(has(&out, "11.2c 11.0-11.5")); /* client-bound */
    CHECK(lacks(&out, "           bound, "));
    CHECK(has(&out, "STOPPED    the new run: its rounds until Ctrl+C\n"));
    CHECK(lacks(&out, "STOPPED    the old run"));
    news.baseline = "02";
    olds.is_interrupted = true;
    free(out.text);
    out = compare(&olds, &news);
    CHECK(has(&out, "STOPPED    the old run: its rounds until Ctrl+C\n"));
    CHECK(has(&out, "relative to another server than before"));
    free(out.text);
}

/* Whether text in place of the new report is refused with this message. */
static bool refuses(const char *text, const char *expected)
{
    struct report report = plain_report();
    struct out olds = make(&report);
    struct out news = {0};
    out_printf(&news, "%s", text);
    struct out out = compare_texts(&olds, &news);
    bool is_right = strcmp(out.text, expected) == 0;
    if (!is_right)
        printf("%s\n", out.text);
    free(out.text);
    free(olds.text);
    free(news.text);
    return is_right;
}

#define BEGIN "{\"format\": \"echo-bench\", \"format_version\": 1"
#define BLOCKS                                                                 \
    ", \"blocks\": [{\"title\": \"t\", \"relative_to\": \"01\", \"metric\": "  \
    "\"MB/s\"}], \"rows\": ["
#define ROW "{\"block\": 0, \"server\": \"01\", \"baseline\": 0, \"control\": 0"

static void test_no_report(void)
{
    CHECK(refuses("", "new.json is no JSON: offset 0: the text ends, expected "
                      "a value"));
    CHECK(refuses("x", "new.json is no JSON: offset 0: 'x', expected a value"));
#define NONE "new.json is no report of bench: "
    CHECK(refuses("[]", NONE "it has no proper \"format\""));
    CHECK(refuses("{}", NONE "it has no proper \"format\""));
    CHECK(
        refuses("{\"format\": \"other\"}", NONE "it has no proper \"format\""));
    CHECK(refuses("{\"format\": \"echo-bench\", \"format_version\": 2}",
                  "new.json is a report of another bench: this one reads "
                  "version 1"));
    CHECK(refuses(BEGIN "}", NONE "it has no proper \"blocks\""));
    CHECK(refuses(BEGIN ", \"blocks\": [{}]}",
                  NONE "block 0 has no proper \"title\""));
    CHECK(refuses(BEGIN ", \"blocks\": []}", NONE "it has no proper \"rows\""));
    CHECK(refuses(BEGIN BLOCKS "{}]}", NONE "row 0 has no proper \"block\""));
    CHECK(refuses(BEGIN BLOCKS "{\"block\": 1}]}",
                  NONE "row 0 has no proper \"block\""));
    CHECK(
        refuses(BEGIN BLOCKS ROW "}]}", NONE "row 0 has no proper \"rounds\""));
    CHECK(refuses(BEGIN BLOCKS ROW ", \"rounds\": [1]}]}",
                  NONE "round 0 of row 0 has no proper \"echoes\""));
    CHECK(refuses(BEGIN BLOCKS ROW ", \"rounds\": [{\"echoes\": -1}]}]}",
                  NONE "round 0 of row 0 has no proper \"echoes\""));
    CHECK(refuses(BEGIN BLOCKS ROW
                  ", \"rounds\": [{\"echoes\": 1, \"elapsed_ns\": 1, "
                  "\"calls\": {\"receive\": [null]}}]}]}",
                  NONE "round 0 of row 0 has no proper \"calls\""));
    CHECK(refuses(BEGIN BLOCKS ROW ", \"rounds\": []}, " ROW
                                   ", \"rounds\": []}]}",
                  NONE "row 1 was there before"));
}

/* The score follows from what the block measures. */
static void test_scores(void)
{
    static const struct {
        const char *metric;
        double score;
    } cases[] = {
        {"echoes/s", 50}, {"conns/s", 50}, {"MB/s", 4}, {"p50 us", 7000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct out text = {0};
        struct saved saved;
        char message[200];
        out_printf(&text,
                   BEGIN ", \"blocks\": [{\"title\": \"t\", "
                         "\"relative_to\": \"01\", \"metric\": \"%s\"}], "
                         "\"rows\": [" ROW
                         ", \"rounds\": [{\"echoes\": 10, \"bytes\": 800000, "
                         "\"elapsed_ns\": 200000000, \"p50_ns\": 7000}]}]}",
                   cases[i].metric);
        if (CHECK(saved_read(&saved, text.text, text.bytes, message,
                             sizeof message)))
            CHECK(saved.rows[0].rounds[0].score.known &&
                  is_near(saved.rows[0].rounds[0].score.value, cases[i].score));
        saved_free(&saved);
        free(text.text);
    }
}

/* A report that is cut off is refused, wherever: the old one is named. */
static void test_truncated(void)
{
    struct report report = plain_report();
    struct out whole = make(&report);
    int wrong_count = 0;
    for (size_t bytes = 0; bytes + 2 < whole.bytes; bytes += 37) {
        struct out part = whole;
        part.bytes = bytes;
        struct out out = compare_texts(&part, &whole);
        if (strncmp(out.text, "old.json is no JSON: offset ", 28) != 0 ||
            strchr(out.text, '\n') != NULL)
            wrong_count++;
        free(out.text);
    }
    CHECK(wrong_count == 0);
    free(whole.text);
}

/* What the JSON writer writes is what is read, and a run does not differ from
 * itself. No line is longer than a terminal is wide. */
static void test_own_json(void)
{
    struct result result = sample_result();
    struct out text = {0};
    struct saved saved;
    char message[400] = "";
    result_compute(&result);
    json_write_result(&text, &result);
    CHECK(saved_read(&saved, text.text, text.bytes, message, sizeof message));
    printf("%s\n", message);
    CHECK(saved.row_count == (size_t)result.row_count);
    for (size_t i = 0; i < saved.row_count; i++) {
        const struct saved_row *row = &saved.rows[i];
        CHECK(strcmp(row->server, result.rows[i].name) == 0);
        CHECK(saved_has_figures(row) == (result.rows[i].failure[0] == '\0' &&
                                         result.rows[i].round_count > 0));
        CHECK(row->round_count == (size_t)result.rows[i].round_count);
        CHECK(row->has_counts == result.rows[i].has_counts);
        if (row->round_count > 0 && result.rows[i].failure[0] == '\0')
            CHECK(is_near(row->rounds[0].echoes,
                          (double)result.rows[i].rounds[0].echoes));
    }
    saved_free(&saved);
    struct out out = compare_texts(&text, &text);
    CHECK(has(&out, "no difference shown in any of "));
    CHECK(has(&out, "failed in the old run: connection 3"));
    for (const char *line = out.text; *line != '\0';
         line += strcspn(line, "\n") + 1)
        CHECK(strcspn(line, "\n") <= 100);
    free(out.text);
    free(text.text);
}

int main(void)
{
    test_change();
    test_coverage();
    test_same();
    test_changed();
    test_new_calls();
    test_floor();
    test_missing();
    test_surroundings();
    test_no_report();
    test_scores();
    test_truncated();
    test_own_json();
    return summary();
}
