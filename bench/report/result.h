/* result.h: what a run has measured, and the figures that follow from it.
 *
 * bench.c fills in what was measured; result_compute() computes every figure
 * from that; the writers print figures and compute nothing. Pure: no Windows
 * API, no I/O, so that it can be tested natively. */
#ifndef REPORT_RESULT_H
#define REPORT_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "../harness/environment.h"
#include "../harness/histogram.h"
#include "../harness/statistics.h"

/* The kinds of calls in the cost card. */
enum result_kind {
    RESULT_RECEIVE, /* recv, WSARecv */
    RESULT_SEND,    /* send, WSASend */
    RESULT_WAIT,    /* select, WSAPoll, WSAWaitForMultipleEvents, SleepEx */
    RESULT_DEQUEUE, /* GetQueuedCompletionStatus(Ex), WSAGetOverlappedResult */
    RESULT_OTHER,   /* all other calls that the seam counts */
    RESULT_KIND_COUNT
};

/* One measured round of one server, as it was measured. */
struct result_round {
    uint64_t echoes;
    uint64_t elapsed_ns;
    uint64_t idle_ns; /* as in struct load_round */
    uint64_t client_cpu_ns;
    uint64_t server_cpu_ns;
    int64_t calls[RESULT_KIND_COUNT];
    int64_t waits;       /* calls that can wait for more than one thing */
    int64_t completions; /* what those calls found */
};

enum { RESULT_NAME_BYTES = 12, RESULT_FAILURE_BYTES = 240 };

/* One server at one connection count. */
struct result_row {
    /* What was measured. */
    char name[RESULT_NAME_BYTES]; /* "01", "01 again", "02 plain" */
    int connection_count;
    int baseline;    /* the row that this one is relative to; may be itself */
    int control;     /* the row whose interval is the noise floor */
    bool has_counts; /* calls, waits and completions were counted */
    char failure[RESULT_FAILURE_BYTES]; /* why there are no figures; or "" */
    struct result_round *rounds;        /* owned by whoever made the result */
    int round_count;                    /* measured, without the warm-up */
    uint64_t *echoes_by_connection; /* connection_count; all rounds; likewise */
    struct histogram latency;       /* all rounds */
    int thread_count;               /* 0: not to be had */

    /* What follows from it: result_compute(). */
    struct figure echoes_per_s; /* median of the rounds */
    struct estimate ratio;      /* to the baseline, pair by pair */
    bool differs;               /* the ratio shows a difference */
    struct figure p50_us;
    struct figure p99_us;
    struct figure calls_per_echo[RESULT_KIND_COUNT];
    struct figure completions_per_wait;
    struct figure jain;
    struct figure slowest_percent; /* slowest connection: % of an even share */
    struct figure cpu_us_per_echo; /* server */
    struct figure client_percent;  /* CPU of the client: % of one processor */
    struct figure waiting_percent; /* of the time of all connections, the part
                                      in which an echo was being waited for */
};

enum { RESULT_CLIENT_BOUND_PERCENT = 90 };

/* The settings in force. Texts are owned by whoever made the result. */
struct result_settings {
    const char *command;     /* "race", "seam build/plain" */
    const char *servers;     /* as measured: "01_blocking 02_nonblocking" */
    const char *connections; /* "1,16,128" */
    const char *relative_to; /* heading: "01", "plain" */
    const char *pooled;      /* what all ratios in one say; NULL: nothing */
    long message_bytes;
    long round_count;
    long round_ms;
    long seed;
};

struct result {
    struct environment environment;
    struct result_settings settings;
    struct result_row *rows; /* rows of one connection count stand together */
    int row_count;
    bool interrupted;       /* by Ctrl+C: figures from the rounds until then */
    uint64_t elapsed_ns;    /* of the whole run */
    struct estimate pooled; /* all ratios of all rows that are neither baseline
                               nor control, in one: for two builds */
};

/* CPU times come in steps of 10 to 16 ms: less than this many ns over all
 * rounds is "not known". */
#define RESULT_CPU_RESOLVED_NS UINT64_C(200000000)

/* Computes every figure. A row that failed, or has no round, gets none. */
void result_compute(struct result *result);

/* Whether any row failed. */
bool result_has_failure(const struct result *result);

#endif
