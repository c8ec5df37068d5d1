/* environment.h: where the figures come from. The structure is plain text and
 * numbers, so that a writer can print it without any Windows API. */
#ifndef RESULT_ENVIRONMENT_H
#define RESULT_ENVIRONMENT_H

#include <stdbool.h>
#include <stdint.h>

struct environment {
    char system[96];       /* "Windows 10.0 build 19045" */
    char wine[48];         /* Wine's version; empty: no Wine */
    char processor[96];    /* the processor's name; "n/a": not to be had */
    unsigned processors;   /* logical ones that this process may use */
    uint64_t memory_bytes; /* physical memory; 0: not to be had */
    uint64_t clock_hz;     /* steps of the clock that times echoes */
    char compiler[96];     /* what built this program */
    char version[32];      /* of the suite */
    char commit[48];       /* of the source; "n/a": built without one */
    bool is_observed;      /* built with the seam: OBSERVE=1 */
    uint32_t timer_100ns;  /* resolution of the system timer now, which any
                              program may have changed; 0: n/a */
    uint32_t timer_finest_100ns; /* the finest it can be set to; 0: n/a */
    char power_plan[32];         /* "balanced", ...; "n/a" */
};

#endif
