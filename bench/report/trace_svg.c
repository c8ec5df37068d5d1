/* The drawings: time runs downwards, one column for each thread. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "trace.h"

enum {
    ROW = 18,          /* height of a row */
    GAP = 16,          /* what is added where nothing happened for long */
    LETTER = 8,        /* width of a character, about */
    LEFT = 74,         /* the times */
    TOP = 98,          /* caption, legend, names of the lanes */
    UNDER_WAY = 26,    /* width of the column of a connection */
    PACKET_WIDTH = 98, /* "packet of B" */
    ECHO_WIDTH = 120,  /* at least */
    ECHO_ROW = 44,
    ECHO_CALLS_AT_MOST = 16,
    LEAD_MS = 1500, /* the moving picture: before the wait ends, */
    PLAY_MS = 7500, /* from there to the last call that is shown */
    LABEL_BYTES = 112
};

static const char *const kind_class[OBSERVE_KIND_COUNT + 1] = {
    "receive", "send", "wait", "wait",  "told",
    "call",    "call", "told", "client"};

/* Light and dark. The rectangle behind everything makes it readable on a page
 * of any colour. */
static const char style[] =
    "<style>\n"
    "text { font: 12.5px ui-monospace, Consolas, Menlo, monospace; "
    "fill: #1b1f24; }\n"
    ".page { fill: #fff; } .title { font-weight: bold; font-size: 15px; }\n"
    ".faint { fill: #57606a; } .end { text-anchor: end; }\n"
    "rect { stroke-width: 1; } line { stroke-width: 3; }\n"
    ".wait { fill: #f3f4f6; stroke: #8c959f; stroke-dasharray: 3 3; }\n"
    ".call { fill: #e2e5e9; stroke: #57606a; }\n"
    ".receive { fill: #cfe5ff; stroke: #0a58b8; }\n"
    ".send { fill: #ffdfbd; stroke: #a84a00; }\n"
    ".told { fill: #cdf0d2; stroke: #1a7032; }\n"
    ".client { fill: #fff; stroke: #fff; }\n"
    "line.send { stroke-dasharray: 9 3; }\n"
    "line.call { stroke-dasharray: 2 3; }\n"
    ".break { stroke: #8c959f; stroke-width: 1; stroke-dasharray: 1 4; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "text { fill: #e6edf3; } .page { fill: #0d1117; }\n"
    ".faint { fill: #9da7b3; } .break { stroke: #6e7681; }\n"
    ".wait { fill: #161b22; stroke: #6e7681; }\n"
    ".call { fill: #30363d; stroke: #9da7b3; }\n"
    ".receive { fill: #123a66; stroke: #6cb0ff; }\n"
    ".send { fill: #5a2e08; stroke: #ffa657; }\n"
    ".told { fill: #12451f; stroke: #56d364; }\n"
    ".client { fill: #0d1117; stroke: #0d1117; }\n"
    "}\n</style>\n";

/* One echo again and again, every 12 s, for those who do not mind motion: each
 * call lights up when its time has come, the bytes go in and out. */
static const char motion[] =
    "<style>\n.byte { opacity: 0; }\n"
    "@media (prefers-reduced-motion: no-preference) {\n"
    ".wait { animation: breathe 1.5s ease-in-out infinite alternate; }\n"
    ".play > rect { animation: now 12s linear infinite; }\n"
    ".in { animation: in 12s linear infinite; }\n"
    ".out { animation: out 12s linear infinite; }\n"
    ".play > rect, .in, .out { animation-delay: inherit; }\n"
    "}\n"
    "@keyframes breathe { to { fill-opacity: 0.3; } }\n"
    "@keyframes now { 0%, 5% { stroke-width: 4; } 12% { stroke-width: 1; } }\n"
    "@keyframes in { 0% { opacity: 0; transform: translate(0, -70px); }\n"
    "  1% { opacity: 1; } 6%, 10% { opacity: 1; transform: none; }\n"
    "  11% { opacity: 0; transform: none; } }\n"
    "@keyframes out { 0%, 1% { opacity: 1; transform: none; }\n"
    "  8% { opacity: 0; transform: translate(0, -70px); } }\n</style>\n";

/* ---- pieces -------------------------------------------------------------- */

static void begin(struct out *out, int width, int height, const char *title,
                  const char *description)
{
    out_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d "
               "%d\" width=\"%d\" height=\"%d\" role=\"img\">\n<title>",
               width, height, width, height);
    escape_xml(out, title);
    out_printf(out, "</title>\n<desc>");
    escape_xml(out, description);
    out_printf(out,
               "</desc>\n%s<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n",
               style, width, height);
}

static void put_text(struct out *out, const char *class_name, int x, int y,
                     const char *text)
{
    out_printf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class_name, x, y);
    escape_xml(out, text);
    out_printf(out, "</text>\n");
}

static void put_bar(struct out *out, enum observe_kind kind, int x, int y,
                    int width, int height)
{
    out_printf(out,
               "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" "
               "height=\"%d\" rx=\"3\"/>\n",
               kind_class[kind], x, y, width, height);
}

static void put_line(struct out *out, const char *class_name, int x1, int y1,
                     int x2, int y2)
{
    out_printf(out,
               "<line class=\"%s\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n",
               class_name, x1, y1, x2, y2);
}

static void put_legend(struct out *out, int y, bool has_operations)
{
    static const struct {
        enum observe_kind kind;
        const char *words;
    } rows[] = {{OBSERVE_OTHER, "another call"},
                {OBSERVE_WAIT, "waits"},
                {OBSERVE_RECEIVE, "receives"},
                {OBSERVE_SEND, "sends"},
                {OBSERVE_RESULT, "is told: it is over"}};
    int x = 10;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put_bar(out, rows[i].kind, x, y - 11, 22, 14);
        put_text(out, "faint", x + 28, y, rows[i].words);
        x += 50 + LETTER * (int)strlen(rows[i].words);
    }
    if (!has_operations)
        return;
    put_line(out, "receive", x, y - 5, x + 26, y - 5);
    put_text(out, "faint", x + 32, y, "operation under way");
}

/* What came of it, in a word or two; empty: nothing worth saying. */
static void result_of(const struct trace_event *event, char text[32])
{
    bool moves_bytes =
        event->kind == OBSERVE_RECEIVE || event->kind == OBSERVE_SEND ||
        event->kind == OBSERVE_RESULT || event->call == OBSERVE_recv;
    text[0] = '\0';
    if (event->outcome == OBSERVE_FAILED)
        snprintf(text, 32, "failed");
    else if (event->outcome == OBSERVE_WOULD_BLOCK)
        snprintf(text, 32, "nothing yet");
    else if (event->outcome == OBSERVE_PENDING)
        snprintf(text, 32, "pending");
    else if (moves_bytes)
        snprintf(text, 32, "%" PRId64 " byte%s", event->items,
                 event->items == 1 ? "" : "s");
}

/* Of its connection; 0: none. */
static char letter_of(const struct trace *trace,
                      const struct trace_event *event)
{
    if (event->connection == TRACE_NONE)
        return '\0';
    return trace->connections[event->connection].letter;
}

/* A thread waits for any packet: whose it is going to be nobody knows. */
static bool is_dequeue(const struct trace_event *event)
{
    return event->call != TRACE_NONE &&
           observe_rows[event->call].kind == OBSERVE_DEQUEUE;
}

/* Such as "S6 send B: 3 bytes". Returns how long "S6 send" is. */
static int label_of(const struct trace *trace, const struct trace_event *event,
                    char label[LABEL_BYTES])
{
    char step[16] = "";
    char letter = letter_of(trace, event);
    if (is_dequeue(event))
        letter = '\0';
    char who[] = {' ', letter, '\0'};
    char result[32];
    if (event->step > 0)
        snprintf(step, sizeof step, "%sS%d ",
                 event->call == OBSERVE_recv ? "S4 " : "", event->step);
    result_of(event, result);
    snprintf(label, LABEL_BYTES, "%s%s%s%s%s", step, event->name,
             letter != '\0' ? who : "", result[0] != '\0' ? ": " : "", result);
    return (int)(strlen(step) + strlen(event->name));
}

/* ---- one trace ----------------------------------------------------------- */

/* One of them, and where things are, from left to right. */
struct drawing {
    struct out *out;
    const struct trace *trace;
    int lane_x[TRACE_LANES_AT_MOST + 1];
    /* Of the lines of what is under way; 0: nothing was. */
    int column_x[TRACE_CONNECTIONS_AT_MOST];
    bool has_operations;
    int width;
    int bottom_y;
};

static int y_of(const struct trace_event *event)
{
    return TOP + event->row * ROW + event->gap_count * GAP;
}

static bool is_under_way(const struct trace_event *event)
{
    return event->row != TRACE_NONE && event->connection != TRACE_NONE &&
           (event->completion != TRACE_NONE ||
            event->outcome == OBSERVE_PENDING);
}

/* A lane is as wide as its longest text. */
static void find_places(struct drawing *d)
{
    const struct trace *trace = d->trace;
    int longest[TRACE_LANES_AT_MOST] = {0};
    int x = LEFT;
    for (int i = 0; i < trace->count; i++) {
        char label[LABEL_BYTES];
        const struct trace_event *event = &trace->events[i];
        label_of(trace, event, label);
        if (event->row != TRACE_NONE &&
            (int)strlen(label) > longest[event->lane])
            longest[event->lane] = (int)strlen(label);
        if (is_under_way(event))
            d->column_x[event->connection] = 1;
    }
    for (int lane = 0; lane < trace->lane_count; lane++) {
        int title = (int)strlen(trace->lanes[lane].name);
        d->lane_x[lane] = x;
        x += (longest[lane] > title ? longest[lane] : title) * LETTER + 18;
    }
    d->lane_x[trace->lane_count] = x;
    for (int i = 0; i < trace->connection_count; i++)
        if (d->column_x[i] > 0) {
            d->has_operations = true;
            d->column_x[i] = x + UNDER_WAY / 2;
            x += UNDER_WAY;
        }
    d->width = (x > 900 ? x : 900) + 10;
    d->bottom_y = TOP + trace->row_count * ROW + trace->gap_count * GAP;
}

/* When the call began, and the pause before it. */
static void put_time(const struct drawing *d, const struct trace_event *event)
{
    char text[40];
    int y = y_of(event);
    snprintf(text, sizeof text, "%.2f",
             (double)(event->begin_ns - d->trace->events[0].begin_ns) / 1e6);
    put_text(d->out, "end", LEFT - 12, y + 13, text);
    if (event->gap_ns == 0)
        return;
    snprintf(text, sizeof text, "%.0f ms", (double)event->gap_ns / 1e6);
    put_line(d->out, "break", LEFT - 8, y - GAP / 2, d->width - 10,
             y - GAP / 2);
    put_text(d->out, "faint", 10, y - GAP / 2 + 4, text);
}

/* A wait takes its whole lane; what runs within it stands in front of it. */
static void put_call(const struct drawing *d, const struct trace_event *event)
{
    char label[LABEL_BYTES];
    const struct trace_event *last = &d->trace->events[event->last];
    int inset = event->kind == OBSERVE_WAIT ? 0 : 4;
    int x = d->lane_x[event->lane] + inset;
    int y = y_of(event) + 1;
    put_bar(d->out, event->kind, x, y,
            d->lane_x[event->lane + 1] - 6 - inset - x,
            y_of(last) + ROW - 1 - y);
    label_of(d->trace, event, label);
    put_text(d->out, "", x + 5, y + 13, label);
    if (!is_dequeue(event) || letter_of(d->trace, event) == '\0')
        return;
    snprintf(label, sizeof label, "packet of %c", letter_of(d->trace, event));
    x = d->lane_x[event->lane + 1] - 6 - PACKET_WIDTH;
    put_bar(d->out, OBSERVE_RESULT, x, y_of(last) + 1, PACKET_WIDTH, ROW - 2);
    put_text(d->out, "", x + 5, y_of(last) + 14, label);
}

/* From the call that started it to what told of its end. */
static void put_operation(const struct drawing *d,
                          const struct trace_event *event)
{
    const char *class_name = kind_class[event->kind];
    int x = d->column_x[event->connection];
    int y = y_of(event) + ROW / 2;
    int end = d->bottom_y;
    if (event->completion != TRACE_NONE) {
        int last = d->trace->events[event->completion].last;
        end = y_of(&d->trace->events[last]) + ROW / 2;
        out_printf(d->out,
                   "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"4\"/>\n",
                   class_name, x, end);
    }
    put_line(d->out, class_name, x, y, x, end);
    put_line(d->out, class_name, x - 5, y, x + 5, y);
}

static void put_heads(const struct drawing *d)
{
    const struct trace *trace = d->trace;
    struct out *out = d->out;
    char line[160];
    snprintf(line, sizeof line, "%s: two clients, one message each",
             trace->title);
    begin(out, d->width, d->bottom_y + 12, line,
          "Time runs downwards. A column for each thread shows which calls it "
          "makes and in which it waits; on the right, which operations are "
          "under way.");
    put_text(out, "title", 10, 22, line);
    snprintf(
        line, sizeof line,
        "Each call has its own row, so the axis is not linear. After a colon: "
        "what came of it. Left out: %d calls.",
        trace->hidden_count);
    put_text(out, "faint", 10, 42, line);
    put_legend(out, 62, d->has_operations);
    put_text(out, "faint end", LEFT - 12, TOP - 10, "ms");
    for (int lane = 0; lane < trace->lane_count; lane++)
        put_text(out, "title", d->lane_x[lane], TOP - 10,
                 trace->lanes[lane].name);
    for (int i = 0; i < trace->connection_count; i++) {
        char letter[2] = {trace->connections[i].letter, '\0'};
        if (d->column_x[i] > 0)
            put_text(out, "title", d->column_x[i] - 4, TOP - 10,
                     letter[0] != '\0' ? letter : "-");
    }
}

void trace_write_svg(struct out *out, const struct trace *trace)
{
    enum { TIMES, WAITS, CALLS, OPERATIONS, LAYERS };
    struct drawing d = {.out = out, .trace = trace};
    find_places(&d);
    put_heads(&d);
    for (int layer = TIMES; layer < LAYERS; layer++)
        for (int i = 0; i < trace->count; i++) {
            const struct trace_event *event = &trace->events[i];
            bool is_wait = event->kind == OBSERVE_WAIT;
            if (event->row == TRACE_NONE)
                continue;
            if (layer == TIMES)
                put_time(&d, event);
            else if (layer == OPERATIONS && is_under_way(event))
                put_operation(&d, event);
            else if (layer == (is_wait ? WAITS : CALLS))
                put_call(&d, event);
        }
    out_printf(out, "</svg>\n");
}

/* ---- one echo ------------------------------------------------------------ */

/* What is drawn of one trace. */
struct echo {
    int count;
    int calls[ECHO_CALLS_AT_MOST];
    int width;
};

static bool is_wait_of(const struct trace_event *event, int lane)
{
    return event->kind == OBSERVE_WAIT && event->lane == lane;
}

/* The last send that gave client B something, and what that thread calls: from
 * the wait before it to the wait after the next receive has been started;
 * without overlapped I/O to the next wait. */
static struct echo find_echo(const struct trace *trace)
{
    const struct trace_event *events = trace->events;
    int title = LETTER * (int)strlen(trace->title) + 34;
    struct echo echo = {.width = title > ECHO_WIDTH ? title : ECHO_WIDTH};
    int send = trace->count - 1;
    while (send >= 0 && (events[send].kind != OBSERVE_SEND ||
                         letter_of(trace, &events[send]) != 'B'))
        send--;
    int lane = send < 0 ? TRACE_NONE : events[send].lane;
    bool is_started = send >= 0 && events[send].call == OBSERVE_send;
    bool is_over = false;
    int i = send < 0 ? 0 : send;
    while (i > 0 && !is_wait_of(&events[i], lane))
        i--;
    for (; i < trace->count && !is_over && echo.count < ECHO_CALLS_AT_MOST;
         i++) {
        char label[LABEL_BYTES];
        if (events[i].lane != lane || events[i].row == TRACE_NONE)
            continue;
        echo.calls[echo.count++] = i;
        int width = LETTER * label_of(trace, &events[i], label) + 20;
        echo.width = width > echo.width ? width : echo.width;
        is_started |= i > send && events[i].kind == OBSERVE_RECEIVE;
        is_over = i > send && is_started && is_wait_of(&events[i], lane);
    }
    return echo;
}

/* From when the thread wakes up until call i begins; 0 for the wait itself. In 04
 * the thread wakes up within the wait, which ends later. */
static uint64_t ns_to(const struct trace *trace, const struct echo *echo, int i)
{
    const struct trace_event *events = trace->events;
    uint64_t wake_ns = events[echo->calls[0]].end_ns;
    if (echo->count > 1 && events[echo->calls[1]].begin_ns < wake_ns)
        wake_ns = events[echo->calls[1]].begin_ns;
    uint64_t begin_ns = events[echo->calls[i]].begin_ns;
    return begin_ns > wake_ns ? begin_ns - wake_ns : 0;
}

/* A call, and what moves through it. The bytes come in with the call before the
 * send. */
static void put_echo_call(struct out *out, const struct trace *trace,
                          const struct echo *echo, int i, int x, int y,
                          uint64_t longest_ns)
{
    const struct trace_event *event = &trace->events[echo->calls[i]];
    char label[LABEL_BYTES];
    char result[32] = "waits";
    double moment_s = LEAD_MS / 1e3 + PLAY_MS / 1e3 *
                                          (double)ns_to(trace, echo, i) /
                                          (double)longest_ns;
    bool is_wait = event->kind == OBSERVE_WAIT;
    bool is_in = i + 1 < echo->count &&
                 trace->events[echo->calls[i + 1]].kind == OBSERVE_SEND;
    if (!is_wait)
        result_of(event, result);
    out_printf(out, "<g class=\"%s\" style=\"animation-delay:%.2fs\">\n",
               is_wait ? "rest" : "play", moment_s);
    put_bar(out, event->kind, x, y, echo->width - 10, ECHO_ROW - 6);
    put_text(out, "faint", x + 5, y + 32, result);
    label[label_of(trace, event, label)] = '\0';
    put_text(out, "", x + 5, y + 15, label);
    if (is_in || event->kind == OBSERVE_SEND)
        out_printf(
            out, "<circle class=\"byte %s\" cx=\"%d\" cy=\"%d\" r=\"6\"/>\n",
            is_in ? "in receive" : "out send", x + echo->width - 28, y + 19);
    out_printf(out, "</g>\n");
}

void trace_write_echo(struct out *out, const struct trace *traces, int count)
{
    int most = 1;
    int width = 10;
    uint64_t longest_ns = 1;
    for (int i = 0; i < count; i++) {
        struct echo echo = find_echo(&traces[i]);
        uint64_t ns =
            echo.count > 0 ? ns_to(&traces[i], &echo, echo.count - 1) : 0;
        longest_ns = ns > longest_ns ? ns : longest_ns;
        most = echo.count > most ? echo.count : most;
        width += echo.width;
    }
    begin(out, width > 640 ? width : 640, TOP + most * ECHO_ROW + 8,
          "One echo in each of the models",
          "A column for each model, time running downwards: every call that "
          "the thread makes which sends the echo, from the wait that it wakes "
          "from to the next wait. Where motion is welcome, each call lights "
          "up when its time has come, in slow motion.");
    out_printf(out, "%s", motion);
    char line[120];
    snprintf(line, sizeof line,
             "One echo: from the wait that is over to the next wait; "
             "in motion, 1 s is %.0f us",
             (double)longest_ns / PLAY_MS);
    put_text(out, "title", 10, 22, line);
    put_legend(out, 46, false);
    int x = 10;
    for (int i = 0; i < count; i++) {
        struct echo echo = find_echo(&traces[i]);
        put_text(out, "title", x, TOP - 12, traces[i].title);
        for (int j = 0; j < echo.count; j++)
            put_echo_call(out, &traces[i], &echo, j, x, TOP + j * ECHO_ROW,
                          longest_ns);
        x += echo.width;
    }
    out_printf(out, "</svg>\n");
}
