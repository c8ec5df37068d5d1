/* measure.h: one measurement of one server, as a report's row keeps it. */
#ifndef HARNESS_MEASURE_H
#define HARNESS_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "../result/result.h"
#include "load.h"
#include "process.h"

enum measure_outcome {
    MEASURE_DONE,
    MEASURE_FAILED, /* load->failure says why */
    MEASURE_STOPPED /* the stop event was signaled */
};

/* Runs the load for duration_ns and waits until the server has come to rest;
 * adds what was measured to the row's sample of that epoch. */
enum measure_outcome measure_sample(struct process *process, struct load *load,
                                    uint64_t duration_ns, HANDLE stop,
                                    int epoch, struct result_row *row);

#endif
