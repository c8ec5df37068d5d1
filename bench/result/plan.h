/* plan.h: what a run will measure: the blocks and rows of its result, still
 * empty. Pure, so that every plan can be tested natively.
 *
 * Whatever is asked for, race, herd, ladder or two builds, is the same thing: a
 * series is a list of rungs (servers, each with a baseline among them) and a
 * list of blocks (ways to measure). In each launch a rung's server is started
 * and measured in every block of the series, one after the other. */
#ifndef RESULT_PLAN_H
#define RESULT_PLAN_H

#include <stdbool.h>

#include "result.h"

enum {
    PLAN_MODELS = 5,
    PLAN_COUNTS_AT_MOST = 8,
    PLAN_SERIES_AT_MOST = 16,
    PLAN_BLOCKS_AT_MOST = 64,
    PLAN_ROWS_AT_MOST = 512,
    PLAN_LAUNCHES_AT_LEAST = 3, /* of what is timed */
    PLAN_SPEED_LAUNCHES = 2,    /* where time is short */
    PLAN_LAUNCHES_AT_MOST = 100
};

/* What was asked for. 0 or an empty list: what suits the scenario. */
struct plan_request {
    bool scenarios[RESULT_SCENARIO_COUNT];
    bool is_full;   /* also at more connections, and 04 and 05 with 1, 2 and all
                       processors */
    int processors; /* of this machine */
    int connections[PLAN_COUNTS_AT_MOST];
    int connections_count;
    int idle[PLAN_COUNTS_AT_MOST]; /* idle, herd */
    int idle_count;
    int models[PLAN_COUNTS_AT_MOST]; /* 1 to 5; the first is the baseline */
    int model_count;
    const char *peer_name; /* NULL: none */
    const char *peer_command;
    long message_bytes;
    long rate_per_s;
    long window_ms;
    int launch_count; /* 0: until the time is used, PLAN_LAUNCHES_AT_MOST */
};

struct plan_series {
    int first_block;
    int block_count; /* each with the same rungs, in the same order */
};

struct plan {
    struct plan_series series[PLAN_SERIES_AT_MOST];
    int series_count;
    struct result_block blocks[PLAN_BLOCKS_AT_MOST];
    int block_count;
    struct result_row *rows; /* plan_free() frees all of them */
    struct result_sample *samples;
    uint64_t *shares; /* echoes_by_connection of all rows */
    int row_count;
    bool is_incomplete; /* too many rows, or no memory: of no use */
};

/* Every scenario asked for, at every connection count. */
void plan_race(struct plan *plan, const struct plan_request *request);

/* The forms of one chapter, 1 to 5, each against server.c without options. */
void plan_ladder(struct plan *plan, const struct plan_request *request,
                 int model);

/* Each server twice, from another build and from this one, called for example
 * "05 old" and "05 new". */
void plan_builds(struct plan *plan, const struct plan_request *request,
                 const char *other, const char *this_one);

void plan_free(struct plan *plan);

/* About how long one launch of one rung takes, and one of all, in ms. */
long plan_launch_ms(const struct plan *plan, const struct plan_series *series);

#endif
