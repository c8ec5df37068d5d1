/* 02: non-blocking sockets and readiness, one thread.
 *
 * A non-blocking call never waits: it does what it can at once or says
 * WSAEWOULDBLOCK. So one thread can serve everybody, if it knows whom to ask:
 * select() or WSAPoll() wait until some sockets are ready. Ready means "a call
 * would do something now"; the server still makes the call itself. The price
 * is in the wait: it is told about every connection, every time.
 */

/* An fd_set is an array of this many sockets, not a set of bits. The default
 * is 64, and it must be overridden before winsock2.h is read (documentation
 * page "select function"). All three forms keep to the same limit. */
enum { CLIENTS_AT_MOST = 1024, OTHER_SOCKETS = 2 };
#define FD_SETSIZE 1026

#include <stdlib.h>

#include "ledger.h"
#include "net.h"
#include "report.h"
#include "server.h"
#include "stop.h"
/* From here on recv, send and their like are counted on their way to Windows;
 * with OBSERVE=0 they are not. Nothing else changes. */
#include "observe.h"

/* One client. It waits either to receive (the buffer is empty) or to send
 * (sent_bytes < filled_bytes), never for both: a client that does not take its
 * echo is not received from, and TCP holds it back. */
struct connection {
    SOCKET socket;
    long id;
    bool is_ready;  /* what the last wait said about the call we wait for */
    bool hung_up;   /* WSAPoll said POLLHUP while we wait to send */
    bool is_closed; /* to be taken out of the array by the main loop */
    int filled_bytes;
    int sent_bytes;
    ULONGLONG active_ms; /* GetTickCount64 of the last byte that moved */
    struct tally tally;
    char buffer[]; /* options.buffer_bytes of it: all the memory a peer gets */
};

static void accept_clients(void);
static struct connection *connection_open(SOCKET s);
static void on_readable(struct connection *c);
static void on_writable(struct connection *c);
static void wait_until_ready(void);
static void wait_with_select(int timeout_ms);
static void wait_with_poll(int timeout_ms);
static void connection_close(struct connection *c, const char *call, int error);
static unsigned __stdcall wake_at_stop(void *unused);

enum { WAIT_SELECT, WAIT_POLL, WAIT_SPIN };
static int wait_form = WAIT_SELECT;
static const struct option own_options[] = {
    {"--wait", "select|poll|spin", "how to find out which sockets are ready",
     OPTION_CHOICE, &wait_form, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static SOCKET listener;
static bool listener_is_ready;
static ULONGLONG accept_again_ms; /* until then the listener is left alone */
static SOCKET waker; /* readable when it is time to stop: see [S9] */
static volatile LONG stopping;
static struct connection *connections[CLIENTS_AT_MOST];
static int connection_count;

static bool wants_to_send(const struct connection *c)
{
    return c->sent_bytes < c->filled_bytes;
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
        if (s == INVALID_SOCKET) {
            if (error == WSAEWOULDBLOCK)
                return;
            if (error == WSAECONNRESET)
                continue;
            /* A shortage. The listener would be ready again at once, and the
             * loop would spin: leave it alone for a moment. */
            if (!reported)
                report_connection(0, "accept", (DWORD)error);
            reported = true;
            accept_again_ms = GetTickCount64() + 100;
            return;
        }
        reported = false;
        struct connection *c = connection_open(s);
        if (c != NULL)
            connections[connection_count++] = c;
    }
}

/* [S3] Returns NULL when there is no room; s has been closed then. */
static struct connection *connection_open(SOCKET s)
{
    if (connection_count == CLIENTS_AT_MOST) {
        server_refuse(s, "FD_SETSIZE: select() takes no more sockets than "
                         "this program was compiled for");
        return NULL;
    }
    long id = ledger_accepted(options.max_clients);
    if (id == 0) {
        server_refuse(s, "as many clients as --max-clients allows");
        return NULL;
    }
    struct connection *c = calloc(1, sizeof *c + (size_t)options.buffer_bytes);
    if (c == NULL) {
        report_connection(id, "calloc", ERROR_NOT_ENOUGH_MEMORY);
        closesocket(s);
        ledger_closed(NULL);
        return NULL;
    }
    c->socket = s;
    c->id = id;
    c->active_ms = GetTickCount64();

    u_long on = 1;
    if (ioctlsocket(s, (long)FIONBIO, &on) == SOCKET_ERROR) {
        /* A socket that blocks would hold up all the others. */
        connection_close(c, "ioctlsocket(FIONBIO)", WSAGetLastError());
        free(c);
        return NULL;
    }
    int error = net_tune(s);
    if (error != 0) /* it can be served all the same */
        report_connection(id, "setsockopt", (DWORD)error);
    report_verbose("connection %ld: open", id);
    return c;
}

/* [S4] [S5] One receive for each time the socket was ready, so that a client
 * that always has more to say cannot keep us here. */
static void on_readable(struct connection *c)
{
    int bytes = recv(c->socket, c->buffer, (int)options.buffer_bytes, 0);
    int error = WSAGetLastError();
    if (bytes == SOCKET_ERROR) {
        if (error != WSAEWOULDBLOCK)
            connection_close(c, "recv", error);
        return; /* would block: a false alarm, or the form that spins */
    }
    if (bytes == 0) {
        connection_close(c, NULL, 0); /* all that it sent has been sent back */
        return;
    }
    c->tally.bytes_in += bytes;
    c->filled_bytes = bytes;
    c->sent_bytes = 0;
    on_writable(c); /* most likely it is; if not, we shall hear */
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
        c->active_ms = GetTickCount64();
    }
    c->hung_up = false;
}

/* [S7] Sets is_ready on every connection whose next call would do something.
 * Every form looks at all connections every time: that is what readiness
 * costs, and why it costs less for each when many are ready at once. */
static void wait_until_ready(void)
{
    int timeout_ms = -1; /* for ever */
    if (options.idle_seconds > 0)
        timeout_ms = 250;
    if (accept_again_ms != 0)
        timeout_ms = 50;

    bool someone_hung_up = false;
    for (int i = 0; i < connection_count; i++)
        someone_hung_up |= connections[i]->hung_up;

    if (wait_form == WAIT_SPIN) {
        listener_is_ready = true; /* perhaps: just try everything */
        for (int i = 0; i < connection_count; i++)
            connections[i]->is_ready = true;
    } else if (wait_form == WAIT_SELECT || someone_hung_up) {
        wait_with_select(timeout_ms);
    } else {
        wait_with_poll(timeout_ms);
    }
    if (accept_again_ms != 0 && GetTickCount64() < accept_again_ms)
        listener_is_ready = false;
    else
        accept_again_ms = 0;
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
    if (accept_again_ms == 0)
        add_to_set(&readable, listener);
    for (int i = 0; i < connection_count; i++)
        add_to_set(wants_to_send(connections[i]) ? &writable : &readable,
                   connections[i]->socket);

    int ready =
        select(0, &readable, &writable, NULL, timeout_ms < 0 ? NULL : &timeout);
    if (ready == SOCKET_ERROR)
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
     * fail (documentation page "WSAPoll function"). */
    for (int i = 0; i < connection_count; i++)
        fds[count++] = (WSAPOLLFD){
            .fd = connections[i]->socket,
            .events = wants_to_send(connections[i]) ? POLLWRNORM : POLLRDNORM};
    fds[count++] = (WSAPOLLFD){.fd = waker, .events = POLLRDNORM};
    if (accept_again_ms == 0)
        fds[count++] = (WSAPOLLFD){.fd = listener, .events = POLLRDNORM};

    if (WSAPoll(fds, count, timeout_ms) == SOCKET_ERROR)
        die("WSAPoll", (DWORD)WSAGetLastError());

    listener_is_ready = accept_again_ms == 0 && fds[count - 1].revents != 0;
    for (int i = 0; i < connection_count; i++) {
        struct connection *c = connections[i];
        /* POLLHUP comes unasked. To one who waits to receive it means: go on
         * and receive, there may be data before the end. To one who waits to
         * send it means nothing, the peer may still be reading; but since it
         * cannot be switched off, WSAPoll would return at once for ever.
         * select() has no such event, so it takes over until this is sent. */
        c->is_ready = wants_to_send(c)
                          ? (fds[i].revents & (POLLWRNORM | POLLERR)) != 0
                          : fds[i].revents != 0;
        c->hung_up =
            wants_to_send(c) && !c->is_ready && (fds[i].revents & POLLHUP) != 0;
    }
}

/* [S8] Closes the socket; the main loop takes the connection out of the array
 * and frees it, when nobody is looking at it any more. error 0: nothing went
 * wrong, and call may be NULL. */
static void connection_close(struct connection *c, const char *call, int error)
{
    if (error != 0)
        report_connection(c->id, call, (DWORD)error);
    net_close_orderly(c->socket);
    report_verbose("connection %ld: closed", c->id);
    ledger_closed(&c->tally);
    c->is_closed = true;
}

/* Gives everyone who is ready one turn, and frees who has gone. */
static void serve_ready_connections(void)
{
    LONGLONG now_ms = (LONGLONG)GetTickCount64();
    LONGLONG idle_ms = (LONGLONG)options.idle_seconds * 1000;
    int kept = 0;
    for (int i = 0; i < connection_count; i++) {
        struct connection *c = connections[i];
        if (c->is_ready)
            (wants_to_send(c) ? on_writable : on_readable)(c);
        /* Signed: who was served just now was active after now_ms. */
        if (!c->is_closed && idle_ms > 0 &&
            now_ms - (LONGLONG)c->active_ms > idle_ms)
            connection_close(c, NULL, 0);
        if (c->is_closed)
            free(c);
        else
            connections[kept++] = c;
    }
    connection_count = kept;
}

/* [S9] select() and WSAPoll() wait for sockets and nothing else, so the stop
 * event has to be turned into a socket that becomes readable: one that sends a
 * byte to itself. This thread is the only other one in the program. */
static unsigned __stdcall wake_at_stop(void *unused)
{
    (void)unused;
    WaitForSingleObject(stop_event(), INFINITE);
    InterlockedExchange(&stopping, 1);
    if (send(waker, "!", 1, 0) == SOCKET_ERROR)
        die("send to the waker", (DWORD)WSAGetLastError());
    return 0;
}

static SOCKET make_waker(void)
{
    struct sockaddr_in self = {.sin_family = AF_INET};
    int length = sizeof self;
    self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SOCKET s = socket(AF_INET, SOCK_DGRAM, 0);
    if (s == INVALID_SOCKET ||
        bind(s, (struct sockaddr *)&self, length) == SOCKET_ERROR ||
        getsockname(s, (struct sockaddr *)&self, &length) == SOCKET_ERROR ||
        connect(s, (struct sockaddr *)&self, length) == SOCKET_ERROR)
        die("making the waker socket", (DWORD)WSAGetLastError());
    return s;
}

static void stop_server(HANDLE wake_thread)
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
    waker = make_waker();
    HANDLE wake_thread =
        (HANDLE)_beginthreadex(NULL, 0, wake_at_stop, NULL, 0, NULL);
    if (wake_thread == NULL)
        die("_beginthreadex", _doserrno);

    /* [S1] Listen. Nobody can connect before, nobody is told before. */
    listener = net_listen(options.host, (unsigned short)options.port);
    u_long on = 1;
    if (ioctlsocket(listener, (long)FIONBIO, &on) == SOCKET_ERROR)
        die("ioctlsocket(FIONBIO)", (DWORD)WSAGetLastError());
    net_announce(listener);

    while (!stopping) {
        wait_until_ready();
        if (listener_is_ready)
            accept_clients();
        serve_ready_connections();
    }
    stop_server(wake_thread);
    return server_end();
}
