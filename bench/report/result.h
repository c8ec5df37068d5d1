/* result.h: what a run has measured, and the figures that follow from it.
 *
 * bench.c fills in what was measured; result_compute() computes every figure
 * from that; the writers print figures and compute nothing. Pure: no Windows
 * API, no I/O, so that it can be tested natively.
 *
 * A result is a list of blocks. The rows of a block were measured in the same
 * interleaved rounds and can be compared; rows of two blocks cannot. */
#ifndef REPORT_RESULT_H
#define REPORT_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "../harness/environment.h"
#include "../harness/histogram.h"
#include "../harness/statistics.h"

/* ---- the words of a report ----------------------------------------------- */

enum result_scenario {
    RESULT_PINGPONG,
    RESULT_PACED,
    RESULT_HERD,
    RESULT_CHURN,
    RESULT_BULK,
    RESULT_SKEW,
    RESULT_SCENARIO_COUNT
};

/* What the score of a row is. Of a latency less is better. */
enum result_metric {
    RESULT_ECHO_RATE,       /* echoes/s */
    RESULT_CONNECTION_RATE, /* connections/s: opened, one echo, closed */
    RESULT_BYTE_RATE,       /* MB/s (10^6 bytes) in each direction */
    RESULT_MEDIAN_LATENCY   /* us, from when a request was due */
};

struct result_scenario_words {
    const char *name;    /* "pingpong", as --scenario takes it */
    const char *purpose; /* one line: what it shows */
    enum result_metric metric;
    bool is_open_loop; /* latencies run from when a request was due */
};

/* Of each scenario; never NULL. */
const struct result_scenario_words *result_words(enum result_scenario scenario);

/* "echoes/s", "conns/s", "MB/s", "p50 us": at most eight characters. */
const char *result_unit(enum result_metric metric);

/* The kinds of calls in the cost card. */
enum result_kind {
    RESULT_RECEIVE, /* recv, WSARecv */
    RESULT_SEND,    /* send, WSASend */
    RESULT_WAIT,    /* select, WSAPoll, WSAWaitForMultipleEvents, SleepEx */
    RESULT_DEQUEUE, /* GetQueuedCompletionStatus(Ex), WSAGetOverlappedResult */
    RESULT_OTHER,   /* all other calls that the seam counts */
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

/* "receive", "send", ...; "done at once", "pending", ... */
const char *result_kind_name(enum result_kind kind);
const char *result_outcome_name(enum result_outcome outcome);

/* ---- what was measured --------------------------------------------------- */

/* One measured round of one server, as it was measured. */
struct result_round {
    uint64_t echoes;     /* whole messages; churn: connections */
    uint64_t bytes;      /* that came back and were as they should be */
    uint64_t elapsed_ns; /* of the round */
    uint64_t idle_ns;    /* as in struct load_round */
    uint64_t client_cpu_ns;
    uint64_t server_cpu_ns;
    uint64_t p50_ns;     /* of this round's latencies; 0: none */
    uint64_t p99_ns;     /* likewise */
    uint64_t due_count;  /* open loop: requests that were due */
    uint64_t late_count; /* of these, sent late: see RESULT_LATE_US */
    uint64_t hot_echoes; /* skew: of the hot connection, 4,096 bytes each; not
                            in echoes */
    int64_t calls[RESULT_KIND_COUNT][RESULT_OUTCOME_COUNT];
    int64_t waits;       /* calls that can wait for more than one thing */
    int64_t empty_waits; /* of these, those that found nothing */
    int64_t completions; /* what those calls found */
};

/* A request that goes out this much after it was due and its connection was
 * free is late, and the client is to blame. */
enum { RESULT_LATE_US = 1000 };

enum result_role {
    RESULT_SERVER,    /* one of the five, or a form of it */
    RESULT_CONTROL,   /* the A/A control: a server under a second name */
    RESULT_PEER,      /* somebody else's server */
    RESULT_REFLECTOR, /* the least that an echo can be: the client's ceiling */
};

/* The percentiles that every report shows, in us. */
struct result_percentiles {
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
    RESULT_WHY_BYTES = 400
};

/* One server in one block. */
struct result_row {
    /* What was measured. */
    char name[RESULT_NAME_BYTES];   /* "01", "01 again", "05 +800", "batch 8" */
    char form[RESULT_FORM_BYTES];   /* its options; on a ladder also "minimal.c"
                                     or "forms/spin.patch"; a peer's command;
                                     or "" */
    char lines[RESULT_LINES_BYTES]; /* "+12 -30", of a patch; or "" */
    enum result_role role;
    int model;            /* 1 to 5: the chapter; 0: none of them */
    int block;            /* index of the block it belongs to */
    int connection_count; /* those that carry traffic */
    int idle_count;       /* herd: open besides and silent */
    int baseline;         /* the row that this one is relative to; may be
                             itself */
    int control;          /* the row whose interval is the noise floor */
    bool has_counts;      /* calls, waits and completions were counted */
    bool lacks_cpu;       /* the server's CPU time is not to be had */
    char failure[RESULT_FAILURE_BYTES]; /* why there are no figures; or "" */
    struct result_round *rounds;        /* owned by whoever made the result */
    int round_count;                    /* measured, without the warm-up */
    uint64_t *echoes_by_connection; /* connection_count; all rounds; likewise.
                                       NULL: connections do not last */
    struct histogram latency; /* all rounds. Closed loop: from the send. Open
                                  loop: from when the request was due */
    struct histogram service; /* open loop: the same requests, but from the
                                  send ("uncorrected"); else empty */
    int thread_count;         /* 0: not to be had */
    uint64_t memory_before_bytes; /* herd: of the server, without the idle
                                     connections, and with them; 0: n/a */
    uint64_t memory_after_bytes;

    /* What follows from it: result_compute(). */
    struct figure score;   /* median of the rounds, in the block's unit */
    struct estimate ratio; /* of scores, to the baseline, pair by pair */
    bool differs;          /* the ratio shows a difference */
    struct result_percentiles latency_us;
    struct result_percentiles service_us;
    struct figure calls_per_echo[RESULT_KIND_COUNT];
    struct figure outcomes_per_echo[RESULT_KIND_COUNT][RESULT_OUTCOME_COUNT];
    struct figure at_once_percent;      /* receives and sends: done at once */
    struct figure would_block_per_echo; /* receives and sends in vain */
    struct figure empty_waits_per_echo;
    struct figure completions_per_wait;
    struct figure jain; /* closed loop only: an open loop shares evenly */
    struct figure slowest_percent; /* slowest connection: % of an even share */
    struct figure cpu_us_per_echo; /* server */
    struct figure memory_per_idle; /* bytes of the server; herd */
    struct figure hot_per_s;       /* skew: echoes/s of the hot connection */
    struct figure late_percent;    /* open loop: requests sent late */
    struct figure client_percent;  /* CPU of the client: % of one processor */
    struct figure waiting_percent; /* of the time of all connections, the part
                                      in which an echo was being waited for;
                                      closed loop only */
    bool is_client_bound;          /* the client was the limit: no rank */
    char why[RESULT_WHY_BYTES];    /* one sentence: why it is ahead of its
                                   baseline or behind; "" for a baseline */
};

enum {
    RESULT_CLIENT_BOUND_PERCENT = 90, /* CPU of the client from which on ... */
    RESULT_LATE_BOUND_PERCENT = 20    /* late sends from which on it is bound:
                                         fewer hardly move a median */
};

/* Rows that were measured together. */
struct result_block {
    enum result_scenario scenario;
    bool is_ladder;       /* rows are rungs: forms of one server */
    char title[96];       /* "pingpong, 16 connections, 64 bytes" */
    char relative_to[24]; /* "01", "plain", "default", "no herd" */
    int connection_count; /* those that carry traffic */
    long message_bytes;
    long rate_per_s; /* open loop: requests/s over all connections */
    long round_ms;
    long round_count; /* planned, without the warm-up */
    int first_row;    /* its rows stand together */
    int row_count;

    struct figure noise_factor;     /* the floor is 1 / factor to factor */
    char summary[RESULT_WHY_BYTES]; /* best against worst in one sentence; "":
                                       nothing to say */
};

/* The settings in force. Texts are owned by whoever made the result. */
struct result_settings {
    const char *command;     /* "bench", "seam build/plain", "ladder 05" */
    const char *servers;     /* as measured: "01_blocking 02_nonblocking" */
    const char *relative_to; /* heading: "01", "plain", "default" */
    const char *pooled;      /* what all ratios in one say; NULL: nothing */
    const char *left_out;    /* what a ladder cannot show, a sentence; NULL */
    long seed;
};

struct result {
    struct environment environment;
    struct result_settings settings;
    struct result_block *blocks;
    int block_count;
    struct result_row *rows;
    int row_count;
    bool interrupted;       /* by Ctrl+C: figures from the rounds until then */
    uint64_t elapsed_ns;    /* of the whole run */
    struct estimate pooled; /* all ratios of all rows that are neither baseline
                               nor control, in one: for two builds */
};

/* CPU times come in steps of 10 to 16 ms: less than this many ns over all
 * rounds is "not known". */
#define RESULT_CPU_RESOLVED_NS UINT64_C(200000000)

/* ---- what follows from it ------------------------------------------------ */

/* Computes every figure and sentence. A row that failed, or has no round, gets
 * none. */
void result_compute(struct result *result);

/* Whether any row failed. */
bool result_has_failure(const struct result *result);

/* Whether less is better for the scores of the block. */
bool result_is_latency(const struct result_block *block);

#endif
