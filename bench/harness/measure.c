#include "measure.h"

#include <string.h>

/* What the seam counts, in the kinds of the cost card. A completion routine is
 * no call of the server. */
static enum result_kind kind_of(int call)
{
    switch (call) {
    case OBSERVE_recv:
    case OBSERVE_WSARecv:
        return RESULT_RECEIVE;
    case OBSERVE_send:
    case OBSERVE_WSASend:
        return RESULT_SEND;
    case OBSERVE_select:
    case OBSERVE_WSAPoll:
    case OBSERVE_WSAWaitForMultipleEvents:
    case OBSERVE_SleepEx:
        return RESULT_WAIT;
    case OBSERVE_GetQueuedCompletionStatus:
    case OBSERVE_GetQueuedCompletionStatusEx:
    case OBSERVE_WSAGetOverlappedResult:
        return RESULT_DEQUEUE;
    default:
        return RESULT_OTHER;
    }
}

static int64_t calls_of(const struct process_counts *counts, int call)
{
    int64_t sum = 0;
    for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
        sum += counts->calls[call][outcome];
    return sum;
}

/* Turns counts into what has been added since before. */
static void subtract_counts(struct process_counts *counts,
                            const struct process_counts *before)
{
    for (int call = 0; call < OBSERVE_CALL_COUNT; call++) {
        for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
            counts->calls[call][outcome] -= before->calls[call][outcome];
        counts->items[call] -= before->items[call];
    }
}

/* Sorts the calls of one round into the kinds of the cost card. */
static void sort_counts(struct result_round *round,
                        const struct process_counts *counts)
{
    _Static_assert((int)OBSERVE_OUTCOME_COUNT == (int)RESULT_OUTCOME_COUNT,
                   "result.h names the outcomes of observe.h");
    static const int waits[] = {
        OBSERVE_select, OBSERVE_WSAPoll, OBSERVE_SleepEx,
        OBSERVE_GetQueuedCompletionStatus, OBSERVE_GetQueuedCompletionStatusEx};
    for (int call = 0; call < OBSERVE_CALL_COUNT; call++)
        if (call != OBSERVE_completion_routine)
            for (int o = 0; o < OBSERVE_OUTCOME_COUNT; o++)
                round->calls[kind_of(call)][o] += counts->calls[call][o];
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        round->waits += calls_of(counts, waits[i]);
        round->empty_waits += counts->calls[waits[i]][OBSERVE_WOULD_BLOCK];
        round->completions += counts->items[waits[i]];
    }
    /* An event only says that there is something: what has completed is taken
     * with WSAGetOverlappedResult, and that may be more than one. A server
     * with a port uses the same call, but its packets are counted already. */
    const int wait = OBSERVE_WSAWaitForMultipleEvents;
    const int taken = OBSERVE_WSAGetOverlappedResult;
    int64_t event_waits = calls_of(counts, wait);
    round->waits += event_waits;
    round->empty_waits += counts->calls[wait][OBSERVE_WOULD_BLOCK];
    if (event_waits > 0)
        round->completions +=
            calls_of(counts, taken) - counts->calls[taken][OBSERVE_WOULD_BLOCK];
}

/* The client has its last echo, but the server may still have to return from
 * its last sends and start to receive again. Waits until it makes no more
 * calls; a server that never rests is given up on. Writes the last counts, if
 * there are any. */
static void settle(const struct process *process, struct process_counts *counts)
{
    enum { LOOKS_AT_MOST = 20, LOOKS_ALIKE = 2, LOOK_MS = 2 };
    struct process_counts before;
    bool has_counts = process_counts(process, counts);
    int same_count = 0;
    for (int i = 0; i < LOOKS_AT_MOST && same_count < LOOKS_ALIKE; i++) {
        before = *counts;
        Sleep(LOOK_MS);
        if (has_counts)
            process_counts(process, counts);
        same_count =
            memcmp(&before, counts, sizeof before) == 0 ? same_count + 1 : 0;
    }
}

/* Adds what was measured to the row. */
static void keep_round(struct result_row *row, const struct load *load,
                       const struct load_round *loaded,
                       struct result_round *measured)
{
    measured->echoes = loaded->echoes;
    measured->bytes = loaded->bytes;
    measured->hot_echoes = loaded->hot_echoes;
    measured->elapsed_ns = loaded->elapsed_ns;
    measured->idle_ns = loaded->idle_ns;
    measured->client_cpu_ns = loaded->cpu_ns;
    measured->due_count = loaded->due_count;
    measured->late_count = loaded->late_count;
    measured->p50_ns = histogram_percentile_ns(&loaded->latency, 50);
    measured->p99_ns = histogram_percentile_ns(&loaded->latency, 99);
    row->rounds[row->round_count++] = *measured;
    histogram_merge(&row->latency, &loaded->latency);
    histogram_merge(&row->service, &loaded->service);
    if (row->echoes_by_connection != NULL)
        for (int i = 0; i < row->connection_count; i++)
            row->echoes_by_connection[i] += load->connections[i].echoes;
}

enum measure_outcome measure_round(struct process *process, struct load *load,
                                   uint64_t duration_ns, HANDLE stop,
                                   bool is_warm_up, struct result_row *row)
{
    static struct load_round loaded; /* 60 KB: not on the stack */
    struct result_round measured = {0};
    struct process_counts before;
    struct process_counts after;
    row->has_counts = process_counts(process, &before);
    uint64_t cpu_before = 0;
    uint64_t cpu_after = 0;
    bool has_cpu = process_cpu_100ns(process, &cpu_before);
    enum load_outcome outcome = load_run(load, duration_ns, stop, &loaded);
    if (outcome == LOAD_STOPPED)
        return MEASURE_STOPPED;
    if (outcome == LOAD_FAILED)
        return MEASURE_FAILED;
    settle(process, &after);
    has_cpu = process_cpu_100ns(process, &cpu_after) && has_cpu;
    if (has_cpu)
        measured.server_cpu_ns = (cpu_after - cpu_before) * 100;
    else
        row->lacks_cpu = true;
    if (row->has_counts) {
        subtract_counts(&after, &before);
        sort_counts(&measured, &after);
    }
    if (!is_warm_up)
        keep_round(row, load, &loaded, &measured);
    return MEASURE_DONE;
}
