#include "trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"

/* From here on a call is taken to have slept, and a pause is drawn. */
#define LONG_NS UINT64_C(5000000)

/* ---- reading ------------------------------------------------------------- */

/* False: a name that is none. */
static bool look_up(struct trace_event *event, const char *outcome)
{
    int o = 0;
    int call = 0;
    while (o < OBSERVE_OUTCOME_COUNT &&
           strcmp(outcome, observe_outcome_names[o]) != 0)
        o++;
    while (call < OBSERVE_CALL_COUNT &&
           strcmp(event->name, observe_rows[call].name) != 0)
        call++;
    event->outcome = (enum observe_outcome)o;
    event->call = event->thread == 0 ? TRACE_NONE : call;
    return o < OBSERVE_OUTCOME_COUNT && event->call < OBSERVE_CALL_COUNT;
}

/* Reads one line. False: it is none. */
static bool parse_line(const char *line, struct trace_event *event)
{
    char outcome[12];
    int used = 0;
    *event = (struct trace_event){.begin_ns = 0};
    return sscanf(line,
                  "%20" SCNu64 ",%20" SCNu64 ",%20" SCNu64 ",%20" SCNu64
                  ",%35[A-Za-z_ ],%11[a-z_],%20" SCNd64 ",%20" SCNu64 "%n",
                  &event->begin_ns, &event->end_ns, &event->thread,
                  &event->object, event->name, outcome, &event->items,
                  &event->operation, &used) == 8 &&
           line[used] == '\0' && look_up(event, outcome) &&
           event->begin_ns <= event->end_ns;
}

/* What is no line of a trace, such as its heading, is left out. */
static void read_lines(struct trace *trace, const char *csv)
{
    int lines = 1;
    for (const char *at = csv; *at != '\0'; at++)
        lines += *at == '\n';
    trace->events = calloc((size_t)lines, sizeof *trace->events);
    trace->is_incomplete = trace->events == NULL;
    while (*csv != '\0' && !trace->is_incomplete) {
        char line[200]; /* more than any has */
        size_t length = strcspn(csv, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, csv);
        line[strcspn(line, "\r")] = '\0';
        trace->count += parse_line(line, &trace->events[trace->count]);
        csv += length + (csv[length] == '\n');
    }
}

void trace_free(struct trace *trace)
{
    free(trace->events);
    *trace = (struct trace){0};
}

/* ---- order, lanes, connections ------------------------------------------- */

static int by_begin(const void *one, const void *other)
{
    const struct trace_event *a = one;
    const struct trace_event *b = other;
    if (a->begin_ns != b->begin_ns)
        return a->begin_ns < b->begin_ns ? -1 : 1;
    return a->end_ns < b->end_ns ? -1 : a->end_ns > b->end_ns;
}

/* A thread keeps its lane; beyond the last one, several share it. */
static int find_lane(struct trace *trace, uint64_t thread)
{
    int lane = 0;
    while (lane < trace->lane_count && trace->lanes[lane].thread != thread)
        lane++;
    if (lane == TRACE_LANES_AT_MOST)
        return lane - 1;
    if (lane == trace->lane_count)
        trace->lanes[trace->lane_count++].thread = thread;
    return lane;
}

/* The open connection with this socket; TRACE_NONE: there is none. */
static int find_connection(const struct trace *trace, uint64_t object)
{
    for (int i = 0; i < trace->connection_count; i++)
        if (!trace->connections[i].is_closed &&
            trace->connections[i].object == object)
            return i;
    return TRACE_NONE;
}

/* A connection is a socket that receives, or waits for its client. */
static void put_into_connection(struct trace *trace, struct trace_event *event,
                                char *next_letter)
{
    bool receives =
        event->kind == OBSERVE_RECEIVE || event->call == OBSERVE_recv;
    int found = find_connection(trace, event->object);
    if (found == TRACE_NONE && (receives || event->call == OBSERVE_AcceptEx) &&
        trace->connection_count < TRACE_CONNECTIONS_AT_MOST) {
        found = trace->connection_count++;
        trace->connections[found].object = event->object;
    }
    event->connection = found;
    if (found == TRACE_NONE)
        return;
    struct trace_connection *connection = &trace->connections[found];
    if (receives && connection->letter == 0 && *next_letter <= 'Z')
        connection->letter = (*next_letter)++;
    if (event->call == OBSERVE_closesocket)
        connection->is_closed = true;
}

static void describe(struct trace_event *event)
{
    event->completion = event->connection = event->row = TRACE_NONE;
    event->kind = OBSERVE_KIND_COUNT;
    if (event->call == TRACE_NONE)
        return;
    bool may_sleep =
        event->call == OBSERVE_recv || event->call == OBSERVE_accept;
    event->kind = observe_rows[event->call].kind;
    event->step = observe_rows[event->call].step;
    if (event->kind == OBSERVE_DEQUEUE ||
        (may_sleep && event->end_ns - event->begin_ns >= LONG_NS))
        event->kind = OBSERVE_WAIT;
    if (event->kind == OBSERVE_ROUTINE)
        event->kind = OBSERVE_RESULT;
}

/* ---- which completion ends which operation ------------------------------- */

/* Whether it starts an operation that may end after the call; a packet that a
 * server posts with an OVERLAPPED is under way like one. */
static bool is_start(const struct trace_event *event)
{
    return event->operation != 0 && event->call != TRACE_NONE &&
           event->outcome != OBSERVE_FAILED &&
           (observe_rows[event->call].starts_operation ||
            event->call == OBSERVE_PostQueuedCompletionStatus);
}

static bool is_teller(const struct trace_event *event)
{
    return event->outcome != OBSERVE_WOULD_BLOCK &&
           (event->kind == OBSERVE_RESULT || event->kind == OBSERVE_WAIT);
}

/* The first that was told of the same OVERLAPPED before it was used again; its
 * wait may have begun before the operation did. One that was done at once, and
 * of which nobody was told, keeps TRACE_NONE. */
static void pair(struct trace *trace, struct trace_event *event)
{
    struct trace_event *told = NULL;
    uint64_t until_ns = UINT64_MAX;
    for (int i = 0; i < trace->count && until_ns == UINT64_MAX; i++) {
        struct trace_event *other = &trace->events[i];
        if (other->operation != event->operation || other == event)
            continue;
        if (is_start(other) && other < event && event->object == 0)
            event->connection = other->connection;
        else if (is_start(other) && other > event)
            until_ns = other->begin_ns;
        else if (is_teller(other) && other->end_ns >= event->begin_ns &&
                 (told == NULL || other->end_ns < told->end_ns))
            told = other;
    }
    if (told == NULL || told->end_ns > until_ns)
        return;
    event->completion = (int)(told - trace->events);
    told->connection = event->connection;
    if (told->kind == OBSERVE_RESULT && event->kind == OBSERVE_SEND)
        told->step = event->step;
}

/* ---- steps, rows, names -------------------------------------------------- */

/* What depends on more than the name of the call. What happens after the
 * listener has been closed, or something cancelled, belongs to S9. */
static int step_of(const struct trace_event *event,
                   const struct trace_event *listen, bool is_stopping)
{
    if (event->step == 8 && event->object == listen->object)
        return 9;
    if (event->step == 3 && !is_stopping)
        return event->thread != listen->thread && event->operation == 0 ? 3 : 0;
    if (event->step == 3)
        return 9;
    /* A server that wakes itself sends, too, and closes what it did that with. */
    bool is_of_one = event->step == 8 || event->kind == OBSERVE_SEND;
    return is_of_one && event->connection == TRACE_NONE ? 0 : event->step;
}

/* Calls that prepare or give back have none, nor what came before the listener. */
static void make_rows(struct trace *trace)
{
    const struct trace_event *listen = NULL;
    bool is_stopping = false;
    uint64_t before_ns = UINT64_MAX;
    for (int i = 0; i < trace->count; i++) {
        struct trace_event *event = &trace->events[i];
        if (listen == NULL && event->call == OBSERVE_listen)
            listen = event;
        if (event->call != TRACE_NONE && (event->step == 0 || listen == NULL)) {
            trace->hidden_count++;
            continue;
        }
        if (event->call != TRACE_NONE)
            event->step = step_of(event, listen, is_stopping);
        is_stopping = is_stopping || event->step == 9;
        event->row = trace->row_count++;
        if (before_ns < event->begin_ns &&
            event->begin_ns - before_ns >= LONG_NS)
            event->gap_ns = event->begin_ns - before_ns;
        trace->gap_count += event->gap_ns > 0;
        event->gap_count = trace->gap_count;
        before_ns = event->begin_ns;
    }
}

static void find_last(const struct trace *trace, int index)
{
    struct trace_event *event = &trace->events[index];
    event->last = index;
    for (int i = index + 1;
         i < trace->count && trace->events[i].begin_ns < event->end_ns; i++)
        if (trace->events[i].row != TRACE_NONE)
            event->last = i;
}

/* What a thread is called: by what it does first that tells. */
static void name_lane(struct trace *trace, const struct trace_event *event,
                      int *workers)
{
    char *name = trace->lanes[event->lane].name;
    const size_t size = sizeof trace->lanes[0].name;
    char letter = '\0';
    if (event->connection != TRACE_NONE)
        letter = trace->connections[event->connection].letter;
    if (name[0] != '\0')
        return;
    if (event->call == OBSERVE_listen)
        snprintf(name, size, "main");
    else if (event->call == OBSERVE_accept)
        snprintf(name, size, "acceptor");
    else if (event->call == OBSERVE_recv && letter != '\0')
        snprintf(name, size, "thread of %c", letter);
    else if (event->kind == OBSERVE_WAIT)
        snprintf(name, size, "worker %d", ++*workers);
}

void trace_read(struct trace *trace, const char *csv)
{
    char next_letter = 'A';
    int workers = 0;
    read_lines(trace, csv);
    trace->lane_count = 1;
    snprintf(trace->lanes[0].name, sizeof trace->lanes[0].name, "clients");
    if (trace->count > 0)
        qsort(trace->events, (size_t)trace->count, sizeof *trace->events,
              by_begin);
    for (int i = 0; i < trace->count; i++) {
        struct trace_event *event = &trace->events[i];
        describe(event);
        event->lane = find_lane(trace, event->thread);
        put_into_connection(trace, event, &next_letter);
    }
    for (int i = 0; i < trace->count; i++)
        if (is_start(&trace->events[i]))
            pair(trace, &trace->events[i]);
    make_rows(trace);
    for (int i = 0; i < trace->count; i++) {
        find_last(trace, i);
        name_lane(trace, &trace->events[i], &workers);
    }
    for (int i = 1; i < trace->lane_count; i++)
        if (trace->lanes[i].name[0] == '\0')
            snprintf(trace->lanes[i].name, sizeof trace->lanes[i].name,
                     "thread %d", i);
}

/* ---- JSON ---------------------------------------------------------------- */

static double us_since(const struct trace *trace, uint64_t ns)
{
    return (double)(ns - trace->events[0].begin_ns) / 1e3;
}

static void write_json_call(struct out *out, const struct trace *trace,
                            const struct trace_event *event)
{
    out_printf(out,
               "{\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"name\":\"%s\",\"ts\":%.3f,"
               "\"dur\":%.3f,\"args\":{\"outcome\":\"%s\",\"object\":%" PRIu64
               ",\"items\":%" PRId64 "}},\n",
               event->lane + 1, event->name, us_since(trace, event->begin_ns),
               (double)(event->end_ns - event->begin_ns) / 1e3,
               observe_outcome_names[event->outcome], event->object,
               event->items);
}

/* A pair of events that belong together by their number. */
static void write_json_operation(struct out *out, const struct trace *trace,
                                 const struct trace_event *event)
{
    const struct trace_event *told = &trace->events[event->completion];
    for (int is_end = 0; is_end < 2; is_end++)
        out_printf(out,
                   "{\"ph\":\"%c\",\"cat\":\"operation\",\"id\":%d,\"pid\":1,"
                   "\"tid\":%d,\"name\":\"%s, under way\",\"ts\":%.3f},\n",
                   is_end ? 'e' : 'b', (int)(event - trace->events) + 1,
                   event->lane + 1, event->name,
                   us_since(trace, is_end ? told->end_ns : event->begin_ns));
}

void trace_write_json(struct out *out, const struct trace *trace)
{
    out_printf(out, "{\"traceEvents\":[\n");
    for (int i = 0; i < trace->lane_count; i++)
        out_printf(out,
                   "{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":"
                   "\"thread_name\",\"args\":{\"name\":\"%s\"}},\n",
                   i + 1, trace->lanes[i].name);
    for (int i = 0; i < trace->count; i++) {
        write_json_call(out, trace, &trace->events[i]);
        if (trace->events[i].completion != TRACE_NONE)
            write_json_operation(out, trace, &trace->events[i]);
    }
    out_printf(out,
               "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":"
               "{\"name\":");
    escape_json(out, trace->title);
    out_printf(out, "}}\n]}\n");
}
