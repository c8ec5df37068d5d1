/* page_sample.h: results for the tests of the page, written down and not
 * computed: a plain one with a block of every kind, and an odd one with the
 * strangest names and figures that there can be. */
#ifndef TESTS_PAGE_SAMPLE_H
#define TESTS_PAGE_SAMPLE_H

#include <stdio.h>
#include <string.h>

#include "result/result.h"

enum { SAMPLE_BLOCKS = 24, SAMPLE_ROWS = 160 };

static struct result_block sample_blocks[SAMPLE_BLOCKS];
static struct result_row sample_rows[SAMPLE_ROWS];
static struct result sample;

static inline struct figure known(double value)
{
    return (struct figure){true, value};
}

static inline struct estimate sample_estimate(double ratio, double low,
                                              double high)
{
    return (struct estimate){12, known(ratio), true, low, high};
}

/* Empties the sample and gives it an environment. */
static inline void sample_begin(const char *wine)
{
    memset(sample_rows, 0, sizeof sample_rows);
    sample = (struct result){.blocks = sample_blocks, .rows = sample_rows};
    sample.environment =
        (struct environment){.processors = 2,
                             .memory_bytes = UINT64_C(8) << 30,
                             .clock_hz = 10000000,
                             .timer_100ns = 10000,
                             .system = "Windows 10.0 build 19045",
                             .processor = "Some Processor at 2.40 GHz",
                             .compiler = "gcc 12.2",
                             .version = "0.9",
                             .commit = "0123abc",
                             .power_plan = "balanced"};
    snprintf(sample.environment.wine, sizeof sample.environment.wine, "%s",
             wine);
    sample.settings = (struct result_settings){.command = "bench",
                                               .servers = "01_blocking 05_iocp",
                                               .epoch_count = 12,
                                               .seed = 7};
    sample.elapsed_ns = UINT64_C(58000000000);
    sample.prices.is_known = true;
    for (int i = 0; i < PRICE_COUNT; i++)
        sample.prices.us[i] = known(3.5 + i);
}

static inline struct result_block *sample_block(enum result_scenario scenario,
                                                const char *title,
                                                int connection_count)
{
    struct result_block *block = &sample_blocks[sample.block_count++];
    *block = (struct result_block){.scenario = scenario,
                                   .relative_to = "01",
                                   .connection_count = connection_count,
                                   .message_bytes = 64,
                                   .first_row = sample.row_count,
                                   .control = sample_estimate(1, 0.97, 1.03)};
    snprintf(block->title, sizeof block->title, "%s", title);
    return block;
}

/* Adds a row to the last block. ratio: to the block's first row. */
static inline struct result_row *sample_row(const char *name, int model,
                                            double score, double ratio)
{
    struct result_block *block = &sample_blocks[sample.block_count - 1];
    struct result_row *row = &sample_rows[sample.row_count++];
    block->row_count++;
    snprintf(row->name, sizeof row->name, "%s", name);
    row->model = model;
    row->role = model > 0 ? RESULT_MODEL : RESULT_PEER;
    row->block = sample.block_count - 1;
    row->baseline = block->first_row;
    row->control = -1;
    row->sample_count = 12;
    row->score = known(score);
    row->ratio = sample_estimate(ratio, ratio * 0.96, ratio * 1.05);
    row->verdict = ratio < 0.95   ? RESULT_LESS
                   : ratio > 1.1  ? RESULT_MORE
                   : ratio > 1.03 ? RESULT_CANNOT_TELL
                                  : RESULT_SAME;
    if (row == &sample_rows[block->first_row])
        row->verdict = RESULT_NO_VERDICT;
    row->busy_percent = known(41);
    return row;
}

/* A row with parts, causes, latencies and calls as well. */
static inline void sample_fill(struct result_row *row, double us, double calls)
{
    static const double parts[] = {0.25, 0.45, 0.26, 0.04};
    static const double causes[] = {0.4, 0.2, 0.08, 0.1, 0.15, 0.07};
    for (int i = 0; i < RESULT_PART_COUNT; i++)
        row->budget_us[i] = known(us * parts[i]);
    for (int i = 0; i < RESULT_CAUSE_COUNT; i++)
        row->cause_us[i] = known(us * causes[i]);
    row->explained_percent = known(93);
    row->latency_us.p50 = known(us * 1.1);
    row->latency_us.p99 = known(us * 3);
    row->calls_per_echo[RESULT_RECEIVE] = known(1);
    row->calls_per_echo[RESULT_SEND] = known(1);
    row->calls_per_echo[RESULT_WAIT] = known(0);
    row->all_calls_per_echo = known(calls);
}

/* The five models, each with a form of its own of what is measured. */
static inline void sample_models(double us, double scale)
{
    static const double speeds[] = {1, 1.04, 1.24, 0.99, 0.85};
    static const double calls[] = {2, 2.9, 5.2, 2.6, 3.1};
    static const char *const names[] = {"01", "02", "03", "04", "05"};
    for (int i = 0; i < 5; i++) {
        double ratio = 1 + (speeds[i] - 1) * scale;
        sample_fill(sample_row(names[i], i + 1, us * ratio, ratio), us * ratio,
                    calls[i] - scale / 4);
    }
    struct result_row *again = sample_row("01 again", 1, us, 1);
    again->role = RESULT_CONTROL;
}

/* A block of every kind; speed at this many connection counts. */
static inline const struct result *sample_page(int speed_count)
{
    static const char *const others[] = {"herd, 800 idle", "churn", "bulk",
                                         "skew"};
    char title[96];
    sample_begin("8.0");
    sample_block(RESULT_WORK, "work, 1 connection, 64 bytes", 1);
    sample_models(186, 1);
    sample_fill(sample_row("echo-in-rust", 0, 171, 0.92), 171, 4);
    snprintf(sample_rows[2].why, RESULT_WHY_BYTES, "%s",
             "03 overlapped, events makes 3.2 calls more than 01 for an echo: "
             "asking and resetting cost 36 of the 45 us between them.");
    snprintf(sample_rows[4].why, RESULT_WHY_BYTES, "%s",
             "05 completion port receives without waiting first: that saves 22 "
             "us, of which dequeuing takes 9.");
    for (int i = 0; i < speed_count; i++) {
        snprintf(title, sizeof title, "speed, %d connections, 64 bytes",
                 1 << (2 * i));
        sample_block(RESULT_SPEED, title, 1 << (2 * i));
        sample_models(9000, 0.4 + 0.3 * i);
        sample_rows[sample.row_count - 3].is_client_bound = true;
        sample_rows[sample.row_count - 2].is_unsteady = true;
    }
    sample_block(RESULT_MEMORY, "memory, 800 idle connections", 16);
    sample_models(31, 0.8);
    for (int load = 20; load <= 80; load += 20) {
        snprintf(title, sizeof title, "paced, %d %% load", load);
        sample_block(RESULT_PACED, title, 16)->load_percent = load;
        sample_models(100 + load * load / 10.0, 1);
    }
    for (int i = 0; i < 4; i++) {
        sample_block((enum result_scenario)(RESULT_HERD + i), others[i], 16);
        sample_models(1200, 0.5);
    }
    sample_block(RESULT_SPEED, "ladder 05", 16)->is_ladder = true;
    sample_row("plain", 5, 2000, 1);
    snprintf(sample_row("spin", 5, 2400, 1.2)->lines, RESULT_LINES_BYTES, "%s",
             "+12 -30");
    snprintf(sample_row("1 worker", 5, 1700, 0.85)->form, RESULT_FORM_BYTES,
             "%s", "--workers 1");
    return &sample;
}

/* Fills a text to its end. */
static inline void sample_flood(char *text, size_t bytes, const char *with)
{
    for (size_t i = 0; i + 1 < bytes; i++)
        text[i] = with[i % strlen(with)];
    text[bytes - 1] = '\0';
}

/* Names that break a format, figures that break an axis. */
static inline void sample_odd_block(enum result_scenario scenario)
{
    static const double odd[] = {1e18, 1e-12, 0, 1e300, 3};
    struct result_block *block = sample_block(scenario, "", 1);
    sample_flood(block->title, sizeof block->title, "<W>&\"\x80'");
    snprintf(block->relative_to, sizeof block->relative_to, "%s", "<01 & \xC3");
    block->load_percent = 50 * (scenario == RESULT_PACED);
    block->control.has_interval = false;
    for (int i = 0; i < 5; i++) {
        struct result_row *row = sample_row("", i, odd[i], odd[i]);
        sample_flood(row->name, sizeof row->name, i == 0 ? "W" : "<&\"M\xFF>");
        sample_flood(row->form, sizeof row->form, "<i>");
        sample_flood(row->why, sizeof row->why, "]]>&amp;\xE2\x82");
        sample_flood(row->lines, sizeof row->lines, "+9");
        sample_fill(row, odd[i], odd[i]);
        row->cause_us[RESULT_UNEXPLAINED].value = -odd[i];
        row->budget_us[RESULT_SYSTEM] = (struct figure){0};
        row->is_client_bound = row->is_unsteady = true;
    }
    struct result_row *failed = sample_row("failed", 3, 0, 0);
    sample_flood(failed->failure, sizeof failed->failure, "<b>&\"it broke ");
    sample_rows[sample.row_count++] =
        (struct result_row){.name = "unmeasured", .model = 2, .control = -1};
    block->row_count++;
}

static inline const struct result *sample_odd(void)
{
    sample_begin("<Wine> & \xFF\xFE");
    sample.interrupted = true;
    sample.prices.us[PRICE_SEND] = known(1e300);
    sample_flood(sample.environment.processor,
                 sizeof sample.environment.processor, "<W&");
    for (int i = 0; i < RESULT_SCENARIO_COUNT; i++)
        sample_odd_block((enum result_scenario)i);
    sample_odd_block(RESULT_SPEED);
    sample_odd_block(RESULT_PACED);
    sample_blocks[0].is_noisy = true;
    sample_block(RESULT_BULK, "no rows", 4);
    return &sample;
}

#endif
