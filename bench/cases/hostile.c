/* Clients that take more than their share, give nothing back, or leave without
 * saying goodbye. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "../result/statistics.h"

enum { GROWTH_BYTES = 25165824 };

static int64_t sends_in_vain(void)
{
    struct process_counts counts = {0};
    counts_of(&counts);
    return counts.calls[OBSERVE_send][OBSERVE_WOULD_BLOCK];
}

/* Somebody is busy while another client cannot be sent anything: that one is
 * tried again now and then, not each time. */
static void busy_beside(struct peer *other)
{
    int64_t before = sends_in_vain();
    uint64_t begin_ns = clock_ns();
    for (int i = 0; i < 200; i++)
        echo(other, 100);
    if ((check.groups & GROUP_QUIET) != 0) /* one that spins is not asked */
        expect_less(sends_in_vain() - before, 6 + ms_since(begin_ns) / 50,
                    "sends in vain while another client is busy");
}

/* Page "select function" promises news of a reset only of sockets that wait to
 * receive (Wine 8 has it of all): who waits to send has to be tried. */
static void tried_now_and_then(void)
{
    int64_t before = sends_in_vain(); /* 0: its sends wait, or it is told */
    wait_until(before == 0 || sends_in_vain() > before, FREED_MS);
    expect(before == 0 || sends_in_vain() > before,
           "expected a client that cannot be sent anything to be tried again "
           "within %d ms",
           FREED_MS);
}

void never_reader(void)
{
    struct peer *other = joined(1);
    struct peer *p = joined_small(1, SMALL_BUFFER);
    uint64_t memory = process_memory_bytes(&check.server);
    stuff(p, LOTS_BYTES);
    expect_less((int64_t)p->sent, LOTS_BYTES,
                "bytes taken from a client that never reads");
    memory_flat(memory, GROWTH_BYTES);
    busy_beside(other);
    control();
    stuff(p, LOTS_BYTES); /* a slow machine may have left room before */
    expect_quiet(500);
    tried_now_and_then();
    peer_reset(p);
}

void never_readers_50(void)
{
    enum { COUNT = 50, EACH_BYTES = 4194304 };
    struct peer *other = joined(1);
    struct peer *peers = joined_small(COUNT, SMALL_BUFFER);
    for (int i = 0; i < COUNT; i++) {
        echo(&peers[i], 1); /* in 01 its thread is there now, with a stack */
        peers[i].send_goal = EACH_BYTES;
    }
    uint64_t memory = process_memory_bytes(&check.server);
    peers_pump_out(peers, COUNT, 300); /* until none can send any more */
    memory_flat(memory, UINT64_C(2) * GROWTH_BYTES);
    echo(other, 100);
    control();
    for (int i = 0; i < COUNT; i++)
        peer_reset(&peers[i]);
}

/* 64 KiB/s for two seconds, with the rest piled up behind. */
void slow_reader(void)
{
    enum { TOTAL_BYTES = 6291456, STEP_COUNT = 20 };
    struct peer *other = joined(1);
    struct peer *p = joined_small(1, 8192);
    for (int i = 0; i < STEP_COUNT; i++) {
        send_what_fits(p, TOTAL_BYTES - p->sent);
        receive_bytes(p, 6554);
        echo(other, 10);
        pass_time(100);
    }
    p->send_goal = p->receive_goal = TOTAL_BYTES;
    peers_run(p, 1);
}

/* Every second send finds no room, and the next moment there is some. Then the
 * server must go on, not only at its next tick, 250 ms later; and when nobody
 * waits to send any more it must wake up for ticks only. */
void send_resumed(void)
{
    static const char *const waits[] = {"select", "poll"};
    enum { PIECES = 6, WITHIN_MS = 40 };
    struct peer *p = new_peers(1);
    for (int i = 0; i < 2; i++) {
        start_with("--fault send@1=10035,send@3=10035,send@5=10035,"
                   "send@7=10035,send@9=10035,send@11=10035 --wait %s",
                   waits[i]);
        check.may_report = false; /* no room is no failure */
        join(p);
        expect_less(quickest_echo_ms(p, PIECES), WITHIN_MS,
                    "ms until a send goes on when there is room");
        pass_time(300); /* for the last look */
        int64_t calls = calls_of(OBSERVE_select, OBSERVE_WSAPoll);
        uint64_t begin_ns = clock_ns();
        pass_time(600);
        expect_less(calls_of(OBSERVE_select, OBSERVE_WSAPoll) - calls,
                    3 + ms_since(begin_ns) / 250,
                    "times that it wakes up, for ticks only");
        peer_close(p);
        stop_server();
    }
}

/* Who is served first, seen by order and not by time: the peers send while the
 * server is held, it goes on until about part of that has come back, and is held
 * again. Who has got what by then is the server's choice alone, however busy the
 * machine is. Where it was too quick to be held in time nothing shows: then they
 * send more the next time. Which of its threads runs first is luck, and evens
 * out; that somebody always comes first does not. */
enum { TRIES = 100, ROUNDS = 3, ROUNDS_AT_MOST = 6 };

/* The first peers of all send what the system takes, at most so much each, the
 * others 64 bytes. Returns what is under way for the first when the server has been
 * held again, as soon as that is no more than so many quarters. */
static uint64_t held_round(struct peer *peers, int count, int first,
                           uint64_t each, unsigned quarters)
{
    hold();
    for (int i = 0; i < count; i++) {
        send_what_fits(&peers[i], i < first ? each : 64);
        peers[i].send_goal = peers[i].receive_goal = peers[i].sent;
    }
    uint64_t left = under_way(peers, first) / 4 * quarters;
    process_go_on(&check.server);
    while (under_way(peers, first) > left)
        expect(peers_pump(peers, count, STEP_MS) > 0,
               "expected echoes, saw nothing come back");
    hold();
    peers_pump_out(peers, count, 0);
    return under_way(peers, first);
}

static void finish_round(struct peer *peers, int count)
{
    process_go_on(&check.server);
    peers_run(peers, count);
}

/* By the time that a half of a flood has come back everyone has had a turn. The
 * flood comes first: in a model that prefers one end of its list, the first
 * client is the preferred one. In 04 a wait must not run the whole flood: between
 * two waits each connection starts to receive once; 60 do it for their pings. */
void hot_peer(void)
{
    enum { COUNT = 60, BYTES = 262144, MOST_BYTES = 2097152 };
    struct peer *peers = joined(1 + COUNT);
    uint64_t bytes = BYTES;
    int waiting = COUNT;
    int rounds = 0;
    int tries = 0;
    ping_all(peers, 1 + COUNT, 64);
    for (; tries < TRIES && rounds < ROUNDS_AT_MOST && waiting > 0; tries++) {
        if (held_round(peers, 1 + COUNT, 1, bytes, 2) > 0) {
            rounds++;
            waiting = 0;
            for (int k = 1; k <= COUNT; k++)
                waiting += peers[k].received < peers[k].sent;
        } else {
            bytes = min(2 * bytes, MOST_BYTES);
        }
        finish_round(peers, 1 + COUNT);
    }
    expect_same(waiting, 0,
                "of 60 pings that come after half of another one's flood, in "
                "one round at least");
    int64_t waits = calls_of(OBSERVE_SleepEx, OBSERVE_SleepEx);
    if (waits > 0)
        expect_less(calls_of(OBSERVE_WSARecv, OBSERVE_WSARecv),
                    waits + (int64_t)(2 * tries + 4) * (1 + COUNT),
                    "receives, in so many waits");
}

/* Everyone sends the same, and Jain's fairness index is to be near 1: with a tenth
 * of them starved it is 0.9, with a half 0.5. In 01 Windows shares out. The server's
 * buffer is small, so that there are many turns to be shared out. Some programs of
 * one page take no more than 16. */
void fair(void)
{
    enum { ALL_BYTES = 1048576, MOST_BYTES = 4194304, AT_MOST = 63 };
    const double least = 0.9;
    int count = check.is_page ? 16 : AT_MOST;
    struct peer *peers = joined(count);
    uint64_t before[AT_MOST];
    uint64_t shares[AT_MOST] = {0};
    uint64_t all = ALL_BYTES;
    double jain = 0;
    int rounds = 0;
    ping_all(peers, count, 64);
    for (int i = 0; i < TRIES && rounds < ROUNDS_AT_MOST && jain < least; i++) {
        for (int k = 0; k < count; k++)
            before[k] = peers[k].received;
        if (held_round(peers, count, count, all / (unsigned)count, 3) >
            all / 4) {
            rounds++;
            for (int k = 0; k < count; k++)
                shares[k] += peers[k].received - before[k];
        } else {
            all = min(2 * all, MOST_BYTES);
        }
        finish_round(peers, count);
        if (rounds >= ROUNDS)
            jain = statistics_jain(shares, (size_t)count).value;
    }
    expect(jain >= least,
           "expected equal shares (Jain's index at least %.2f), saw %.3f",
           least, jain);
    snprintf(check.note, sizeof check.note, "Jain %.3f, %d rounds", jain,
             rounds);
}

void accept_under_flood(void)
{
    enum { COUNT = 4 };
    struct peer *floods = joined(COUNT);
    struct peer *p = new_peers(1);
    begin_flood(floods, COUNT);
    for (int i = 0; i < 5; i++) {
        serve(p, STEP_MS); /* a server that starves them never would */
        control();
    }
    end_helpers();
    for (int i = 0; i < COUNT; i++)
        receive_rest(&floods[i]);
}

/* A hundred are silent, then forty of them send a byte now and then. */
void silent_100(void)
{
    enum { COUNT = 100, SLOW = 40, ATTEMPTS = 10, WITHIN_MS = 500 };
    struct peer *silent = joined(COUNT);
    control();
    ping_all(silent, COUNT, 3);
    struct peer *good = joined(1);
    int64_t quickest_ms = WITHIN_MS;
    for (int i = 0; i < ATTEMPTS && (i < 3 || quickest_ms >= WITHIN_MS); i++) {
        for (int k = 0; k < SLOW; k++)
            send_bytes(&silent[k], 1);
        uint64_t begin_ns = clock_ns();
        echo(good, 20000);
        quickest_ms = min(quickest_ms, ms_since(begin_ns));
        for (int k = 0; k < SLOW; k++)
            receive_rest(&silent[k]);
        pass_time(300);
    }
    expect_less(quickest_ms, WITHIN_MS,
                "ms for an echo beside 40 slow clients, at least once");
}

/* The urgent byte is taken out of the stream (page "Out-of-Band Data in the SPI"),
 * so that it is not echoed; Wine 8 does so, too. */
void oob(void)
{
    char back[64];
    int got = 0;
    int taken = 1;
    int kept = 0;
    struct peer *p = joined(1);
    echo(p, 10);
    send(p->s, "12345", 5, 0);
    send(p->s, "!", 1, MSG_OOB);
    send(p->s, "67890", 5, 0);
    half_close(p);
    while (taken > 0 && got < (int)sizeof back) {
        wait_ready(p, POLLRDNORM);
        taken = recv(p->s, back + got, (int)sizeof back - got, 0);
        expect(taken >= 0, "expected an end of stream after the echo");
        got += taken;
    }
    for (int i = 0; i < got; i++)
        if (back[i] != '!')
            back[kept++] = back[i];
    expect(kept == 10 && memcmp(back, "1234567890", 10) == 0,
           "expected the ordinary bytes 1234567890, saw \"%.*s\"", kept, back);
    either(got == kept, "the urgent byte was echoed");
}

/* Those that came first have left: what they leave behind must wake nobody. */
void idle_then_echo(void)
{
    enum { COUNT = 20, LEAVE = 10 };
    struct peer *peers = joined(COUNT);
    ping_all(peers, COUNT, 10);
    for (int i = 0; i < LEAVE; i++)
        leave(&peers[i]);
    expect_quiet(check.is_long ? 5000 : 1500);
    for (int i = LEAVE; i < COUNT; i++)
        echo(&peers[i], 10000);
}

/* ---- resets ----------------------------------------------------------------- */

/* Whether the server has noticed is seen from outside: with --max-clients the
 * place must be free again. */
void rst_idle(void)
{
    struct peer *others = joined(3);
    struct peer *p = new_peers(1);
    int64_t quickest_ms = FREED_MS;
    ping_all(others, 3, 50);
    serve(p, FREED_MS);
    for (int i = 0; i < 5; i++) {
        peer_reset(p);
        uint64_t begin_ns = clock_ns();
        serve(p, FREED_MS);
        quickest_ms = min(quickest_ms, ms_since(begin_ns));
    }
    ping_all(others, 3, 50);
    expect_less(quickest_ms, 1000, "ms until a place is free, at least once");
}

/* Reset with the echo on its way, or begun, or behind the end of the stream; and
 * closed with the echo unread, which makes the system send a reset. */
void rst_mid_echo(void)
{
    struct peer *other = joined(1);
    struct peer *p = new_peers(1);
    echo(other, 50);
    for (int i = 0; i < 100; i++) {
        serve(p, FREED_MS);
        send_what_fits(p, i % 4 < 2 ? 262144 : 65536);
        if (i % 4 == 0)
            wait_ready(p, POLLRDNORM);
        else if (i % 4 == 2)
            half_close(p);
        if (i % 4 < 3)
            peer_reset(p);
        else if (wait_ready(p, POLLRDNORM))
            peer_close(p);
    }
    echo(other, 5000);
}

/* The server is held meanwhile, so that they have gone when it is their turn; but
 * for the first 32 of 05: AcceptEx takes them without it. */
void rst_in_backlog(void)
{
    enum { COUNT = 100 };
    struct peer *peers = new_peers(COUNT);
    hold();
    for (int i = 0; i < COUNT; i++)
        join_begin(&peers[i], check.server.host);
    for (int i = 0; i < COUNT; i++)
        peer_reset(&peers[i]);
    process_go_on(&check.server);
    for (int i = 0; i < 10; i++)
        serve(&peers[i], CONTROL_MS); /* 100 come first */
}

/* Nobody reads what the server writes, and clients make it write more than a
 * pipe takes: it must go on serving all the same, and stop. */
void lines_unread(void)
{
    enum { COUNT = 1600 }; /* 50 bytes and more for each */
    process_leave_next_err();
    start_with("--verbose");
    struct peer *other = joined(1);
    struct peer *p = new_peers(1);
    echo(other, 10);
    for (int i = 0; i < COUNT; i++) {
        join(p);
        peer_reset(p);
    }
    echo(other, 5000);
}

/* How much the server writes must not be for clients to decide: of many lines
 * only the first are written, and one line says how many more there were, when
 * it is quiet again and at the end. */
void lines_bounded(void)
{
    enum { FIRST = 400, ALL = 500, IN_A_ROW = 20, ROW_SECONDS = 5 };
    static char text[100000];
    uint64_t begin_ns = clock_ns();
    int64_t left_out = 0;
    start();
    struct peer *holder = joined(1);
    struct peer *p = new_peers(1);
    echo(holder, 10);
    for (int i = 0; i < ALL; i++) {
        if (i == FIRST)
            expect(lines_within(" left out", 1, 15000) > 0,
                   "expected a line with \"left out\"");
        refused(p);
    }
    int64_t rows = ms_since(begin_ns) / 1000 / ROW_SECONDS + 2;
    peer_close(holder);
    ask_to_stop();
    process_wait(&check.server, STOP_MS);
    int64_t written = lines_with("refused a", "");
    process_copy_err(&check.server, text, sizeof text);
    for (char *at = text; (at = strstr(at, "and ")) != NULL; at++)
        left_out += atoi(at + 4);
    expect_less(written, IN_A_ROW * rows + 1, "lines about refusals");
    expect_same(written + left_out, ALL, "refusals, written or left out");
    finish_server();
}
