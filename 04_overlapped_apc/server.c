/* 04: overlapped I/O with completion routines.
 *
 * An overlapped call is given a routine to run when the operation has
 * completed. Windows queues it for the thread that started the operation (an
 * APC is such a queued call) and runs it when that thread waits alertably: here
 * in SleepEx. No other thread runs it, so a connection stays with its worker.
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
    struct worker *worker; /* its routines run on this one's thread */
    struct connection *next_waiting;
    char buffer[]; /* options.buffer_bytes of it */
};

struct worker {
    HANDLE handle;
    struct worker *next;
    volatile LONG members; /* connections, those on their way here included */
    bool is_ending;        /* this and waiting: only for its own thread */
    struct connection *waiting; /* for their turn, when SleepEx has returned */
};

static SOCKET listener;
static volatile LONG stopping; /* 1: what completes closes its connection */

static struct worker *volatile workers;
static long worker_count; /* 0: as many as there are processors */
static const struct option own_options[] = {
    {"--workers", "N", "workers; 0: one for each processor", OPTION_NUMBER,
     &worker_count, 0, 1000},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static void hand_over(struct connection *c);
static bool start_recv(struct connection *c);
static bool start_send(struct connection *c);
static bool end_turn(struct connection *c);
static void connection_close(struct connection *c);

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

/* An APC. The worker starts the first receive, not the acceptor: the routine
 * will run on the thread that starts the operation. */
static void CALLBACK adopt(ULONG_PTR data)
{
    end_turn((struct connection *)data);
}

/* An APC that is queued before the worker runs its first instruction is the
 * first thing that it runs (documentation page "QueueUserAPC function"): so
 * run_worker looks at its list before its first SleepEx. */
static void hand_over(struct connection *c)
{
    c->worker = emptiest_worker();
    InterlockedIncrement(&c->worker->members);
    if (!QueueUserAPC(adopt, c->worker->handle, (ULONG_PTR)c)) {
        report_connection(c->m.id, "QueueUserAPC", GetLastError());
        connection_close(c);
    }
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

/* All that c has received has been sent back, or c is to be closed. This runs
 * in SleepEx, too, so the worker begins the next turn when SleepEx returns. */
static bool end_turn(struct connection *c)
{
    c->next_waiting = c->worker->waiting;
    c->worker->waiting = c;
    return false;
}

/* Windows calls this in SleepEx. A routine may start an overlapped send, which
 * does not block. It must not close a socket or make another call that may
 * block: while Winsock waits alertably in that call, the next routine may run
 * on top of this one and make such a call, too. That is undefined behavior
 * (documentation pages "closesocket function" and "shutdown function"). */
static void CALLBACK on_routine(DWORD error, DWORD bytes,
                                WSAOVERLAPPED *overlapped, DWORD flags)
{
    (void)flags;
    on_complete(CONTAINING_RECORD(overlapped, struct connection, overlapped),
                error, bytes);
}

/* [S4] From here to the completion the buffer belongs to Windows. Pending or
 * completed synchronously, its routine runs in the next wait: returns false. */
static bool start_recv(struct connection *c)
{
    WSABUF buffer = {.len = (ULONG)options.buffer_bytes, .buf = c->buffer};
    DWORD flags = 0;
    begin_operation(c, false);
    if (WSARecv(c->m.socket, &buffer, 1, NULL, &flags, &c->overlapped,
                on_routine) == SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error != WSA_IO_PENDING)
            return on_complete(c, (DWORD)error, 0); /* it has not started */
    }
    return false;
}

/* [S6] Sends the next piece of what has not been sent yet. */
static bool start_send(struct connection *c)
{
    DWORD left = c->filled_bytes - c->sent_bytes;
    WSABUF buffer = {.len =
                         left < SEND_BYTES_AT_MOST ? left : SEND_BYTES_AT_MOST,
                     .buf = c->buffer + c->sent_bytes};
    begin_operation(c, true);
    if (WSASend(c->m.socket, &buffer, 1, NULL, 0, &c->overlapped, on_routine) ==
        SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error != WSA_IO_PENDING)
            return on_complete(c, (DWORD)error, 0); /* it has not started */
    }
    return false;
}

/* [S7] Routines, adopt and end_worker are all APCs. SleepEx runs those that are
 * queued, and those that are queued meanwhile. If routines started receives, a
 * peer that always has data ready would keep the worker in one SleepEx for
 * ever. So receives start here, between two waits: one turn for everyone. */
static unsigned __stdcall run_worker(void *data)
{
    struct worker *me = data;
    while (!me->is_ending) {
        while (me->waiting != NULL) {
            struct connection *c = me->waiting;
            me->waiting = c->next_waiting;
            begin_turn(c);
        }
        SleepEx(INFINITE, TRUE);
    }
    return 0;
}

/* An APC, too. When it has run, SleepEx returns. */
static void CALLBACK end_worker(ULONG_PTR data)
{
    ((struct worker *)data)->is_ending = true;
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
    if (worker_count == 0)
        worker_count = server_processor_count();
    for (long i = 0; i < worker_count; i++)
        if (start_worker() == NULL)
            exit(1);
}

/* [S8] c has no operation in flight. */
static void connection_close(struct connection *c)
{
    InterlockedDecrement(&c->worker->members);
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
    while (!server_tick())
        roster_cancel(false);
    stop_server();
    return server_end();
}
