/* 04: overlapped I/O with completion routines.
 *
 * An overlapped call is given a function to run when the operation is over. It
 * does not run just anywhere, at any time: Windows queues it as an APC to the
 * thread that started the operation, and runs it when that thread says that it
 * is ready, by waiting alertably. So there is nothing to look up and nothing to
 * lock, and also nobody else who could help: a connection stays with the
 * thread that got it.
 *
 * Threads: main waits for the stop event; one accepts; a few I/O threads, which
 * wait only in SleepEx(INFINITE, TRUE).
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

/* One client. It has exactly one operation in flight: it receives, sends all
 * of that back, receives again. So order needs no lock, memory is bounded
 * whatever the peer does, and when the operation is over nothing else points
 * here. Until then overlapped and buffer belong to Windows: neither may be
 * freed or reused before the completion has been taken. */
struct connection {
    WSAOVERLAPPED overlapped; /* the routines find the rest from here */
    SOCKET socket;
    long id;
    struct io_thread *io_thread;
    volatile LONG closing; /* 1: whatever completes next is the last */
    ULONGLONG active_ms;   /* GetTickCount64 of the last completion */
    DWORD filled_bytes;
    DWORD sent_bytes;
    struct tally tally;
    LONG wake_number; /* the wake-up in which it received last, and */
    LONG receives;    /* how many times in that one */
    bool is_deferred; /* nothing in flight: goes on after the wait */
    struct connection *next;
    struct connection *previous;
    char buffer[]; /* options.buffer_bytes of it: all the memory a peer gets */
};

/* Only the thread itself touches its connections: what others want from it,
 * they queue to it as an APC. */
struct io_thread {
    HANDLE thread;
    volatile LONG members; /* connections, those on their way here included */
    struct connection *connections;
    LONG wake_number; /* counts the returns from SleepEx */
    bool has_deferred;
    bool is_stopping;
    HANDLE idle_timer;
};

static struct connection *connection_open(SOCKET s);
static void start_recv(struct connection *c);
static void CALLBACK recv_routine(DWORD error, DWORD bytes,
                                  WSAOVERLAPPED *overlapped, DWORD flags);
static void on_recv_complete(struct connection *c, DWORD error, DWORD bytes);
static void start_send(struct connection *c);
static void CALLBACK send_routine(DWORD error, DWORD bytes,
                                  WSAOVERLAPPED *overlapped, DWORD flags);
static void on_send_complete(struct connection *c, DWORD error, DWORD bytes);
static void on_accept(SOCKET s);
static void hand_over(struct connection *c);
static unsigned __stdcall accept_clients(void *unused);
static unsigned __stdcall run_io_thread(void *data);
static void connection_close(struct connection *c, const char *call,
                             DWORD error);
static void stop_server(void);

enum { ACCEPT_THREAD, ACCEPT_POLL };
static int accept_form = ACCEPT_THREAD;
static long thread_count; /* 0: as many as there are processors */
static const struct option own_options[] = {
    {"--threads", "N", "I/O threads; 0: as many as there are processors",
     OPTION_NUMBER, &thread_count, 0, 64},
    {"--accept", "thread|poll",
     "an acceptor thread, or accept and SleepEx(100, TRUE) in turn",
     OPTION_CHOICE, &accept_form, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

/* One wait runs every routine that is queued, and those that are queued in the
 * meantime. A peer that always has data ready would keep the thread in one
 * wait for ever; so a connection may receive so often and then stands back
 * until the wait has returned. */
enum { RECEIVES_PER_WAKE = 16 };

static SOCKET listener;
static HANDLE acceptor;
static volatile LONG stopping;
static struct io_thread *io_threads; /* thread_count of them */

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
    int error = net_tune(s);
    if (error != 0) /* it can be served all the same */
        report_connection(id, "setsockopt", (DWORD)error);
    report_verbose("connection %ld: open", id);
    return c;
}

/* Gives buffer and OVERLAPPED a fresh start before each operation. */
static void prepare(struct connection *c)
{
    c->overlapped = (WSAOVERLAPPED){0};
    c->tally.posted++;
}

/* Whether c has received often enough for this wake-up. */
static bool must_stand_back(struct connection *c)
{
    struct io_thread *me = c->io_thread;
    if (c->wake_number != me->wake_number) {
        c->wake_number = me->wake_number;
        c->receives = 0;
    }
    return ++c->receives > RECEIVES_PER_WAKE;
}

/* [S4] From here to the completion the buffer belongs to Windows. */
static void start_recv(struct connection *c)
{
    WSABUF buffer = {.len = (ULONG)options.buffer_bytes, .buf = c->buffer};
    DWORD flags = 0;
    if (must_stand_back(c)) {
        c->is_deferred = true; /* run_io_thread() comes back to it */
        c->io_thread->has_deferred = true;
        return;
    }
    prepare(c);
    if (WSARecv(c->socket, &buffer, 1, NULL, &flags, &c->overlapped,
                recv_routine) == SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error != WSA_IO_PENDING)
            on_recv_complete(c, (DWORD)error, 0); /* no routine will run */
    }
    /* Pending or done already: either way the routine runs in a later
     * alertable wait of this thread, never in the middle of this function. */
}

/* Windows calls this. A routine must not wait alertably itself, or routines
 * would pile up on the stack; starting the next operation is fine. */
static void CALLBACK recv_routine(DWORD error, DWORD bytes,
                                  WSAOVERLAPPED *overlapped, DWORD flags)
{
    (void)flags;
    on_recv_complete(
        CONTAINING_RECORD(overlapped, struct connection, overlapped), error,
        bytes);
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
    prepare(c);
    if (WSASend(c->socket, &buffer, 1, NULL, 0, &c->overlapped, send_routine) ==
        SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error != WSA_IO_PENDING)
            on_send_complete(c, (DWORD)error, 0); /* no routine will run */
    }
}

static void CALLBACK send_routine(DWORD error, DWORD bytes,
                                  WSAOVERLAPPED *overlapped, DWORD flags)
{
    (void)flags;
    on_send_complete(
        CONTAINING_RECORD(overlapped, struct connection, overlapped), error,
        bytes);
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

/* An APC, run by the I/O thread that c was given to. The first receive is
 * started here and not by the acceptor because the routine will run on the
 * thread that starts the operation. */
static void CALLBACK adopt(ULONG_PTR data)
{
    struct connection *c = (struct connection *)data;
    struct io_thread *me = c->io_thread;
    c->next = me->connections;
    if (c->next != NULL)
        c->next->previous = c;
    me->connections = c;
    if (me->is_stopping) /* only the form that accepts in turn gets here */
        connection_close(c, NULL, 0);
    else
        start_recv(c);
}

/* Gives a connection to the I/O thread that has the fewest. The APC may be
 * queued before the thread has run its first instruction: it is then the first
 * thing that runs (documentation page "QueueUserAPC function"). */
static void hand_over(struct connection *c)
{
    struct io_thread *fewest = &io_threads[0];
    for (long i = 1; i < thread_count; i++)
        if (io_threads[i].members < fewest->members)
            fewest = &io_threads[i];
    c->io_thread = fewest;
    InterlockedIncrement(&fewest->members);
    if (!QueueUserAPC(adopt, fewest->thread, (ULONG_PTR)c)) {
        DWORD error = GetLastError();
        InterlockedDecrement(&fewest->members);
        c->io_thread = NULL;
        connection_close(c, "QueueUserAPC", error);
    }
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

/* Asks Windows to end c's operation. It only asks: the completion still comes,
 * perhaps even a successful one, and closes the connection. */
static void cancel(struct connection *c)
{
    c->closing = 1;
    CancelIoEx((HANDLE)c->socket, &c->overlapped);
}

/* An APC too: the idle timer is one more thing to be told of while waiting. */
static void CALLBACK close_idle(void *data, DWORD low, DWORD high)
{
    struct io_thread *me = data;
    ULONGLONG idle_ms = (ULONGLONG)options.idle_seconds * 1000;
    ULONGLONG now_ms = GetTickCount64();
    (void)low;
    (void)high;
    for (struct connection *c = me->connections; c != NULL; c = c->next)
        if (now_ms - c->active_ms > idle_ms)
            cancel(c);
}

/* A timer's routine runs on the thread that sets it: this one. */
static void start_idle_timer(struct io_thread *me)
{
    LARGE_INTEGER first = {.QuadPart = -2500000}; /* in 250 ms */
    me->idle_timer = CreateWaitableTimerW(NULL, FALSE, NULL);
    if (me->idle_timer == NULL ||
        !SetWaitableTimer(me->idle_timer, &first, 250, close_idle, me, FALSE))
        die("SetWaitableTimer", GetLastError());
}

/* The connections that stood back go on, or end if they were cancelled: with
 * no operation in flight no completion would tell them. */
static void resume_deferred(struct io_thread *me)
{
    struct connection *next;
    me->has_deferred = false;
    for (struct connection *c = me->connections; c != NULL; c = next) {
        next = c->next;
        if (!c->is_deferred)
            continue;
        c->is_deferred = false;
        if (c->closing)
            connection_close(c, NULL, 0);
        else
            start_recv(c);
    }
}

/* The naive form, as many courses show it: no routine tells of a new client,
 * so the thread looks for one after every wait. One that comes while it sleeps
 * waits for up to 100 ms. */
static DWORD accept_in_turn(void)
{
    SOCKET s = stopping ? INVALID_SOCKET : accept(listener, NULL, NULL);
    if (s != INVALID_SOCKET)
        on_accept(s);
    return 100;
}

/* [S7] Everything this thread does, it does inside SleepEx: routines, new
 * connections, the idle timer and the request to stop are all APCs. */
static unsigned __stdcall run_io_thread(void *data)
{
    struct io_thread *me = data;
    if (options.idle_seconds > 0)
        start_idle_timer(me);
    for (;;) {
        /* Before the first sleep too: APCs that were queued before this thread
         * ran its first instruction have run already. */
        me->wake_number++;
        if (me->has_deferred)
            resume_deferred(me);
        if (me->is_stopping && me->members == 0)
            break;
        SleepEx(accept_form == ACCEPT_POLL ? accept_in_turn() : INFINITE, TRUE);
    }
    if (me->idle_timer != NULL)
        CloseHandle(me->idle_timer);
    return 0;
}

/* Takes c out of its thread's list. Only that thread gets here. */
static void remove_connection(struct connection *c)
{
    if (c->io_thread == NULL)
        return; /* it never got that far */
    if (c->previous != NULL)
        c->previous->next = c->next;
    else
        c->io_thread->connections = c->next;
    if (c->next != NULL)
        c->next->previous = c->previous;
    InterlockedDecrement(&c->io_thread->members);
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
}

/* [S9] An APC, run by each I/O thread: it cancels what it has in flight, and
 * goes on waiting until all of that has completed. A thread that ended with
 * operations in flight would take the routines with it, and the memory that
 * Windows still writes to would have no owner. */
static void CALLBACK stop_io_thread(ULONG_PTR data)
{
    struct io_thread *me = (struct io_thread *)data;
    me->is_stopping = true;
    for (struct connection *c = me->connections; c != NULL; c = c->next)
        cancel(c);
}

static void stop_server(void)
{
    InterlockedExchange(&stopping, 1);
    closesocket(listener);
    if (acceptor != NULL) {
        WaitForSingleObject(acceptor, INFINITE);
        CloseHandle(acceptor);
    }
    for (long i = 0; i < thread_count; i++)
        if (!QueueUserAPC(stop_io_thread, io_threads[i].thread,
                          (ULONG_PTR)&io_threads[i]))
            die("QueueUserAPC", GetLastError());
    for (long i = 0; i < thread_count; i++) {
        WaitForSingleObject(io_threads[i].thread, INFINITE);
        CloseHandle(io_threads[i].thread);
    }
    free(io_threads);
}

static void start_io_threads(void)
{
    if (accept_form == ACCEPT_POLL)
        thread_count = 1;
    else if (thread_count == 0)
        thread_count = server_processor_count();
    io_threads = calloc((size_t)thread_count, sizeof *io_threads);
    if (io_threads == NULL)
        die("calloc", ERROR_NOT_ENOUGH_MEMORY);
    for (long i = 0; i < thread_count; i++) {
        /* Suspended until its handle is stored: it may need it at once. */
        io_threads[i].thread = (HANDLE)_beginthreadex(
            NULL, 0, run_io_thread, &io_threads[i], CREATE_SUSPENDED, NULL);
        if (io_threads[i].thread == NULL)
            die("_beginthreadex", _doserrno);
        ResumeThread(io_threads[i].thread);
    }
}

int main(int argc, char **argv)
{
    server_begin(argc, argv, "04_overlapped_apc", own_options);
    /* [S1] Listen. Nobody can connect before, nobody is told before. */
    listener = net_listen(options.host, (unsigned short)options.port);
    u_long on = 1;
    if (accept_form == ACCEPT_POLL &&
        ioctlsocket(listener, (long)FIONBIO, &on) == SOCKET_ERROR)
        die("ioctlsocket(FIONBIO)", (DWORD)WSAGetLastError());

    start_io_threads();
    if (accept_form == ACCEPT_THREAD) {
        acceptor =
            (HANDLE)_beginthreadex(NULL, 0, accept_clients, NULL, 0, NULL);
        if (acceptor == NULL)
            die("_beginthreadex", _doserrno);
    }
    net_announce(listener);

    WaitForSingleObject(stop_event(), INFINITE);
    stop_server();
    return server_end();
}
