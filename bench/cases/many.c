/* Many connections at once, many one after the other, and the walls. */
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "../result/statistics.h"
#include "../../common/clock.h"

static void hold_and_ping(struct check *c, int count, int rounds)
{
    struct peer *peers = new_peers(c, count);
    join_all(c, peers, count);
    for (int i = 0; i < rounds; i++)
        ping_all(c, peers, count, 40);
}

static void boundary(struct check *c)
{
    struct peer *peers = new_peers(c, 66);
    join_all(c, peers, 61);
    for (int i = 61; i < 66; i++) {
        join(c, &peers[i]); /* now 62 to 66 */
        ping_all(c, peers, i + 1, 20);
    }
    for (int i = 65; i >= 60; i--) { /* and back over the same walls */
        peer_close(&peers[i]);
        ping_all(c, peers, i, 20);
    }
}

/* served clients, and one that is refused with a reason; then a place is free
 * again. */
static void wall_at(struct check *c, int served)
{
    struct peer *peers = new_peers(c, served + 1);
    join_all(c, peers, served);
    ping_all(c, peers, served, 20);
    refused(c, &peers[served]);
    reported(c, "refused");
    ping_all(c, peers, served, 20);
    peer_close(&peers[served / 2]);
    serve(c, &peers[served], FREED_MS);
    for (int i = 0; i < served + 1; i++)
        if (i != served / 2)
            echo(c, &peers[i], 20);
}

static void wall_63(struct check *c)
{
    wall_at(c, 63);
}

static void wall_fd_setsize(struct check *c)
{
    wall_at(c, 1024);
}

static void max_clients(struct check *c)
{
    wall_at(c, 5);
}

/* A client that is refused is told by an end, not by a reset, which could take
 * from it what it has not read yet: so what it has sent must be received first.
 * But if it goes on and on, only so much. The stall lets it send before that. */
static void refused_in_order(struct check *c)
{
    enum { AT_MOST_BYTES = 67108864 };
    struct peer *served = new_peers(c, 1);
    struct peer *p = new_peers(c, 1);
    c->cut = true;
    start_with_faults(c, "shutdown@1=stall300,shutdown@2=stall300,"
                         "shutdown@3=stall300 --max-clients 1");
    join(c, served);
    echo(c, served, 10);

    join(c, p);
    send_bytes(c, p, 1000);
    receive_end(c, p);
    pass_time(c, 50); /* a reset would come after the end */
    expect(c, !peer_was_reset(p), "expected an end and no reset after it");

    join(c, p);
    stuff(c, p, 1048576);
    while (going_on(c) && p->state == PEER_OPEN && p->sent < AT_MOST_BYTES)
        if (peer_send_some(p, 65536) == 0 && !peer_wait_writable(p, STEP_MS))
            break;
    if (going_on(c))
        expect(c, p->state == PEER_BROKEN,
               "expected a refused client that goes on sending to be cut off, "
               "saw it send %llu bytes: %s",
               (unsigned long long)p->sent, p->problem);
    echo(c, served, 10);

    /* Nor is it forgotten when the server is asked to stop meanwhile, and is
     * done with everything else before the stall is over. */
    join(c, p);
    pass_time(c, 50);
    stop_server(c);
    receive_end(c, p);
    receive_end(c, served);
}

static void conns_130(struct check *c)
{
    hold_and_ping(c, 130, 3);
}

static void conns_500(struct check *c)
{
    hold_and_ping(c, 500, 2);
}

static void conns_1000(struct check *c)
{
    hold_and_ping(c, 1000, 2);
}

static void several(struct check *c)
{
    struct peer *peers = new_peers(c, 5);
    join_all(c, peers, 5);
    for (int i = 0; i < 3; i++)
        ping_all(c, peers, 5, 4000);
    peer_close(&peers[0]);
    peer_close(&peers[3]);
    for (int i = 1; i < 3; i++)
        ping_all(c, &peers[1], 2, 40);
    echo(c, &peers[4], 100000);
}

static void compaction(struct check *c)
{
    enum { COUNT = 40 };
    struct peer *peers = new_peers(c, COUNT);
    join_all(c, peers, COUNT);
    ping_all(c, peers, COUNT, 100);
    peer_close(&peers[0]);
    peer_close(&peers[COUNT - 1]);
    ping_all(c, &peers[1], COUNT - 2, 100);
    for (int i = 2; i < COUNT - 1; i += 2)
        peer_close(&peers[i]);
    for (int round = 0; round < 3; round++)
        for (int i = 1; i < COUNT - 1; i += 2)
            echo(c, &peers[i], 100);
    /* The free places are taken again. */
    for (int i = 0; i < COUNT; i++)
        if (peers[i].state == PEER_CLOSED)
            join(c, &peers[i]);
    ping_all(c, peers, COUNT, 100);
}

/* Returns how long it took, in ms. */
static uint64_t burst(struct check *c, struct peer *peers, int count)
{
    uint64_t begin = clock_ns();
    for (int i = 0; i < count && going_on(c); i++)
        peer_connect_begin(&peers[i], c->server.host, c->server.port);
    for (int i = 0; i < count && going_on(c); i++) {
        /* Windows refuses what does not fit into the backlog: ask again. */
        if (!peer_connect_end(&peers[i], STEP_MS))
            serve(c, &peers[i], STEP_MS);
        send_bytes(c, &peers[i], 30);
    }
    for (int i = 0; i < count; i++)
        receive_bytes(c, &peers[i], 30);
    return (clock_ns() - begin) / 1000000;
}

/* A machine that is busy with something else may need a second attempt. */
static void burst_300(struct check *c)
{
    enum { COUNT = 300, ATTEMPTS = 3, WITHIN_MS = 12000 };
    struct peer *peers = new_peers(c, COUNT);
    uint64_t took_ms = WITHIN_MS;
    for (int i = 0; i < ATTEMPTS && took_ms >= WITHIN_MS && going_on(c); i++) {
        for (int k = 0; k < COUNT; k++)
            peer_close(&peers[k]);
        took_ms = burst(c, peers, COUNT);
    }
    expect(c, took_ms < WITHIN_MS,
           "expected 300 clients to be served within 12 s, saw %u ms",
           (unsigned)took_ms);
}

/* Many more connect than can be accepted in a moment, all while the server is
 * held: who is connected must not wait until all of them have been accepted.
 * Each accept is late, so that few of them fall into the time in which the echo
 * is on its way to us: on a busy machine that may need a second attempt. */
static void burst_pinged(struct check *c)
{
    enum { COUNT = 500, LIMIT = COUNT / 2, ATTEMPTS = 3 };
    static const int kinds[] = {OBSERVE_accept, OBSERVE_AcceptEx, -1};
    struct peer *peers = new_peers(c, COUNT);
    struct peer *p = new_peers(c, 1);
    int64_t accepts = LIMIT;
    start_with_faults(c, "accept@every=stall5");
    join(c, p);
    echo(c, p, 10);
    for (int k = 0; k < ATTEMPTS && accepts >= LIMIT && going_on(c); k++) {
        expect(c, process_hold(&c->server) > 0, "cannot suspend the server");
        for (int i = 0; i < COUNT; i++) {
            peer_close(&peers[i]);
            peer_connect_begin(&peers[i], c->server.host, c->server.port);
        }
        send_bytes(c, p, 10);
        int64_t before = calls_of(c, kinds);
        process_go_on(&c->server);
        receive_bytes(c, p, 10);
        accepts = calls_of(c, kinds) - before;
    }
    expect(c, accepts < LIMIT,
           "expected an echo before many of %d clients are accepted, saw %d "
           "come first",
           COUNT, (int)accepts);
    snprintf(c->note, sizeof c->note, "after %d of %d", (int)accepts, COUNT);
}

void churn_one(struct check *c, struct peer *p, int number)
{
    join(c, p);
    switch (number % 4) {
    case 0: /* orderly */
        echo(c, p, 10);
        peer_close(p);
        break;
    case 1: /* reset */
        send_bytes(c, p, 10);
        peer_reset(p);
        break;
    case 2: /* silent */
        peer_close(p);
        break;
    default: /* half-closed */
        send_bytes(c, p, 10);
        half_close(c, p);
        receive_bytes(c, p, 10);
        receive_end(c, p);
        peer_reset(p);
        break;
    }
}

static void churn_for(struct check *c, int count, uint64_t growth_bytes)
{
    enum { WARM_UP = 200 };
    struct peer *p = new_peers(c, 1);
    for (int i = 0; i < WARM_UP && going_on(c); i++)
        churn_one(c, p, i);
    control(c);
    if (!going_on(c))
        return;
    struct usage before = usage_at_rest(c);
    for (int i = 0; i < count - WARM_UP && going_on(c); i++) {
        churn_one(c, p, i);
        progress(c, "%d of %d connections", i + WARM_UP, count);
    }
    control(c);
    usage_flat(c, &before, growth_bytes);
}

static void churn_100(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    for (int i = 0; i < 100 && going_on(c); i++)
        churn_one(c, p, i);
}

static void churn(struct check *c)
{
    churn_for(c, 2000, 2097152);
}

static void churn_100k(struct check *c)
{
    churn_for(c, 100000, 4194304);
}

/* Held, and each pinged again and again, 100 of them at a time. */
static void scale(struct check *c)
{
    enum { AT_A_TIME = 100, SECONDS = 60 };
    static const int counts[] = {500, 1000, 1000, 1000, 2000};
    int count = counts[c->chapter - 1];
    uint64_t slowest_ms = 0;
    int rounds = 0;
    struct peer *peers = new_peers(c, count);
    join_all(c, peers, count);
    uint64_t end_ns = clock_in_ms(SECONDS * UINT64_C(1000));
    for (; going_on(c) && clock_ns() < end_ns; rounds++) {
        for (int i = 0; i < count; i += AT_A_TIME) {
            uint64_t ms = ping_at_once(c, &peers[i], AT_A_TIME, 64);
            slowest_ms = ms > slowest_ms ? ms : slowest_ms;
        }
        progress(c, "%d connections, each pinged %d times", count, rounds + 1);
    }
    snprintf(c->note, sizeof c->note,
             "%d connections, each pinged %d times, slowest %llu ms", count,
             rounds, (unsigned long long)slowest_ms);
}

/* The first line that the server has written on stderr, without its name. */
static void first_report(struct check *c, char *line, size_t line_bytes)
{
    char text[400];
    process_copy_err(&c->server, text, sizeof text);
    text[strcspn(text, "\r\n")] = '\0';
    const char *colon = strstr(text, ": ");
    snprintf(line, line_bytes, "%s", colon != NULL ? colon + 2 : text);
}

/* Whether one more client can be served without driving the whole machine out
 * of memory: a thread for each costs 1 MiB under Wine. */
static bool machine_has_memory(void)
{
    MEMORYSTATUSEX memory = {.dwLength = sizeof memory};
    return !GlobalMemoryStatusEx(&memory) ||
           memory.ullAvailPhys > memory.ullTotalPhys / 4;
}

/* More and more clients, until one is not served. Returns how many are, and
 * why they are not more. */
static int fill_up(struct check *c, struct peer *peers, int at_most,
                   char *reason, size_t reason_bytes)
{
    enum { WITHIN_MS = 3000 };
    for (int i = 0; i < at_most && going_on(c); i++) {
        progress(c, "%d connections", i);
        if (!machine_has_memory()) {
            snprintf(reason, reason_bytes, "no memory for more");
            return i;
        }
        if (peer_connect(&peers[i], c->server.host, c->server.port,
                         WITHIN_MS) &&
            peer_echo(&peers[i], 16, WITHIN_MS))
            continue;
        first_report(c, reason, reason_bytes);
        if (reason[0] == '\0')
            snprintf(reason, reason_bytes, "%s", peers[i].problem);
        peer_close(&peers[i]);
        return i;
    }
    snprintf(reason, reason_bytes, "not tried further");
    return at_most;
}

/* Those that it has it goes on serving, one more is refused or waits, and when
 * all have left everything is as before. */
static void ceiling(struct check *c)
{
    enum { AT_MOST = 5000, AT_A_TIME = 100, LEAST = 500, RECOVERED_MS = 60000 };
    char reason[300];
    struct peer *peers = new_peers(c, AT_MOST);
    int held = fill_up(c, peers, AT_MOST, reason, sizeof reason);
    expect(c, held >= LEAST, "expected at least %d clients, saw %d: %s", LEAST,
           held, reason);
    for (int i = 0; i < held; i += AT_A_TIME)
        ping_at_once(c, &peers[i], held - i < AT_A_TIME ? held - i : AT_A_TIME,
                     64);
    for (int i = 0; i < held; i++)
        peer_close(&peers[i]);
    for (int i = 0; i < AT_A_TIME; i++)
        serve(c, &peers[i], RECOVERED_MS);
    ping_at_once(c, peers, AT_A_TIME, 64);
    snprintf(c->note, sizeof c->note, "%d held: %.80s", held, reason);
}

/* 01 --serve one: the second client is served when the first has left. */
static void serve_one(struct check *c)
{
    struct peer *peers = new_peers(c, 2);
    join(c, &peers[0]);
    echo(c, &peers[0], 10);
    join(c, &peers[1]);
    send_bytes(c, &peers[1], 10);
    echo(c, &peers[0], 10);
    if (going_on(c))
        expect(c, peer_poll(peers[1].s, POLLRDNORM, 300) == 0,
               "expected the second client to wait, saw it served");
    peer_close(&peers[0]);
    receive_bytes(c, &peers[1], 10);
}

/* Random sessions from a seed: the same seed does the same things. */
static void fuzz_step(struct check *c, struct peer *p, struct prng *prng)
{
    uint64_t dice = prng_below(prng, 20);
    uint64_t bytes =
        prng_below(prng, prng_below(prng, 3) == 0 ? 40000 : 300) + 1;
    if (p->state == PEER_CLOSED) {
        join(c, p);
    } else if (dice < 8) {
        if (p->sent - p->received < 60000)
            send_bytes(c, p, bytes);
    } else if (dice < 16) {
        uint64_t there = p->sent - p->received;
        receive_bytes(c, p, there < bytes ? there : bytes);
    } else if (dice < 17) {
        peer_reset(p);
    } else if (dice < 18) {
        half_close(c, p);
        receive_bytes(c, p, p->sent - p->received);
        receive_end(c, p);
        peer_close(p);
    } else if (dice < 19) {
        receive_bytes(c, p, p->sent - p->received);
        peer_close(p);
    }
}

static void fuzz(struct check *c)
{
    enum { COUNT = 8 };
    struct peer *peers = new_peers(c, COUNT);
    struct prng prng = {.state = c->seed};
    int steps = c->is_long ? 50000 : 1500;
    for (int i = 0; i < steps && going_on(c); i++)
        fuzz_step(c, &peers[prng_below(&prng, COUNT)], &prng);
    for (int i = 0; i < COUNT; i++)
        if (peers[i].state == PEER_OPEN)
            receive_bytes(c, &peers[i], peers[i].sent - peers[i].received);
}

const struct check_case many_cases[] = {
    {"several", "five clients at once", several, GROUP_SEVERAL, 0, NULL, 0},
    {"compaction", "first, last, every second close; the rest go on",
     compaction, GROUP_CROWD, 0, NULL, 0},
    {"max_clients", "one more than --max-clients", max_clients, GROUP_SEVERAL,
     CASE_CUTS, "--max-clients 5", 0},
    {"refused_in_order", "one client too many sees an end and no reset",
     refused_in_order, GROUP_START, CASE_STARTS, NULL, 0},
    {"boundary", "62 to 66 connections, up and down", boundary, GROUP_CROWD, 0,
     NULL, 0},
    {"boundary_63", "the 64th client is refused with a reason", wall_63,
     GROUP_WALL, CASE_CUTS, NULL, 0},
    {"boundary_fd_set", "the 1,025th client is refused with a reason",
     wall_fd_setsize, GROUP_FD_SET, CASE_CUTS, NULL, 120},
    {"conns_130", "130 held and pinged", conns_130, GROUP_CROWD, 0, NULL, 0},
    {"conns_500", "500 held and pinged", conns_500, GROUP_HEAVY, 0, NULL, 120},
    {"conns_1000", "1,000 held and pinged", conns_1000, GROUP_HEAVY,
     CASE_NOT_01, NULL, 120},
    {"burst_300", "300 connect at once: all served within 12 s", burst_300,
     GROUP_CROWD, 0, NULL, 0},
    {"burst_pinged", "500 connect at once: the first goes on", burst_pinged,
     GROUP_START, CASE_STARTS | CASE_CUTS, NULL, 0},
    {"churn_100", "100 short connections", churn_100, GROUP_BASIC, CASE_CUTS,
     NULL, 0},
    {"churn", "2,000 of them; threads and memory as before", churn, GROUP_HEAVY,
     CASE_CUTS, NULL, 180},
    {"churn_100k", "100,000 of them", churn_100k, GROUP_HEAVY,
     CASE_CUTS | CASE_LONG, NULL, 1800},
    {"scale", "500 to 2,000 held and pinged for a minute", scale, GROUP_HEAVY,
     CASE_LONG, NULL, 300},
    {"ceiling", "more and more, at most 5,000; served on, and then as before",
     ceiling, GROUP_HEAVY, CASE_CUTS | CASE_LONG, NULL, 600},
    {"serve_one", "the second client waits for the first", serve_one,
     GROUP_QUEUE, 0, NULL, 0},
    {"fuzz", "random sessions; --seed repeats them", fuzz, GROUP_SEVERAL,
     CASE_CUTS, NULL, 300},
    {NULL, NULL, NULL, 0, 0, NULL, 0}};
