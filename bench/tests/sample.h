/* sample.h: a small made-up result: a real plan, filled in as run/ would. It has
 * a wall, a failure, names with odd characters, a ladder. Numbers follow a
 * simple formula. */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include <stdio.h>
#include <string.h>

#include "result/plan.h"

enum { SAMPLE_ECHOES = 1000, SAMPLE_WALL = 62 /* of 02 */ };

/* What each model does; the first is a peer, of which nothing is known. */
static const struct sample_model {
    uint64_t server_ns;    /* of an echo */
    uint64_t requests;     /* in 1000 echoes, and so are the calls */
    uint64_t kib_per_idle; /* for an idle connection */
    uint64_t calls[OBSERVE_KIND_COUNT];
} sample_models[] = {{50000, 0, 20, {0}},
                     {60000, 6100, 1006, {1000, 1000}},
                     {52000, 6300, 5, {1010, 1000, 490}},
                     {70000, 8300, 9, {1000, 1000, 200, 0, 2000, 2000}},
                     {66000, 10300, 8, {1000, 1000, 1000, 0, 0, 0, 0, 2000}},
                     {54000, 7400, 7, {1000, 1000, 0, 900}}};

static struct plan sample_plan;

/* One launch of a row: a little more or less than the one before. */
static inline struct result_sample sample_of(const struct result_row *row,
                                             uint64_t order, uint64_t idle)
{
    const struct sample_model *model = &sample_models[row->model];
    uint64_t percent = order % 23 == 0 ? 150 : 92 + order * 7 % 16;
    uint64_t server_ns = model->server_ns * percent / 100;
    uint64_t whole_ns = server_ns * SAMPLE_ECHOES * 2;
    struct result_sample sample = {
        .order = order,
        .at_ns = order * 200000000,
        .echoes = SAMPLE_ECHOES,
        .all_echoes = SAMPLE_ECHOES,
        .elapsed_ns = row->processors == 1 ? whole_ns : whole_ns / 2,
        .whole_ns = whole_ns,
        .waited_ns = whole_ns / 2,
        .server_ns = server_ns * SAMPLE_ECHOES,
        .system_ns = server_ns * SAMPLE_ECHOES / 2,
        .client_ns = UINT64_C(40000) * SAMPLE_ECHOES,
        .machine_ns = whole_ns * 2,
        .requests = model->requests,
        .all_requests = model->requests * 2,
        .p50_ns = server_ns * 3,
        .memory_bytes = (12000 + idle * model->kib_per_idle) << 10,
        .threads = row->model == 1 ? 18 + idle : 3,
        .handles = 60 + idle * (row->model == 3 ? 2 : 1),
        .waits = model->calls[OBSERVE_WAIT] + model->calls[OBSERVE_DEQUEUE],
        .found = 1000};
    for (int kind = 0; kind < OBSERVE_KIND_COUNT; kind++)
        sample.calls[kind][OBSERVE_DONE] = model->calls[kind];
    if (row->model == 2) /* it looks at each of them */
        sample.calls[OBSERVE_RECEIVE][OBSERVE_WOULD_BLOCK] = idle;
    return sample;
}

static inline void sample_fill(struct result_row *row,
                               const struct result_block *block)
{
    int idle = block->idle_count;
    if (row->model == 2 && idle > SAMPLE_WALL)
        row->wall = idle = SAMPLE_WALL;
    row->has_counts = row->role != RESULT_PEER;
    row->sample_count = block->scenario == RESULT_IDLE ? 1 : 3;
    for (int s = 0; s < row->sample_count; s++) {
        uint64_t order = (uint64_t)(row - sample_plan.rows) * 3 + (uint64_t)s;
        row->samples[s] = sample_of(row, order, (uint64_t)idle);
        for (uint64_t i = 1; i <= SAMPLE_ECHOES; i++)
            histogram_add(&row->latency, row->samples[s].p50_ns / 3 *
                                             (i < 900 ? 3 + i / 300 : i / 100));
    }
    for (int c = 0;
         row->echoes_by_connection != NULL && c < block->connection_count; c++)
        row->echoes_by_connection[c] = (uint64_t)(60 + c % 3);
}

/* Makes the result anew; nothing is computed yet. The plan is to be freed. */
static inline struct result sample_make(void)
{
    struct plan_request request = {
        .scenarios = {[RESULT_WORK] = true,
                      [RESULT_SPEED] = true,
                      [RESULT_IDLE] = true,
                      [RESULT_PACED] = true},
        .is_full = true, /* with a ladder, 04 and 05 on 1 and 2 processors */
        .processors = 2,
        .connections = {1, 16, 64},
        .connections_count = 3,
        .idle = {1, 10, 100, 1000},
        .idle_count = 4,
        .models = {1, 2, 3, 4, 5},
        .model_count = 5,
        .peer_name = "a \"peer\", <&>",
        .peer_command = "peer.exe --port 7",
        .rate_per_s = 400,
        .launch_count = 3};
    plan_race(&sample_plan, &request);
    for (int i = 0; i < sample_plan.row_count; i++) {
        struct result_row *row = &sample_plan.rows[i];
        const struct result_block *block = &sample_plan.blocks[row->block];
        if (row->role != RESULT_PEER)
            sample_fill(row, block);
        else if (block->idle_count == 0)
            snprintf(row->failure, sizeof row->failure,
                     "connection 3, echo 17: byte 5 was 0x3C, <&> expected");
        row->lines_added = block->is_ladder ? i % 7 : 0;
    }
    return (struct result){
        .environment = {.system = "Windows 10.0",
                        .wine = "8.0",
                        .processor = "A processor",
                        .processors = 2,
                        .memory_bytes = UINT64_C(1) << 33,
                        .clock_hz = 10000000,
                        .compiler = "gcc 12",
                        .version = "0.1",
                        .commit = "0123abc",
                        .power_plan = "n/a"},
        .settings = {.command = "bench", .servers = "01,05", .launch_count = 3},
        .blocks = sample_plan.blocks,
        .block_count = sample_plan.block_count,
        .rows = sample_plan.rows,
        .row_count = sample_plan.row_count,
        .elapsed_ns = UINT64_C(58000000000)};
}

#endif
