/* sample.h: a small result whose figures can be computed by hand: a baseline, a
 * control, less, the same, more, a failure. */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include <stdio.h>
#include <string.h>

#include "result/result.h"

enum { SAMPLE_ROWS = 6, SAMPLE_EPOCHS = 5, SAMPLE_CONNECTIONS = 4 };

static struct result_block sample_blocks[2];
static struct result_row sample_rows[2 * SAMPLE_ROWS];
static struct result_sample samples[2 * SAMPLE_ROWS][SAMPLE_EPOCHS];
static uint64_t sample_shares[2 * SAMPLE_ROWS][SAMPLE_CONNECTIONS];

/* One echo takes us microseconds, and a little more or less in each launch. */
static inline void sample_row(int block, int index, const char *name, double us)
{
    int i = block * SAMPLE_ROWS + index;
    struct result_row *row = &sample_rows[i];
    snprintf(row->name, sizeof row->name, "%s", name);
    row->role = index == 1 ? RESULT_CONTROL : RESULT_MODEL;
    row->model = name[1] - '0';
    row->block = block;
    row->connection_count = SAMPLE_CONNECTIONS;
    row->baseline = block * SAMPLE_ROWS;
    row->control = block * SAMPLE_ROWS + 1;
    row->has_counts = true;
    row->samples = samples[i];
    row->sample_count = SAMPLE_EPOCHS;
    row->echoes_by_connection = sample_shares[i];
    row->thread_count = index + 2;
    for (int e = 0; e < SAMPLE_EPOCHS; e++) {
        struct result_sample *sample = &samples[i][e];
        double whole_ns = us * 1e6 * (1 + 0.001 * ((e * 3 + index) % 5 - 2));
        sample->echoes = 1000;
        sample->all_echoes = 1000;
        sample->bytes = 64000;
        sample->elapsed_ns = (uint64_t)whole_ns;
        sample->whole_ns = (uint64_t)whole_ns;
        sample->busy_ns = (uint64_t)whole_ns / 2;
        sample->cpu_ns[RESULT_SERVER] = (uint64_t)(us * 4e5);
        sample->cpu_ns[RESULT_SYSTEM] = (uint64_t)(us * 3e5);
        sample->cpu_ns[RESULT_CLIENT] = (uint64_t)(us * 2e5);
        sample->calls[RESULT_RECEIVE][RESULT_DONE] = 1000;
        sample->calls[RESULT_SEND][RESULT_DONE] = 1000;
        sample->calls[RESULT_WAIT][RESULT_DONE] = index == 0 ? 0 : 250;
        sample->waits = index == 0 ? 0 : 250;
        sample->completions = index == 0 ? 0 : 1000;
        sample->client_calls[PRICES_CLIENT_SEND] = 1000;
        sample->client_calls[PRICES_CLIENT_PENDING] = 1000;
        sample->client_calls[PRICES_CLIENT_DEQUEUE] = 1000;
        for (int n = 0; n < 1000; n++)
            histogram_add(&row->latency,
                          (uint64_t)(us * 1000) * (uint64_t)(n + 1));
        for (int c = 0; c < SAMPLE_CONNECTIONS; c++)
            row->echoes_by_connection[c] += 250;
    }
}

static inline void sample_block(int block, enum result_scenario scenario)
{
    sample_row(block, 0, "01", 200);
    sample_row(block, 1, "01 again", 200);
    sample_row(block, 2, "02", 150);
    sample_row(block, 3, "03", 201);
    sample_row(block, 4, "04", 260);
    sample_row(block, 5, "05", 100);
    struct result_row *last = &sample_rows[block * SAMPLE_ROWS + 5];
    snprintf(last->failure, sizeof last->failure,
             "connection 3, echo 17: byte 5 was 0x00, expected 0x41, <&> and "
             "this sentence goes on until it needs a second line");
    sample_blocks[block] =
        (struct result_block){.scenario = scenario,
                              .title = "so, 4 connections, 64 bytes",
                              .relative_to = "01",
                              .connection_count = SAMPLE_CONNECTIONS,
                              .message_bytes = 64,
                              .window_ms = 200,
                              .epoch_count = SAMPLE_EPOCHS,
                              .first_row = block * SAMPLE_ROWS,
                              .row_count = SAMPLE_ROWS};
}

/* Builds it anew, work and speed; not yet computed. */
static inline struct result sample_result(void)
{
    memset(sample_rows, 0, sizeof sample_rows);
    memset(samples, 0, sizeof samples);
    memset(sample_shares, 0, sizeof sample_shares);
    sample_block(0, RESULT_WORK);
    sample_block(1, RESULT_SPEED);
    struct result result = {
        .environment = {.system = "Windows 10.0 build 19045",
                        .wine = "8.0",
                        .processor = "Some Processor",
                        .processors = 2,
                        .memory_bytes = UINT64_C(8) << 30,
                        .clock_hz = 10000000,
                        .compiler = "gcc 12",
                        .version = "0.1"},
        .settings = {.command = "bench",
                     .servers = "01,02,03,04,05",
                     .epoch_count = SAMPLE_EPOCHS,
                     .seed = 1},
        .prices = {.is_known = true},
        .blocks = sample_blocks,
        .block_count = 2,
        .rows = sample_rows,
        .row_count = 2 * SAMPLE_ROWS};
    for (int i = 0; i < PRICE_COUNT; i++)
        result.prices.us[i] = (struct figure){true, 10};
    return result;
}

#endif
