#include "peer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "../../common/clock.h"
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
    int used = snprintf(p->problem, sizeof p->problem,
                        "connection %u: ", (unsigned)p->tag);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(p->problem + used, sizeof p->problem - (size_t)used, format,
              arguments);
    va_end(arguments);
    expect(p->c, p->may_fail, "%s", p->problem);
    return false;
}

static bool broken(struct peer *p, const char *call, int error)
{
    char text[100];
    p->state = PEER_BROKEN;
    p->error = error;
    error_text((unsigned long)error, text, sizeof text);
    return fail(p, "%s after %llu bytes sent and %llu received: %s (%d)", call,
                (unsigned long long)p->sent, (unsigned long long)p->received,
                text, error);
}

static uint32_t patience_ms(const struct peer *p)
{
    return p->patience_ms > 0 ? p->patience_ms : STEP_MS;
}

/* The moment timeout_ms from now, or the case's deadline if that is sooner. */
static uint64_t limit_ns(const struct peer *p, uint32_t timeout_ms)
{
    uint64_t limit = clock_in_ms(timeout_ms);
    return p->c->deadline_ns < limit ? p->c->deadline_ns : limit;
}

static int remaining_ms(uint64_t limit)
{
    uint64_t now = clock_ns();
    return now >= limit ? 0 : (int)((limit - now + 999999) / 1000000);
}

/* Whether it is ready, or over, before this moment. */
static bool ready_by(const struct peer *p, short events, uint64_t limit)
{
    in_time(p->c);
    return connect_poll(p->s, events, remaining_ms(limit)) != 0;
}

bool wait_ready(struct peer *p, short events)
{
    return ready_by(p, events, limit_ns(p, patience_ms(p))) ||
           fail(p, "%s for %u ms, with %llu bytes sent and %llu received",
                events == POLLRDNORM ? "nothing came" : "could not send",
                (unsigned)patience_ms(p), (unsigned long long)p->sent,
                (unsigned long long)p->received);
}

/* ---- connecting and closing ---------------------------------------------- */

bool join_begin(struct peer *p, const char *host)
{
    in_time(p->c);
    peer_close(p);
    p->sent = p->received = p->send_goal = p->receive_goal = 0;
    p->waiting_ns = 0;
    p->error = 0;
    p->problem[0] = '\0';
    p->s = connect_begin(host, p->c->server.port, p->receive_buffer_bytes);
    if (p->s == INVALID_SOCKET) {
        int error = WSAGetLastError();
        return fail(p, "no connection to %.60s: error %d", host, error);
    }
    p->state = PEER_CONNECTING;
    return true;
}

bool join_end(struct peer *p)
{
    int error = connect_end(p->s, remaining_ms(limit_ns(p, patience_ms(p))));
    if (error != 0)
        return broken(p, "connect", error);
    p->state = PEER_OPEN;
    p->connects++;
    return true;
}

bool join(struct peer *p)
{
    return join_begin(p, p->c->server.host) && join_end(p);
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
    p->s = INVALID_SOCKET;
    p->state = PEER_CLOSED;
}

void peer_reset(struct peer *p)
{
    if (p->state != PEER_CLOSED)
        net_close_abortively(p->s);
    p->s = INVALID_SOCKET;
    p->state = PEER_CLOSED;
}

void close_all(struct peer *peers, int count)
{
    for (int i = 0; i < count; i++)
        peer_close(&peers[i]);
}

/* ---- one call ------------------------------------------------------------ */

/* As much of it as goes into one call. */
static int piece_of(uint64_t bytes)
{
    return bytes < PIECE_BYTES ? (int)bytes : PIECE_BYTES;
}

static int not_open(struct peer *p)
{
    fail(p, "it is not open any more");
    return -1;
}

static int lost(struct peer *p, const char *call, int error)
{
    broken(p, call, error);
    return -1;
}

int send_some(struct peer *p, int at_most)
{
    unsigned char piece[PIECE_BYTES];
    int bytes = piece_of((uint64_t)at_most);
    if (p->state != PEER_OPEN && p->state != PEER_ENDED)
        return not_open(p);
    pattern(p->tag, p->sent, piece, (size_t)bytes);
    uint64_t now_ns = clock_ns();
    int taken = send(p->s, (const char *)piece, bytes, 0);
    if (taken == SOCKET_ERROR) {
        int error = WSAGetLastError();
        return error == WSAEWOULDBLOCK ? 0 : lost(p, "send", error);
    }
    if (p->sent == p->received)
        p->waiting_ns = now_ns;
    p->sent += (uint64_t)taken;
    p->sent_ever += (uint64_t)taken;
    return taken;
}

/* Says what came in the place of byte at: if the bytes belong elsewhere in this
 * stream, not too far away, then where. */
static bool wrong_byte(struct peer *p, uint64_t at, const unsigned char *seen,
                       int bytes)
{
    enum { FAR_BYTES = 262144, ENOUGH_BYTES = 12 };
    unsigned char right[ENOUGH_BYTES];
    uint64_t from = at > FAR_BYTES ? at - FAR_BYTES : 0;
    for (uint64_t i = from; bytes >= ENOUGH_BYTES && i < at + FAR_BYTES; i++) {
        pattern(p->tag, i, right, sizeof right);
        if (memcmp(seen, right, sizeof right) == 0)
            return fail(p, "byte %llu: expected it, saw byte %llu",
                        (unsigned long long)at, (unsigned long long)i);
    }
    pattern(p->tag, at, right, 1);
    return fail(p, "byte %llu: expected 0x%02x, saw 0x%02x",
                (unsigned long long)at, right[0], seen[0]);
}

/* Compares with the stream and counts. A wrong byte fails the case even if the
 * peer may fail, unless it may_lose. */
static bool check_piece(struct peer *p, const unsigned char *piece, int bytes)
{
    unsigned char right[PIECE_BYTES];
    pattern(p->tag, p->received, right, (size_t)bytes);
    for (int i = 0; i < bytes; i++)
        if (piece[i] != right[i]) {
            p->may_fail = p->may_lose;
            return wrong_byte(p, p->received + (uint64_t)i, piece + i,
                              bytes - i);
        }
    p->received += (uint64_t)bytes;
    if (p->received > p->sent)
        return fail(p, "expected %llu bytes back, saw at least %llu",
                    (unsigned long long)p->sent,
                    (unsigned long long)p->received);
    if (p->received == p->sent) {
        uint64_t waited_ns = clock_ns() - p->waiting_ns;
        p->slowest_ns = waited_ns > p->slowest_ns ? waited_ns : p->slowest_ns;
    }
    return true;
}

int receive_some(struct peer *p, int at_most)
{
    unsigned char piece[PIECE_BYTES];
    if (p->state != PEER_OPEN)
        return not_open(p);
    int taken = recv(p->s, (char *)piece, piece_of((uint64_t)at_most), 0);
    if (taken > 0)
        return check_piece(p, piece, taken) ? taken : -1;
    if (taken == 0) {
        p->state = PEER_ENDED;
        fail(p, "end of stream after %llu of %llu bytes",
             (unsigned long long)p->received, (unsigned long long)p->sent);
        return -1;
    }
    int error = WSAGetLastError();
    return error == WSAEWOULDBLOCK ? 0 : lost(p, "receive", error);
}

void send_what_fits(struct peer *p, uint64_t at_most_bytes)
{
    uint64_t goal = p->sent + at_most_bytes;
    while (p->sent < goal && send_some(p, piece_of(goal - p->sent)) > 0)
        continue;
}

uint64_t stuff(struct peer *p, uint64_t at_most_bytes)
{
    uint64_t before = p->sent;
    do
        send_what_fits(p, at_most_bytes - (p->sent - before));
    while (p->sent - before < at_most_bytes && p->state == PEER_OPEN &&
           ready_by(p, POLLWRNORM, limit_ns(p, 1000)));
    return p->sent - before;
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
        int taken = send_some(p, piece_of(goal - p->sent));
        if (taken < 0 || (taken == 0 && !wait_ready(p, POLLWRNORM)))
            return false;
    }
    return true;
}

bool receive_bytes(struct peer *p, uint64_t bytes)
{
    uint64_t goal = p->received + bytes;
    while (p->received < goal) {
        int taken = receive_some(p, piece_of(goal - p->received));
        if (taken < 0 || (taken == 0 && !wait_ready(p, POLLRDNORM)))
            return false;
    }
    return true;
}

bool receive_rest(struct peer *p)
{
    return receive_bytes(p, p->sent - p->received);
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
    if (p->state == PEER_OPEN && shutdown(p->s, SD_SEND) == 0)
        return true;
    return broken(p, "shutdown", WSAGetLastError());
}

bool receive_until_over(struct peer *p)
{
    uint64_t limit = limit_ns(p, patience_ms(p));
    bool may_fail = p->may_fail;
    p->may_fail = true; /* the end is what is wanted */
    while (p->state == PEER_OPEN)
        if (receive_some(p, PIECE_BYTES) == 0 &&
            !ready_by(p, POLLRDNORM, limit))
            break;
    p->may_fail = may_fail;
    return p->state != PEER_OPEN ||
           fail(p, "expected the end within %u ms, still open",
                (unsigned)patience_ms(p));
}

bool receive_end(struct peer *p)
{
    uint64_t before = p->received;
    ready_by(p, POLLRDNORM, limit_ns(p, patience_ms(p)));
    if (was_reset(p))
        return broken(p, "receive", WSAECONNRESET);
    if (!receive_until_over(p))
        return false;
    if (p->state != PEER_ENDED)
        return fail(p, "expected an orderly end, saw error %d", p->error);
    return p->received == before ||
           fail(p, "expected the end, saw %llu more bytes",
                (unsigned long long)(p->received - before));
}

void leave(struct peer *p)
{
    half_close(p);
    receive_end(p);
    peer_close(p);
}

/* ---- many at once -------------------------------------------------------- */

static bool wants_to_receive(const struct peer *p)
{
    return p->state == PEER_OPEN && p->received < p->receive_goal;
}

/* Sends are put off until half of the window is free: fewer and larger. */
static bool wants_to_send(const struct peer *p)
{
    return p->state == PEER_OPEN && p->sent < p->send_goal &&
           (p->window == 0 || p->sent - p->received <= p->window / 2);
}

static int send_towards_goal(struct peer *p)
{
    uint64_t at_most = p->send_goal - p->sent;
    uint64_t room = p->window - under_way(p, 1);
    if (p->window != 0 && at_most > room)
        at_most = room;
    if (p->chunk_bytes > 0 && at_most > (uint64_t)p->chunk_bytes)
        at_most = (uint64_t)p->chunk_bytes;
    return send_some(p, piece_of(at_most));
}

/* Lets one peer do what its socket is ready for. -1: it has a problem. */
static int pump_one(struct peer *p, short ready)
{
    int moved = 0;
    if ((ready & ~POLLWRNORM) != 0 && wants_to_receive(p))
        moved = receive_some(p, PIECE_BYTES);
    if (moved >= 0 && (ready & ~POLLRDNORM) != 0 && wants_to_send(p)) {
        int taken = send_towards_goal(p);
        moved = taken < 0 ? -1 : moved + taken;
    }
    return moved < 0 ? -1 : moved > 0;
}

int peers_pump(struct peer *peers, int count, uint32_t timeout_ms)
{
    WSAPOLLFD fds[PUMP_AT_MOST];
    struct peer *who[PUMP_AT_MOST];
    int asked = 0;
    for (int i = 0; i < count && asked < PUMP_AT_MOST; i++) {
        short events = (short)((wants_to_receive(&peers[i]) ? POLLRDNORM : 0) |
                               (wants_to_send(&peers[i]) ? POLLWRNORM : 0));
        if (events == 0)
            continue;
        who[asked] = &peers[i];
        fds[asked++] = (WSAPOLLFD){.fd = peers[i].s, .events = events};
    }
    in_time(peers->c);
    if (asked == 0 || WSAPoll(fds, (ULONG)asked, (int)timeout_ms) <= 0)
        return 0;
    int moved = 0;
    for (int i = 0; i < asked; i++) {
        int one = fds[i].revents != 0 ? pump_one(who[i], fds[i].revents) : 0;
        if (one < 0)
            return -1;
        moved += one;
    }
    return moved;
}

void peers_pump_out(struct peer *peers, int count, uint32_t timeout_ms)
{
    while (peers_pump(peers, count, timeout_ms) > 0)
        continue;
}

/* The first peer that has not reached its goals, or NULL. */
static struct peer *first_unfinished(struct peer *peers, int count)
{
    for (int i = 0; i < count; i++)
        if (peers[i].sent < peers[i].send_goal ||
            peers[i].received < peers[i].receive_goal)
            return &peers[i];
    return NULL;
}

bool peers_run(struct peer *peers, int count)
{
    uint64_t limit = limit_ns(peers, patience_ms(peers));
    struct peer *p;
    while ((p = first_unfinished(peers, count)) != NULL) {
        if (p->state != PEER_OPEN)
            return fail(p, "it is not open any more");
        int moved = peers_pump(peers, count, (uint32_t)remaining_ms(limit));
        if (moved < 0)
            return false;
        if (moved > 0)
            limit = limit_ns(peers, patience_ms(peers));
        else if (remaining_ms(limit) == 0)
            return fail(p,
                        "nothing moved for %u ms after %llu bytes sent and "
                        "%llu received",
                        (unsigned)patience_ms(peers),
                        (unsigned long long)p->sent,
                        (unsigned long long)p->received);
    }
    return true;
}

uint64_t ping_at_once(struct peer *peers, int count, uint64_t bytes)
{
    uint64_t slowest_ns = 0;
    for (int i = 0; i < count; i++) {
        peers[i].slowest_ns = 0;
        peers[i].send_goal = peers[i].receive_goal = peers[i].sent + bytes;
    }
    peers_run(peers, count);
    for (int i = 0; i < count; i++)
        if (peers[i].slowest_ns > slowest_ns)
            slowest_ns = peers[i].slowest_ns;
    return slowest_ns / 1000000;
}

uint64_t under_way(const struct peer *peers, int count)
{
    uint64_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += peers[i].sent - peers[i].received;
    return bytes;
}
