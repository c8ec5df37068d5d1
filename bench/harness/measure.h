/* measure.h: one round of one server, as a report's row keeps it. */
#ifndef HARNESS_MEASURE_H
#define HARNESS_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "../report/result.h"
#include "load.h"
#include "process.h"

enum measure_outcome {
    MEASURE_DONE,
    MEASURE_FAILED, /* load->failure says why */
    MEASURE_STOPPED /* the stop event was signaled */
};

/* Runs the load for duration_ns and waits until the server has come to rest;
 * adds the round to the row, or drops it when is_warm_up. */
enum measure_outcome measure_round(struct process *process, struct load *load,
                                   uint64_t duration_ns, HANDLE stop,
                                   bool is_warm_up, struct result_row *row);

#endif
