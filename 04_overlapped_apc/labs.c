/* labs.c: what courses say about completion routines, put to the test.
 *
 *   make lab-04                     all; at a terminal it asks what you expect
 *   make lab-04 CLAIM=4.3           one
 *   make lab-04 ARGS=--no-predict   it does not ask
 *
 * A function for each claim measures and says whether it holds. The table at
 * the end says what is claimed. Windows writes into an operation until its
 * routine runs, or its event is set, or its packet is taken: so all of them are
 * static. */
#include <process.h>
#include <string.h>

#include "lab.h"

/* ---- what several labs need ----------------------------------------------- */

static volatile LONG routines; /* how many have run, on whichever thread */

/* What they were told, in the order in which they ran; no lab has more. */
static struct {
    DWORD error, bytes;
    const WSAOVERLAPPED *overlapped;
} told[8];

/* The completion routine of nearly all receives here. */
static void CALLBACK on_receive(DWORD error, DWORD bytes,
                                WSAOVERLAPPED *overlapped, DWORD flags)
{
    LONG i = InterlockedIncrement(&routines) - 1;
    (void)flags;
    told[i].error = error;
    told[i].bytes = bytes;
    told[i].overlapped = overlapped;
}

/* Starts to receive a byte. */
static int start_receive(SOCKET s, struct lab_operation *o)
{
    return lab_receive(s, o, 1, on_receive);
}

/* Waits until the operation is over, without an alertable wait. */
static bool is_over(const struct lab_operation *o)
{
    uint64_t end_ns = clock_in_ms(LAB_SOON_MS);
    while (!HasOverlappedIoCompleted(&o->overlapped) && clock_ns() < end_ns)
        Sleep(10);
    return HasOverlappedIoCompleted(&o->overlapped);
}

/* Starts to receive a byte, and returns when it is here and the operation over:
 * its routine is queued then. */
static bool queue_routine(SOCKET pair[2], struct lab_operation *o)
{
    start_receive(pair[0], o);
    lab_send(pair[1], "x");
    return is_over(o);
}

/* Waits alertably until so many routines have run, but not for ever. */
static void run_routines(LONG count)
{
    uint64_t end_ns = clock_in_ms(LAB_SOON_MS);
    while (routines < count && clock_ns() < end_ns)
        SleepEx(10, TRUE);
}

/* Keeps the processor busy, and makes a call now and then. */
static void compute(DWORD milliseconds)
{
    DWORD start = GetTickCount();
    while (GetTickCount() - start < milliseconds)
        continue;
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

/* Queues so many APCs to a thread. */
static void queue_many(HANDLE thread, int count)
{
    for (int i = 0; i < count; i++)
        queue_apc(count_routine, thread, 0);
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
static bool measure_4_1(long seen[])
{
    static struct lab_operation o;
    SOCKET pair[2];
    lab_pair(pair);
    routines = 0;
    seen[0] = queue_routine(pair, &o);
    Sleep(20);
    seen[1] = routines;
    SleepEx(20, FALSE);
    seen[2] = routines;
    lab_join(lab_start(wait_alertably, NULL));
    seen[3] = routines;
    SleepEx(20, TRUE);
    seen[4] = routines;
    run_routines(1);
    lab_close_pair(pair);
    return seen[1] == 0 && seen[2] == 0 && seen[3] == 0 && seen[4] == 1;
}

/* The byte is there before the call: the receive is done when it returns. */
static bool measure_4_2(long seen[])
{
    static struct lab_operation o;
    SOCKET pair[2];
    lab_pair(pair);
    routines = 0;
    lab_bring(pair, "x");
    seen[0] = start_receive(pair[0], &o) == 0;
    seen[1] = routines;
    compute(20);
    seen[2] = routines;
    SleepEx(0, TRUE);
    seen[3] = routines;
    run_routines(1);
    lab_close_pair(pair);
    return seen[1] > 0 || seen[2] > 0;
}

/* One alertable wait runs all that is queued. */
static bool measure_4_3(long seen[])
{
    routines = 0;
    queue_many(GetCurrentThread(), 5);
    seen[1] = SleepEx(1000, TRUE) == WAIT_IO_COMPLETION;
    seen[0] = routines;
    SleepEx(10, TRUE); /* is any left? */
    seen[2] = routines;
    return seen[0] == 5 && seen[1] == 1 && seen[2] == 5;
}

/* First a real event in hEvent, then a pointer that is no handle at all. */
static bool measure_4_4(long seen[])
{
    static struct lab_operation o;
    HANDLE event = lab_auto_event();
    SOCKET pair[2];
    lab_pair(pair);
    routines = 0;
    o.overlapped.hEvent = event;
    queue_routine(pair, &o);
    run_routines(1);
    seen[0] = routines;
    seen[1] = lab_signaled(event, 0);
    o.overlapped.hEvent = (HANDLE)&pair;
    queue_routine(pair, &o);
    run_routines(2);
    seen[2] = routines;
    seen[3] = o.overlapped.hEvent == (HANDLE)&pair;
    lab_close_pair(pair);
    CloseHandle(event);
    return seen[0] == 1 && seen[1] == 0 && seen[2] == 2 && seen[3] == 1;
}

/* Four ends of a receive: bytes, end of stream, cancelled, reset. */
static bool measure_4_5(long seen[])
{
    static struct lab_operation o[4];
    SOCKET one[2], two[2];
    lab_pair(one);
    lab_pair(two);
    routines = 0;
    queue_routine(one, &o[0]);
    run_routines(1);
    start_receive(one[0], &o[1]);
    shutdown(one[1], SD_SEND);
    run_routines(2);
    start_receive(two[1], &o[2]);
    CancelIoEx((HANDLE)two[1], &o[2].overlapped);
    run_routines(3);
    start_receive(two[0], &o[3]);
    net_close_abortively(two[1]);
    run_routines(4);

    seen[0] = told[0].error == 0 && told[0].bytes == 1;
    seen[1] = told[1].error == 0 && told[1].bytes == 0;
    seen[2] = (long)told[3].error;
    seen[3] = (long)told[2].error;
    seen[4] = routines;
    lab_close_pair(one);
    closesocket(two[0]);
    return seen[0] == 1 && seen[1] == 1 && seen[2] != 0 && seen[3] != 0 &&
           seen[4] == 4;
}

/* ---- 4.6 and 4.7: one thread for all, one thread for each ------------------ */

enum { CLIENTS = 6 };

struct accepting {
    SOCKET listener;
    u_long in_turn; /* 1: accept, non-blocking, and SleepEx in turn */
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
static long time_accepts(u_long in_turn)
{
    struct accepting a = {net_listen("127.0.0.1", 0), in_turn,
                          lab_auto_event()};
    uint64_t shortest_ns = UINT64_MAX;
    if (ioctlsocket(a.listener, (long)FIONBIO, &in_turn) != 0)
        die("ioctlsocket", (unsigned long)WSAGetLastError());
    HANDLE thread = lab_start(accept_all, &a);
    for (int i = 0; i < CLIENTS; i++) {
        uint64_t start_ns = clock_ns();
        SOCKET s = lab_connect(a.listener);
        WaitForSingleObject(a.accepted, INFINITE);
        uint64_t waited_ns = clock_ns() - start_ns;
        if (i > 0 && waited_ns < shortest_ns)
            shortest_ns = waited_ns;
        closesocket(s);
    }
    lab_join(thread);
    closesocket(a.listener);
    CloseHandle(a.accepted);
    return (long)(shortest_ns / 1000000);
}

/* On a busy machine a client may come late, when the 100 ms are nearly over:
 * then all is done again. */
static bool measure_4_6(long seen[])
{
    bool is_slower = false;
    for (int attempt = 0; attempt < 5 && !is_slower; attempt++) {
        seen[0] = time_accepts(1);
        seen[1] = time_accepts(0);
        is_slower = seen[0] >= 20 && seen[0] >= 5 * seen[1];
    }
    return is_slower;
}

enum { SOCKETS = 8 };

/* Takes the packets of all receives from a port. */
static unsigned __stdcall take_packets(void *port)
{
    struct lab_packet packet;
    while (routines < SOCKETS && lab_take(port, LAB_SOON_MS, &packet))
        InterlockedIncrement(&routines);
    return 0;
}

/* This thread starts 8 receives, all of which complete. It is busy then: it
 * waits, not alertably, for another thread, which has nothing to do. */
static bool measure_4_7(long seen[])
{
    static struct lab_operation o[2 * SOCKETS];
    SOCKET pairs[SOCKETS][2];
    HANDLE port = lab_port(0);
    routines = 0;
    for (int i = 0; i < SOCKETS; i++)
        lab_pair(pairs[i]); /* connect and accept may wait alertably */
    for (int i = 0; i < SOCKETS; i++)
        queue_routine(pairs[i], &o[i]);
    lab_join(lab_start(wait_alertably, NULL));
    seen[0] = routines;
    run_routines(SOCKETS);
    seen[1] = routines;

    routines = 0;
    for (int i = 0; i < SOCKETS; i++) {
        lab_associate(pairs[i][0], port, 0);
        lab_receive(pairs[i][0], &o[SOCKETS + i], 1, NULL);
        lab_send(pairs[i][1], "x");
    }
    lab_join(lab_start(take_packets, port));
    seen[2] = routines;

    for (int i = 0; i < SOCKETS; i++)
        lab_close_pair(pairs[i]);
    CloseHandle(port);
    return seen[0] == 0 && seen[1] == SOCKETS && seen[2] == SOCKETS;
}

/* ---- 4.8: a thread that ends ----------------------------------------------- */

struct issuer {
    SOCKET pair[2];
    struct lab_operation o;
};

static unsigned __stdcall start_and_end(void *data)
{
    struct issuer *issuer = data;
    lab_receive(issuer->pair[0], &issuer->o, 1, NULL);
    return 0;
}

/* A thread starts a receive and ends, and only then a byte is sent: first with
 * an event, then on a socket that belongs to a port. */
static bool measure_4_8(long seen[])
{
    static struct issuer by_event, by_port;
    HANDLE event = lab_auto_event(), port = lab_port(0);
    struct lab_packet packet;
    DWORD bytes, flags;

    lab_pair(by_event.pair);
    by_event.o.overlapped.hEvent = event;
    lab_join(lab_start(start_and_end, &by_event));
    lab_send(by_event.pair[1], "x");
    lab_signaled(event, LAB_SOON_MS);
    if (!WSAGetOverlappedResult(by_event.pair[0], &by_event.o.overlapped,
                                &bytes, FALSE, &flags))
        seen[0] = WSAGetLastError();

    lab_pair(by_port.pair);
    lab_associate(by_port.pair[0], port, 0);
    lab_join(lab_start(start_and_end, &by_port));
    lab_send(by_port.pair[1], "x");
    if (lab_take(port, LAB_SOON_MS, &packet) && packet.error == 0)
        seen[1] = (long)packet.bytes;

    lab_close_pair(by_event.pair);
    lab_close_pair(by_port.pair);
    CloseHandle(event);
    CloseHandle(port);
    return seen[0] == WSA_OPERATION_ABORTED;
}

/* ---- 4.9 to 4.11: what a routine is not ------------------------------------ */

static unsigned __stdcall send_one(void *s)
{
    Sleep(5);
    lab_send(*(SOCKET *)s, "x");
    return 0;
}

/* The byte comes while this thread computes. */
static bool measure_4_9(long seen[])
{
    static struct lab_operation o;
    SOCKET pair[2];
    lab_pair(pair);
    routines = 0;
    start_receive(pair[0], &o);
    HANDLE thread = lab_start(send_one, &pair[1]);
    compute(60);
    seen[0] = routines;
    lab_join(thread);
    seen[1] = is_over(&o);
    seen[2] = routines;
    run_routines(1);
    seen[3] = routines;
    lab_close_pair(pair);
    return seen[0] > 0 || seen[2] > 0;
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
    struct lab_packet packet;
    while (lab_take(port, INFINITE, &packet) && packet.key != END)
        if (packet.key == HOLD)
            hold(0);
        else
            count_routine(0);
    return 0;
}

/* A thread hands four jobs over, to a worker that is busy with something long.
 * Then the same with a port and two workers, one of which is busy. */
static bool measure_4_11(long seen[])
{
    HANDLE port = lab_port(0), threads[2];
    held = lab_auto_event();
    release = lab_auto_event();

    routines = 0;
    is_ending = false; /* not in serve_apcs: APCs may run before it does */
    HANDLE worker = lab_start(serve_apcs, NULL);
    queue_apc(hold, worker, 0);
    WaitForSingleObject(held, INFINITE);
    queue_many(worker, 4);
    wait_alertably(NULL); /* this thread could take them over */
    seen[0] = routines;
    SetEvent(release);
    queue_apc(end_worker, worker, 0);
    lab_join(worker);
    seen[1] = routines;

    routines = 0;
    for (int i = 0; i < 2; i++)
        threads[i] = lab_start(serve_port, port);
    lab_post(port, HOLD);
    WaitForSingleObject(held, INFINITE);
    for (int i = 0; i < 4; i++)
        lab_post(port, COUNT);
    run_routines(4);
    seen[2] = routines;
    SetEvent(release);
    for (int i = 0; i < 2; i++)
        lab_post(port, END);
    for (int i = 0; i < 2; i++)
        lab_join(threads[i]);
    CloseHandle(port);
    CloseHandle(held);
    CloseHandle(release);
    return seen[0] == seen[2];
}

/* ---- 4.12 to 4.15: order and nesting --------------------------------------- */

enum { ROUNDS = 20 };

/* Two receives of four bytes each in flight on one connection. */
static bool measure_4_12(long seen[])
{
    static struct lab_operation first, second;
    SOCKET pair[2];
    lab_pair(pair);
    for (int i = 0; i < ROUNDS; i++) {
        routines = 0;
        lab_receive(pair[0], &first, 4, on_receive);
        lab_receive(pair[0], &second, 4, on_receive);
        lab_send(pair[1], "abcd");
        lab_send(pair[1], "efgh");
        run_routines(2);
        seen[0] += memcmp(first.buffer, "abcd", 4) == 0 &&
                   memcmp(second.buffer, "efgh", 4) == 0;
        seen[1] += told[0].overlapped == &first.overlapped &&
                   told[1].overlapped == &second.overlapped;
    }
    lab_close_pair(pair);
    return seen[0] == ROUNDS;
}

static long ran[5]; /* what the APCs were given, in the order they ran */

static VOID CALLBACK note_order(ULONG_PTR number)
{
    ran[routines++] = (long)number;
}

static bool measure_4_13(long seen[])
{
    routines = 0;
    for (ULONG_PTR number = 1; number <= 5; number++)
        queue_apc(note_order, GetCurrentThread(), number);
    SleepEx(10, TRUE);
    bool in_order = true;
    for (int i = 0; i < 5; i++) {
        seen[i] = ran[i];
        in_order = in_order && ran[i] == i + 1;
    }
    return in_order;
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
    struct lab_operation *o =
        CONTAINING_RECORD(overlapped, struct lab_operation, overlapped);
    (void)flags;
    enter_routine();
    if (InterlockedIncrement(&routines) < BYTES && error == 0 && bytes != 0)
        lab_receive(chain_socket, o, 1, receive_next);
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

static bool measure_4_14(long seen[])
{
    static struct lab_operation o;
    SOCKET pair[2];
    lab_pair(pair);
    chain_socket = pair[0];
    for (int i = 0; i < BYTES / 10; i++)
        lab_bring(pair, "0123456789");
    routines = 0;
    deepest = 0;
    lab_receive(pair[0], &o, 1, receive_next);
    run_routines(BYTES);
    seen[0] = routines;
    seen[1] = deepest;
    lab_close_pair(pair);

    deepest = 0;
    for (int i = 0; i < NESTED; i++)
        queue_apc(wait_inside, GetCurrentThread(), 0);
    SleepEx(10, TRUE);
    seen[2] = NESTED;
    seen[3] = deepest;
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

static bool measure_4_15(long seen[])
{
    routines = 0;
    queue_apc(queue_again, GetCurrentThread(), 999);
    SleepEx(0, TRUE);
    seen[0] = routines;
    run_routines(1000);
    seen[1] = routines;
    return seen[0] == 1;
}

/* ---- 4.16 to 4.19: queues and waits ---------------------------------------- */

static unsigned __stdcall look_first(void *unused)
{
    (void)unused;
    return (unsigned)routines; /* its first line: no wait has been made */
}

/* The thread is made suspended, so that it cannot begin before the APC is in
 * its queue. */
static bool measure_4_16(long seen[])
{
    routines = 0;
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, look_first, NULL,
                                           CREATE_SUSPENDED, NULL);
    if (thread == NULL)
        die("_beginthreadex", GetLastError());
    queue_many(thread, 1);
    ResumeThread(thread);
    seen[0] = (long)lab_join(thread);
    return seen[0] == 0;
}

static unsigned __stdcall end_at_once(void *unused)
{
    (void)unused;
    return 0;
}

/* The handle of a thread stays valid until it is closed. */
static bool measure_4_17(long seen[])
{
    HANDLE thread = lab_start(end_at_once, NULL);
    WaitForSingleObject(thread, INFINITE);
    if (!QueueUserAPC(count_routine, thread, 0))
        seen[0] = (long)GetLastError();
    CloseHandle(thread);
    return seen[0] == 0;
}

/* Queues an APC, then waits in one of seven ways. Returns whether it ran. */
static long runs_in(int way, HANDLE event, HANDLE port)
{
    OVERLAPPED_ENTRY entry;
    ULONG taken;
    routines = 0;
    queue_many(GetCurrentThread(), 1);
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

static bool measure_4_18(long seen[])
{
    HANDLE event = lab_auto_event(), port = lab_port(0);
    release = lab_auto_event();
    seen[0] = runs_in(0, event, port);
    for (int way = 1; way < 6; way++)
        seen[1] += runs_in(way, event, port);
    seen[2] = runs_in(6, event, port);
    CloseHandle(event);
    CloseHandle(release);
    CloseHandle(port);
    return seen[0] == 1 && seen[1] == 0 && seen[2] == 0;
}

/* Nobody ever sets the event. */
static bool measure_4_19(long seen[])
{
    HANDLE event = lab_auto_event();
    routines = 0;
    queue_many(GetCurrentThread(), 1);
    seen[0] = (long)WaitForSingleObjectEx(event, 1000, TRUE);
    seen[1] = WAIT_IO_COMPLETION;
    seen[2] = routines;
    CloseHandle(event);
    return seen[0] == WAIT_OBJECT_0 || seen[0] == WAIT_TIMEOUT;
}

/* ---- the claims ------------------------------------------------------------ */

static const struct lab claims[] = {
    {"4.1", HOLDS, HOLDS, 3, measure_4_1,
     "A completion routine runs only in an alertable wait of the thread that "
     "issued the operation.",
     "A receive is over. Its thread calls Sleep, then SleepEx(20, FALSE); "
     "another thread calls SleepEx(50, TRUE); at last its own thread calls "
     "SleepEx(20, TRUE). How many routines have run before that last call?",
     "the operation was over: %s; routines that had run after Sleep: %ld, "
     "after SleepEx with FALSE: %ld, after the other thread's wait: %ld, after "
     "its own: %ld",
     "The routine is queued to the thread that called WSARecv. Only that "
     "thread can run it, and only while it waits alertably. A loop with Sleep "
     "in place of SleepEx does not delay its routines: they never run.",
     "QueueUserAPC function; WSARecv function; SleepEx function"},
    {"4.2", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_4_2,
     "Issuing overlapped I/O with a completion routine puts the thread into an "
     "alertable wait.",
     "The byte has arrived already, so WSARecv is done when it returns. How "
     "many routines have run then?",
     "WSARecv was done at once: %s; routines that had run when it returned: "
     "%ld, 20 ms later: %ld, after SleepEx(0, TRUE): %ld",
     "WSARecv only queues the routine. To wait alertably is a call of its own, "
     "and it is yours to make.",
     "WSARecv function"},
    {"4.3", HOLDS, HOLDS, 0, measure_4_3,
     "One alertable wait runs every queued routine, and then returns "
     "WAIT_IO_COMPLETION.",
     "Five APCs are queued to this thread. It calls SleepEx(1000, TRUE) once. "
     "How many of them have run when it returns?",
     "%ld routines had run; it returned WAIT_IO_COMPLETION: %s; after another "
     "wait %ld had run",
     "The wait empties the thread's APC queue before it returns.",
     "QueueUserAPC function"},
    {"4.4", HOLDS, HOLDS, 1, measure_4_4,
     "With a completion routine given, hEvent is ignored and free for one's "
     "own use.",
     "hEvent holds a pointer that is no handle: WSARecv works. Then it holds "
     "an event, and the receive completes. Is the event set?",
     "with an event: %ld routine, the event was set: %s; with a pointer: %ld "
     "routines in all, the pointer was still there: %s",
     "Windows does not look at hEvent then. Many programs keep a pointer to "
     "their connection in it.",
     "WSARecv function"},
    {"4.5", HOLDS, HOLDS, 4, measure_4_5,
     "The routine is told an error, or 0 bytes and no error at the end of the "
     "stream.",
     "A receive ends with a byte, one with the end of the stream, one with a "
     "reset, one because it was cancelled. What is each routine told? How many "
     "routines run?",
     "a byte came as no error and 1 byte: %s; the end came as no error and 0 "
     "bytes: %s; a reset as error %ld; cancelled as error %ld; %ld routines",
     "Each operation that has started has its routine, however it ends; so "
     "does a cancelled one. Look at the error first, then at the count.",
     "WSARecv function; LPWSAOVERLAPPED_COMPLETION_ROUTINE callback function"},
    {"4.6", HOLDS, HOLDS, THE_VERDICT, measure_4_6,
     "Alternating accept and SleepEx(100, TRUE) slows accepting down.",
     "A thread calls accept, which does not block, and SleepEx(100, TRUE), in "
     "turn. Five clients come, each when the last one has been accepted. How "
     "long does each wait? How long if the thread blocks in accept instead?",
     "in turn with SleepEx: %ld ms at least; blocked in accept: %ld ms",
     "Nothing about a newcomer ends the wait: accept has no completion "
     "routine. Hence a thread that does nothing but accept.",
     "SleepEx function (what ends it)"},
    {"4.7", HOLDS, HOLDS, 0, measure_4_7,
     "Only the issuing thread can handle its completions; a port has no such "
     "owner.",
     "A thread starts 8 receives, and is then busy; all 8 complete. Another "
     "thread has nothing to do and waits, first at a port, then alertably. How "
     "many of the 8 routines does it run?",
     "routines that the other thread ran: %ld; the issuing thread, later: %ld; "
     "packets that the other thread took from the port: %ld",
     "An APC is in the queue of one thread. A packet is in the queue of the "
     "port, and whoever waits there takes it.",
     "QueueUserAPC function; I/O Completion Ports"},
    {"4.8", HOLDS, HOLDS, 1, measure_4_8,
     "A thread that ends takes its pending I/O with it.",
     "A thread starts a receive and ends; then a byte is sent. It does so "
     "twice, the second time on a socket that belongs to a completion port. "
     "How many bytes come through the port?",
     "error of the receive: %ld; bytes that came through the port: %ld",
     "When a thread ends, what it started is cancelled (995), but not on files "
     "and sockets that belong to a port: there the operation belongs to the "
     "port, and its packet comes.",
     "ExitThread function; MicrosoftDocs/sdk-api, pull request 1137"},
    {"4.9", DOES_NOT_HOLD, DOES_NOT_HOLD, 0, measure_4_9,
     "A completion routine interrupts the program wherever it is.",
     "A byte arrives while the thread computes for 60 ms. How many routines "
     "have run when it has computed?",
     "routines that had run when it had computed: %ld; the operation was over: "
     "%s, and then %ld had run; after an alertable wait: %ld",
     "The data arrived without the thread. The routine waits in the queue "
     "until the thread says that it may come: nothing is interrupted. (A "
     "special user APC does interrupt; one asks for it with QueueUserAPC2.)",
     "Asynchronous Procedure Calls; QueueUserAPC2 function"},
    {"4.11", DOES_NOT_HOLD, DOES_NOT_HOLD, 0, measure_4_11,
     "An acceptor thread and an I/O thread together are a completion port.",
     "A worker is busy with one long job. Four short ones are handed over: to "
     "a port with two workers, then to this worker with QueueUserAPC. How many "
     "does it do while it is busy?",
     "jobs done meanwhile by APC: %ld, and in the end %ld; by the port: %ld",
     "An APC names its thread when it is queued. At a port the thread that is "
     "free takes the next packet, so nothing waits behind a long job.",
     "QueueUserAPC function; I/O Completion Ports"},
    {"4.12", HOLDS, HOLDS, THE_VERDICT, measure_4_12,
     "Of two receives in flight on one connection, the one that was started "
     "first is filled first.",
     "Two receives of 4 bytes are in flight; abcd and efgh arrive. Which "
     "buffer gets which? Do the routines run in the same order?",
     "of 20 times the first buffer got the first bytes: %ld; the routines ran "
     "in that order: %ld",
     "Buffers are filled in the order of the calls. Routines may run in any "
     "order: the two together are the reason to number the receives.",
     "WSARecv function"},
    {"4.13", HOLDS, HOLDS, THE_VERDICT, measure_4_13,
     "An APC queue is first in, first out.",
     "APCs are queued with the numbers 1 to 5. In which order do they run?",
     "they ran in the order %ld %ld %ld %ld %ld",
     "Documented for APCs that were queued with QueueUserAPC. Of completion "
     "routines no page says it.",
     "QueueUserAPC function; WSARecv function"},
    {"4.14", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_4_14,
     "A routine that starts the next operation recurses: the stack grows with "
     "each.",
     "20 routines that each wait alertably nest. 100 routines in a row each "
     "start the next receive, which is done at once. How deep do these nest?",
     "%ld routines that started the next receive nested %ld deep; %ld that "
     "waited alertably nested %ld deep",
     "The call only queues the next routine; it runs when this one has "
     "returned. An alertable wait in a routine does nest: never do that. Nor "
     "make a Winsock call that blocks: it may wait alertably.",
     "WSARecv function; QueueUserAPC function; closesocket function"},
    {"4.15", DOES_NOT_HOLD, DOES_NOT_HOLD, 0, measure_4_15,
     "An alertable wait runs only the routines that were queued when it began.",
     "A routine queues the next one, 1000 in all. How many run in the first "
     "wait?",
     "routines that had run after one wait: %ld; in the end: %ld",
     "What is queued meanwhile is run, too, before the wait returns. One busy "
     "connection can keep a thread in one wait for ever.",
     "QueueUserAPC function (after one, all that are in the queue)"},
    {"4.16", DOES_NOT_HOLD, DOES_NOT_HOLD, 0, measure_4_16,
     "An APC that is queued to a new thread waits for that thread's first "
     "alertable wait.",
     "A thread is made, suspended. An APC is queued to it, and then it goes "
     "on. Its function makes no wait at all. How many APCs have run when it "
     "begins?",
     "routines that had run when the thread's function began: %ld",
     "What is queued before a thread has begun is the first thing that it "
     "runs. Nothing is lost, but a worker must look at what it left before "
     "its first wait.",
     "QueueUserAPC function"},
    {"4.17", DOES_NOT_HOLD, DOES_NOT_HOLD, THE_VERDICT, measure_4_17,
     "QueueUserAPC cannot fail when the handle of the thread is valid.",
     "A thread has ended; its handle has not been closed yet. An APC is queued "
     "to it. What happens?",
     "QueueUserAPC failed with error %ld (0: it did not)",
     "A thread that ends or has ended takes no APC: ERROR_GEN_FAILURE, 31. "
     "What was to be handed over is still yours: close it.",
     "QueueUserAPC function"},
    {"4.18", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_4_18,
     "SleepEx is the one call in which routines run.",
     "One APC is queued, then the thread waits: in SleepEx, in five other "
     "calls that can be told to be alertable, in WaitForSingleObject. In how "
     "many of the five does the APC run?",
     "it ran in SleepEx: %s; in %ld of 5 others: WaitForSingleObjectEx, "
     "WaitForMultipleObjectsEx, WSAWaitForMultipleEvents, SignalObjectAndWait, "
     "GetQueuedCompletionStatusEx; in WaitForSingleObject: %s",
     "Each wait that has an argument \"alertable\" lets them in if that is "
     "TRUE.",
     "QueueUserAPC function; WSAWaitForMultipleEvents function; "
     "GetQueuedCompletionStatusEx function"},
    {"4.19", DOES_NOT_HOLD, DOES_NOT_HOLD, THE_VERDICT, measure_4_19,
     "An alertable wait for an event returns when the event is set or the time "
     "is up.",
     "An APC is queued. The thread waits alertably for an event that nobody "
     "ever sets, for 1000 ms. What does the wait return?",
     "it returned %ld; WAIT_IO_COMPLETION is %ld; routines that had run: %ld",
     "It also returns when it has run a routine, and then the event is not set "
     "yet. Look at what it returned, and wait again.",
     "WSAWaitForMultipleEvents function"},
};

int main(int argc, char **argv)
{
    return lab_main(argc, argv, "04 Overlapped I/O with completion routines",
                    claims, sizeof claims / sizeof claims[0]);
}
