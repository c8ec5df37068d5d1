/* Timelines: what is made of a trace, and what the writers make of that. */
#include <stdlib.h>
#include <string.h>

#include "report/trace.h"
#include "test.h"
#include "wellformed.h"

#define HEADING "begin_ns,end_ns,thread,object,call,outcome,items\n"

/* One client of a server with blocking calls. Its thread, 9, appears late; the
 * lines stand in the order in which the calls returned. */
static const char blocking[] =
    HEADING "1000,2000,7,50,listen,done,0\r\n"
            "500,600,7,0,socket,done,0\n"
            "3000,20003000,8,50,accept,done,0\n"
            "20004000,20005000,8,60,setsockopt,done,1\n"
            "20006000,50006000,9,60,recv,done,3\n"
            "50007000,50037000,9,60,send,done,3\n"
            "50040000,90000000,9,60,recv,done,0\n"
            "90001000,90002000,9,60,closesocket,done,0\n"
            "95000000,95001000,7,50,closesocket,done,0\n";

/* Two clients on a port: worker 2 takes what worker 1 has started. The send is
 * done at once, and nobody is told of it. Number 60 comes again. */
static const char port[] =
    HEADING "1000,2000,1,50,listen,done,0\n"
            "5000,6000,1,60,AcceptEx,pending,0\n"
            "7000,30000000,2,0,GetQueuedCompletionStatus,done,1\n"
            "30001000,30002000,2,61,AcceptEx,pending,0\n"
            "30003000,30004000,2,60,setsockopt,done,28683\n"
            "30005000,30006000,2,60,WSARecv,pending,0\n"
            "30007000,80000000,2,0,GetQueuedCompletionStatus,done,1\n"
            "8000,50000000,3,0,GetQueuedCompletionStatus,done,1\n"
            "50001000,50002000,3,60,WSASend,done,3\n"
            "50003000,50004000,3,60,WSARecv,pending,0\n"
            "50005000,70000000,3,0,GetQueuedCompletionStatus,done,1\n"
            "70001000,70002000,3,60,closesocket,done,0\n"
            "80001000,80002000,2,61,WSARecv,pending,0\n"
            "81000000,81000500,1,50,CancelIoEx,done,0\n";

/* Operations that are reported for their socket, or by a routine. */
static const char others[] =
    HEADING "1000,2000,1,50,listen,done,0\n"
            "3000,4000,2,60,WSARecv,pending,0\n"
            "9000,9100,2,60,WSAGetOverlappedResult,would_block,0\n"
            "10000,10100,2,60,WSAGetOverlappedResult,done,3\n"
            "11000,11100,2,60,WSASend,done,3\n"
            "11200,11200,2,0,completion_routine,done,3\n"
            "12000,12100,2,60,WSARecv,pending,0\n"
            "12200,12300,2,60,closesocket,done,0\n";

static struct trace arranged(const char *csv)
{
    struct trace trace = {.title = "05 <port> & \"more\""};
    trace_read(&trace, csv);
    trace_arrange(&trace);
    CHECK(!trace.is_incomplete);
    return trace;
}

/* The n-th event with this name, from 0. */
static const struct trace_event *event_of(const struct trace *trace,
                                          const char *call, int n)
{
    for (int i = 0; i < trace->count; i++)
        if (strcmp(trace->events[i].call, call) == 0 && n-- == 0)
            return &trace->events[i];
    CHECK(!"there is such an event");
    return trace->events;
}

static bool is_told_by(const struct trace *trace, const char *start, int n,
                       const char *told, int m)
{
    int completion = event_of(trace, start, n)->completion;
    return completion != TRACE_NONE &&
           &trace->events[completion] == event_of(trace, told, m);
}

static bool has_label(const struct trace *trace, const char *call, int n,
                      const char *expected)
{
    char label[TRACE_LABEL_BYTES];
    trace_label(trace, event_of(trace, call, n), label);
    if (strcmp(label, expected) != 0)
        printf("\"%s\"\n", label);
    return strcmp(label, expected) == 0;
}

static int occurrences(const char *text, const char *words)
{
    int count = 0;
    for (; (text = strstr(text, words)) != NULL; text++)
        count++;
    return count;
}

typedef void writer(struct out *out, const struct trace *trace);

static char *written(writer *write, const struct trace *trace)
{
    struct out out = {0};
    write(&out, trace);
    CHECK(!out.is_incomplete && out.text != NULL);
    return out.text != NULL ? out.text : calloc(1, 1);
}

static void write_echo(struct out *out, const struct trace *trace)
{
    trace_write_echo(out, trace, 1);
}

/* Every format is well-formed and has everything: the JSON every call, the
 * others every row. */
static void check_writers(const struct trace *trace)
{
    char *svg = written(trace_write_svg, trace);
    char *echo = written(write_echo, trace);
    char *text = written(trace_write_text, trace);
    char *json = written(trace_write_json, trace);
    CHECK(wellformed_html(svg) && wellformed_html(echo));
    CHECK(wellformed_text(text) && wellformed_json(json));
    CHECK(occurrences(json, "\"ph\":\"X\"") == trace->count);
    CHECK(occurrences(svg, "rx=\"3\"") >= trace->row_count);
    size_t lines = 0;
    for (const char *at = text; *at != '\0'; lines++) {
        size_t length = strcspn(at, "\n");
        CHECK(length <= 100);
        at += length + (at[length] == '\n');
    }
    CHECK(lines >= (size_t)(trace->row_count + trace->lane_count));
    for (int i = 0; i < trace->row_count; i++)
        CHECK(strstr(text, trace_row(trace, i)->call) != NULL);
    free(svg);
    free(echo);
    free(text);
    free(json);
}

static void test_blocking(void)
{
    struct trace trace = arranged(blocking);
    CHECK(trace.count == 9 && trace.ignored_lines == 0);
    CHECK(trace.row_count == 7 && trace.hidden_count == 2);
    CHECK(trace.lane_count == 4);
    CHECK(strcmp(trace.lanes[0], "clients") == 0);
    CHECK(strcmp(trace.lanes[1], "main") == 0);
    CHECK(strcmp(trace.lanes[2], "acceptor") == 0);
    CHECK(strcmp(trace.lanes[3], "thread of A") == 0);
    CHECK(has_label(&trace, "recv", 0, "S4 S5 recv A: 3 bytes"));
    CHECK(has_label(&trace, "send", 0, "S6 send A: 3 bytes"));
    CHECK(has_label(&trace, "closesocket", 0, "S8 closesocket A"));
    CHECK(has_label(&trace, "closesocket", 1, "S9 closesocket"));
    const struct trace_event *wait = event_of(&trace, "recv", 0);
    CHECK(wait->kind == TRACE_WAIT && wait->completion == TRACE_NONE);
    CHECK(trace_last_row(&trace, wait) == wait->row);
    CHECK(trace_gap_ns(&trace, wait->row) == 20003000);
    check_writers(&trace);
    trace_free(&trace);
}

static void test_port(void)
{
    static const char packet[] = "GetQueuedCompletionStatus";
    struct trace trace = arranged(port);
    CHECK(is_told_by(&trace, "AcceptEx", 0, packet, 0));
    CHECK(is_told_by(&trace, "WSARecv", 0, packet, 1));
    CHECK(is_told_by(&trace, "WSARecv", 1, packet, 3));
    CHECK(is_told_by(&trace, "AcceptEx", 1, packet, 2));
    CHECK(event_of(&trace, "WSASend", 0)->completion == TRACE_NONE);
    CHECK(event_of(&trace, "WSARecv", 2)->completion == TRACE_NONE);
    CHECK(has_label(&trace, packet, 1, "S7 GetQueuedCompletionStatus A"));
    CHECK(has_label(&trace, "WSARecv", 2, "S4 WSARecv B: pending"));
    CHECK(has_label(&trace, "CancelIoEx", 0, "S9 CancelIoEx"));
    CHECK(strcmp(trace.lanes[3], "worker 2") == 0);
    check_writers(&trace);
    trace_free(&trace);
}

static void test_others(void)
{
    struct trace trace = arranged(others);
    CHECK(is_told_by(&trace, "WSARecv", 0, "WSAGetOverlappedResult", 1));
    CHECK(is_told_by(&trace, "WSASend", 0, "completion_routine", 0));
    CHECK(event_of(&trace, "WSARecv", 1)->completion == TRACE_NONE);
    CHECK(has_label(&trace, "WSAGetOverlappedResult", 0,
                    "S5 WSAGetOverlappedResult A: nothing yet"));
    CHECK(has_label(&trace, "completion_routine", 0,
                    "S6 completion_routine A: 3 bytes"));
    check_writers(&trace);
    trace_free(&trace);
}

/* What is no line is counted and skipped; the others are kept. */
static void test_nonsense(void)
{
    struct trace trace = arranged(
        "hello\n,,,,,,\n1,2,3,4,recv,done\n1,2,3,4,recv,done,5,6\n\n"
        "2,1,3,4,recv,done,5\n-1,2,3,4,recv,done,5\n1,2,3,4,re<v,done,5\n"
        "1,99999999999999999999,3,4,recv,done,5\n1,2,3,4,recv,done,5-\n"
        "1,2,3,4,recv,done,7\n1,2,3");
    CHECK(trace.count == 1 && trace.ignored_lines == 10);
    CHECK(trace.events[0].items == 7);
    check_writers(&trace);
    trace_free(&trace);

    trace = arranged("");
    CHECK(trace.count == 0 && trace.row_count == 0);
    check_writers(&trace);
    trace_free(&trace);
}

static void test_limits(void)
{
    struct trace trace = arranged(
        "0,18446744073709551615,4294967295,18446744073709551615,recv,done,"
        "9223372036854775807\n"
        "18446744073709551615,18446744073709551615,0,0,send,failed,"
        "-9223372036854775808\n");
    CHECK(trace.count == 2 && trace.ignored_lines == 0);
    CHECK(trace.events[1].items == INT64_MIN);
    check_writers(&trace);
    trace_free(&trace);
}

/* More threads and sockets than there is room for, and notes of clients. */
static void test_many(void)
{
    struct out csv = {0};
    struct trace trace = {.title = "many"};
    for (int i = 0; i < 200; i++)
        out_printf(&csv, "%d,%d,%d,%d,WSARecv,pending,0\n", i, i + 1, i, i + 1);
    trace_note(&trace, 100, "A <sends> & more");
    trace_read(&trace, csv.text);
    trace_arrange(&trace);
    CHECK(trace.count == 201 && trace.row_count == 201);
    CHECK(trace.lane_count == TRACE_LANES_AT_MOST);
    CHECK(trace.connection_count == TRACE_CONNECTIONS_AT_MOST);
    for (int i = 0; i < trace.count; i++)
        CHECK((trace.events[i].lane == 0) ==
              (trace.events[i].kind == TRACE_CLIENT));
    char *svg = written(trace_write_svg, &trace);
    CHECK(wellformed_html(svg) && strstr(svg, "A &lt;sends&gt;") != NULL);
    free(svg);
    free(csv.text);
    trace_free(&trace);
}

/* Of client B's last echo: from one wait to the next, and nobody else's. */
static void test_echo(void)
{
    struct trace trace =
        arranged("1,9000000,1,60,recv,done,3\n"
                 "2,9000001,2,61,recv,done,3\n"
                 "9000002,9000003,1,60,send,done,3\n"
                 "9000004,9000005,2,61,send,done,3\n"
                 "9000006,9000007,1,60,recv,done,3\n"
                 "9000008,19000000,2,61,recv,done,0\n"
                 "19000001,19000002,2,61,closesocket,done,0\n");
    char *svg = written(write_echo, &trace);
    CHECK(wellformed_html(svg));
    CHECK(occurrences(svg, "rx=\"3\"") == 5 + 3); /* the legend has 5 */
    CHECK(occurrences(svg, "S4 S5 recv<") == 2);
    CHECK(occurrences(svg, "S6 send<") == 1 &&
          occurrences(svg, ">waits<") == 3);
    free(svg);
    trace_free(&trace);
}

int main(void)
{
    test_blocking();
    test_port();
    test_others();
    test_nonsense();
    test_limits();
    test_many();
    test_echo();
    return summary();
}
