/* 04: overlapped I/O with completion routines.
 *
 * An overlapped call is given a routine to run when the operation is over.
 * Windows queues it for the thread that started the operation (an APC is such
 * a queued call), and runs it when that thread waits alertably: in SleepEx. No
 * other thread can: a connection stays with the worker that got it.
 *
 * Threads: main, which waits to stop; one that accepts; a few workers.
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
    struct connection *next_deferred;
    char buffer[]; /* options.buffer_bytes of it: all the memory a peer gets */
};

struct worker {
    HANDLE handle;
    struct worker *next;
    volatile LONG members; /* connections, those on their way here included */
    bool is_ending;        /* from here down: its own thread only */
    bool is_starting;      /* receives: not inside SleepEx */
    struct connection *deferred; /* they receive when SleepEx has returned */
};

static SOCKET listener;
static volatile LONG stopping; /* 1: a completion closes its connection */

static SRWLOCK lock = SRWLOCK_INIT; /* guards the list */
static struct connection *connections;

static struct worker *volatile workers;
static long worker_count; /* 0: as many as there are processors */
static const struct option own_options[] = {
    {"--threads", "N", "workers; 0: as many as there are processors",
     OPTION_NUMBER, &worker_count, 0, 64},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

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

/* An APC. The first receive is started by the worker and not by the acceptor,
 * because the routine will run on the thread that starts the operation. */
static void CALLBACK adopt(ULONG_PTR data)
{
    start_recv((struct connection *)data);
}

/* An APC may be queued before the worker runs its first instruction: it is then
 * the first thing to run (documentation page "QueueUserAPC function"). */
static void hand_over(struct connection *c)
{
    c->worker = emptiest_worker();
    InterlockedIncrement(&c->worker->members);
    if (!QueueUserAPC(adopt, c->worker->handle, (ULONG_PTR)c))
        connection_close(c, "QueueUserAPC", GetLastError());
}

/* Gives OVERLAPPED a fresh start before each operation. */
static void prepare(struct connection *c, enum operation operation)
{
    c->overlapped = (WSAOVERLAPPED){0};
    c->operation = operation;
    c->tally.posted++;
}

/* Windows calls this. A routine must not wait alertably itself, or routines
 * would pile up on the stack; starting the next operation is fine. */
static void CALLBACK routine(DWORD error, DWORD bytes,
                             WSAOVERLAPPED *overlapped, DWORD flags)
{
    (void)flags;
    on_complete(CONTAINING_RECORD(overlapped, struct connection, overlapped),
                error, bytes);
}

/* [S4] From here to the completion the buffer belongs to Windows. */
static void start_recv(struct connection *c)
{
    WSABUF buffer = {.len = (ULONG)options.buffer_bytes, .buf = c->buffer};
    DWORD flags = 0;
    if (!c->worker->is_starting) { /* inside SleepEx: see run_worker */
        c->next_deferred = c->worker->deferred;
        c->worker->deferred = c;
        return;
    }
    prepare(c, RECEIVING);
    if (WSARecv(c->socket, &buffer, 1, NULL, &flags, &c->overlapped, routine) ==
        SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error != WSA_IO_PENDING)
            on_complete(c, (DWORD)error, 0); /* it has not started */
    }
    /* Pending or done: the routine runs in a later wait, never in here. */
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
    if (WSASend(c->socket, &buffer, 1, NULL, 0, &c->overlapped, routine) ==
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

/* [S7] Routines, new connections and the request to end are all APCs, and run
 * inside SleepEx: all that are queued, and those that are queued meanwhile. A
 * peer that always has data ready would keep the worker in there for ever. So a
 * receive is only started here, between two waits: one turn for everyone. */
static unsigned __stdcall run_worker(void *data)
{
    struct worker *me = data;
    while (!me->is_ending) {
        me->is_starting = true;
        while (me->deferred != NULL) {
            struct connection *c = me->deferred;
            me->deferred = c->next_deferred;
            start_recv(c);
        }
        me->is_starting = false;
        SleepEx(INFINITE, TRUE);
    }
    return 0;
}

/* An APC too: when it has run, the wait returns. */
static void CALLBACK end_worker(ULONG_PTR data)
{
    ((struct worker *)data)->is_ending = true;
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
    if (c->worker != NULL)
        InterlockedDecrement(&c->worker->members);
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
    while (workers != NULL) {
        struct worker *worker = workers;
        workers = worker->next;
        if (!QueueUserAPC(end_worker, worker->handle, (ULONG_PTR)worker))
            die("QueueUserAPC", GetLastError());
        WaitForSingleObject(worker->handle, INFINITE);
        CloseHandle(worker->handle);
        free(worker);
    }
}

int main(int argc, char **argv)
{
    server_begin(argc, argv, "04_overlapped_apc", own_options);
    start_listening();
    start_workers();
    acceptor_start(listener, on_accept); /* it sleeps in accept() */
    net_announce(listener);
    while (!server_tick()) {
        cancel_connections(false);
    }
    stop_server();
    return server_end();
}
