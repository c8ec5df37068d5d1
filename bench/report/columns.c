#include "columns.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
#define COLUMN(member, name, heading, meaning) \
    {name, heading, meaning, offsetof(struct result_row, member)}

const struct column columns[] = {
    COLUMN(kinds[OBSERVE_RECEIVE], "receives", "receive",
           "calls for each echo: recv, WSARecv"),
    COLUMN(kinds[OBSERVE_SEND], "sends", "send", "send, WSASend"),
    COLUMN(kinds[OBSERVE_WAIT], "waits", "wait",
           "the thread sleeps until there is something: select, WSAPoll, "
           "WSAWaitForMultipleEvents, SleepEx"),
    COLUMN(kinds[OBSERVE_DEQUEUE], "dequeues", "dequeue",
           "takes completion packets: GetQueuedCompletionStatus, its Ex"),
    COLUMN(kinds[OBSERVE_RESULT], "results", "result",
           "asks what came of an operation: WSAGetOverlappedResult"),
    COLUMN(kinds[OBSERVE_RESET], "resets", "reset", "WSAResetEvent"),
    COLUMN(kinds[OBSERVE_OTHER], "others", "other",
           "every other call that is counted"),
    COLUMN(kinds[OBSERVE_ROUTINE], "routines", "routine",
           "completion routines that Windows has run: no calls of the server"),
    COLUMN(requests, "requests", "requests",
           "to the wineserver, which is Wine's kernel: the server's, for each "
           "echo"),
    COLUMN(threads, "threads", "threads", "of the server"),
    COLUMN(client_requests, "client_requests", "client's",
           "requests of the client"),
    COLUMN(calls, "calls", "calls", "all calls of the server for each echo"),
    COLUMN(calls_low, "calls_low", "fewest",
           "the same in the launch with the fewest"),
    COLUMN(calls_high, "calls_high", "most", "and in that with the most"),
    COLUMN(at_once_percent, "at_once_percent", "at once %",
           "receives and sends that were done when the call returned"),
    COLUMN(in_vain, "in_vain", "in vain",
           "receives and sends that found nothing to do, for each echo"),
    COLUMN(found_per_wait, "found_per_wait", "found/wait",
           "ready sockets or completions for each call that waits"),
    COLUMN(server_us, "server_us", "server alone",
           "us of processor time for each echo: of the server"),
    COLUMN(system_us, "system_us", "system us", "of the system on its behalf"),
    COLUMN(client_us, "client_us", "client us", "of the client"),
    COLUMN(handles, "handles", "handles", "of the server"),
    COLUMN(memory_kb, "memory_kb", "memory KB", "of the server"),
    COLUMN(kb_per_idle, "kb_per_idle", "KB/idle",
           "memory that each idle connection adds"),
    COLUMN(handles_per_idle, "handles_per_idle", "handles/idle",
           "handles that each idle connection adds"),
    COLUMN(p50_us, "p50_us", "p50 us",
           "half of the echoes took at most this long; open loop: from when "
           "they were due"),
    COLUMN(p90_us, "p90_us", "p90 us", "90 of 100 echoes"),
    COLUMN(p99_us, "p99_us", "p99 us",
           "99 of 100; a percentile needs ten echoes beyond it"),
    COLUMN(p999_us, "p999_us", "p99.9 us", "999 of 1,000"),
    COLUMN(max_us, "max_us", "max us", "the longest"),
    COLUMN(jain, "jain", "Jain",
           "fairness over the connections: 1 when all got the same"),
    COLUMN(slowest_percent, "slowest_percent", "slowest %",
           "what the slowest connection got, in % of an even share"),
    COLUMN(late_percent, "late_percent", "late %",
           "open loop: requests that the client sent more than 1 ms late"),
    COLUMN(busy_percent, "busy_percent", "client busy %",
           "of the time, the client did not wait")};
/* clang-format on */

const int column_count = sizeof columns / sizeof columns[0];
struct figure column_figure(const struct column *column,
                            const struct result_row *row)
{
    struct figure figure = {0};
    if (result_has_figures(row))
        memcpy(&figure, (const char *)row + column->offset, sizeof figure);
    return figure;
}

void column_text(struct figure figure, char text[24])
{
    double size = figure.value < 0 ? -figure.value : figure.value;
    const char *sign = figure.value < 0 ? "-" : "";
    bool is_whole = size < 1e9 && size == (double)(long)size;
    int decimals = is_whole ? 0 : size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    long whole = size < 1e9 ? (long)(size + 0.5) : 0;
    if (!figure.known)
        snprintf(text, 24, "n/a");
    else if (size >= 1e9)
        snprintf(text, 24, "%.2e", figure.value);
    else if (whole >= 1000000)
        snprintf(text, 24, "%s%ld,%03ld,%03ld", sign, whole / 1000000,
                 whole / 1000 % 1000, whole % 1000);
    else if (whole >= 1000)
        snprintf(text, 24, "%s%ld,%03ld", sign, whole / 1000, whole % 1000);
    else
        snprintf(text, 24, "%.*f", decimals, figure.value);
}

void column_range(struct figure value, bool has_range, double low, double high,
                  char text[96])
{
    char middle[24];
    char from[24];
    char to[24];
    column_text(value, middle);
    column_text(figure_of(low), from);
    column_text(figure_of(high), to);
    if (value.known && has_range)
        snprintf(text, 96, "%s [%s, %s]", middle, from, to);
    else
        snprintf(text, 96, "%s", middle);
}
