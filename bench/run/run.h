/* run.h: measures a plan. Series after series, each launch starts every rung's
 * server afresh, in random order, and measures it in every block of the series.
 * Measurements within one launch resemble each other more than those of two:
 * so only launches count as repeats. */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "../result/plan.h"

struct run_options {
    const char *directory;       /* where the servers are */
    const char *other_directory; /* those of another build; or NULL */
    bool is_seam;                /* that build must have no seam */
    uint64_t seed;
    uint64_t limit_ns; /* no further launch when it would end after this, but
                          PLAN_LAUNCHES_AT_LEAST; 0: as long as it takes */
};

/* Measures the plan, whose rows it fills. Says on stderr how far it is. Sets in
 * result whether it was interrupted, how many launches there were, the time
 * that it took, and a remark. Returns whether every server ended as it should.
 * Ends the program with status 2 when a program of the plan is not there. */
bool run_plan(struct plan *plan, const struct run_options *options,
              struct result *result);

#endif
