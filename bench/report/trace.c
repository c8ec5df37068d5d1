#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"

enum { TEXT_COLUMNS = 100, TEXT_LEFT = 20 };
/* From here on a call is taken to have slept, and a pause is drawn. */
#define LONG_NS UINT64_C(5000000)

/* ---- reading ------------------------------------------------------------- */

static void append(struct trace *trace, const struct trace_event *event)
{
    if (trace->count == trace->capacity) {
        int capacity = trace->capacity * 2 + 256;
        struct trace_event *grown =
            realloc(trace->events, (size_t)capacity * sizeof *grown);
        if (grown == NULL) {
            trace->is_incomplete = true;
            return;
        }
        trace->events = grown;
        trace->capacity = capacity;
    }
    trace->events[trace->count] = *event;
    trace->events[trace->count].number = trace->count;
    trace->count++;
}

/* Reads one line. False: it is none, or a number does not fit. */
static bool parse_line(const char *line, struct trace_event *event)
{
    char numbers[4][24];
    char items[24];
    int used = 0;
    if (sscanf(line,
               "%23[0-9],%23[0-9],%23[0-9],%23[0-9],%35[A-Za-z_],%11[a-z_],"
               "%23[-0-9]%n",
               numbers[0], numbers[1], numbers[2], numbers[3], event->call,
               event->outcome, items, &used) != 7 ||
        (line[used] != '\0' && line[used] != '\n' && line[used] != '\r'))
        return false;
    char *end;
    errno = 0;
    event->begin_ns = strtoull(numbers[0], NULL, 10);
    event->end_ns = strtoull(numbers[1], NULL, 10);
    event->thread = strtoull(numbers[2], NULL, 10);
    event->object = strtoull(numbers[3], NULL, 10);
    event->items = strtoll(items, &end, 10);
    return errno == 0 && *end == '\0' && event->begin_ns <= event->end_ns;
}

void trace_read(struct trace *trace, const char *csv)
{
    static const char heading[] = "begin_ns,";
    while (*csv != '\0') {
        struct trace_event event = {.kind = TRACE_CALL};
        size_t length = strcspn(csv, "\n");
        bool is_blank = strspn(csv, "\r") == length;
        if (parse_line(csv, &event))
            append(trace, &event);
        else if (!is_blank && strncmp(csv, heading, sizeof heading - 1) != 0)
            trace->ignored_lines++;
        csv += length + (csv[length] == '\n');
    }
}

void trace_note(struct trace *trace, uint64_t now_ns, const char *what)
{
    struct trace_event event = {
        .kind = TRACE_CLIENT, .begin_ns = now_ns, .end_ns = now_ns};
    snprintf(event.call, sizeof event.call, "%s", what);
    append(trace, &event);
}

void trace_free(struct trace *trace)
{
    free(trace->events);
    *trace = (struct trace){0};
}

/* ---- what the calls are -------------------------------------------------- */

/* The calls that are drawn, and which role they have. All others prepare or
 * give back. */
enum role { PLAIN, HIDDEN, HANDS_OVER, CLOSES };

static const struct call_words {
    const char *name;
    enum trace_kind kind;
    int step;
    enum role role;
} call_words[] = {{"listen", TRACE_CALL, 1, PLAIN},
                  {"accept", TRACE_CALL, 2, PLAIN},
                  {"AcceptEx", TRACE_CALL, 2, PLAIN},
                  {"recv", TRACE_RECEIVE, 5, PLAIN},
                  {"WSARecv", TRACE_RECEIVE, 4, PLAIN},
                  {"send", TRACE_SEND, 6, PLAIN},
                  {"WSASend", TRACE_SEND, 6, PLAIN},
                  {"select", TRACE_WAIT, 7, PLAIN},
                  {"WSAPoll", TRACE_WAIT, 7, PLAIN},
                  {"WSAWaitForMultipleEvents", TRACE_WAIT, 7, PLAIN},
                  {"SleepEx", TRACE_WAIT, 7, PLAIN},
                  {"GetQueuedCompletionStatus", TRACE_WAIT, 7, PLAIN},
                  {"GetQueuedCompletionStatusEx", TRACE_WAIT, 7, PLAIN},
                  {"WSAResetEvent", TRACE_CALL, 7, PLAIN},
                  {"WSAGetOverlappedResult", TRACE_TOLD, 5, PLAIN},
                  {"completion_routine", TRACE_TOLD, 5, PLAIN},
                  {"_beginthreadex", TRACE_CALL, 0, HANDS_OVER},
                  {"QueueUserAPC", TRACE_CALL, 0, HANDS_OVER},
                  {"WSASetEvent", TRACE_CALL, 0, HANDS_OVER},
                  {"PostQueuedCompletionStatus", TRACE_CALL, 0, HANDS_OVER},
                  {"CreateIoCompletionPort", TRACE_CALL, 0, HANDS_OVER},
                  {"shutdown", TRACE_CALL, 0, CLOSES},
                  {"closesocket", TRACE_CALL, 0, CLOSES},
                  {"CancelIoEx", TRACE_CALL, 0, PLAIN},
                  {"socket", TRACE_CALL, 0, HIDDEN},
                  {"WSASocketW", TRACE_CALL, 0, HIDDEN},
                  {"bind", TRACE_CALL, 0, HIDDEN},
                  {"connect", TRACE_CALL, 0, HIDDEN},
                  {"getsockname", TRACE_CALL, 0, HIDDEN},
                  {"getsockopt", TRACE_CALL, 0, HIDDEN},
                  {"setsockopt", TRACE_CALL, 0, HIDDEN},
                  {"ioctlsocket", TRACE_CALL, 0, HIDDEN},
                  {"WSAIoctl", TRACE_CALL, 0, HIDDEN},
                  {"WSACreateEvent", TRACE_CALL, 0, HIDDEN},
                  {"WSACloseEvent", TRACE_CALL, 0, HIDDEN},
                  {"SetFileCompletionNotificationModes", TRACE_CALL, 0, HIDDEN},
                  {"CloseHandle", TRACE_CALL, 0, HIDDEN},
                  {"calloc", TRACE_CALL, 0, HIDDEN},
                  {"free", TRACE_CALL, 0, HIDDEN}};

static const struct call_words *words_of(const struct trace_event *event)
{
    static const struct call_words unknown = {"", TRACE_CALL, 0, HIDDEN};
    for (size_t i = 0; i < sizeof call_words / sizeof call_words[0]; i++)
        if (strcmp(event->call, call_words[i].name) == 0)
            return &call_words[i];
    return &unknown;
}

static bool is_call(const struct trace_event *event, const char *name)
{
    return event->kind != TRACE_CLIENT && strcmp(event->call, name) == 0;
}

static bool is_outcome(const struct trace_event *event, const char *outcome)
{
    return strcmp(event->outcome, outcome) == 0;
}

/* Whether it starts an operation that may end after the call. */
static bool is_start(const struct trace_event *event)
{
    return (is_call(event, "WSARecv") || is_call(event, "WSASend") ||
            is_call(event, "AcceptEx")) &&
           !is_outcome(event, "failed");
}

static bool is_teller(const struct trace_event *event)
{
    return (event->kind == TRACE_TOLD ||
            is_call(event, "GetQueuedCompletionStatus")) &&
           !is_outcome(event, "would_block");
}

/* ---- order, lanes, connections ------------------------------------------- */

static int by_begin(const void *one, const void *other)
{
    const struct trace_event *a = one;
    const struct trace_event *b = other;
    if (a->begin_ns != b->begin_ns)
        return a->begin_ns < b->begin_ns ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* The clients are lane 0. A thread keeps its lane; beyond the last one, several
 * share it. */
static void put_into_lane(struct trace *trace, int index)
{
    struct trace_event *event = &trace->events[index];
    event->lane = 0;
    if (event->kind == TRACE_CLIENT)
        return;
    for (int i = 0; i < index && event->lane == 0; i++)
        if (trace->events[i].kind != TRACE_CLIENT &&
            trace->events[i].thread == event->thread)
            event->lane = trace->events[i].lane;
    if (event->lane > 0)
        return;
    if (trace->lane_count < TRACE_LANES_AT_MOST)
        trace->lane_count++;
    event->lane = trace->lane_count - 1;
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
    bool receives = is_call(event, "recv") || is_call(event, "WSARecv");
    int found = find_connection(trace, event->object);
    event->connection = found;
    if (found == TRACE_NONE && (receives || is_call(event, "AcceptEx")) &&
        trace->connection_count < TRACE_CONNECTIONS_AT_MOST) {
        found = event->connection = trace->connection_count++;
        trace->connections[found] =
            (struct trace_connection){.object = event->object};
    }
    if (found == TRACE_NONE || event->kind == TRACE_CLIENT)
        return;
    struct trace_connection *connection = &trace->connections[found];
    if (receives && connection->letter == 0 && *next_letter <= 'Z')
        connection->letter = (*next_letter)++;
    if (is_call(event, "closesocket"))
        connection->is_closed = true;
}

/* ---- which completion ends which operation ------------------------------- */

static bool has_started_before(const struct trace *trace, int connection,
                               uint64_t end_ns)
{
    for (int i = 0; i < trace->count; i++)
        if (trace->events[i].connection == connection &&
            is_start(&trace->events[i]) && trace->events[i].begin_ns < end_ns)
            return true;
    return false;
}

/* A packet or a routine does not name its socket in a trace. But the thread
 * then goes on with it: so it is the first one that has an operation, among the
 * calls up to the thread's next wait. */
static int subject_of(const struct trace *trace, int teller)
{
    const struct trace_event *told = &trace->events[teller];
    if (told->object != 0)
        return told->connection;
    for (int i = teller + 1; i < trace->count; i++) {
        const struct trace_event *next = &trace->events[i];
        if (next->kind == TRACE_CLIENT || next->thread != told->thread)
            continue;
        if (next->kind == TRACE_WAIT)
            break;
        if (next->connection != TRACE_NONE &&
            has_started_before(trace, next->connection, told->end_ns))
            return next->connection;
    }
    return TRACE_NONE;
}

/* Until when the completion of an operation must have come: the socket starts
 * its next one, or is closed. */
static uint64_t limit_ns(const struct trace *trace, int start)
{
    for (int i = start + 1; i < trace->count; i++)
        if (trace->events[i].connection == trace->events[start].connection &&
            (is_start(&trace->events[i]) ||
             is_call(&trace->events[i], "closesocket")))
            return trace->events[i].begin_ns;
    return UINT64_MAX;
}

/* The first that was told of this connection's operation in time. One that was
 * done at once, and of which nobody was told, keeps TRACE_NONE. */
static void pair(struct trace *trace, int start, int *subjects)
{
    struct trace_event *event = &trace->events[start];
    uint64_t until_ns = limit_ns(trace, start);
    int found = TRACE_NONE;
    for (int i = 0; i < trace->count; i++) {
        uint64_t end_ns = trace->events[i].end_ns;
        if (subjects[i] == event->connection && subjects[i] != TRACE_NONE &&
            end_ns >= event->begin_ns && end_ns <= until_ns &&
            (found == TRACE_NONE || end_ns < trace->events[found].end_ns))
            found = i;
    }
    if (found == TRACE_NONE)
        return;
    event->completion = found;
    trace->events[found].connection = event->connection;
    subjects[found] = TRACE_NONE;
    if (trace->events[found].kind == TRACE_TOLD && event->kind == TRACE_SEND)
        trace->events[found].step = event->step;
}

static void pair_all(struct trace *trace)
{
    int *subjects = calloc((size_t)trace->count + 1, sizeof *subjects);
    if (subjects == NULL) {
        trace->is_incomplete = true;
        return;
    }
    for (int i = 0; i < trace->count; i++)
        subjects[i] =
            is_teller(&trace->events[i]) ? subject_of(trace, i) : TRACE_NONE;
    for (int i = 0; i < trace->count; i++)
        if (is_start(&trace->events[i]))
            pair(trace, i, subjects);
    free(subjects);
}

/* ---- steps, rows, names -------------------------------------------------- */

/* The listener and the thread that made it: what it does after it has closed the
 * listener, or cancelled something, belongs to S9. */
struct beginning {
    uint64_t listen_ns;
    uint64_t stop_ns;
    uint64_t listener;
    uint64_t main_thread;
};

static struct beginning find_beginning(const struct trace *trace)
{
    struct beginning found = {.stop_ns = UINT64_MAX};
    for (int i = trace->count - 1; i >= 0; i--) {
        const struct trace_event *event = &trace->events[i];
        if (is_call(event, "listen")) {
            found.listen_ns = event->begin_ns;
            found.listener = event->object;
            found.main_thread = event->thread;
        }
    }
    for (int i = trace->count - 1; i >= 0; i--) {
        const struct trace_event *event = &trace->events[i];
        if (is_call(event, "CancelIoEx") ||
            (is_call(event, "closesocket") && event->object == found.listener))
            found.stop_ns = event->begin_ns;
    }
    return found;
}

static int step_of(const struct trace_event *event, enum role role,
                   const struct beginning *beginning)
{
    bool is_stopping = event->begin_ns >= beginning->stop_ns;
    if (is_call(event, "CancelIoEx"))
        return 9;
    if (role == CLOSES)
        return event->object == beginning->listener ? 9
               : event->connection != TRACE_NONE    ? 8
                                                    : 0;
    if (role == HANDS_OVER)
        return is_stopping                               ? 9
               : event->thread != beginning->main_thread ? 3
                                                         : 0;
    return event->kind == TRACE_SEND && event->connection == TRACE_NONE
               ? 0 /* a server that wakes itself */
               : event->step;
}

static void describe(struct trace_event *event)
{
    const struct call_words *words = words_of(event);
    event->completion = event->connection = event->row = TRACE_NONE;
    event->step = 0;
    if (event->kind == TRACE_CLIENT)
        return;
    bool is_long = event->end_ns - event->begin_ns >= LONG_NS;
    bool may_block = is_call(event, "recv") || is_call(event, "accept");
    event->kind = may_block && is_long ? TRACE_WAIT : words->kind;
    event->step = words->step;
}

static void make_rows(struct trace *trace)
{
    struct beginning beginning = find_beginning(trace);
    for (int i = 0; i < trace->count; i++) {
        struct trace_event *event = &trace->events[i];
        enum role role = words_of(event)->role;
        if (event->kind != TRACE_CLIENT &&
            (role == HIDDEN || event->begin_ns < beginning.listen_ns)) {
            trace->hidden_count++;
            continue;
        }
        event->step = step_of(event, role, &beginning);
        event->row = trace->row_count++;
    }
}

/* What a thread is called: by what it does first that tells. */
static void name_lanes(struct trace *trace)
{
    int workers = 0;
    for (int i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        char *name = trace->lanes[event->lane];
        char letter = '\0';
        if (event->connection != TRACE_NONE)
            letter = trace->connections[event->connection].letter;
        if (name[0] != '\0' || event->lane == 0)
            continue;
        if (is_call(event, "listen"))
            snprintf(name, sizeof trace->lanes[0], "main");
        else if (is_call(event, "accept"))
            snprintf(name, sizeof trace->lanes[0], "acceptor");
        else if (is_call(event, "recv") && letter != 0)
            snprintf(name, sizeof trace->lanes[0], "thread of %c", letter);
        else if (event->kind == TRACE_WAIT)
            snprintf(name, sizeof trace->lanes[0], "worker %d", ++workers);
    }
    for (int i = 0; i < trace->lane_count; i++)
        if (trace->lanes[i][0] == '\0')
            snprintf(trace->lanes[i], sizeof trace->lanes[i],
                     i == 0 ? "clients" : "thread %d", i);
}

void trace_arrange(struct trace *trace)
{
    char next_letter = 'A';
    trace->lane_count = 1;
    if (trace->count > 0)
        qsort(trace->events, (size_t)trace->count, sizeof *trace->events,
              by_begin);
    for (int i = 0; i < trace->count; i++) {
        describe(&trace->events[i]);
        put_into_lane(trace, i);
        put_into_connection(trace, &trace->events[i], &next_letter);
    }
    pair_all(trace);
    make_rows(trace);
    name_lanes(trace);
}

/* ---- for the writers ----------------------------------------------------- */

const struct trace_event *trace_row(const struct trace *trace, int row)
{
    const struct trace_event *event = trace->events;
    while (event->row != row)
        event++;
    return event;
}

int trace_last_row(const struct trace *trace, const struct trace_event *event)
{
    int last = event->row;
    while (last + 1 < trace->row_count &&
           trace_row(trace, last + 1)->begin_ns < event->end_ns)
        last++;
    return last;
}

uint64_t trace_gap_ns(const struct trace *trace, int row)
{
    if (row == 0)
        return 0;
    uint64_t gap_ns =
        trace_row(trace, row)->begin_ns - trace_row(trace, row - 1)->begin_ns;
    return gap_ns >= LONG_NS ? gap_ns : 0;
}

/* What came of it, in a word or two; empty: nothing worth saying. */
static void result_of(const struct trace_event *event, char text[32])
{
    bool moves_bytes = event->kind == TRACE_RECEIVE ||
                       event->kind == TRACE_SEND || event->kind == TRACE_TOLD ||
                       is_call(event, "recv");
    text[0] = '\0';
    if (is_outcome(event, "failed"))
        snprintf(text, 32, ": failed");
    else if (is_outcome(event, "would_block"))
        snprintf(text, 32, ": nothing yet");
    else if (is_outcome(event, "pending"))
        snprintf(text, 32, ": pending");
    else if (moves_bytes && is_outcome(event, "done"))
        snprintf(text, 32, ": %" PRId64 " byte%s", event->items,
                 event->items == 1 ? "" : "s");
}

void trace_label(const struct trace *trace, const struct trace_event *event,
                 char label[TRACE_LABEL_BYTES])
{
    char step[16] = "";
    char who[4] = "";
    char result[32];
    if (event->step > 0)
        snprintf(step, sizeof step, "%sS%d ",
                 is_call(event, "recv") ? "S4 " : "", event->step);
    if (event->connection != TRACE_NONE &&
        trace->connections[event->connection].letter != 0)
        snprintf(who, sizeof who, " %c",
                 trace->connections[event->connection].letter);
    result_of(event, result);
    snprintf(label, TRACE_LABEL_BYTES, "%s%s%s%s", step, event->call, who,
             result);
}

/* ---- text ---------------------------------------------------------------- */

static void end_line(struct out *out, char line[TEXT_COLUMNS + 1])
{
    size_t length = strlen(line);
    while (length > 0 && line[length - 1] == ' ')
        line[--length] = '\0';
    out_printf(out, "%s\n", line);
}

/* Puts text into a line of blanks; what does not fit is cut off. */
static void put_at(char line[TEXT_COLUMNS + 1], int column, const char *text)
{
    for (; *text != '\0' && column < TEXT_COLUMNS; text++)
        line[column++] = *text;
}

/* How far apart the lanes are: the last one needs room for its labels. */
static int text_lane_width(const struct trace *trace)
{
    int longest = 1;
    for (int i = 0; i < trace->row_count; i++) {
        char label[TRACE_LABEL_BYTES];
        trace_label(trace, trace_row(trace, i), label);
        if ((int)strlen(label) > longest)
            longest = (int)strlen(label);
    }
    int room = (TEXT_COLUMNS - TEXT_LEFT - longest) / trace->lane_count;
    return room < 2 ? 2 : room;
}

/* A colon in each lane whose thread is within a call. */
static void put_waiting(const struct trace *trace, uint64_t now_ns, int width,
                        char line[TEXT_COLUMNS + 1])
{
    for (int i = 0; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        if (event->row != TRACE_NONE && event->begin_ns < now_ns &&
            event->end_ns > now_ns)
            put_at(line, TEXT_LEFT + event->lane * width, ":");
    }
}

static void write_text_row(struct out *out, const struct trace *trace, int row,
                           int width)
{
    const struct trace_event *event = trace_row(trace, row);
    char line[TEXT_COLUMNS + 1];
    char number[40];
    char label[TRACE_LABEL_BYTES];
    uint64_t gap_ns = trace_gap_ns(trace, row);
    if (gap_ns > 0)
        out_printf(out, "  ... %.1f ms ...\n", (double)gap_ns / 1e6);
    snprintf(line, sizeof line, "%*s", TEXT_COLUMNS, "");
    snprintf(number, sizeof number, "%9.0f%9.0f",
             (double)(event->begin_ns - trace->events[0].begin_ns) / 1e3,
             (double)(event->end_ns - event->begin_ns) / 1e3);
    put_waiting(trace, event->begin_ns, width, line);
    put_at(line, 0, number);
    trace_label(trace, event, label);
    int column = TEXT_LEFT + event->lane * width;
    put_at(line, column, label);
    put_at(line, column + (int)strlen(label), " "); /* no colon beside it */
    end_line(out, line);
}

void trace_write_text(struct out *out, const struct trace *trace)
{
    out_printf(out,
               "%s: a run with three clients, A, B and C.\n"
               "In us: since the start, and how long the call took. A colon: "
               "that thread is in its call.\nLeft out: %d calls that prepare "
               "or give back.\n\n",
               trace->title, trace->hidden_count);
    if (trace->row_count == 0) {
        out_printf(out, "(no calls)\n");
        return;
    }
    int width = text_lane_width(trace);
    for (int i = 0; i < trace->lane_count; i++)
        out_printf(out, "%*s%s\n", TEXT_LEFT + i * width, "", trace->lanes[i]);
    for (int row = 0; row < trace->row_count; row++)
        write_text_row(out, trace, row, width);
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
               "{\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"name\":", event->lane + 1);
    escape_json(out, event->call);
    out_printf(out, ",\"ts\":%.3f,\"dur\":%.3f,\"args\":{\"outcome\":",
               us_since(trace, event->begin_ns),
               (double)(event->end_ns - event->begin_ns) / 1e3);
    escape_json(out, event->outcome);
    out_printf(out, ",\"object\":%" PRIu64 ",\"items\":%" PRId64 "}},\n",
               event->object, event->items);
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
                   is_end ? 'e' : 'b', event->number + 1, event->lane + 1,
                   event->call,
                   us_since(trace, is_end ? told->end_ns : event->begin_ns));
}

void trace_write_json(struct out *out, const struct trace *trace)
{
    out_printf(out, "{\"traceEvents\":[\n");
    for (int i = 0; i < trace->lane_count; i++) {
        out_printf(out,
                   "{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":"
                   "\"thread_name\",\"args\":{\"name\":",
                   i + 1);
        escape_json(out, trace->lanes[i]);
        out_printf(out, "}},\n");
    }
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
