/* labs.c: what courses say about completion ports, put to the test.
 *
 *   make lab-05                     all of them
 *   make lab-05 CLAIM=5.3           one
 *   make lab-05 ARGS="--predict"    it waits for your prediction first
 *
 * For each claim one function that measures and one that judges. The table at
 * the end says what is claimed; common/claims.md lists all claims of all
 * chapters. */
#include "lab.h"

#include <process.h>
#include <stdlib.h>
#include <string.h>

#include "acceptor.h"
#include "net.h"

/* ---- what several labs use ------------------------------------------------ */

static HANDLE new_port(DWORD concurrency)
{
    HANDLE port =
        CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, concurrency);
    if (port == NULL)
        die("CreateIoCompletionPort", GetLastError());
    return port;
}

static void associate(SOCKET s, HANDLE port, ULONG_PTR key)
{
    if (CreateIoCompletionPort((HANDLE)s, port, key, 0) == NULL)
        die("CreateIoCompletionPort", GetLastError());
}

static void post(HANDLE port, ULONG_PTR key)
{
    if (!PostQueuedCompletionStatus(port, 0, key, NULL))
        die("PostQueuedCompletionStatus", GetLastError());
}

/* A packet as it came out of a port. */
struct packet {
    DWORD error; /* of the operation; 0: it succeeded */
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
};

/* How long to wait for what must come; a busy machine may be slow. */
enum { PATIENCE_MS = 5000 };

/* Takes one packet. False: none came in that time. */
static bool take(HANDLE port, DWORD timeout_ms, struct packet *packet)
{
    *packet = (struct packet){0};
    BOOL ok = GetQueuedCompletionStatus(port, &packet->bytes, &packet->key,
                                        &packet->overlapped, timeout_ms);
    packet->error = ok ? 0 : GetLastError();
    return ok || packet->overlapped != NULL;
}

/* Starts a receive. False: it was done at once. */
static bool recv_pends(SOCKET s, void *buffer, ULONG bytes, OVERLAPPED *o)
{
    WSABUF buf = {bytes, buffer};
    DWORD flags = 0;
    *o = (OVERLAPPED){0};
    if (WSARecv(s, &buf, 1, NULL, &flags, o, NULL) == 0)
        return false;
    if (WSAGetLastError() != WSA_IO_PENDING)
        die("WSARecv", (unsigned long)WSAGetLastError());
    return true;
}

static bool send_pends(SOCKET s, void *buffer, ULONG bytes, OVERLAPPED *o)
{
    WSABUF buf = {bytes, buffer};
    *o = (OVERLAPPED){0};
    if (WSASend(s, &buf, 1, NULL, 0, o, NULL) == 0)
        return false;
    if (WSAGetLastError() != WSA_IO_PENDING)
        die("WSASend", (unsigned long)WSAGetLastError());
    return true;
}

static void send_text(SOCKET s, const char *text)
{
    int length = (int)strlen(text);
    if (send(s, text, length, 0) != length)
        die("send", (unsigned long)WSAGetLastError());
}

static void close_pair(SOCKET pair[2])
{
    closesocket(pair[0]);
    closesocket(pair[1]);
}

static HANDLE start_thread(unsigned(__stdcall *run)(void *), void *data)
{
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, run, data, 0, NULL);
    if (thread == NULL)
        die("_beginthreadex", GetLastError());
    return thread;
}

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

static long processors(void)
{
    DWORD count = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
    return count > 0 ? (long)count : lab_processors();
}

enum { KEY_WORK = 1, KEY_END = 2 };

static const char ignores_concurrency[] =
    "this Wine ignores the concurrency value and lets all threads run; what "
    "Windows does is documented on the page \"I/O Completion Ports\"";
static const char wakes_fifo[] =
    "this Wine wakes the threads of a port first in, first out; Windows "
    "releases the last one first (page \"I/O Completion Ports\"), and Wine 10 "
    "does so, too";

/* ---- the order of packets ------------------------------------------------- */

/* Five packets go in; in which order do they come out? */
static void measure_5_1(struct lab_outcome *o)
{
    HANDLE port = new_port(0);
    for (ULONG_PTR key = 1; key <= 5; key++)
        post(port, key);
    struct packet packet;
    for (int i = 0; i < 5; i++)
        if (take(port, PATIENCE_MS, &packet))
            o->seen[i] = (long)packet.key;
    CloseHandle(port);
}

static bool holds_5_1(const long seen[])
{
    return seen[0] == 1 && seen[1] == 2 && seen[2] == 3 && seen[3] == 4 &&
           seen[4] == 5;
}

/* The urgent packet is posted by a thread of the highest priority. */
static void measure_5_2(struct lab_outcome *o)
{
    enum { URGENT = 99, OTHERS = 20 };
    HANDLE port = new_port(0);
    for (int i = 0; i < OTHERS; i++)
        post(port, KEY_WORK);
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_HIGHEST);
    post(port, URGENT);
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_NORMAL);
    struct packet packet;
    while (take(port, PATIENCE_MS, &packet) && packet.key != URGENT)
        o->seen[0]++;
    CloseHandle(port);
}

static bool holds_5_2(const long seen[])
{
    return seen[0] == 0;
}

/* ---- the order of threads ------------------------------------------------- */

enum { WAITERS = 4 };

struct waiter {
    HANDLE port;
    HANDLE took; /* it has taken a packet, or is about to wait */
    volatile LONG *last;
    LONG number;
    volatile LONG count; /* packets it has taken */
};

static unsigned __stdcall wait_for_packets(void *data)
{
    struct waiter *me = data;
    SetEvent(me->took);
    for (;;) {
        struct packet packet;
        take(me->port, INFINITE, &packet);
        if (packet.key == KEY_END)
            return 0;
        me->count++;
        *me->last = me->number;
        SetEvent(me->took);
        if (packet.key != KEY_WORK) /* takes one only */
            return 0;
    }
}

/* Threads 1 to 4 wait, one after the other; then so many packets come, each
 * only when the one before has been taken. order[i]: who took the i-th. */
static void watch_waiters(struct waiter waiters[], int packets, ULONG_PTR key,
                          LONG order[])
{
    HANDLE port = new_port(0), took = new_event(), threads[WAITERS];
    volatile LONG last = 0;
    for (LONG i = 0; i < WAITERS; i++) {
        waiters[i] = (struct waiter){port, took, &last, i + 1, 0};
        threads[i] = start_thread(wait_for_packets, &waiters[i]);
        WaitForSingleObject(took, INFINITE);
        Sleep(20); /* by now it waits */
    }
    for (int i = 0; i < packets; i++) {
        post(port, key);
        WaitForSingleObject(took, INFINITE);
        order[i] = last;
        Sleep(5); /* by now it waits again */
    }
    for (int i = 0; i < WAITERS; i++)
        post(port, KEY_END);
    for (int i = 0; i < WAITERS; i++)
        join_thread(threads[i]);
    CloseHandle(took);
    CloseHandle(port);
}

static bool is_descending(const long seen[])
{
    return seen[0] == 4 && seen[1] == 3 && seen[2] == 2 && seen[3] == 1;
}

/* Each thread takes one packet. On a busy machine a thread may have come to
 * its wait too late: an order that is neither is looked at again. */
static void measure_5_3(struct lab_outcome *o)
{
    enum { ONE_EACH = 3 };
    bool is_ascending = false;
    for (int attempt = 0; attempt < 5; attempt++) {
        struct waiter waiters[WAITERS];
        LONG order[WAITERS];
        watch_waiters(waiters, WAITERS, ONE_EACH, order);
        for (int i = 0; i < WAITERS; i++)
            o->seen[i] = order[i];
        is_ascending = order[0] == 1 && order[1] == 2 && order[2] == 3;
        if (is_descending(o->seen) || is_ascending)
            break;
    }
    if (lab_wine() != 0 && !is_descending(o->seen))
        o->not_here = wakes_fifo;
}

static bool holds_5_3(const long seen[])
{
    return is_descending(seen);
}

/* Four threads wait, and there is little to do: who does it? */
static void measure_5_21(struct lab_outcome *o)
{
    enum { PACKETS = 20 };
    struct waiter waiters[WAITERS];
    LONG order[PACKETS];
    watch_waiters(waiters, PACKETS, KEY_WORK, order);
    for (int i = 0; i < WAITERS; i++) {
        if (waiters[i].count > o->seen[0])
            o->seen[0] = waiters[i].count;
        o->seen[1] += waiters[i].count > 0;
    }
    if (lab_wine() != 0 && o->seen[0] < PACKETS / 2)
        o->not_here = wakes_fifo;
}

static bool holds_5_21(const long seen[])
{
    return seen[0] >= 10;
}

/* ---- how many run --------------------------------------------------------- */

enum work { SPIN, BLOCK, COMPUTE };

/* Threads that take packets from one port, and how many were at work at once. */
struct team {
    HANDLE port;
    enum work work;
    LONG enough; /* SPIN: until so many are at work, or time is up */
    volatile LONG at_work, most;
    volatile LONG left; /* packets that are not done yet */
    HANDLE all_done;
};

static void do_work(struct team *team)
{
    /* Under Wine more come, if late on a busy machine: no need to be quick. */
    uint64_t end_ns = clock_ns() + (lab_wine() != 0 ? 1000000000 : 60000000);
    if (team->work == BLOCK)
        Sleep(80);
    else if (team->work == COMPUTE)
        for (volatile unsigned i = 0; i < 300000; i++)
            continue;
    else
        while (team->most < team->enough && clock_ns() < end_ns)
            YieldProcessor();
}

static void note_the_most(volatile LONG *most, LONG now)
{
    LONG seen = *most;
    while (now > seen) {
        LONG before = InterlockedCompareExchange(most, now, seen);
        if (before == seen)
            return;
        seen = before;
    }
}

static unsigned __stdcall work_in_team(void *data)
{
    struct team *team = data;
    struct packet packet;
    while (take(team->port, INFINITE, &packet) && packet.key == KEY_WORK) {
        note_the_most(&team->most, InterlockedIncrement(&team->at_work));
        do_work(team);
        InterlockedDecrement(&team->at_work);
        if (InterlockedDecrement(&team->left) == 0)
            SetEvent(team->all_done);
    }
    return 0;
}

/* So many workers do the work of so many packets. Returns how long it took. */
static long run_team(struct team *team, DWORD concurrency, long workers,
                     long packets)
{
    HANDLE *threads = calloc((size_t)workers, sizeof *threads);
    if (threads == NULL)
        die("calloc", ERROR_NOT_ENOUGH_MEMORY);
    team->port = new_port(concurrency);
    team->left = (LONG)packets;
    team->all_done = new_event();
    for (long i = 0; i < workers; i++)
        threads[i] = start_thread(work_in_team, team);
    Sleep(20);
    uint64_t begin_ns = clock_ns();
    for (long i = 0; i < packets; i++)
        post(team->port, KEY_WORK);
    WaitForSingleObject(team->all_done, INFINITE);
    long ms = (long)((clock_ns() - begin_ns) / 1000000);
    for (long i = 0; i < workers; i++)
        post(team->port, KEY_END);
    for (long i = 0; i < workers; i++)
        join_thread(threads[i]);
    CloseHandle(team->all_done);
    CloseHandle(team->port);
    free(threads);
    return ms;
}

/* The value is 1. Four handlers that only compute, then four that block. */
static void measure_5_4(struct lab_outcome *o)
{
    struct team busy = {.work = SPIN, .enough = 2};
    run_team(&busy, 1, 4, 4);
    o->seen[0] = busy.most;
    struct team blocked = {.work = BLOCK};
    run_team(&blocked, 1, 4, 4);
    o->seen[1] = blocked.most;
    if (lab_wine() != 0 && busy.most > 1)
        o->not_here = ignores_concurrency;
}

static bool holds_5_4(const long seen[])
{
    return seen[0] == 1 && seen[1] > 1;
}

/* The value is 0, and there are two workers and packets more than processors. */
static void measure_5_5(struct lab_outcome *o)
{
    long count = processors();
    struct team team = {.work = SPIN, .enough = (LONG)count + 1};
    run_team(&team, 0, count + 2, count + 2);
    o->seen[0] = count;
    o->seen[1] = team.most;
    if (lab_wine() != 0 && team.most > count)
        o->not_here = ignores_concurrency;
}

static bool holds_5_5(const long seen[])
{
    return seen[0] == seen[1];
}

/* Blocking handlers: eight times as many must not be much better than twice. */
static bool holds_5_6(const long seen[])
{
    return seen[2] * 5 > seen[1] * 4;
}

/* The same packets for once, twice and eight times as many workers. On a busy
 * machine a difference may be lost: then it is looked at again. */
static void measure_5_6(struct lab_outcome *o)
{
    long count = processors(), times[] = {1, 2, 8};
    for (int attempt = 0; attempt < 3; attempt++) {
        for (int i = 0; i < 3; i++) {
            struct team blocked = {.work = BLOCK}, busy = {.work = COMPUTE};
            o->seen[i] = run_team(&blocked, 0, times[i] * count, 8 * count);
            o->seen[3 + i] = run_team(&busy, 0, times[i] * count, 8 * count);
        }
        if (!holds_5_6(o->seen))
            return;
    }
}

struct pause {
    HANDLE port, go_on, arrived;
    volatile LONG went_on; /* 1: the thread that had blocked runs again */
};

/* The first to come blocks and goes on; the second spins until it has. */
static unsigned __stdcall block_or_spin(void *data)
{
    enum { BLOCKS = 1 };
    struct pause *pause = data;
    struct packet packet;
    take(pause->port, INFINITE, &packet);
    SetEvent(pause->arrived);
    if (packet.key == BLOCKS) {
        WaitForSingleObject(pause->go_on, INFINITE);
        pause->went_on = 1;
        return 0;
    }
    uint64_t end_ns = clock_ns() + 500000000;
    while (pause->went_on == 0 && clock_ns() < end_ns)
        YieldProcessor();
    return pause->went_on == 1 ? 1 : 0; /* both ran at once */
}

/* The value is 1. Thread A blocks, so thread B gets a packet and computes. Now
 * A is woken: does it have to wait until B is done? */
static void measure_5_16(struct lab_outcome *o)
{
    struct team limit = {.work = SPIN, .enough = 2};
    run_team(&limit, 1, 4, 4);
    if (lab_wine() != 0 && limit.most > 1) {
        o->not_here = ignores_concurrency;
        return;
    }
    struct pause pause = {new_port(1), new_event(), new_event(), 0};
    HANDLE threads[2];
    long both = 0;
    for (int i = 0; i < 2; i++)
        threads[i] = start_thread(block_or_spin, &pause);
    for (ULONG_PTR key = 1; key <= 2; key++) {
        post(pause.port, key);
        WaitForSingleObject(pause.arrived, INFINITE);
        Sleep(20); /* by now it blocks, or spins */
    }
    SetEvent(pause.go_on);
    for (int i = 0; i < 2; i++) {
        DWORD status = 0;
        WaitForSingleObject(threads[i], INFINITE);
        GetExitCodeThread(threads[i], &status);
        both += (long)status;
        CloseHandle(threads[i]);
    }
    o->seen[0] = 1 + both;
    CloseHandle(pause.arrived);
    CloseHandle(pause.go_on);
    CloseHandle(pause.port);
}

static bool holds_5_16(const long seen[])
{
    return seen[0] <= 1;
}

/* ---- taking packets ------------------------------------------------------- */

static ULONG take_many(HANDLE port, ULONG at_most, DWORD timeout_ms)
{
    OVERLAPPED_ENTRY entries[64];
    ULONG count = 0;
    if (!GetQueuedCompletionStatusEx(port, entries, at_most, &count, timeout_ms,
                                     FALSE))
        return 0;
    return count;
}

/* Ten packets wait; one call asks for up to 64. */
static void measure_5_7(struct lab_outcome *o)
{
    HANDLE port = new_port(0);
    for (int i = 0; i < 10; i++)
        post(port, KEY_WORK);
    o->seen[0] = (long)take_many(port, 64, PATIENCE_MS);
    for (int i = 0; i < 10; i++)
        post(port, KEY_WORK);
    o->seen[1] = (long)take_many(port, 4, PATIENCE_MS);
    CloseHandle(port);
}

static bool holds_5_7(const long seen[])
{
    return seen[0] > 1;
}

struct batch {
    HANDLE port, returned;
    ULONG count;
};

static unsigned __stdcall take_a_batch(void *data)
{
    struct batch *batch = data;
    batch->count = take_many(batch->port, 64, INFINITE);
    SetEvent(batch->returned);
    return 0;
}

/* A thread waits for up to 64 packets. One packet comes, and no other. */
static void measure_5_17(struct lab_outcome *o)
{
    struct batch batch = {new_port(0), new_event(), 0};
    HANDLE thread = start_thread(take_a_batch, &batch);
    Sleep(20);
    post(batch.port, KEY_WORK);
    o->seen[0] =
        WaitForSingleObject(batch.returned, PATIENCE_MS) == WAIT_OBJECT_0;
    if (o->seen[0] == 0)
        for (int i = 0; i < 63; i++)
            post(batch.port, KEY_WORK);
    join_thread(thread);
    o->seen[1] = (long)batch.count;
    CloseHandle(batch.returned);
    CloseHandle(batch.port);
}

/* It waited for more. */
static bool holds_5_17(const long seen[])
{
    return seen[0] == 0;
}

/* A time-out on a good port; and then the same call on a port that is closed. */
static void measure_5_19(struct lab_outcome *o)
{
    HANDLE port = new_port(0);
    struct packet packet;
    o->seen[0] = take(port, 10, &packet);
    o->seen[1] = (long)packet.error;
    post(port, KEY_WORK);
    o->seen[2] = take(port, PATIENCE_MS, &packet);
    CloseHandle(port);
    take(port, 10, &packet);
    o->seen[3] = (long)packet.error;
}

/* After the failure the port was of no use any more. */
static bool holds_5_19(const long seen[])
{
    return seen[0] == 0 && seen[2] == 0;
}

/* ---- what puts packets there ---------------------------------------------- */

/* Ten small sends. Returns how many were done at once; counts the packets. */
static long count_packets_of_sends(bool skip, long *packets)
{
    SOCKET pair[2];
    OVERLAPPED overlapped[10];
    HANDLE port = new_port(0);
    struct packet packet;
    char text[] = "hello";
    long at_once = 0;
    lab_pair(pair);
    associate(pair[0], port, 0);
    if (skip && !SetFileCompletionNotificationModes(
                    (HANDLE)pair[0], FILE_SKIP_COMPLETION_PORT_ON_SUCCESS))
        die("SetFileCompletionNotificationModes", GetLastError());
    for (int i = 0; i < 10; i++)
        at_once += !send_pends(pair[0], text, 5, &overlapped[i]);
    *packets = 0;
    while (take(port, 100, &packet))
        ++*packets;
    close_pair(pair);
    CloseHandle(port);
    return at_once;
}

static void measure_5_8(struct lab_outcome *o)
{
    o->seen[0] = count_packets_of_sends(false, &o->seen[1]);
    o->seen[2] = count_packets_of_sends(true, &o->seen[3]);
}

/* As a socket is by default: only what was pending brings a packet. */
static bool holds_5_8(const long seen[])
{
    return seen[1] == 10 - seen[0];
}

static unsigned __stdcall post_something(void *data)
{
    static int not_an_overlapped;
    if (!PostQueuedCompletionStatus(*(HANDLE *)data, 1234, 77,
                                    (OVERLAPPED *)&not_an_overlapped))
        die("PostQueuedCompletionStatus", GetLastError());
    return 0;
}

/* A thread that has nothing to do with the port posts a packet: no socket, no
 * operation, and the third value is no OVERLAPPED. */
static void measure_5_9(struct lab_outcome *o)
{
    HANDLE port = new_port(0);
    struct packet packet;
    join_thread(start_thread(post_something, &port));
    take(port, PATIENCE_MS, &packet);
    o->seen[0] = (long)packet.bytes;
    o->seen[1] = (long)packet.key;
    o->seen[2] = packet.overlapped != NULL;
    CloseHandle(port);
}

static bool holds_5_9(const long seen[])
{
    return seen[0] == 1234 && seen[1] == 77 && seen[2] == 1;
}

/* Closes four sockets with a receive pending on each. */
static void measure_5_15(struct lab_outcome *o)
{
    SOCKET pairs[4][2];
    OVERLAPPED overlapped[4];
    char buffers[4][16];
    HANDLE port = new_port(0);
    struct packet packet;
    for (int i = 0; i < 4; i++) {
        lab_pair(pairs[i]);
        associate(pairs[i][0], port, 0);
        o->seen[0] += recv_pends(pairs[i][0], buffers[i], sizeof buffers[i],
                                 &overlapped[i]);
    }
    for (int i = 0; i < 4; i++)
        closesocket(pairs[i][0]);
    while (take(port, o->seen[1] < 4 ? PATIENCE_MS : 50, &packet)) {
        o->seen[1]++;
        o->seen[2] += packet.error != 0;
    }
    for (int i = 0; i < 4; i++)
        closesocket(pairs[i][1]);
    CloseHandle(port);
}

static bool holds_5_15(const long seen[])
{
    return seen[0] == 4 && seen[1] == 4 && seen[2] == 4;
}

static unsigned __stdcall start_a_receive(void *data)
{
    static char buffer[16];
    static OVERLAPPED overlapped;
    return recv_pends(*(SOCKET *)data, buffer, sizeof buffer, &overlapped);
}

/* A thread starts a receive and ends. Then the peer sends. */
static void measure_5_24(struct lab_outcome *o)
{
    SOCKET pair[2];
    HANDLE port = new_port(0);
    struct packet packet;
    lab_pair(pair);
    associate(pair[0], port, 0);
    join_thread(start_thread(start_a_receive, &pair[0]));
    o->seen[0] = take(port, 100, &packet);
    send_text(pair[1], "hello");
    o->seen[1] = take(port, PATIENCE_MS, &packet) && packet.error == 0;
    o->seen[2] = (long)packet.bytes;
    close_pair(pair);
    CloseHandle(port);
}

static bool holds_5_24(const long seen[])
{
    return seen[1] == 0;
}

/* ---- creating and associating --------------------------------------------- */

/* What the two jobs return, and what a second association does. */
static void measure_5_12(struct lab_outcome *o)
{
    SOCKET pair[2];
    lab_pair(pair);
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    HANDLE same = CreateIoCompletionPort((HANDLE)pair[0], port, 7, 0);
    o->seen[0] = port != NULL;
    o->seen[1] = same == port;
    HANDLE again = CreateIoCompletionPort((HANDLE)pair[0], port, 8, 0);
    o->seen[2] = again == NULL ? (long)GetLastError() : 0;
    close_pair(pair);
    CloseHandle(port);
}

static bool holds_5_12(const long seen[])
{
    return seen[0] == 1 && seen[1] == 1;
}

/* The key is a pointer: as it comes back, and after a cast to DWORD. */
static void measure_5_11(struct lab_outcome *o)
{
    static int something; /* in a 64-bit program its address is long */
    ULONG_PTR key = (ULONG_PTR)&something;
    HANDLE port = new_port(0);
    struct packet packet;
    post(port, key);
    take(port, PATIENCE_MS, &packet);
    o->seen[0] = (long)sizeof packet.key * 8;
    o->seen[1] = packet.key == key;
    o->seen[2] = (ULONG_PTR)(DWORD)packet.key == key;
    CloseHandle(port);
}

static bool holds_5_11(const long seen[])
{
    return seen[0] == 32;
}

/* ---- who owns the memory -------------------------------------------------- */

/* The receive is pending. Whoever thinks that the buffer is free uses it again
 * (it is not really freed, so nothing breaks). Then the peer sends. */
static void measure_5_13(struct lab_outcome *o)
{
    static const char other_use[] = "used for something else";
    SOCKET pair[2];
    OVERLAPPED overlapped;
    char buffer[64];
    HANDLE port = new_port(0);
    struct packet packet;
    lab_pair(pair);
    associate(pair[0], port, 0);
    o->seen[0] = recv_pends(pair[0], buffer, 5, &overlapped);
    memcpy(buffer, other_use, sizeof other_use);
    overlapped.InternalHigh = 4711;
    send_text(pair[1], "HELLO");
    take(port, PATIENCE_MS, &packet);
    o->seen[1] = memcmp(buffer, "HELLOfor", 5) == 0;
    o->seen[2] = overlapped.InternalHigh == 5;
    close_pair(pair);
    CloseHandle(port);
}

static bool holds_5_13(const long seen[])
{
    return seen[0] == 1 && (seen[1] == 1 || seen[2] == 1);
}

/* 20 idle connections wait with a receive of no bytes, and one buffer serves
 * them all: it is needed only when there is something to receive. */
static void measure_5_10(struct lab_outcome *o)
{
    enum { CONNECTIONS = 20, BUFFER_BYTES = 16384 };
    static SOCKET pairs[CONNECTIONS][2];
    static OVERLAPPED overlapped[CONNECTIONS];
    static char buffer[BUFFER_BYTES];
    HANDLE port = new_port(0);
    struct packet packet;
    for (ULONG_PTR i = 0; i < CONNECTIONS; i++) {
        lab_pair(pairs[i]);
        associate(pairs[i][0], port, i);
        o->seen[0] += recv_pends(pairs[i][0], NULL, 0, &overlapped[i]);
    }
    for (int i = 0; i < CONNECTIONS; i++)
        send_text(pairs[i][1], "hello");
    for (int i = 0; i < CONNECTIONS && take(port, PATIENCE_MS, &packet); i++) {
        o->seen[1] += (long)packet.bytes;
        o->seen[2] += recv(pairs[packet.key][0], buffer, sizeof buffer, 0) == 5;
    }
    o->seen[3] = BUFFER_BYTES;
    o->seen[4] = CONNECTIONS * BUFFER_BYTES;
    for (int i = 0; i < CONNECTIONS; i++)
        close_pair(pairs[i]);
    CloseHandle(port);
}

static bool holds_5_10(const long seen[])
{
    return seen[0] == 20 && seen[2] == 20 && seen[3] < seen[4];
}

/* A connection with a receive and a send in flight: the peer reads nothing, and
 * so one of many sends must wait. Skip-on-success: no packets of the others. */
struct duplex {
    SOCKET pair[2];
    HANDLE port;
    OVERLAPPED receive, send;
    bool receives, sends; /* pending */
};

static void duplex_open(struct duplex *d)
{
    enum { MEGABYTE = 1048576 };
    static char to_send[MEGABYTE], received[16];
    d->port = new_port(0);
    lab_pair(d->pair);
    associate(d->pair[0], d->port, 0);
    if (!SetFileCompletionNotificationModes(
            (HANDLE)d->pair[0], FILE_SKIP_COMPLETION_PORT_ON_SUCCESS))
        die("SetFileCompletionNotificationModes", GetLastError());
    d->receives =
        recv_pends(d->pair[0], received, sizeof received, &d->receive);
    d->sends = false;
    for (int i = 0; i < 64 && !d->sends; i++)
        d->sends = send_pends(d->pair[0], to_send, MEGABYTE, &d->send);
}

/* Cancels, and returns how many packets came; that many are expected. */
static long duplex_close(struct duplex *d, long expected)
{
    long left = 0;
    struct packet packet;
    CancelIoEx((HANDLE)d->pair[0], NULL);
    while (left < expected && take(d->port, PATIENCE_MS, &packet))
        left++;
    close_pair(d->pair);
    CloseHandle(d->port);
    return left;
}

static void measure_5_20(struct lab_outcome *o)
{
    struct duplex d;
    duplex_open(&d);
    o->seen[0] = d.receives + d.sends;
    o->seen[1] = duplex_close(&d, 2);
}

static bool holds_5_20(const long seen[])
{
    return seen[0] == 2 && seen[1] == 2;
}

/* The receive is cancelled: its packet comes, with an error. And the send? */
static void measure_5_22(struct lab_outcome *o)
{
    struct duplex d;
    struct packet packet;
    duplex_open(&d);
    CancelIoEx((HANDLE)d.pair[0], &d.receive);
    o->seen[0] = take(d.port, PATIENCE_MS, &packet) && packet.error != 0 &&
                 packet.overlapped == &d.receive;
    o->seen[1] = take(d.port, 50, &packet);
    o->seen[2] = duplex_close(&d, 1);
}

/* Nothing was left in flight after the first failure. */
static bool holds_5_22(const long seen[])
{
    return seen[0] == 1 && seen[1] == 0 && seen[2] == 0;
}

struct two_receives {
    HANDLE port, second_is_done;
    OVERLAPPED overlapped[2];
    volatile LONG handled; /* how many */
    volatile LONG order[2];
};

/* Held up for a moment if it gets the first receive, as any thread can be. */
static unsigned __stdcall handle_one(void *data)
{
    struct two_receives *two = data;
    struct packet packet;
    take(two->port, PATIENCE_MS, &packet);
    LONG which = packet.overlapped == &two->overlapped[1] ? 2 : 1;
    if (which == 1)
        WaitForSingleObject(two->second_is_done, PATIENCE_MS);
    two->order[InterlockedIncrement(&two->handled) - 1] = which;
    if (which == 2)
        SetEvent(two->second_is_done);
    return 0;
}

/* Two receives, eight bytes, two workers. */
static void measure_5_23(struct lab_outcome *o)
{
    struct two_receives two = {.port = new_port(0),
                               .second_is_done = new_event()};
    char buffers[2][4];
    SOCKET pair[2];
    HANDLE threads[2];
    lab_pair(pair);
    associate(pair[0], two.port, 0);
    for (int i = 0; i < 2; i++)
        recv_pends(pair[0], buffers[i], 4, &two.overlapped[i]);
    for (int i = 0; i < 2; i++)
        threads[i] = start_thread(handle_one, &two);
    send_text(pair[1], "AAAABBBB");
    for (int i = 0; i < 2; i++)
        join_thread(threads[i]);
    o->seen[0] = buffers[0][0] == 'A' && buffers[1][0] == 'B';
    o->seen[1] = two.order[0];
    o->seen[2] = two.order[1];
    close_pair(pair);
    CloseHandle(two.second_is_done);
    CloseHandle(two.port);
}

static bool holds_5_23(const long seen[])
{
    return seen[1] == 1 && seen[2] == 2;
}

/* ---- accepting, and counting calls ---------------------------------------- */

static SOCKET connect_to(SOCKET listener)
{
    struct sockaddr_in address;
    int length = sizeof address;
    SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (s == INVALID_SOCKET ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0 ||
        connect(s, (struct sockaddr *)&address, length) != 0)
        die("connect", (unsigned long)WSAGetLastError());
    return s;
}

/* One thread does all: starts 16 accepts, connects 16 clients, and only then
 * looks at the port. */
static void measure_5_14(struct lab_outcome *o)
{
    enum { CLIENTS = 16, ADDRESS_BYTES = sizeof(struct sockaddr_in) + 16 };
    SOCKET accepted[CLIENTS], clients[CLIENTS];
    OVERLAPPED overlapped[CLIENTS];
    char addresses[CLIENTS][2 * ADDRESS_BYTES];
    HANDLE port = new_port(0);
    SOCKET listener = net_listen("127.0.0.1", 0);
    LPFN_ACCEPTEX accept_ex = acceptor_ex(listener);
    struct packet packet;
    associate(listener, port, 0);
    for (int i = 0; i < CLIENTS; i++) {
        DWORD bytes;
        overlapped[i] = (OVERLAPPED){0};
        accepted[i] = net_accept_socket();
        o->seen[0] +=
            !accept_ex(listener, accepted[i], addresses[i], 0, ADDRESS_BYTES,
                       ADDRESS_BYTES, &bytes, &overlapped[i]) &&
            WSAGetLastError() == ERROR_IO_PENDING;
    }
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = connect_to(listener);
    while (o->seen[1] < CLIENTS && take(port, PATIENCE_MS, &packet))
        o->seen[1] += packet.error == 0;
    for (int i = 0; i < CLIENTS; i++) {
        closesocket(clients[i]);
        closesocket(accepted[i]);
    }
    closesocket(listener);
    CloseHandle(port);
}

static bool holds_5_14(const long seen[])
{
    return seen[0] == 16 && seen[1] == 16;
}

enum { BUSY = 50 }; /* connections with a message each */

static void send_to_all(SOCKET pairs[BUSY][2])
{
    for (int i = 0; i < BUSY; i++)
        send_text(pairs[i][1], "x");
}

/* Returns how many times select was called until each message was received. */
static long receive_with_select(SOCKET pairs[BUSY][2])
{
    bool is_done[BUSY] = {false};
    long waits = 0;
    for (int done = 0; done < BUSY;) {
        fd_set readable;
        char byte;
        FD_ZERO(&readable);
        for (int i = 0; i < BUSY; i++)
            if (!is_done[i])
                FD_SET(pairs[i][0], &readable);
        waits++;
        if (select(0, &readable, NULL, NULL, NULL) <= 0)
            die("select", (unsigned long)WSAGetLastError());
        for (int i = 0; i < BUSY; i++)
            if (FD_ISSET(pairs[i][0], &readable)) {
                recv(pairs[i][0], &byte, 1, 0);
                is_done[i] = true;
                done++;
            }
    }
    return waits;
}

static void start_all(SOCKET pairs[BUSY][2], OVERLAPPED overlapped[BUSY])
{
    static char bytes[BUSY];
    for (int i = 0; i < BUSY; i++)
        recv_pends(pairs[i][0], &bytes[i], 1, &overlapped[i]);
}

/* 50 messages on 50 connections: with select, with a port one packet at a time,
 * and with a port in batches. */
static void measure_5_18(struct lab_outcome *o)
{
    static SOCKET pairs[BUSY][2];
    static OVERLAPPED overlapped[BUSY];
    HANDLE port = new_port(0);
    struct packet packet;
    for (int i = 0; i < BUSY; i++)
        lab_pair(pairs[i]);
    send_to_all(pairs);
    o->seen[0] = receive_with_select(pairs);
    o->seen[1] = BUSY;

    for (int i = 0; i < BUSY; i++)
        associate(pairs[i][0], port, 0);
    start_all(pairs, overlapped);
    send_to_all(pairs);
    for (long taken = 0; taken < BUSY; taken++)
        o->seen[3] += take(port, PATIENCE_MS, &packet);
    o->seen[2] = BUSY;

    start_all(pairs, overlapped);
    send_to_all(pairs);
    Sleep(50);
    for (ULONG taken = 0; taken < BUSY;) {
        ULONG now = take_many(port, 64, PATIENCE_MS);
        if (now == 0)
            break;
        taken += now;
        o->seen[4]++;
    }
    for (int i = 0; i < BUSY; i++)
        close_pair(pairs[i]);
    CloseHandle(port);
}

/* select: a call for each connection to wait; the port: 8 calls in all. */
static bool holds_5_18(const long seen[])
{
    return seen[0] >= seen[1] && seen[2] + seen[3] <= 8;
}

static const struct lab claims[] = {
    {"5.1",
     "Packets come out of a port first in, first out.",
     "Packets 1 to 5 are posted. One thread takes five. In which order do they "
     "come?",
     "%ld, %ld, %ld, %ld, %ld",
     "The queue is first in, first out. With several workers the order in "
     "which packets are handled is another matter: claim 5.23.",
     measure_5_1,
     holds_5_1,
     {1, 2, 3, 4, 5},
     {5, 4, 3, 2, 1}},
    {"5.2",
     "Packets can be given priorities.",
     "20 packets wait. A thread of the highest priority posts one more. How "
     "many come out before it?",
     "%ld came out before it",
     "No call takes a priority for a packet. A program that needs one has two "
     "ports, or a queue of its own behind the port.",
     measure_5_2,
     holds_5_2,
     {0},
     {20}},
    {"5.3",
     "Waiting threads are released last in, first out.",
     "Threads 1, 2, 3 and 4 begin to wait, in this order. Four packets come, "
     "each when the last one has been taken. Which thread takes the first, "
     "which the second, ...?",
     "the packets were taken by threads %ld, %ld, %ld, %ld",
     "The thread that began to wait last is released first; packets and "
     "threads are ordered in opposite ways.",
     measure_5_3,
     holds_5_3,
     {4, 3, 2, 1},
     {1, 2, 3, 4}},
    {"5.4",
     "No more threads run than the concurrency value; one that blocks is "
     "replaced.",
     "The value is 1, and four workers wait. Four packets come. How many "
     "handlers are at work at once if each only computes? And if each sleeps?",
     "computing: %ld at once; sleeping: %ld at once",
     "A thread that blocks elsewhere does not count as running, and the port "
     "lets the next one go.",
     measure_5_4,
     holds_5_4,
     {1, 4},
     {4, 4}},
    {"5.5",
     "0 as the concurrency value means the number of processors.",
     "The value is 0, and there are two workers and two packets more than "
     "processors. How many handlers compute at once?",
     "%ld processors; %ld handlers at once",
     "The page \"CreateIoCompletionPort function\" says so.",
     measure_5_5,
     holds_5_5,
     {2, 2},
     {2, 4}},
    {"5.6",
     "The best number of workers is twice the number of processors.",
     "8 packets for each processor; each handler sleeps 80 ms. How much "
     "faster are eight workers for each processor than two?",
     "handlers that sleep: %ld ms with one worker for each processor, %ld with "
     "two, %ld with eight; handlers that compute: %ld, %ld, %ld",
     "It depends on how long handlers block. Twice the processors is a rule of "
     "thumb of the page \"I/O Completion Ports\", and there it is the least.",
     measure_5_6,
     holds_5_6,
     {640, 320, 320, 20, 20, 20},
     {640, 320, 100, 20, 20, 20}},
    {"5.7",
     "One call can take many packets.",
     "Ten packets wait. GetQueuedCompletionStatusEx asks for up to 64. How "
     "many does it get? And how many if it asks for up to 4?",
     "up to 64: %ld; up to 4: %ld",
     "It takes what is there, up to ulCount.",
     measure_5_7,
     holds_5_7,
     {10, 4},
     {1, 1}},
    {"5.8",
     "An operation that succeeds at once does not come through the port.",
     "Ten small sends, most of them done at once. How many packets come? And "
     "with FILE_SKIP_COMPLETION_PORT_ON_SUCCESS?",
     "by default %ld were done at once and %ld packets came; with "
     "skip-on-success %ld and %ld",
     "By default every operation that was started brings a packet, done at "
     "once or not. Skip-on-success has to be switched on for each socket.",
     measure_5_8,
     holds_5_8,
     {10, 0, 10, 0},
     {10, 10, 10, 0}},
    {"5.9",
     "Anyone can put a packet on the port with PostQueuedCompletionStatus.",
     "A thread posts 1234 bytes, key 77, and the address of an int as the "
     "OVERLAPPED. What does GetQueuedCompletionStatus get?",
     "bytes %ld, key %ld, the address: %ld",
     "The three values are handed through, and nobody looks at them.",
     measure_5_9,
     holds_5_9,
     {1234, 77, 1},
     {0, 0, 0}},
    {"5.10",
     "A zero-byte receive saves memory for idle connections.",
     "20 idle connections wait with a receive of no bytes. Each then gets 5 "
     "bytes. How many buffers does it take to receive them all?",
     "%ld receives waited; their packets said %ld bytes; %ld messages were "
     "then received with one buffer of %ld bytes, in place of %ld bytes",
     "No buffer is needed before there is something to receive. On Windows the "
     "pages of a buffer in flight may also be locked in memory, which Wine "
     "cannot show. The price is a second call for each receive.",
     measure_5_10,
     holds_5_10,
     {20, 0, 20, 16384, 327680},
     {20, 0, 0, 327680, 327680}},
    {"5.11",
     "The completion key is 32 bits.",
     "The key is the address of a variable. Does it come back whole? And if "
     "the program keeps it in a DWORD?",
     "the key has %ld bits; as it came it was the same: %ld; through a DWORD: "
     "%ld",
     "It is a ULONG_PTR, as wide as a pointer. Code that takes it in a DWORD "
     "was written for 32-bit programs.",
     measure_5_11,
     holds_5_11,
     {32, 1, 1},
     {64, 1, 0}},
    {"5.12",
     "CreateIoCompletionPort does two jobs: it creates a port, and it "
     "associates a handle with one.",
     "A socket is associated with a port. What does the call return? And when "
     "it is called once more for the same socket?",
     "created: %ld; the second call returned the same port: %ld; the third "
     "failed with %ld",
     "Given INVALID_HANDLE_VALUE it creates, given a socket and a port it "
     "associates. A handle belongs to one port until it is closed; 87 is "
     "ERROR_INVALID_PARAMETER.",
     measure_5_12,
     holds_5_12,
     {1, 1, 87},
     {1, 0, 0}},
    {"5.13",
     "The OVERLAPPED and its buffer must live until the packet is dequeued.",
     "A receive is pending. Somebody believes that its buffer is free, and "
     "writes a text into it. The peer sends HELLO. What is in the buffer?",
     "pending: %ld; the text was overwritten: %ld; the OVERLAPPED was written "
     "to: %ld",
     "Windows writes into both when the operation is over, whoever uses the "
     "memory by then.",
     measure_5_13,
     holds_5_13,
     {1, 1, 1},
     {1, 0, 0}},
    {"5.14",
     "AcceptEx accepts many without a thread that waits.",
     "One thread starts 16 accepts, then connects 16 clients, and only then "
     "looks at the port. How many packets does it find?",
     "%ld accepts were pending; %ld packets of accepted clients",
     "Each AcceptEx in flight is a place for one client, and the kernel fills "
     "it without any thread of ours.",
     measure_5_14,
     holds_5_14,
     {16, 16},
     {16, 0}},
    {"5.15",
     "Closing a socket cancels its operations, and each still comes through "
     "the port.",
     "Four sockets have a receive pending. All four are closed. How many "
     "packets come?",
     "%ld were pending; %ld packets came, %ld of them with an error",
     "The memory is the program's again only when the packet has been taken. "
     "Which error it has differs from system to system.",
     measure_5_15,
     holds_5_15,
     {4, 4, 4},
     {4, 0, 0}},
    {"5.16",
     "A paused thread goes on only when the concurrency value leaves room.",
     "The value is 1. Thread A takes a packet and blocks, so B gets the next "
     "and computes. Then A is woken. How many run at once?",
     "%ld at once",
     "The port holds back only threads that ask it for a packet. One that "
     "blocked elsewhere goes on at once, and for a while more run than the "
     "value says.",
     measure_5_16,
     holds_5_16,
     {1},
     {2}},
    {"5.17",
     "The kernel holds packets back, to deliver them in batches.",
     "A thread waits for up to 64 packets. One is posted, and no other. Does "
     "the call return?",
     "it returned: %ld, with %ld packet",
     "The call returns as soon as there is one. It takes more only if they are "
     "there already. The documentation says nothing of holding back.",
     measure_5_17,
     holds_5_17,
     {0, 64},
     {1, 1}},
    {"5.18",
     "1,000 connections cost 1,000 mode switches with select, and 8 with a "
     "port.",
     "50 connections have one message each. How many calls receive them with "
     "select and recv? And with WSARecv and a port?",
     "select: %ld waits and %ld calls of recv; the port: %ld calls of WSARecv "
     "and %ld waits, or %ld if a wait takes up to 64 packets",
     "One select tells of all of them. A port needs a call to start each "
     "receive, and a wait for each packet or batch. What grows with the number "
     "of connections is what select does inside.",
     measure_5_18,
     holds_5_18,
     {50, 50, 0, 8, 8},
     {1, 50, 50, 50, 1}},
    {"5.19",
     "A failed GetQueuedCompletionStatus without an OVERLAPPED means that the "
     "port is broken.",
     "Nothing comes within 10 ms: FALSE, and no OVERLAPPED. A packet is "
     "posted. Can it be taken?",
     "a packet within 10 ms: %ld, error %ld; after that one was posted and "
     "taken: %ld; the error of a closed port is %ld",
     "A time-out looks the same. Only the error tells: 258 is WAIT_TIMEOUT.",
     measure_5_19,
     holds_5_19,
     {0, 6, 0, 6},
     {0, 258, 1, 6}},
    {"5.20",
     "A receive and a send can be in flight at once on one connection.",
     "A receive is started, then sends to a peer that does not read, until one "
     "is pending. Both are cancelled. How many packets come?",
     "%ld operations in flight; %ld packets",
     "Each has its own OVERLAPPED. Servers that receive while they still send "
     "do it; the memory then belongs to two operations: claim 5.22.",
     measure_5_20,
     holds_5_20,
     {2, 2},
     {1, 1}},
    {"5.21",
     "The last thread to wait is the first to wake, so with little to do one "
     "thread does it all, and its caches stay warm.",
     "Four threads wait. 20 packets come, one at a time. How many does the "
     "busiest thread take?",
     "the busiest took %ld of 20; %ld threads took any",
     "The order is documented. That it is meant to keep caches warm is the "
     "usual reason given for it; this lab sees the order only.",
     measure_5_21,
     holds_5_21,
     {20, 1},
     {5, 4}},
    {"5.22",
     "When an operation of a connection fails, the connection can be freed.",
     "A receive and a send are in flight. Only the receive is cancelled, and "
     "its packet is taken. Is anything left in flight?",
     "the receive failed: %ld; a second packet came with it: %ld; packets that "
     "came when the rest was cancelled: %ld",
     "Each operation ends by itself. With two in flight the connection needs a "
     "count, and whoever takes the last packet frees it.",
     measure_5_22,
     holds_5_22,
     {1, 0, 0},
     {1, 0, 1}},
    {"5.23",
     "Two receives in flight on one socket are handled in their order.",
     "Two receives wait, two workers wait. Eight bytes come, four for each. "
     "The worker with the first four is held up for a moment. Which four bytes "
     "are handled first?",
     "the buffers were filled in order: %ld; handled first: receive %ld, then "
     "receive %ld",
     "Windows fills the buffers in the order of the calls, and the packets "
     "come in that order. Two workers then run side by side, and nobody orders "
     "them.",
     measure_5_23,
     holds_5_23,
     {1, 1, 2},
     {1, 2, 1}},
    {"5.24",
     "An operation on a socket of a port ends with the thread that started it.",
     "A thread starts a receive and ends. Then the peer sends 5 bytes. What "
     "comes through the port?",
     "a packet at the thread's end: %ld; a packet of success when the peer had "
     "sent: %ld, with %ld bytes",
     "With a port the operation belongs to the port, not to the thread "
     "(MicrosoftDocs/sdk-api, pull request 1137).",
     measure_5_24,
     holds_5_24,
     {1, 0, 0},
     {0, 1, 5}},
};

int main(int argc, char **argv)
{
    return lab_main(argc, argv, claims, sizeof claims / sizeof claims[0]);
}
