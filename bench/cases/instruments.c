/* What this suite and the benchmark read of a server from outside, held against
 * what is known: none of these cases is about the server. */
#include <stdio.h>

#include "cases.h"
#include "../run/load.h"

enum { CONNECTIONS = 4, SECONDS = 3, STALL_MS = 1400, RATE = 100 };

static void measure(enum load_kind kind, struct load_run *run)
{
    struct load load = {.port = NULL};
    struct load_plan plan = {.kind = kind,
                             .connection_count = CONNECTIONS,
                             .message_bytes = 64,
                             .rate_per_s = RATE};
    start_with("--fault recv@20=stall1400");
    bool good =
        load_open(&load, check.server.host, check.server.port, &plan) &&
        load_run(&load, SECONDS * UINT64_C(1000000000), NULL, run) == LOAD_DONE;
    load_close(&load);
    expect(good, "expected the load to run to its end: %s", load.failure);
    stop_server();
}

/* One thread serves all connections in 02, so that a call that is 1,400 ms late
 * holds up everyone. A closed loop has one request under way on each connection
 * then: as many late ones, among thousands. In an open loop all that were due
 * meanwhile are late: 140 of 300. A busy machine adds to these times only. The
 * stall comes early, before a slow server can have too few calls. */
void stall_shows(void)
{
    static struct load_run closed;
    static struct load_run paced;
    int64_t late_count = 0;
    measure(LOAD_CLOSED, &closed);
    measure(LOAD_PACED, &paced);
    for (unsigned i = histogram_bucket_of(STALL_MS * UINT64_C(900000));
         i < HISTOGRAM_BUCKETS; i++)
        late_count += (int64_t)closed.latency.counts[i];
    expect_same(late_count, CONNECTIONS, "late echoes in a closed loop");
    uint64_t p90_ns = histogram_percentile_ns(&paced.latency, 90);
    uint64_t p99_ns = histogram_percentile_ns(&paced.latency, 99);
    expect(p90_ns > STALL_MS * UINT64_C(500000) &&
               p99_ns > STALL_MS * UINT64_C(900000) &&
               paced.echoes == paced.due_count &&
               paced.due_count >= RATE * SECONDS - 2,
           "open loop: expected %d echoes and a stall of %d ms in the "
           "percentiles, saw %llu of %llu, 90 %%: %llu ns, 99 %%: %llu ns",
           RATE * SECONDS, STALL_MS, paced.echoes, paced.due_count, p90_ns,
           p99_ns);
}

enum { BURN_MS = 500 };

/* Of its own time Wine's GetProcessTimes tells the truth. */
static void burn(unsigned until_ms)
{
    FILETIME created, exited, kernel, user;
    uint64_t used_ms = 0;
    while (used_ms < until_ms && GetProcessTimes(GetCurrentProcess(), &created,
                                                 &exited, &kernel, &user)) {
        used_ms = ((uint64_t)kernel.dwLowDateTime + user.dwLowDateTime) / 10000;
        for (volatile int i = 0; i < 1000000; i++)
            continue;
    }
}

int instruments_burn(void)
{
    burn(BURN_MS);
    printf("listening 127.0.0.1:1\n");
    fflush(stdout);
    Sleep(INFINITE);
    return 0;
}

/* Of a child that has used 500 ms and then waits that is read, and not our own,
 * of which we use more. */
void cpu_read(void)
{
    char program[PATH_BYTES];
    char message[800] = "";
    uint64_t cpu_ns = 0;
    utf8_own_path(program);
    bool is_there = process_start(&check.other, program, "burn", STEP_MS * 2,
                                  message, sizeof message);
    expect(is_there, "the child does not start: %s", message);
    burn(BURN_MS * 3);
    bool known = process_cpu_ns(&check.other, &cpu_ns);
    expect(known && cpu_ns > BURN_MS * UINT64_C(900000) &&
               cpu_ns < BURN_MS * UINT64_C(1100000),
           "expected %d ms of processor time, saw %llu ns", BURN_MS, cpu_ns);
}

void handles_read(void)
{
    enum { COUNT = 50 };
    control();
    int before = usage_at_rest().handles;
    if (before == 0)
        skip("the handles of another process are not to be had");
    struct peer *peers = joined(COUNT);
    ping_all(peers, COUNT, 10);
    int during = process_handles(&check.server);
    expect(during >= before + COUNT && during < before + 2 * COUNT,
           "expected %d handles and %d more, saw %d", before, COUNT, during);
    close_all(peers, COUNT);
    wait_until(process_handles(&check.server) <= before, FREED_MS);
    expect_less(process_handles(&check.server), before + 1,
                "handles when they have gone");
}

/* What the wineserver has written is an answer to each request of the server and
 * of ours, and twice that at most. Its count begins first and ends last. */
void requests_read(void)
{
    enum { ROUNDS = 500 };
    struct peer *p = joined(1);
    if (!wine_here())
        skip("there is no wineserver");
    echo(p, 10);
    wine_requests_of_self(); /* looks for the Linux processes: once */
    wine_requests_of(&check.server);
    uint64_t all = wine_requests_of_all();
    uint64_t own = wine_requests_of_self();
    uint64_t server = wine_requests_of(&check.server);
    for (int i = 0; i < ROUNDS; i++)
        echo(p, 10);
    server = wine_requests_of(&check.server) - server;
    own = wine_requests_of_self() - own;
    all = wine_requests_of_all() - all;
    snprintf(check.note, sizeof check.note,
             "%llu + %llu requests, the wineserver wrote %llu", server, own,
             all);
    expect(server > ROUNDS && own > ROUNDS && all >= server + own &&
               all < (server + own) * 2,
           "expected requests, and the three to agree, saw %s", check.note);
}
