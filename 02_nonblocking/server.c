/* 02: non-blocking sockets and readiness, one thread.
 *
 * A non-blocking call never waits: it does what it can at once or says
 * WSAEWOULDBLOCK. So one thread can serve everybody, if it knows whom to ask:
 * select() or WSAPoll() wait until some sockets are ready. Ready means "a call
 * would do something now"; the server still makes the call itself. The price
 * is in the wait: it is told about every connection, every time.
 *
 * Threads: main, which serves everybody; one that waits to stop, and wakes it.
 */

/* An fd_set is an array of this many sockets, not a set of bits. The default
 * is 64, and it must be overridden before winsock2.h is read (documentation
 * page "select function"). WSAPoll keeps to the same limit here. */
enum { CLIENTS_AT_MOST = 1024, OTHER_SOCKETS = 2 };
#define FD_SETSIZE 1026

#include <stdlib.h>

#include "server.h" /* and with it all of common/ that a server uses */
/* From here on recv, send and their like are counted on their way to Windows;
 * with OBSERVE=0 they are not. Nothing else changes. */
#include "observe.h"

/* One client. It waits either to receive (the buffer is empty) or to send
 * (sent_bytes < filled_bytes), never for both: a client that does not take its
 * echo is not received from, and TCP holds it back. */
struct connection {
    SOCKET socket; /* INVALID_SOCKET: closed, to be taken out of the array */
    long id;
    bool is_ready;   /* what the last wait said about the call we wait for */
    bool hung_up;    /* WSAPoll must ignore it: see wait_with_poll */
    DWORD active_ms; /* GetTickCount() of the last byte */
    int filled_bytes;
    int sent_bytes;
    struct tally tally;
    char buffer[]; /* options.buffer_bytes of it: all the memory a peer gets */
};

enum { WAIT_SELECT, WAIT_POLL };
static int wait_form = WAIT_SELECT;
static const struct option own_options[] = {
    {"--wait", "select|poll", "how to find out which sockets are ready",
     OPTION_CHOICE, &wait_form, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static SOCKET listener;
static bool listener_is_ready;
static bool listener_rests; /* there was a shortage: until the next tick */
static bool someone_wants_to_send;
static bool is_tick; /* all who want to send are tried */
static SOCKET waker; /* readable when it is time to stop: see [S9] */
static HANDLE wake_thread;
static volatile LONG stopping;
static struct connection *connections[CLIENTS_AT_MOST];
static int connection_count;

static struct connection *connection_open(SOCKET s);
static void on_writable(struct connection *c);
static void connection_close(struct connection *c, const char *call, int error);

/* [S1] Listen. Nobody can connect before, nobody is told before. */
static void start_listening(void)
{
    u_long on = 1;
    listener = net_listen(options.host, (unsigned short)options.port);
    if (ioctlsocket(listener, (long)FIONBIO, &on) == SOCKET_ERROR)
        die("ioctlsocket(FIONBIO)", (DWORD)WSAGetLastError());
}

/* [S2] Readiness is news of the past: the client may have gone again. The
 * listener is non-blocking, so accept() then says WSAEWOULDBLOCK and does not
 * hold up everybody else. */
static void accept_clients(void)
{
    enum { ACCEPTS_IN_A_ROW = 64 }; /* those who are connected want a turn */
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
        } else if (error != WSAECONNRESET) {
            /* A shortage. The listener would be ready again at once, and the
             * loop would spin: leave it alone for a moment. */
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
    long id;
    u_long on = 1;
    if (connection_count == CLIENTS_AT_MOST) {
        server_refuse(s, "FD_SETSIZE: select() takes no more sockets than "
                         "this program was compiled for");
        return NULL;
    }
    struct connection *c = server_admit(s, sizeof *c, &id);
    if (c == NULL)
        return NULL;
    c->socket = s;
    c->id = id;
    c->active_ms = GetTickCount();
    if (ioctlsocket(s, (long)FIONBIO, &on) == SOCKET_ERROR) {
        /* A socket that blocks would hold up all the others. */
        connection_close(c, "ioctlsocket(FIONBIO)", WSAGetLastError());
        free(c);
        return NULL;
    }
    return c;
}

/* [S4] [S5] One receive for each time the socket was ready, so that a client
 * that always has more to say cannot keep us here. */
static void on_readable(struct connection *c)
{
    int bytes = recv(c->socket, c->buffer, (int)options.buffer_bytes, 0);
    int error = WSAGetLastError();
    if (bytes == SOCKET_ERROR) {
        if (error != WSAEWOULDBLOCK) /* that would be a false alarm */
            connection_close(c, "recv", error);
        return;
    }
    if (bytes == 0) {
        connection_close(c, NULL, 0); /* all that it sent has been sent back */
        return;
    }
    c->active_ms = GetTickCount();
    c->tally.bytes_in += bytes;
    c->filled_bytes = bytes;
    c->sent_bytes = 0;
    on_writable(c); /* most likely it is; if not, we shall hear */
}

static bool wants_to_send(const struct connection *c)
{
    return c->sent_bytes < c->filled_bytes;
}

/* [S6] Sends what fits. What does not stays in the buffer, and from then until
 * it is gone this connection waits to send. */
static void on_writable(struct connection *c)
{
    while (wants_to_send(c)) {
        int bytes = send(c->socket, c->buffer + c->sent_bytes,
                         c->filled_bytes - c->sent_bytes, 0);
        int error = WSAGetLastError();
        if (bytes == SOCKET_ERROR) {
            if (error != WSAEWOULDBLOCK)
                connection_close(c, "send", error);
            return;
        }
        c->sent_bytes += bytes;
        c->tally.bytes_out += bytes;
        c->active_ms = GetTickCount();
    }
    c->hung_up = false;
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

    /* The waker is always in one of the sets: select() refuses to wait for
     * nothing at all (documentation page "select function"). */
    readable.fd_count = 0;
    writable.fd_count = 0;
    add_to_set(&readable, waker);
    if (!listener_rests)
        add_to_set(&readable, listener);
    for (int i = 0; i < connection_count; i++)
        add_to_set(wants_to_send(connections[i]) ? &writable : &readable,
                   connections[i]->socket);

    if (select(0, &readable, &writable, NULL,
               timeout_ms < 0 ? NULL : &timeout) == SOCKET_ERROR)
        die("select", (DWORD)WSAGetLastError());

    /* Now the sets hold only what is ready. FD_ISSET searches too, but among
     * those: long only when there is much to do anyway. */
    listener_is_ready = FD_ISSET(listener, &readable);
    for (int i = 0; i < connection_count; i++) {
        struct connection *c = connections[i];
        c->is_ready =
            FD_ISSET(c->socket, wants_to_send(c) ? &writable : &readable);
    }
}

static void wait_with_poll(int timeout_ms)
{
    static WSAPOLLFD fds[CLIENTS_AT_MOST + OTHER_SOCKETS];
    ULONG count = 0;

    /* Only these two events are asked for: some of the others make WSAPoll
     * fail (documentation page "WSAPoll function"). A negative socket keeps
     * its place and is ignored (documentation page "WSAPOLLFD structure"). */
    for (int i = 0; i < connection_count; i++)
        fds[count++] = (WSAPOLLFD){
            .fd = connections[i]->hung_up ? (SOCKET)-1 : connections[i]->socket,
            .events = wants_to_send(connections[i]) ? POLLWRNORM : POLLRDNORM};
    fds[count++] = (WSAPOLLFD){.fd = waker, .events = POLLRDNORM};
    if (!listener_rests)
        fds[count++] = (WSAPOLLFD){.fd = listener, .events = POLLRDNORM};

    if (WSAPoll(fds, count, timeout_ms) == SOCKET_ERROR)
        die("WSAPoll", (DWORD)WSAGetLastError());

    listener_is_ready = !listener_rests && fds[count - 1].revents != 0;
    for (int i = 0; i < connection_count; i++) {
        struct connection *c = connections[i];
        /* POLLHUP comes unasked. To one who waits to receive it means: go on
         * and receive, there may be data before the end. To one who waits to
         * send it means nothing, the peer may still be reading; but since it
         * cannot be switched off, WSAPoll would return at once for ever. So
         * that one is not asked about any more, but tried at each tick. */
        c->is_ready = wants_to_send(c)
                          ? (fds[i].revents & (POLLWRNORM | POLLERR)) != 0
                          : fds[i].revents != 0;
        c->hung_up |= wants_to_send(c) && (fds[i].revents & POLLHUP) != 0;
    }
}

/* [S7] Sets is_ready on every connection whose next call would do something.
 * select() and WSAPoll() both look at all connections, every time: that is what
 * readiness costs. While somebody waits to send we wait one tick at most: only
 * for those who wait to receive does select() promise to report a reset
 * (documentation page "select function"). */
static void wait_until_ready(void)
{
    enum { TICK_MS = 100 };
    static DWORD ticked_ms;
    bool must_tick =
        options.idle_seconds > 0 || listener_rests || someone_wants_to_send;
    (wait_form == WAIT_SELECT ? wait_with_select
                              : wait_with_poll)(must_tick ? TICK_MS : -1);
    is_tick = GetTickCount() - ticked_ms >= TICK_MS;
    if (is_tick) {
        ticked_ms = GetTickCount();
        listener_rests = false;
    }
}

/* [S8] Closes the socket, but c must still be freed: serve_ready_connections
 * does it, or connection_open, or stop_server. error 0: no failure, call may be
 * NULL. A peer that has not got all of its echo is reset: an orderly end would
 * tell it that this was all. */
static void connection_close(struct connection *c, const char *call, int error)
{
    if (error != 0)
        report_connection(c->id, call, (DWORD)error);
    if (wants_to_send(c))
        net_close_reset(c->socket);
    else
        net_close_orderly(c->socket);
    c->socket = INVALID_SOCKET;
    report_verbose("connection %ld: closed", c->id);
    ledger_closed(&c->tally);
}

/* Gives everyone who is ready one turn, and frees who has gone. */
static void serve_ready_connections(void)
{
    int kept = 0;
    server_note_time(); /* for server_timed_out() */
    someone_wants_to_send = false;
    for (int i = 0; i < connection_count; i++) {
        struct connection *c = connections[i];
        invariant(c != NULL); /* below connection_count there are no holes */
        if (c->is_ready)
            (wants_to_send(c) ? on_writable : on_readable)(c);
        else if (is_tick && wants_to_send(c))
            on_writable(c);
        if (c->socket != INVALID_SOCKET &&
            server_timed_out(c->id, c->active_ms, wants_to_send(c)))
            connection_close(c, NULL, 0);
        if (c->socket == INVALID_SOCKET) {
            free(c);
            continue;
        }
        someone_wants_to_send |= wants_to_send(c);
        connections[kept++] = c;
    }
    connection_count = kept;
}

/* select() and WSAPoll() wait for sockets and nothing else, so the stop event
 * has to be turned into a socket that becomes readable: one that sends a byte
 * to itself. This thread is the only other one that we start. */
static unsigned __stdcall wake_at_stop(void *unused)
{
    (void)unused;
    WaitForSingleObject(stop_event(), INFINITE);
    InterlockedExchange(&stopping, 1);
    if (send(waker, "!", 1, 0) == SOCKET_ERROR)
        die("send to the waker", (DWORD)WSAGetLastError());
    return 0;
}

static void start_waker(void)
{
    struct sockaddr_in self = {.sin_family = AF_INET};
    int length = sizeof self;
    self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    waker = socket(AF_INET, SOCK_DGRAM, 0);
    if (waker == INVALID_SOCKET ||
        bind(waker, (struct sockaddr *)&self, length) == SOCKET_ERROR ||
        getsockname(waker, (struct sockaddr *)&self, &length) == SOCKET_ERROR ||
        connect(waker, (struct sockaddr *)&self, length) == SOCKET_ERROR)
        die("making the waker socket", (DWORD)WSAGetLastError());
    wake_thread = (HANDLE)_beginthreadex(NULL, 0, wake_at_stop, NULL, 0, NULL);
    if (wake_thread == NULL)
        die("_beginthreadex", _doserrno);
}

/* [S9] Nothing is under way between two calls: closing is all there is. */
static void stop_server(void)
{
    closesocket(listener);
    for (int i = 0; i < connection_count; i++) {
        connection_close(connections[i], NULL, 0);
        free(connections[i]);
    }
    WaitForSingleObject(wake_thread, INFINITE);
    CloseHandle(wake_thread);
    closesocket(waker);
}

int main(int argc, char **argv)
{
    server_begin(argc, argv, "02_nonblocking", own_options);
    start_listening();
    start_waker();
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
