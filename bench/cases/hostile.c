/* Clients that take more than their share, or give nothing back. */
#include <stdio.h>
#include <string.h>

#include "cases.h"

enum {
    STUFF_AT_MOST = 67108864, /* far more than the system's buffers hold */
    GROWTH_BYTES = 25165824
};

/* Somebody is busy while another client cannot be sent anything: that one is
 * tried again now and then, not each time. */
static void busy_beside(struct check *c, struct peer *other)
{
    struct process_counts before;
    struct process_counts after;
    uint64_t begin = clock_ns();
    bool known = counts_of(c, &before);
    for (int i = 0; i < 200; i++)
        echo(other, 100);
    if ((c->groups & GROUP_QUIET) == 0 || !known || !counts_of(c, &after))
        return; /* one that spins by design is not asked */
    int64_t tried = after.calls[OBSERVE_send][OBSERVE_WOULD_BLOCK] -
                    before.calls[OBSERVE_send][OBSERVE_WOULD_BLOCK];
    int ms = (int)((clock_ns() - begin) / 1000000);
    expect(c, tried <= 5 + ms / 50,
           "expected few sends in vain while another client is busy for %d ms, "
           "saw %d",
           ms, (int)tried);
}

void never_reader(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    struct peer *other = new_peers(c, 1);
    p->receive_buffer_bytes = SMALL_BUFFER;
    join(other);
    join(p);
    uint64_t memory = process_memory_bytes(&c->server);
    uint64_t taken = stuff(p, STUFF_AT_MOST);
    expect(c, taken < STUFF_AT_MOST,
           "expected the server to stop taking input from a client that never "
           "reads, saw it take %llu bytes",
           (unsigned long long)taken);
    memory_flat(c, memory, GROWTH_BYTES);
    busy_beside(c, other);
    control(c);
    stuff(p, STUFF_AT_MOST); /* a slow machine may have left room before */
    expect_quiet(c, 500);
    peer_reset(p);
}

void never_readers_50(struct check *c)
{
    enum { COUNT = 50, EACH_BYTES = 4194304 };
    struct peer *peers = new_peers(c, COUNT);
    struct peer *other = new_peers(c, 1);
    join(other);
    for (int i = 0; i < COUNT; i++) {
        peers[i].receive_buffer_bytes = SMALL_BUFFER;
        join(&peers[i]);
        echo(&peers[i], 1); /* in 01 its thread is there now, with a stack */
        peers[i].send_goal = EACH_BYTES;
    }
    uint64_t memory = process_memory_bytes(&c->server);
    peers_pump_out(peers, COUNT, 300); /* until none can send any more */
    memory_flat(c, memory, UINT64_C(2) * GROWTH_BYTES);
    echo(other, 100);
    control(c);
    for (int i = 0; i < COUNT; i++)
        peer_reset(&peers[i]);
}

void slow_reader(struct check *c)
{
    enum { TOTAL_BYTES = 6291456, STEP_COUNT = 20 };
    struct peer *p = new_peers(c, 1);
    struct peer *other = new_peers(c, 1);
    p->receive_buffer_bytes = 8192;
    join(other);
    join(p);
    /* 64 KiB/s for two seconds, with the rest piled up behind. */
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
static void sends_resumed(struct peer *p, const char *wait)
{
    enum { PIECES = 6, WITHIN_MS = 40 };
    struct check *c = p->c;
    char arguments[200] = "send@1=10035";
    size_t used = strlen(arguments);
    for (int i = 1; i < PIECES; i++)
        used += (size_t)snprintf(arguments + used, sizeof arguments - used,
                                 ",send@%d=10035", 2 * i + 1);
    snprintf(arguments + used, sizeof arguments - used, " --wait %s", wait);
    start_with_faults(c, arguments);
    c->may_report = false; /* no room is no failure */
    join(p);
    uint64_t quickest_ms = quickest_echo_ms(p, PIECES);
    expect(c, quickest_ms < WITHIN_MS,
           "expected a send to go on as soon as there is room, saw no echo "
           "quicker than %u ms",
           (unsigned)quickest_ms);
    pass_time(c, 300); /* for the last look */
    int64_t calls = calls_of(c, OBSERVE_select, OBSERVE_WSAPoll);
    uint64_t begin = clock_ns();
    pass_time(c, 600);
    calls = calls_of(c, OBSERVE_select, OBSERVE_WSAPoll) - calls;
    int ms = (int)((clock_ns() - begin) / 1000000);
    expect(c, calls <= 2 + ms / 250,
           "expected it to wake up for ticks only, saw it wake up %d times in "
           "%d ms",
           (int)calls, ms);
    peer_close(p);
    stop_server(c);
}

void send_resumed(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    sends_resumed(p, "select");
    sends_resumed(p, "poll");
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
        peers[i].send_goal = peers[i].sent + bytes;
    peers_pump_out(peers, count, 0);
    for (int i = 0; i < count; i++)
        peers[i].send_goal = peers[i].sent;
}

/* Lets the server go on until no more than left bytes are under way for the
 * first peers of all, holds it, and takes what it has sent by then. */
static void go_on_until(struct peer *peers, int count, int first, uint64_t left)
{
    for (int i = 0; i < count; i++)
        peers[i].receive_goal = peers[i].sent;
    go_on(peers->c);
    while (under_way(peers, first) > left)
        expect(peers->c, peers_pump(peers, count, STEP_MS) > 0,
               "expected echoes, saw nothing come back");
    hold(peers->c);
    peers_pump_out(peers, count, 0);
}

static void finish_round(struct peer *peers, int count)
{
    go_on(peers->c);
    peers_run(peers, count);
}

/* By the time that a half of a flood has come back everyone has had a turn. */
void hot_peer(struct check *c)
{
    enum { COUNT = 60, BYTES = 262144, MOST_BYTES = 2097152 };
    struct peer *peers = new_peers(c, 1 + COUNT);
    uint64_t bytes = BYTES;
    int waiting = COUNT;
    int rounds = 0;
    /* The flood comes first: in a model that prefers one end of its list, the
     * first client is the preferred one. */
    join_all(peers, 1 + COUNT);
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
    expect(c, waiting == 0,
           "expected a ping of each of 60 clients to be answered before half "
           "of another one's flood, saw %d wait, in the last of %d rounds",
           waiting, rounds);
    snprintf(c->note, sizeof c->note, "%d rounds, %u KiB", rounds,
             (unsigned)(bytes / 1024));
}

/* Jain's fairness index of count shares: 1 when all are equal, 1/count when one
 * has everything. */
static double jain_index(const double *shares, int count)
{
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < count; i++) {
        sum += shares[i];
        squares += shares[i] * shares[i];
    }
    return squares > 0 ? sum * sum / (count * squares) : 0;
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
    join_all(peers, count);
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
                shares[k] += (double)(peers[k].received - before[k]);
        } else if (all < MOST_BYTES) {
            all *= 2;
        }
        finish_round(peers, count);
        jain = rounds >= ROUNDS ? jain_index(shares, count) : 0;
    }
    expect(c, jain >= 0.95,
           "expected equal clients to get equal shares (Jain's index at least "
           "0.95), saw %.2f after %d rounds",
           jain, rounds);
    snprintf(c->note, sizeof c->note, "Jain %.3f, %d rounds", jain, rounds);
}

void fair_16(struct check *c)
{
    fair_among(c, 16);
}

void fair_63(struct check *c)
{
    fair_among(c, 63);
}

void accept_under_flood(struct check *c)
{
    enum { COUNT = 4 };
    struct peer *floods = new_peers(c, COUNT);
    struct peer *p = new_peers(c, 1);
    join_all(floods, COUNT);
    begin_flood(floods, COUNT);
    for (int i = 0; i < 5; i++) {
        serve(p, STEP_MS); /* a server that starves them never would */
        control(c);
    }
    end_flood(c);
}

void silent_100(struct check *c)
{
    struct peer *silent = new_peers(c, 100);
    join_all(silent, 100);
    control(c);
    ping_all(silent, 100, 3);
}

void slowloris(struct check *c)
{
    enum { ATTEMPTS = 10, WITHIN_MS = 500 };
    struct peer *slow = new_peers(c, 40);
    struct peer *good = new_peers(c, 1);
    join_all(slow, 40);
    join(good);
    uint64_t quickest_ms = UINT64_MAX;
    for (int i = 0; i < ATTEMPTS && (i < 3 || quickest_ms >= WITHIN_MS); i++) {
        for (int k = 0; k < 40; k++)
            send_bytes(&slow[k], 1);
        uint64_t begin = clock_ns();
        echo(good, 20000);
        uint64_t ms = (clock_ns() - begin) / 1000000;
        quickest_ms = ms < quickest_ms ? ms : quickest_ms;
        for (int k = 0; k < 40; k++)
            receive_bytes(&slow[k], 1);
        pass_time(c, 300);
    }
    expect(c, quickest_ms < WITHIN_MS,
           "expected 40 slow clients to hold nobody up, saw an echo take %u ms "
           "each time",
           (unsigned)quickest_ms);
}

/* Whether the urgent byte is echoed is the system's choice. */
void oob(struct check *c)
{
    char back[64];
    int got = 0;
    int taken = 1;
    int kept = 0;
    struct peer *p = new_peers(c, 1);
    join(p);
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
}

/* Those that came first have left: what they leave behind must wake nobody. */
void idle_then_echo(struct check *c)
{
    enum { COUNT = 20, LEAVE = 10 };
    struct peer *peers = new_peers(c, COUNT);
    join_all(peers, COUNT);
    ping_all(peers, COUNT, 10);
    for (int i = 0; i < LEAVE; i++)
        leave(&peers[i]);
    expect_quiet(c, c->is_long ? 5000 : 1500);
    for (int i = LEAVE; i < COUNT; i++)
        echo(&peers[i], 10000);
}
