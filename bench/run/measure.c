#include "measure.h"

#include <string.h>

#include "wine.h"

/* What the seam counts, in the kinds of the report. A completion routine is no
 * call of the server. */
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
    case OBSERVE_GetMessageW:
        return RESULT_WAIT;
    case OBSERVE_GetQueuedCompletionStatus:
    case OBSERVE_GetQueuedCompletionStatusEx:
        return RESULT_DEQUEUE;
    case OBSERVE_WSAGetOverlappedResult:
        return RESULT_ASK;
    case OBSERVE_WSAResetEvent:
        return RESULT_RESET;
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

/* Sorts the calls into the kinds of the report. */
static void sort_counts(struct result_sample *sample,
                        const struct process_counts *counts)
{
    _Static_assert((int)OBSERVE_OUTCOME_COUNT == (int)RESULT_OUTCOME_COUNT,
                   "result.h names the outcomes of observe.h");
    static const int waits[] = {OBSERVE_select,
                                OBSERVE_WSAPoll,
                                OBSERVE_SleepEx,
                                OBSERVE_GetMessageW,
                                OBSERVE_GetQueuedCompletionStatus,
                                OBSERVE_GetQueuedCompletionStatusEx};
    for (int call = 0; call < OBSERVE_CALL_COUNT; call++)
        if (call != OBSERVE_completion_routine)
            for (int o = 0; o < OBSERVE_OUTCOME_COUNT; o++)
                sample->calls[kind_of(call)][o] += counts->calls[call][o];
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        sample->waits += calls_of(counts, waits[i]);
        sample->empty_waits += counts->calls[waits[i]][OBSERVE_WOULD_BLOCK];
        sample->completions += counts->items[waits[i]];
    }
    /* An event only says that there is something: what has completed is taken
     * with WSAGetOverlappedResult, and that may be more than one. A server
     * with a port uses the same call, but its packets are counted already. */
    const int wait = OBSERVE_WSAWaitForMultipleEvents;
    const int taken = OBSERVE_WSAGetOverlappedResult;
    int64_t event_waits = calls_of(counts, wait);
    sample->waits += event_waits;
    sample->empty_waits += counts->calls[wait][OBSERVE_WOULD_BLOCK];
    if (event_waits > 0)
        sample->completions +=
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
static void keep_sample(struct result_row *row, int epoch,
                        const struct load *load, const struct load_run *run,
                        struct result_sample *sample)
{
    sample->echoes = run->echoes;
    sample->all_echoes = run->all_echoes;
    sample->bytes = run->bytes;
    sample->hot_echoes = run->hot_echoes;
    sample->elapsed_ns = run->elapsed_ns;
    sample->whole_ns = run->whole_ns;
    sample->busy_ns =
        run->whole_ns > run->waited_ns ? run->whole_ns - run->waited_ns : 0;
    sample->due_count = run->due_count;
    sample->late_count = run->late_count;
    sample->p50_ns = histogram_percentile_ns(&run->latency, 50);
    sample->p99_ns = histogram_percentile_ns(&run->latency, 99);
    memcpy(sample->client_calls, run->calls, sizeof sample->client_calls);
    if (row->sample_count <= epoch)
        row->sample_count++;
    result_add(&row->samples[row->sample_count - 1], sample);
    histogram_merge(&row->latency, &run->latency);
    histogram_merge(&row->service, &run->service);
    if (row->echoes_by_connection != NULL)
        for (int i = 0; i < row->connection_count; i++)
            row->echoes_by_connection[i] += load->connections[i].echoes;
}

/* CPU times so far, by part. False: the server's is not to be had. */
static bool read_cpu(struct process *process, uint64_t cpu_ns[RESULT_IDLE])
{
    cpu_ns[RESULT_CLIENT] = process_own_cpu_ns();
    cpu_ns[RESULT_SYSTEM] = 0;
    wine_server_ns(&cpu_ns[RESULT_SYSTEM]);
    return process_cpu_ns(process, &cpu_ns[RESULT_SERVER]);
}

enum measure_outcome measure_sample(struct process *process, struct load *load,
                                    uint64_t duration_ns, HANDLE stop,
                                    int epoch, struct result_row *row)
{
    static struct load_run run; /* 60 KB: not on the stack */
    struct result_sample sample = {.memory_before_bytes = 0};
    struct process_counts before;
    struct process_counts after;
    uint64_t cpu_before_ns[RESULT_IDLE];
    uint64_t cpu_after_ns[RESULT_IDLE];
    row->has_counts = process_counts(process, &before);
    bool has_cpu = read_cpu(process, cpu_before_ns);
    enum load_outcome outcome = load_run(load, duration_ns, stop, &run);
    has_cpu = read_cpu(process, cpu_after_ns) && has_cpu;
    if (outcome == LOAD_STOPPED)
        return MEASURE_STOPPED;
    if (outcome == LOAD_FAILED)
        return MEASURE_FAILED;
    settle(process, &after);
    for (int part = 0; part < RESULT_IDLE; part++)
        sample.cpu_ns[part] = cpu_after_ns[part] - cpu_before_ns[part];
    row->lacks_cpu = row->lacks_cpu || !has_cpu;
    if (row->has_counts) {
        subtract_counts(&after, &before);
        sort_counts(&sample, &after);
    }
    keep_sample(row, epoch, load, &run, &sample);
    return MEASURE_DONE;
}
