#include "peer.h"

#include <process.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../common/clock.h"
#include "../../common/net.h"

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

void peer_pattern(uint32_t tag, uint64_t offset, unsigned char *out,
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

static bool trouble(struct peer *p, const char *format, ...)
    REPORT_PRINTF(2, 3);

/* Writes the first problem. Always returns false. */
static bool trouble(struct peer *p, const char *format, ...)
{
    if (p->problem[0] != '\0')
        return false;
    int used = snprintf(p->problem, sizeof p->problem,
                        "connection %u: ", (unsigned)p->tag);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(p->problem + used, sizeof p->problem - (size_t)used, format,
              arguments);
    va_end(arguments);
    return false;
}

static bool broken(struct peer *p, const char *call, int error)
{
    char text[100];
    p->state = PEER_BROKEN;
    p->error = error;
    error_text((unsigned long)error, text, sizeof text);
    return trouble(p, "%s after %llu bytes sent and %llu received: %s (%d)",
                   call, (unsigned long long)p->sent,
                   (unsigned long long)p->received, text, error);
}

/* The moment timeout_ms from now, or the peer's deadline if that is sooner. */
static uint64_t limit_ns(const struct peer *p, uint32_t timeout_ms)
{
    uint64_t limit = clock_in_ms(timeout_ms);
    if (p->deadline_ns != 0 && p->deadline_ns < limit)
        return p->deadline_ns;
    return limit;
}

static int remaining_ms(uint64_t limit)
{
    uint64_t now = clock_ns();
    return now >= limit ? 0 : (int)((limit - now + 999999) / 1000000);
}

int peer_poll(SOCKET s, short events, int timeout_ms)
{
    WSAPOLLFD polled;
    polled.fd = s;
    polled.events = events;
    return WSAPoll(&polled, 1, timeout_ms) > 0 ? polled.revents : 0;
}

static bool wait_ready(const struct peer *p, short events, uint64_t limit)
{
    return peer_poll(p->s, events, remaining_ms(limit)) != 0;
}

bool peer_wait_readable(struct peer *p, uint32_t timeout_ms)
{
    if (wait_ready(p, POLLRDNORM, limit_ns(p, timeout_ms)))
        return true;
    return trouble(p, "nothing to receive within %u ms", (unsigned)timeout_ms);
}

bool peer_wait_writable(struct peer *p, uint32_t timeout_ms)
{
    if (wait_ready(p, POLLWRNORM, limit_ns(p, timeout_ms)))
        return true;
    return trouble(p, "no room to send within %u ms", (unsigned)timeout_ms);
}

/* ---- connecting and closing ---------------------------------------------- */

static bool parse_address(const char *host, unsigned short port,
                          struct sockaddr_storage *address, int *length)
{
    memset(address, 0, sizeof *address);
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *length = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *length = sizeof *v6;
        return true;
    }
    return false;
}

/* A non-blocking socket that no process started by us inherits. */
static bool make_socket(struct peer *p, int family)
{
    u_long on = 1;
    DWORD no_delay = 1;
    p->s = WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, NULL, 0,
                      WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (p->s == INVALID_SOCKET)
        return false;
    p->state = PEER_CONNECTING;
    ioctlsocket(p->s, (long)FIONBIO, &on);
    setsockopt(p->s, IPPROTO_TCP, TCP_NODELAY, (const char *)&no_delay,
               sizeof no_delay);
    if (p->receive_buffer_bytes > 0)
        setsockopt(p->s, SOL_SOCKET, SO_RCVBUF,
                   (const char *)&p->receive_buffer_bytes,
                   sizeof p->receive_buffer_bytes);
    return true;
}

bool peer_connect_begin(struct peer *p, const char *host, unsigned short port)
{
    struct sockaddr_storage address;
    int length = 0;
    peer_close(p);
    p->sent = p->received = p->send_goal = p->receive_goal = 0;
    p->waiting_ns = 0;
    p->error = 0;
    p->problem[0] = '\0';
    if (!parse_address(host, port, &address, &length))
        return trouble(p, "\"%.60s\" is not an address", host);
    if (!make_socket(p, address.ss_family)) {
        int error = WSAGetLastError();
        return trouble(p, "socket: error %d", error);
    }
    if (connect(p->s, (struct sockaddr *)&address, length) == 0)
        return true;
    int error = WSAGetLastError();
    return error == WSAEWOULDBLOCK || broken(p, "connect", error);
}

bool peer_connect_end(struct peer *p, uint32_t timeout_ms)
{
    if (p->state != PEER_CONNECTING)
        return false;
    /* select and not WSAPoll, which before Windows 10 2004 does not report a
     * connect that failed. */
    fd_set writable, failed;
    FD_ZERO(&writable);
    FD_ZERO(&failed);
    FD_SET(p->s, &writable);
    FD_SET(p->s, &failed);
    int wait_ms = remaining_ms(limit_ns(p, timeout_ms));
    struct timeval wait = {.tv_sec = wait_ms / 1000,
                           .tv_usec = wait_ms % 1000 * 1000};
    if (select(0, NULL, &writable, &failed, &wait) <= 0)
        return trouble(p, "not connected within %d ms", wait_ms);
    if (FD_ISSET(p->s, &failed)) {
        int error = 0;
        int length = sizeof error;
        getsockopt(p->s, SOL_SOCKET, SO_ERROR, (char *)&error, &length);
        return broken(p, "connect", error);
    }
    if (net_is_own_peer(p->s))
        return broken(p, "connect", WSAECONNREFUSED);
    p->state = PEER_OPEN;
    p->connects++;
    return true;
}

bool peer_connect(struct peer *p, const char *host, unsigned short port,
                  uint32_t timeout_ms)
{
    return peer_connect_begin(p, host, port) && peer_connect_end(p, timeout_ms);
}

void peer_close(struct peer *p)
{
    if (p->state == PEER_CLOSED)
        return;
    closesocket(p->s);
    p->s = INVALID_SOCKET;
    p->state = PEER_CLOSED;
}

void peer_reset(struct peer *p)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (p->state == PEER_CLOSED)
        return;
    setsockopt(p->s, SOL_SOCKET, SO_LINGER, (const char *)&linger,
               sizeof linger);
    peer_close(p);
}

/* ---- one call ------------------------------------------------------------ */

int peer_send_some(struct peer *p, int at_most)
{
    unsigned char piece[PIECE_BYTES];
    int bytes = at_most < PIECE_BYTES ? at_most : PIECE_BYTES;
    if (p->state != PEER_OPEN && p->state != PEER_ENDED)
        return -1;
    peer_pattern(p->tag, p->sent, piece, (size_t)bytes);
    int taken = send(p->s, (const char *)piece, bytes, 0);
    if (taken == SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error == WSAEWOULDBLOCK)
            return 0;
        broken(p, "send", error);
        return -1;
    }
    if (p->sent == p->received)
        p->waiting_ns = clock_ns();
    p->sent += (uint64_t)taken;
    p->sent_ever += (uint64_t)taken;
    return taken;
}

/* Says what came in the place of byte at: if the bytes belong elsewhere in this
 * stream, not too far away, then where. Always returns false. */
static bool wrong_byte(struct peer *p, uint64_t at, const unsigned char *seen,
                       int bytes)
{
    enum { FAR_BYTES = 262144, ENOUGH_BYTES = 12 };
    unsigned char right[ENOUGH_BYTES];
    uint64_t from = at > FAR_BYTES ? at - FAR_BYTES : 0;
    for (uint64_t i = from; bytes >= ENOUGH_BYTES && i < at + FAR_BYTES; i++) {
        peer_pattern(p->tag, i, right, sizeof right);
        if (memcmp(seen, right, sizeof right) == 0)
            return trouble(p, "byte %llu: expected it, saw byte %llu",
                           (unsigned long long)at, (unsigned long long)i);
    }
    peer_pattern(p->tag, at, right, 1);
    return trouble(p, "byte %llu: expected 0x%02x, saw 0x%02x",
                   (unsigned long long)at, right[0], seen[0]);
}

/* Compares with the stream and counts. */
static bool check_piece(struct peer *p, const unsigned char *piece, int bytes)
{
    unsigned char right[PIECE_BYTES];
    if (p->received + (uint64_t)bytes > p->sent)
        return trouble(p, "expected %llu bytes back, saw at least %llu",
                       (unsigned long long)p->sent,
                       (unsigned long long)p->received + (uint64_t)bytes);
    peer_pattern(p->tag, p->received, right, (size_t)bytes);
    for (int i = 0; i < bytes; i++)
        if (piece[i] != right[i])
            return wrong_byte(p, p->received + (uint64_t)i, piece + i,
                              bytes - i);
    p->received += (uint64_t)bytes;
    if (p->received == p->sent) {
        uint64_t waited_ns = clock_ns() - p->waiting_ns;
        if (waited_ns > p->slowest_ns)
            p->slowest_ns = waited_ns;
    }
    return true;
}

int peer_receive_some(struct peer *p, int at_most)
{
    unsigned char piece[PIECE_BYTES];
    int bytes = at_most < PIECE_BYTES ? at_most : PIECE_BYTES;
    if (p->state != PEER_OPEN)
        return -1;
    int taken = recv(p->s, (char *)piece, bytes, 0);
    if (taken > 0)
        return check_piece(p, piece, taken) ? taken : -1;
    if (taken == 0) {
        p->state = PEER_ENDED;
        trouble(p, "end of stream after %llu of %llu bytes",
                (unsigned long long)p->received, (unsigned long long)p->sent);
        return -1;
    }
    int error = WSAGetLastError();
    if (error == WSAEWOULDBLOCK)
        return 0;
    broken(p, "receive", error);
    return -1;
}

/* ---- until it is done ---------------------------------------------------- */

static int smaller(uint64_t a, uint64_t b)
{
    uint64_t least = a < b ? a : b;
    return least > PIECE_BYTES ? PIECE_BYTES : (int)least;
}

bool peer_send(struct peer *p, uint64_t bytes, uint32_t stall_ms)
{
    uint64_t goal = p->sent + bytes;
    while (p->sent < goal) {
        int taken = peer_send_some(p, smaller(goal - p->sent, PIECE_BYTES));
        if (taken < 0)
            return false;
        if (taken == 0 && !wait_ready(p, POLLWRNORM, limit_ns(p, stall_ms)))
            return trouble(p, "could not send for %u ms, %llu bytes left",
                           (unsigned)stall_ms,
                           (unsigned long long)(goal - p->sent));
    }
    return true;
}

bool peer_receive(struct peer *p, uint64_t bytes, uint32_t stall_ms)
{
    uint64_t goal = p->received + bytes;
    while (p->received < goal) {
        int taken =
            peer_receive_some(p, smaller(goal - p->received, PIECE_BYTES));
        if (taken < 0)
            return false;
        if (taken == 0 && !wait_ready(p, POLLRDNORM, limit_ns(p, stall_ms)))
            return trouble(p, "nothing came for %u ms, %llu bytes missing",
                           (unsigned)stall_ms,
                           (unsigned long long)(goal - p->received));
    }
    return true;
}

bool peer_echo(struct peer *p, uint64_t bytes, uint32_t stall_ms)
{
    if (bytes <= 4096)
        return peer_send(p, bytes, stall_ms) &&
               peer_receive(p, bytes, stall_ms);
    p->send_goal = p->sent + bytes;
    p->receive_goal = p->received + bytes;
    return peers_run(p, 1, stall_ms, NULL);
}

bool peer_half_close(struct peer *p)
{
    if (p->state == PEER_OPEN && shutdown(p->s, SD_SEND) == 0)
        return true;
    int error = WSAGetLastError();
    return broken(p, "shutdown", error);
}

bool peer_receive_anything_until_over(struct peer *p, uint32_t timeout_ms)
{
    uint64_t limit = limit_ns(p, timeout_ms);
    while (p->state == PEER_OPEN) {
        int taken = peer_receive_some(p, PIECE_BYTES);
        if (taken < 0 && p->state == PEER_OPEN)
            return false; /* a wrong byte */
        if (taken == 0 && !wait_ready(p, POLLRDNORM, limit))
            return trouble(p, "expected the end within %u ms, still open",
                           (unsigned)timeout_ms);
    }
    p->problem[0] = '\0'; /* the end was what we wanted */
    return true;
}

bool peer_was_reset(const struct peer *p)
{
    return p->state != PEER_CLOSED &&
           (peer_poll(p->s, POLLRDNORM, 0) & POLLERR) != 0;
}

bool peer_receive_end(struct peer *p, uint32_t timeout_ms)
{
    uint64_t before = p->received;
    wait_ready(p, POLLRDNORM, limit_ns(p, timeout_ms));
    if (peer_was_reset(p))
        return broken(p, "receive", WSAECONNRESET);
    if (!peer_receive_anything_until_over(p, timeout_ms))
        return false;
    if (p->state != PEER_ENDED)
        return trouble(p, "expected an orderly end, saw error %d", p->error);
    if (p->received != before)
        return trouble(p, "expected the end, saw %llu more bytes",
                       (unsigned long long)(p->received - before));
    return true;
}

/* ---- many at once -------------------------------------------------------- */

static bool wants_to_receive(const struct peer *p)
{
    return p->state == PEER_OPEN && p->received < p->receive_goal;
}

/* Sends are put off until half of the window is free: fewer and larger. */
static bool wants_to_send(const struct peer *p)
{
    uint64_t under_way = p->sent - p->received;
    return p->state == PEER_OPEN && p->sent < p->send_goal &&
           (p->window == 0 || under_way <= p->window / 2);
}

static int send_towards_goal(struct peer *p)
{
    uint64_t at_most = p->send_goal - p->sent;
    if (p->window != 0 && at_most > p->window - (p->sent - p->received))
        at_most = p->window - (p->sent - p->received);
    if (p->chunk_bytes > 0 && at_most > (uint64_t)p->chunk_bytes)
        at_most = (uint64_t)p->chunk_bytes;
    return peer_send_some(p, smaller(at_most, PIECE_BYTES));
}

/* Lets one peer do what its socket is ready for. -1: it has a problem. */
static int pump_one(struct peer *p, short ready)
{
    int moved = 0;
    if ((ready & ~POLLWRNORM) != 0 && wants_to_receive(p)) {
        int taken = peer_receive_some(p, PIECE_BYTES);
        if (taken < 0)
            return -1;
        moved += taken > 0;
    }
    if ((ready & ~POLLRDNORM) != 0 && wants_to_send(p)) {
        int taken = send_towards_goal(p);
        if (taken < 0)
            return -1;
        moved += taken > 0;
    }
    return moved;
}

int peers_pump(struct peer *peers, int count, uint32_t timeout_ms,
               struct peer **bad)
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
    if (asked == 0 || WSAPoll(fds, (ULONG)asked, (int)timeout_ms) <= 0)
        return 0;
    int moved = 0;
    for (int i = 0; i < asked; i++) {
        int one = fds[i].revents != 0 ? pump_one(who[i], fds[i].revents) : 0;
        if (one < 0) {
            if (bad != NULL)
                *bad = who[i];
            return -1;
        }
        moved += one;
    }
    return moved;
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

bool peers_run(struct peer *peers, int count, uint32_t stall_ms,
               struct peer **bad)
{
    uint64_t limit = limit_ns(&peers[0], stall_ms);
    struct peer *unfinished;
    while ((unfinished = first_unfinished(peers, count)) != NULL) {
        if (unfinished->state != PEER_OPEN) {
            if (bad != NULL)
                *bad = unfinished;
            return trouble(unfinished, "it is not open any more");
        }
        int moved =
            peers_pump(peers, count, (uint32_t)remaining_ms(limit), bad);
        if (moved < 0)
            return false;
        if (moved > 0)
            limit = limit_ns(&peers[0], stall_ms);
        if (moved == 0 && remaining_ms(limit) == 0) {
            if (bad != NULL)
                *bad = unfinished;
            return trouble(unfinished,
                           "nothing moved for %u ms after %llu bytes sent and "
                           "%llu received",
                           (unsigned)stall_ms,
                           (unsigned long long)unfinished->sent,
                           (unsigned long long)unfinished->received);
        }
    }
    return true;
}

double peer_jain_index(const double *shares, int count)
{
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < count; i++) {
        sum += shares[i];
        squares += shares[i] * shares[i];
    }
    return squares > 0 ? sum * sum / (count * squares) : 0;
}

/* ---- flood --------------------------------------------------------------- */

static bool any_open(const struct peer *peers, int count)
{
    for (int i = 0; i < count; i++)
        if (peers[i].state == PEER_OPEN)
            return true;
    return false;
}

static unsigned __stdcall flood_main(void *data)
{
    struct flood *flood = data;
    while (flood->stop == 0 && any_open(flood->peers, flood->count))
        if (peers_pump(flood->peers, flood->count, 50, &flood->bad) < 0)
            break;
    return 0;
}

bool flood_start(struct flood *flood, struct peer *peers, int count)
{
    *flood = (struct flood){.peers = peers, .count = count};
    for (int i = 0; i < count; i++) {
        peers[i].send_goal = UINT64_MAX;
        peers[i].receive_goal = UINT64_MAX;
    }
    flood->thread = (HANDLE)_beginthreadex(NULL, 0, flood_main, flood, 0, NULL);
    return flood->thread != NULL;
}

void flood_stop(struct flood *flood)
{
    if (flood->thread == NULL)
        return;
    InterlockedExchange(&flood->stop, 1);
    WaitForSingleObject(flood->thread, INFINITE);
    CloseHandle(flood->thread);
    flood->thread = NULL;
}
