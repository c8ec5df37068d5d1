/* 05: an I/O completion port.
 *
 * One queue for everything. When an operation completes on a socket that is
 * associated with the port, Windows puts a completion packet into the port, and
 * any worker takes the next packet. No connection belongs to a thread, no
 * thread waits for a connection. Accepting is such an operation, too: no thread
 * sits in accept().
 *
 * Threads: main, which waits for the stop event; workers.
 */
#include <stdlib.h>

#include "server.h" /* and with it all of common/ that a server uses */
/* From here on WSARecv, WSASend and their like are counted on their way to
 * Windows; with OBSERVE=0 they are not. Nothing else changes. */
#include "observe.h"

/* One client, with at most one operation in flight: receive, send all of that
 * back, receive again. So only one thread uses c at any time and no lock is
 * needed, and memory is bounded whatever the peer does. While an operation is
 * in flight, Windows uses overlapped and buffer: do not change or free them.
 * The thread that takes the completion owns c until it starts an operation. */
struct connection {
    struct member m; /* socket, counts, place in the list: see roster.h */
    WSAOVERLAPPED overlapped;
    DWORD filled_bytes; /* received into buffer */
    DWORD sent_bytes;   /* of these, sent back */
    DWORD error;        /* of the operation that failed, or 0 */
    bool is_over;       /* begin_turn will close it */
    char buffer[];      /* options.buffer_bytes of it */
};

struct worker {
    HANDLE handle;
    struct worker *next;
};

/* One AcceptEx in flight. Windows writes both addresses here, and wants 16
 * bytes more for each (documentation page "AcceptEx function"). */
struct accept_slot {
    WSAOVERLAPPED overlapped;
    SOCKET socket;
    volatile LONG retries_at_tick; /* it could not start: main tries again */
    char addresses[2][sizeof(struct sockaddr_storage) + 16];
};

static SOCKET listener;
static volatile LONG stopping; /* 1: what completes closes its connection */

static struct worker *volatile workers;
static long worker_count; /* 0: as many as there are processors */
static long concurrency;
enum { ACCEPTS_AT_MOST = 256 };
static long accept_count = 32;
static long inline_budget = 8;
static const struct option own_options[] = {
    {"--workers", "N", "workers; 0: one for each processor", OPTION_NUMBER,
     &worker_count, 0, 1000},
    {"--concurrency", "N", "workers the port lets run; 0: likewise",
     OPTION_NUMBER, &concurrency, 0, 1000},
    {"--accepts", "N", "AcceptEx calls kept in flight", OPTION_NUMBER,
     &accept_count, 1, ACCEPTS_AT_MOST},
    {"--inline-budget", "N", "completions in a row without a packet",
     OPTION_NUMBER, &inline_budget, 0, 1000},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

/* The completion key says what a packet is about; a ULONG_PTR, not a DWORD. */
enum { KEY_END, KEY_ACCEPT, KEY_CONNECTION };
static HANDLE port;
/* Whether an operation that completes synchronously brings no packet. */
static bool skip_on_success;
static LPFN_ACCEPTEX accept_ex;
static struct accept_slot slots[ACCEPTS_AT_MOST]; /* accept_count are used */
static volatile LONG shortage_reported; /* 0 again when an AcceptEx starts */

static bool start_recv(struct connection *c);
static bool start_send(struct connection *c);
static bool end_turn(struct connection *c);
static void connection_close(struct connection *c);

/* [S1] From here on clients can connect. */
static void start_listening(void)
{
    listener = net_listen(options.host, (unsigned short)options.port);
}

/* Starts an AcceptEx. If it is pending or has completed synchronously, a packet
 * comes: the listener does not skip. WSAECONNRESET means that a client has left
 * before it was accepted: the slot tries again at once, 16 times at the most.
 * All else is a shortage: the slot waits for main's next tick. */
static void start_accept(struct accept_slot *slot)
{
    DWORD error = WSAECONNRESET;
    for (int i = 0; i < 16 && error == WSAECONNRESET && !stopping; i++) {
        DWORD bytes = 0;
        slot->overlapped = (WSAOVERLAPPED){0};
        slot->socket = net_accept_socket();
        ledger_posted(); /* first: the packet may be handled at once */
        /* The receive length is 0. Otherwise AcceptEx would complete only when
         * the client sends its first bytes. */
        if (slot->socket != INVALID_SOCKET &&
            accept_ex(listener, slot->socket, slot->addresses, 0,
                      sizeof slot->addresses[0], sizeof slot->addresses[1],
                      &bytes, &slot->overlapped))
            return;
        error = (DWORD)WSAGetLastError();
        if (error == ERROR_IO_PENDING) {
            shortage_reported = 0;
            return;
        }
        if (slot->socket != INVALID_SOCKET)
            closesocket(slot->socket);
        ledger_completed();
    }
    if (!stopping && InterlockedExchange(&shortage_reported, 1) == 0)
        report_connection(0, "starting AcceptEx", error);
    InterlockedExchange(&slot->retries_at_tick, 1); /* last: it is main's now */
}

static void retry_accepts(void)
{
    for (long i = 0; i < accept_count; i++)
        if (InterlockedExchange(&slots[i].retries_at_tick, 0) == 1)
            start_accept(&slots[i]);
}

/* [S2] [S3] A client has been accepted. Returns its connection, or NULL. Given
 * a socket, CreateIoCompletionPort makes no port: it associates the socket with
 * ours. The second flag spares Windows from signaling an event that nobody
 * waits for (documentation page "SetFileCompletionNotificationModes
 * function"). */
static struct connection *on_accept(SOCKET s)
{
    struct connection *c =
        roster_admit(s, sizeof *c + (size_t)options.buffer_bytes);
    if (c == NULL)
        return NULL;
    if (CreateIoCompletionPort((HANDLE)s, port, KEY_CONNECTION, 0) != NULL &&
        (!skip_on_success ||
         SetFileCompletionNotificationModes(
             (HANDLE)s, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS |
                            FILE_SKIP_SET_EVENT_ON_HANDLE)))
        return c;
    report_connection(c->m.id, "associating with the port", GetLastError());
    connection_close(c);
    return NULL;
}

static struct connection *on_accept_complete(struct accept_slot *slot,
                                             DWORD error)
{
    SOCKET s = slot->socket;
    struct connection *c = NULL;
    start_accept(slot); /* first, so that there are always as many in flight */
    /* Until it is told of its listener, a socket may only send, receive and be
     * closed (documentation page "AcceptEx function"). */
    if (error == 0 && setsockopt(s, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
                                 (const char *)&listener, sizeof listener) == 0)
        c = on_accept(s);
    else
        closesocket(s); /* the client has left again, or we are stopping */
    ledger_completed(); /* last: else main could miss c */
    return c;
}

static void start_accepting(void)
{
    accept_ex = acceptor_ex(listener);
    if (CreateIoCompletionPort((HANDLE)listener, port, KEY_ACCEPT, 0) == NULL)
        die("CreateIoCompletionPort", GetLastError());
    for (long i = 0; i < accept_count; i++)
        start_accept(&slots[i]);
}

/* Each operation begins with a fresh OVERLAPPED. */
static void begin_operation(struct connection *c, bool is_sending)
{
    c->overlapped = (WSAOVERLAPPED){0};
    InterlockedExchange(&c->m.is_sending, is_sending);
    c->m.tally.posted++;
}

/* [S5] c's operation has completed, and its memory is ours again. 0 bytes: the
 * peer has sent all it wants to send, and has been sent all of it back. Returns
 * true if the next operation has completed synchronously and the caller is to
 * take its result at once. If it returns false, the caller must not touch c: c
 * may belong to another thread already, or be freed. */
static bool on_complete(struct connection *c, DWORD error, DWORD bytes)
{
    c->m.tally.completed++;
    c->m.active_ms = GetTickCount();
    if (c->m.is_sending) {
        c->m.tally.bytes_out += bytes;
        c->sent_bytes += bytes;
    } else {
        c->m.tally.bytes_in += bytes;
        c->filled_bytes = bytes;
        c->sent_bytes = 0;
    }
    c->error = error;
    c->is_over = error != 0 || bytes == 0;
    if (c->sent_bytes < c->filled_bytes && !c->is_over && !stopping)
        return start_send(c);
    return end_turn(c);
}

/* A turn is one receive and the sends that return its bytes. c has no operation
 * in flight: this starts the receive, or closes c. */
static bool begin_turn(struct connection *c)
{
    if (!c->is_over && !stopping)
        return start_recv(c);
    connection_close(c);
    return false;
}

/* All that c has received has been sent back, or c is to be closed. Its next
 * turn begins at once. */
static bool end_turn(struct connection *c)
{
    return begin_turn(c);
}

/* [S4] From here to the completion the buffer belongs to Windows. Pending:
 * another worker may have taken the packet already, and have freed c. Completed
 * synchronously: with skip_on_success no packet comes, otherwise one does. */
static bool start_recv(struct connection *c)
{
    WSABUF buffer = {.len = (ULONG)options.buffer_bytes, .buf = c->buffer};
    DWORD flags = 0;
    begin_operation(c, false);
    if (WSARecv(c->m.socket, &buffer, 1, NULL, &flags, &c->overlapped, NULL) ==
        SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error != WSA_IO_PENDING)
            return on_complete(c, (DWORD)error, 0); /* it has not started */
        return false;
    }
    return skip_on_success;
}

/* [S6] Sends the next piece of what has not been sent yet. */
static bool start_send(struct connection *c)
{
    DWORD left = c->filled_bytes - c->sent_bytes;
    WSABUF buffer = {.len =
                         left < SEND_BYTES_AT_MOST ? left : SEND_BYTES_AT_MOST,
                     .buf = c->buffer + c->sent_bytes};
    begin_operation(c, true);
    if (WSASend(c->m.socket, &buffer, 1, NULL, 0, &c->overlapped, NULL) ==
        SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error != WSA_IO_PENDING)
            return on_complete(c, (DWORD)error, 0); /* it has not started */
        return false;
    }
    return skip_on_success;
}

/* c's operation has completed synchronously. A packet of our own puts c at the
 * end of the queue. */
static void queue_up(struct connection *c)
{
    DWORD bytes = (DWORD)c->overlapped.InternalHigh;
    if (!PostQueuedCompletionStatus(port, bytes, KEY_CONNECTION,
                                    &c->overlapped))
        on_complete(c, GetLastError(), bytes); /* the error ends c */
}

/* Handles the operation that a packet reports, and then those that complete
 * synchronously: in a loop, because calls in calls would use up the stack, and
 * only inline_budget of them, because a peer that always has data ready must
 * not keep the worker from the other packets. */
static void serve_packet(ULONG_PTR key, OVERLAPPED *overlapped, DWORD error,
                         DWORD bytes)
{
    struct connection *c;
    bool goes_on;
    if (key == KEY_ACCEPT) {
        c = on_accept_complete(
            CONTAINING_RECORD(overlapped, struct accept_slot, overlapped),
            error);
        goes_on = c != NULL && begin_turn(c);
    } else {
        c = CONTAINING_RECORD(overlapped, struct connection, overlapped);
        goes_on = on_complete(c, error, bytes);
    }
    for (long left = inline_budget; goes_on && left > 0; left--)
        goes_on = on_complete(c, 0, (DWORD)c->overlapped.InternalHigh);
    if (goes_on)
        queue_up(c);
}

/* [S7] Takes the next packet, of any connection. TRUE with an OVERLAPPED: an
 * operation has succeeded. TRUE without: the packet that ends us. FALSE with
 * one: an operation has failed. FALSE without: the call itself has failed (or
 * timed out: not with INFINITE). */
static unsigned __stdcall run_worker(void *unused)
{
    (void)unused;
    for (;;) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED *overlapped = NULL;
        BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped,
                                            INFINITE);
        DWORD error = ok ? 0 : GetLastError(); /* a reset is 64, not 10054 */
        if (!ok && overlapped == NULL)
            die("GetQueuedCompletionStatus", error);
        if (key == KEY_END)
            break;
        serve_packet(key, overlapped, error, bytes);
    }
    if (!PostQueuedCompletionStatus(port, 0, KEY_END, NULL)) /* passes it on */
        die("PostQueuedCompletionStatus", GetLastError());
    return 0;
}

/* Returns NULL when it could not be started; that has been reported. */
static struct worker *start_worker(void)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        report_connection(0, "calloc", ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    worker->handle =
        (HANDLE)_beginthreadex(NULL, 0, run_worker, worker, 0, NULL);
    if (worker->handle == NULL) {
        report_connection(0, "_beginthreadex", _doserrno);
        free(worker);
        return NULL;
    }
    worker->next = workers;
    InterlockedExchangePointer((PVOID volatile *)&workers, worker);
    return worker;
}

static void start_workers(void)
{
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0,
                                  (DWORD)concurrency);
    if (port == NULL)
        die("CreateIoCompletionPort", GetLastError());
    if (worker_count == 0)
        worker_count = server_processor_count();
    for (long i = 0; i < worker_count; i++)
        if (start_worker() == NULL)
            exit(1);
}

/* [S8] c has no operation in flight. */
static void connection_close(struct connection *c)
{
    roster_leave(&c->m, c->m.is_sending ? "WSASend" : "WSARecv", c->error);
}

/* [S9] Cancels until nothing is in flight; only then ends the workers. Memory
 * that Windows may still write to must not lose its owner. */
static void stop_server(void)
{
    InterlockedExchange(&stopping, 1);
    do {
        CancelIoEx((HANDLE)listener, NULL); /* every AcceptEx */
        roster_cancel(true);
    } while (!ledger_drained(10));
    closesocket(listener); /* not before: completed accepts still need it */
    if (!PostQueuedCompletionStatus(port, 0, KEY_END, NULL))
        die("PostQueuedCompletionStatus", GetLastError());
    while (workers != NULL) {
        struct worker *worker = workers;
        workers = worker->next;
        WaitForSingleObject(worker->handle, INFINITE);
        CloseHandle(worker->handle);
        free(worker);
    }
    CloseHandle(port);
}

int main(int argc, char **argv)
{
    server_begin(argc, argv, "05_iocp", own_options);
    start_listening();
    skip_on_success = net_has_ifs_handles(listener);
    start_workers();
    start_accepting();
    net_announce(listener);
    while (!server_tick()) {
        roster_cancel(false);
        retry_accepts();
    }
    stop_server();
    return server_end();
}
