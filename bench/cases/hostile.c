/* Clients that take more than their share, or give nothing back. */
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "../result/statistics.h"

enum { GROWTH_BYTES = 25165824 };

/* Somebody is busy while another client cannot be sent anything: that one is
 * tried again now and then, not each time. */
static void busy_beside(struct check *c, struct peer *other)
{
    struct process_counts before = {0};
    struct process_counts after = {0};
    uint64_t begin_ns = clock_ns();
    counts_of(c, &before);
    for (int i = 0; i < 200; i++)
        echo(other, 100);
    counts_of(c, &after);
    if ((c->groups & GROUP_QUIET) != 0) /* one that spins is not asked */
        expect_less(c,
                    after.calls[OBSERVE_send][OBSERVE_WOULD_BLOCK] -
                        before.calls[OBSERVE_send][OBSERVE_WOULD_BLOCK],
                    6 + ms_since(begin_ns) / 50,
                    "sends in vain while another client is busy");
}

void never_reader(struct check *c)
{
    struct peer *other = joined(c, 1);
    struct peer *p = joined_small(c, 1, SMALL_BUFFER);
    uint64_t memory = process_memory_bytes(&c->server);
    stuff(p, LOTS_BYTES);
    expect_less(c, (int64_t)p->sent, LOTS_BYTES,
                "bytes taken from a client that never reads");
    memory_flat(c, memory, GROWTH_BYTES);
    busy_beside(c, other);
    control(c);
    stuff(p, LOTS_BYTES); /* a slow machine may have left room before */
    expect_quiet(c, 500);
    peer_reset(p);
}

void never_readers_50(struct check *c)
{
    enum { COUNT = 50, EACH_BYTES = 4194304 };
    struct peer *other = joined(c, 1);
    struct peer *peers = joined_small(c, COUNT, SMALL_BUFFER);
    for (int i = 0; i < COUNT; i++) {
        echo(&peers[i], 1); /* in 01 its thread is there now, with a stack */
        peers[i].send_goal = EACH_BYTES;
    }
    uint64_t memory = process_memory_bytes(&c->server);
    peers_pump_out(peers, COUNT, 300); /* until none can send any more */
    memory_flat(c, memory, 2 * GROWTH_BYTES);
    echo(other, 100);
    control(c);
    for (int i = 0; i < COUNT; i++)
        peer_reset(&peers[i]);
}

/* 64 KiB/s for two seconds, with the rest piled up behind. */
void slow_reader(struct check *c)
{
    enum { TOTAL_BYTES = 6291456, STEP_COUNT = 20 };
    struct peer *other = joined(c, 1);
    struct peer *p = joined_small(c, 1, 8192);
    for (int i = 0; i < STEP_COUNT; i++) {
        send_what_fits(p, TOTAL_BYTES - p->sent);
        receive_bytes(p, 6554);
        echo(other, 10);
        pass_time(c, 100);
    }
    p->send_goal = p->receive_goal = TOTAL_BYTES;
    peers_run(p, 1);
}

/* Every second send finds no room, and the next moment there is some. Then the
 * server must go on, not only at its next tick, 250 ms later; and when nobody
 * waits to send any more it must wake up for ticks only. */
void send_resumed(struct check *c)
{
    static const char *const waits[] = {"select", "poll"};
    enum { PIECES = 6, WITHIN_MS = 40 };
    struct peer *p = new_peers(c, 1);
    for (int i = 0; i < 2; i++) {
        start_with(c,
                   "--fault send@1=10035,send@3=10035,send@5=10035,"
                   "send@7=10035,send@9=10035,send@11=10035 --wait %s",
                   waits[i]);
        c->may_report = false; /* no room is no failure */
        join(p);
        expect_less(c, quickest_echo_ms(p, PIECES), WITHIN_MS,
                    "ms until a send goes on when there is room");
        pass_time(c, 300); /* for the last look */
        int64_t calls = calls_of(c, OBSERVE_select, OBSERVE_WSAPoll);
        uint64_t begin_ns = clock_ns();
        pass_time(c, 600);
        expect_less(c, calls_of(c, OBSERVE_select, OBSERVE_WSAPoll) - calls,
                    3 + ms_since(begin_ns) / 250,
                    "times that it wakes up, for ticks only");
        peer_close(p);
        stop_server(c);
    }
}

/* Who is served first, seen by order and not by time: the peers send while the
 * server is held, it goes on until about part of that has come back, and is held
 * again. Who has got what by then is the server's choice alone, however busy the
 * machine is. Where it was too quick to be held in time nothing shows: then they
 * send more the next time. Which of its threads runs first is luck, and evens
 * out; that somebody always comes first does not. */
enum { TRIES = 100, ROUNDS = 3, ROUNDS_AT_MOST = 6, FAIR_AT_MOST = 63 };

/* Sends what the system takes, at most this much for each, to a held server. */
static void send_to_held(struct peer *peers, int count, uint64_t bytes)
{
    for (int i = 0; i < count; i++)
        send_what_fits(&peers[i], bytes);
}

/* Lets the server go on until no more than left bytes are under way for the
 * first peers of all, holds it, and takes what it has sent by then. */
static void go_on_until(struct peer *peers, int count, int first, uint64_t left)
{
    for (int i = 0; i < count; i++)
        peers[i].send_goal = peers[i].receive_goal = peers[i].sent;
    process_go_on(&peers->c->server);
    while (under_way(peers, first) > left)
        expect(peers->c, peers_pump(peers, count, STEP_MS) > 0,
               "expected echoes, saw nothing come back");
    hold(peers->c);
    peers_pump_out(peers, count, 0);
}

static void finish_round(struct peer *peers, int count)
{
    process_go_on(&peers->c->server);
    peers_run(peers, count);
}

/* By the time that a half of a flood has come back everyone has had a turn. The
 * flood comes first: in a model that prefers one end of its list, the first
 * client is the preferred one. */
void hot_peer(struct check *c)
{
    enum { COUNT = 60, BYTES = 262144, MOST_BYTES = 2097152 };
    struct peer *peers = joined(c, 1 + COUNT);
    uint64_t bytes = BYTES;
    int waiting = COUNT;
    int rounds = 0;
    ping_all(peers, 1 + COUNT, 64);
    for (int i = 0; i < TRIES && rounds < ROUNDS_AT_MOST && waiting > 0; i++) {
        hold(c);
        send_to_held(peers, 1, bytes);
        send_to_held(peers + 1, COUNT, 64);
        go_on_until(peers, 1 + COUNT, 1, under_way(peers, 1) / 2);
        if (under_way(peers, 1) > 0) {
            rounds++;
            waiting = 0;
            for (int k = 1; k <= COUNT; k++)
                waiting += peers[k].received < peers[k].sent;
        } else if (bytes < MOST_BYTES) {
            bytes *= 2;
        }
        finish_round(peers, 1 + COUNT);
    }
    expect_same(c, waiting, 0,
                "of 60 pings that come after half of another one's flood, in "
                "one round at least");
}

/* Everyone sends the same, and Jain's fairness index is to be near 1. The server's buffer is small, so that there are many
 * turns to be shared out. Some programs of one page take no more than 16. */
void fair(struct check *c)
{
    enum { ALL_BYTES = 1048576, MOST_BYTES = 4194304 };
    int count = c->is_page ? 16 : FAIR_AT_MOST;
    struct peer *peers = joined(c, count);
    uint64_t before[FAIR_AT_MOST];
    uint64_t shares[FAIR_AT_MOST] = {0};
    double jain = 0;
    uint64_t all = ALL_BYTES;
    int rounds = 0;
    ping_all(peers, count, 64);
    for (int i = 0; i < TRIES && rounds < ROUNDS_AT_MOST && jain < 0.95; i++) {
        for (int k = 0; k < count; k++)
            before[k] = peers[k].received;
        hold(c);
        send_to_held(peers, count, all / (unsigned)count);
        uint64_t sent = under_way(peers, count);
        go_on_until(peers, count, count, sent / 4 * 3);
        if (under_way(peers, count) > sent / 4) {
            rounds++;
            for (int k = 0; k < count; k++)
                shares[k] += peers[k].received - before[k];
        } else if (all < MOST_BYTES) {
            all *= 2;
        }
        finish_round(peers, count);
        jain =
            rounds >= ROUNDS ? statistics_jain(shares, (size_t)count).value : 0;
    }
    expect(c, jain >= 0.95,
           "expected equal shares (Jain's index at least 0.95), saw %.2f",
           jain);
    snprintf(c->note, sizeof c->note, "Jain %.3f, %d rounds", jain, rounds);
}

void accept_under_flood(struct check *c)
{
    enum { COUNT = 4 };
    struct peer *floods = joined(c, COUNT);
    struct peer *p = new_peers(c, 1);
    begin_flood(floods, COUNT);
    for (int i = 0; i < 5; i++) {
        serve(p, STEP_MS); /* a server that starves them never would */
        control(c);
    }
    end_helpers(c);
    for (int i = 0; i < COUNT; i++)
        receive_rest(&floods[i]);
}

/* A hundred are silent, then forty of them send a byte now and then. */
void silent_100(struct check *c)
{
    enum { COUNT = 100, SLOW = 40, ATTEMPTS = 10, WITHIN_MS = 500 };
    struct peer *silent = joined(c, COUNT);
    control(c);
    ping_all(silent, COUNT, 3);
    struct peer *good = joined(c, 1);
    int64_t quickest_ms = WITHIN_MS;
    for (int i = 0; i < ATTEMPTS && (i < 3 || quickest_ms >= WITHIN_MS); i++) {
        for (int k = 0; k < SLOW; k++)
            send_bytes(&silent[k], 1);
        uint64_t begin_ns = clock_ns();
        echo(good, 20000);
        quickest_ms = min(quickest_ms, ms_since(begin_ns));
        for (int k = 0; k < SLOW; k++)
            receive_rest(&silent[k]);
        pass_time(c, 300);
    }
    expect_less(c, quickest_ms, WITHIN_MS,
                "ms for an echo beside 40 slow clients, at least once");
}

/* The urgent byte is no part of the stream (page "Protocol-Independent Out-of-Band
 * Data"), so it is not echoed; Linux under Wine 8 does the same. */
void oob(struct check *c)
{
    char back[64];
    int got = 0;
    int taken = 1;
    int kept = 0;
    struct peer *p = joined(c, 1);
    echo(p, 10);
    send(p->s, "12345", 5, 0);
    send(p->s, "!", 1, MSG_OOB);
    send(p->s, "67890", 5, 0);
    half_close(p);
    while (taken > 0 && got < (int)sizeof back) {
        wait_ready(p, POLLRDNORM);
        taken = recv(p->s, back + got, (int)sizeof back - got, 0);
        expect(c, taken >= 0, "expected an end of stream after the echo");
        got += taken;
    }
    for (int i = 0; i < got; i++)
        if (back[i] != '!')
            back[kept++] = back[i];
    expect(c, kept == 10 && memcmp(back, "1234567890", 10) == 0,
           "expected the ordinary bytes 1234567890, saw \"%.*s\"", kept, back);
    either(c, got == kept, "the urgent byte was echoed");
}

/* Those that came first have left: what they leave behind must wake nobody. */
void idle_then_echo(struct check *c)
{
    enum { COUNT = 20, LEAVE = 10 };
    struct peer *peers = joined(c, COUNT);
    ping_all(peers, COUNT, 10);
    for (int i = 0; i < LEAVE; i++)
        leave(&peers[i]);
    expect_quiet(c, c->is_long ? 5000 : 1500);
    for (int i = LEAVE; i < COUNT; i++)
        echo(&peers[i], 10000);
}
