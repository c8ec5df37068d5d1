/* 05: an I/O completion port.
 *
 * One queue for everything: every operation on a socket that is associated with
 * the port puts a packet into it when it is over, and any worker takes the next
 * one. No connection belongs to a thread, no thread waits for a connection.
 * Even accepting is an operation that completes: no thread sits in accept().
 *
 * Threads: main, which waits to stop; a few workers.
 */
#include <stdlib.h>

#include "server.h" /* and with it all of common/ that a server uses */
/* From here on WSARecv, WSASend and their like are counted on their way to
 * Windows; with OBSERVE=0 they are not. Nothing else changes. */
#include "observe.h"

enum operation { NOTHING_YET, RECEIVING, SENDING };

/* One client, with at most one operation in flight: receive, send all of that
 * back, receive again. So order needs no lock, and memory is bounded whatever
 * the peer does. In flight, overlapped and buffer belong to Windows: do not
 * free or use them. Whoever takes the completion owns c until it starts the
 * next operation. Only next and previous are the lock's: main finds c through
 * them, reads what is volatile, and cancels. */
struct connection {
    WSAOVERLAPPED overlapped;          /* leads back to the connection */
    volatile enum operation operation; /* main looks, too */
    SOCKET socket;
    long id;
    volatile DWORD active_ms; /* GetTickCount() of the last completion */
    DWORD filled_bytes;
    DWORD sent_bytes;
    struct tally tally;
    struct connection *next;
    struct connection *previous;
    struct worker *worker; /* NULL: nobody's yet */
    char buffer[]; /* options.buffer_bytes of it: all the memory a peer gets */
};

struct worker {
    HANDLE handle;
    struct worker *next;
    long inline_left; /* completions it may still take without a packet */
    struct connection *again; /* serve it next; NULL: take a packet */
    DWORD again_bytes;        /* how many bytes that one has moved */
};

/* One AcceptEx in flight. Windows writes both addresses here, and wants 16
 * bytes more for each (documentation page "AcceptEx function"). */
struct accept_slot {
    WSAOVERLAPPED overlapped;
    SOCKET socket;
    volatile LONG is_resting; /* it could not start: until main's next tick */
    char addresses[2][sizeof(struct sockaddr_storage) + 16];
};

static SOCKET listener;
static volatile LONG stopping; /* 1: a completion closes its connection */

static SRWLOCK lock = SRWLOCK_INIT; /* guards the list */
static struct connection *connections;

static struct worker *volatile workers;
static long worker_count; /* 0: as many as there are processors */
enum { ACCEPTS_AT_MOST = 256 };
static long concurrency;
static long accept_count = 32;
static long inline_budget = 2;
static const struct option own_options[] = {
    {"--workers", "N", "workers; 0: as many as there are processors",
     OPTION_NUMBER, &worker_count, 0, 1000},
    {"--concurrency", "N", "workers the port lets run; 0: likewise",
     OPTION_NUMBER, &concurrency, 0, 1000},
    {"--accepts", "N", "AcceptEx calls kept in flight", OPTION_NUMBER,
     &accept_count, 1, ACCEPTS_AT_MOST},
    {"--inline-budget", "N", "completions in a row without a packet",
     OPTION_NUMBER, &inline_budget, 0, 1000},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

/* What a packet is about. The key is as wide as a pointer, not a DWORD. */
enum { KEY_END, KEY_ACCEPT, KEY_CONNECTION };
static HANDLE port;
static bool skip_on_success; /* done at once: no packet, we go on ourselves */
static LPFN_ACCEPTEX accept_ex;
static struct accept_slot slots[ACCEPTS_AT_MOST]; /* accept_count are used */
static volatile LONG shortage_reported; /* 0 again when one is in flight */

static struct connection *connection_open(SOCKET s);
static void hand_over(struct connection *c);
static void start_recv(struct connection *c);
static void start_send(struct connection *c);
static void on_complete(struct connection *c, DWORD error, DWORD bytes);
static void connection_close(struct connection *c, const char *call,
                             DWORD error);

/* [S1] Listen. Nobody can connect before, nobody is told before. */
static void start_listening(void)
{
    listener = net_listen(options.host, (unsigned short)options.port);
}

/* The next client will find a socket ready for it. Receive length 0: asked to
 * receive as well, it would not complete for a client that says nothing. TRUE
 * and pending both bring a packet: the listener does not skip. */
static void start_accept(struct accept_slot *slot)
{
    DWORD bytes = 0;
    if (stopping)
        return;
    slot->overlapped = (WSAOVERLAPPED){0};
    slot->socket = net_accept_socket();
    ledger_posted();
    if (slot->socket == INVALID_SOCKET ||
        !accept_ex(listener, slot->socket, slot->addresses, 0,
                   sizeof slot->addresses[0], sizeof slot->addresses[1], &bytes,
                   &slot->overlapped)) {
        DWORD error = (DWORD)WSAGetLastError();
        if (error == ERROR_IO_PENDING) {
            shortage_reported = 0;
            return;
        }
        if (InterlockedExchange(&shortage_reported, 1) == 0)
            report_connection(0, "starting AcceptEx", error);
        closesocket(slot->socket);
        ledger_completed();
        InterlockedExchange(&slot->is_resting, 1); /* last: it is main's now */
    }
}

static void repost_resting_slots(void)
{
    for (long i = 0; i < accept_count; i++)
        if (InterlockedExchange(&slots[i].is_resting, 0) == 1)
            start_accept(&slots[i]);
}

/* [S2] A client has been accepted. */
static void on_accept(SOCKET s)
{
    struct connection *c = connection_open(s);
    if (c != NULL)
        hand_over(c);
}

static void on_accept_complete(struct accept_slot *slot, DWORD error)
{
    SOCKET s = slot->socket;
    start_accept(slot); /* first, so that there are always as many in flight */
    /* Until it is told of its listener, shutdown and getpeername fail on the
     * socket (documentation page "AcceptEx function"). */
    if (error == 0 && setsockopt(s, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
                                 (const char *)&listener, sizeof listener) == 0)
        on_accept(s);
    else
        closesocket(s); /* the client has left again, or we are stopping */
    ledger_completed();
}

static void start_accepting(void)
{
    accept_ex = acceptor_ex(listener);
    if (CreateIoCompletionPort((HANDLE)listener, port, KEY_ACCEPT, 0) == NULL)
        die("CreateIoCompletionPort", GetLastError());
    for (long i = 0; i < accept_count; i++)
        start_accept(&slots[i]);
}

/* [S3] Returns NULL when there is no room; s has been closed then. */
static struct connection *connection_open(SOCKET s)
{
    long id;
    struct connection *c = server_admit(s, sizeof *c, &id);
    if (c == NULL)
        return NULL;
    c->socket = s;
    c->id = id;
    c->active_ms = GetTickCount();
    AcquireSRWLockExclusive(&lock);
    c->next = connections;
    if (c->next != NULL)
        c->next->previous = c;
    connections = c;
    ReleaseSRWLockExclusive(&lock);
    return c;
}

/* Given a socket, CreateIoCompletionPort makes no port: it associates. Skipping
 * is then switched on: no packet for what is done at once. */
static void hand_over(struct connection *c)
{
    HANDLE handle = (HANDLE)c->socket;
    if (CreateIoCompletionPort(handle, port, KEY_CONNECTION, 0) == NULL ||
        (skip_on_success && !SetFileCompletionNotificationModes(
                                handle, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS)))
        connection_close(c, "associating with the port", GetLastError());
    else
        start_recv(c);
}

/* Gives OVERLAPPED a fresh start before each operation. */
static void prepare(struct connection *c, enum operation operation)
{
    c->overlapped = (WSAOVERLAPPED){0};
    c->operation = operation;
    c->tally.posted++;
}

/* No packet comes. c->worker, which took c's last packet (NULL: none yet), goes
 * on with c, but only so often in a row: a peer that always has data ready must
 * not keep it. Then a packet of our own sends c to the end of the queue. */
static void done_at_once(struct connection *c)
{
    struct worker *me = c->worker;
    DWORD bytes = (DWORD)c->overlapped.InternalHigh;
    if (me != NULL && me->inline_left > 0) {
        me->inline_left--;
        me->again = c;
        me->again_bytes = bytes;
    } else if (!PostQueuedCompletionStatus(port, bytes, KEY_CONNECTION,
                                           &c->overlapped)) {
        on_complete(c, GetLastError(), bytes); /* the error ends it */
    }
}

/* [S4] From here to the completion the buffer belongs to Windows. */
static void start_recv(struct connection *c)
{
    WSABUF buffer = {.len = (ULONG)options.buffer_bytes, .buf = c->buffer};
    DWORD flags = 0;
    prepare(c, RECEIVING);
    if (WSARecv(c->socket, &buffer, 1, NULL, &flags, &c->overlapped, NULL) ==
        SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error != WSA_IO_PENDING)
            on_complete(c, (DWORD)error, 0); /* it has not started */
        /* Pending: another worker may have c already, or have freed it. */
    } else if (skip_on_success) {
        done_at_once(c); /* otherwise a packet comes all the same */
    }
}

/* [S5] The buffer is ours again. */
static void on_recv_complete(struct connection *c, DWORD error, DWORD bytes)
{
    c->tally.completed++;
    c->active_ms = GetTickCount();
    c->tally.bytes_in += bytes;
    c->filled_bytes = bytes; /* from now on we owe them */
    c->sent_bytes = 0;
    /* 0 bytes: the peer has sent all it wants to send, and everything it sent
     * has been sent back before we received again. */
    if (error != 0 || bytes == 0 || stopping)
        connection_close(c, "WSARecv", error);
    else
        start_send(c);
}

/* [S6] Sends what has not been sent yet. */
static void start_send(struct connection *c)
{
    WSABUF buffer = {.len = c->filled_bytes - c->sent_bytes,
                     .buf = c->buffer + c->sent_bytes};
    prepare(c, SENDING);
    if (WSASend(c->socket, &buffer, 1, NULL, 0, &c->overlapped, NULL) ==
        SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error != WSA_IO_PENDING)
            on_complete(c, (DWORD)error, 0); /* it has not started */
    } else if (skip_on_success) {
        done_at_once(c);
    }
}

/* A send may complete with fewer bytes than it was given. */
static void on_send_complete(struct connection *c, DWORD error, DWORD bytes)
{
    c->tally.completed++;
    c->active_ms = GetTickCount();
    c->tally.bytes_out += bytes;
    c->sent_bytes += bytes;
    if (error != 0 || stopping)
        connection_close(c, "WSASend", error);
    else if (c->sent_bytes < c->filled_bytes)
        start_send(c);
    else
        start_recv(c);
}

static void on_complete(struct connection *c, DWORD error, DWORD bytes)
{
    if (c->operation == RECEIVING)
        on_recv_complete(c, error, bytes);
    else
        on_send_complete(c, error, bytes);
}

/* [S7] Takes the next packet, of any connection. TRUE with an OVERLAPPED: an
 * operation has succeeded. TRUE without: the packet that ends us. FALSE with
 * one: an operation has failed; on_complete handles that, too. FALSE without:
 * the call itself has failed (or timed out: not with INFINITE). */
static unsigned __stdcall run_worker(void *data)
{
    struct worker *me = data;
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
        if (key == KEY_ACCEPT) {
            on_accept_complete(
                CONTAINING_RECORD(overlapped, struct accept_slot, overlapped),
                error);
            continue;
        }
        struct connection *c =
            CONTAINING_RECORD(overlapped, struct connection, overlapped);
        me->inline_left = inline_budget;
        do { /* calls in calls would grow the stack */
            me->again = NULL;
            c->worker = me;
            on_complete(c, error, bytes);
            c = me->again;
            bytes = me->again_bytes;
            error = 0;
        } while (c != NULL);
    }
    if (!PostQueuedCompletionStatus(port, 0, KEY_END, NULL)) /* passes it on */
        die("PostQueuedCompletionStatus", GetLastError());
    return 0;
}

/* NULL: it could not be started, and why has been reported. */
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

/* Nobody else can find c afterwards, or cancel anything on its socket. */
static void remove_connection(struct connection *c)
{
    AcquireSRWLockExclusive(&lock);
    if (c->previous != NULL)
        c->previous->next = c->next;
    else
        connections = c->next;
    if (c->next != NULL)
        c->next->previous = c->previous;
    ReleaseSRWLockExclusive(&lock);
}

/* [S8] c has no operation in flight. error 0: nothing went wrong. A peer that
 * has not got all of its echo is reset: an orderly end would tell it that this
 * was all. */
static void connection_close(struct connection *c, const char *call,
                             DWORD error)
{
    struct tally tally = c->tally;
    if (error != 0 && error != WSA_OPERATION_ABORTED) /* we cancelled */
        report_connection(c->id, call, error);
    remove_connection(c);
    if (c->sent_bytes < c->filled_bytes)
        net_close_reset(c->socket);
    else
        net_close_orderly(c->socket);
    report_verbose("connection %ld: closed", c->id);
    free(c);
    ledger_closed(&tally); /* last of all: it may be what stop_server awaits */
}

/* Asks Windows to end the operations of all connections, or only of those whose
 * time is up. It only asks: the completion still comes. Whoever takes it closes
 * the connection, or goes on if the operation succeeded after all. It misses a
 * connection between two operations: so main repeats it. */
static void cancel_connections(bool all)
{
    AcquireSRWLockShared(&lock);
    for (struct connection *c = connections; c != NULL; c = c->next)
        if (all ||
            server_timed_out(c->id, c->active_ms, c->operation == SENDING))
            CancelIoEx((HANDLE)c->socket, NULL);
    ReleaseSRWLockShared(&lock);
}

/* [S9] Cancels until nothing is in flight; only then ends the workers. Memory
 * that Windows may still write to must not lose its owner. */
static void stop_server(void)
{
    InterlockedExchange(&stopping, 1);
    do {
        CancelIoEx((HANDLE)listener, NULL); /* every AcceptEx */
        cancel_connections(true);
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
        cancel_connections(false);
        repost_resting_slots();
    }
    stop_server();
    return server_end();
}
