/* plan.h: what a run will measure: the blocks and rows of its result, still
 * empty. Pure, so that every plan can be tested natively.
 *
 * Row by row it also says which process is measured: rows that stand for the
 * same program with the same options share a process when they have the same
 * instance number. */
#ifndef REPORT_PLAN_H
#define REPORT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "result.h"

enum {
    PLAN_MODELS = 5,
    PLAN_COUNTS_AT_MOST = 8,
    PLAN_BLOCKS_AT_MOST = 64,
    PLAN_ROWS_AT_MOST = 512
};

/* What was asked for. 0 or an empty list: what suits the scenario. */
struct plan_request {
    bool scenarios[RESULT_SCENARIO_COUNT];
    bool is_short;    /* the default run: under a minute */
    bool has_scaling; /* also 04 and 05 on one processor, on two, on all */
    int processors;   /* of this machine */
    int connections[PLAN_COUNTS_AT_MOST];
    int connections_count;
    int idle[PLAN_COUNTS_AT_MOST]; /* herd, memory */
    int idle_count;
    int models[PLAN_MODELS]; /* 1 to 5; the first is the baseline */
    int model_count;
    const char *peer_name; /* NULL: none */
    const char *peer_command;
    long message_bytes;
    long rate_per_s;
    long epoch_count;
    long window_ms;
};

struct plan {
    struct result_block blocks[PLAN_BLOCKS_AT_MOST];
    bool is_paired[PLAN_BLOCKS_AT_MOST]; /* rows with the same baseline are
                                            measured right after each other */
    int block_count;
    int epoch_count;
    struct result_row *rows; /* PLAN_ROWS_AT_MOST; free with plan_free() */
    int *instances;          /* likewise */
    struct result_sample *samples; /* likewise: of all rows */
    uint64_t *shares;              /* likewise: echoes_by_connection */
    int row_count;
    const char *left_out; /* what a ladder cannot show; NULL: nothing */
    bool is_incomplete;   /* too many rows, or no memory: of no use */
};

/* Every scenario asked for, at every connection count. */
void plan_race(struct plan *plan, const struct plan_request *request);

/* The rungs of one chapter, 1 to 5. */
void plan_ladder(struct plan *plan, const struct plan_request *request,
                 int model);

/* Each server twice: from another build (instance 1000 and up) and from this
 * one, called for example "05 old" and "05 new". */
void plan_builds(struct plan *plan, const struct plan_request *request,
                 const char *other, const char *this_one);

/* The rows of the plan become those of a result, with memory for what will be
 * measured. False: not enough memory. plan_free() frees it. */
bool plan_allocate(struct plan *plan);

void plan_free(struct plan *plan);

/* About how long one measurement of a row takes, and one epoch, in ms. */
long plan_window_ms(const struct plan *plan, int row);
long plan_epoch_ms(const struct plan *plan, int epoch);

/* The row's group: rows of one group are measured right after each other. */
int plan_group(const struct plan *plan, int row);

enum { PLAN_OTHER_BUILD = 1000 };

#endif
