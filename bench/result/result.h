/* result.h: what a run has measured, and the figures that follow from it.
 *
 * bench.c fills in what was measured; result_compute() computes every figure
 * from that; the writers print figures and compute nothing. Pure: no Windows
 * API, no I/O, so that it can be tested natively.
 *
 * A result is a list of blocks. A run has several epochs: each starts the
 * servers afresh and measures every row of every block once. The rows of a
 * block can be compared with each other, rows of two blocks cannot. */
#ifndef REPORT_RESULT_H
#define REPORT_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "environment.h"
#include "histogram.h"
#include "../run/prices.h"
#include "statistics.h"

/* ---- the words of a report ----------------------------------------------- */

enum result_scenario {
    RESULT_WORK,
    RESULT_SPEED,
    RESULT_MEMORY,
    RESULT_PACED,
    RESULT_HERD,
    RESULT_CHURN,
    RESULT_BULK,
    RESULT_SKEW,
    RESULT_SCENARIO_COUNT
};

struct result_scenario_words {
    const char *name;    /* "speed", as --scenario takes it */
    const char *purpose; /* one line: what it shows */
    const char *unit;    /* of the score: "echoes/s", at most eight letters */
    bool less_is_better;
    bool is_open_loop; /* latencies run from when a request was due */
};

/* Of each scenario; never NULL. */
const struct result_scenario_words *result_words(enum result_scenario scenario);

/* The kinds of calls that the seam counts and a server makes for an echo. */
enum result_kind {
    RESULT_RECEIVE, /* recv, WSARecv */
    RESULT_SEND,    /* send, WSASend */
    RESULT_WAIT,    /* select, WSAPoll, WSAWaitForMultipleEvents, SleepEx */
    RESULT_DEQUEUE, /* GetQueuedCompletionStatus(Ex) */
    RESULT_ASK,     /* WSAGetOverlappedResult */
    RESULT_RESET,   /* WSAResetEvent */
    RESULT_OTHER,   /* everything else but completion routines */
    RESULT_KIND_COUNT
};

/* How a call ended: enum observe_outcome, here without Windows. */
enum result_outcome {
    RESULT_DONE,        /* did its work before it returned */
    RESULT_PENDING,     /* overlapped: completes later */
    RESULT_WOULD_BLOCK, /* nothing to do yet, or a time-out */
    RESULT_FAILED,
    RESULT_OUTCOME_COUNT
};

/* Where the time of an echo went. */
enum result_part {
    RESULT_SERVER, /* processor time of the server; on Windows in user mode */
    RESULT_SYSTEM, /* under Wine that of the wineserver, which serves all calls;
                      on Windows that of server and client in the kernel */
    RESULT_CLIENT, /* of the client; on Windows in user mode */
    RESULT_IDLE,   /* the rest of the elapsed time */
    RESULT_PART_COUNT
};

/* What it went into, by counts times prices. */
enum result_cause {
    RESULT_BY_RECEIVE, /* with what a pending one costs until it is complete */
    RESULT_BY_SEND,
    RESULT_BY_WAIT,     /* waits, and being woken */
    RESULT_BY_RESULT,   /* dequeuing, routines, asking, resetting */
    RESULT_BY_CLIENT,   /* the client's own calls */
    RESULT_UNEXPLAINED, /* what is left; may be below 0 */
    RESULT_CAUSE_COUNT
};

const char *result_cause_name(enum result_cause cause); /* "receive", ... */

enum result_verdict {
    RESULT_NO_VERDICT, /* a baseline, nothing measured, or the control failed */
    RESULT_LESS,
    RESULT_MORE,
    RESULT_SAME, /* the whole range lies within 10 % */
    RESULT_CANNOT_TELL
};

/* "less", "more", "same within 10 %", "cannot tell"; "" for none. */
const char *result_verdict_words(enum result_verdict verdict);

/* ---- what was measured --------------------------------------------------- */

/* One server in one epoch, all rounds of it added up. Nothing but 64-bit numbers:
 * result_add() counts on it. */
struct result_sample {
    uint64_t echoes;     /* counted: complete within the window */
    uint64_t all_echoes; /* with those before and after it, to which calls and
                            processor times belong */
    uint64_t bytes;      /* of what was counted */
    uint64_t elapsed_ns; /* of the window */
    uint64_t whole_ns;   /* from the first send to the last echo */
    uint64_t busy_ns;    /* of whole_ns: the client did not wait */
    uint64_t cpu_ns[RESULT_IDLE]; /* by part; 0: n/a or none */
    uint64_t p50_ns;              /* of the last round's latencies; 0: none */
    uint64_t p99_ns;              /* likewise */
    uint64_t due_count;           /* open loop: requests that were due */
    uint64_t late_count; /* of these, sent more than 1 ms late by the client */
    uint64_t hot_echoes; /* skew: of the hot connection, 4,096 bytes each; not
                            in echoes */
    uint64_t memory_before_bytes; /* memory: of the server, without the idle */
    uint64_t memory_after_bytes;  /* connections, and with them; 0: n/a */
    int64_t calls[RESULT_KIND_COUNT][RESULT_OUTCOME_COUNT];
    int64_t waits;       /* calls that can wait for more than one thing */
    int64_t empty_waits; /* of these, those that found nothing */
    int64_t completions; /* what those calls found */
    int64_t client_calls[PRICES_CLIENT_CALLS]; /* see prices.h */
};

enum result_role {
    RESULT_MODEL,   /* one of the five, or a form of it */
    RESULT_CONTROL, /* the A/A control: the baseline under a second name */
    RESULT_PEER     /* somebody else's server */
};

struct result_percentiles { /* in us; known with ten values beyond it */
    struct figure p50;
    struct figure p90;
    struct figure p99;
    struct figure p999;
    struct figure max;
};

enum {
    RESULT_NAME_BYTES = 16,
    RESULT_FORM_BYTES = 96,
    RESULT_LINES_BYTES = 16,
    RESULT_FAILURE_BYTES = 240,
    RESULT_WHY_BYTES = 320
};

/* One server in one block. */
struct result_row {
    /* What was measured. */
    char name[RESULT_NAME_BYTES]; /* "01", "01 again", "05 +800", "1 worker" */
    char form[RESULT_FORM_BYTES]; /* its options; on a ladder also "minimal.c",
                                     "forms/spin.c" or "forms/batches.patch";
                                     a peer's command; or "" */
    char lines[RESULT_LINES_BYTES]; /* "+12 -30", of a patch; or "" */
    enum result_role role;
    int model;            /* 1 to 5: the chapter; 0: none of them */
    int block;            /* index of the block it belongs to */
    int connection_count; /* those that carry traffic */
    int idle_count;       /* herd, memory: open besides and silent */
    int processors;       /* how many everything may use; 0: all */
    int baseline;         /* the row that this one is relative to; may be
                             itself */
    int control;          /* the row that is the baseline again; -1: none */
    bool has_counts;      /* calls, waits and completions were counted */
    bool lacks_cpu;       /* the server's processor time is not to be had */
    char failure[RESULT_FAILURE_BYTES]; /* why there are no figures; or "" */
    struct result_sample *samples;      /* owned by whoever made the result */
    int sample_count;                   /* one for each epoch */
    uint64_t *echoes_by_connection; /* connection_count; all epochs; likewise.
                                       NULL: connections do not last */
    struct histogram latency; /* all epochs. Closed loop: from the send. Open
                                  loop: from when the request was due */
    struct histogram service; /* open loop: the same requests, but from the
                                  send ("uncorrected"); else empty */
    int thread_count;         /* 0: not to be had */

    /* What follows from it: result_compute(). */
    struct figure score;   /* mean over the epochs, in the block's unit */
    struct estimate ratio; /* of scores, to the baseline, epoch by epoch */
    enum result_verdict verdict;
    bool is_client_bound; /* the client was the limit */
    bool is_unsteady;     /* fewer than 20 echoes for each connection */
    struct figure budget_us[RESULT_PART_COUNT]; /* for each echo */
    struct figure cause_us[RESULT_CAUSE_COUNT]; /* work: for each echo */
    struct figure explained_percent; /* work: of the score, by the causes */
    struct result_percentiles latency_us;
    struct result_percentiles service_us;
    struct figure calls_per_echo[RESULT_KIND_COUNT];
    struct figure all_calls_per_echo;
    struct figure at_once_percent;      /* receives and sends: done at once */
    struct figure would_block_per_echo; /* receives and sends in vain */
    struct figure empty_waits_per_echo;
    struct figure completions_per_wait;
    struct figure jain; /* closed loop only: an open loop shares evenly */
    struct figure slowest_percent; /* slowest connection: % of an even share */
    struct figure hot_per_s;       /* skew: echoes/s of the hot connection */
    struct figure late_percent;    /* open loop: requests sent late */
    struct figure busy_percent;    /* of the time, the client did not wait */
    struct figure threads;         /* of the server */
    char why[RESULT_WHY_BYTES];    /* work: one sentence; "": nothing differs */
};

enum {
    RESULT_BUSY_BOUND_PERCENT = 85, /* the client is busy that much: bound */
    RESULT_LATE_BOUND_PERCENT = 20, /* or sends that much late */
    RESULT_STEADY_ECHOES = 20,
    RESULT_BEYOND_PERCENTILE = 10
};

/* Rows that were measured together. */
struct result_block {
    enum result_scenario scenario;
    bool is_ladder;       /* rows are rungs: forms of one server */
    char title[96];       /* "speed, 16 connections, 64 bytes" */
    char relative_to[24]; /* "01", "plain", "default", "no herd" */
    int connection_count; /* those that carry traffic */
    long message_bytes;
    long rate_per_s;  /* open loop: requests/s over all connections */
    int load_percent; /* open loop: instead, % of each row's own speed */
    long window_ms;   /* one measurement of one row */
    int round_count;  /* in each epoch; each row's are added up */
    int epoch_count;  /* planned */
    int first_row;    /* its rows stand together */
    int row_count;

    struct estimate control; /* the A/A control: the baseline to itself */
    bool is_noisy;           /* its range does not contain 1: no verdicts */
};

/* The settings in force. Texts are owned by whoever made the result. */
struct result_settings {
    const char *command;  /* "bench", "seam build/plain", "ladder 05" */
    const char *servers;  /* as measured: "01_blocking 02_nonblocking" */
    const char *pooled;   /* what all ratios in one say; NULL: nothing */
    const char *left_out; /* what could not be shown, a sentence; NULL */
    int round_count;      /* in each epoch; each row's are added up */
    int epoch_count;      /* planned */
    long seed;
};

struct result {
    struct environment environment;
    struct result_settings settings;
    struct price_list prices;
    struct result_block *blocks;
    int block_count;
    struct result_row *rows;
    int row_count;
    bool interrupted;    /* by Ctrl+C: figures from the epochs until then */
    uint64_t elapsed_ns; /* of the whole run */
    struct estimate
        pooled; /* the work of all rows that are neither baseline nor
                               control, in one: for two builds */
};

/* ---- what follows from it ------------------------------------------------ */

/* Adds one more round to a sample that may be all zero. */
void result_add(struct result_sample *sample, const struct result_sample *more);

/* Computes every figure and sentence. A row that failed, or has no sample, gets
 * none. */
void result_compute(struct result *result);

/* "server", "wineserver" or "kernel", "client", "idle". */
const char *result_part_name(const struct result *result,
                             enum result_part part);

/* Whether any row failed. */
bool result_has_failure(const struct result *result);

/* Whether a row has figures: it neither failed nor stayed unmeasured. */
bool result_has_figures(const struct result_row *row);

/* "01 blocking", "02 non-blocking", ... of a model; its own name otherwise. */
const char *result_full_name(const struct result_row *row);

/* The first block of a scenario that is no ladder; NULL: there is none. */
const struct result_block *result_find(const struct result *result,
                                       enum result_scenario scenario);

/* The one-sentence answer of the whole run, for the head of a report. */
void result_answer(const struct result *result, char text[RESULT_WHY_BYTES]);

#endif
