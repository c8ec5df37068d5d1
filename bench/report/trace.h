/* trace.h: timelines of one run of a server, made of the text that its --trace
 * wrote (common/seam/observe.h has the columns). Pure.
 *
 * Lines of thread 0, which no thread of a server has, are what its clients did:
 * words in the place of a call. A lane is a thread. A row is one moment: each
 * call begins in a row of its own, in the order of time; so the axis is the
 * order and not the time, and a call of 30 us is as easy to see as a wait of 50
 * ms. */
#ifndef REPORT_TRACE_H
#define REPORT_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../common/seam/calls.h"
#include "out.h"

enum {
    TRACE_LANES_AT_MOST = 12, /* further threads share the last one */
    TRACE_CONNECTIONS_AT_MOST = 64,
    TRACE_NONE = -1
};

struct trace_event {
    uint64_t begin_ns;
    uint64_t end_ns;
    uint64_t thread;
    uint64_t object;
    int64_t items;
    uint64_t operation;
    char name[36]; /* of the call; or what a client did */
    int call;      /* enum observe_call; TRACE_NONE: a client's */
    enum observe_outcome outcome;
    /* What trace_read() finds out. Of indexes, TRACE_NONE: there is none. */
    enum observe_kind kind; /* DEQUEUE counts as WAIT, and what has slept, too;
                               ROUTINE as RESULT; a client's: KIND_COUNT */
    int step;               /* S1 to S9; 0: none */
    int lane;
    int connection;
    int completion;  /* the event that told of its end */
    int row;         /* TRACE_NONE: left out of the drawing */
    int last;        /* the last event that began while it was going on */
    uint64_t gap_ns; /* how long nothing began before it; 0: not long */
    int gap_count;   /* gaps so far, with its own */
};

struct trace_lane {
    uint64_t thread;
    char name[24];
};

struct trace_connection {
    uint64_t object;
    bool is_closed; /* the number may come again, for another one */
    char letter;    /* 'A' for the first that received; 0: it never did */
};

struct trace {
    const char *title;          /* "05 completion port"; set by the caller */
    struct trace_event *events; /* in the order in which they began */
    int count;
    bool is_incomplete; /* memory has run out */
    int lane_count;
    struct trace_lane lanes[TRACE_LANES_AT_MOST]; /* 0: the clients */
    int connection_count;
    struct trace_connection connections[TRACE_CONNECTIONS_AT_MOST];
    int row_count;
    int gap_count;
    int hidden_count; /* calls without a row */
};

/* Reads the text of a trace into one that is empty but for its title, and finds
 * out lanes, rows, and which completion ended which operation. trace_free() it. */
void trace_read(struct trace *trace, const char *csv);
void trace_free(struct trace *trace);

/* Trace Event Format, which Perfetto opens: every call, none left out. */
void trace_write_json(struct out *out, const struct trace *trace);

/* trace_svg.c: the drawing. */
void trace_write_svg(struct out *out, const struct trace *trace);

/* The last echo of client B in each of the traces, side by side. A trace
 * without one has an empty column. */
void trace_write_echo(struct out *out, const struct trace *traces, int count);

#endif
