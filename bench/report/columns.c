#include "columns.h"

#include <stdio.h>
#include <string.h>

#define COLUMN(name, heading, member, meaning)                                 \
    {                                                                          \
        name, heading, meaning, offsetof(struct result_row, member)            \
    }

const struct column columns[] = {
    COLUMN("p50_us", "p50 us", latency_us.p50,
           "half of the echoes took at most this long; open loop: from when "
           "they were due"),
    COLUMN("p90_us", "p90 us", latency_us.p90, "90 of 100 echoes"),
    COLUMN("p99_us", "p99 us", latency_us.p99,
           "99 of 100; a percentile needs ten echoes beyond it"),
    COLUMN("p999_us", "p99.9 us", latency_us.p999, "999 of 1,000"),
    COLUMN("max_us", "max us", latency_us.max, "the longest"),
    COLUMN("sent_p50_us", "sent p50", service_us.p50,
           "open loop: half of the echoes, from when they were sent"),
    COLUMN("sent_p99_us", "sent p99", service_us.p99, "likewise, 99 of 100"),
    COLUMN("server_us", "server us", budget_us[RESULT_SERVER],
           "processor time of the server for each echo"),
    COLUMN("system_us", "system us", budget_us[RESULT_SYSTEM],
           "of the wineserver; on Windows of the kernel for both"),
    COLUMN("client_us", "client us", budget_us[RESULT_CLIENT], "of the client"),
    COLUMN("idle_us", "idle us", budget_us[RESULT_IDLE],
           "work: what is left of the elapsed time"),
    COLUMN("by_receive_us", "by receive", cause_us[RESULT_BY_RECEIVE],
           "work: receives of the server, counts times prices"),
    COLUMN("by_send_us", "by send", cause_us[RESULT_BY_SEND], "its sends"),
    COLUMN("by_wait_us", "by wait", cause_us[RESULT_BY_WAIT],
           "its waits, with being woken"),
    COLUMN("by_results_us", "by results", cause_us[RESULT_BY_RESULT],
           "dequeuing, asking for results, resetting events"),
    COLUMN("by_client_us", "by client", cause_us[RESULT_BY_CLIENT],
           "the calls of the client"),
    COLUMN("unexplained_us", "unexplained", cause_us[RESULT_UNEXPLAINED],
           "the rest of the work"),
    COLUMN("explained_percent", "explained %", explained_percent,
           "of the work, by counts times prices"),
    COLUMN("receives", "receive", calls_per_echo[RESULT_RECEIVE],
           "calls for each echo: recv, WSARecv"),
    COLUMN("sends", "send", calls_per_echo[RESULT_SEND], "send, WSASend"),
    COLUMN("waits", "wait", calls_per_echo[RESULT_WAIT],
           "select, WSAPoll, WSAWaitForMultipleEvents, SleepEx"),
    COLUMN("dequeues", "dequeue", calls_per_echo[RESULT_DEQUEUE],
           "GetQueuedCompletionStatus and its Ex"),
    COLUMN("asks", "ask", calls_per_echo[RESULT_ASK], "WSAGetOverlappedResult"),
    COLUMN("resets", "reset", calls_per_echo[RESULT_RESET], "WSAResetEvent"),
    COLUMN("others", "other", calls_per_echo[RESULT_OTHER],
           "every other call that the seam counts"),
    COLUMN("calls", "calls", all_calls_per_echo, "all of these"),
    COLUMN("at_once_percent", "at once %", at_once_percent,
           "receives and sends that were done when the call returned"),
    COLUMN("would_block", "in vain", would_block_per_echo,
           "receives and sends in vain, for each echo"),
    COLUMN("empty_waits", "empty waits", empty_waits_per_echo,
           "waits that found nothing, for each echo"),
    COLUMN("found_per_wait", "found/wait", completions_per_wait,
           "ready sockets or completions for each call that waits"),
    COLUMN("jain", "Jain", jain,
           "fairness over the connections: 1 when all got the same"),
    COLUMN("slowest_percent", "slowest %", slowest_percent,
           "what the slowest connection got, in % of an even share"),
    COLUMN("hot_per_s", "hot/s", hot_per_s,
           "skew: echoes/s of the hot connection, 4,096 bytes each"),
    COLUMN("late_percent", "late %", late_percent,
           "open loop: requests that the client sent more than 1 ms late"),
    COLUMN("busy_percent", "client busy %", busy_percent,
           "of the time, the client did not wait: from 85 on it is the limit"),
    COLUMN("threads", "threads", threads, "of the server")};

const int column_count = sizeof columns / sizeof columns[0];

struct figure column_figure(const struct column *column,
                            const struct result_row *row)
{
    struct figure figure;
    memcpy(&figure, (const char *)row + column->offset, sizeof figure);
    return figure;
}

void column_text(struct figure figure, char text[24])
{
    double size = figure.value < 0 ? -figure.value : figure.value;
    int decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    if (!figure.known)
        snprintf(text, 24, "n/a");
    else if (size >= 1e7)
        snprintf(text, 24, figure.value < 0 ? "under -1e7" : "over 1e7");
    else
        snprintf(text, 24, "%.*f", decimals, figure.value);
}

#define SAMPLE(member)                                                         \
    {                                                                          \
#member, offsetof(struct result_sample, member)                        \
    }
#define CALLS(name, kind)                                                      \
    {name "_done", offsetof(struct result_sample, calls[kind][RESULT_DONE])},  \
        {name "_pending",                                                      \
         offsetof(struct result_sample, calls[kind][RESULT_PENDING])},         \
        {name "_in_vain",                                                      \
         offsetof(struct result_sample, calls[kind][RESULT_WOULD_BLOCK])},     \
    {                                                                          \
        name "_failed",                                                        \
            offsetof(struct result_sample, calls[kind][RESULT_FAILED])         \
    }

const struct sample_column sample_columns[] = {
    SAMPLE(echoes),
    SAMPLE(all_echoes),
    SAMPLE(bytes),
    SAMPLE(elapsed_ns),
    SAMPLE(whole_ns),
    SAMPLE(busy_ns),
    {"server_ns", offsetof(struct result_sample, cpu_ns[RESULT_SERVER])},
    {"system_ns", offsetof(struct result_sample, cpu_ns[RESULT_SYSTEM])},
    {"client_ns", offsetof(struct result_sample, cpu_ns[RESULT_CLIENT])},
    SAMPLE(p50_ns),
    SAMPLE(p99_ns),
    SAMPLE(due_count),
    SAMPLE(late_count),
    SAMPLE(hot_echoes),
    SAMPLE(memory_before_bytes),
    SAMPLE(memory_after_bytes),
    CALLS("receive", RESULT_RECEIVE),
    CALLS("send", RESULT_SEND),
    CALLS("wait", RESULT_WAIT),
    CALLS("dequeue", RESULT_DEQUEUE),
    CALLS("ask", RESULT_ASK),
    CALLS("reset", RESULT_RESET),
    CALLS("other", RESULT_OTHER),
    SAMPLE(waits),
    SAMPLE(empty_waits),
    SAMPLE(completions),
    {"client_sends",
     offsetof(struct result_sample, client_calls[PRICES_CLIENT_SEND])},
    {"client_ready",
     offsetof(struct result_sample, client_calls[PRICES_CLIENT_READY])},
    {"client_pending",
     offsetof(struct result_sample, client_calls[PRICES_CLIENT_PENDING])},
    {"client_dequeues",
     offsetof(struct result_sample, client_calls[PRICES_CLIENT_DEQUEUE])}};

const int sample_column_count =
    sizeof sample_columns / sizeof sample_columns[0];

int64_t sample_value(const struct sample_column *column,
                     const struct result_sample *sample)
{
    int64_t value;
    memcpy(&value, (const char *)sample + column->offset, sizeof value);
    return value;
}
