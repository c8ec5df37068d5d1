/* labs.c: what courses say about completion routines, put to the test.
 *
 *   make lab-04                     all of them
 *   make lab-04 CLAIM=4.3           one
 *   make lab-04 ARGS="--predict"    it waits for your prediction first
 *
 * For each claim one function that measures and one that judges. The table at
 * the end says what is claimed; common/claims.md lists all claims of all
 * chapters. */
#include <process.h>
#include <string.h>

#include "lab.h"
#include "net.h"

/* ---- what several labs need ---------------------------------------------- */

static volatile LONG routines; /* how many have run, on whichever thread */

/* One receive. Windows writes into it until its routine runs, or its event is
 * set, or its packet is taken: so all of these are static. */
struct receive {
    WSAOVERLAPPED overlapped;
    char buffer[8];
    DWORD error, bytes; /* what the routine was told */
    LONG turn;          /* it was the first to run, the second, ... */
};

/* The completion routine of all receives here. */
static void CALLBACK on_receive(DWORD error, DWORD bytes,
                                WSAOVERLAPPED *overlapped, DWORD flags)
{
    struct receive *r =
        CONTAINING_RECORD(overlapped, struct receive, overlapped);
    (void)flags;
    r->error = error;
    r->bytes = bytes;
    r->turn = InterlockedIncrement(&routines);
}

/* Starts to receive so many bytes. Returns whether that was done at once. */
static bool start_receive(SOCKET s, struct receive *r, ULONG bytes,
                          LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    WSABUF buf = {bytes, r->buffer};
    DWORD flags = 0;
    if (WSARecv(s, &buf, 1, NULL, &flags, &r->overlapped, routine) == 0)
        return true;
    int error = WSAGetLastError();
    if (error != WSA_IO_PENDING)
        die("WSARecv", (unsigned long)error);
    return false;
}

static void send_text(SOCKET s, const char *text)
{
    int length = (int)strlen(text);
    if (send(s, text, length, 0) != length)
        die("send", (unsigned long)WSAGetLastError());
}

enum { PATIENCE_MS = 5000 }; /* for what must come */

/* Waits until the operation is over, without an alertable wait. */
static bool is_over(const struct receive *r)
{
    for (int i = 0;
         i < PATIENCE_MS / 10 && !HasOverlappedIoCompleted(&r->overlapped); i++)
        Sleep(10);
    return HasOverlappedIoCompleted(&r->overlapped);
}

/* Waits alertably until so many routines have run, within PATIENCE_MS. */
static void run_routines(LONG count)
{
    for (int i = 0; i < PATIENCE_MS / 10 && routines < count; i++)
        SleepEx(10, TRUE);
}

/* Keeps the processor busy, and makes a call now and then. */
static void compute(DWORD milliseconds)
{
    DWORD start = GetTickCount();
    while (GetTickCount() - start < milliseconds)
        continue;
}

static void close_pair(SOCKET pair[2])
{
    closesocket(pair[0]);
    closesocket(pair[1]);
}

static HANDLE start_thread(unsigned(__stdcall *function)(void *), void *data)
{
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, function, data, 0, NULL);
    if (thread == NULL)
        die("_beginthreadex", GetLastError());
    return thread;
}

/* Waits, not alertably, until the thread has ended. */
static void join_thread(HANDLE thread)
{
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

static HANDLE new_event(void)
{
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (event == NULL)
        die("CreateEvent", GetLastError());
    return event;
}

static HANDLE new_port(void)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    if (port == NULL)
        die("CreateIoCompletionPort", GetLastError());
    return port;
}

static VOID CALLBACK count_routine(ULONG_PTR unused)
{
    (void)unused;
    InterlockedIncrement(&routines);
}

static void queue_apc(PAPCFUNC function, HANDLE thread, ULONG_PTR data)
{
    if (!QueueUserAPC(function, thread, data))
        die("QueueUserAPC", GetLastError());
}

/* Queues so many APCs to this thread. */
static void queue_to_myself(int count)
{
    for (int i = 0; i < count; i++)
        queue_apc(count_routine, GetCurrentThread(), 0);
}

/* A thread that waits alertably, and runs whatever is queued for it. */
static unsigned __stdcall wait_alertably(void *unused)
{
    (void)unused;
    SleepEx(50, TRUE);
    return 0;
}

/* ---- 4.1 to 4.5: when a routine runs, and what it is told ------------------ */

/* The operation is over. Which wait lets its routine in? */
static void measure_4_1(struct lab_outcome *o)
{
    static struct receive r;
    SOCKET pair[2];
    lab_pair(pair);
    routines = 0;
    start_receive(pair[0], &r, 1, on_receive);
    send_text(pair[1], "x");
    o->seen[0] = is_over(&r);
    Sleep(20);
    o->seen[1] = routines;
    SleepEx(20, FALSE);
    o->seen[2] = routines;
    join_thread(start_thread(wait_alertably, NULL));
    o->seen[3] = routines;
    SleepEx(20, TRUE);
    o->seen[4] = routines;
    run_routines(1);
    close_pair(pair);
}

static bool holds_4_1(const long seen[])
{
    return seen[1] == 0 && seen[2] == 0 && seen[3] == 0 && seen[4] == 1;
}

/* The byte is there before the call: the receive is done when it returns. */
static void measure_4_2(struct lab_outcome *o)
{
    static struct receive r;
    SOCKET pair[2];
    char byte;
    lab_pair(pair);
    routines = 0;
    send_text(pair[1], "x");
    recv(pair[0], &byte, 1, MSG_PEEK); /* blocks until it is there */
    o->seen[0] = start_receive(pair[0], &r, 1, on_receive);
    o->seen[1] = routines;
    compute(20);
    o->seen[2] = routines;
    SleepEx(0, TRUE);
    o->seen[3] = routines;
    run_routines(1);
    close_pair(pair);
}

static bool holds_4_2(const long seen[])
{
    return seen[1] > 0 || seen[2] > 0;
}

/* One alertable wait runs all that is queued. */
static void measure_4_3(struct lab_outcome *o)
{
    routines = 0;
    queue_to_myself(5);
    DWORD woken_by = SleepEx(1000, TRUE);
    o->seen[0] = routines;
    o->seen[1] = woken_by == WAIT_IO_COMPLETION;
    SleepEx(10, TRUE); /* is any left? */
    o->seen[2] = routines;
}

static bool holds_4_3(const long seen[])
{
    return seen[0] == 5 && seen[1] == 1 && seen[2] == 5;
}

/* First a real event in hEvent, then a pointer that is no handle at all. */
static void measure_4_4(struct lab_outcome *o)
{
    static struct receive r;
    HANDLE event = new_event();
    SOCKET pair[2];
    lab_pair(pair);
    routines = 0;
    r.overlapped.hEvent = event;
    start_receive(pair[0], &r, 1, on_receive);
    send_text(pair[1], "x");
    run_routines(1);
    o->seen[0] = routines;
    o->seen[1] = WaitForSingleObject(event, 0) == WAIT_OBJECT_0;
    r.overlapped.hEvent = (HANDLE)&pair;
    start_receive(pair[0], &r, 1, on_receive);
    send_text(pair[1], "x");
    run_routines(2);
    o->seen[2] = routines;
    o->seen[3] = r.overlapped.hEvent == (HANDLE)&pair;
    close_pair(pair);
    CloseHandle(event);
}

static bool holds_4_4(const long seen[])
{
    return seen[0] == 1 && seen[1] == 0 && seen[2] == 2 && seen[3] == 1;
}

/* Four ends of a receive: bytes, end of stream, reset, cancelled. */
static void measure_4_5(struct lab_outcome *o)
{
    static struct receive data, end, reset, cancelled;
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    SOCKET one[2], two[2];
    lab_pair(one);
    lab_pair(two);
    routines = 0;

    start_receive(one[0], &data, 1, on_receive);
    send_text(one[1], "x");
    run_routines(1);
    start_receive(one[0], &end, 1, on_receive);
    shutdown(one[1], SD_SEND);
    run_routines(2);
    o->seen[0] = data.error == 0 && data.bytes == 1;
    o->seen[1] = end.error == 0 && end.bytes == 0;

    start_receive(two[1], &cancelled, 1, on_receive);
    CancelIoEx((HANDLE)two[1], &cancelled.overlapped);
    run_routines(3);
    start_receive(two[0], &reset, 1, on_receive);
    setsockopt(two[1], SOL_SOCKET, SO_LINGER, (const char *)&at_once,
               sizeof at_once);
    closesocket(two[1]);
    run_routines(4);
    o->seen[2] = (long)reset.error;
    o->seen[3] = (long)cancelled.error;
    o->seen[4] = routines;
    close_pair(one);
    closesocket(two[0]);
}

static bool holds_4_5(const long seen[])
{
    return seen[0] == 1 && seen[1] == 1 && seen[2] != 0 && seen[3] != 0 &&
           seen[4] == 4;
}

/* ---- 4.6 and 4.7: one thread for all, one thread for each ------------------ */

enum { CLIENTS = 6 };

struct accepting {
    SOCKET listener;
    bool in_turn; /* accept, non-blocking, and SleepEx in turn */
    HANDLE accepted;
};

static unsigned __stdcall accept_all(void *data)
{
    struct accepting *a = data;
    for (int count = 0; count < CLIENTS;) {
        SOCKET s = accept(a->listener, NULL, NULL);
        if (s != INVALID_SOCKET) {
            count++;
            SetEvent(a->accepted);
            closesocket(s);
        }
        if (a->in_turn)
            SleepEx(100, TRUE);
    }
    return 0;
}

/* Returns how many milliseconds a client waited for its accept, at least: one
 * that nothing disturbed is enough to show a short wait. Each comes when the
 * last one has been accepted. The first does not count: it may come before the
 * thread has begun. */
static long time_accepts(bool in_turn)
{
    struct accepting a = {net_listen("127.0.0.1", 0), in_turn, new_event()};
    struct sockaddr_in address;
    int length = sizeof address;
    u_long on = in_turn;
    uint64_t shortest_ns = UINT64_MAX;
    getsockname(a.listener, (struct sockaddr *)&address, &length);
    if (ioctlsocket(a.listener, (long)FIONBIO, &on) != 0)
        die("ioctlsocket", (unsigned long)WSAGetLastError());
    HANDLE thread = start_thread(accept_all, &a);
    for (int i = 0; i < CLIENTS; i++) {
        SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
        uint64_t start_ns = clock_ns();
        if (connect(s, (struct sockaddr *)&address, length) != 0)
            die("connect", (unsigned long)WSAGetLastError());
        WaitForSingleObject(a.accepted, INFINITE);
        uint64_t waited_ns = clock_ns() - start_ns;
        if (i > 0 && waited_ns < shortest_ns)
            shortest_ns = waited_ns;
        closesocket(s);
    }
    join_thread(thread);
    closesocket(a.listener);
    CloseHandle(a.accepted);
    return (long)(shortest_ns / 1000000);
}

static bool holds_4_6(const long seen[])
{
    return seen[0] >= 20 && seen[0] >= 5 * seen[1];
}

/* On a busy machine a client may come late, when the 100 ms are nearly over:
 * then all is done again. */
static void measure_4_6(struct lab_outcome *o)
{
    for (int attempt = 0; attempt < 5 && !holds_4_6(o->seen); attempt++) {
        o->seen[0] = time_accepts(true);
        o->seen[1] = time_accepts(false);
    }
}

enum { SOCKETS = 8 };

/* Takes the packets of all receives from a port. */
static unsigned __stdcall take_packets(void *port)
{
    DWORD bytes;
    ULONG_PTR key;
    WSAOVERLAPPED *overlapped;
    while (routines < SOCKETS &&
           GetQueuedCompletionStatus((HANDLE)port, &bytes, &key, &overlapped,
                                     PATIENCE_MS))
        InterlockedIncrement(&routines);
    return 0;
}

/* This thread starts 8 receives, all of which complete. It is busy then: it
 * waits, not alertably, for another thread, which has nothing to do. */
static void measure_4_7(struct lab_outcome *o)
{
    static struct receive r[2 * SOCKETS];
    SOCKET pairs[SOCKETS][2];
    HANDLE port = new_port();
    for (int i = 0; i < SOCKETS; i++)
        lab_pair(pairs[i]);

    routines = 0;
    for (int i = 0; i < SOCKETS; i++) {
        start_receive(pairs[i][0], &r[i], 1, on_receive);
        send_text(pairs[i][1], "x");
        is_over(&r[i]);
    }
    join_thread(start_thread(wait_alertably, NULL));
    o->seen[0] = routines;
    run_routines(SOCKETS);
    o->seen[1] = routines;

    routines = 0;
    for (int i = 0; i < SOCKETS; i++) {
        if (CreateIoCompletionPort((HANDLE)pairs[i][0], port, 0, 0) == NULL)
            die("CreateIoCompletionPort", GetLastError());
        start_receive(pairs[i][0], &r[SOCKETS + i], 1, NULL);
        send_text(pairs[i][1], "x");
    }
    join_thread(start_thread(take_packets, port));
    o->seen[2] = routines;

    for (int i = 0; i < SOCKETS; i++)
        close_pair(pairs[i]);
    CloseHandle(port);
}

static bool holds_4_7(const long seen[])
{
    return seen[0] == 0 && seen[1] == SOCKETS && seen[2] == SOCKETS;
}

/* ---- 4.8: a thread that ends ----------------------------------------------- */

struct issuer {
    SOCKET socket;
    struct receive *receive;
};

static unsigned __stdcall start_and_end(void *data)
{
    struct issuer *issuer = data;
    start_receive(issuer->socket, issuer->receive, 1, NULL);
    return 0;
}

/* A thread starts a receive and ends, and only then a byte is sent: first with
 * an event, then on a socket that belongs to a port. */
static void measure_4_8(struct lab_outcome *o)
{
    static struct receive by_event, by_port;
    SOCKET one[2], two[2];
    DWORD bytes = 0, flags;
    ULONG_PTR key;
    WSAOVERLAPPED *overlapped;
    HANDLE port = new_port();
    lab_pair(one);
    lab_pair(two);

    by_event.overlapped = (WSAOVERLAPPED){.hEvent = new_event()};
    join_thread(
        start_thread(start_and_end, &(struct issuer){one[0], &by_event}));
    send_text(one[1], "x");
    WaitForSingleObject(by_event.overlapped.hEvent, PATIENCE_MS);
    if (!WSAGetOverlappedResult(one[0], &by_event.overlapped, &bytes, FALSE,
                                &flags))
        o->seen[0] = WSAGetLastError();

    if (CreateIoCompletionPort((HANDLE)two[0], port, 0, 0) == NULL)
        die("CreateIoCompletionPort", GetLastError());
    join_thread(
        start_thread(start_and_end, &(struct issuer){two[0], &by_port}));
    send_text(two[1], "x");
    if (GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, PATIENCE_MS))
        o->seen[1] = (long)bytes;

    CloseHandle(by_event.overlapped.hEvent);
    close_pair(one);
    close_pair(two);
    CloseHandle(port);
}

static bool holds_4_8(const long seen[])
{
    return seen[0] == WSA_OPERATION_ABORTED;
}

/* ---- 4.9 to 4.11: what a routine is not ------------------------------------ */

static unsigned __stdcall send_one(void *s)
{
    Sleep(5);
    send_text(*(SOCKET *)s, "x");
    return 0;
}

/* The byte comes while this thread computes. */
static void measure_4_9(struct lab_outcome *o)
{
    static struct receive r;
    SOCKET pair[2];
    lab_pair(pair);
    routines = 0;
    start_receive(pair[0], &r, 1, on_receive);
    HANDLE thread = start_thread(send_one, &pair[1]);
    compute(60);
    o->seen[0] = routines;
    join_thread(thread);
    o->seen[1] = is_over(&r);
    o->seen[2] = routines;
    run_routines(1);
    o->seen[3] = routines;
    close_pair(pair);
}

static bool holds_4_9(const long seen[])
{
    return seen[0] > 0 || seen[2] > 0;
}

/* The loop of a worker, 20 times round, with Sleep. */
static void measure_4_10(struct lab_outcome *o)
{
    static struct receive r;
    SOCKET pair[2];
    lab_pair(pair);
    routines = 0;
    start_receive(pair[0], &r, 1, on_receive);
    send_text(pair[1], "x");
    is_over(&r);
    for (int i = 0; i < 20; i++)
        Sleep(5);
    o->seen[0] = routines;
    run_routines(1);
    o->seen[1] = routines;
    close_pair(pair);
}

static bool holds_4_10(const long seen[])
{
    return seen[0] > 0;
}

enum { HOLD = 1, COUNT, END }; /* completion keys */

static HANDLE held, release;
static volatile bool is_ending;

/* A routine that takes long. */
static VOID CALLBACK hold(ULONG_PTR unused)
{
    (void)unused;
    SetEvent(held);
    WaitForSingleObject(release, INFINITE);
}

static VOID CALLBACK end_worker(ULONG_PTR unused)
{
    (void)unused;
    is_ending = true;
}

static unsigned __stdcall serve_apcs(void *unused)
{
    (void)unused;
    while (!is_ending)
        SleepEx(INFINITE, TRUE);
    return 0;
}

static unsigned __stdcall serve_port(void *port)
{
    DWORD bytes;
    ULONG_PTR key;
    WSAOVERLAPPED *overlapped;
    while (GetQueuedCompletionStatus((HANDLE)port, &bytes, &key, &overlapped,
                                     INFINITE) &&
           key != END)
        if (key == HOLD)
            hold(0);
        else
            count_routine(0);
    return 0;
}

static void post(HANDLE port, ULONG_PTR key)
{
    if (!PostQueuedCompletionStatus(port, 0, key, NULL))
        die("PostQueuedCompletionStatus", GetLastError());
}

/* A thread hands four jobs over, to a worker that is busy with something long.
 * Then the same with a port and two workers, one of which is busy. */
static void measure_4_11(struct lab_outcome *o)
{
    HANDLE port = new_port();
    held = new_event();
    release = new_event();

    routines = 0;
    is_ending = false; /* not in serve_apcs: APCs may run before it does */
    HANDLE worker = start_thread(serve_apcs, NULL);
    queue_apc(hold, worker, 0);
    WaitForSingleObject(held, INFINITE);
    for (int i = 0; i < 4; i++)
        queue_apc(count_routine, worker, 0);
    wait_alertably(NULL); /* this thread could take them over */
    o->seen[0] = routines;
    SetEvent(release);
    queue_apc(end_worker, worker, 0);
    join_thread(worker);
    o->seen[1] = routines;

    routines = 0;
    HANDLE one = start_thread(serve_port, port);
    HANDLE two = start_thread(serve_port, port);
    post(port, HOLD);
    WaitForSingleObject(held, INFINITE);
    for (int i = 0; i < 4; i++)
        post(port, COUNT);
    run_routines(4);
    o->seen[2] = routines;
    SetEvent(release);
    post(port, END);
    post(port, END);
    join_thread(one);
    join_thread(two);
    CloseHandle(port);
    CloseHandle(held);
    CloseHandle(release);
}

static bool holds_4_11(const long seen[])
{
    return seen[0] == seen[2];
}

/* ---- 4.12 to 4.15: order and nesting --------------------------------------- */

enum { ROUNDS = 20 };

/* Two receives of four bytes each in flight on one connection. */
static void measure_4_12(struct lab_outcome *o)
{
    static struct receive first, second;
    SOCKET pair[2];
    lab_pair(pair);
    for (int i = 0; i < ROUNDS; i++) {
        routines = 0;
        start_receive(pair[0], &first, 4, on_receive);
        start_receive(pair[0], &second, 4, on_receive);
        send_text(pair[1], "abcd");
        send_text(pair[1], "efgh");
        run_routines(2);
        o->seen[0] += memcmp(first.buffer, "abcd", 4) == 0 &&
                      memcmp(second.buffer, "efgh", 4) == 0;
        o->seen[1] += first.turn == 1 && second.turn == 2;
    }
    close_pair(pair);
}

static bool holds_4_12(const long seen[])
{
    return seen[0] == ROUNDS;
}

static long ran[5]; /* what the APCs were given, in the order they ran */

static VOID CALLBACK note_order(ULONG_PTR number)
{
    ran[routines++] = (long)number;
}

static void measure_4_13(struct lab_outcome *o)
{
    routines = 0;
    for (ULONG_PTR number = 1; number <= 5; number++)
        queue_apc(note_order, GetCurrentThread(), number);
    SleepEx(10, TRUE);
    for (int i = 0; i < 5; i++)
        o->seen[i] = ran[i];
}

static bool holds_4_13(const long seen[])
{
    for (int i = 0; i < 5; i++)
        if (seen[i] != i + 1)
            return false;
    return true;
}

enum { BYTES = 100, NESTED = 20 };

static SOCKET chain_socket;
static long depth, deepest; /* of routines within routines */

static void enter_routine(void)
{
    if (++depth > deepest)
        deepest = depth;
}

/* Starts the next operation. A routine may do that: the call does not block. */
static void CALLBACK receive_next(DWORD error, DWORD bytes,
                                  WSAOVERLAPPED *overlapped, DWORD flags)
{
    struct receive *r =
        CONTAINING_RECORD(overlapped, struct receive, overlapped);
    (void)flags;
    enter_routine();
    if (InterlockedIncrement(&routines) < BYTES && error == 0 && bytes != 0)
        start_receive(chain_socket, r, 1, receive_next);
    depth--;
}

/* Waits alertably, which no routine should do. */
static VOID CALLBACK wait_inside(ULONG_PTR unused)
{
    (void)unused;
    enter_routine();
    SleepEx(0, TRUE);
    depth--;
}

static void measure_4_14(struct lab_outcome *o)
{
    static struct receive r;
    SOCKET pair[2];
    lab_pair(pair);
    chain_socket = pair[0];
    for (int i = 0; i < BYTES / 10; i++)
        send_text(pair[1], "0123456789");
    Sleep(20);
    routines = 0;
    deepest = 0;
    start_receive(pair[0], &r, 1, receive_next);
    run_routines(BYTES);
    o->seen[0] = routines;
    o->seen[1] = deepest;
    close_pair(pair);

    deepest = 0;
    for (int i = 0; i < NESTED; i++)
        queue_apc(wait_inside, GetCurrentThread(), 0);
    SleepEx(10, TRUE);
    o->seen[2] = NESTED;
    o->seen[3] = deepest;
}

static bool holds_4_14(const long seen[])
{
    return seen[1] > 1;
}

/* Queues itself again, as the routines of a busy connection would if they
 * started its receives. */
static VOID CALLBACK queue_again(ULONG_PTR left)
{
    InterlockedIncrement(&routines);
    if (left > 0)
        queue_apc(queue_again, GetCurrentThread(), left - 1);
}

static void measure_4_15(struct lab_outcome *o)
{
    routines = 0;
    queue_apc(queue_again, GetCurrentThread(), 999);
    SleepEx(0, TRUE);
    o->seen[0] = routines;
    run_routines(1000);
    o->seen[1] = routines;
}

static bool holds_4_15(const long seen[])
{
    return seen[0] == 1;
}

/* ---- 4.16 to 4.19: queues and waits ---------------------------------------- */

static unsigned __stdcall look_first(void *found)
{
    *(LONG *)found = routines; /* its first line: no wait has been made */
    return 0;
}

/* The thread is made suspended, so that it cannot begin before the APC is in
 * its queue. */
static void measure_4_16(struct lab_outcome *o)
{
    LONG found = 0;
    routines = 0;
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, look_first, &found,
                                           CREATE_SUSPENDED, NULL);
    if (thread == NULL)
        die("_beginthreadex", GetLastError());
    queue_apc(count_routine, thread, 0);
    ResumeThread(thread);
    join_thread(thread);
    o->seen[0] = found;
}

static bool holds_4_16(const long seen[])
{
    return seen[0] == 0;
}

static unsigned __stdcall end_at_once(void *unused)
{
    (void)unused;
    return 0;
}

/* The handle of a thread stays valid until it is closed. */
static void measure_4_17(struct lab_outcome *o)
{
    HANDLE thread = start_thread(end_at_once, NULL);
    WaitForSingleObject(thread, INFINITE);
    if (!QueueUserAPC(count_routine, thread, 0))
        o->seen[0] = (long)GetLastError();
    CloseHandle(thread);
}

static bool holds_4_17(const long seen[])
{
    return seen[0] == 0;
}

/* Queues an APC, then waits in one of seven ways. Returns whether it ran. */
static long runs_in(int way, HANDLE event, HANDLE port)
{
    OVERLAPPED_ENTRY entry;
    ULONG taken;
    routines = 0;
    queue_to_myself(1);
    switch (way) {
    case 0:
        SleepEx(0, TRUE);
        break;
    case 1:
        WaitForSingleObjectEx(event, 10, TRUE);
        break;
    case 2:
        WaitForMultipleObjectsEx(1, &event, FALSE, 10, TRUE);
        break;
    case 3:
        WSAWaitForMultipleEvents(1, &event, FALSE, 10, TRUE);
        break;
    case 4:
        SignalObjectAndWait(release, event, 10, TRUE);
        break;
    case 5:
        GetQueuedCompletionStatusEx(port, &entry, 1, &taken, 10, TRUE);
        break;
    default: /* not alertable */
        WaitForSingleObject(event, 10);
        break;
    }
    long ran_in_it = routines;
    run_routines(1);
    return ran_in_it;
}

static void measure_4_18(struct lab_outcome *o)
{
    HANDLE event = new_event(), port = new_port();
    release = new_event();
    o->seen[0] = runs_in(0, event, port);
    for (int way = 1; way < 6; way++)
        o->seen[1] += runs_in(way, event, port);
    o->seen[2] = runs_in(6, event, port);
    CloseHandle(event);
    CloseHandle(release);
    CloseHandle(port);
}

static bool holds_4_18(const long seen[])
{
    return seen[0] == 1 && seen[1] == 0 && seen[2] == 0;
}

/* Nobody ever sets the event. */
static void measure_4_19(struct lab_outcome *o)
{
    HANDLE event = new_event();
    routines = 0;
    queue_to_myself(1);
    o->seen[0] = (long)WaitForSingleObjectEx(event, 1000, TRUE);
    o->seen[1] = WAIT_IO_COMPLETION;
    o->seen[2] = routines;
    CloseHandle(event);
}

static bool holds_4_19(const long seen[])
{
    return seen[0] == WAIT_OBJECT_0 || seen[0] == WAIT_TIMEOUT;
}

/* ---- the claims ------------------------------------------------------------ */

static const struct lab claims[] = {
    {"4.1",
     "A completion routine runs only in an alertable wait of the thread that "
     "issued the operation.",
     "A receive is over. Its thread calls Sleep, then SleepEx(20, FALSE); "
     "another thread calls SleepEx(50, TRUE); at last its own thread calls "
     "SleepEx(20, TRUE). In which of the four does the routine run?",
     "the operation was over: %ld; routines that had run after Sleep: %ld, "
     "after SleepEx with FALSE: %ld, after the other thread's wait: %ld, after "
     "its own: %ld",
     "The routine is queued to the thread that called WSARecv. Only that "
     "thread can run it, and only while it waits alertably.",
     measure_4_1,
     holds_4_1,
     {1, 0, 0, 0, 1},
     {1, 1, 1, 1, 1}},
    {"4.2",
     "Issuing overlapped I/O with a completion routine puts the thread into an "
     "alertable wait.",
     "The byte has arrived already, so WSARecv is done when it returns. Has "
     "the routine run then?",
     "WSARecv was done at once: %ld; routines that had run when it returned: "
     "%ld, 20 ms later: %ld, after SleepEx(0, TRUE): %ld",
     "WSARecv only queues the routine. To wait alertably is a call of its own, "
     "and it is yours to make.",
     measure_4_2,
     holds_4_2,
     {1, 1, 1, 1},
     {1, 0, 0, 1}},
    {"4.3",
     "One alertable wait runs every queued routine, and then returns "
     "WAIT_IO_COMPLETION.",
     "Five APCs are queued to this thread. It calls SleepEx(1000, TRUE) once. "
     "How many of them have run when it returns?",
     "%ld routines had run; it returned WAIT_IO_COMPLETION: %ld; after another "
     "wait %ld had run",
     "The wait empties the thread's APC queue before it returns.",
     measure_4_3,
     holds_4_3,
     {5, 1, 5},
     {1, 1, 2}},
    {"4.4",
     "With a completion routine given, hEvent is ignored and free for one's "
     "own use.",
     "hEvent holds an event; the receive completes. Is the event set? Then "
     "hEvent holds a pointer that is no handle. Does WSARecv still work?",
     "with an event: %ld routine, the event was set: %ld; with a pointer: %ld "
     "routines in all, the pointer was still there: %ld",
     "Windows does not look at hEvent then. Many programs keep a pointer to "
     "their connection in it.",
     measure_4_4,
     holds_4_4,
     {1, 0, 2, 1},
     {1, 1, 1, 0}},
    {"4.5",
     "The routine is told an error, or 0 bytes and no error at the end of the "
     "stream.",
     "A receive ends with a byte, one with the end of the stream, one with a "
     "reset, one because it was cancelled. What is each routine told?",
     "a byte came as no error and 1 byte: %ld; the end came as no error and 0 "
     "bytes: %ld; a reset as error %ld; cancelled as error %ld; %ld routines",
     "Each operation that has started has its routine, however it ends; so "
     "does a cancelled one. Look at the error first, then at the count.",
     measure_4_5,
     holds_4_5,
     {1, 1, 10054, 995, 4},
     {1, 1, 10054, 0, 3}},
    {"4.6",
     "Alternating accept and SleepEx(100, TRUE) slows accepting down.",
     "A thread calls accept, which does not block, and SleepEx(100, TRUE), in "
     "turn. Five clients come, each when the last one has been accepted. How "
     "long does each wait? How long if the thread blocks in accept instead?",
     "in turn with SleepEx: %ld ms at least; blocked in accept: %ld ms",
     "Nothing about a newcomer ends the wait: accept has no completion "
     "routine. Hence a thread that does nothing but accept.",
     measure_4_6,
     holds_4_6,
     {98, 0},
     {1, 1}},
    {"4.7",
     "Only the issuing thread can handle its completions; a port has no such "
     "owner.",
     "A thread starts 8 receives, and is then busy; all 8 complete. Another "
     "thread has nothing to do and waits, first alertably, then at a port. How "
     "many of the 8 can it take in each case?",
     "routines that the other thread ran: %ld; the issuing thread, later: %ld; "
     "packets that the other thread took from the port: %ld",
     "An APC is in the queue of one thread. A packet is in the queue of the "
     "port, and whoever waits there takes it.",
     measure_4_7,
     holds_4_7,
     {0, 8, 8},
     {4, 8, 8}},
    {"4.8",
     "A thread that ends takes its pending I/O with it.",
     "A thread starts a receive and ends; then a byte is sent. How does the "
     "receive end? And on a socket that belongs to a completion port?",
     "error of the receive: %ld; bytes that came through the port: %ld",
     "When a thread ends, what it started is cancelled (995), but not on "
     "files and sockets that belong to a port.",
     measure_4_8,
     holds_4_8,
     {995, 1},
     {0, 1}},
    {"4.9",
     "A completion routine interrupts the program wherever it is.",
     "A byte arrives while the thread computes for 60 ms. Does the routine run "
     "in between?",
     "routines that had run when it had computed: %ld; the operation was over: "
     "%ld, and then %ld had run; after an alertable wait: %ld",
     "The data arrived without the thread. The routine waits in the queue "
     "until the thread says that it may come: nothing is interrupted.",
     measure_4_9,
     holds_4_9,
     {1, 1, 1, 1},
     {0, 1, 0, 1}},
    {"4.10",
     "Sleep in place of SleepEx delays the routines.",
     "A worker's loop calls Sleep(5) where it should call SleepEx(5, TRUE), 20 "
     "times. How many routines have run?",
     "after 20 times Sleep: %ld; after an alertable wait: %ld",
     "They are not late: they never run. Sleep is not alertable, however often "
     "it is called.",
     measure_4_10,
     holds_4_10,
     {1, 1},
     {0, 1}},
    {"4.11",
     "An acceptor thread and an I/O thread together are a completion port.",
     "A worker is busy with one long job. Four short ones are handed over: to "
     "this worker with QueueUserAPC, then to a port with two workers. How many "
     "are done while the one worker is busy?",
     "jobs done meanwhile by APC: %ld, and in the end %ld; by the port: %ld",
     "An APC names its thread when it is queued. At a port the thread that is "
     "free takes the next packet, so nothing waits behind a long job.",
     measure_4_11,
     holds_4_11,
     {4, 4, 4},
     {0, 4, 4}},
    {"4.12",
     "Of two receives in flight on one connection, the one that was started "
     "first is filled first.",
     "Two receives of 4 bytes are in flight; abcd and efgh arrive. Which "
     "buffer gets which? Do the routines run in the same order?",
     "of 20 times the first buffer got the first bytes: %ld; the routines ran "
     "in that order: %ld",
     "Buffers are filled in the order of the calls. Routines may run in any "
     "order (documentation page \"WSARecv function\"): the two together are "
     "the reason to number the receives.",
     measure_4_12,
     holds_4_12,
     {20, 20},
     {12, 12}},
    {"4.13",
     "An APC queue is first in, first out.",
     "APCs are queued with the numbers 1 to 5. In which order do they run?",
     "they ran in the order %ld %ld %ld %ld %ld",
     "The page \"QueueUserAPC function\" says so of APCs that were queued with "
     "that call. Of completion routines no page says it.",
     measure_4_13,
     holds_4_13,
     {1, 2, 3, 4, 5},
     {5, 4, 3, 2, 1}},
    {"4.14",
     "A routine that starts the next operation recurses: the stack grows with "
     "each.",
     "100 routines in a row each start the next receive, which is done at "
     "once. How deep do they nest? And 20 routines that each wait alertably?",
     "%ld routines that started the next receive nested %ld deep; %ld that "
     "waited alertably nested %ld deep",
     "The call only queues the next routine; it runs when this one has "
     "returned. An alertable wait in a routine does nest: never do that. Nor "
     "make a Winsock call that blocks: it may wait alertably (page "
     "\"closesocket function\").",
     measure_4_14,
     holds_4_14,
     {100, 100, 20, 20},
     {100, 1, 20, 20}},
    {"4.15",
     "An alertable wait runs only the routines that were queued when it began.",
     "A routine queues the next one, 1000 in all. How many run in the first "
     "wait?",
     "routines that had run after one wait: %ld; in the end: %ld",
     "What is queued meanwhile is run, too, before the wait returns. One busy "
     "connection can keep a thread in one wait for ever.",
     measure_4_15,
     holds_4_15,
     {1, 1000},
     {1000, 1000}},
    {"4.16",
     "An APC that is queued to a new thread waits for that thread's first "
     "alertable wait.",
     "A thread is made, suspended. An APC is queued to it, and then it goes "
     "on. Its function makes no wait at all. Has the APC run?",
     "routines that had run when the thread's function began: %ld",
     "What is queued before a thread has begun is the first thing that it "
     "runs. So it does not matter whether a worker has begun yet.",
     measure_4_16,
     holds_4_16,
     {0},
     {1}},
    {"4.17",
     "QueueUserAPC cannot fail when the handle of the thread is valid.",
     "A thread has ended; its handle has not been closed yet. An APC is queued "
     "to it. What happens?",
     "QueueUserAPC failed with error %ld (0: it did not)",
     "A thread that ends or has ended takes no APC: ERROR_GEN_FAILURE, 31. "
     "What was to be handed over is still yours: close it.",
     measure_4_17,
     holds_4_17,
     {0},
     {31}},
    {"4.18",
     "SleepEx is the one call in which routines run.",
     "One APC is queued, then the thread waits: in SleepEx, in five other "
     "calls that can be told to be alertable, in WaitForSingleObject. In how "
     "many does the APC run?",
     "it ran in SleepEx: %ld; in %ld of 5 others: WaitForSingleObjectEx, "
     "WaitForMultipleObjectsEx, WSAWaitForMultipleEvents, SignalObjectAndWait, "
     "GetQueuedCompletionStatusEx; in WaitForSingleObject: %ld",
     "Each wait that has an argument \"alertable\" lets them in if that is "
     "TRUE.",
     measure_4_18,
     holds_4_18,
     {1, 0, 0},
     {1, 5, 0}},
    {"4.19",
     "An alertable wait for an event returns when the event is set or the time "
     "is up.",
     "An APC is queued. The thread waits alertably for an event that nobody "
     "ever sets, for 1000 ms. What does the wait return?",
     "it returned %ld; WAIT_IO_COMPLETION is %ld; routines that had run: %ld",
     "It also returns when it has run a routine, and then the event is not set "
     "yet. Look at what it returned, and wait again.",
     measure_4_19,
     holds_4_19,
     {258, 192, 1},
     {192, 192, 1}},
};

int main(int argc, char **argv)
{
    return lab_main(argc, argv, claims, sizeof claims / sizeof claims[0]);
}
