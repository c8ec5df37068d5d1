/* rich_sample.h: a result with one of every kind of block and row that a run
 * can bring: every scenario, pingpong at three connection counts, a ladder,
 * both kinds of histogram, failures, figures that are not known. Made by a
 * small model of a server with a fixed random seed: the same everywhere. For
 * the tests of the writers; sample.h has figures that can be computed by hand.
 */
#ifndef TESTS_RICH_SAMPLE_H
#define TESTS_RICH_SAMPLE_H

#include <stdio.h>
#include <string.h>

#include "report/result.h"

enum {
    RICH_BLOCKS_AT_MOST = 12,
    RICH_ROWS_AT_MOST = 100,
    RICH_ROUNDS = 12,
    RICH_CONNECTIONS_AT_MOST = 128
};

static struct {
    struct result result;
    struct result_block blocks[RICH_BLOCKS_AT_MOST];
    struct result_row rows[RICH_ROWS_AT_MOST];
    struct result_round rounds[RICH_ROWS_AT_MOST][RICH_ROUNDS];
    uint64_t shares[RICH_ROWS_AT_MOST][RICH_CONNECTIONS_AT_MOST];
    struct prng prng;
} rich;

/* What the model takes of one server: relative speed, and calls for each echo
 * by kind when wake_ups things are found in each wait. */
struct rich_model {
    const char *name;
    int model;
    double speed;
    double calls[RESULT_KIND_COUNT];
    int threads;
};

static const struct rich_model rich_models[] = {
    {"01", 1, 1.0, {1, 1, 0, 0, 0}, 0},
    {"02", 2, 0.8, {1, 1, 0.14, 0, 0}, 2},
    {"03", 3, 0.9, {1, 1, 0.16, 2.5, 2}, 3},
    {"04", 4, 0.95, {1, 1, 0.1, 0, 0}, 4},
    {"05", 5, 1.3, {1, 1, 0, 2.3, 0.01}, 4}};

/* Roughly normal around 1. */
static inline double rich_noise(double width)
{
    double sum = 0;
    for (int i = 0; i < 6; i++)
        sum += (double)prng_below(&rich.prng, 10001) / 10000.0 - 0.5;
    return 1 + width * sum;
}

static inline struct result_block *rich_block(enum result_scenario scenario,
                                              int connections, long bytes,
                                              long rate, const char *title,
                                              const char *relative_to)
{
    struct result_block *block = &rich.blocks[rich.result.block_count++];
    *block = (struct result_block){.scenario = scenario,
                                   .connection_count = connections,
                                   .message_bytes = bytes,
                                   .rate_per_s = rate,
                                   .round_ms = 200,
                                   .round_count = RICH_ROUNDS,
                                   .first_row = rich.result.row_count};
    snprintf(block->title, sizeof block->title, "%s", title);
    snprintf(block->relative_to, sizeof block->relative_to, "%s", relative_to);
    return block;
}

/* Latencies with a long tail; every 400th meets a stall. */
static inline void rich_latencies(struct result_row *row, double mean_ns,
                                  bool is_open_loop)
{
    for (int i = 0; i < 4000; i++) {
        double value = mean_ns * (0.6 + 0.4 * rich_noise(0.5));
        if (prng_below(&rich.prng, 40) == 0)
            value *= 2.5;
        if (prng_below(&rich.prng, 400) == 0)
            value *= 9;
        uint64_t ns = value > 1000 ? (uint64_t)value : 1000;
        if (is_open_loop)
            histogram_add(&row->service, ns * 3 / 4);
        histogram_add(&row->latency, ns);
    }
}

static inline void rich_rounds(struct result_row *row,
                               const struct rich_model *model,
                               const struct result_block *block, double rate)
{
    for (int i = 0; i < RICH_ROUNDS; i++) {
        struct result_round *round = &row->rounds[i];
        double is = rate * rich_noise(0.06);
        round->elapsed_ns = 203000000;
        round->echoes = (uint64_t)(is * 0.203);
        round->bytes = round->echoes * (uint64_t)block->message_bytes;
        round->client_cpu_ns = 50000000;
        round->server_cpu_ns = 60000000;
        round->p50_ns = (uint64_t)(1e9 * block->connection_count / is);
        round->p99_ns = 3 * round->p50_ns;
        if (block->rate_per_s > 0) {
            round->due_count = round->echoes;
            round->late_count = round->echoes / 100;
        }
        if (block->scenario == RESULT_SKEW)
            round->hot_echoes = round->echoes / 2;
        for (int kind = 0; kind < RESULT_KIND_COUNT; kind++) {
            int64_t calls =
                (int64_t)(model->calls[kind] * (double)round->echoes);
            int64_t later = kind == RESULT_RECEIVE ? calls * 2 / 3 : 0;
            bool is_overlapped = model->model >= 3;
            round->calls[kind][RESULT_DONE] = calls - later;
            round->calls[kind][is_overlapped ? RESULT_PENDING
                                             : RESULT_WOULD_BLOCK] = later;
        }
        round->waits = round->calls[RESULT_WAIT][RESULT_DONE] +
                       round->calls[RESULT_DEQUEUE][RESULT_DONE] / 4;
        round->empty_waits = round->waits / 20;
        round->completions = (int64_t)round->echoes;
    }
}

/* Adds a row to the last block. baseline and control are rows of the block,
 * counted from 0; control -1: none. */
static inline struct result_row *rich_row(const char *name,
                                          const struct rich_model *model,
                                          enum result_role role, double rate,
                                          int baseline, int control)
{
    struct result_block *block = &rich.blocks[rich.result.block_count - 1];
    int index = rich.result.row_count++;
    struct result_row *row = &rich.rows[index];
    bool is_open_loop = result_words(block->scenario)->is_open_loop;
    block->row_count++;
    snprintf(row->name, sizeof row->name, "%s", name);
    row->role = role;
    row->model = model->model;
    row->block = rich.result.block_count - 1;
    row->connection_count = block->connection_count;
    row->baseline = block->first_row + baseline;
    row->control = control < 0 ? -1 : block->first_row + control;
    row->has_counts = model->calls[RESULT_RECEIVE] > 0;
    row->rounds = rich.rounds[index];
    row->round_count = RICH_ROUNDS;
    row->thread_count =
        model->threads > 0 ? model->threads : block->connection_count + 2;
    rich_rounds(row, model, block, rate);
    rich_latencies(row, 1e9 * block->connection_count / rate, is_open_loop);
    if (block->scenario != RESULT_CHURN) {
        row->echoes_by_connection = rich.shares[index];
        for (int c = 0; c < block->connection_count; c++)
            row->echoes_by_connection[c] =
                (uint64_t)(rate / block->connection_count * rich_noise(0.2));
    }
    return row;
}

/* All five, the control, and where asked for the reflector and a peer. */
static inline void rich_race(double rate, bool has_extras)
{
    static const struct rich_model reflector = {
        "reflector", 0, 1, {0, 0, 0, 0, 0}, 1};
    rich_row("01", &rich_models[0], RESULT_SERVER, rate, 0, 1);
    rich_row("01 again", &rich_models[0], RESULT_CONTROL, rate, 0, 1);
    for (int i = 1; i < 5; i++)
        rich_row(rich_models[i].name, &rich_models[i], RESULT_SERVER,
                 rate * rich_models[i].speed, 0, 1);
    if (!has_extras)
        return;
    struct result_row *peer =
        rich_row("socat", &reflector, RESULT_PEER, rate * 0.5, 0, 1);
    snprintf(peer->form, sizeof peer->form,
             "socat TCP-LISTEN:{port},fork EXEC:cat");
    peer->thread_count = 0;
    rich_row("reflector", &reflector, RESULT_REFLECTOR, rate * 1.7, 0, 1);
}

/* Three rows for each server: alone, and beside 200 and 800 idle ones. */
static inline void rich_herd(void)
{
    static const int idle[] = {0, 200, 800};
    rich_block(RESULT_HERD, 16, 64, 0, "herd, 16 active connections, 64 bytes",
               "no herd");
    for (int m = 0; m < 5; m++)
        for (int i = 0; i < 3; i++) {
            char name[RESULT_NAME_BYTES] = "";
            snprintf(name, sizeof name, i == 0 ? "%s" : "%s +%d",
                     rich_models[m].name, idle[i]);
            double slower = m == 1 ? 1 + idle[i] / 250.0 : 1;
            int alone = m == 0 ? 0 : 3 * m + 1;
            struct result_row *row =
                rich_row(name, &rich_models[m], RESULT_SERVER,
                         3000 * rich_models[m].speed / slower, alone, 1);
            row->idle_count = idle[i];
            row->memory_before_bytes = 8000000;
            row->memory_after_bytes =
                8000000 + (uint64_t)idle[i] * (m == 0 ? 42000 : 17500);
            if (m == 3)
                row->memory_before_bytes = 0; /* n/a */
            if (m == 0 && i == 0)
                rich_row("01 again", &rich_models[0], RESULT_CONTROL, 3000, 0,
                         1);
        }
}

static inline void rich_ladder(void)
{
    static const char *const names[] = {"minimal", "no skip",  "default",
                                        "batches", "budget 1", "workers 1"};
    static const char *const forms[] = {
        "minimal.c",           "forms/no_skip.patch", "",
        "forms/batches.patch", "--inline-budget 1",   "--workers 1"};
    static const char *const lines[] = {"", "+3 -21", "", "+25 -9", "", ""};
    static const double rates[] = {2000, 2600, 2750, 2740, 2300, 1500};
    struct result_block *block =
        rich_block(RESULT_PINGPONG, 16, 64, 0,
                   "ladder 05: pingpong, 16 connections, 64 bytes", "default");
    block->is_ladder = true;
    for (int i = 0; i < 6; i++) {
        struct rich_model model = rich_models[4];
        model.calls[RESULT_DEQUEUE] = i == 0 ? 2 : i == 1 ? 1.2 : 0.9;
        model.calls[RESULT_RECEIVE] *= i > 0; /* minimal.c has no counters */
        struct result_row *row =
            rich_row(names[i], &model, RESULT_SERVER, rates[i], 2, 6);
        snprintf(row->form, sizeof row->form, "%s", forms[i]);
        snprintf(row->lines, sizeof row->lines, "%s", lines[i]);
    }
    rich_row("default again", &rich_models[4], RESULT_CONTROL, rates[2], 2, 6);
}

static inline void rich_spoil(void)
{
    /* In the second block: one row of every kind that has no figures. */
    struct result_row *row = &rich.rows[rich.blocks[1].first_row];
    snprintf(row[4].failure, sizeof row[4].failure,
             "connection 3, echo 17: byte 5 was 0x00, expected 0x41 & \"<b>\"");
    row[3].thread_count = 0;
    for (int i = 0; i < RICH_ROUNDS; i++) {
        row[3].rounds[i].server_cpu_ns = 0;
        rich.rows[rich.blocks[2].first_row + 5].rounds[i].client_cpu_ns =
            200000000; /* client-bound */
    }
    rich.rows[rich.blocks[5].first_row + 3].round_count = 0; /* interrupted */
}

/* Builds it anew; not yet computed. The result points into rich. */
static inline struct result rich_result(void)
{
    memset(&rich, 0, sizeof rich);
    rich.prng.state = 20240607;
    rich.result = (struct result){
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
                     .servers = "01_blocking 02_nonblocking "
                                "03_overlapped_event 04_overlapped_apc 05_iocp",
                     .relative_to = "01",
                     .left_out = "SO_SNDBUF 0 and TCP_NODELAY: the servers "
                                 "have no option for them.",
                     .seed = 1},
        .blocks = rich.blocks,
        .rows = rich.rows,
        .elapsed_ns = UINT64_C(52000000000)};
    rich_block(RESULT_PINGPONG, 1, 64, 0, "pingpong, 1 connection, 64 bytes",
               "01");
    rich_race(900, true);
    rich_block(RESULT_PINGPONG, 16, 64, 0, "pingpong, 16 connections, 64 bytes",
               "01");
    rich_race(3000, true);
    rich_block(RESULT_PINGPONG, 128, 64, 0,
               "pingpong, 128 connections, 64 bytes", "01");
    rich_race(3500, true);
    rich_block(RESULT_PACED, 16, 64, 500,
               "paced, 500 requests/s over 16 connections, 64 bytes", "01");
    rich_race(500, false);
    rich_herd();
    rich_block(RESULT_CHURN, 16, 64, 0, "churn, 16 at a time, 64 bytes", "01");
    rich_race(400, false);
    rich_block(RESULT_BULK, 4, 65536, 0,
               "bulk, 4 connections, blocks of 65536 bytes", "01");
    rich_race(2400, false);
    rich_block(RESULT_SKEW, 16, 64, 200,
               "skew, 1 hot connection, 16 polite ones at 200/s in all", "01");
    rich_race(200, false);
    rich_ladder();
    rich_spoil();
    return rich.result;
}

#endif
