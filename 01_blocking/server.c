/* 01: blocking sockets, a thread for each connection.
 *
 * The oldest model and the easiest to read: recv() and send() return when they
 * have done something, and until then the thread sleeps in the kernel. The
 * price is a thread, with its stack, for each client. And stopping takes
 * thought, because a thread that sleeps in a call cannot look at a flag.
 *
 * Threads: main, which waits to stop; one that accepts; one for each client.
 */
#include <stdlib.h>

#include "server.h" /* and with it all of common/ that a server uses */
/* From here on recv, send and their like are counted on their way to Windows;
 * with OBSERVE=0 they are not. Nothing else changes. */
#include "observe.h"

/* One client. Its own thread owns it: receive, send all of that back, receive
 * again. Never more than one buffer is under way, so memory is bounded whatever
 * the peer does: TCP holds back a client that sends and never reads. */
struct connection {
    struct member m; /* socket, counts, place in the list: see roster.h */
    DWORD error;     /* of the call that failed, or 0 */
    char buffer[];   /* options.buffer_bytes of it */
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
static volatile LONG stopping; /* 1: who sees it makes no other call */

static void on_accept(SOCKET s);
static unsigned __stdcall serve_connection(void *data);
static int receive_some(struct connection *c);
static bool send_all(struct connection *c, int bytes);
static void connection_close(struct connection *c);

/* [S1] From here on clients can connect. */
static void start_listening(void)
{
    listener = net_listen(options.host, (unsigned short)options.port);
}

/* [S2] Runs on a thread of its own. It sleeps in accept() until a client comes
 * or stop_server() cancels the call. */
static unsigned __stdcall accept_clients(void *unused)
{
    (void)unused;
    bool reported = false;
    while (!stopping) {
        SOCKET s = accept(listener, NULL, NULL);
        int error = WSAGetLastError(); /* of use only if accept has failed */
        if (s != INVALID_SOCKET) {
            reported = false;
            on_accept(s);
        } else if (!stopping && error != WSAECONNRESET) {
            /* WSAECONNRESET, a client that has left again, is no news. All else
             * is taken for a shortage: the next client may fare better. Waiting
             * keeps a lasting shortage from becoming a busy loop. */
            if (!reported)
                report_connection(0, "accept", (DWORD)error);
            reported = true;
            WaitForSingleObject(stop_event(), 100);
        }
    }
    return 0;
}

/* [S3] Gives the client a thread, which owns the connection from then on. */
static void on_accept(SOCKET s)
{
    struct connection *c =
        roster_admit(s, sizeof *c + (size_t)options.buffer_bytes);
    if (c == NULL)
        return;
    if (serve == SERVE_ONE) {
        serve_connection(c); /* the next client waits until this one leaves */
        return;
    }
    /* With the flag, stack_bytes is the part of the address space that the
     * stack may grow into, and memory is committed as it grows. Without it,
     * stack_bytes would be committed at once. 256 KiB, because this stack also
     * serves whatever else runs in the process, such as a layered Winsock
     * provider. */
    HANDLE thread =
        (HANDLE)_beginthreadex(NULL, (unsigned)stack_bytes, serve_connection, c,
                               STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (thread == NULL) {
        report_connection(c->m.id, "_beginthreadex", _doserrno);
        connection_close(c);
        return;
    }
    CloseHandle(thread); /* the thread goes on; an open handle would leak */
}

/* [S5] The life of one client, on its own thread. */
static unsigned __stdcall serve_connection(void *data)
{
    struct connection *c = data;
    while (!stopping) {
        int bytes = receive_some(c);
        if (bytes == 0 || !send_all(c, bytes))
            break;
    }
    connection_close(c);
    return 0;
}

/* [S4] Sleeps until there is something to receive. Returns how many bytes. 0:
 * the connection is over, because the peer has sent all it wants to send, or
 * because the call has failed or was cancelled. */
static int receive_some(struct connection *c)
{
    int bytes = recv(c->m.socket, c->buffer, (int)options.buffer_bytes, 0);
    if (bytes == SOCKET_ERROR) {
        c->error = (DWORD)WSAGetLastError();
        return 0;
    }
    c->m.active_ms = GetTickCount();
    c->m.tally.bytes_in += bytes;
    return bytes;
}

/* [S6] Sends in pieces, so that a peer that reads slowly shows progress. A send
 * may take fewer bytes than it is given; the loop sends the rest. */
static bool send_all(struct connection *c, int bytes)
{
    int sent = 0;
    InterlockedExchange(&c->m.is_sending, 1);
    while (sent < bytes) {
        int left = bytes - sent;
        int piece = left < SEND_BYTES_AT_MOST ? left : SEND_BYTES_AT_MOST;
        int n = send(c->m.socket, c->buffer + sent, piece, 0);
        if (n == SOCKET_ERROR) {
            c->error = (DWORD)WSAGetLastError();
            return false; /* is_sending stays 1: send has failed, not recv */
        }
        sent += n;
        c->m.tally.bytes_out += n;
        c->m.active_ms = GetTickCount();
    }
    InterlockedExchange(&c->m.is_sending, 0);
    return true;
}

/* [S7] None: the kernel waits for us, in each recv() and each send(). */

/* [S8] The last thing that a connection's thread does. */
static void connection_close(struct connection *c)
{
    roster_leave(&c->m, c->m.is_sending ? "send" : "recv", c->error);
}

/* [S9] A blocked call returns only when it has done something or is cancelled.
 * A cancel that falls between two calls has no effect, so main repeats it until
 * the acceptor has ended and the last connection is closed. Only then may the
 * listener be closed: no thread can be in a call on it any more (documentation
 * page "closesocket function"). With a provider that cannot cancel, this takes
 * until the peer does something; a second Ctrl+C ends the process. */
static void stop_server(void)
{
    InterlockedExchange(&stopping, 1);
    do {
        CancelIoEx((HANDLE)listener, NULL);
        roster_cancel(true);
    } while (WaitForSingleObject(acceptor, 10) == WAIT_TIMEOUT ||
             !ledger_drained(10));
    CloseHandle(acceptor);
    closesocket(listener);
}

int main(int argc, char **argv)
{
    server_begin(argc, argv, "01_blocking", own_options);
    start_listening();
    acceptor = (HANDLE)_beginthreadex(NULL, 0, accept_clients, NULL, 0, NULL);
    if (acceptor == NULL)
        die("_beginthreadex", _doserrno);
    net_announce(listener);
    while (!server_tick())
        roster_cancel(false);
    stop_server();
    return server_end();
}
