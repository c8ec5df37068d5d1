/* sample.h: a small made-up result with a block of most kinds, filled in as
 * run/ would: five models and the control, three launches, a wall, a failure,
 * names with odd characters. Numbers follow a simple formula. */
#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

#include <stdio.h>
#include <string.h>

#include "result/result.h"

enum {
    SAMPLE_BLOCKS = 16,
    SAMPLE_ROWS = 96,
    SAMPLE_LAUNCHES = 3,
    SAMPLE_ECHOES = 1000,
    SAMPLE_WALL = 62 /* of 02 */
};

/* What is known of each model; row 0 is a peer, whose calls nobody counts. */
static const struct sample_model {
    const char *name;
    int server_ns; /* of an echo */
    int requests;  /* all in 1000 echoes, as the calls by kind */
    int kib_per_idle;
    uint64_t calls[OBSERVE_KIND_COUNT];
} sample_models[] = {
    {"a \"peer\", <&>", 50000, 0, 20, {0}},
    {"01", 60000, 6100, 1006, {1000, 1000}},
    {"02", 52000, 6300, 5, {1010, 1000, 490}},
    {"03", 70000, 8300, 9, {1000, 1000, 200, 0, 2000, 2000}},
    {"04", 66000, 10300, 8, {1000, 1000, 1000, 0, 0, 0, 0, 2000}},
    {"05", 54000, 7400, 7, {1000, 1000, 0, 900}}};

static struct result_block sample_blocks[SAMPLE_BLOCKS];
static struct result_row sample_rows[SAMPLE_ROWS];
static struct result_sample samples[SAMPLE_ROWS][SAMPLE_LAUNCHES];
static uint64_t sample_shares[SAMPLE_ROWS][64];
static struct result sample;

static inline struct result_block *sample_block(enum result_scenario scenario,
                                                const char *title,
                                                int connections, int idle)
{
    struct result_block *block = &sample_blocks[sample.block_count++];
    *block = (struct result_block){.scenario = scenario,
                                   .relative_to = "01",
                                   .connection_count = connections,
                                   .idle_count = idle,
                                   .message_bytes = 64,
                                   .window_ms = 200,
                                   .first_row = sample.row_count};
    snprintf(block->title, sizeof block->title, "%s", title);
    return block;
}

/* One launch: a little more or less than in the one before. */
static inline void sample_fill(struct result_sample *s,
                               const struct result_block *block,
                               const struct result_row *row, int launch)
{
    const struct sample_model *model = &sample_models[row->model];
    uint64_t percent = 92 + (uint64_t)(launch * 7 + row->model * 3) % 16;
    uint64_t server_ns = (uint64_t)model->server_ns * percent / 100;
    uint64_t together = block->scenario == RESULT_WORK ? 1 : 2;
    uint64_t idle = (uint64_t)block->idle_count;
    if (row->wall > 0)
        idle = (uint64_t)row->wall;
    *s = (struct result_sample){
        .order = (uint64_t)(sample.row_count + launch * SAMPLE_ROWS),
        .echoes = SAMPLE_ECHOES,
        .all_echoes = SAMPLE_ECHOES,
        .elapsed_ns = server_ns * 2 * SAMPLE_ECHOES / together,
        .waited_ns = server_ns * SAMPLE_ECHOES / 2,
        .server_ns = server_ns * SAMPLE_ECHOES,
        .system_ns = server_ns * SAMPLE_ECHOES / 2,
        .client_ns = UINT64_C(40000) * SAMPLE_ECHOES,
        .requests = (uint64_t)model->requests,
        .all_requests = (uint64_t)model->requests * 2,
        .p50_ns = server_ns * 3,
        .memory_bytes = (12000 + idle * (uint64_t)model->kib_per_idle) << 10,
        .threads = row->model == 1
                       ? 2 + idle + (uint64_t)block->connection_count
                       : 2 + (uint64_t)(row->model > 2),
        .handles = 60 + idle * (row->model == 1 || row->model == 3 ? 2 : 1)};
    s->whole_ns = s->elapsed_ns;
    s->machine_ns = s->whole_ns * 2;
    s->at_ns = s->order * 200000000;
    s->waits = model->calls[OBSERVE_WAIT] + model->calls[OBSERVE_DEQUEUE];
    s->found = s->waits > 0 ? 2000 : 0;
    for (int kind = 0; kind < OBSERVE_KIND_COUNT; kind++)
        s->calls[kind][OBSERVE_DONE] = model->calls[kind];
    if (row->model == 2) /* select looks at each of them */
        s->calls[OBSERVE_RECEIVE][OBSERVE_WOULD_BLOCK] = 10 + idle;
    for (uint64_t i = 1; i <= SAMPLE_ECHOES; i++)
        histogram_add((struct histogram *)&row->latency,
                      server_ns * (i < 900 ? 3 + i / 300 : i / 100));
}

/* Adds a row to the last block: a server and how it fared. */
static inline struct result_row *sample_row(int model, const char *name)
{
    struct result_block *block = &sample_blocks[sample.block_count - 1];
    struct result_row *row = &sample_rows[sample.row_count];
    *row = (struct result_row){.model = model,
                               .role = model == 0 ? RESULT_PEER : RESULT_MODEL,
                               .block = sample.block_count - 1,
                               .processors = block->scenario != RESULT_SPEED,
                               .baseline = block->first_row,
                               .has_counts = model > 0,
                               .samples = samples[sample.row_count]};
    snprintf(row->name, sizeof row->name, "%s", name);
    block->row_count++;
    sample.row_count++;
    if (model == 2 && block->idle_count > SAMPLE_WALL)
        row->wall = SAMPLE_WALL;
    row->sample_count = block->scenario == RESULT_IDLE ? 1 : SAMPLE_LAUNCHES;
    for (int launch = 0; launch < row->sample_count; launch++)
        sample_fill(&row->samples[launch], block, row, launch);
    row->echoes_by_connection = sample_shares[sample.row_count - 1];
    for (int c = 0; c < block->connection_count; c++)
        row->echoes_by_connection[c] = (uint64_t)(60 + c % 3);
    return row;
}

static inline void sample_models_of_block(bool has_control)
{
    sample_row(1, "01");
    if (has_control)
        sample_row(1, "01 again")->role = RESULT_CONTROL;
    for (int model = 2; model <= 5; model++)
        sample_row(model, sample_models[model].name);
}

static inline void sample_ladder(void)
{
    static const char *const names[] = {"minimal", "no_skip", "batches"};
    static const char *const forms[] = {"minimal.c", "forms/no_skip.patch",
                                        "forms/<&\"batches\">.patch"};
    sample_block(RESULT_WORK, "ladder of 05, 16 connections, 64 bytes", 16, 0);
    sample_blocks[sample.block_count - 1].is_ladder = true;
    snprintf(sample_blocks[sample.block_count - 1].relative_to,
             RESULT_NAME_BYTES, "default");
    sample_row(5, "default");
    for (int i = 0; i < 3; i++) {
        struct result_row *row = sample_row(5 - i, names[i]);
        row->model = 5;
        row->lines_added = 3 + 2 * i;
        row->lines_removed = 40 - 19 * i;
        snprintf(row->form, sizeof row->form, "%s", forms[i]);
    }
}

/* Makes the result anew; nothing is computed yet. */
static inline struct result *sample_make(void)
{
    static const int connections[] = {1, 16, 64};
    static const int idle[] = {0, 1, 10, 100, 1000};
    char title[96];
    sample = (struct result){.blocks = sample_blocks, .rows = sample_rows};
    sample.environment = (struct environment){.system = "Windows 10.0",
                                              .wine = "8.0",
                                              .processor = "A processor",
                                              .processors = 2,
                                              .memory_bytes = UINT64_C(1) << 33,
                                              .clock_hz = 10000000,
                                              .compiler = "gcc 12",
                                              .version = "0.1",
                                              .commit = "0123abc",
                                              .power_plan = "n/a"};
    sample.settings =
        (struct result_settings){.command = "bench",
                                 .servers = "01,02,03,04,05,a \"peer\", <&>",
                                 .launch_count = SAMPLE_LAUNCHES,
                                 .seed = 7};
    sample.elapsed_ns = UINT64_C(58000000000);
    for (int i = 0; i < 6; i++) {
        snprintf(title, sizeof title, "%s, %d connections, 64 bytes",
                 i < 3 ? "work" : "speed", connections[i % 3]);
        sample_block(i < 3 ? RESULT_WORK : RESULT_SPEED, title,
                     connections[i % 3], 0);
        sample_models_of_block(true);
    }
    snprintf(sample_row(0, sample_models[0].name)->failure, RESULT_TEXT_BYTES,
             "connection 3, echo 17: byte 5 was 0x3C, <&> expected");
    for (int i = 0; i < 5; i++) {
        snprintf(title, sizeof title, "idle, %d beside", idle[i]);
        sample_block(RESULT_IDLE, title, 1, idle[i]);
        sample_models_of_block(false);
    }
    sample_block(RESULT_PACED, "paced, 2000/s", 16, 0)->rate_per_s = 2000;
    sample_models_of_block(true);
    sample_ladder();
    return &sample;
}

#endif
