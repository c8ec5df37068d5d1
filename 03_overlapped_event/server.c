/* 03: overlapped I/O with events.
 *
 * An overlapped call starts an operation and returns; the operation goes on
 * without us and, when it is over, sets an event. So one thread can wait for
 * many operations at once: for 64, which is what one wait takes. Here each
 * worker has 63 places for connections, and one event more to wake it.
 *
 * Threads: main, which waits to stop; one that accepts; workers as needed.
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
    DWORD place;           /* its event is worker->events[place] */
    char buffer[]; /* options.buffer_bytes of it: all the memory a peer gets */
};

enum { PLACES = WSA_MAXIMUM_WAIT_EVENTS - 1 };

/* connections[i] and events[i] belong together; event 0 says that there is
 * somebody new, or that it is time to end. Any thread may put a connection into
 * a place that is empty (NULL); only the worker itself takes it out. */
struct worker {
    HANDLE handle;
    struct worker *next;
    volatile LONG members; /* places taken */
    volatile LONG is_ending;
    WSAEVENT events[WSA_MAXIMUM_WAIT_EVENTS];
    struct connection *volatile connections[WSA_MAXIMUM_WAIT_EVENTS];
};

static SOCKET listener;
static volatile LONG stopping; /* 1: a completion closes its connection */

static SRWLOCK lock = SRWLOCK_INIT; /* guards the list */
static struct connection *connections;

static struct worker *volatile workers;
static long worker_count;
static long workers_at_most;
static const struct option own_options[] = {
    {"--groups", "N", "workers, of 63 places each; 0: as many as needed",
     OPTION_NUMBER, &workers_at_most, 0, 1000},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static struct connection *connection_open(SOCKET s);
static void hand_over(struct connection *c);
static struct worker *start_worker(void);
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

/* [S2] A client has been accepted. */
static void on_accept(SOCKET s)
{
    struct connection *c = connection_open(s);
    if (c != NULL)
        hand_over(c);
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

static struct worker *emptiest_worker(void)
{
    struct worker *emptiest = workers;
    for (struct worker *one = workers; one != NULL; one = one->next)
        if (one->members < emptiest->members)
            emptiest = one;
    return emptiest;
}

/* Event 0. Without it the worker might sleep for ever. */
static void wake_worker(struct worker *worker)
{
    if (!WSASetEvent(worker->events[0]))
        die("WSASetEvent", (DWORD)WSAGetLastError());
}

static void leave_worker(struct worker *worker, DWORD place)
{
    worker->connections[place] = NULL;
    InterlockedDecrement(&worker->members);
}

/* Moves c to a free place of worker; its old place becomes free. Claimed in
 * one step, as others may want that place; from then on c is the other thread's
 * and must not be touched. Returns false if no place is free: c stays. */
static bool take_place(struct connection *c, struct worker *worker)
{
    struct worker *old_worker = c->worker;
    DWORD old_place = c->place;
    c->operation = NOTHING_YET;
    c->worker = worker;
    for (c->place = 1; c->place <= PLACES; c->place++)
        if (InterlockedCompareExchangePointer(
                (PVOID volatile *)&worker->connections[c->place], c, NULL) ==
            NULL) {
            InterlockedIncrement(&worker->members);
            wake_worker(worker);
            if (old_worker != NULL)
                leave_worker(old_worker, old_place);
            return true;
        }
    c->worker = old_worker;
    c->place = old_place;
    return false;
}

/* To the worker with the fewest, or to a new one if all are full. */
static void hand_over(struct connection *c)
{
    struct worker *worker = emptiest_worker();
    if (worker != NULL && take_place(c, worker))
        return;
    if (workers_at_most == 0 || worker_count < workers_at_most) {
        worker = start_worker();
        if (worker != NULL && take_place(c, worker))
            return;
    } else {
        report("refused a client: one wait takes %d events, and no worker has "
               "a free place",
               WSA_MAXIMUM_WAIT_EVENTS);
    }
    connection_close(c, NULL, 0);
}

/* Gives OVERLAPPED a fresh start before each operation. */
static void prepare(struct connection *c, enum operation operation)
{
    c->overlapped = (WSAOVERLAPPED){.hEvent = c->worker->events[c->place]};
    c->operation = operation;
    c->tally.posted++;
}

/* [S4] From here to the completion the buffer belongs to Windows. */
static void start_recv(struct connection *c)
{
    WSABUF buffer = {.len = (ULONG)options.buffer_bytes, .buf = c->buffer};
    DWORD flags = 0;
    /* c has nothing in flight: it may move to a worker with fewer. That one
     * finds NOTHING_YET, and starts the receive. */
    struct worker *emptiest = emptiest_worker();
    if (emptiest->members + 1 < c->worker->members && take_place(c, emptiest))
        return;
    prepare(c, RECEIVING);
    if (WSARecv(c->socket, &buffer, 1, NULL, &flags, &c->overlapped, NULL) ==
        SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error != WSA_IO_PENDING)
            on_complete(c, (DWORD)error, 0); /* it has not started */
    }
    /* Pending or done: the event says so, and the worker will see it. */
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

/* c's operation is over, or c is new here and has none. */
static void take_completion(struct connection *c)
{
    DWORD bytes = 0;
    DWORD flags = 0;
    if (c->operation == NOTHING_YET)
        start_recv(c);
    else if (WSAGetOverlappedResult(c->socket, &c->overlapped, &bytes, FALSE,
                                    &flags))
        on_complete(c, 0, bytes);
    else
        on_complete(c, (DWORD)WSAGetLastError(), bytes);
}

/* [S7] The wait returns the lowest event that is signaled. Serving only that
 * one could starve the others: so after each wait we look at every place.
 * (HasOverlappedIoCompleted only reads memory; a newcomer's is zero and looks
 * over, too.) Event 0 is reset before we look, a connection's event before its
 * next operation starts: later, a newcomer or a completion could be missed. */
static unsigned __stdcall run_worker(void *data)
{
    struct worker *me = data;
    DWORD count = 1; /* of events, up to the last place taken */
    while (!me->is_ending) {
        DWORD lowest = WSAWaitForMultipleEvents(count, me->events, FALSE,
                                                WSA_INFINITE, FALSE);
        if (lowest == WSA_WAIT_FAILED)
            die("WSAWaitForMultipleEvents", (DWORD)WSAGetLastError());
        WSAResetEvent(me->events[lowest]);
        count = 1;
        for (DWORD place = 1; place <= PLACES; place++) {
            struct connection *c = me->connections[place];
            if (c == NULL)
                continue;
            count = place + 1;
            if (!HasOverlappedIoCompleted(&c->overlapped))
                continue;
            if (place != lowest)
                WSAResetEvent(me->events[place]);
            take_completion(c);
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

static struct worker *give_up(struct worker *worker, const char *call,
                              DWORD error)
{
    report_connection(0, call, error);
    close_events(worker);
    free(worker);
    return NULL;
}

/* NULL: it could not be started, and why has been reported. */
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
            return give_up(worker, "WSACreateEvent", (DWORD)WSAGetLastError());
    }
    worker->handle =
        (HANDLE)_beginthreadex(NULL, 0, run_worker, worker, 0, NULL);
    if (worker->handle == NULL)
        return give_up(worker, "_beginthreadex", _doserrno);
    worker_count++;
    worker->next = workers;
    InterlockedExchangePointer((PVOID volatile *)&workers, worker);
    return worker;
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
    if (c->worker != NULL)
        leave_worker(c->worker, c->place);
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
    acceptor_stop();
    do {
        cancel_connections(true);
    } while (!ledger_drained(10));
    for (struct worker *one = workers; one != NULL; one = one->next) {
        InterlockedExchange(&one->is_ending, 1);
        wake_worker(one);
        WaitForSingleObject(one->handle, INFINITE);
        CloseHandle(one->handle);
    }
    while (workers != NULL) { /* no worker looks at another one any more */
        struct worker *worker = workers;
        workers = worker->next;
        close_events(worker);
        free(worker);
    }
}

int main(int argc, char **argv)
{
    server_begin(argc, argv, "03_overlapped_event", own_options);
    start_listening();
    acceptor_start(listener, on_accept); /* it sleeps in accept() */
    net_announce(listener);
    while (!server_tick()) {
        cancel_connections(false);
    }
    stop_server();
    return server_end();
}
