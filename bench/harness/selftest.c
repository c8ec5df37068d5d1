#include "selftest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "load.h"
#include "process.h"

enum { EXIT_INTERRUPTED = 130 };

static int passed_count;
static int failed_count;

static void check(bool holds, const char *rule)
{
    if (holds)
        passed_count++;
    else
        failed_count++;
    printf("%s  %s\n", holds ? "ok  " : "FAIL", rule);
}

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

static void print_line(const char *what, const struct histogram *h)
{
    printf("%-28s %8llu %8.1f %8.1f %8.1f %8.1f\n", what,
           (unsigned long long)h->count, ms(histogram_percentile_ns(h, 50)),
           ms(histogram_percentile_ns(h, 90)),
           ms(histogram_percentile_ns(h, 99)), ms(h->largest_ns));
}

/* Starts the server anew, so that the stalled call comes once, and measures it
 * with one kind of load. */
static enum load_outcome measure(const char *program, const char *fault,
                                 const struct load_plan *plan,
                                 uint64_t duration_ns, HANDLE stop,
                                 struct load_round *round)
{
    enum { START_MS = 15000, STOP_MS = 20000 };
    struct process process;
    struct load load = {.total_count = 0};
    char message[600] = "";
    char arguments[80];
    enum load_outcome outcome = LOAD_FAILED;
    snprintf(arguments, sizeof arguments, "--fault %s", fault);
    if (process_start(&process, program, arguments, START_MS, message,
                      sizeof message)) {
        if (load_open(&load, process.host, process.port, plan))
            outcome = load_run(&load, duration_ns, stop, round);
        load_close(&load);
        process_stop(&process, STOP_MS, NULL, NULL);
    }
    process_free(&process);
    if (outcome == LOAD_FAILED)
        printf("%s: %s%s\n", program, message, load.failure);
    return outcome;
}

/* One thread serves all connections in 02, so a call that is 1,400 ms late
 * holds up everyone. A closed loop has at most one request under way on each
 * connection then: CONNECTIONS late ones of thousands, invisible at the 99th
 * percentile. In an open loop of SECONDS every request that was due meanwhile
 * is late: 1.4 / SECONDS of all. */
int selftest_run(const char *directory, HANDLE stop)
{
    enum { CONNECTIONS = 4, SECONDS = 5, STALL_MS = 1400, RATE = 100 };
    static struct load_round closed;
    static struct load_round paced;
    char program[MAX_PATH + 32];
    const uint64_t duration_ns = SECONDS * UINT64_C(1000000000);
    struct load_plan plan = {.kind = LOAD_CLOSED,
                             .connection_count = CONNECTIONS,
                             .message_bytes = 64,
                             .rate_per_s = RATE};
    snprintf(program, sizeof program, "%s\\02_nonblocking.exe", directory);
    printf("02 with one call 1,400 ms late, %d connections, %d s\n\n%-28s %8s "
           "%8s %8s %8s %8s\n",
           CONNECTIONS, SECONDS, "latencies in ms", "echoes", "p50", "p90",
           "p99", "max");
    enum load_outcome outcome = measure(program, "recv@200=stall1400", &plan,
                                        duration_ns, stop, &closed);
    if (outcome == LOAD_DONE) {
        plan.kind = LOAD_PACED;
        outcome = measure(program, "recv@200=stall1400", &plan, duration_ns,
                          stop, &paced);
    }
    if (outcome == LOAD_STOPPED)
        return EXIT_INTERRUPTED;
    print_line("closed loop", &closed.latency);
    print_line("open loop, from when due", &paced.latency);
    print_line("open loop, from the send", &paced.service);
    printf("\n");
    check(outcome == LOAD_DONE, "both loads ran to their ends");
    check(closed.latency.largest_ns >= STALL_MS * UINT64_C(900000) &&
              paced.latency.largest_ns >= STALL_MS * UINT64_C(900000),
          "the stall is there: the longest echo took at least 1,260 ms");
    check(closed.latency.count > 2000,
          "the closed loop has enough echoes to tell (2,000)");
    check(histogram_percentile_ns(&closed.latency, 99) <
              STALL_MS * UINT64_C(100000),
          "closed loop: the 99th percentile does not know of it (< 140 ms)");
    check(histogram_percentile_ns(&paced.latency, 90) >
              STALL_MS * UINT64_C(350000),
          "open loop: the 90th percentile does (> 490 ms)");
    check(histogram_percentile_ns(&paced.latency, 99) >
              STALL_MS * UINT64_C(700000),
          "open loop: the 99th percentile does (> 980 ms)");
    check(paced.due_count == paced.echoes &&
              paced.due_count >= RATE * SECONDS - 2,
          "open loop: every request that was due was sent and came back");
    check(histogram_percentile_ns(&paced.service, 90) <
              histogram_percentile_ns(&paced.latency, 90) / 2,
          "open loop, from the send: the 90th percentile hides it");
    printf("%d passed, %d failed\n", passed_count, failed_count);
    return failed_count > 0;
}
