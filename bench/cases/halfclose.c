/* The client has said all it has to say, and still wants its echo. */
#include "cases.h"
#include "../../common/clock.h"
#include "../../common/net.h"

static void halfclose_small(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    join(c, p);
    send_bytes(c, p, 100);
    half_close(c, p);
    receive_bytes(c, p, 100);
    receive_end(c, p);
}

static void halfclose_empty(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    join(c, p);
    half_close(c, p);
    receive_end(c, p);
}

/* Sends all, reading only when sending stalls, so that as much as the system
 * holds is still under way when the end of the stream is sent. */
static void send_grudgingly(struct check *c, struct peer *p, uint64_t bytes)
{
    while (going_on(c) && p->sent < bytes) {
        uint64_t left = bytes - p->sent;
        int taken = peer_send_some(p, left < 65536 ? (int)left : 65536);
        if (taken == 0)
            receive_bytes(c, p, p->sent - p->received < 65536 ? 1 : 65536);
        expect(c, taken >= 0, "%s", p->problem);
    }
}

static void halfclose_large(struct check *c)
{
    enum { TOTAL_BYTES = 8388608 };
    struct peer *p = new_peers(c, 1);
    p->receive_buffer_bytes = 65536; /* so that sending does stall */
    join(c, p);
    send_grudgingly(c, p, TOTAL_BYTES);
    half_close(c, p);
    /* A slow reader: nothing at first, then in steps. */
    pass_time(c, 200);
    for (int i = 0; i < 10; i++) {
        uint64_t left = TOTAL_BYTES - p->received;
        receive_bytes(c, p, left < 65536 ? left : 65536);
        pass_time(c, 20);
    }
    receive_bytes(c, p, TOTAL_BYTES - p->received);
    receive_end(c, p);
}

/* Wine 10 may take the whole of a buffer that does not fit, say so, and lose the
 * rest of it when WSAPoll() then reports POLLHUP. If the server has done its
 * part, as the seam shows, that is what happened, and nothing is shown. */
static void blame_wine(struct check *c, struct peer *p)
{
    char rest[4096];
    int64_t in = 0;
    int64_t out = 0;
    bool wrong_bytes =
        c->failed && p->problem[0] != '\0' && p->received < p->sent;
    if (!wrong_bytes || !wine_here() || p->state != PEER_OPEN)
        return;
    while (peer_wait_readable(p, 1000) && recv(p->s, rest, sizeof rest, 0) > 0)
        continue;
    if (!bytes_moved(c, &in, &out) || in != (int64_t)p->sent || out != in)
        return;
    c->failed = false;
    skip(c, "Wine has lost bytes that the server's send() had sent");
}

enum standing { HAS_SENT_ALL, HOLDS_SOME, NOT_YET };

/* Where the server stands with what it got. Calls that are done at once show
 * it; in an overlapped model they do not, and it is not needed there: then the
 * answer is HAS_SENT_ALL as soon as its calls have moved on. */
static enum standing standing(struct check *c, const struct peer *p,
                              int64_t *calls)
{
    static const int kinds[] = {OBSERVE_recv, OBSERVE_send, OBSERVE_WSARecv,
                                OBSERVE_WSASend, -1};
    int64_t in = 0;
    int64_t out = 0;
    int64_t now = calls_of(c, kinds);
    bool moved_on = now != *calls;
    *calls = now;
    if (!bytes_moved(c, &in, &out))
        return moved_on ? HAS_SENT_ALL : NOT_YET;
    if (in != (int64_t)p->sent)
        return NOT_YET;
    return out == in ? HAS_SENT_ALL : HOLDS_SOME;
}

/* Sends until the server cannot send any more, but no further: the end of the
 * stream shall still reach it, best with nothing unread in front. Without the
 * seam it sends until sending stalls. Returns how much was sent. */
static uint64_t send_until_stuck(struct check *c, struct peer *p)
{
    enum { STUCK_AFTER_MS = 300 };
    int64_t calls = 0;
    uint64_t limit = clock_in_ms(STUCK_AFTER_MS);
    if (!going_on(c) || c->server.counters == NULL)
        return stuff(c, p, 33554432);
    while (going_on(c) && clock_ns() < limit) {
        if (standing(c, p, &calls) != HAS_SENT_ALL) {
            Sleep(1); /* it is another process: there is no event for this */
            continue;
        }
        limit = clock_in_ms(STUCK_AFTER_MS);
        expect(c, p->sent < 67108864,
               "expected the server to stop taking input, saw it take 64 MiB");
        expect(c, peer_send_some(p, 16384) >= 0, "%s", p->problem);
    }
    return p->sent;
}

/* The server has bytes that it cannot send and knows, or could know, that no
 * more will come: the state in which a readiness loop spins. */
static void halfclose_stuck(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    p->receive_buffer_bytes = 4096;
    join(c, p);
    echo(c, p, 100);
    send_bytes(c, p, 16384);
    uint64_t under_way = send_until_stuck(c, p);
    under_way -= p->received;
    half_close(c, p);
    pass_time(c, 100); /* whatever the end of the stream sets in motion */
    struct quiet quiet;
    quiet_begin(c, &quiet);
    pass_time(c, c->is_long ? 5000 : 2000);
    quiet_end(c, &quiet);
    receive_bytes(c, p, under_way);
    receive_end(c, p);
    blame_wine(c, p);
}

static void halfclose_idle(struct check *c)
{
    /* Everything has come back; the client has only not closed yet. */
    struct peer *p = new_peers(c, 1);
    join(c, p);
    echo(c, p, 5000);
    half_close(c, p);
    receive_end(c, p);
    struct quiet quiet;
    quiet_begin(c, &quiet);
    pass_time(c, 500);
    quiet_end(c, &quiet);
}

/* How many bytes the server has sent; 0 without counters to see it by. */
static uint64_t sent_back(const struct check *c)
{
    struct process_counts counts;
    if (!process_counts(&c->server, &counts))
        return 0;
    return (uint64_t)(counts.items[OBSERVE_send] +
                      counts.items[OBSERVE_WSASend]);
}

/* Whether the server has sent back everything so far: false if it has not
 * within half a second, in which even a busy machine gets round to it. */
static bool all_sent_back(struct check *c, uint64_t bytes)
{
    enum { WITHIN_MS = 500 };
    uint64_t end_ns = clock_in_ms(WITHIN_MS);
    while (sent_back(c) < bytes) {
        if (!going_on(c) || clock_ns() >= end_ns)
            return false;
        Sleep(1); /* it is another process: there is no event for this */
    }
    return true;
}

/* The end of the stream is all that the server has not received yet, and it
 * cannot send what it has: the state in which WSAPoll says POLLHUP, which is
 * neither a reason to close nor one to wake up again and again. */
static void halfclose_blocked(struct check *c)
{
    enum { PIECE_BYTES = 8192, AT_MOST_BYTES = 33554432 };
    struct peer *p = new_peers(c, 1);
    p->receive_buffer_bytes = 4096;
    join(c, p);
    do
        send_bytes(c, p, PIECE_BYTES);
    while (going_on(c) && p->sent < AT_MOST_BYTES && all_sent_back(c, p->sent));
    half_close(c, p);
    pass_time(c, 200);
    struct quiet quiet;
    quiet_begin(c, &quiet);
    pass_time(c, 500);
    quiet_end(c, &quiet);
    receive_bytes(c, p, p->sent);
    receive_end(c, p);
    blame_wine(c, p);
}

/* Whether s is told of a reset within the time, while it has data to read. */
static bool sees_reset(SOCKET s, int within_ms)
{
    uint64_t end_ns = clock_in_ms((uint64_t)within_ms);
    while (clock_ns() < end_ns) {
        if ((peer_poll(s, POLLRDNORM, 0) & (POLLERR | POLLHUP)) != 0)
            return true;
        Sleep(50); /* there is data to read all the time: no wait would wait */
    }
    return false;
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

/* Whether this system shows it at all when both directions are full: Wine 10
 * does not, though a client outside of Wine does see the reset. */
static bool can_see_resets(void)
{
    int small = 4096;
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
    bool sees = sees_reset(one, 1000);
    closesocket(one);
    closesocket(listener);
    return sees;
}

/* What the server has received and not sent back when the time is up is lost. An
 * orderly end would tell the client that it has everything: it must be reset.
 * It does not read, so that no orderly end could reach it. */
static void idle_owed(struct check *c)
{
    enum {
        PIECE_BYTES = 8192,
        AT_MOST_BYTES = 33554432,
        WITHIN_MS = 5000,
        ATTEMPTS = 3
    };
    struct peer *peers = new_peers(c, ATTEMPTS);
    if (!can_see_resets()) {
        skip(c, "here a reset does not show when both directions are full");
        return;
    }
    uint64_t bytes = 0;
    for (int i = 0; i < ATTEMPTS && going_on(c); i++) {
        struct peer *p = &peers[i];
        p->receive_buffer_bytes = 4096;
        join(c, p);
        do {
            send_bytes(c, p, PIECE_BYTES);
            bytes += PIECE_BYTES;
        } while (going_on(c) && p->sent < AT_MOST_BYTES &&
                 all_sent_back(c, bytes));
        if (!going_on(c) || sees_reset(p->s, WITHIN_MS))
            return;
        if (sent_back(c) < bytes)
            break;
        /* It had only been slow, and owes nothing: an orderly end is right. */
    }
    expect(c, false, "expected a reset within %u ms, saw none", WITHIN_MS);
}

const struct check_case halfclose_cases[] = {
    {"halfclose_small", "send, end: full echo, then the end", halfclose_small,
     GROUP_BASIC, 0, NULL, 0},
    {"halfclose_empty", "the end and nothing else", halfclose_empty,
     GROUP_BASIC, 0, NULL, 0},
    {"halfclose_large", "8 MiB, end, then a slow reader", halfclose_large,
     GROUP_BASIC, 0, NULL, 0},
    {"halfclose_blocked", "the end comes while the last bytes cannot be sent",
     halfclose_blocked, GROUP_QUIET, 0, NULL, 0},
    {"halfclose_stuck", "end sent, nothing read: no CPU, then complete",
     halfclose_stuck, GROUP_QUIET, 0, NULL, 0},
    {"halfclose_idle", "end sent, all read, not closed: no CPU", halfclose_idle,
     GROUP_QUIET, 0, NULL, 0},
    {"idle_owed", "--idle-timeout 2 resets a client that is owed bytes",
     idle_owed, GROUP_IDLE, CASE_CUTS, "--idle-timeout 2", 0},
    {NULL, NULL, NULL, 0, 0, NULL, 0}};
