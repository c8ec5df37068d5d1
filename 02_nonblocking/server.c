/* 02: non-blocking sockets and readiness, one thread.
 *
 * A non-blocking call never waits: it does what it can at once or says
 * WSAEWOULDBLOCK. So one thread can serve everybody, if it knows whom to ask:
 * select() or WSAPoll() wait until some sockets are ready. Ready means "a call
 * would do something now"; the server still makes the call itself. The price
 * is in the wait: it is handed every connection, every time.
 *
 * Threads: main, which serves everybody.
 */

/* An fd_set is an array of FD_SETSIZE sockets, not a set of bits. The default
 * is 64, and it must be overridden before winsock2.h is read (documentation
 * page "select function"). WSAPoll keeps to the same limit here. */
enum { CLIENTS_AT_MOST = 1024 };
#define FD_SETSIZE 1025 /* one more, for the listener */

#include <stdlib.h>
#include <string.h>

#include "server.h" /* and with it all of common/ that a server uses */
/* From here on recv, send and their like are counted on their way to Windows;
 * with OBSERVE=0 they are not. Nothing else changes. */
#include "observe.h"

/* One client. It waits to receive or, while it has unsent bytes, to send, never
 * for both. So nothing is received from a client that does not take its echo,
 * and TCP holds that client back. A connection that waits to receive has no
 * buffer, because there is no call in progress that could fill one: that is
 * what readiness saves. */
struct connection {
    struct member m; /* socket, counts, place in the list: see roster.h */
    bool is_ready;   /* the last wait found that a call would do something */
    bool hung_up;    /* WSAPoll must ignore it: see wait_with_poll */
    char *unsent;    /* memory for what send() did not take; NULL: nothing */
    int unsent_bytes;
    int sent_bytes; /* how many of the unsent bytes have been sent since */
    DWORD error;    /* of the call that failed, or 0 */
};

enum { WAIT_SELECT, WAIT_POLL };
static int wait_form = WAIT_SELECT;
static const struct option own_options[] = {
    {"--wait", "select|poll", "how to find out which sockets are ready",
     OPTION_CHOICE, &wait_form, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static SOCKET listener;
static bool listener_is_ready;
static bool listener_rests; /* after a shortage, until the next tick */
static bool is_tick; /* time to try all that wait to send, and for time-outs */
static bool stopping;
static char *buffer; /* options.buffer_bytes: every receive uses this one */
static struct connection *connections[CLIENTS_AT_MOST];
static int connection_count;

static struct connection *connection_open(SOCKET s);
static int send_some(struct connection *c, const char *bytes, int count);
static bool keep_unsent(struct connection *c, const char *bytes, int count);
static void connection_close(struct connection *c);

/* [S1] From here on clients can connect. */
static void start_listening(void)
{
    u_long on = 1;
    listener = net_listen(options.host, (unsigned short)options.port);
    buffer = calloc(1, (size_t)options.buffer_bytes);
    if (buffer == NULL)
        die("calloc", ERROR_NOT_ENOUGH_MEMORY);
    if (ioctlsocket(listener, (long)FIONBIO, &on) == SOCKET_ERROR)
        die("ioctlsocket(FIONBIO)", (DWORD)WSAGetLastError());
}

/* [S2] What the last wait reported may be out of date: the client may have left
 * again. The listener is non-blocking, so accept() then fails with
 * WSAEWOULDBLOCK and does not hold up all other clients. */
static void accept_clients(void)
{
    enum { ACCEPTS_IN_A_ROW = 64 }; /* then the others get a turn */
    static bool reported;
    for (int i = 0; i < ACCEPTS_IN_A_ROW; i++) {
        SOCKET s = accept(listener, NULL, NULL);
        int error = WSAGetLastError();
        if (s != INVALID_SOCKET) {
            reported = false;
            struct connection *c = connection_open(s);
            if (c != NULL)
                connections[connection_count++] = c;
        } else if (error == WSAEWOULDBLOCK) {
            return;
        } else if (error != WSAECONNRESET) { /* that: this client has left */
            /* A shortage. The listener would be ready again at once, and the
             * loop would spin: so it is left out until the next tick. */
            if (!reported)
                report_connection(0, "accept", (DWORD)error);
            reported = true;
            listener_rests = true;
            return;
        }
    }
}

/* [S3] Returns NULL when there is no room; s has been closed then. */
static struct connection *connection_open(SOCKET s)
{
    u_long on = 1;
    if (connection_count == CLIENTS_AT_MOST) {
        server_refuse(s, "FD_SETSIZE: select() takes no more sockets than "
                         "this program was compiled for");
        return NULL;
    }
    struct connection *c = roster_admit(s, sizeof *c);
    if (c == NULL)
        return NULL;
    if (ioctlsocket(s, (long)FIONBIO, &on) == SOCKET_ERROR) {
        /* A socket that blocks would hold up all the others. */
        report_connection(c->m.id, "ioctlsocket(FIONBIO)",
                          (DWORD)WSAGetLastError());
        connection_close(c);
        return NULL;
    }
    return c;
}

/* [S4] [S5] One receive for each time the socket was ready, so that a client
 * that always has more to say cannot keep us here. Returns false when the
 * connection is over: its peer has sent all it wants to send, or the call has
 * failed. */
static bool on_readable(struct connection *c)
{
    int bytes = recv(c->m.socket, buffer, (int)options.buffer_bytes, 0);
    if (bytes == SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error == WSAEWOULDBLOCK) /* a false alarm */
            return true;
        c->error = (DWORD)error;
    }
    if (bytes <= 0)
        return false;
    c->m.active_ms = GetTickCount();
    c->m.tally.bytes_in += bytes;
    int sent = send_some(c, buffer, bytes); /* it is most likely writable */
    return c->error == 0 &&
           (sent == bytes || keep_unsent(c, buffer + sent, bytes - sent));
}

/* [S6] Sends what fits in now. Returns how many bytes that was; if the
 * connection broke, c->error says so. */
static int send_some(struct connection *c, const char *bytes, int count)
{
    int sent = 0;
    while (sent < count) {
        int left = count - sent;
        int piece = left < SEND_BYTES_AT_MOST ? left : SEND_BYTES_AT_MOST;
        int n = send(c->m.socket, bytes + sent, piece, 0);
        if (n == SOCKET_ERROR) {
            int error = WSAGetLastError();
            if (error != WSAEWOULDBLOCK)
                c->error = (DWORD)error;
            break;
        }
        sent += n;
        c->m.tally.bytes_out += n;
        c->m.active_ms = GetTickCount();
    }
    c->m.is_sending = sent < count; /* for time limits, and the report */
    return sent;
}

/* Copies what could not be sent into memory of its own, because the next
 * connection needs the shared buffer. Returns false if there is no memory. */
static bool keep_unsent(struct connection *c, const char *bytes, int count)
{
    c->unsent = calloc(1, (size_t)count);
    if (c->unsent == NULL) {
        report_connection(c->m.id, "calloc", ERROR_NOT_ENOUGH_MEMORY);
        return false;
    }
    memcpy(c->unsent, bytes, (size_t)count);
    c->unsent_bytes = count;
    c->sent_bytes = 0;
    return true;
}

static bool wants_to_send(const struct connection *c)
{
    return c->unsent != NULL;
}

/* When nothing is left, the connection waits to receive again. */
static bool on_writable(struct connection *c)
{
    c->sent_bytes += send_some(c, c->unsent + c->sent_bytes,
                               c->unsent_bytes - c->sent_bytes);
    if (c->sent_bytes == c->unsent_bytes) {
        free(c->unsent);
        c->unsent = NULL;
        c->hung_up = false;
    }
    return c->error == 0;
}

/* FD_SET would search the whole array for a duplicate, every time. */
static void add_to_set(fd_set *set, SOCKET s)
{
    invariant(set->fd_count < FD_SETSIZE);
    set->fd_array[set->fd_count++] = s;
}

static void wait_with_select(int timeout_ms)
{
    static fd_set readable;
    static fd_set writable;
    struct timeval timeout = {.tv_sec = 0, .tv_usec = timeout_ms * 1000};

    readable.fd_count = 0;
    writable.fd_count = 0;
    if (!listener_rests)
        add_to_set(&readable, listener);
    for (int i = 0; i < connection_count; i++)
        add_to_set(wants_to_send(connections[i]) ? &writable : &readable,
                   connections[i]->m.socket);

    /* No set may be empty (documentation page "select function"). */
    if (select(0, readable.fd_count > 0 ? &readable : NULL,
               writable.fd_count > 0 ? &writable : NULL, NULL,
               &timeout) == SOCKET_ERROR)
        die("select", (DWORD)WSAGetLastError());

    /* Now each set holds only the sockets that are ready. FD_ISSET searches
     * those, which takes long only when there is much to do anyway. */
    listener_is_ready = FD_ISSET(listener, &readable);
    for (int i = 0; i < connection_count; i++) {
        struct connection *c = connections[i];
        c->is_ready =
            FD_ISSET(c->m.socket, wants_to_send(c) ? &writable : &readable);
    }
}

static void wait_with_poll(int timeout_ms)
{
    static WSAPOLLFD fds[CLIENTS_AT_MOST + 1];
    ULONG count = 0;
    ULONG asked = 0;

    /* Only these two events are asked for: some of the others make WSAPoll
     * fail (documentation page "WSAPoll function"). A negative socket keeps
     * its place and is ignored (documentation page "WSAPOLLFD structure"). */
    for (int i = 0; i < connection_count; i++) {
        const struct connection *c = connections[i];
        fds[count++] =
            (WSAPOLLFD){.fd = c->hung_up ? (SOCKET)-1 : c->m.socket,
                        .events = wants_to_send(c) ? POLLWRNORM : POLLRDNORM};
        if (!c->hung_up)
            asked++;
    }
    if (!listener_rests) {
        fds[count++] = (WSAPOLLFD){.fd = listener, .events = POLLRDNORM};
        asked++;
    }

    /* WSAPoll takes no array without a socket to ask about. */
    if (asked == 0)
        stopping = WaitForSingleObject(stop_event(), (DWORD)timeout_ms) ==
                   WAIT_OBJECT_0;
    else if (WSAPoll(fds, count, timeout_ms) == SOCKET_ERROR)
        die("WSAPoll", (DWORD)WSAGetLastError());

    listener_is_ready = !listener_rests && fds[count - 1].revents != 0;
    for (int i = 0; i < connection_count; i++) {
        struct connection *c = connections[i];
        /* WSAPoll reports POLLHUP unasked. A connection that waits to receive
         * receives then: data may come before the end. If it waits to send, its
         * peer may still read, but each WSAPoll would return at once: so it is
         * left out, and each tick tries its send. */
        c->is_ready = wants_to_send(c)
                          ? (fds[i].revents & (POLLWRNORM | POLLERR)) != 0
                          : fds[i].revents != 0;
        c->hung_up |= wants_to_send(c) && (fds[i].revents & POLLHUP) != 0;
    }
}

/* [S7] Sets is_ready in every connection whose next call can make progress.
 * select() and WSAPoll() both look at all connections, every time: that is what
 * readiness costs. No wait is longer than a tick, for three reasons. Both calls
 * wait for sockets and nothing else, so we must look at the stop event between
 * two waits. We must look for time-outs, too. And select() promises to report a
 * reset only for a socket that waits to receive (documentation page "select
 * function"), so we try all that wait to send. */
static void wait_until_ready(void)
{
    enum { TICK_MS = 250 };
    static DWORD ticked_ms;
    if (connection_count == 0 && listener_rests) { /* no socket to wait for */
        stopping = WaitForSingleObject(stop_event(), TICK_MS) == WAIT_OBJECT_0;
        listener_is_ready = false;
    } else if (wait_form == WAIT_SELECT) {
        wait_with_select(TICK_MS);
    } else {
        wait_with_poll(TICK_MS);
    }
    is_tick = GetTickCount() - ticked_ms >= TICK_MS;
    if (is_tick) {
        ticked_ms = GetTickCount();
        listener_rests = false;
        stopping = stop_requested();
        server_note_time(); /* for server_timed_out() */
    }
}

/* [S8] The only place that closes a connection. */
static void connection_close(struct connection *c)
{
    free(c->unsent);
    roster_leave(&c->m, c->m.is_sending ? "send" : "recv", c->error);
}

/* Gives every connection that is ready one turn, and closes those that are
 * over. */
static void serve_ready_connections(void)
{
    int kept = 0;
    for (int i = 0; i < connection_count; i++) {
        struct connection *c = connections[i];
        bool goes_on = true;
        invariant(c != NULL); /* below connection_count there are no holes */
        if (wants_to_send(c) && (c->is_ready || is_tick))
            goes_on = on_writable(c);
        else if (c->is_ready)
            goes_on = on_readable(c);
        if (goes_on && is_tick)
            goes_on =
                !server_timed_out(c->m.id, c->m.active_ms, c->m.is_sending);
        if (goes_on)
            connections[kept++] = c;
        else
            connection_close(c);
    }
    connection_count = kept;
}

/* [S9] Between two calls nothing is in progress that must be cancelled. */
static void stop_server(void)
{
    closesocket(listener);
    for (int i = 0; i < connection_count; i++)
        connection_close(connections[i]);
    free(buffer);
}

int main(int argc, char **argv)
{
    server_begin(argc, argv, "02_nonblocking", own_options);
    start_listening();
    net_announce(listener);
    while (!stopping) {
        wait_until_ready();
        if (listener_is_ready)
            accept_clients();
        serve_ready_connections();
    }
    stop_server();
    return server_end();
}
