/* 05: an I/O completion port.
 *
 * One queue for everything: every operation on every socket that is associated
 * with the port puts a packet into it when it is over, and any worker thread
 * may take the next packet. No connection belongs to a thread, no thread waits
 * for a connection, and a handful of workers serve thousands of clients. Even
 * accepting is an operation that completes: no thread sits in accept().
 *
 * Threads: main waits for the stop event; the workers wait for packets.
 */
#include <stdlib.h>

#include "ledger.h"
#include "net.h"
#include "report.h"
#include "server.h"
#include "stop.h"
/* From here on WSARecv, WSASend and their like are counted on their way to
 * Windows; with OBSERVE=0 they are not. Nothing else changes. */
#include "observe.h"

enum operation { RECEIVING, SENDING, WAITING };

/* One client. It has exactly one operation in flight: it receives, sends all
 * of that back, receives again. So order needs no lock, memory is bounded
 * whatever the peer does, and when the operation is over nothing else points
 * here. Until then overlapped and buffer belong to Windows: neither may be
 * freed or reused before the completion has been taken.
 *
 * Only who took the completion may touch a connection, until it starts the
 * next operation: from that call on another worker may have it already. */
struct connection {
    WSAOVERLAPPED overlapped; /* a packet leads here */
    enum operation operation;
    SOCKET socket;
    long id;
    volatile LONG closing; /* 1: whatever completes next is the last */
    ULONGLONG active_ms;   /* GetTickCount64 of the last completion */
    DWORD filled_bytes;
    DWORD sent_bytes;
    struct tally tally;
    long inline_left; /* completions it may handle without a packet */
    struct connection *next;
    struct connection *previous;
    char buffer[]; /* options.buffer_bytes of it: all the memory a peer gets */
};

/* One AcceptEx in flight. There is a fixed number of them; on every path a
 * slot is either posted again or put to rest until main wakes it. */
struct accept_slot {
    WSAOVERLAPPED overlapped;
    SOCKET socket;
    volatile LONG is_resting;
    /* AcceptEx writes both addresses here, and wants 16 bytes more for each
     * (documentation page "AcceptEx function"). */
    char addresses[2 * (sizeof(struct sockaddr_storage) + 16)];
};

static struct connection *connection_open(SOCKET s);
static void start_recv(struct connection *c);
static void on_recv_complete(struct connection *c, DWORD error, DWORD bytes);
static void start_send(struct connection *c);
static void on_send_complete(struct connection *c, DWORD error, DWORD bytes);
static void on_accept(SOCKET s);
static void hand_over(struct connection *c);
static void start_accept(struct accept_slot *slot);
static void on_accept_complete(struct accept_slot *slot);
static void take_completion(struct connection *c);
static void done_at_once(struct connection *c);
static unsigned __stdcall run_worker(void *unused);
static void connection_close(struct connection *c, const char *call,
                             DWORD error);
static void stop_server(void);

static long worker_count; /* 0: as many as there are processors */
static long concurrency;
static long batch = 8;
static long accept_count = 32;
static long inline_budget = 2;
static bool zero_byte_recv;
static bool no_skip;
static const struct option own_options[] = {
    {"--workers", "N", "worker threads; 0: as many as there are processors",
     OPTION_NUMBER, &worker_count, 0, 1000},
    {"--concurrency", "N",
     "workers the port lets run; 0: as many as there "
     "are processors",
     OPTION_NUMBER, &concurrency, 0, 1000},
    {"--batch", "N", "packets to take at once; 0: GetQueuedCompletionStatus",
     OPTION_NUMBER, &batch, 0, 256},
    {"--accepts", "N", "AcceptEx calls kept in flight", OPTION_NUMBER,
     &accept_count, 1, 1000},
    {"--inline-budget", "N", "completions in a row without a packet",
     OPTION_NUMBER, &inline_budget, 0, 1000},
    {"--zero-byte-recv", NULL, "wait for data without giving a buffer away",
     OPTION_FLAG, &zero_byte_recv, 0, 0},
    {"--no-skip", NULL, "a packet for every operation", OPTION_FLAG, &no_skip,
     0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

/* The key says what kind of operation a packet is about; which one, its
 * OVERLAPPED says. It is as wide as a pointer (ULONG_PTR), not a DWORD. */
enum { KEY_STOP, KEY_ACCEPT, KEY_CONNECTION };

static HANDLE port;
static HANDLE *workers; /* worker_count of them */
static SOCKET listener;
static int listener_family; /* AF_INET or AF_INET6 */
static LPFN_ACCEPTEX accept_ex;
static struct accept_slot *slots; /* accept_count of them */
static HANDLE slot_is_resting;    /* event: main has one to wake */
static volatile LONG stopping;

/* What keeps the server alive: each connection, each AcceptEx in flight, and
 * main, until it stops. At 0 nothing of ours is with Windows any more. */
static volatile LONG users = 1;
static HANDLE drained; /* event: users is 0 */

static SRWLOCK lock = SRWLOCK_INIT; /* guards the list */
static struct connection *connections;

static void release(void)
{
    if (InterlockedDecrement(&users) == 0)
        SetEvent(drained);
}

/* CreateIoCompletionPort does two jobs; each gets a name of its own. */
static HANDLE create_port(void)
{
    return CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0,
                                  (DWORD)concurrency);
}

static bool associate(SOCKET s, ULONG_PTR key)
{
    return CreateIoCompletionPort((HANDLE)s, port, key, 0) != NULL;
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
    c->active_ms = GetTickCount64();
    c->inline_left = inline_budget;
    InterlockedIncrement(&users);
    AcquireSRWLockExclusive(&lock);
    c->next = connections;
    if (c->next != NULL)
        c->next->previous = c;
    connections = c;
    ReleaseSRWLockExclusive(&lock);
    int error = net_tune(s);
    if (error != 0) /* it can be served all the same */
        report_connection(id, "setsockopt", (DWORD)error);
    report_verbose("connection %ld: open", id);

    /* Skip-on-success: an operation that is done when its call returns puts no
     * packet into the queue, and we go on at once. From here on start_recv and
     * start_send rely on it, for every operation of this socket. */
    if (!associate(s, KEY_CONNECTION) ||
        (!no_skip && !SetFileCompletionNotificationModes(
                         (HANDLE)s, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS |
                                        FILE_SKIP_SET_EVENT_ON_HANDLE))) {
        connection_close(c, "associating with the port", GetLastError());
        return NULL;
    }
    return c;
}

/* Gives buffer and OVERLAPPED a fresh start before each operation. */
static void prepare(struct connection *c, enum operation operation)
{
    c->overlapped = (WSAOVERLAPPED){0};
    c->operation = operation;
    c->tally.posted++;
}

/* [S4] From here to the completion the buffer belongs to Windows. */
static void start_recv(struct connection *c)
{
    WSABUF buffer = {.len = (ULONG)options.buffer_bytes, .buf = c->buffer};
    DWORD flags = 0;
    if (zero_byte_recv && c->operation != WAITING) {
        /* A receive of no bytes completes when there is something to receive.
         * So long none of our memory is locked for this client; the price is
         * a second call, which then finds the data there. */
        buffer.len = 0;
        prepare(c, WAITING);
    } else {
        prepare(c, RECEIVING);
    }
    if (WSARecv(c->socket, &buffer, 1, NULL, &flags, &c->overlapped, NULL) ==
        SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error != WSA_IO_PENDING)
            on_recv_complete(c, (DWORD)error, 0); /* no packet will come */
        /* Pending: a packet will come, or has come already, another worker
         * has handled it, and c is gone. Not one more look at it. */
    } else if (!no_skip) {
        done_at_once(c); /* no packet will come */
    }
    /* Done at once without skip-on-success: a packet comes all the same, and
     * handling the completion here as well would handle it twice. */
}

/* [S5] The buffer is ours again. */
static void on_recv_complete(struct connection *c, DWORD error, DWORD bytes)
{
    c->tally.completed++;
    c->active_ms = GetTickCount64();
    if (error != 0 || bytes == 0 || c->closing) {
        /* 0 bytes: the peer has sent all it wants to send, and everything it
         * sent has been sent back before we received again. */
        connection_close(c, "WSARecv", error);
        return;
    }
    c->tally.bytes_in += bytes;
    c->filled_bytes = bytes;
    c->sent_bytes = 0;
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
            on_send_complete(c, (DWORD)error, 0); /* no packet will come */
    } else if (!no_skip) {
        done_at_once(c); /* done, and no packet will come */
    }
}

/* A send may complete with fewer bytes than it was given. */
static void on_send_complete(struct connection *c, DWORD error, DWORD bytes)
{
    c->tally.completed++;
    c->active_ms = GetTickCount64();
    c->tally.bytes_out += bytes;
    c->sent_bytes += bytes;
    if (error != 0 || c->closing)
        connection_close(c, "WSASend", error);
    else if (c->sent_bytes < c->filled_bytes)
        start_send(c);
    else
        start_recv(c);
}

static void on_accept(SOCKET s)
{
    struct connection *c = connection_open(s);
    if (c != NULL)
        hand_over(c);
}

/* Any worker may take the completion: there is nobody to hand it over to. */
static void hand_over(struct connection *c)
{
    start_recv(c);
}

/* Puts a slot aside that could not be posted; main posts it again a little
 * later, when a shortage may be over. Reported once until one is accepted. */
static volatile LONG trouble_reported;
static void rest_slot(struct accept_slot *slot, const char *call, DWORD error)
{
    if (slot->socket != INVALID_SOCKET)
        closesocket(slot->socket);
    if (!stopping && InterlockedExchange(&trouble_reported, 1) == 0)
        report_connection(0, call, error);
    InterlockedExchange(&slot->is_resting, 1);
    SetEvent(slot_is_resting);
}

/* [S2] Posts a slot: the next client will find a socket that is ready for it.
 * AcceptEx returns a BOOL, unlike most of Winsock. */
static void start_accept(struct accept_slot *slot)
{
    const DWORD address_bytes = sizeof slot->addresses / 2;
    DWORD received = 0;
    if (stopping)
        return;
    slot->overlapped = (WSAOVERLAPPED){0};
    slot->socket = WSASocketW(listener_family, SOCK_STREAM, IPPROTO_TCP, NULL,
                              0, WSA_FLAG_OVERLAPPED);
    if (slot->socket == INVALID_SOCKET) {
        rest_slot(slot, "WSASocket", (DWORD)WSAGetLastError());
        return;
    }
    InterlockedIncrement(&users);
    ledger_add_operations(1, 0);
    /* Receive length 0: asked to receive as well, it would not complete for a
     * client that says nothing. Skip-on-success is not set for the listener,
     * so a packet comes for TRUE as for pending. */
    if (!accept_ex(listener, slot->socket, slot->addresses, 0, address_bytes,
                   address_bytes, &received, &slot->overlapped)) {
        DWORD error = (DWORD)WSAGetLastError();
        if (error != ERROR_IO_PENDING) {
            rest_slot(slot, "AcceptEx", error);
            ledger_add_operations(0, 1);
            release();
        }
    }
}

static void on_accept_complete(struct accept_slot *slot)
{
    SOCKET s = slot->socket;
    DWORD error = 0;
    DWORD bytes = 0;
    DWORD flags = 0;
    ledger_add_operations(0, 1);
    /* Until it is told of its listener, the socket is connected only half:
     * shutdown and getpeername fail on it (documentation page "AcceptEx
     * function"). */
    if (!WSAGetOverlappedResult(listener, &slot->overlapped, &bytes, FALSE,
                                &flags) ||
        setsockopt(s, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
                   (const char *)&listener, sizeof listener) == SOCKET_ERROR)
        error = (DWORD)WSAGetLastError();

    start_accept(slot); /* first, so that there are always as many in flight */
    if (error != 0) {
        /* A client that has left again, or we are stopping. */
        if (!stopping)
            report_verbose("accept: error %lu", error);
        closesocket(s);
    } else {
        InterlockedExchange(&trouble_reported, 0);
        on_accept(s);
    }
    release();
}

/* Handles the completion of c's operation, which is over. */
static void take_completion(struct connection *c)
{
    DWORD error = 0;
    DWORD bytes = 0;
    DWORD flags = 0;
    if (!WSAGetOverlappedResult(c->socket, &c->overlapped, &bytes, FALSE,
                                &flags))
        error = (DWORD)WSAGetLastError();
    if (c->operation == WAITING && error == 0 && !c->closing) {
        c->tally.completed++;
        start_recv(c); /* the data is there, or the end of the stream */
    } else if (c->operation == SENDING) {
        on_send_complete(c, error, bytes);
    } else {
        on_recv_complete(c, error, bytes);
    }
}

/* The operation was over when its call returned, and there is no packet. Going
 * on at once is cheap, but a peer that always has data ready would keep this
 * worker to itself (and each step is a few frames deeper on the stack): so
 * only so often in a row, then a packet of our own sends c to the end of the
 * queue. */
static void done_at_once(struct connection *c)
{
    if (c->inline_left > 0) {
        c->inline_left--;
        take_completion(c);
    } else if (!PostQueuedCompletionStatus(port, 0, KEY_CONNECTION,
                                           &c->overlapped)) {
        c->tally.completed++; /* it is over, and nobody will be told */
        connection_close(c, "PostQueuedCompletionStatus", GetLastError());
    }
}

/* Waits for packets; returns how many there are, at least 1. */
static ULONG dequeue(OVERLAPPED_ENTRY *entries)
{
    ULONG count = 0;
    if (batch > 0) {
        if (!GetQueuedCompletionStatusEx(port, entries, (ULONG)batch, &count,
                                         INFINITE, FALSE))
            die("GetQueuedCompletionStatusEx", GetLastError());
        return count;
    }
    DWORD bytes;
    BOOL ok =
        GetQueuedCompletionStatus(port, &bytes, &entries[0].lpCompletionKey,
                                  &entries[0].lpOverlapped, INFINITE);
    /* Four outcomes. TRUE with an OVERLAPPED: an operation that succeeded.
     * TRUE without: a packet posted by us, to stop. FALSE with an OVERLAPPED:
     * an operation that failed; its packet is as good as any, and
     * WSAGetOverlappedResult will say why. Only FALSE without one means that
     * the call itself has failed, and there is no packet. */
    if (!ok && entries[0].lpOverlapped == NULL)
        die("GetQueuedCompletionStatus", GetLastError());
    return 1;
}

/* [S7] Each worker takes what is next, whoever it belongs to. */
static unsigned __stdcall run_worker(void *unused)
{
    OVERLAPPED_ENTRY entries[256];
    (void)unused;
    for (;;) {
        ULONG count = dequeue(entries);
        for (ULONG i = 0; i < count; i++) {
            OVERLAPPED *overlapped = entries[i].lpOverlapped;
            if (entries[i].lpCompletionKey == KEY_STOP) {
                /* It is the last packet. Pass it on to the next worker. */
                PostQueuedCompletionStatus(port, 0, KEY_STOP, NULL);
                return 0;
            }
            if (entries[i].lpCompletionKey == KEY_ACCEPT) {
                on_accept_complete(CONTAINING_RECORD(
                    overlapped, struct accept_slot, overlapped));
                continue;
            }
            struct connection *c =
                CONTAINING_RECORD(overlapped, struct connection, overlapped);
            c->inline_left = inline_budget;
            take_completion(c);
        }
    }
}

/* Asks Windows to end c's operation. It only asks: the completion still comes,
 * perhaps even a successful one, and closes the connection. Called with the
 * lock held, so that c is not freed meanwhile; a worker may be between two of
 * its operations, and then this has to be done again. */
static void cancel(struct connection *c)
{
    c->closing = 1;
    CancelIoEx((HANDLE)c->socket, &c->overlapped);
}

static void cancel_idle(LONGLONG idle_ms)
{
    LONGLONG now_ms = (LONGLONG)GetTickCount64();
    AcquireSRWLockExclusive(&lock);
    for (struct connection *c = connections; c != NULL; c = c->next)
        if (now_ms - (LONGLONG)c->active_ms >= idle_ms) /* may be below 0 */
            cancel(c);
    ReleaseSRWLockExclusive(&lock);
}

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

/* [S8] c has no operation in flight. error 0: nothing went wrong, and call may
 * be NULL. */
static void connection_close(struct connection *c, const char *call,
                             DWORD error)
{
    if (error != 0 && !c->closing)
        report_connection(c->id, call, error);
    remove_connection(c);
    net_close_orderly(c->socket);
    report_verbose("connection %ld: closed", c->id);
    ledger_closed(&c->tally);
    free(c);
    release();
}

/* Main has nothing to do but housekeeping, until it is time to stop. */
static void wait_for_stop(void)
{
    HANDLE events[] = {stop_event(), slot_is_resting};
    DWORD timeout_ms = options.idle_seconds > 0 ? 250 : INFINITE;
    for (;;) {
        DWORD result = WaitForMultipleObjects(2, events, FALSE, timeout_ms);
        if (result == WAIT_OBJECT_0)
            return;
        if (result == WAIT_FAILED)
            die("WaitForMultipleObjects", GetLastError());
        if (options.idle_seconds > 0)
            cancel_idle((LONGLONG)options.idle_seconds * 1000);
        if (result == WAIT_OBJECT_0 + 1 &&
            WaitForSingleObject(stop_event(), 100) == WAIT_TIMEOUT)
            for (long i = 0; i < accept_count; i++)
                if (InterlockedExchange(&slots[i].is_resting, 0) == 1)
                    start_accept(&slots[i]);
    }
}

/* [S9] Cancel, and go on taking packets until nothing of ours is in flight;
 * only then one packet that tells the workers to end, and last the port. Closing
 * the port first would wake the workers too, with ERROR_ABANDONED_WAIT_0, but
 * packets that are still in it would be lost, and with them connections. */
static void stop_server(void)
{
    InterlockedExchange(&stopping, 1);
    release(); /* main's own */
    do {
        CancelIoEx((HANDLE)listener, NULL); /* every AcceptEx */
        cancel_idle(-1000);                 /* everyone */
    } while (WaitForSingleObject(drained, 10) == WAIT_TIMEOUT);
    closesocket(listener); /* not before: completed accepts still need it */

    if (!PostQueuedCompletionStatus(port, 0, KEY_STOP, NULL))
        die("PostQueuedCompletionStatus", GetLastError());
    for (long i = 0; i < worker_count; i++) {
        WaitForSingleObject(workers[i], INFINITE);
        CloseHandle(workers[i]);
    }
    CloseHandle(port);
    CloseHandle(drained);
    CloseHandle(slot_is_resting);
    free(workers);
    free(slots);
}

/* Finds out what has to be known of the listener before AcceptEx can be used:
 * its address family, where AcceptEx is, and whether skip-on-success is safe. */
static void examine_listener(void)
{
    GUID id = WSAID_ACCEPTEX;
    DWORD bytes = 0;
    if (WSAIoctl(listener, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof id,
                 &accept_ex, sizeof accept_ex, &bytes, NULL,
                 NULL) == SOCKET_ERROR)
        die("WSAIoctl(AcceptEx)", (DWORD)WSAGetLastError());

    WSAPROTOCOL_INFOW protocol;
    int length = sizeof protocol;
    if (getsockopt(listener, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&protocol,
                   &length) == SOCKET_ERROR)
        die("getsockopt(SO_PROTOCOL_INFO)", (DWORD)WSAGetLastError());
    listener_family = protocol.iAddressFamily;

    /* A layered provider whose sockets are no real file handles may complete
     * an operation behind the port's back (Go issue 77448). */
    if ((protocol.dwServiceFlags1 & XP1_IFS_HANDLES) == 0 && !no_skip) {
        report("no skip-on-success: the Winsock provider has no IFS handles");
        no_skip = true;
    }
}

static void start_workers(void)
{
    if (worker_count == 0)
        worker_count = server_processor_count();
    workers = calloc((size_t)worker_count, sizeof *workers);
    slots = calloc((size_t)accept_count, sizeof *slots);
    if (workers == NULL || slots == NULL)
        die("calloc", ERROR_NOT_ENOUGH_MEMORY);
    for (long i = 0; i < worker_count; i++) {
        workers[i] = (HANDLE)_beginthreadex(NULL, 0, run_worker, NULL, 0, NULL);
        if (workers[i] == NULL)
            die("_beginthreadex", _doserrno);
    }
}

int main(int argc, char **argv)
{
    server_begin(argc, argv, "05_iocp", own_options);
    /* [S1] Listen. Nobody can connect before, nobody is told before. */
    listener = net_listen(options.host, (unsigned short)options.port);
    examine_listener();

    port = create_port();
    drained = CreateEventW(NULL, TRUE, FALSE, NULL);
    slot_is_resting = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (port == NULL || drained == NULL || slot_is_resting == NULL ||
        !associate(listener, KEY_ACCEPT))
        die("creating the port", GetLastError());
    start_workers();
    for (long i = 0; i < accept_count; i++)
        start_accept(&slots[i]);
    net_announce(listener);

    wait_for_stop();
    stop_server();
    return server_end();
}
