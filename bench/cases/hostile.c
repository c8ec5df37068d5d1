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

    stuff(c, p, STUFF_AT_MOST); /* a slow machine may have left room before */
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
 * server must go on, not only at its next tick, 250 ms later; and when nobody
 * waits to send any more it must wake up for ticks only. */
static void sends_resumed(struct check *c, const char *arguments)
{
    enum { PIECES = 6, WITHIN_MS = 40 };
    static const int waits[] = {OBSERVE_select, OBSERVE_WSAPoll, -1};
    struct peer *p = new_peers(c, 1);
    start_with_faults(c, arguments);
    join(c, p);
    uint64_t quickest_ms = quickest_echo_ms(c, p, PIECES);
    expect(c, quickest_ms < WITHIN_MS,
           "expected a send to go on as soon as there is room, saw no echo "
           "quicker than %u ms",
           (unsigned)quickest_ms);
    pass_time(c, 300); /* for the last look */
    int64_t calls = calls_of(c, waits);
    uint64_t begin = clock_ns();
    pass_time(c, 600);
    calls = calls_of(c, waits) - calls;
    int ms = (int)((clock_ns() - begin) / 1000000);
    expect(c, calls <= 2 + ms / 250,
           "expected it to wake up for ticks only, saw it wake up %d times in "
           "%d ms",
           (int)calls, ms);
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

/* Who is served first, seen by order and not by time: the peers send while the
 * server is held, it goes on until about part of that has come back, and is held
 * again. Who has got what by then is the server's choice alone, however busy the
 * machine is. Where it was too quick to be held in time nothing shows: then they
 * send more the next time. Which of its threads runs first is luck, and evens
 * out; that somebody always comes first does not. */
enum { TRIES = 100, ROUNDS = 3, ROUNDS_AT_MOST = 6, FAIR_AT_MOST = 63 };

/* Sends what the system takes, at most this much for each, to a held server. */
static void send_to_held(struct check *c, struct peer *peers, int count,
                         uint64_t bytes)
{
    struct peer *bad = NULL;
    for (int i = 0; i < count; i++)
        peers[i].send_goal = peers[i].sent + bytes;
    while (going_on(c) && peers_pump(peers, count, 0, &bad) > 0)
        continue;
    expect(c, bad == NULL, "%s", bad != NULL ? bad->problem : "");
    for (int i = 0; i < count; i++)
        peers[i].send_goal = peers[i].sent;
}

static uint64_t under_way(const struct peer *peers, int count)
{
    uint64_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += peers[i].sent - peers[i].received;
    return bytes;
}

static void hold(struct check *c)
{
    if (going_on(c))
        expect(c, process_hold(&c->server) > 0, "cannot suspend the server");
}

/* Lets the server go on until no more than left bytes are under way for the
 * first peers of all, holds it, and takes what it has sent by then. */
static void go_on_until(struct check *c, struct peer *peers, int count,
                        int first, uint64_t left)
{
    struct peer *bad = NULL;
    for (int i = 0; i < count; i++)
        peers[i].receive_goal = peers[i].sent;
    process_go_on(&c->server);
    while (going_on(c) && under_way(peers, first) > left)
        expect(c, peers_pump(peers, count, STEP_MS, &bad) > 0, "%s",
               bad != NULL ? bad->problem : "nothing comes back");
    hold(c);
    while (going_on(c) && peers_pump(peers, count, 0, &bad) > 0)
        continue;
    expect(c, bad == NULL, "%s", bad != NULL ? bad->problem : "");
}

static void finish_round(struct check *c, struct peer *peers, int count)
{
    struct peer *bad = NULL;
    process_go_on(&c->server);
    if (going_on(c) && !peers_run(peers, count, STEP_MS, &bad) && bad != NULL)
        expect(c, false, "%s", bad->problem);
}

/* By the time that a half of a flood has come back everyone has had a turn. */
static void hot_peer(struct check *c)
{
    enum { COUNT = 60, BYTES = 262144, MOST_BYTES = 2097152 };
    struct peer *peers = new_peers(c, 1 + COUNT);
    uint64_t bytes = BYTES;
    int waiting = COUNT;
    int rounds = 0;
    /* The flood comes first: in a model that prefers one end of its list, the
     * first client is the preferred one. */
    join_all(c, peers, 1 + COUNT);
    ping_all(c, peers, 1 + COUNT, 64);
    for (int i = 0; i < TRIES && rounds < ROUNDS_AT_MOST && waiting > 0; i++) {
        hold(c);
        send_to_held(c, peers, 1, bytes);
        send_to_held(c, peers + 1, COUNT, 64);
        go_on_until(c, peers, 1 + COUNT, 1, under_way(peers, 1) / 2);
        if (under_way(peers, 1) > 0) {
            rounds++;
            waiting = 0;
            for (int k = 1; k <= COUNT; k++)
                waiting += peers[k].received < peers[k].sent;
        } else if (bytes < MOST_BYTES) {
            bytes *= 2;
        }
        finish_round(c, peers, 1 + COUNT);
    }
    expect(c, waiting == 0,
           "expected a ping of each of 60 clients to be answered before half "
           "of another one's flood, saw %d wait, in the last of %d rounds",
           waiting, rounds);
    snprintf(c->note, sizeof c->note, "%d rounds, %u KiB", rounds,
             (unsigned)(bytes / 1024));
}

/* Everyone sends the same. The server's buffer is small, so that there are many
 * turns to be shared out. */
static void fair_among(struct check *c, int count)
{
    enum { ALL_BYTES = 1048576, MOST_BYTES = 4194304 };
    struct peer *peers = new_peers(c, count);
    uint64_t before[FAIR_AT_MOST];
    double shares[FAIR_AT_MOST] = {0};
    double jain = 0;
    uint64_t all = ALL_BYTES;
    int rounds = 0;
    join_all(c, peers, count);
    ping_all(c, peers, count, 64);
    for (int i = 0; i < TRIES && rounds < ROUNDS_AT_MOST && jain < 0.95; i++) {
        for (int k = 0; k < count; k++)
            before[k] = peers[k].received;
        hold(c);
        send_to_held(c, peers, count, all / (unsigned)count);
        uint64_t sent = under_way(peers, count);
        go_on_until(c, peers, count, count, sent / 4 * 3);
        if (under_way(peers, count) > sent / 4) {
            rounds++;
            for (int k = 0; k < count; k++)
                shares[k] += (double)(peers[k].received - before[k]);
        } else if (all < MOST_BYTES) {
            all *= 2;
        }
        finish_round(c, peers, count);
        jain = rounds >= ROUNDS ? peer_jain_index(shares, count) : 0;
    }
    expect(c, jain >= 0.95,
           "expected equal clients to get equal shares (Jain's index at least "
           "0.95), saw %.2f after %d rounds",
           jain, rounds);
    snprintf(c->note, sizeof c->note, "Jain %.3f, %d rounds", jain, rounds);
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
        serve(c, p, STEP_MS); /* a server that starves them never would */
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
    enum { ATTEMPTS = 10, WITHIN_MS = 500 };
    struct peer *slow = new_peers(c, 40);
    struct peer *good = new_peers(c, 1);
    join_all(c, slow, 40);
    join(c, good);
    uint64_t quickest_ms = UINT64_MAX;
    for (int i = 0; i < ATTEMPTS && (i < 3 || quickest_ms >= WITHIN_MS); i++) {
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
    expect(c, quickest_ms < WITHIN_MS,
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

/* Those that came first have left: what they leave behind must wake nobody. */
static void idle_then_echo(struct check *c)
{
    enum { COUNT = 20, LEAVE = 10 };
    struct quiet quiet;
    struct peer *peers = new_peers(c, COUNT);
    join_all(c, peers, COUNT);
    ping_all(c, peers, COUNT, 10);
    for (int i = 0; i < LEAVE; i++) {
        half_close(c, &peers[i]);
        receive_end(c, &peers[i]);
        peer_close(&peers[i]);
    }
    quiet_begin(c, &quiet);
    pass_time(c, c->is_long ? 5000 : 1500);
    quiet_end(c, &quiet);
    for (int i = LEAVE; i < COUNT; i++)
        echo(c, &peers[i], 10000);
}

/* What is waited for is the end of each idle connection, and its time. */
static void idle_timeout(struct check *c)
{
    enum { IDLE_COUNT = 3, TIMEOUT_MS = 2000, LATEST_MS = 4000 };
    struct peer *idle = new_peers(c, IDLE_COUNT);
    struct peer *active = new_peers(c, 1);
    uint64_t begin = clock_ns(); /* none is idle for longer than since then */
    join(c, active);
    join_all(c, idle, IDLE_COUNT);
    echo(c, active, 10);
    echo(c, &idle[0], 10); /* one that once said something */
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
    serve(c, next, STEP_MS);
}

/* Whoever reads slowly but without a pause is served, however large the
 * server's buffer is: a time-out looks at progress. The client's pieces make
 * the server see progress several times a second, but a buffer of 1 MiB takes
 * more than twice the time-out of 4 s. */
static void slow_progress(struct check *c)
{
    enum { STEP_COUNT = 60, PIECE_BYTES = 10240, STEP_TIME_MS = 100 };
    struct peer *p = new_peers(c, 1);
    p->receive_buffer_bytes = 8192;
    join(c, p);
    stuff(c, p, STUFF_AT_MOST);
    for (int i = 0; i < STEP_COUNT; i++) {
        receive_bytes(c, p, PIECE_BYTES);
        pass_time(c, STEP_TIME_MS);
    }
    expect(c, p->state == PEER_OPEN, "expected a slow reader to be served");
    peer_reset(p);
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
    {"hot_peer", "one floods, 60 ping: nobody waits for its end", hot_peer,
     GROUP_FAIR, 0, "--buffer 512", 180},
    {"fair_16", "16 flood: equal shares", fair_16, GROUP_FAIR, 0,
     "--buffer 512", 180},
    {"fair_63", "63 flood: equal shares", fair_63, GROUP_FAIR, 0,
     "--buffer 512", 180},
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
    {"slow_progress", "--idle-timeout 4 and a slow reader of a large buffer",
     slow_progress, GROUP_IDLE, CASE_CUTS, "--idle-timeout 4 --buffer 1048576",
     0},
    {"stuck_30", "one that never reads is given 30 s, an idle one for ever",
     stuck_30, GROUP_IDLE, CASE_CUTS | CASE_LONG, "--max-clients 2", 120},
    {NULL, NULL, NULL, 0, 0, NULL, 0}};
