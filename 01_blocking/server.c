/* 01: blocking sockets, a thread for each connection.
 *
 * The oldest model and the easiest to read: recv() and send() return when they
 * have done something, and until then the thread sleeps in the kernel. The
 * price is a thread, with its stack, for each client; and since nothing but the
 * end of its call wakes a thread that sleeps in recv(), stopping takes thought.
 *
 * Threads: main, which waits to stop; one that accepts; one for each client.
 */
#include <stdlib.h>

#include "server.h" /* and with it all of common/ that a server uses */
/* From here on recv, send and their like are counted on their way to Windows;
 * with OBSERVE=0 they are not. Nothing else changes. */
#include "observe.h"

/* One client. Its thread owns it (the acceptor, until that thread starts). main
 * finds it in the list and, only under the lock, reads the volatile fields and
 * cancels calls on the socket. */
struct connection {
    SOCKET socket;
    long id;
    volatile DWORD active_ms; /* GetTickCount() of the last byte */
    volatile bool is_sending; /* the peer has not got all of its echo yet */
    struct tally tally;
    struct connection *next;
    struct connection *previous;
    char buffer[]; /* options.buffer_bytes of it: all the memory a peer gets */
};

enum { SERVE_EACH, SERVE_ONE };
static int serve = SERVE_EACH;
static long stack_bytes = 262144;
static const struct option own_options[] = {
    {"--serve", "each|one", "a thread for each client, or one client at a time",
     OPTION_CHOICE, &serve, 0, 0},
    {"--stack", "BYTES", "stack reserved for each client's thread",
     OPTION_NUMBER, &stack_bytes, 65536, 16777216},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static SOCKET listener;
static HANDLE acceptor;
static volatile LONG stopping; /* 1: no thread starts another call */

static SRWLOCK lock = SRWLOCK_INIT; /* guards the list */
static struct connection *connections;

static void on_accept(SOCKET s);
static struct connection *connection_open(SOCKET s);
static unsigned __stdcall serve_connection(void *data);
static int receive_some(struct connection *c);
static bool send_all(struct connection *c, int bytes);
static void connection_close(struct connection *c);

/* [S1] Listen. Nobody can connect before, nobody is told before. */
static void start_listening(void)
{
    listener = net_listen(options.host, (unsigned short)options.port);
}

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
        } else if (!stopping && error != WSAECONNRESET) {
            /* Not a client that left before it was accepted, but a shortage:
             * the next one may fare better. Waiting keeps a lasting shortage
             * from turning into a busy loop. */
            if (!reported)
                report_connection(0, "accept", (DWORD)error);
            reported = true;
            WaitForSingleObject(stop_event(), 100);
        }
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
    /* Reserved is the room in the address space that a stack may grow to;
     * memory is committed as it grows. Without the flag stack_bytes would be
     * committed at once. 256 KiB: whatever else lives in the process, such as a
     * layered Winsock provider, runs on this stack too. */
    HANDLE thread =
        (HANDLE)_beginthreadex(NULL, (unsigned)stack_bytes, serve_connection, c,
                               STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (thread == NULL) {
        report_connection(c->id, "_beginthreadex", _doserrno);
        connection_close(c);
        return;
    }
    CloseHandle(thread); /* the thread goes on; kept, this would be a leak */
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
    int error = net_tune(s);
    if (error != 0) /* it can be served all the same */
        report_connection(id, "setsockopt", (DWORD)error);
    c->socket = s;
    c->id = id;
    c->active_ms = GetTickCount();
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

/* [S4] Sleeps until there is something to receive. Returns how many bytes, or 0
 * when the connection is over: the peer has sent all it wants to send, or the
 * call has failed, perhaps because main cancelled it. */
static int receive_some(struct connection *c)
{
    int bytes = recv(c->socket, c->buffer, (int)options.buffer_bytes, 0);
    int error = WSAGetLastError();
    if (bytes == SOCKET_ERROR) {
        if (error != WSA_OPERATION_ABORTED && !stopping)
            report_connection(c->id, "recv", (DWORD)error);
        return 0;
    }
    c->active_ms = GetTickCount();
    c->tally.bytes_in += bytes;
    return bytes;
}

/* [S6] Windows' blocking send takes all it is given before it returns; other
 * providers need not, and a loop costs nothing: what is left is sent again. */
static bool send_all(struct connection *c, int bytes)
{
    int sent = 0;
    c->is_sending = true;
    while (sent < bytes) {
        int n = send(c->socket, c->buffer + sent, bytes - sent, 0);
        int error = WSAGetLastError();
        if (n == SOCKET_ERROR) {
            if (error != WSA_OPERATION_ABORTED && !stopping)
                report_connection(c->id, "send", (DWORD)error);
            return false;
        }
        sent += n;
        c->tally.bytes_out += n;
        c->active_ms = GetTickCount();
    }
    c->is_sending = false;
    return true;
}

/* [S7] None: the kernel waits for us, in each recv() and each send(). */

/* [S8] The last thing that a connection's thread does. A peer that has not got
 * all of its echo is reset: an orderly end would tell it that this was all. */
static void connection_close(struct connection *c)
{
    struct tally tally = c->tally;
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

    if (c->is_sending)
        net_close_reset(c->socket);
    else
        net_close_orderly(c->socket);
    report_verbose("connection %ld: closed", c->id);
    free(c);
    ledger_closed(&tally); /* last of all: it may be what stop_server awaits */
}

/* Ends the calls of all connections, or only of those whose time is up. It
 * misses a connection between two calls: so main repeats it. */
static void cancel_connections(bool all)
{
    AcquireSRWLockShared(&lock);
    for (struct connection *c = connections; c != NULL; c = c->next)
        if (all || server_timed_out(c->id, c->active_ms, c->is_sending))
            CancelIoEx((HANDLE)c->socket, NULL);
    ReleaseSRWLockShared(&lock);
}

/* [S9] Only its end wakes a blocked call: so main ends all calls until the last
 * connection is closed. (With --serve one the acceptor may be in recv.
 * On a provider that cannot cancel this takes until the peer does something; a
 * second Ctrl+C ends the process.) */
static void stop_server(void)
{
    InterlockedExchange(&stopping, 1);
    closesocket(listener);
    do {
        cancel_connections(true);
    } while (WaitForSingleObject(acceptor, 10) == WAIT_TIMEOUT ||
             !ledger_drained(10));
    CloseHandle(acceptor);
}

int main(int argc, char **argv)
{
    server_begin(argc, argv, "01_blocking", own_options);
    start_listening();
    acceptor = (HANDLE)_beginthreadex(NULL, 0, accept_clients, NULL, 0, NULL);
    if (acceptor == NULL)
        die("_beginthreadex", _doserrno);
    net_announce(listener);
    while (!server_tick()) {
        cancel_connections(false);
    }
    stop_server();
    return server_end();
}
