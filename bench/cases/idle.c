/* A client's time is up, or is not: what counts is when it last made progress,
 * whoever else is awake. */
#include <stdio.h>

#include "cases.h"

enum {
    TIMEOUT_MS = 2000,
    TICK_COUNT_MS = 40, /* a step of GetTickCount(), and a little more */
    /* Servers look four times a second; a busy machine is late. */
    LATEST_MS = 5000
};

static int ms_since(uint64_t begin_ns)
{
    return (int)((clock_ns() - begin_ns) / 1000000);
}

/* Waits for the ends of them all, each at its time after its last byte. They are
 * silent, and nobody else is there to wake the server up. A busy machine makes
 * some late, but not all. */
static void expect_timed_out(struct peer *peers, int count)
{
    enum { SOON_MS = TIMEOUT_MS + 1500 };
    int quickest_ms = LATEST_MS;
    for (int open = count; open > 0;) {
        open = 0;
        for (int i = 0; i < count; i++) {
            int silent_ms = ms_since(peers[i].waiting_ns);
            if (peers[i].state == PEER_OPEN) {
                bool over = receive_some(&peers[i], 1) < 0;
                expect(peers->c,
                       over ? silent_ms >= TIMEOUT_MS - TICK_COUNT_MS
                            : silent_ms < LATEST_MS,
                       "expected an idle client to be closed after %d to %d "
                       "ms, saw it %s after %d",
                       TIMEOUT_MS, LATEST_MS, over ? "closed" : "open",
                       silent_ms);
                open += !over;
                if (over && silent_ms < quickest_ms)
                    quickest_ms = silent_ms;
            }
        }
        pass_time(peers->c, 10);
    }
    expect(peers->c, quickest_ms < SOON_MS,
           "expected one of them at least to be closed within %d ms, saw %d",
           SOON_MS, quickest_ms);
}

/* Sixty have all been silent for a while before their last byte, which counts.
 * Then the same beside one that is active: it is kept. */
void idle_timeout(struct check *c)
{
    enum { COUNT = 60 };
    struct peer *idle = new_peers(c, COUNT);
    struct peer *active = new_peers(c, 1);
    join_all(idle, COUNT);
    pass_time(c, TIMEOUT_MS / 2);
    ping_all(idle, COUNT, 10);
    for (int i = 0; i < COUNT; i++)
        idle[i].may_fail = true;
    expect_timed_out(idle, COUNT);

    join_all(idle, 2);
    ping_all(idle, 2, 10);
    join(active);
    while (idle[0].state == PEER_OPEN || idle[1].state == PEER_OPEN) {
        echo(active, 10);
        pass_time(c, 200);
        for (int i = 0; i < 2; i++)
            if (idle[i].state == PEER_OPEN)
                receive_some(&idle[i], 1);
        expect(c, ms_since(idle[0].waiting_ns) < LATEST_MS,
               "expected an idle client to be closed beside an active one");
    }
    echo(active, 5000);
}

/* Sends, without waiting, as much as fits. */
static void fill(SOCKET s)
{
    static const char data[65536];
    u_long on = 1;
    ioctlsocket(s, (long)FIONBIO, &on);
    while (send(s, data, sizeof data, 0) > 0)
        continue;
}

int sees_reset(struct check *c, SOCKET s, int within_ms)
{
    WSAPOLLFD polled = {.fd = s, .events = POLLRDNORM};
    uint64_t begin_ns = clock_ns();
    while (ms_since(begin_ns) < within_ms) {
        if (WSAPoll(&polled, 1, 0) > 0 &&
            (polled.revents & (POLLERR | POLLHUP)) != 0)
            return ms_since(begin_ns);
        pass_time(c, 10); /* data is there all the time: no wait would wait */
    }
    return -1;
}

void need_to_see_resets(struct check *c)
{
    int small = SMALL_BUFFER;
    struct sockaddr_in address = {.sin_family = AF_INET};
    int length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SOCKET listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    SOCKET one = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    SOCKET other = INVALID_SOCKET;
    setsockopt(one, SOL_SOCKET, SO_RCVBUF, (const char *)&small, sizeof small);
    if (bind(listener, (struct sockaddr *)&address, length) == 0 &&
        getsockname(listener, (struct sockaddr *)&address, &length) == 0 &&
        listen(listener, 1) == 0 &&
        connect(one, (struct sockaddr *)&address, length) == 0)
        other = accept(listener, NULL, NULL);
    fill(other);
    fill(one);
    net_close_abortively(other);
    bool sees = sees_reset(c, one, 1000) >= 0;
    closesocket(one);
    closesocket(listener);
    if (!sees)
        skip(c, "here a reset does not show when both directions are full");
}

bool owes(struct peer *p)
{
    struct process_counts counts;
    return !counts_of(p->c, &counts) ||
           counts.items[OBSERVE_send] + counts.items[OBSERVE_WSASend] <
               (int64_t)p->sent_ever;
}

/* What the server has received and not sent back when the time is up is lost. An
 * orderly end would tell the client that it has everything: it must be reset.
 * It does not read, so that no orderly end could reach it. Its time begins with
 * its last progress, though it was silent for nearly as long before. */
void idle_owed(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    need_to_see_resets(c);
    p->receive_buffer_bytes = SMALL_BUFFER;
    for (int left = 3; left > 0; left--) {
        join(p);
        echo(p, 10);
        pass_time(c, TIMEOUT_MS * 3 / 4);
        uint64_t begin_ns = clock_ns();
        send_until_stuck(p);
        bool is_owed = owes(p);
        int reset_ms = sees_reset(c, p->s, LATEST_MS);
        int ms = ms_since(begin_ns);
        expect(c, reset_ms < 0 || ms >= TIMEOUT_MS - TICK_COUNT_MS,
               "expected it to have its time after its last byte, saw a reset "
               "after %d ms",
               ms);
        if (reset_ms >= 0)
            return;
        expect(c, !is_owed, "expected a reset within %d ms, saw none",
               LATEST_MS);
        /* It had only been slow, and owes nothing: an orderly end is right. */
    }
    expect(c, false, "expected the server to get stuck");
}

/* Whoever reads slowly but without a pause is served, however large the
 * server's buffer is: a time-out looks at progress. The client's pieces make
 * the server see progress several times a second, but a buffer of 1 MiB takes ten
 * seconds: even if the first is nearly over, the next is not within the time-out of
 * 3 s. */
void slow_progress(struct check *c)
{
    enum { STEP_COUNT = 65, PIECE_BYTES = 10240, STEP_TIME_MS = 100 };
    struct peer *p = new_peers(c, 1);
    p->receive_buffer_bytes = 8192;
    join(p);
    stuff(p, 67108864);
    for (int i = 0; i < STEP_COUNT; i++) {
        receive_bytes(p, PIECE_BYTES);
        pass_time(c, STEP_TIME_MS);
    }
    expect(c, p->state == PEER_OPEN, "expected a slow reader to be served");
    peer_reset(p);
}

/* Without --idle-timeout: one that never reads is given 30 s, one that says
 * nothing is given for ever. */
void stuck_30(struct check *c)
{
    struct peer *idle = new_peers(c, 1);
    struct peer *p = new_peers(c, 1);
    struct peer *next = new_peers(c, 1);
    p->receive_buffer_bytes = SMALL_BUFFER;
    join(idle);
    join(p);
    stuff(p, 67108864);
    pass_time(c, 25000);
    refused(next);
    serve(next, 10000);
    pass_time(c, 1000);
    echo(idle, 10);
}

/* Sending takes longer than the time-out, in pieces: each is a sign of life. So
 * after the last one the client still has all of its time. */
void idle_slow_send(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    start_with_faults(c, "send@every=stall170,send@every=short,"
                         "WSASend@every=stall170,WSASend@every=short "
                         "--idle-timeout 2");
    join(p);
    echo(p, 10000); /* 10,000, 5,000 and so on: 14 pieces */
    pass_time(c, 400);
    echo(p, 1);
    peer_close(p);
    stop_server(c);
}

/* The whole server is held up for longer than the time-out. Who has sent
 * meanwhile is not idle; who has not has all of its time again, and no more. */
void held_up(struct check *c)
{
    struct peer *busy = new_peers(c, 8);
    struct peer *idle = new_peers(c, 1);
    start_server(c, "--idle-timeout 2");
    join(idle);
    join_all(busy, 8);
    ping_all(busy, 8, 10);
    hold(c);
    for (int i = 0; i < 8; i++)
        send_bytes(&busy[i], 10);
    pass_time(c, 3500);
    uint64_t begin_ns = clock_ns();
    go_on(c);
    for (int i = 0; i < 8; i++)
        receive_bytes(&busy[i], 10);
    receive_end(idle);
    expect(c, ms_since(begin_ns) >= 1000,
           "expected the idle client to have its 2 s again");
    close_all(busy, 8);
    stop_server(c);
}

/* The time of a client is up, and the cancel comes late: the client has gone by
 * then and its socket's number may be somebody else's, who must not be cut. */
void cancel_late(struct check *c)
{
    enum { COUNT = 4, STALL_MS = 600 };
    struct peer *late = new_peers(c, 1);
    struct peer *peers = new_peers(c, COUNT);
    start_with_faults(c, "CancelIoEx@1=stall600 --idle-timeout 2 --verbose");
    join(late);
    expect(c, lines_within(c, "connection 1: timed out", 1, 5000) == 1,
           "expected --verbose to tell of a time-out");
    peer_close(late);
    /* In a server with this mistake it is closed now, and its number free. */
    lines_within(c, "closed", 1, 300);
    uint64_t over_ns = clock_in_ms(STALL_MS + 200);
    join_all(peers, COUNT);
    do {
        ping_all(peers, COUNT, 10);
        pass_time(c, 20);
    } while (clock_ns() < over_ns);
    close_all(peers, COUNT);
    stop_server(c);
}
