/* result.h: what a run has measured, and the figures that follow from it.
 *
 * plan.c makes the blocks and rows, run/ fills in the samples, result_compute()
 * computes every figure and sentence, and the writers print them and compute
 * nothing. Pure: no Windows API, no I/O.
 *
 * A row is one server measured in one way; a block is a list of rows measured
 * in the same way. A sample is one row in one launch of its server: launches
 * are the repeats. Counts (calls, requests, threads, handles) are exact and
 * come first; times get a range. */
#ifndef RESULT_RESULT_H
#define RESULT_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "environment.h"
#include "histogram.h"
#include "statistics.h"
#include "../../common/seam/calls.h"

/* ---- the words of a report ----------------------------------------------- */

enum result_scenario {
    RESULT_WORK,  /* closed loop, everything on one processor */
    RESULT_SPEED, /* closed loop, all processors */
    RESULT_IDLE,  /* one active client beside many idle connections */
    RESULT_PACED, /* open loop, an absolute rate */
    RESULT_SIZES, /* as work, with messages of other sizes */
    RESULT_HERD,  /* as speed, beside many idle connections */
    RESULT_CHURN, /* connections that last for one echo */
    RESULT_SCENARIO_COUNT
};

/* What has a range and a verdict, because it is a time. */
enum result_measure {
    RESULT_COST, /* us of processor time for an echo: of the server, and of the
                    system on its behalf */
    RESULT_RATE, /* echoes/s; churn: connections/s */
    RESULT_P50,  /* us: half of the echoes took at most this long */
    RESULT_MEASURE_COUNT
};

struct result_scenario_words {
    const char *name;            /* "speed", as --scenario takes it */
    const char *purpose;         /* one line: what it shows */
    enum result_measure measure; /* the one that it is about */
};

/* Of each scenario; never NULL. */
const struct result_scenario_words *result_words(enum result_scenario scenario);

/* "server us", "echoes/s" ("conns/s" for churn), "p50 us". */
const char *result_unit(enum result_measure measure,
                        enum result_scenario scenario);

enum result_verdict {
    RESULT_NO_VERDICT, /* a baseline, a control, or nothing measured */
    RESULT_LESS,       /* the whole confidence interval lies below 1 */
    RESULT_MORE,
    RESULT_WITHIN /* it contains 1 */
};

/* ---- what was measured --------------------------------------------------- */

/* One row in one launch. 64-bit numbers only; 0: n/a where it says so. */
struct result_sample {
    uint64_t order;      /* which measurement of the run this was, from 1 */
    uint64_t at_ns;      /* when it began, since the run began */
    uint64_t echoes;     /* counted: complete within the window */
    uint64_t all_echoes; /* with those before and after it, to which calls,
                             requests and processor times belong */
    uint64_t elapsed_ns; /* of the window */
    uint64_t whole_ns;   /* from the first send to the last echo */
    uint64_t waited_ns;  /* of whole_ns: the client waited */
    uint64_t server_ns;  /* processor time of the server; 0: n/a */
    uint64_t system_ns;  /* of the wineserver, for all; Windows: 0 (its part is
                             in server_ns and client_ns) */
    uint64_t client_ns;  /* of the client */
    uint64_t machine_ns; /* of all programs there are; 0: n/a */
    uint64_t requests;   /* of the server to the wineserver; 0: n/a */
    uint64_t all_requests; /* with those of the client; 0: n/a */
    uint64_t p50_ns;       /* 0: none */
    uint64_t due_count;    /* open loop: requests that were due */
    uint64_t late_count; /* of these, sent more than 1 ms late by the client */
    uint64_t memory_bytes; /* of the server; 0: n/a */
    uint64_t threads;      /* of the server; 0: n/a */
    uint64_t handles;      /* of the server; 0: n/a */
    uint64_t waits;        /* calls that can wait for more than one thing */
    uint64_t found;        /* what those calls found */
    uint64_t calls[OBSERVE_KIND_COUNT][OBSERVE_OUTCOME_COUNT];
};

enum result_role {
    RESULT_MODEL,   /* one of the five, or a form of it */
    RESULT_CONTROL, /* the baseline a second time, under another name */
    RESULT_PEER     /* somebody else's server */
};

enum {
    RESULT_NAME_BYTES = 24,
    RESULT_FORM_BYTES = 96,
    RESULT_TEXT_BYTES = 320
};

/* A time with its ranges. */
struct result_score {
    struct figure value; /* geometric mean over the launches */
    bool has_range; /* low and high are meaningful, and so are the ratio's */
    double low;     /* where 95 of 100 repeats of the whole run would have */
    double high;    /* theirs */
    struct figure
        ratio;        /* to the baseline; not known for the baseline itself */
    double ratio_low; /* 95 % confidence interval of the ratio */
    double ratio_high;
    enum result_verdict verdict;
};

struct result_row {
    /* What is measured: plan.c. */
    char name[RESULT_NAME_BYTES]; /* "01", "01 again", "05 new", "1 worker" */
    char form[RESULT_FORM_BYTES]; /* its options; on a ladder also "minimal.c",
                                     "forms/spin.c" or "forms/batches.patch";
                                     a peer's command; or "" */
    enum result_role role;
    int model;      /* 1 to 5: the chapter; 0: none of them */
    int block;      /* index of the block it belongs to */
    int processors; /* that server, client and system may use; 0: all */
    int baseline;   /* the row that this one is relative to; may be itself */
    bool is_other_build; /* of `ab` and `seam`: not of this folder */

    /* What was found: run/. */
    int lines_added; /* of a patch, or against minimal.c; both 0: n/a */
    int lines_removed;
    bool has_counts; /* calls were counted */
    int wall;        /* idle: so many connections were served, and not one more;
                        0: all were */
    char failure[RESULT_TEXT_BYTES]; /* why there are no figures; or "" */
    struct result_sample *samples; /* one for each launch; owned by the plan */
    int sample_count;
    uint64_t *echoes_by_connection; /* connection_count, all launches; likewise.
                                       NULL: connections do not last */
    struct histogram latency; /* all launches. Closed loop: from the send. Open
                                 loop: from when the request was due */

    /* What follows from it: result_compute(). */
    struct result_score scores[RESULT_MEASURE_COUNT];
    struct figure calls;     /* of the server, for each echo */
    struct figure calls_low; /* the launches with fewest and with most: a */
    struct figure
        calls_high; /* server that batches is not the same each time */
    struct figure kinds[OBSERVE_KIND_COUNT]; /* calls for each echo, by kind */
    struct figure at_once_percent; /* receives and sends that were done when the
                                      call returned */
    struct figure in_vain;         /* receives and sends in vain, each echo */
    struct figure found_per_wait;  /* ready sockets or completions */
    struct figure requests; /* to the wineserver, each echo: the server's */
    struct figure client_requests; /* and the client's */
    struct figure server_us; /* processor time for each echo: the server's */
    struct figure system_us; /* the system's on its behalf */
    struct figure client_us; /* the client's */
    struct figure threads;   /* of the server */
    struct figure handles;
    struct figure memory_kb;
    struct figure
        kb_per_idle; /* idle: more than at the baseline, by connection */
    struct figure handles_per_idle;
    struct figure p50_us; /* percentiles: known with ten values beyond it */
    struct figure p90_us;
    struct figure p99_us;
    struct figure p999_us;
    struct figure max_us;
    struct figure jain; /* fairness, closed loop: 1 when all got the same */
    struct figure slowest_percent; /* slowest connection: % of an even share */
    struct figure late_percent;    /* open loop: requests sent late */
    struct figure busy_percent;    /* of the time, the client did not wait */
    bool is_client_bound; /* the client was the limit: no verdict on its
                                      rate */
};

/* Rows that were measured in the same way. */
struct result_block {
    enum result_scenario scenario;
    bool is_ladder;       /* rows are rungs: forms of one server */
    char title[96];       /* "work, 16 connections, 64 bytes" */
    char relative_to[24]; /* "01", "default", "old", "none idle" */
    int connection_count; /* those that carry traffic */
    int idle_count;       /* open besides and silent */
    long message_bytes;
    long rate_per_s;  /* open loop: requests/s over all connections */
    long window_ms;   /* one measurement of one row */
    int launch_count; /* planned, at most */
    int first_row;    /* its rows stand together */
    int row_count;

    /* result_compute(): of each measure, the smallest difference to the
     * baseline, in percent, that this run could have shown; what the control,
     * which is the baseline again, made of it. */
    struct figure shows_percent[RESULT_MEASURE_COUNT];
    struct result_score control[RESULT_MEASURE_COUNT];
};

/* The settings in force. Texts are owned by whoever made the result. */
struct result_settings {
    const char *command; /* "bench", "bench ladder 05" */
    const char *servers; /* "01,02,03,04,05" */
    const char *remark;  /* what could not be done, a sentence; NULL: nothing */
    bool is_ab;          /* rows are pairs: one build and another */
    int launch_count;    /* of each server that is timed */
    long seed;
};

struct result {
    struct environment environment;
    struct result_settings settings;
    struct result_block *blocks;
    int block_count;
    struct result_row *rows;
    int row_count;
    bool is_interrupted; /* by Ctrl+C: figures of the launches until then */
    uint64_t elapsed_ns; /* of the whole run */

    struct figure others_percent; /* of the machine, taken by other programs */
};

/* ---- what follows from it ------------------------------------------------ */

/* Computes every figure. A row that failed, or has no sample, gets none. */
void result_compute(struct result *result);

/* The value of one sample; 0: it has none. */
double result_sample_value(const struct result_sample *sample,
                           enum result_measure measure);

/* Whether any row failed. A wall is no failure. */
bool result_has_failure(const struct result *result);

/* Whether a row has figures: it neither failed nor stayed unmeasured. */
bool result_has_figures(const struct result_row *row);

/* What a block shows, one line. */
const char *result_purpose(const struct result_block *block);

/* Whether it is one of the five without options. */
bool result_is_plain(const struct result_row *row);

/* "01 blocking", "02 non-blocking", ... of a plain model; else its own name. */
const char *result_full_name(const struct result_row *row);

/* The first block of that kind that is no ladder; NULL: there is none. A count
 * below 0 means any. */
const struct result_block *result_find(const struct result *result,
                                       enum result_scenario scenario,
                                       int connection_count, int idle_count);

/* The block whose counts are the exact ones: one client that lets the server
 * come to rest before it sends again, none idle. When there is none, that of
 * work. NULL: no race. */
const struct result_block *result_at_rest(const struct result *result);

/* The row in another block that stands for the same server as row; NULL. */
const struct result_row *result_same(const struct result *result,
                                     const struct result_row *row,
                                     const struct result_block *block);

/* The last of the curve over idle connections in which the server of row still
 * has figures; and how many idle ones a row served. */
const struct result_row *result_farthest(const struct result *result,
                                         const struct result_row *row);
int result_idle_served(const struct result *result,
                       const struct result_row *row);

/* "less", "more, by under 10 %", "within 12 %"; "client-bound"; "" for none. */
void result_verdict_text(const struct result_row *row,
                         enum result_measure measure, char text[32]);

/* Sentences, "" when there is nothing to say:
 * what an echo costs in calls, with which model least and with which most; */
void result_answer(const struct result *result, char text[RESULT_TEXT_BYTES]);
/* which calls row makes more and fewer than its baseline, and how many threads
 * it has more: "03 makes 2.20 calls more than 01: 1.00 result, ...", counts
 * only; */
void result_why(const struct result *result, const struct result_row *row,
                char text[RESULT_TEXT_BYTES]);
/* which differences of a block would show, and if the control says otherwise; */
void result_shows(const struct result_block *block, enum result_measure measure,
                  char text[RESULT_TEXT_BYTES]);
/* what this run can tell and what it cannot. */
void result_told(const struct result *result, char text[RESULT_TEXT_BYTES]);

#endif
