#include "cases.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../run/connect.h"

enum { PIECE_BYTES = 65536, PUMP_AT_MOST = 1200 };

/* ---- the stream ---------------------------------------------------------- */

/* Eight bytes of the stream: splitmix64 of the tag and the position. */
static uint64_t pattern_word(uint32_t tag, uint64_t index)
{
    uint64_t x = ((uint64_t)tag << 40) + index + 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* Writes bytes offset to offset + bytes of the stream with this tag. */
static void pattern(uint32_t tag, uint64_t offset, unsigned char *out,
                    size_t bytes)
{
    uint64_t word = 0;
    for (size_t i = 0; i < bytes; i++, offset++) {
        if (i == 0 || offset % 8 == 0)
            word = pattern_word(tag, offset / 8);
        out[i] = (unsigned char)(word >> (8 * (offset % 8)));
    }
}

/* ---- problems and time --------------------------------------------------- */

static bool fail(struct peer *p, const char *format, ...) REPORT_PRINTF(2, 3);

/* Keeps what was expected and seen, and fails the case unless the peer may.
 * Always returns false. */
static bool fail(struct peer *p, const char *format, ...)
{
    char what[150];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(p->problem, sizeof p->problem,
             "connection %u, %llu bytes sent, %llu back: %s", p->tag, p->sent,
             p->received, what);
    expect(p->may_fail, "%s", p->problem);
    return false;
}

static bool broken(struct peer *p, const char *call, int error)
{
    char text[100];
    p->state = PEER_BROKEN;
    p->error = error;
    error_text((unsigned long)error, text, sizeof text);
    return fail(p, "%s: %s (%d)", call, text, error);
}

static int remaining_ms(uint64_t limit)
{
    uint64_t now = clock_ns();
    return now >= limit ? 0 : (int)((limit - now + 999999) / 1000000);
}

/* Whether it is ready, or over, before this moment. */
static bool ready_by(const struct peer *p, short events, uint64_t limit)
{
    in_time();
    return connect_poll(p->s, events, remaining_ms(limit)) != 0;
}

bool wait_ready(struct peer *p, short events)
{
    return ready_by(p, events, clock_in_ms(p->patience_ms)) ||
           fail(p, "%s for %u ms",
                events == POLLRDNORM ? "nothing came" : "could not send",
                p->patience_ms);
}

/* ---- connecting and closing ---------------------------------------------- */

bool join_begin(struct peer *p, const char *host)
{
    in_time();
    peer_close(p);
    p->sent = p->received = p->send_goal = p->receive_goal = 0;
    p->waiting_ns = 0;
    p->error = 0;
    p->problem[0] = '\0';
    p->s = connect_begin(host, check.server.port, p->receive_buffer_bytes);
    if (p->s == INVALID_SOCKET)
        return fail(p, "no connection to %.60s", host);
    p->state = PEER_CONNECTING;
    return true;
}

bool join_end(struct peer *p)
{
    int error = connect_end(p->s, remaining_ms(clock_in_ms(p->patience_ms)));
    if (error != 0)
        return broken(p, "connect", error);
    p->state = PEER_OPEN;
    p->connects++;
    return true;
}

bool join(struct peer *p)
{
    return join_begin(p, check.server.host) && join_end(p);
}

void join_all(struct peer *peers, int count)
{
    for (int i = 0; i < count; i++)
        join(&peers[i]);
}

void peer_close(struct peer *p)
{
    if (p->state != PEER_CLOSED)
        closesocket(p->s);
    p->state = PEER_CLOSED;
}

void peer_reset(struct peer *p)
{
    if (p->state != PEER_CLOSED)
        net_close_abortively(p->s);
    p->state = PEER_CLOSED;
}

void close_all(struct peer *peers, int count)
{
    for (int i = 0; i < count; i++)
        peer_close(&peers[i]);
}

/* ---- one call ------------------------------------------------------------ */

/* What a call that has moved nothing returns: 0 if it would block. */
static int moved_nothing(struct peer *p, const char *call)
{
    int error = WSAGetLastError();
    if (error == WSAEWOULDBLOCK)
        return 0;
    broken(p, call, error);
    return -1;
}

int send_some(struct peer *p, uint64_t at_most)
{
    unsigned char piece[PIECE_BYTES];
    int bytes = (int)min(at_most, PIECE_BYTES);
    uint64_t now_ns = clock_ns();
    if (p->state != PEER_OPEN && p->state != PEER_ENDED) {
        fail(p, "it is not open any more");
        return -1;
    }
    pattern(p->tag, p->sent, piece, (size_t)bytes);
    int taken = send(p->s, (const char *)piece, bytes, 0);
    if (taken == SOCKET_ERROR)
        return moved_nothing(p, "send");
    if (p->sent == p->received)
        p->waiting_ns = now_ns;
    p->sent += (uint64_t)taken;
    p->sent_ever += (uint64_t)taken;
    return taken;
}

/* Compares with the stream and counts. A wrong byte fails the case even if the
 * peer may fail, unless it may_lose. */
static bool check_piece(struct peer *p, const unsigned char *piece, int bytes)
{
    unsigned char right[PIECE_BYTES];
    pattern(p->tag, p->received, right, (size_t)bytes);
    for (int i = 0; i < bytes; i++, p->received++) {
        bool was_sent = p->received < p->sent;
        p->may_fail =
            p->may_fail && (p->may_lose || (was_sent && piece[i] == right[i]));
        if (!was_sent)
            return fail(p, "expected no more bytes, saw %d", bytes - i);
        if (piece[i] != right[i])
            return fail(p, "expected 0x%02x as the next byte, saw 0x%02x",
                        right[i], piece[i]);
    }
    return true;
}

int receive_some(struct peer *p, uint64_t at_most)
{
    unsigned char piece[PIECE_BYTES];
    int taken = 0;
    if (p->state != PEER_OPEN) {
        fail(p, "it is not open any more");
        return -1;
    }
    taken = recv(p->s, (char *)piece, (int)min(at_most, PIECE_BYTES), 0);
    if (taken == SOCKET_ERROR)
        return moved_nothing(p, "receive");
    if (taken == 0) {
        p->state = PEER_ENDED;
        fail(p, "expected more, saw the end of the stream");
        return -1;
    }
    return check_piece(p, piece, taken) ? taken : -1;
}

void send_what_fits(struct peer *p, uint64_t at_most)
{
    uint64_t goal = p->sent + at_most;
    while (p->sent < goal && send_some(p, goal - p->sent) > 0)
        continue;
}

void stuff(struct peer *p, uint64_t at_most)
{
    uint64_t goal = p->sent + at_most;
    do
        send_what_fits(p, goal - p->sent);
    while (p->sent < goal && p->state == PEER_OPEN &&
           ready_by(p, POLLWRNORM, clock_in_ms(1000)));
}

bool was_reset(const struct peer *p)
{
    return p->state != PEER_CLOSED &&
           (connect_poll(p->s, POLLRDNORM, 0) & POLLERR) != 0;
}

/* ---- steps --------------------------------------------------------------- */

bool send_bytes(struct peer *p, uint64_t bytes)
{
    uint64_t goal = p->sent + bytes;
    while (p->sent < goal) {
        int taken = send_some(p, goal - p->sent);
        if (taken < 0 || (taken == 0 && !wait_ready(p, POLLWRNORM)))
            return false;
    }
    return true;
}

bool receive_bytes(struct peer *p, uint64_t bytes)
{
    uint64_t goal = p->received + bytes;
    while (p->received < goal) {
        int taken = receive_some(p, goal - p->received);
        if (taken < 0 || (taken == 0 && !wait_ready(p, POLLRDNORM)))
            return false;
    }
    return true;
}

bool receive_rest(struct peer *p)
{
    return receive_bytes(p, under_way(p, 1));
}

bool echo(struct peer *p, uint64_t bytes)
{
    if (bytes <= 4096)
        return send_bytes(p, bytes) && receive_bytes(p, bytes);
    p->send_goal = p->sent + bytes;
    p->receive_goal = p->received + bytes;
    return peers_run(p, 1);
}

void ping_all(struct peer *peers, int count, uint64_t bytes)
{
    for (int i = 0; i < count; i++)
        send_bytes(&peers[i], bytes);
    for (int i = 0; i < count; i++)
        receive_bytes(&peers[i], bytes);
}

bool half_close(struct peer *p)
{
    return shutdown(p->s, SD_SEND) == 0 ||
           broken(p, "shutdown", WSAGetLastError());
}

bool receive_until_over(struct peer *p)
{
    uint64_t limit = clock_in_ms(p->patience_ms);
    bool may_fail = p->may_fail;
    p->may_fail = true; /* the end is what is wanted */
    while (p->state == PEER_OPEN)
        if (receive_some(p, PIECE_BYTES) == 0 &&
            !ready_by(p, POLLRDNORM, limit))
            break;
    p->may_fail = may_fail;
    return p->state != PEER_OPEN ||
           fail(p, "expected the end within %u ms", p->patience_ms);
}

bool receive_end(struct peer *p)
{
    uint64_t before = p->received;
    ready_by(p, POLLRDNORM, clock_in_ms(p->patience_ms));
    if (was_reset(p))
        return broken(p, "receive", WSAECONNRESET);
    return receive_until_over(p) &&
           ((p->state == PEER_ENDED && p->received == before) ||
            fail(p, "expected an orderly end, saw error %d or more bytes",
                 p->error));
}

void leave(struct peer *p)
{
    half_close(p);
    receive_rest(p);
    receive_end(p);
    peer_close(p);
}

/* ---- many at once -------------------------------------------------------- */

/* POLLRDNORM, POLLWRNORM: what it needs for its goals. Sends are put off until
 * half of the window is free: fewer and larger. */
static short wanted_by(const struct peer *p)
{
    bool has_room = p->window == 0 || under_way(p, 1) <= p->window / 2;
    if (p->state != PEER_OPEN)
        return 0;
    return (short)((p->received < p->receive_goal ? POLLRDNORM : 0) |
                   (p->sent < p->send_goal && has_room ? POLLWRNORM : 0));
}

/* Lets one peer do what its socket is ready for. False: it has a problem. */
static bool pump_one(struct peer *p, short ready)
{
    uint64_t at_most = p->send_goal - p->sent;
    if (p->window != 0)
        at_most = min(at_most, p->window / 2);
    if ((ready & ~POLLWRNORM) != 0 && (wanted_by(p) & POLLRDNORM) != 0 &&
        receive_some(p, PIECE_BYTES) < 0)
        return false;
    return (ready & ~POLLRDNORM) == 0 || (wanted_by(p) & POLLWRNORM) == 0 ||
           send_some(p, at_most) >= 0;
}

int peers_pump(struct peer *peers, int count, uint32_t timeout_ms)
{
    WSAPOLLFD fds[PUMP_AT_MOST];
    struct peer *who[PUMP_AT_MOST];
    int asked = 0;
    for (int i = 0; i < count && asked < PUMP_AT_MOST; i++) {
        who[asked] = &peers[i];
        fds[asked] =
            (WSAPOLLFD){.fd = peers[i].s, .events = wanted_by(&peers[i])};
        asked += fds[asked].events != 0;
    }
    in_time();
    int ready = asked > 0 ? WSAPoll(fds, (ULONG)asked, (int)timeout_ms) : 0;
    for (int i = 0; i < asked && ready > 0; i++)
        if (fds[i].revents != 0 && !pump_one(who[i], fds[i].revents))
            return -1;
    return max(ready, 0);
}

void peers_pump_out(struct peer *peers, int count, uint32_t timeout_ms)
{
    while (peers_pump(peers, count, timeout_ms) > 0)
        continue;
}

bool peers_run(struct peer *peers, int count)
{
    int ready = 0;
    do
        ready = peers_pump(peers, count, peers->patience_ms);
    while (ready > 0);
    for (int i = 0; i < count && ready == 0; i++)
        if (peers[i].sent < peers[i].send_goal ||
            peers[i].received < peers[i].receive_goal)
            return fail(&peers[i], "nothing moved for %u ms",
                        peers->patience_ms);
    return ready == 0;
}

uint64_t under_way(const struct peer *peers, int count)
{
    uint64_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += peers[i].sent - peers[i].received;
    return bytes;
}
