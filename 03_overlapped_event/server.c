/* 03: overlapped I/O with events.
 *
 * An overlapped call starts an operation and returns; the operation goes on
 * without us and, when it has completed, Windows signals an event. So one
 * thread can wait for many operations at once: for 64, which is what one wait
 * takes. Here each worker has 63 places for connections, and one event more to
 * wake it.
 *
 * Threads: main, which waits for the stop event; one that accepts; workers.
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
    DWORD filled_bytes;    /* received into buffer */
    DWORD sent_bytes;      /* of these, sent back */
    DWORD error;           /* of the operation that failed, or 0 */
    bool is_over;          /* begin_turn will close it */
    struct worker *worker; /* NULL: no worker has it yet */
    DWORD place;           /* its event is worker->events[place] */
    char buffer[];         /* options.buffer_bytes of it */
};

enum { PLACES = WSA_MAXIMUM_WAIT_EVENTS - 1 };

/* connections[i] and events[i] belong together. Event 0 says that there is a
 * new connection, or that it is time to end. The acceptor puts a connection
 * into a place that is empty (NULL); only the worker itself takes it out. */
struct worker {
    HANDLE handle;
    struct worker *next;
    volatile LONG members; /* places taken */
    volatile LONG is_ending;
    WSAEVENT events[WSA_MAXIMUM_WAIT_EVENTS];
    struct connection *volatile connections[WSA_MAXIMUM_WAIT_EVENTS];
};

static SOCKET listener;
static volatile LONG stopping; /* 1: what completes closes its connection */

static struct worker *volatile workers;
static long worker_count; /* 0: one for each processor, or more */
static bool may_add_workers;
static const struct option own_options[] = {
    {"--workers", "N",
     "workers, of 63 places each; 0: one for each processor, "
     "and more when all places are taken",
     OPTION_NUMBER, &worker_count, 0, 1000},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static void hand_over(struct connection *c);
static bool start_recv(struct connection *c);
static bool start_send(struct connection *c);
static bool end_turn(struct connection *c);
static void connection_close(struct connection *c);
static struct worker *start_worker(void);

/* [S1] From here on clients can connect. */
static void start_listening(void)
{
    listener = net_listen(options.host, (unsigned short)options.port);
}

/* [S2] [S3] A client has been accepted. */
static void on_accept(SOCKET s)
{
    struct connection *c =
        roster_admit(s, sizeof *c + (size_t)options.buffer_bytes);
    if (c != NULL)
        hand_over(c);
}

static struct worker *emptiest_worker(void)
{
    struct worker *emptiest = workers;
    for (struct worker *one = workers; one != NULL; one = one->next)
        if (one->members < emptiest->members)
            emptiest = one;
    return emptiest;
}

/* Signals event 0. Without it the worker might sleep for ever. */
static void wake_worker(struct worker *worker)
{
    if (!WSASetEvent(worker->events[0]))
        die("WSASetEvent", (DWORD)WSAGetLastError());
}

/* Puts c into a free place; the caller has seen that there is one. From the
 * exchange on c belongs to the worker, and this thread must not touch it. */
static void take_place(struct connection *c, struct worker *worker)
{
    c->worker = worker;
    c->place = 1;
    while (worker->connections[c->place] != NULL)
        c->place++;
    InterlockedIncrement(&worker->members);
    InterlockedExchangePointer((PVOID volatile *)&worker->connections[c->place],
                               c);
    wake_worker(worker);
}

/* The event must not stay signaled: nobody would reset it, and each wait would
 * return at once. */
static void leave_place(struct connection *c)
{
    WSAResetEvent(c->worker->events[c->place]);
    InterlockedExchangePointer(
        (PVOID volatile *)&c->worker->connections[c->place], NULL);
    InterlockedDecrement(&c->worker->members); /* last: the place is free */
}

/* Gives c to the worker with the fewest connections, or to a new one if all are
 * full. Only the acceptor runs this, so no two look for a place at once. */
static void hand_over(struct connection *c)
{
    struct worker *worker = emptiest_worker();
    if (worker->members == PLACES && may_add_workers)
        worker = start_worker();
    if (worker != NULL && worker->members < PLACES) {
        take_place(c, worker);
        return;
    }
    if (worker != NULL)
        report("refused a client: one wait takes %d events, and no worker has "
               "a free place",
               WSA_MAXIMUM_WAIT_EVENTS);
    connection_close(c);
}

/* Each operation begins with a fresh OVERLAPPED. */
static void begin_operation(struct connection *c, bool is_sending)
{
    c->overlapped = (WSAOVERLAPPED){.hEvent = c->worker->events[c->place]};
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

/* All that c has received has been sent back, or c is to be closed. */
static bool end_turn(struct connection *c)
{
    return begin_turn(c);
}

/* [S4] From here to the completion the buffer belongs to Windows. The event
 * reports every completion, a synchronous one, too. The worker takes the result
 * only after a wait, so that no peer can keep it from the others. */
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
    }
    return false;
}

/* [S6] Sends the next piece of what has not been sent yet. If that completes
 * synchronously, the caller takes the result without a wait. The event is then
 * signaled; the next operation resets it. */
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
    return true;
}

/* c's operation has completed, or c is new here and has none. */
static void collect(struct connection *c)
{
    DWORD error = 0;
    DWORD bytes = 0;
    DWORD flags = 0;
    if (c->m.tally.posted == 0) {
        begin_turn(c);
        return;
    }
    MemoryBarrier(); /* the status is read before the result */
    if (!WSAGetOverlappedResult(c->m.socket, &c->overlapped, &bytes, FALSE,
                                &flags))
        error = (DWORD)WSAGetLastError();
    while (on_complete(c, error, bytes)) /* a send completed synchronously */
        bytes = (DWORD)c->overlapped.InternalHigh;
}

/* [S7] The wait returns the lowest event that is signaled. Serving only that
 * one could starve the others, so the worker looks at every place after each
 * wait. HasOverlappedIoCompleted only reads the status; that of a new connection
 * is 0 and looks completed, so collect() starts its first receive. Event 0 is
 * reset before the worker looks: a reset afterwards could erase the signal of a
 * connection that came in between. The event of a connection needs no reset:
 * starting an operation resets it (documentation page "Synchronization and
 * Overlapped Input and Output"). */
static unsigned __stdcall run_worker(void *data)
{
    struct worker *me = data;
    DWORD count = 1; /* of events, up to the last place taken */
    while (!me->is_ending) {
        DWORD lowest = WSAWaitForMultipleEvents(count, me->events, FALSE,
                                                WSA_INFINITE, FALSE);
        if (lowest == WSA_WAIT_FAILED)
            die("WSAWaitForMultipleEvents", (DWORD)WSAGetLastError());
        if (lowest == 0)
            WSAResetEvent(me->events[0]);
        count = 1;
        for (DWORD place = 1; place <= PLACES; place++) {
            struct connection *c = me->connections[place];
            if (c == NULL)
                continue;
            count = place + 1;
            if (HasOverlappedIoCompleted(&c->overlapped))
                collect(c);
        }
    }
    return 0;
}

static void close_events(struct worker *worker)
{
    for (int place = 0; place <= PLACES; place++)
        if (worker->events[place] != WSA_INVALID_EVENT)
            WSACloseEvent(worker->events[place]);
}

static struct worker *discard_worker(struct worker *worker, const char *call,
                                     DWORD error)
{
    report_connection(0, call, error);
    close_events(worker);
    free(worker);
    return NULL;
}

/* Returns NULL when it could not be started; that has been reported. */
static struct worker *start_worker(void)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        report_connection(0, "calloc", ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    for (int place = 0; place <= PLACES; place++) {
        worker->events[place] = WSACreateEvent(); /* a manual-reset one */
        if (worker->events[place] == WSA_INVALID_EVENT)
            return discard_worker(worker, "WSACreateEvent",
                                  (DWORD)WSAGetLastError());
    }
    worker->handle =
        (HANDLE)_beginthreadex(NULL, 0, run_worker, worker, 0, NULL);
    if (worker->handle == NULL)
        return discard_worker(worker, "_beginthreadex", _doserrno);
    worker->next = workers;
    InterlockedExchangePointer((PVOID volatile *)&workers, worker);
    return worker;
}

static void start_workers(void)
{
    may_add_workers = worker_count == 0;
    if (worker_count == 0)
        worker_count = server_processor_count();
    for (long i = 0; i < worker_count; i++)
        if (start_worker() == NULL)
            exit(1);
}

/* [S8] c has no operation in flight. */
static void connection_close(struct connection *c)
{
    if (c->worker != NULL)
        leave_place(c);
    roster_leave(&c->m, c->m.is_sending ? "WSASend" : "WSARecv", c->error);
}

/* [S9] Cancels until nothing is in flight; only then ends the workers. Memory
 * that Windows may still write to must not lose its owner. */
static void stop_server(void)
{
    InterlockedExchange(&stopping, 1);
    acceptor_stop();
    do {
        roster_cancel(true);
    } while (!ledger_drained(10));
    while (workers != NULL) {
        struct worker *worker = workers;
        workers = worker->next;
        InterlockedExchange(&worker->is_ending, 1);
        wake_worker(worker);
        WaitForSingleObject(worker->handle, INFINITE);
        CloseHandle(worker->handle);
        close_events(worker);
        free(worker);
    }
}

int main(int argc, char **argv)
{
    server_begin(argc, argv, "03_overlapped_event", own_options);
    start_listening();
    start_workers();
    acceptor_start(listener, on_accept); /* it sleeps in accept() */
    net_announce(listener);
    while (!server_tick())
        roster_cancel(false);
    stop_server();
    return server_end();
}
