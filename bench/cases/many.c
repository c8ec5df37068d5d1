/* Many connections at once, many one after the other, and the walls. */
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "../result/statistics.h"

static void hold_and_ping(struct check *c, int count)
{
    struct peer *peers = new_peers(c, count);
    join_all(peers, count);
    for (int i = 0; i < 2; i++)
        ping_all(peers, count, 40);
}

void conns_130(struct check *c)
{
    hold_and_ping(c, 130);
}

void conns_1000(struct check *c)
{
    hold_and_ping(c, c->chapter == 1 ? 500 : 1000); /* a thread for each */
}

void boundary(struct check *c)
{
    struct peer *peers = new_peers(c, 66);
    join_all(peers, 61);
    for (int i = 61; i < 66; i++) {
        join(&peers[i]); /* now 62 to 66 */
        ping_all(peers, i + 1, 20);
    }
    for (int i = 65; i >= 60; i--) { /* and back over the same walls */
        peer_close(&peers[i]);
        ping_all(peers, i, 20);
    }
}

/* served clients, and one that is refused with a reason; then a place is free
 * again. */
static void wall_at(struct check *c, int served)
{
    struct peer *peers = new_peers(c, served + 1);
    join_all(peers, served);
    ping_all(peers, served, 20);
    refused(&peers[served]);
    reported(c, "refused");
    ping_all(peers, served, 20);
    peer_close(&peers[served / 2]);
    serve(&peers[served], FREED_MS);
    for (int i = 0; i < served + 1; i++)
        if (i != served / 2)
            echo(&peers[i], 20);
}

void boundary_63(struct check *c)
{
    wall_at(c, 63);
}

void boundary_fd_set(struct check *c)
{
    wall_at(c, 1024);
}

void max_clients(struct check *c)
{
    wall_at(c, 5);
}

/* A client that is refused is told by an end, not by a reset, which could take
 * from it what it has not read yet: so what it has sent must be received first.
 * But if it goes on and on, only so much. The stall lets it send before that. */
void refused_in_order(struct check *c)
{
    enum { AT_MOST_BYTES = 67108864 };
    struct peer *served = new_peers(c, 1);
    struct peer *p = new_peers(c, 1);
    start_with_faults(c, "shutdown@1=stall300,shutdown@2=stall300,"
                         "shutdown@3=stall300 --max-clients 1");
    join(served);
    echo(served, 10);

    join(p);
    send_bytes(p, 1000);
    receive_end(p);
    pass_time(c, 50); /* a reset would come after the end */
    expect(c, !was_reset(p), "expected an end and no reset after it");

    join(p);
    p->may_fail = true;
    send_bytes(p, AT_MOST_BYTES);
    expect(c, p->state == PEER_BROKEN,
           "expected a refused client that goes on sending to be cut off, "
           "saw it send %llu bytes: %s",
           (unsigned long long)p->sent, p->problem);
    p->may_fail = false;
    echo(served, 10);

    /* Nor is it forgotten when the server is asked to stop meanwhile, and is
     * done with everything else before the stall is over. */
    join(p);
    pass_time(c, 50);
    stop_server(c);
    receive_end(p);
    receive_end(served);
}

void several(struct check *c)
{
    struct peer *peers = new_peers(c, 5);
    join_all(peers, 5);
    for (int i = 0; i < 3; i++)
        ping_all(peers, 5, 4000);
    peer_close(&peers[0]);
    peer_close(&peers[3]);
    for (int i = 1; i < 3; i++)
        ping_all(&peers[1], 2, 40);
    echo(&peers[4], 100000);
}

void compaction(struct check *c)
{
    enum { COUNT = 40 };
    struct peer *peers = new_peers(c, COUNT);
    join_all(peers, COUNT);
    ping_all(peers, COUNT, 100);
    peer_close(&peers[0]);
    peer_close(&peers[COUNT - 1]);
    ping_all(&peers[1], COUNT - 2, 100);
    for (int i = 2; i < COUNT - 1; i += 2)
        peer_close(&peers[i]);
    for (int round = 0; round < 3; round++)
        for (int i = 1; i < COUNT - 1; i += 2)
            echo(&peers[i], 100);
    /* The free places are taken again. */
    for (int i = 0; i < COUNT; i++)
        if (peers[i].state == PEER_CLOSED)
            join(&peers[i]);
    ping_all(peers, COUNT, 100);
}

/* A machine that is busy with something else may need a second attempt. */
void burst_300(struct check *c)
{
    enum { COUNT = 300, ATTEMPTS = 3, WITHIN_MS = 12000 };
    struct peer *peers = new_peers(c, COUNT);
    uint64_t took_ms = WITHIN_MS;
    for (int k = 0; k < ATTEMPTS && took_ms >= WITHIN_MS; k++) {
        close_all(peers, COUNT);
        uint64_t begin = clock_ns();
        for (int i = 0; i < COUNT; i++)
            join_begin(&peers[i], c->server.host);
        for (int i = 0; i < COUNT; i++) {
            /* Windows refuses what does not fit into the backlog: ask again. */
            peers[i].may_fail = true;
            if (!join_end(&peers[i]))
                serve(&peers[i], STEP_MS);
            peers[i].may_fail = false;
        }
        ping_all(peers, COUNT, 30);
        took_ms = (clock_ns() - begin) / 1000000;
    }
    expect(c, took_ms < WITHIN_MS,
           "expected 300 clients to be served within 12 s, saw %u ms",
           (unsigned)took_ms);
}

/* Many more connect than can be accepted in a moment, all while the server is
 * held: who is connected must not wait until all of them have been accepted.
 * Each accept is late, so that few of them fall into the time in which the echo
 * is on its way to us: on a busy machine that may need a second attempt. */
void burst_pinged(struct check *c)
{
    enum { COUNT = 500, LIMIT = COUNT / 2, ATTEMPTS = 3 };
    struct peer *peers = new_peers(c, COUNT);
    struct peer *p = new_peers(c, 1);
    int64_t accepts = LIMIT;
    start_with_faults(c, "accept@every=stall5");
    join(p);
    echo(p, 10);
    for (int k = 0; k < ATTEMPTS && accepts >= LIMIT; k++) {
        hold(c);
        for (int i = 0; i < COUNT; i++)
            join_begin(&peers[i], c->server.host);
        send_bytes(p, 10);
        int64_t before = calls_of(c, OBSERVE_accept, OBSERVE_AcceptEx);
        go_on(c);
        receive_bytes(p, 10);
        accepts = calls_of(c, OBSERVE_accept, OBSERVE_AcceptEx) - before;
    }
    expect(c, accepts < LIMIT,
           "expected an echo before many of %d clients are accepted, saw %d "
           "come first",
           COUNT, (int)accepts);
    snprintf(c->note, sizeof c->note, "after %d of %d", (int)accepts, COUNT);
    close_all(peers, COUNT);
    stop_server(c);
}

/* Short connections that end in an orderly way, with a reset, without a word,
 * and half-closed, in turn. From the 10,000th on all are reset: others leave a
 * port in TIME_WAIT, and Windows has 16,384 (page "The default dynamic port
 * range for TCP/IP has changed since Windows Vista"). */
static void churn_on(struct peer *p, int count)
{
    for (int i = 0; i < count; i++) {
        int way = i < 10000 ? i % 4 : 1;
        join(p);
        if (way == 0)
            echo(p, 10);
        else if (way == 3) {
            send_bytes(p, 10);
            half_close(p);
            receive_bytes(p, 10);
            receive_end(p);
        } else if (way == 1) {
            send_bytes(p, 10);
            peer_reset(p);
        }
        peer_close(p);
        progress(p->c, "%d of %d connections", i, count);
    }
}

static void churn_for(struct check *c, int count, uint64_t growth_bytes)
{
    struct peer *p = new_peers(c, 1);
    churn_on(p, 200); /* to warm up */
    control(c);
    struct usage before = usage_at_rest(c);
    churn_on(p, count);
    control(c);
    usage_flat(c, &before, growth_bytes);
}

void churn_100(struct check *c)
{
    churn_on(new_peers(c, 1), 100);
}

void churn(struct check *c)
{
    churn_for(c, 2000, 2097152);
}

void churn_100k(struct check *c)
{
    churn_for(c, 100000, 4194304);
}

/* Held, and each pinged again and again, 100 of them at a time. */
void scale(struct check *c)
{
    enum { AT_A_TIME = 100, SECONDS = 60 };
    static const int counts[] = {500, 1000, 1000, 1000, 2000};
    int count = counts[c->chapter - 1];
    uint64_t slowest_ms = 0;
    int rounds = 0;
    struct peer *peers = new_peers(c, count);
    join_all(peers, count);
    uint64_t end_ns = clock_in_ms(SECONDS * UINT64_C(1000));
    for (; clock_ns() < end_ns; rounds++) {
        for (int i = 0; i < count; i += AT_A_TIME) {
            uint64_t ms = ping_at_once(&peers[i], AT_A_TIME, 64);
            slowest_ms = ms > slowest_ms ? ms : slowest_ms;
        }
        progress(c, "%d connections, each pinged %d times", count, rounds + 1);
    }
    snprintf(c->note, sizeof c->note,
             "%d connections, each pinged %d times, slowest %llu ms", count,
             rounds, (unsigned long long)slowest_ms);
}

/* 01 --serve one: the second client is served when the first has left. */
void serve_one(struct check *c)
{
    struct peer *peers = new_peers(c, 2);
    join(&peers[0]);
    echo(&peers[0], 10);
    join(&peers[1]);
    send_bytes(&peers[1], 10);
    echo(&peers[0], 10);
    pass_time(c, 300);
    expect(c, receive_some(&peers[1], 1) == 0,
           "expected the second client to wait, saw it served");
    peer_close(&peers[0]);
    receive_bytes(&peers[1], 10);
}

/* Random sessions from a seed: the same seed does the same things. */
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
        receive_bytes(p, under_way(p, 1) < bytes ? under_way(p, 1) : bytes);
    } else if (dice < 17) {
        peer_reset(p);
    } else if (dice < 18) {
        half_close(p);
        receive_rest(p);
        receive_end(p);
        peer_close(p);
    } else if (dice < 19) {
        receive_rest(p);
        peer_close(p);
    }
}

void fuzz(struct check *c)
{
    enum { COUNT = 8 };
    struct peer *peers = new_peers(c, COUNT);
    struct prng prng = {.state = c->seed};
    int steps = c->is_long ? 50000 : 1500;
    for (int i = 0; i < steps; i++)
        fuzz_step(&peers[prng_below(&prng, COUNT)], &prng);
    for (int i = 0; i < COUNT; i++)
        if (peers[i].state == PEER_OPEN)
            receive_rest(&peers[i]);
}
