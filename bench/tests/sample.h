/* sample.h: a small result whose figures can be computed by hand: a baseline, a
 * control, a difference, none, a client that is the limit, a server without
 * counters, a failure. rich_sample.h has one of every kind of block. */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include <stdio.h>
#include <string.h>

#include "report/result.h"

enum { SAMPLE_ROWS = 6, SAMPLE_ROUNDS = 7, SAMPLE_CONNECTIONS = 4 };

static struct result_block sample_blocks[1];
static struct result_row sample_rows[SAMPLE_ROWS];
static struct result_round sample_rounds[SAMPLE_ROWS][SAMPLE_ROUNDS];
static uint64_t sample_shares[SAMPLE_ROWS][SAMPLE_CONNECTIONS];

static inline void sample_row(int index, const char *name, uint64_t echoes,
                              uint64_t step)
{
    struct result_row *row = &sample_rows[index];
    snprintf(row->name, sizeof row->name, "%s", name);
    row->role = index == 1 ? RESULT_CONTROL : RESULT_SERVER;
    row->model = name[1] - '0';
    row->connection_count = SAMPLE_CONNECTIONS;
    row->baseline = 0;
    row->control = 1;
    row->has_counts = true;
    row->rounds = sample_rounds[index];
    row->round_count = SAMPLE_ROUNDS;
    row->echoes_by_connection = sample_shares[index];
    row->thread_count = index + 2;
    for (int i = 0; i < SAMPLE_ROUNDS; i++) {
        struct result_round *round = &row->rounds[i];
        round->echoes = echoes + (uint64_t)i * step;
        round->elapsed_ns = 200000000;
        round->client_cpu_ns = 50000000;
        round->server_cpu_ns = 80000000;
        int64_t calls = (int64_t)round->echoes;
        round->bytes = 64 * round->echoes;
        round->p50_ns =
            SAMPLE_CONNECTIONS * UINT64_C(200000000) / round->echoes;
        round->p99_ns = round->p50_ns;
        round->calls[RESULT_RECEIVE][RESULT_DONE] = calls / 2;
        round->calls[RESULT_RECEIVE][RESULT_WOULD_BLOCK] = calls - calls / 2;
        round->calls[RESULT_SEND][RESULT_DONE] = calls;
        round->calls[RESULT_WAIT][RESULT_DONE] = calls / 4;
        round->waits = calls / 4;
        round->completions = calls;
        /* Four connections, one echo under way on each. */
        for (uint64_t e = 0; e < round->echoes; e++)
            histogram_add(&row->latency, SAMPLE_CONNECTIONS *
                                             UINT64_C(200000000) /
                                             round->echoes);
        for (int c = 0; c < SAMPLE_CONNECTIONS; c++)
            row->echoes_by_connection[c] += round->echoes / SAMPLE_CONNECTIONS;
    }
}

/* Builds it anew; not yet computed. */
static inline struct result sample_result(void)
{
    memset(sample_rows, 0, sizeof sample_rows);
    memset(sample_rounds, 0, sizeof sample_rounds);
    memset(sample_shares, 0, sizeof sample_shares);
    sample_row(0, "01", 1000, 0);
    sample_row(1, "01 again", 990, 4); /* 0.99 to 1.014 */
    sample_row(2, "02", 1500, 20);     /* 1.5 to 1.62 */
    sample_row(3, "03", 996, 2);       /* 0.996 to 1.008: within the floor */
    sample_row(4, "04", 2000, 0);
    sample_row(5, "05", 100, 0);
    for (int i = 0; i < SAMPLE_ROUNDS; i++) {
        sample_rounds[0][i].waits = 0; /* 01 never waits */
        sample_rounds[0][i].completions = 0;
        sample_rounds[0][i].calls[RESULT_WAIT][RESULT_DONE] = 0;
        sample_rounds[4][i].client_cpu_ns = 199000000;
        sample_rounds[3][i].server_cpu_ns = 0; /* not resolved */
    }
    sample_rows[4].has_counts = false;
    sample_rows[4].thread_count = 0;
    sample_shares[2][0] /= 2; /* one connection gets half of its share */
    snprintf(sample_rows[5].failure, sizeof sample_rows[5].failure,
             "connection 3, echo 17: byte 5 was 0x00, expected 0x41, and this "
             "sentence goes on until it needs a second line");
    sample_blocks[0] =
        (struct result_block){.scenario = RESULT_PINGPONG,
                              .title = "pingpong, 4 connections, 64 bytes",
                              .relative_to = "01",
                              .connection_count = SAMPLE_CONNECTIONS,
                              .message_bytes = 64,
                              .round_ms = 200,
                              .round_count = SAMPLE_ROUNDS,
                              .row_count = SAMPLE_ROWS};
    struct result result = {
        .environment = {.system = "Windows 10.0 build 19045",
                        .wine = "8.0",
                        .processor = "Some Processor",
                        .processors = 2,
                        .memory_bytes = UINT64_C(8) << 30,
                        .clock_hz = 10000000,
                        .tick_100ns = 156250,
                        .compiler = "gcc 12",
                        .version = "0.1"},
        .settings = {.command = "bench",
                     .servers = "01_blocking 02_nonblocking",
                     .relative_to = "01",
                     .pooled = "all against 01",
                     .seed = 1},
        .blocks = sample_blocks,
        .block_count = 1,
        .rows = sample_rows,
        .row_count = SAMPLE_ROWS};
    return result;
}

#endif
