/* Many connections at once, many one after the other, and the walls. */
#include "cases.h"
#include "../result/statistics.h"

/* 500, a thread for each, or a little more than 1,000; with --long up to 2,000, for a minute. */
void conns_1000(void)
{
    int count = check.chapter == 1 ? 500 : 1010;
    count = check.is_long && check.chapter == 5 ? 2000 : count;
    struct peer *peers = joined(count);
    uint64_t end_ns = clock_in_ms(check.is_long ? 60000 : 0);
    do {
        ping_all(peers, count, 40);
        ping_all(peers, count, 40);
    } while (clock_ns() < end_ns);
}

/* Up, and back over the same walls. Those of 03 are at 63 for each worker. */
void boundary(void)
{
    enum { COUNT = 130 };
    struct peer *peers = new_peers(COUNT);
    for (int i = 1; i <= COUNT; i++) {
        join(&peers[i - 1]);
        if ((i > 61 && i <= 66) || i > 128)
            ping_all(peers, i, 20);
    }
    for (int i = COUNT - 1; i >= 60; i--) {
        peer_close(&peers[i]);
        if (i <= 66 || i > 124)
            ping_all(peers, i, 20);
    }
}

/* served clients, and one that is refused with a reason; then a place is free
 * again. */
static void wall_at(int served)
{
    struct peer *peers = new_peers(served + 1);
    join_all(peers, served);
    ping_all(peers, served, 20);
    refused(&peers[served]);
    reported("refused");
    ping_all(peers, served, 20);
    peer_close(&peers[served / 2]);
    serve(&peers[served], FREED_MS);
    for (int i = 0; i <= served; i++)
        if (i != served / 2)
            echo(&peers[i], 20);
}

void boundary_63(void)
{
    wall_at(63);
}

void boundary_fd_set(void)
{
    wall_at(1024);
}

void max_clients(void)
{
    wall_at(5);
}

/* Sends without an end, and begins anew when it has been cut off. */
static bool send_for_ever(struct peer *p, int count)
{
    (void)count;
    if (p->state != PEER_OPEN && !join(p))
        Sleep(1); /* there is nobody any more */
    send_bytes(p, 65536);
    return true;
}

/* A client that is refused is told by an end, not by a reset, which could take
 * from it what it has not read yet: so what it has sent must be received first.
 * But if it goes on and on, only so much: then it is reset, and nobody waits. The
 * stall lets it send before that. */
void refused_in_order(void)
{
    enum { SENT_BYTES = 4194304, ENOUGH_BYTES = 1048576 };
    struct peer *served = new_peers(1);
    struct peer *p = new_peers(1);
    struct peer *endless = new_peers(1);
    start_with(
        "--fault shutdown@1=stall300,shutdown@2=stall300,shutdown@3=stall300 "
        "--max-clients 1");
    join(served);
    echo(served, 10);
    join(p);
    send_bytes(p, 100000);
    receive_end(p);
    pass_time(50); /* a reset would come after the end */
    expect(!was_reset(p), "expected an end and no reset after it");

    join(p);
    p->may_fail = true;
    for (int i = 0; i < 10; i++) { /* all is there before it is received */
        send_what_fits(p, SENT_BYTES - p->sent);
        pass_time(10);
    }
    wait_until(p->state != PEER_OPEN || was_reset(p), FREED_MS);
    expect(p->sent < ENOUGH_BYTES || was_reset(p) || p->state == PEER_BROKEN,
           "expected one who has sent %llu bytes to be reset", p->sent);
    p->may_fail = false;
    echo(served, 10);

    /* Nor is one forgotten when the server is asked to stop meanwhile, and is
     * done with everything else before the stall is over. */
    join(p);
    pass_time(50);
    stop_server();
    receive_end(p);
    receive_end(served);

    start_with("--max-clients 1");
    join(served);
    echo(served, 10);
    endless->may_fail = true;
    endless->patience_ms = 1000;
    beside(endless, 1, send_for_ever);
    for (int i = 0; i < 3; i++) {
        refused(p);
        echo(served, 10);
    }
    stop_server();
    receive_end(served);
}

/* What a program of one page may forget. 02's first waits fail, so its sets stay
 * full, and it calls accept() when nobody is there; it may also end. 04's first
 * APCs are there before its worker has begun. */
static void page_forgets(void)
{
    struct peer *p = new_peers(1);
    p->may_fail = true;
    stop_server();
    bool served = starts("--fault select@1-100=10050,_beginthreadex@1=short") &&
                  join(p) && echo(p, 10) && echo(p, 10);
    expect(served || process_wait(&check.server, 1000) != -1,
           "expected two echoes after select() has failed (02: is the listener "
           "non-blocking?) and clients have come before the thread began (04: "
           "the list, then the wait?), saw: %s",
           p->problem);
    close_peers();
    stop_server();
    start();
}

void several(void)
{
    if (check.is_page && check.server.counters != NULL)
        page_forgets();
    struct peer *peers = joined(5);
    for (int i = 0; i < 3; i++)
        ping_all(peers, 5, 4000);
    peer_close(&peers[0]);
    peer_close(&peers[3]);
    for (int i = 1; i < 3; i++)
        ping_all(&peers[1], 2, 40);
    echo(&peers[4], 100000);
}

/* The free places are taken again at last. */
void compaction(void)
{
    enum { COUNT = 40 };
    struct peer *peers = joined(COUNT);
    ping_all(peers, COUNT, 100);
    peer_close(&peers[0]);
    peer_close(&peers[COUNT - 1]);
    ping_all(&peers[1], COUNT - 2, 100);
    for (int i = 2; i < COUNT - 1; i += 2)
        peer_close(&peers[i]);
    for (int round = 0; round < 3; round++)
        for (int i = 1; i < COUNT - 1; i += 2)
            echo(&peers[i], 100);
    for (int i = 0; i < COUNT; i++)
        if (peers[i].state == PEER_CLOSED)
            join(&peers[i]);
    ping_all(peers, COUNT, 100);
}

/* Many more connect than can be accepted in a moment, all while the server is
 * held: who is connected must not wait until all of them have been accepted.
 * Each accept is late, so that few of them fall into the time in which the echo
 * is on its way to us: on a busy machine that may need a second attempt.
 * Windows refuses what does not fit into the backlog (page "listen function"), of
 * which the servers ask for 2,000; with Wine 8 Linux tries again. */
void burst_300(void)
{
    enum { COUNT = 300, LIMIT = COUNT / 2, ATTEMPTS = 3, WITHIN_MS = 12000 };
    struct peer *peers = new_peers(COUNT);
    struct peer *p = new_peers(1);
    int64_t took_ms = WITHIN_MS;
    int64_t accepts = LIMIT;
    int lost = 0;
    start_with("--fault accept@every=stall5");
    join(p);
    echo(p, 10);
    for (int k = 0; k < ATTEMPTS && (took_ms >= WITHIN_MS || accepts >= LIMIT);
         k++) {
        hold();
        for (int i = 0; i < COUNT; i++)
            join_begin(&peers[i], check.server.host);
        send_bytes(p, 10);
        int64_t before = calls_of(OBSERVE_accept, OBSERVE_AcceptEx);
        uint64_t begin_ns = clock_ns();
        process_go_on(&check.server);
        receive_bytes(p, 10);
        accepts = calls_of(OBSERVE_accept, OBSERVE_AcceptEx) - before;
        for (int i = 0; i < COUNT; i++) {
            peers[i].may_fail = true;
            if (!join_end(&peers[i])) {
                lost++;
                serve(&peers[i], STEP_MS);
            }
            peers[i].may_fail = false;
        }
        ping_all(peers, COUNT, 30);
        took_ms = ms_since(begin_ns);
    }
    expect_less(accepts, LIMIT, "clients accepted before an echo is sent");
    expect_less(took_ms, WITHIN_MS, "ms until 300 clients are served");
    either(lost == 0, "%d clients were refused", lost);
}

/* Short connections that end in an orderly way, with a reset, without a word,
 * half-closed, and with a reset without a word, in turn. From the 10,000th on all
 * are reset: others leave a port in TIME_WAIT, and Windows has 16,384 (page "The
 * default dynamic port range for TCP/IP has changed since Windows Vista"). */
static void churn_on(struct peer *p, int count)
{
    for (int i = 0; i < count; i++) {
        int way = i < 10000 ? i % 5 : 1;
        join(p);
        if (way == 0)
            echo(p, 10);
        else if (way == 1 || way == 3)
            send_bytes(p, 10);
        if (way == 3)
            leave(p);
        if (i < 10000 && i % 50 == 49)
            pass_time(50); /* then the server waits for its first byte */
        if (way == 1 || way == 4)
            peer_reset(p);
        peer_close(p);
    }
}

void churn_100(void)
{
    churn_on(new_peers(1), 100);
}

void churn(void)
{
    struct peer *p = new_peers(1);
    churn_on(p, 200); /* to warm up */
    control();
    struct usage before = usage_at_rest();
    churn_on(p, check.is_long ? 100000 : 2000);
    control();
    usage_flat(&before, check.is_long ? 4194304 : 2097152);
}

/* 01 --serve one: the second client is served when the first has left. */
void serve_one(void)
{
    struct peer *peers = new_peers(2);
    join(&peers[0]);
    echo(&peers[0], 10);
    join(&peers[1]);
    send_bytes(&peers[1], 10);
    echo(&peers[0], 10);
    pass_time(300);
    expect(receive_some(&peers[1], 1) == 0,
           "expected the second client to wait, saw it served");
    peer_close(&peers[0]);
    receive_bytes(&peers[1], 10);
}

/* One step of a random session. */
static void fuzz_step(struct peer *p, struct prng *prng)
{
    uint64_t dice = prng_below(prng, 20);
    uint64_t bytes =
        prng_below(prng, prng_below(prng, 3) == 0 ? 40000 : 300) + 1;
    if (p->state == PEER_CLOSED) {
        join(p);
    } else if (dice < 8) {
        if (under_way(p, 1) < 60000)
            send_bytes(p, bytes);
    } else if (dice < 16) {
        receive_bytes(p, min(under_way(p, 1), bytes));
    } else if (dice == 16) {
        peer_reset(p);
    } else if (dice == 17) {
        leave(p);
    } else if (dice == 18) {
        receive_rest(p);
        peer_close(p);
    }
}

/* The same seed does the same things. */
void fuzz(void)
{
    enum { COUNT = 8 };
    struct peer *peers = new_peers(COUNT);
    struct prng prng = {.state = check.seed};
    int steps = check.is_long ? 50000 : 1500;
    for (int i = 0; i < steps; i++)
        fuzz_step(&peers[prng_below(&prng, COUNT)], &prng);
    for (int i = 0; i < COUNT; i++)
        if (peers[i].state == PEER_OPEN)
            receive_rest(&peers[i]);
}
