/* 03: overlapped I/O, an event for each operation.
 *
 * An overlapped call starts an operation and returns; the operation goes on
 * without us and, when it is over, sets an event. So one thread can have many
 * operations in flight and wait for all their events at once: for 64 of them,
 * which is what one wait takes. Here each waiting thread looks after a group
 * of 63 connections and one event to control it; more clients, more groups.
 * (A connection has one operation at a time, so one event is enough for it.)
 *
 * Threads: main waits for the stop event; one accepts; one for each group.
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

enum operation { RECEIVING, SENDING };

/* One client. It has exactly one operation in flight: it receives, sends all
 * of that back, receives again. So order needs no lock, memory is bounded
 * whatever the peer does, and when the operation is over nothing else points
 * here. Until then overlapped and buffer belong to Windows: neither may be
 * freed or reused before the completion has been taken. */
struct connection {
    WSAOVERLAPPED overlapped;
    enum operation operation;
    SOCKET socket;
    long id;
    struct group *group;
    volatile LONG closing; /* 1: whatever completes next is the last */
    ULONGLONG active_ms;   /* GetTickCount64 of the last completion */
    DWORD filled_bytes;
    DWORD sent_bytes;
    struct tally tally;
    struct connection *next; /* in the group's inbox */
    char buffer[]; /* options.buffer_bytes of it: all the memory a peer gets */
};

/* A waiting thread and those it waits for. connections[i] and events[i] belong
 * together; place 0 is the control event. Only the thread of the group uses
 * the arrays; the inbox is where the acceptor leaves new connections. */
struct group {
    HANDLE thread;
    int count; /* places taken, the control event included */
    WSAEVENT events[WSA_MAXIMUM_WAIT_EVENTS];
    struct connection *connections[WSA_MAXIMUM_WAIT_EVENTS];
    volatile LONG members;  /* places promised: in use, or on their way here */
    volatile LONG stopping; /* 1: end when the last connection has */
    SRWLOCK lock;           /* guards inbox */
    struct connection *inbox;
    struct group *next;
};

static struct connection *connection_open(SOCKET s);
static void start_recv(struct connection *c);
static void on_recv_complete(struct connection *c, DWORD error, DWORD bytes);
static void start_send(struct connection *c);
static void on_send_complete(struct connection *c, DWORD error, DWORD bytes);
static void on_accept(SOCKET s);
static void hand_over(struct connection *c);
static bool move_to_emptier_group(struct connection *c);
static unsigned __stdcall accept_clients(void *unused);
static unsigned __stdcall run_group(void *data);
static void take_completion(struct connection *c);
static void remove_connection(struct connection *c);
static void connection_close(struct connection *c, const char *call,
                             DWORD error);
static void stop_server(void);

enum { SWEEP_ALL, SWEEP_LOWEST };
static int sweep = SWEEP_ALL;
static long groups_at_most;
static const struct option own_options[] = {
    {"--groups", "N", "groups of 63 connections; 0: as many as needed",
     OPTION_NUMBER, &groups_at_most, 0, 1000},
    {"--sweep", "all|lowest",
     "after a wait, serve all that are signaled or only the lowest",
     OPTION_CHOICE, &sweep, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static SOCKET listener;
static HANDLE acceptor;
static volatile LONG stopping;
static struct group *volatile groups; /* only ever grows, until the end */

enum { GROUP_ROOM = WSA_MAXIMUM_WAIT_EVENTS - 1, GROUP_ENDED = 1000 };

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

    /* Manual-reset: it stays signaled until we reset it, however many waits
     * look at it. */
    c->overlapped.hEvent = WSACreateEvent();
    if (c->overlapped.hEvent == WSA_INVALID_EVENT) {
        connection_close(c, "WSACreateEvent", (DWORD)WSAGetLastError());
        return NULL;
    }
    return c;
}

/* Gives buffer and OVERLAPPED a fresh start before each operation. */
static void prepare(struct connection *c, enum operation operation)
{
    WSAEVENT event = c->overlapped.hEvent;
    WSAResetEvent(event);
    c->overlapped = (WSAOVERLAPPED){.hEvent = event};
    c->operation = operation;
    c->tally.posted++;
}

/* [S4] From here to the completion the buffer belongs to Windows. */
static void start_recv(struct connection *c)
{
    WSABUF buffer = {.len = (ULONG)options.buffer_bytes, .buf = c->buffer};
    DWORD flags = 0;
    if (move_to_emptier_group(c))
        return; /* it receives there */
    prepare(c, RECEIVING);
    if (WSARecv(c->socket, &buffer, 1, NULL, &flags, &c->overlapped, NULL) ==
        SOCKET_ERROR) {
        int error = WSAGetLastError();
        if (error != WSA_IO_PENDING)
            on_recv_complete(c, (DWORD)error, 0); /* no event will be set */
    }
    /* Pending or done already: either way the event says so, and the
     * completion is handled in one place only, where the group waits. */
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
            on_send_complete(c, (DWORD)error, 0); /* no event will be set */
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

/* Returns a new group whose thread is waiting, or NULL with the reason in the
 * last error. */
static struct group *start_group(void)
{
    struct group *group = calloc(1, sizeof *group);
    if (group == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    InitializeSRWLock(&group->lock);
    group->count = 1;
    group->members = 1; /* a place for whom it is started for */
    group->events[0] = WSACreateEvent();
    if (group->events[0] == WSA_INVALID_EVENT) {
        DWORD error = (DWORD)WSAGetLastError();
        free(group);
        SetLastError(error);
        return NULL;
    }
    group->thread = (HANDLE)_beginthreadex(NULL, 0, run_group, group, 0, NULL);
    if (group->thread == NULL) {
        DWORD error = _doserrno;
        WSACloseEvent(group->events[0]);
        free(group);
        SetLastError(error);
        return NULL;
    }
    group->next = groups;
    /* Complete before it can be seen: other groups look for room in it. */
    InterlockedExchangePointer((PVOID volatile *)&groups, group);
    return group;
}

/* Promises one more place in a group, if it has one left. Any thread. */
static bool reserve_place(struct group *group)
{
    LONG seen;
    do {
        seen = group->members;
        if (seen >= GROUP_ROOM)
            return false;
    } while (InterlockedCompareExchange(&group->members, seen + 1, seen) !=
             seen);
    return true;
}

/* Leaves c in the inbox of a group that has promised it a place. From here on
 * it belongs to the thread of that group. */
static void put_into_inbox(struct connection *c, struct group *group)
{
    AcquireSRWLockExclusive(&group->lock);
    c->next = group->inbox;
    group->inbox = c;
    ReleaseSRWLockExclusive(&group->lock);
    WSASetEvent(group->events[0]);
}

/* Gives a new connection to a group; starts one if all are full. */
static void hand_over(struct connection *c)
{
    struct group *group = groups;
    int full_groups = 0;
    while (group != NULL && !reserve_place(group)) {
        group = group->next;
        full_groups++;
    }
    if (group == NULL && groups_at_most > 0 && full_groups >= groups_at_most) {
        report("refused a client: one wait takes %d events, and all groups "
               "(--groups) are full",
               WSA_MAXIMUM_WAIT_EVENTS);
        connection_close(c, NULL, 0);
        return;
    }
    if (group == NULL)
        group = start_group();
    if (group == NULL)
        connection_close(c, "starting a group", GetLastError());
    else
        put_into_inbox(c, group);
}

/* Each group has one thread, so among few one is served sooner than among
 * many. While an operation is in flight its event stands in this group's
 * array, but between two operations a connection is free to go: it does if
 * another group has fewer members, also counting itself. */
static bool move_to_emptier_group(struct connection *c)
{
    for (struct group *group = groups; group != NULL; group = group->next)
        if (group->members + 1 < c->group->members && reserve_place(group)) {
            remove_connection(c);
            put_into_inbox(c, group);
            return true;
        }
    return false;
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

/* Handles the completion of c's operation, if it is over. FALSE: asking does
 * not wait until it is. (Under Wine it makes no request to the wineserver.) */
static void take_completion(struct connection *c)
{
    DWORD error = 0;
    DWORD bytes = 0;
    DWORD flags = 0;
    if (!WSAGetOverlappedResult(c->socket, &c->overlapped, &bytes, FALSE,
                                &flags))
        error = (DWORD)WSAGetLastError();
    if (error == WSA_IO_INCOMPLETE)
        return;
    if (c->operation == RECEIVING)
        on_recv_complete(c, error, bytes);
    else
        on_send_complete(c, error, bytes);
}

/* Asks Windows to end c's operation. It only asks: the completion still comes,
 * perhaps even a successful one, and closes the connection. */
static void cancel(struct connection *c)
{
    c->closing = 1;
    CancelIoEx((HANDLE)c->socket, &c->overlapped);
}

/* The control event: there are new connections, or it is time to stop. The
 * first receive is started here and not by the acceptor because the thread
 * that starts an operation must live until it is over. Returns whether the
 * group is to end. */
static bool on_control(struct group *group)
{
    WSAResetEvent(group->events[0]); /* before looking, or news are missed */
    bool is_stopping = group->stopping != 0;
    AcquireSRWLockExclusive(&group->lock);
    struct connection *c = group->inbox;
    group->inbox = NULL;
    ReleaseSRWLockExclusive(&group->lock);

    for (int place = group->count - 1; is_stopping && place > 0; place--)
        cancel(group->connections[place]);
    while (c != NULL) {
        struct connection *next = c->next;
        c->group = group;
        group->events[group->count] = c->overlapped.hEvent;
        group->connections[group->count] = c;
        group->count++;
        if (is_stopping)
            connection_close(c, NULL, 0); /* it has nothing in flight yet */
        else
            start_recv(c);
        c = next;
    }
    return is_stopping;
}

static void close_idle(struct group *group)
{
    ULONGLONG idle_ms = (ULONGLONG)options.idle_seconds * 1000;
    ULONGLONG now_ms = GetTickCount64();
    for (int place = group->count - 1; place > 0; place--)
        if (now_ms - group->connections[place]->active_ms > idle_ms)
            cancel(group->connections[place]);
}

/* [S7] The wait returns the lowest event that is signaled. Serving only that
 * one, again and again, starves all the others as long as it stays busy: so
 * after each wait all from there upwards are asked once. The sweep runs from
 * the top down because a connection that closes is replaced by the one in the
 * last place, which has then had its turn. */
static unsigned __stdcall run_group(void *data)
{
    struct group *group = data;
    DWORD timeout_ms = options.idle_seconds > 0 ? 250 : WSA_INFINITE;
    bool is_stopping = false;
    /* At the end nobody may be promised a place any more. */
    while (!is_stopping ||
           InterlockedCompareExchange(&group->members, GROUP_ENDED, 0) != 0) {
        DWORD result = WSAWaitForMultipleEvents(
            (DWORD)group->count, group->events, FALSE, timeout_ms, FALSE);
        if (result == WSA_WAIT_FAILED)
            die("WSAWaitForMultipleEvents", (DWORD)WSAGetLastError());
        int lowest = (int)(result - WSA_WAIT_EVENT_0); /* or a time-out: none */
        int highest = sweep == SWEEP_LOWEST ? lowest : group->count - 1;
        if (lowest == 0)
            is_stopping = on_control(group) || is_stopping;
        for (int place = highest; place > 0 && place >= lowest; place--)
            if (place < group->count) /* no time-out, not closed meanwhile */
                take_completion(group->connections[place]);
        if (options.idle_seconds > 0)
            close_idle(group);
    }
    return 0;
}

/* Takes c out of its group, event and all: the wait must not see an event that
 * has been closed. Only the thread of the group gets here. */
static void remove_connection(struct connection *c)
{
    struct group *group = c->group;
    int place = 1;
    if (group == NULL)
        return; /* it never got that far */
    while (group->connections[place] != c)
        place++;
    group->count--;
    group->events[place] = group->events[group->count];
    group->connections[place] = group->connections[group->count];
    InterlockedDecrement(&group->members);
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
    if (c->overlapped.hEvent != WSA_INVALID_EVENT)
        WSACloseEvent(c->overlapped.hEvent);
    report_verbose("connection %ld: closed", c->id);
    ledger_closed(&c->tally);
    free(c);
}

/* [S9] Each group cancels and drains its own operations: nobody else may use
 * its arrays. */
static void stop_server(void)
{
    InterlockedExchange(&stopping, 1);
    closesocket(listener);
    WaitForSingleObject(acceptor, INFINITE);
    CloseHandle(acceptor);

    for (struct group *group = groups; group != NULL; group = group->next) {
        InterlockedExchange(&group->stopping, 1);
        WSASetEvent(group->events[0]);
    }
    for (struct group *group = groups; group != NULL; group = group->next) {
        WaitForSingleObject(group->thread, INFINITE);
        CloseHandle(group->thread);
    }
    while (groups != NULL) { /* not before: they look at each other */
        struct group *group = groups;
        groups = group->next;
        WSACloseEvent(group->events[0]);
        free(group);
    }
}

int main(int argc, char **argv)
{
    server_begin(argc, argv, "03_overlapped_event", own_options);
    /* [S1] Listen. Nobody can connect before, nobody is told before. */
    listener = net_listen(options.host, (unsigned short)options.port);
    acceptor = (HANDLE)_beginthreadex(NULL, 0, accept_clients, NULL, 0, NULL);
    if (acceptor == NULL)
        die("_beginthreadex", _doserrno);
    net_announce(listener);

    WaitForSingleObject(stop_event(), INFINITE);
    stop_server();
    return server_end();
}
