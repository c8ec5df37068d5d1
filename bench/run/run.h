/* run.h: measures a plan. It has several epochs: each measures every row of
 * every block once, the blocks and the rows in random order, and starts the
 * servers afresh for each block. Measurements within one launch of a server resemble each other more
 * than those of two launches; so only launches are counted as repeats. */
#ifndef HARNESS_RUN_H
#define HARNESS_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "../result/plan.h"

enum { RUN_EPOCHS_AT_LEAST = 3 };

struct run_options {
    const char *directory;       /* where the servers are */
    const char *other_directory; /* those of another build; or NULL */
    bool is_seam;                /* that build has no seam */
    uint64_t seed;
    uint64_t limit_ns; /* no further epoch when it would end after this, counted
                          from the start; 0: as long as it takes */
};

/* Measures the plan, whose rows it fills, and beside each block of work the
 * prices, which are 0 before. Says on stderr how far it is. *interrupted: by Ctrl+C. *one_processor:
 * work could be put on one. Returns whether every server ended as it should. */
bool run_plan(struct plan *plan, const struct run_options *options,
              struct price_list *prices, bool *interrupted,
              bool *one_processor);

#endif
