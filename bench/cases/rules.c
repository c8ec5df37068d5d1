/* What every server owes however it is built: an echo takes few calls, and a
 * shortage is over when it is over. */
#include <stdio.h>

#include "cases.h"

/* ---- calls ----------------------------------------------------------------- */

/* A completion routine that has run is no call of the server's. */
static int64_t all_calls(void)
{
    int64_t sum = 0;
    for (int call = 0; call < OBSERVE_CALL_COUNT; call++)
        if (call != OBSERVE_completion_routine)
            sum += calls_of((enum observe_call)call, (enum observe_call)call);
    return sum;
}

/* An echo takes no more calls than its model needs, however many are silent
 * beside it. On a busy machine one that ends late may take a wait of its own, but
 * not in each of three rounds. While nobody sends only 02 looks round, four times a
 * second. */
void few_calls(void)
{
    enum { SILENT = 60, ECHOES = 200, ROUNDS = 3, REST_MS = 2000 };
    static const int most[] = {0, 2, 3, 4, 3, 3};
    struct peer *p = joined(1);
    struct peer *silent = joined(SILENT);
    int64_t fewest = INT64_MAX;
    need_counters();
    ping_all(silent, SILENT, 10);
    echo(p, 10);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t begin_ns = clock_ns();
        int64_t calls = all_calls();
        for (int i = 0; i < ECHOES; i++) {
            echo(p, 10);
            pass_time(1); /* so that it comes to rest */
        }
        calls = all_calls() - calls - ms_since(begin_ns) / 200; /* ticks */
        fewest = min(fewest, calls);
    }
    expect_less(fewest, most[check.chapter] * ECHOES + ECHOES * 3 / 4,
                "calls for 200 echoes");
    expect_less(calls_of(OBSERVE_accept, OBSERVE_accept), 2 * SILENT + 5,
                "calls of accept for 61 clients");
    uint64_t begin_ns = clock_ns();
    int64_t calls = all_calls();
    pass_time(REST_MS);
    expect_less(all_calls() - calls, 6 + ms_since(begin_ns) / 200,
                "calls in 2 s without anything to do");
}

/* ---- shortages ------------------------------------------------------------- */

/* One that lasts longer than a few attempts, and all of 05's slots: afterwards
 * clients are accepted as if nothing had been. */
void long_shortage(void)
{
    enum { SLOTS = 32, SOON_MS = 3000 };
    struct process_counts counts;
    struct peer *p = new_peers(1);
    start_with("--fault accept@1-12=10024,AcceptEx@1-40=10055");
    if (check.chapter == 5) {
        wait_until(counts_of(&counts) &&
                       counts.calls[OBSERVE_AcceptEx][OBSERVE_PENDING] >= SLOTS,
                   SOON_MS);
        expect_same(counts.calls[OBSERVE_AcceptEx][OBSERVE_PENDING], SLOTS,
                    "AcceptEx in flight");
    }
    serve(p, STEP_MS);
}

/* 03 needs one more worker, and no thread is to be had. Whoever comes then is
 * turned away; whoever comes later is not. */
void no_more_workers(void)
{
    enum { MANY = 63 * 8 + 1 };
    struct peer *peers = new_peers(MANY);
    start();
    need_counters();
    int64_t threads = calls_of(OBSERVE__beginthreadex, OBSERVE__beginthreadex);
    stop_server();
    start_with("--fault _beginthreadex@%lld=11", threads + 1);
    int count = (int)(threads - 1) * 63; /* one thread is the acceptor's */
    if (count >= MANY)
        skip("so many processors that this takes too many clients");
    join_all(peers, count);
    ping_all(peers, count, 10);
    refused(&peers[count]);
    reported("beginthreadex");
    serve(&peers[count], FREED_MS);
    ping_all(peers, count + 1, 10);
}

/* A worker that is slow to give a place back: whoever comes meanwhile is turned
 * away or served, and the worker's other clients go on. */
void place_given_back(void)
{
    enum { PLACES = 63 };
    struct peer *peers = joined(PLACES);
    struct peer *next = new_peers(1);
    ping_all(peers, PLACES, 10);
    close_all(peers, PLACES);
    stop_server();
    start_with("--fault WSAResetEvent@%d-%d=stall100", PLACES + 1, PLACES + 20);
    join_all(peers, PLACES);
    ping_all(peers, PLACES, 10);
    for (int i = 0; i < 4; i++) {
        peer_close(&peers[i]);
        serve(next, FREED_MS);
        peer_close(next);
        serve(&peers[i], FREED_MS);
        ping_all(peers, PLACES, 10);
    }
}
