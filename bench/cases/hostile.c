/* Clients that take more than their share, or give nothing back. */
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "../../common/clock.h"

enum {
    STUFF_AT_MOST = 67108864, /* far more than the system's buffers hold */
    SMALL_BUFFER = 4096,
    GROWTH_BYTES = 25165824
};

/* Somebody is busy while another client cannot be sent anything: that one is
 * tried again now and then, not each time. */
static void busy_beside(struct check *c, struct peer *other)
{
    struct process_counts before;
    struct process_counts after;
    uint64_t begin = clock_ns();
    bool known = c->started && process_counts(&c->server, &before);
    for (int i = 0; i < 200; i++)
        echo(c, other, 100);
    if ((c->groups & GROUP_QUIET) == 0 || !known ||
        !process_counts(&c->server, &after))
        return; /* one that spins by design is not asked */
    int64_t tried = after.calls[OBSERVE_send][OBSERVE_WOULD_BLOCK] -
                    before.calls[OBSERVE_send][OBSERVE_WOULD_BLOCK];
    int ms = (int)((clock_ns() - begin) / 1000000);
    expect(c, tried <= 5 + ms / 50,
           "expected few sends in vain while another client is busy for %d ms, "
           "saw %d",
           ms, (int)tried);
}

static void never_reader(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    struct peer *other = new_peers(c, 1);
    p->receive_buffer_bytes = SMALL_BUFFER;
    join(c, other);
    join(c, p);
    uint64_t memory = c->started ? process_memory_bytes(&c->server) : 0;
    uint64_t taken = stuff(c, p, STUFF_AT_MOST);
    expect(c, taken < STUFF_AT_MOST,
           "expected the server to stop taking input from a client that never "
           "reads, saw it take %llu bytes",
           (unsigned long long)taken);
    memory_flat(c, memory, GROWTH_BYTES);
    busy_beside(c, other);
    control(c);

    struct quiet quiet;
    quiet_begin(c, &quiet);
    pass_time(c, 500);
    quiet_end(c, &quiet);
    peer_reset(p);
}

static void never_readers_50(struct check *c)
{
    enum { COUNT = 50, EACH_BYTES = 4194304 };
    struct peer *peers = new_peers(c, COUNT);
    struct peer *other = new_peers(c, 1);
    join(c, other);
    for (int i = 0; i < COUNT; i++) {
        peers[i].receive_buffer_bytes = SMALL_BUFFER;
        join(c, &peers[i]);
        echo(c, &peers[i], 1); /* in 01 its thread is there now, with a stack */
    }
    uint64_t memory = c->started ? process_memory_bytes(&c->server) : 0;
    /* All at once, until none of them can send any more. */
    for (int i = 0; i < COUNT; i++)
        peers[i].send_goal = EACH_BYTES;
    struct peer *bad = NULL;
    while (going_on(c) && peers_pump(peers, COUNT, 300, &bad) > 0)
        continue;
    expect(c, bad == NULL, "%s", bad != NULL ? bad->problem : "");
    memory_flat(c, memory, UINT64_C(2) * GROWTH_BYTES);
    echo(c, other, 100);
    control(c);
    for (int i = 0; i < COUNT; i++)
        peer_reset(&peers[i]);
}

static void slow_reader(struct check *c)
{
    enum { TOTAL_BYTES = 6291456, STEP_COUNT = 20 };
    struct peer *p = new_peers(c, 1);
    struct peer *other = new_peers(c, 1);
    p->receive_buffer_bytes = 8192;
    join(c, other);
    join(c, p);
    /* 64 KiB/s for two seconds, with the rest piled up behind. */
    for (int i = 0; i < STEP_COUNT && going_on(c); i++) {
        int left = TOTAL_BYTES - (int)p->sent;
        while (left > 0 && peer_send_some(p, left) > 0)
            left = TOTAL_BYTES - (int)p->sent;
        receive_bytes(c, p, 6554);
        echo(c, other, 10);
        pass_time(c, 100);
    }
    /* The last piece may have gone beyond the total. */
    uint64_t goal = p->sent > TOTAL_BYTES ? p->sent : TOTAL_BYTES;
    p->send_goal = p->receive_goal = goal;
    if (going_on(c))
        expect(c, peers_run(p, 1, STEP_MS, NULL), "%s", p->problem);
}

/* Every second send finds no room, and the next moment there is some. Then the
 * server must go on, not only when it looks at everybody the next time, 100 ms
 * later; and when nobody waits to send any more it must not look more often. */
static void sends_resumed(struct check *c, const char *arguments)
{
    enum { PIECES = 6, WITHIN_MS = 40, TICKS_AT_MOST = 8 }; /* 100 ms each */
    static const int waits[] = {OBSERVE_select, OBSERVE_WSAPoll, -1};
    struct peer *p = new_peers(c, 1);
    start_with_faults(c, arguments);
    join(c, p);
    uint64_t quickest_ms = quickest_echo_ms(c, p, PIECES);
    expect(c, quickest_ms < WITHIN_MS,
           "expected a send to go on as soon as there is room, saw no echo "
           "quicker than %u ms",
           (unsigned)quickest_ms);
    pass_time(c, 150); /* for the last look */
    int64_t calls = calls_of(c, waits);
    pass_time(c, 600);
    calls = calls_of(c, waits) - calls;
    expect(c, calls <= TICKS_AT_MOST,
           "expected it to wait, saw it wake up %d times", (int)calls);
    peer_close(p);
    stop_server(c);
}

static void send_resumed(struct check *c)
{
    sends_resumed(c, "send@1=10035,send@3=10035,send@5=10035,send@7=10035,"
                     "send@9=10035,send@11=10035 --wait select");
    sends_resumed(c, "send@1=10035,send@3=10035,send@5=10035,send@7=10035,"
                     "send@9=10035,send@11=10035 --wait poll");
}

/* Everyone keeps one ping of 64 bytes under way until the time is over. */
static void ping_for(struct check *c, struct peer *peers, int count,
                     uint32_t ms)
{
    struct peer *bad = NULL;
    uint64_t end = clock_in_ms(ms);
    for (int i = 0; i < count; i++) {
        peers[i].window = 64;
        peers[i].chunk_bytes = 64;
        peers[i].send_goal = peers[i].receive_goal = UINT64_MAX;
        peers[i].slowest_ns = 0;
    }
    while (going_on(c) && clock_ns() < end)
        if (peers_pump(peers, count, 20, &bad) < 0)
            expect(c, false, "%s", bad->problem);
    /* What is still under way counts as well. */
    for (int i = 0; i < count; i++)
        peers[i].send_goal = peers[i].receive_goal = peers[i].sent;
    if (going_on(c) && !peers_run(peers, count, STEP_MS, &bad))
        expect(c, false, "%s", bad->problem);
}

/* How equal the shares are that the peers have received since from. */
static double fairness(const struct peer *peers, const uint64_t *from,
                       int count)
{
    double shares[64];
    for (int i = 0; i < count; i++)
        shares[i] = (double)(peers[i].received - from[i]);
    return peer_jain_index(shares, count);
}

/* A machine that is busy with something else may stall everything for a moment:
 * a measurement that went wrong is repeated. A server that starves its clients
 * does so every time. */
enum { ATTEMPTS = 3 };

static void hot_peer(struct check *c)
{
    enum { COUNT = 60 };
    struct peer *hot = new_peers(c, 1);
    struct peer *peers = new_peers(c, COUNT);
    uint64_t from[COUNT];
    double jain = 0;
    uint64_t slowest = 0;
    /* The flood comes first: in a model that prefers one end of its list, the
     * first client is the preferred one. */
    join(c, hot);
    join_all(c, peers, COUNT);
    ping_all(c, peers, COUNT, 64);
    begin_flood(c, hot, 1);
    for (int attempt = 0; attempt < ATTEMPTS && going_on(c); attempt++) {
        for (int i = 0; i < COUNT; i++)
            from[i] = peers[i].received;
        ping_for(c, peers, COUNT, 1500);
        jain = fairness(peers, from, COUNT);
        slowest = slowest_ms(peers, COUNT);
        if (jain >= 0.95 && slowest < 1000)
            break;
    }
    expect(c, slowest < 1000,
           "expected every ping to be answered in under a second while one "
           "client floods, saw %llu ms",
           (unsigned long long)slowest);
    expect(c, jain >= 0.95,
           "expected equal clients to get equal shares (Jain's index at least "
           "0.95), saw %.2f",
           jain);
    end_flood(c);
    snprintf(c->note, sizeof c->note, "Jain %.3f, slowest ping %llu ms", jain,
             (unsigned long long)slowest);
}

/* Everyone floods. The server's buffer is small, so that it is the server that
 * has most to do and not this program. */
static void fair_among(struct check *c, int count)
{
    struct peer *peers = new_peers(c, count);
    uint64_t from[64];
    double jain = 0;
    join_all(c, peers, count);
    for (int i = 0; i < count; i++) {
        peers[i].window = 32768;
        peers[i].send_goal = peers[i].receive_goal = UINT64_MAX;
    }
    for (int attempt = 0; attempt <= ATTEMPTS && going_on(c); attempt++) {
        for (int i = 0; i < count; i++)
            from[i] = peers[i].received;
        struct peer *bad = NULL;
        uint64_t end = clock_in_ms(attempt == 0 ? 300 : 1500);
        while (going_on(c) && clock_ns() < end)
            if (peers_pump(peers, count, 20, &bad) < 0)
                expect(c, false, "%s", bad->problem);
        jain = fairness(peers, from, count);
        if (attempt > 0 && jain >= 0.95) /* the first is for warming up */
            break;
    }
    expect(c, jain >= 0.95,
           "expected equal clients to get equal shares (Jain's index at least "
           "0.95), saw %.2f",
           jain);
    for (int i = 0; i < count; i++)
        peer_reset(&peers[i]);
    snprintf(c->note, sizeof c->note, "Jain %.3f", jain);
}

static void fair_16(struct check *c)
{
    fair_among(c, 16);
}

static void fair_63(struct check *c)
{
    fair_among(c, 63);
}

static void accept_under_flood(struct check *c)
{
    enum { COUNT = 4 };
    struct peer *floods = new_peers(c, COUNT);
    struct peer *p = new_peers(c, 1);
    join_all(c, floods, COUNT);
    begin_flood(c, floods, COUNT);
    for (int i = 0; i < 5; i++) {
        serve(c, p, ATTEMPTS * 1000);
        control(c);
    }
    end_flood(c);
}

static void silent_100(struct check *c)
{
    struct peer *silent = new_peers(c, 100);
    join_all(c, silent, 100);
    control(c);
    ping_all(c, silent, 100, 3);
}

static void slowloris(struct check *c)
{
    struct peer *slow = new_peers(c, 40);
    struct peer *good = new_peers(c, 1);
    join_all(c, slow, 40);
    join(c, good);
    uint64_t quickest_ms = UINT64_MAX;
    for (int i = 0; i < ATTEMPTS; i++) {
        for (int k = 0; k < 40; k++)
            send_bytes(c, &slow[k], 1);
        uint64_t begin = clock_ns();
        echo(c, good, 20000);
        uint64_t ms = (clock_ns() - begin) / 1000000;
        quickest_ms = ms < quickest_ms ? ms : quickest_ms;
        for (int k = 0; k < 40; k++)
            receive_bytes(c, &slow[k], 1);
        pass_time(c, 300);
    }
    expect(c, quickest_ms < 500,
           "expected 40 slow clients to hold nobody up, saw an echo take %u ms "
           "each time",
           (unsigned)quickest_ms);
}

static void oob(struct check *c)
{
    char back[64];
    int got = 0;
    struct peer *p = new_peers(c, 1);
    join(c, p);
    echo(c, p, 10);
    if (!going_on(c))
        return;
    send(p->s, "12345", 5, 0);
    send(p->s, "!", 1, MSG_OOB);
    send(p->s, "67890", 5, 0);
    c->cut =
        true; /* whether the urgent byte is echoed is the system's choice */
    half_close(c, p);
    while (going_on(c) && got < (int)sizeof back) {
        expect(c, peer_wait_readable(p, STEP_MS), "%s", p->problem);
        int taken = recv(p->s, back + got, (int)sizeof back - got, 0);
        expect(c, taken >= 0, "expected an end of stream after the echo");
        if (taken <= 0)
            break;
        got += taken;
    }
    int kept = 0;
    for (int i = 0; i < got; i++)
        if (back[i] != '!')
            back[kept++] = back[i];
    expect(c, kept == 10 && memcmp(back, "1234567890", 10) == 0,
           "expected the ordinary bytes 1234567890, saw \"%.*s\"", kept, back);
}

static void idle_then_echo(struct check *c)
{
    struct quiet quiet;
    struct peer *p = new_peers(c, 1);
    join(c, p);
    echo(c, p, 10);
    quiet_begin(c, &quiet);
    pass_time(c, c->is_long ? 5000 : 1500);
    quiet_end(c, &quiet);
    echo(c, p, 10000);
}

/* What is waited for is the end of each idle connection, and its time. */
static void idle_timeout(struct check *c)
{
    enum { IDLE_COUNT = 3, TIMEOUT_MS = 2000, LATEST_MS = 4000 };
    struct peer *idle = new_peers(c, IDLE_COUNT);
    struct peer *active = new_peers(c, 1);
    join(c, active);
    join_all(c, idle, IDLE_COUNT);
    echo(c, active, 10);
    echo(c, &idle[0], 10); /* one that once said something */
    uint64_t begin = clock_ns();
    int closed_count = 0;
    while (closed_count < IDLE_COUNT && going_on(c)) {
        echo(c, active, 10);
        pass_time(c, 200);
        uint64_t ms = (clock_ns() - begin) / 1000000;
        for (int i = 0; i < IDLE_COUNT; i++) {
            if (idle[i].state != PEER_OPEN)
                continue;
            peer_receive_some(&idle[i], 100);
            closed_count += idle[i].state != PEER_OPEN;
            expect(c, idle[i].state == PEER_OPEN || ms > TIMEOUT_MS - 300,
                   "expected an idle client to be closed after 2 s, saw %u ms",
                   (unsigned)ms);
            /* Half a second for the steps in which we look. */
            expect(c, idle[i].state != PEER_OPEN || ms < LATEST_MS + 500,
                   "expected an idle client to be closed within 4 s");
        }
    }
    echo(c, active, 5000);
    expect(c, lines_with(c, "connection") == 0,
           "expected no idle client to be reported: it is not their failure");
}

/* One that never reads has nothing to send and nothing to receive: after a
 * while it is idle like any other, and its place is free. */
static void idle_stuck(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    struct peer *next = new_peers(c, 1);
    p->receive_buffer_bytes = SMALL_BUFFER;
    join(c, p);
    stuff(c, p, STUFF_AT_MOST);
    serve(c, next, 6000);
}

/* Without --idle-timeout: one that never reads is given 30 s, one that says
 * nothing is given for ever. */
static void stuck_30(struct check *c)
{
    struct peer *idle = new_peers(c, 1);
    struct peer *p = new_peers(c, 1);
    struct peer *next = new_peers(c, 1);
    p->receive_buffer_bytes = SMALL_BUFFER;
    join(c, idle);
    join(c, p);
    stuff(c, p, STUFF_AT_MOST);
    pass_time(c, 25000);
    refused(c, next);
    serve(c, next, 10000);
    pass_time(c, 1000);
    echo(c, idle, 10);
}

const struct check_case hostile_cases[] = {
    {"never_reader", "sends and never reads: back-pressure, no CPU",
     never_reader, GROUP_SEVERAL, CASE_CUTS, NULL, 0},
    {"never_readers_50", "fifty of them", never_readers_50, GROUP_CROWD,
     CASE_CUTS, NULL, 0},
    {"slow_reader", "64 KiB/s, with 6 MiB behind", slow_reader, GROUP_CROWD, 0,
     NULL, 0},
    {"send_resumed", "a send that found no room goes on when there is some",
     send_resumed, GROUP_FD_SET, CASE_STARTS, NULL, 0},
    {"hot_peer", "one floods, 60 ping: all within a second, equal shares",
     hot_peer, GROUP_FAIR, 0, NULL, 0},
    {"fair_16", "16 flood: equal shares", fair_16, GROUP_FAIR, CASE_CUTS,
     "--buffer 512", 0},
    {"fair_63", "63 flood: equal shares", fair_63, GROUP_FAIR, CASE_CUTS,
     "--buffer 512", 0},
    {"accept_under_flood", "new clients while 4 others flood",
     accept_under_flood, GROUP_FLOOD, 0, "--buffer 512", 0},
    {"silent_100", "100 say nothing, one does", silent_100, GROUP_CROWD, 0,
     NULL, 0},
    {"slowloris", "40 clients at a byte a second", slowloris, GROUP_CROWD, 0,
     NULL, 0},
    {"oob", "urgent data: alive, ordinary bytes intact", oob, GROUP_ONE, 0,
     NULL, 0},
    {"idle_then_echo", "idle, no CPU; then it works", idle_then_echo,
     GROUP_QUIET, 0, NULL, 0},
    {"idle_timeout", "--idle-timeout 2: idle closed, active kept", idle_timeout,
     GROUP_IDLE, 0, "--idle-timeout 2", 0},
    {"idle_stuck", "--idle-timeout 2 also ends one that never reads",
     idle_stuck, GROUP_IDLE, CASE_CUTS, "--idle-timeout 2 --max-clients 1", 0},
    {"stuck_30", "one that never reads is given 30 s, an idle one for ever",
     stuck_30, GROUP_IDLE, CASE_CUTS | CASE_LONG, "--max-clients 2", 120},
    {NULL, NULL, NULL, 0, 0, NULL, 0}};
