/* 01: blocking sockets, a thread for each connection.
 *
 * The oldest model and the easiest to read: recv() and send() return when they
 * have done something, and until then the thread sleeps in the kernel. What a
 * connection has to remember, it remembers in local variables. The price is a
 * thread, with its stack, for each client; and since nothing but the kernel
 * can wake a thread that sleeps in recv(), stopping takes thought.
 */
#include <stdlib.h>

#include "ledger.h"
#include "net.h"
#include "report.h"
#include "server.h"
#include "stop.h"
/* From here on recv, send and their like are counted on their way to Windows;
 * with OBSERVE=0 they are not. Nothing else changes. */
#include "observe.h"

/* One client. Its thread owns it: only that thread receives, sends, closes.
 * The list is there for stop_server(), which may cancel calls on the socket
 * but touches nothing else, and only under the lock. */
struct connection {
    SOCKET socket;
    long id;
    struct tally tally;
    bool must_reset; /* the peer does not read: do not wait for it */
    struct connection *next;
    struct connection *previous;
    char buffer[]; /* options.buffer_bytes of it: all the memory a peer gets */
};

static unsigned __stdcall accept_clients(void *unused);
static void on_accept(SOCKET s);
static struct connection *connection_open(SOCKET s);
static unsigned __stdcall serve_connection(void *data);
static int receive_some(struct connection *c);
static bool send_all(struct connection *c, int bytes);
static void connection_close(struct connection *c);
static void release(void);
static void stop_server(void);

enum { SERVE_EACH, SERVE_ONE };
static int serve = SERVE_EACH;
static long stack_bytes = 65536;
static const struct option own_options[] = {
    {"--serve", "each|one", "a thread for each client, or one client at a time",
     OPTION_CHOICE, &serve, 0, 0},
    {"--stack", "BYTES", "stack reserved for each client's thread",
     OPTION_NUMBER, &stack_bytes, 16384, 16777216},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static SOCKET listener;
static HANDLE acceptor;
static volatile LONG stopping; /* 1: no thread starts another call */

static SRWLOCK lock = SRWLOCK_INIT; /* guards the list */
static struct connection *connections;

/* What keeps the server alive: each connection, and main until it stops. */
static volatile LONG users = 1;
static HANDLE drained; /* event: users is 0 */

/* A send that makes no progress for so long ends its connection: otherwise a
 * peer that never reads would keep a thread for ever. */
enum { SEND_TIMEOUT_SECONDS = 30 };

/* [S2] Runs on a thread of its own, which sleeps in accept() until a client
 * comes or stop_server() closes the listener under it. */
static unsigned __stdcall accept_clients(void *unused)
{
    (void)unused;
    bool reported = false;
    while (!stopping) {
        SOCKET s = accept(listener, NULL, NULL);
        int error = WSAGetLastError();
        if (s != INVALID_SOCKET) {
            reported = false;
            on_accept(s);
            continue;
        }
        /* A client that left before it was accepted is no reason to end, and
         * neither is a shortage: the next client may fare better. Waiting
         * keeps a lasting shortage from turning into a busy loop. */
        if (stopping || error == WSAECONNRESET)
            continue;
        if (!reported)
            report_connection(0, "accept", (DWORD)error);
        reported = true;
        WaitForSingleObject(stop_event(), 100);
    }
    return 0;
}

static void on_accept(SOCKET s)
{
    struct connection *c = connection_open(s);
    if (c == NULL)
        return;
    if (serve == SERVE_ONE) {
        serve_connection(c); /* the next client waits until this one leaves */
        return;
    }
    /* Without the flag the size would be what is committed at once, and the
     * reservation would stay as it is in the program's header: a MiB or two. */
    HANDLE thread =
        (HANDLE)_beginthreadex(NULL, (unsigned)stack_bytes, serve_connection, c,
                               STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (thread == NULL) {
        report_connection(c->id, "_beginthreadex", _doserrno);
        connection_close(c);
        return;
    }
    /* The thread goes on without the handle; kept, it would be a leak. Its end
     * is known from the list of connections. */
    CloseHandle(thread);
}

/* Returns 0 or the Winsock error. */
static int set_timeouts(SOCKET s)
{
    long idle = options.idle_seconds; /* 0: no limit */
    bool is_short = idle > 0 && idle < SEND_TIMEOUT_SECONDS;
    DWORD recv_ms = (DWORD)idle * 1000;
    DWORD send_ms = (DWORD)(is_short ? idle : SEND_TIMEOUT_SECONDS) * 1000;
    if (setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, (const char *)&recv_ms,
                   sizeof recv_ms) == SOCKET_ERROR ||
        setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, (const char *)&send_ms,
                   sizeof send_ms) == SOCKET_ERROR)
        return WSAGetLastError();
    return 0;
}

/* [S3] Returns NULL when there is no room; s has been closed then. */
static struct connection *connection_open(SOCKET s)
{
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

    int error = net_tune(s);
    if (error == 0)
        error = set_timeouts(s);
    if (error != 0) /* it can be served all the same */
        report_connection(id, "setsockopt", (DWORD)error);

    InterlockedIncrement(&users);
    AcquireSRWLockExclusive(&lock);
    c->next = connections;
    if (c->next != NULL)
        c->next->previous = c;
    connections = c;
    ReleaseSRWLockExclusive(&lock);
    report_verbose("connection %ld: open", id);
    return c;
}

/* [S5] The life of one client, on its own thread: receive, send back all of
 * it, receive again. Not more than one buffer is ever under way, so a client
 * that sends and never reads is held back by TCP and costs no more memory. */
static unsigned __stdcall serve_connection(void *data)
{
    struct connection *c = data;
    while (!stopping) {
        int bytes = receive_some(c);
        if (bytes <= 0 || !send_all(c, bytes))
            break;
    }
    connection_close(c);
    return 0;
}

/* [S4] Sleeps until there is something to receive. Returns the number of bytes
 * in the buffer, or 0 when the connection is over: the peer has sent all it
 * wants to send, it has failed, been idle too long, or we are stopping. */
static int receive_some(struct connection *c)
{
    int bytes = recv(c->socket, c->buffer, (int)options.buffer_bytes, 0);
    int error = WSAGetLastError();
    if (bytes == SOCKET_ERROR) {
        /* After a time-out the socket must not be received from again
         * (documentation page "SOL_SOCKET Socket Options"): we close it. */
        if (error == WSAETIMEDOUT)
            report_verbose("connection %ld: idle", c->id);
        else if (!stopping)
            report_connection(c->id, "recv", (DWORD)error);
        return 0;
    }
    c->tally.bytes_in += bytes;
    return bytes;
}

/* [S6] send() may take less than it was given; what is left is sent again. */
static bool send_all(struct connection *c, int bytes)
{
    int sent = 0;
    while (sent < bytes) {
        int n = send(c->socket, c->buffer + sent, bytes - sent, 0);
        int error = WSAGetLastError();
        if (n == SOCKET_ERROR) {
            if (!stopping)
                report_connection(c->id, "send", (DWORD)error);
            c->must_reset = error == WSAETIMEDOUT;
            return false;
        }
        sent += n;
        c->tally.bytes_out += n;
    }
    return true;
}

/* [S7] None: the kernel waits for us, in each recv() and each send(). */

/* [S8] The last thing that a connection's thread does. */
static void connection_close(struct connection *c)
{
    /* Out of the list first: after that nobody else knows the socket, and
     * its number may go to another one as soon as it is closed. */
    AcquireSRWLockExclusive(&lock);
    if (c->previous != NULL)
        c->previous->next = c->next;
    else
        connections = c->next;
    if (c->next != NULL)
        c->next->previous = c->previous;
    ReleaseSRWLockExclusive(&lock);

    if (c->must_reset)
        net_close_reset(c->socket);
    else
        net_close_orderly(c->socket);
    report_verbose("connection %ld: closed", c->id);
    ledger_closed(&c->tally);
    free(c);
    release(); /* from here on the process may end at any time */
}

static void release(void)
{
    if (InterlockedDecrement(&users) == 0)
        SetEvent(drained);
}

static void cancel_all(void)
{
    AcquireSRWLockShared(&lock);
    for (struct connection *c = connections; c != NULL; c = c->next)
        CancelIoEx((HANDLE)c->socket, NULL);
    ReleaseSRWLockShared(&lock);
}

/* [S9] Nothing wakes a blocked call but the end of its operation, so that is
 * what we bring about. A thread may be between two calls at that moment and
 * block right afterwards: hence again and again until the last one is gone. */
static void stop_server(void)
{
    InterlockedExchange(&stopping, 1);
    closesocket(listener);
    do
        cancel_all(); /* with --serve one the acceptor is in recv, not accept */
    while (WaitForSingleObject(acceptor, 10) == WAIT_TIMEOUT);
    CloseHandle(acceptor);

    release(); /* main's own */
    do
        cancel_all();
    while (WaitForSingleObject(drained, 10) == WAIT_TIMEOUT);
    CloseHandle(drained);
}

int main(int argc, char **argv)
{
    server_begin(argc, argv, "01_blocking", own_options);
    drained = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (drained == NULL)
        die("CreateEvent", GetLastError());

    /* [S1] Listen. Nobody can connect before, nobody is told before. */
    listener = net_listen(options.host, (unsigned short)options.port);
    acceptor = (HANDLE)_beginthreadex(NULL, 0, accept_clients, NULL, 0, NULL);
    if (acceptor == NULL)
        die("_beginthreadex", _doserrno);
    net_announce(listener);

    WaitForSingleObject(stop_event(), INFINITE);
    stop_server();
    return server_end();
}
