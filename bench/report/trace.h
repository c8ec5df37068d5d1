/* trace.h: timelines of one run of a server, made of the file that its --trace
 * wrote (common/seam/observe.h has the columns) and of what its clients did
 * meanwhile. Pure.
 *
 * A lane is a thread. A row is one moment: each call begins in a row of its
 * own, in the order of time; so the axis is the order and not the time, and a
 * call of 30 us is as easy to see as a wait of 50 ms. */
#ifndef REPORT_TRACE_H
#define REPORT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "out.h"

enum {
    TRACE_LANES_AT_MOST = 12, /* further threads share the last one */
    TRACE_CONNECTIONS_AT_MOST = 64,
    TRACE_LABEL_BYTES = 112,
    TRACE_NONE = -1
};

enum trace_kind {
    TRACE_CALL,    /* none of the following */
    TRACE_WAIT,    /* the thread sleeps in it */
    TRACE_RECEIVE, /* receives, or starts to */
    TRACE_SEND,
    TRACE_TOLD,   /* learns that an operation is over */
    TRACE_CLIENT, /* what a client did: no call of the server */
    TRACE_KIND_COUNT
};

struct trace_event {
    uint64_t begin_ns;
    uint64_t end_ns;
    uint64_t thread;
    uint64_t object;
    int64_t items;
    char call[36];
    char outcome[12];
    int number; /* in the order of reading */
    /* What trace_arrange() finds out. */
    enum trace_kind kind;
    int step; /* S1 to S9; 0: none */
    int lane;
    int connection; /* TRACE_NONE: of none, or not known which */
    int completion; /* the event that told of its end; or TRACE_NONE */
    int row;        /* TRACE_NONE: left out of the drawing */
};

struct trace_connection {
    uint64_t object;
    bool is_closed; /* the number may come again, for another one */
    char letter;    /* 'A' for the first that received; 0: it never did */
};

struct trace {
    const char *title; /* "05: I/O completion port"; set by the caller */
    struct trace_event *events;
    int count;
    int capacity;
    int ignored_lines;  /* that are no line of a trace */
    bool is_incomplete; /* memory has run out */
    /* What trace_arrange() finds out. */
    int lane_count;
    char lanes[TRACE_LANES_AT_MOST][24]; /* names */
    int connection_count;
    struct trace_connection connections[TRACE_CONNECTIONS_AT_MOST];
    int row_count;
    int hidden_count; /* calls without a row */
};

/* Appends the lines of a trace file. */
void trace_read(struct trace *trace, const char *csv);

/* Appends what a client did. */
void trace_note(struct trace *trace, uint64_t now_ns, const char *what);

/* Once, when everything has been appended: order, lanes, rows, and which
 * operation ended with which completion. */
void trace_arrange(struct trace *trace);

void trace_free(struct trace *trace);

/* What follows takes arranged traces. */

/* The last row in which an event is still going on. */
int trace_last_row(const struct trace *trace, const struct trace_event *event);

/* How long nothing began before the event in this row; 0: not long. */
uint64_t trace_gap_ns(const struct trace *trace, int row);

/* The event that begins in a row, which must be there. */
const struct trace_event *trace_row(const struct trace *trace, int row);

/* Such as "S6 send B: 3 bytes". */
void trace_label(const struct trace *trace, const struct trace_event *event,
                 char label[TRACE_LABEL_BYTES]);

/* For a terminal: one line for each row, at most 100 columns. */
void trace_write_text(struct out *out, const struct trace *trace);

/* Trace Event Format, which Perfetto opens: every call, none left out. */
void trace_write_json(struct out *out, const struct trace *trace);

/* trace_svg.c: the drawing. */
void trace_write_svg(struct out *out, const struct trace *trace);

/* The second echo of client B in each of the traces, side by side. A trace
 * without one has an empty column. */
void trace_write_echo(struct out *out, const struct trace *traces, int count);

#endif
