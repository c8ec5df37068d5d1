/* The drawings: time runs downwards, one column for each thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "trace.h"

enum {
    ROW = 18,         /* height of a row */
    GAP = 16,         /* what is added where nothing happened for long */
    LETTER = 8,       /* width of a character, about */
    LEFT = 74,        /* the times */
    TOP = 98,         /* caption, legend, names of the lanes */
    UNDER_WAY = 26,   /* width of the column of a connection */
    ECHO_WIDTH = 120, /* at least */
    ECHO_ROW = 44,
    ECHO_CALLS_AT_MOST = 16
};

static const char *const kind_class[TRACE_KIND_COUNT] = {
    "call", "wait", "receive", "send", "told", "client"};

/* Light and dark. The rectangle behind everything makes it readable on a page
 * of any colour. */
static const char style[] =
    "<style>\n"
    "text { font: 12.5px ui-monospace, Consolas, Menlo, monospace; "
    "fill: #1b1f24; }\n"
    ".page { fill: #ffffff; } .title { font-weight: bold; font-size: 15px; }\n"
    ".faint { fill: #57606a; } .end { text-anchor: end; }\n"
    "rect { stroke-width: 1; } line { stroke-width: 3; }\n"
    ".wait { fill: #f3f4f6; stroke: #8c959f; stroke-dasharray: 3 3; }\n"
    ".call { fill: #e2e5e9; stroke: #57606a; }\n"
    ".receive { fill: #cfe5ff; stroke: #0a58b8; }\n"
    ".send { fill: #ffdfbd; stroke: #a84a00; }\n"
    ".told { fill: #cdf0d2; stroke: #1a7032; }\n"
    ".client { fill: #ffffff; stroke: #ffffff; }\n"
    "line.send { stroke-dasharray: 9 3; } line.call "
    "{ stroke-dasharray: 2 3; }\n"
    ".break { stroke: #8c959f; stroke-width: 1; stroke-dasharray: 1 4; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "text { fill: #e6edf3; } .page { fill: #0d1117; } "
    ".faint { fill: #9da7b3; }\n"
    ".wait { fill: #161b22; stroke: #6e7681; } "
    ".call { fill: #30363d; stroke: #9da7b3; }\n"
    ".receive { fill: #123a66; stroke: #6cb0ff; } "
    ".send { fill: #5a2e08; stroke: #ffa657; }\n"
    ".told { fill: #12451f; stroke: #56d364; } "
    ".client { fill: #0d1117; stroke: #0d1117; }\n"
    ".break { stroke: #6e7681; }\n"
    "}\n"
    "</style>\n";

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

static void put_bar(struct out *out, enum trace_kind kind, int x, int y,
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
    static const char *const words[TRACE_CLIENT] = {
        "another call", "waits", "receives", "sends", "is told: it is over"};
    int x = 10;
    for (int kind = 0; kind < TRACE_CLIENT; kind++) {
        put_bar(out, (enum trace_kind)kind, x, y - 11, 22, 14);
        put_text(out, "faint", x + 28, y, words[kind]);
        x += 50 + LETTER * (int)strlen(words[kind]);
    }
    if (!has_operations)
        return;
    put_line(out, "receive", x, y - 5, x + 26, y - 5);
    put_text(out, "faint", x + 32, y, "operation under way");
}

/* ---- one trace ----------------------------------------------------------- */

/* Where things are. */
struct places {
    int *row_y;
    int lane_x[TRACE_LANES_AT_MOST + 1];
    /* Of the lines of what is under way; 0: nothing was. */
    int column_x[TRACE_CONNECTIONS_AT_MOST];
    int operations_x;
    bool has_operations;
    int width;
    int height;
};

static void place_rows(const struct trace *trace, struct places *places)
{
    int y = TOP;
    for (int row = 0; row < trace->row_count; row++) {
        y += trace_gap_ns(trace, row) > 0 ? GAP : 0;
        places->row_y[row] = y;
        y += ROW;
    }
    places->row_y[trace->row_count] = y;
    places->height = y + 12;
}

/* As wide as its longest text. */
static void place_lanes(const struct trace *trace, struct places *places)
{
    int x = LEFT;
    for (int lane = 0; lane < trace->lane_count; lane++) {
        size_t longest = strlen(trace->lanes[lane]);
        for (int i = 0; i < trace->count; i++) {
            char label[TRACE_LABEL_BYTES];
            const struct trace_event *event = &trace->events[i];
            trace_label(trace, event, label);
            if (event->lane == lane && event->row != TRACE_NONE &&
                strlen(label) > longest)
                longest = strlen(label);
        }
        places->lane_x[lane] = x;
        x += (int)longest * LETTER + 18;
    }
    places->lane_x[trace->lane_count] = places->operations_x = x;
}

static bool is_under_way(const struct trace_event *event)
{
    return event->row != TRACE_NONE && (event->completion != TRACE_NONE ||
                                        strcmp(event->outcome, "pending") == 0);
}

static void place_operations(const struct trace *trace, struct places *places)
{
    int x = places->operations_x;
    for (int connection = 0; connection < trace->connection_count; connection++)
        for (int i = 0; i < trace->count; i++)
            if (trace->events[i].connection == connection &&
                is_under_way(&trace->events[i])) {
                places->column_x[connection] = x + UNDER_WAY / 2;
                x += UNDER_WAY;
                break;
            }
    places->has_operations = x > places->operations_x;
    places->width = (x > 900 ? x : 900) + 10;
}

static void put_gaps(struct out *out, const struct trace *trace,
                     const struct places *places)
{
    for (int row = 0; row < trace->row_count; row++) {
        char text[40];
        const struct trace_event *event = trace_row(trace, row);
        uint64_t gap_ns = trace_gap_ns(trace, row);
        int y = places->row_y[row];
        snprintf(text, sizeof text, "%.2f",
                 (double)(event->begin_ns - trace->events[0].begin_ns) / 1e6);
        put_text(out, "end", LEFT - 12, y + 13, text);
        if (gap_ns == 0)
            continue;
        snprintf(text, sizeof text, "%.0f ms", (double)gap_ns / 1e6);
        put_line(out, "break", LEFT - 8, y - GAP / 2, places->width - 10,
                 y - GAP / 2);
        put_text(out, "faint", 10, y - GAP / 2 + 4, text);
    }
}

/* A wait takes its whole lane; what runs within it stands in front of it. */
static void put_call(struct out *out, const struct trace *trace,
                     const struct places *places,
                     const struct trace_event *event)
{
    char label[TRACE_LABEL_BYTES];
    int inset = event->kind == TRACE_WAIT ? 0 : 4;
    int x = places->lane_x[event->lane] + inset;
    int y = places->row_y[event->row] + 1;
    int last = trace_last_row(trace, event);
    put_bar(out, event->kind, x, y,
            places->lane_x[event->lane + 1] - 6 - inset - x,
            places->row_y[last] + ROW - 1 - y);
    trace_label(trace, event, label);
    put_text(out, "", x + 5, y + 13, label);
}

/* From the call that started it to what told of its end. */
static void put_operation(struct out *out, const struct trace *trace,
                          const struct places *places,
                          const struct trace_event *event)
{
    int x = places->column_x[event->connection];
    int y = places->row_y[event->row] + ROW / 2;
    int end = places->row_y[trace->row_count];
    if (event->completion != TRACE_NONE) {
        int row = trace_last_row(trace, &trace->events[event->completion]);
        end = places->row_y[row] + ROW / 2;
        out_printf(out, "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"4\"/>\n",
                   kind_class[event->kind], x, end);
    }
    put_line(out, kind_class[event->kind], x, y, x, end);
    put_line(out, kind_class[event->kind], x - 5, y, x + 5, y);
}

static void put_heads(struct out *out, const struct trace *trace,
                      const struct places *places)
{
    put_text(out, "faint end", LEFT - 12, TOP - 10, "ms");
    for (int lane = 0; lane < trace->lane_count; lane++)
        put_text(out, "title", places->lane_x[lane], TOP - 10,
                 trace->lanes[lane]);
    for (int i = 0; i < trace->connection_count; i++) {
        char letter[2] = {trace->connections[i].letter, '\0'};
        if (places->column_x[i] > 0)
            put_text(out, "title", places->column_x[i] - 4, TOP - 10,
                     letter[0] != '\0' ? letter : "-");
    }
}

static void put_trace(struct out *out, const struct trace *trace,
                      const struct places *places)
{
    char line[160];
    snprintf(line, sizeof line, "%s: a run with three clients", trace->title);
    begin(out, places->width, places->height, line,
          "Time runs downwards. A column for each thread shows which calls it "
          "makes and in which it waits; on the right, which operations are "
          "under way. The same as text: bench trace.");
    put_text(out, "title", 10, 22, line);
    snprintf(
        line, sizeof line,
        "Each call has its own row, so the axis is not linear. After a colon: "
        "what came of it. Left out: %d calls.",
        trace->hidden_count);
    put_text(out, "faint", 10, 42, line);
    put_legend(out, 62, places->has_operations);
    put_heads(out, trace, places);
    put_gaps(out, trace, places);
    for (int wait = 1; wait >= 0; wait--)
        for (int i = 0; i < trace->count; i++) {
            const struct trace_event *event = &trace->events[i];
            if (event->row != TRACE_NONE && (event->kind == TRACE_WAIT) == wait)
                put_call(out, trace, places, event);
        }
    for (int i = 0; i < trace->count; i++)
        if (trace->events[i].connection != TRACE_NONE &&
            is_under_way(&trace->events[i]))
            put_operation(out, trace, places, &trace->events[i]);
    out_printf(out, "</svg>\n");
}

void trace_write_svg(struct out *out, const struct trace *trace)
{
    struct places places = {0};
    places.row_y = calloc((size_t)trace->row_count + 1, sizeof *places.row_y);
    if (places.row_y == NULL) {
        out->is_incomplete = true;
        return;
    }
    place_rows(trace, &places);
    place_lanes(trace, &places);
    place_operations(trace, &places);
    put_trace(out, trace, &places);
    free(places.row_y);
}

/* ---- one echo ------------------------------------------------------------ */

/* The last send that gave client B something. */
static int find_send(const struct trace *trace)
{
    for (int i = trace->count - 1; i >= 0; i--) {
        const struct trace_event *event = &trace->events[i];
        if (event->kind == TRACE_SEND && event->connection != TRACE_NONE &&
            trace->connections[event->connection].letter == 'B')
            return i;
    }
    return TRACE_NONE;
}

/* The calls of that thread, from the wait before the send to the wait after the
 * next receive has been started; without overlapped I/O to the next wait.
 * Returns how many. */
static int find_calls(const struct trace *trace, int send,
                      int calls[ECHO_CALLS_AT_MOST])
{
    const struct trace_event *sent = &trace->events[send];
    bool is_started = strcmp(sent->call, "send") == 0;
    int first = send;
    int count = 0;
    while (first > 0 && (trace->events[first].kind != TRACE_WAIT ||
                         trace->events[first].lane != sent->lane))
        first--;
    for (int i = first; i < trace->count; i++) {
        const struct trace_event *event = &trace->events[i];
        if (event->lane != sent->lane || event->row == TRACE_NONE ||
            count == ECHO_CALLS_AT_MOST)
            continue;
        calls[count++] = i;
        is_started = is_started || (i > send && event->kind == TRACE_RECEIVE);
        if (i > send && is_started && event->kind == TRACE_WAIT)
            break;
    }
    return count;
}

/* What is drawn of one trace. */
struct echo {
    int count;
    int calls[ECHO_CALLS_AT_MOST];
    int width;
};

/* Without the client, which is always the same, and without the result. */
static void name_of(const struct trace *trace, const struct trace_event *event,
                    char label[TRACE_LABEL_BYTES])
{
    trace_label(trace, event, label);
    label[strcspn(label, ":")] = '\0';
    size_t length = strlen(label);
    if (length > 2 && label[length - 2] == ' ')
        label[length - 2] = '\0';
}

static struct echo find_echo(const struct trace *trace)
{
    int title = LETTER * (int)strlen(trace->title) + 34;
    struct echo echo = {.width = title > ECHO_WIDTH ? title : ECHO_WIDTH};
    int send = find_send(trace);
    if (send != TRACE_NONE)
        echo.count = find_calls(trace, send, echo.calls);
    for (int i = 0; i < echo.count; i++) {
        char label[TRACE_LABEL_BYTES];
        name_of(trace, &trace->events[echo.calls[i]], label);
        int width = LETTER * (int)strlen(label) + 20;
        echo.width = width > echo.width ? width : echo.width;
    }
    return echo;
}

static void put_echo_call(struct out *out, const struct trace *trace,
                          const struct trace_event *event, int x, int y,
                          int width)
{
    char label[TRACE_LABEL_BYTES];
    trace_label(trace, event, label);
    const char *colon = strchr(label, ':');
    const char *result = event->kind == TRACE_WAIT ? "waits"
                         : colon != NULL           ? colon + 2
                                                   : "";
    put_bar(out, event->kind, x, y, width - 10, ECHO_ROW - 6);
    put_text(out, "faint", x + 5, y + 32, result);
    name_of(trace, event, label);
    put_text(out, "", x + 5, y + 15, label);
}

void trace_write_echo(struct out *out, const struct trace *traces, int count)
{
    int most = 1;
    int width = 10;
    for (int i = 0; i < count; i++) {
        struct echo echo = find_echo(&traces[i]);
        most = echo.count > most ? echo.count : most;
        width += echo.width;
    }
    begin(out, width > 640 ? width : 640, TOP + most * ECHO_ROW + 8,
          "One echo in each of the models",
          "A column for each model, time running downwards: every call that "
          "the thread makes which sends the echo, from the wait that it wakes "
          "from to the next wait.");
    put_text(out, "title", 10, 22,
             "One echo: from the wait that is over to the next wait");
    put_legend(out, 46, false);
    int x = 10;
    for (int i = 0; i < count; i++) {
        struct echo echo = find_echo(&traces[i]);
        put_text(out, "title", x, TOP - 12, traces[i].title);
        for (int j = 0; j < echo.count; j++)
            put_echo_call(out, &traces[i], &traces[i].events[echo.calls[j]], x,
                          TOP + j * ECHO_ROW, echo.width);
        x += echo.width;
    }
    out_printf(out, "</svg>\n");
}
