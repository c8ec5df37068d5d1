/* labs.c: what courses say about completion ports, put to the test.
 *
 *   make lab-05                     all; at a terminal it asks what you expect
 *   make lab-05 CLAIM=5.3           one
 *   make lab-05 ARGS=--no-predict   it does not ask
 *
 * A function for each claim measures and says whether it holds. The table at
 * the end says what is claimed. */
#include "lab.h"

#include <stdlib.h>
#include <string.h>

#include <tlhelp32.h>

#include "acceptor.h"

/* ---- what several labs use ------------------------------------------------ */

/* A connection, a port that pair[0] belongs to, and its receive. */
struct link {
    SOCKET pair[2];
    HANDLE port;
    struct lab_operation receive;
};

static void open_link(struct link *l)
{
    *l = (struct link){.port = lab_port(0)};
    lab_pair(l->pair);
    lab_associate(l->pair[0], l->port, 0);
}

static void close_link(struct link *l)
{
    lab_close_pair(l->pair);
    CloseHandle(l->port);
}

/* Starts a receive. False: it was done at once. */
static bool recv_pends(struct link *l, ULONG bytes)
{
    return lab_receive(l->pair[0], &l->receive, bytes, NULL) != 0;
}

static bool send_pends(SOCKET s, void *bytes, ULONG count, OVERLAPPED *o)
{
    WSABUF buf = {count, bytes};
    *o = (OVERLAPPED){0};
    if (WSASend(s, &buf, 1, NULL, 0, o, NULL) == 0)
        return false;
    if (WSAGetLastError() != WSA_IO_PENDING)
        die("WSASend", (unsigned long)WSAGetLastError());
    return true;
}

static void skip_on_success(SOCKET s)
{
    if (!SetFileCompletionNotificationModes(
            (HANDLE)s, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS))
        die("SetFileCompletionNotificationModes", GetLastError());
}

/* Of the system, whatever this process may use. 0: it failed. */
static long processors(void)
{
    DWORD count = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
    return count > 0 ? (long)count : 1;
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
static bool measure_5_1(long seen[])
{
    HANDLE port = lab_port(0);
    for (ULONG_PTR key = 1; key <= 5; key++)
        lab_post(port, key);
    struct lab_packet packet;
    for (int i = 0; i < 5; i++)
        if (lab_take(port, LAB_SOON_MS, &packet))
            seen[i] = (long)packet.key;
    CloseHandle(port);
    return seen[0] == 1 && seen[1] == 2 && seen[2] == 3 && seen[3] == 4 &&
           seen[4] == 5;
}

/* The urgent packet is posted by a thread of the highest priority. */
static bool measure_5_2(long seen[])
{
    enum { URGENT = 99, OTHERS = 20 };
    HANDLE port = lab_port(0);
    for (int i = 0; i < OTHERS; i++)
        lab_post(port, KEY_WORK);
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_HIGHEST);
    lab_post(port, URGENT);
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_NORMAL);
    struct lab_packet packet;
    while (lab_take(port, LAB_SOON_MS, &packet) && packet.key != URGENT)
        seen[0]++;
    CloseHandle(port);
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
        struct lab_packet packet;
        lab_take(me->port, INFINITE, &packet);
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
    HANDLE port = lab_port(0), took = lab_auto_event(), threads[WAITERS];
    volatile LONG last = 0;
    for (LONG i = 0; i < WAITERS; i++) {
        waiters[i] = (struct waiter){port, took, &last, i + 1, 0};
        threads[i] = lab_start(wait_for_packets, &waiters[i]);
        WaitForSingleObject(took, INFINITE);
        Sleep(20); /* by now it waits */
    }
    for (int i = 0; i < packets; i++) {
        lab_post(port, key);
        WaitForSingleObject(took, INFINITE);
        order[i] = last;
        Sleep(5); /* by now it waits again */
    }
    for (int i = 0; i < WAITERS; i++)
        lab_post(port, KEY_END);
    for (int i = 0; i < WAITERS; i++)
        lab_join(threads[i]);
    CloseHandle(took);
    CloseHandle(port);
}

/* Each thread takes one packet. On a busy machine a thread may have come to
 * its wait too late: an order that is neither is looked at again. Then there is
 * little to do: who does it? */
static bool measure_5_3(long seen[])
{
    enum { ONE_EACH = 3, PACKETS = 20 };
    bool is_descending = false, is_ascending = false;
    struct waiter waiters[WAITERS];
    LONG order[PACKETS];
    for (int i = 0; i < 5 && !is_descending && !is_ascending; i++) {
        watch_waiters(waiters, WAITERS, ONE_EACH, order);
        is_descending = is_ascending = true;
        for (int k = 0; k < WAITERS; k++) {
            seen[k] = order[k];
            is_ascending = is_ascending && order[k] == k + 1;
            is_descending = is_descending && order[k] == WAITERS - k;
        }
    }
    watch_waiters(waiters, PACKETS, KEY_WORK, order);
    for (int i = 0; i < WAITERS; i++)
        if (waiters[i].count > seen[4])
            seen[4] = waiters[i].count;
    bool holds = is_descending && seen[4] >= PACKETS / 2;
    return lab_wine() != 0 && !holds ? lab_not_here(wakes_fifo) : holds;
}

/* ---- how many run --------------------------------------------------------- */

enum work { SPIN, BLOCK, COMPUTE };

/* Threads that take packets from one port, and how many were at work at once. */
struct team {
    HANDLE port;
    enum work work;
    LONG enough; /* BLOCK, SPIN: until so many are at work, or time is up */
    volatile LONG at_work, most;
    volatile LONG left; /* packets that are not done yet */
    HANDLE all_done;
};

static void do_work(struct team *team)
{
    /* Under Wine more come, if late on a busy machine: no need to be quick. */
    uint64_t end_ns = clock_ns() + (lab_wine() != 0 ? 1000000000 : 60000000);
    if (team->work == BLOCK)
        do
            Sleep(80);
        while (team->most < team->enough && clock_ns() < end_ns);
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
    struct lab_packet packet;
    while (lab_take(team->port, INFINITE, &packet) && packet.key == KEY_WORK) {
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
    team->port = lab_port(concurrency);
    team->left = (LONG)packets;
    team->all_done = lab_auto_event();
    for (long i = 0; i < workers; i++)
        threads[i] = lab_start(work_in_team, team);
    Sleep(20);
    uint64_t begin_ns = clock_ns();
    for (long i = 0; i < packets; i++)
        lab_post(team->port, KEY_WORK);
    WaitForSingleObject(team->all_done, INFINITE);
    long ms = (long)((clock_ns() - begin_ns) / 1000000);
    for (long i = 0; i < workers; i++)
        lab_post(team->port, KEY_END);
    for (long i = 0; i < workers; i++)
        lab_join(threads[i]);
    CloseHandle(team->all_done);
    CloseHandle(team->port);
    free(threads);
    return ms;
}

/* How many of four handlers with the value 1 are at work at once. */
static LONG most_of_four(enum work work)
{
    struct team team = {.work = work, .enough = work == SPIN ? 2 : 4};
    run_team(&team, 1, 4, 4);
    return team.most;
}

/* Four handlers that only compute, then four that block. */
static bool measure_5_4(long seen[])
{
    seen[0] = most_of_four(SPIN);
    seen[1] = most_of_four(BLOCK);
    if (lab_wine() != 0 && seen[0] > 1)
        return lab_not_here(ignores_concurrency);
    return seen[0] == 1 && seen[1] > 1;
}

/* As many threads are the port's as ask it, whatever the value. */
static bool measure_5_28(long seen[])
{
    seen[0] = most_of_four(BLOCK);
    return seen[0] == 1;
}

/* The value is 0, and there are two workers and packets more than processors. */
static bool measure_5_5(long seen[])
{
    long count = processors();
    struct team team = {.work = SPIN, .enough = (LONG)count + 1};
    run_team(&team, 0, count + 2, count + 2);
    seen[0] = count;
    seen[1] = team.most;
    if (lab_wine() != 0 && team.most > count)
        return lab_not_here(ignores_concurrency);
    return seen[0] == seen[1];
}

/* The same packets for once, twice and eight times as many workers. On a busy
 * machine a difference may be lost: then it is looked at again. */
static bool measure_5_6(long seen[])
{
    long count = processors(), times[] = {1, 2, 8};
    bool is_best = true;
    for (int attempt = 0; attempt < 3 && is_best; attempt++) {
        for (int i = 0; i < 3; i++) {
            struct team blocked = {.work = BLOCK}, busy = {.work = COMPUTE};
            seen[i] = run_team(&blocked, 0, times[i] * count, 8 * count);
            seen[3 + i] = run_team(&busy, 0, times[i] * count, 8 * count);
        }
        /* Eight times as many must not be much better than twice. */
        is_best = seen[2] * 5 > seen[1] * 4;
    }
    return is_best;
}

struct pause {
    HANDLE port, go_on, arrived;
    volatile LONG went_on; /* 1: the thread that had blocked runs again */
};

/* The first to come blocks and goes on; the second spins until it has. Returns
 * 1 if both ran at once. */
static unsigned __stdcall block_or_spin(void *data)
{
    enum { BLOCKS = 1 };
    struct pause *pause = data;
    struct lab_packet packet;
    lab_take(pause->port, INFINITE, &packet);
    SetEvent(pause->arrived);
    if (packet.key == BLOCKS) {
        WaitForSingleObject(pause->go_on, INFINITE);
        pause->went_on = 1;
        return 0;
    }
    uint64_t end_ns = clock_in_ms(500);
    while (pause->went_on == 0 && clock_ns() < end_ns)
        YieldProcessor();
    return pause->went_on == 1;
}

/* The value is 1. Thread A blocks, so thread B gets a packet and computes. Now
 * A is woken: does it have to wait until B is done? */
static bool measure_5_16(long seen[])
{
    if (most_of_four(SPIN) > 1 && lab_wine() != 0)
        return lab_not_here(ignores_concurrency);
    struct pause pause = {lab_port(1), lab_auto_event(), lab_auto_event(), 0};
    HANDLE threads[2];
    for (int i = 0; i < 2; i++)
        threads[i] = lab_start(block_or_spin, &pause);
    for (ULONG_PTR key = 1; key <= 2; key++) {
        lab_post(pause.port, key);
        WaitForSingleObject(pause.arrived, INFINITE);
        Sleep(20); /* by now it blocks, or spins */
    }
    SetEvent(pause.go_on);
    seen[0] = 1;
    for (int i = 0; i < 2; i++)
        seen[0] += (long)lab_join(threads[i]);
    CloseHandle(pause.arrived);
    CloseHandle(pause.go_on);
    CloseHandle(pause.port);
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

/* Ten packets wait: one call takes some, and the next asks for up to 64. */
static bool measure_5_7(long seen[])
{
    HANDLE port = lab_port(0);
    struct lab_packet packet;
    for (int i = 0; i < 10; i++)
        lab_post(port, KEY_WORK);
    lab_take(port, LAB_SOON_MS, &packet);
    seen[1] = (long)take_many(port, 64, LAB_SOON_MS);
    seen[0] = 10 - seen[1];
    CloseHandle(port);
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
static bool measure_5_17(long seen[])
{
    struct batch batch = {lab_port(0), lab_auto_event(), 0};
    HANDLE thread = lab_start(take_a_batch, &batch);
    Sleep(20);
    lab_post(batch.port, KEY_WORK);
    seen[0] = lab_signaled(batch.returned, LAB_SOON_MS);
    if (seen[0] == 0)
        for (int i = 0; i < 63; i++)
            lab_post(batch.port, KEY_WORK);
    lab_join(thread);
    seen[1] = (long)batch.count;
    CloseHandle(batch.returned);
    CloseHandle(batch.port);
    /* It waited for more. */
    return seen[0] == 0;
}

/* A time-out on a good port; and then the same call on a port that is closed. */
static bool measure_5_19(long seen[])
{
    HANDLE port = lab_port(0);
    struct lab_packet packet;
    seen[0] = lab_take(port, 10, &packet);
    seen[1] = (long)packet.error;
    lab_post(port, KEY_WORK);
    seen[2] = lab_take(port, LAB_SOON_MS, &packet);
    CloseHandle(port);
    lab_take(port, 10, &packet);
    seen[3] = (long)packet.error;
    /* After the failure the port was of no use any more. */
    return seen[0] == 0 && seen[2] == 0;
}

/* ---- what puts packets there ---------------------------------------------- */

/* Ten small sends. Returns how many were done at once; counts the packets. */
static long count_packets_of_sends(bool skip, long *packets)
{
    struct link l;
    OVERLAPPED overlapped[10];
    struct lab_packet packet;
    char text[] = "hello";
    long at_once = 0;
    open_link(&l);
    if (skip)
        skip_on_success(l.pair[0]);
    for (int i = 0; i < 10; i++)
        at_once += !send_pends(l.pair[0], text, 5, &overlapped[i]);
    *packets = 0;
    while (lab_take(l.port, 100, &packet))
        ++*packets;
    close_link(&l);
    return at_once;
}

static bool measure_5_8(long seen[])
{
    seen[0] = count_packets_of_sends(false, &seen[1]);
    seen[2] = count_packets_of_sends(true, &seen[3]);
    if (seen[0] == 0)
        return lab_not_here("none of the sends was done at once");
    /* As a socket is by default: only what was pending brings a packet. */
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
static bool measure_5_9(long seen[])
{
    HANDLE port = lab_port(0);
    struct lab_packet packet;
    lab_join(lab_start(post_something, &port));
    lab_take(port, LAB_SOON_MS, &packet);
    seen[0] = (long)packet.bytes;
    seen[1] = (long)packet.key;
    seen[2] = packet.overlapped != NULL;
    CloseHandle(port);
    return seen[0] == 1234 && seen[1] == 77 && seen[2] == 1;
}

/* Closes four sockets with a receive pending on each. */
static bool measure_5_15(long seen[])
{
    static struct lab_operation receives[4];
    SOCKET pairs[4][2];
    HANDLE port = lab_port(0);
    struct lab_packet packet;
    for (int i = 0; i < 4; i++) {
        lab_pair(pairs[i]);
        lab_associate(pairs[i][0], port, 0);
        seen[0] += lab_receive(pairs[i][0], &receives[i], 16, NULL) != 0;
    }
    for (int i = 0; i < 4; i++)
        lab_close_pair(pairs[i]);
    while (lab_take(port, seen[1] < 4 ? LAB_SOON_MS : 50, &packet)) {
        seen[1]++;
        seen[2] += packet.error != 0;
    }
    CloseHandle(port);
    return seen[0] == 4 && seen[1] == 4 && seen[2] == 4;
}

/* ---- creating and associating --------------------------------------------- */

/* What the two jobs return, and what a second association does. */
static bool measure_5_12(long seen[])
{
    SOCKET pair[2];
    lab_pair(pair);
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    HANDLE same = CreateIoCompletionPort((HANDLE)pair[0], port, 7, 0);
    seen[0] = port != NULL;
    seen[1] = same == port;
    HANDLE again = CreateIoCompletionPort((HANDLE)pair[0], port, 8, 0);
    seen[2] = again == NULL ? (long)GetLastError() : 0;
    lab_close_pair(pair);
    CloseHandle(port);
    return seen[0] == 1 && seen[1] == 1;
}

/* The key is a pointer: as it comes back, and after a cast to DWORD. */
static bool measure_5_11(long seen[])
{
    static int something; /* in a 64-bit program its address is long */
    ULONG_PTR key = (ULONG_PTR)&something;
    HANDLE port = lab_port(0);
    struct lab_packet packet;
    lab_post(port, key);
    lab_take(port, LAB_SOON_MS, &packet);
    seen[0] = (long)sizeof packet.key * 8;
    seen[1] = packet.key == key;
    seen[2] = (ULONG_PTR)(DWORD)packet.key == key;
    CloseHandle(port);
    return seen[0] == 32;
}

static long threads_of_this_process(void)
{
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    long count = 0;
    for (BOOL more = Thread32First(all, &entry); more;
         more = Thread32Next(all, &entry))
        count += entry.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(all);
    return count;
}

/* Whose threads are there when a port has something to do? */
static bool measure_5_26(long seen[])
{
    SOCKET pair[2];
    lab_pair(pair);
    seen[0] = threads_of_this_process();
    HANDLE port = lab_port(4);
    lab_associate(pair[0], port, 0);
    for (int i = 0; i < 20; i++)
        lab_post(port, KEY_WORK);
    Sleep(100);
    seen[1] = threads_of_this_process();
    seen[2] = seen[1] - seen[0];
    lab_close_pair(pair);
    CloseHandle(port);
    return seen[2] > 0;
}

/* A receive completes. This thread waits, alertably, but not at the port. */
static bool measure_5_27(long seen[])
{
    struct link l;
    struct lab_packet packet;
    open_link(&l);
    recv_pends(&l, 5);
    lab_send(l.pair[1], "hello");
    seen[0] = SleepEx(200, TRUE) == WAIT_IO_COMPLETION;
    seen[1] = lab_take(l.port, LAB_SOON_MS, &packet);
    close_link(&l);
    return seen[0] == 1 || seen[1] == 0;
}

/* ---- who owns the memory -------------------------------------------------- */

/* The receive is pending. Whoever thinks that the buffer is free uses it again
 * (it is not really freed, so nothing breaks). Then the peer sends. */
static bool measure_5_13(long seen[])
{
    static const char other_use[] = "used elsewhere";
    struct link l;
    struct lab_packet packet;
    open_link(&l);
    seen[0] = recv_pends(&l, 5);
    memcpy(l.receive.buffer, other_use, sizeof other_use);
    l.receive.overlapped.InternalHigh = 4711;
    lab_send(l.pair[1], "HELLO");
    lab_take(l.port, LAB_SOON_MS, &packet);
    seen[1] = memcmp(l.receive.buffer, "HELLO", 5) == 0;
    seen[2] = l.receive.overlapped.InternalHigh == 5;
    close_link(&l);
    return seen[0] == 1 && (seen[1] == 1 || seen[2] == 1);
}

/* The bytes are in the buffer, and nobody has taken the packet. */
static bool measure_5_29(long seen[])
{
    struct link l;
    struct lab_packet packet;
    uint64_t end_ns = clock_in_ms(LAB_SOON_MS);
    open_link(&l);
    recv_pends(&l, 5);
    lab_send(l.pair[1], "HELLO");
    while (l.receive.buffer[4] != 'O' && clock_ns() < end_ns)
        Sleep(1);
    Sleep(20); /* by now the packet is in the queue */
    seen[0] = memcmp(l.receive.buffer, "HELLO", 5) == 0;
    seen[1] = HasOverlappedIoCompleted(&l.receive.overlapped);
    lab_take(l.port, LAB_SOON_MS, &packet);
    seen[2] = HasOverlappedIoCompleted(&l.receive.overlapped);
    close_link(&l);
    return seen[1] == 1;
}

enum { PIECE_BYTES = 16384, PIECES = 1024 };

/* A receive, and then the send of what it got. */
struct echo {
    OVERLAPPED overlapped;
    bool is_send;
    char buffer[PIECE_BYTES];
};

/* e is NULL: with new memory. */
static void receive_echo(SOCKET s, struct echo *e)
{
    if (e == NULL)
        e = HeapAlloc(GetProcessHeap(), 0, sizeof *e);
    if (e == NULL)
        die("HeapAlloc", ERROR_NOT_ENOUGH_MEMORY);
    WSABUF buffer = {PIECE_BYTES, e->buffer};
    DWORD flags = 0;
    e->overlapped = (OVERLAPPED){0};
    e->is_send = false;
    if (WSARecv(s, &buffer, 1, NULL, &flags, &e->overlapped, NULL) != 0 &&
        WSAGetLastError() != WSA_IO_PENDING)
        die("WSARecv", (unsigned long)WSAGetLastError());
}

/* Sends 16 MiB, unless the connection ends before, and reads nothing. */
static unsigned __stdcall only_send(void *s)
{
    static const char piece[PIECE_BYTES];
    for (int i = 0; i < PIECES; i++)
        if (send(*(SOCKET *)s, piece, sizeof piece, 0) != sizeof piece)
            break;
    return 0;
}

/* Serves such a client until all has been received or nothing moves any more.
 * The next receive waits for the send, or not. */
static void serve_only_sender(bool waits, long *received_kib, long *memory_kib)
{
    SOCKET pair[2];
    HANDLE port = lab_port(0);
    struct lab_packet packet;
    long received = 0, in_use = 1;
    lab_pair(pair);
    lab_associate(pair[0], port, 0);
    HANDLE client = lab_start(only_send, &pair[1]);
    receive_echo(pair[0], NULL);
    while (received < PIECES * PIECE_BYTES &&
           lab_take(port, waits ? 500 : LAB_SOON_MS, &packet)) {
        struct echo *e =
            CONTAINING_RECORD(packet.overlapped, struct echo, overlapped);
        if (!e->is_send) {
            received += (long)packet.bytes;
            e->is_send = true;
            send_pends(pair[0], e->buffer, packet.bytes, &e->overlapped);
            if (!waits) {
                receive_echo(pair[0], NULL);
                in_use++;
            }
        } else if (waits) {
            receive_echo(pair[0], e);
        } else {
            HeapFree(GetProcessHeap(), 0, e);
            in_use--;
        }
    }
    *received_kib = received / 1024;
    *memory_kib = in_use * (PIECE_BYTES / 1024);
    CancelIoEx((HANDLE)pair[0], NULL);
    for (; in_use > 0 && lab_take(port, LAB_SOON_MS, &packet); in_use--)
        HeapFree(GetProcessHeap(), 0,
                 CONTAINING_RECORD(packet.overlapped, struct echo, overlapped));
    net_close_abortively(pair[0]); /* ends the client, too */
    lab_join(client);
    closesocket(pair[1]);
    CloseHandle(port);
}

static bool measure_5_25(long seen[])
{
    serve_only_sender(false, &seen[0], &seen[1]);
    serve_only_sender(true, &seen[2], &seen[3]);
    return seen[0] < PIECES * (PIECE_BYTES / 1024);
}

/* 20 idle connections wait with a receive of no bytes, and one buffer serves
 * them all: it is needed only when there is something to receive. */
static bool measure_5_10(long seen[])
{
    enum { CONNECTIONS = 20, BUFFER_BYTES = 16384 };
    static struct lab_operation receives[CONNECTIONS];
    static char buffer[BUFFER_BYTES];
    SOCKET pairs[CONNECTIONS][2];
    HANDLE port = lab_port(0);
    struct lab_packet packet;
    for (ULONG_PTR i = 0; i < CONNECTIONS; i++) {
        lab_pair(pairs[i]);
        lab_associate(pairs[i][0], port, i);
        seen[0] += lab_receive(pairs[i][0], &receives[i], 0, NULL) != 0;
    }
    for (int i = 0; i < CONNECTIONS; i++)
        lab_send(pairs[i][1], "hello");
    for (int i = 0; i < CONNECTIONS && lab_take(port, LAB_SOON_MS, &packet);
         i++) {
        seen[1] += (long)packet.bytes;
        seen[2] += recv(pairs[packet.key][0], buffer, sizeof buffer, 0) == 5;
    }
    seen[3] = BUFFER_BYTES;
    seen[4] = CONNECTIONS * BUFFER_BYTES;
    for (int i = 0; i < CONNECTIONS; i++)
        lab_close_pair(pairs[i]);
    CloseHandle(port);
    return seen[0] == 20 && seen[2] == 20 && seen[3] < seen[4];
}

/* Starts a receive and a send, both pending, and returns how many are: the peer
 * reads nothing, and so one of many sends must wait. Skip-on-success: no packets
 * of the others. */
static long start_both(struct link *l)
{
    enum { MEGABYTE = 1048576 };
    static char to_send[MEGABYTE];
    static OVERLAPPED overlapped;
    open_link(l);
    skip_on_success(l->pair[0]);
    bool receives = recv_pends(l, 16), sends = false;
    for (int i = 0; i < 64 && !sends; i++)
        sends = send_pends(l->pair[0], to_send, MEGABYTE, &overlapped);
    return receives + sends;
}

/* Cancels, and returns how many packets came; that many are expected. */
static long cancel_all(struct link *l, long expected)
{
    long left = 0;
    struct lab_packet packet;
    CancelIoEx((HANDLE)l->pair[0], NULL);
    while (left < expected && lab_take(l->port, LAB_SOON_MS, &packet))
        left++;
    close_link(l);
    return left;
}

static bool measure_5_20(long seen[])
{
    struct link l;
    seen[0] = start_both(&l);
    seen[1] = cancel_all(&l, 2);
    return seen[0] == 2 && seen[1] == 2;
}

/* The receive is cancelled: its packet comes, with an error. And the send? */
static bool measure_5_22(long seen[])
{
    struct link l;
    struct lab_packet packet;
    start_both(&l);
    CancelIoEx((HANDLE)l.pair[0], &l.receive.overlapped);
    seen[0] = lab_take(l.port, LAB_SOON_MS, &packet) && packet.error != 0 &&
              packet.overlapped == &l.receive.overlapped;
    seen[1] = lab_take(l.port, 50, &packet);
    seen[2] = cancel_all(&l, 1);
    /* Nothing was left in flight after the first failure. */
    return seen[0] == 1 && seen[1] == 0 && seen[2] == 0;
}

struct two_receives {
    struct link link;
    struct lab_operation second;
    HANDLE second_is_done;
    volatile LONG handled; /* how many */
    volatile LONG order[2];
};

/* Held up for a moment if it gets the first receive, as any thread can be. */
static unsigned __stdcall handle_one(void *data)
{
    struct two_receives *two = data;
    struct lab_packet packet;
    lab_take(two->link.port, LAB_SOON_MS, &packet);
    LONG which = packet.overlapped == &two->second.overlapped ? 2 : 1;
    if (which == 1)
        lab_signaled(two->second_is_done, LAB_SOON_MS);
    two->order[InterlockedIncrement(&two->handled) - 1] = which;
    if (which == 2)
        SetEvent(two->second_is_done);
    return 0;
}

/* Two receives, eight bytes, two workers. */
static bool measure_5_23(long seen[])
{
    static struct two_receives two;
    HANDLE threads[2];
    two.second_is_done = lab_auto_event();
    open_link(&two.link);
    recv_pends(&two.link, 4);
    lab_receive(two.link.pair[0], &two.second, 4, NULL);
    for (int i = 0; i < 2; i++)
        threads[i] = lab_start(handle_one, &two);
    lab_send(two.link.pair[1], "AAAABBBB");
    for (int i = 0; i < 2; i++)
        lab_join(threads[i]);
    seen[0] = two.link.receive.buffer[0] == 'A' && two.second.buffer[0] == 'B';
    seen[1] = two.order[0];
    seen[2] = two.order[1];
    close_link(&two.link);
    CloseHandle(two.second_is_done);
    return seen[1] == 1 && seen[2] == 2;
}

/* ---- accepting, and counting calls ---------------------------------------- */

/* One thread does all: starts 16 accepts, connects 16 clients, and only then
 * looks at the port. */
static bool measure_5_14(long seen[])
{
    enum { CLIENTS = 16, ADDRESS_BYTES = sizeof(struct sockaddr_in) + 16 };
    SOCKET accepted[CLIENTS], clients[CLIENTS];
    OVERLAPPED overlapped[CLIENTS];
    char addresses[CLIENTS][2 * ADDRESS_BYTES];
    HANDLE port = lab_port(0);
    SOCKET listener = net_listen("127.0.0.1", 0);
    LPFN_ACCEPTEX accept_ex = acceptor_ex(listener);
    struct lab_packet packet;
    lab_associate(listener, port, 0);
    for (int i = 0; i < CLIENTS; i++) {
        DWORD bytes;
        overlapped[i] = (OVERLAPPED){0};
        accepted[i] = net_accept_socket();
        seen[0] +=
            !accept_ex(listener, accepted[i], addresses[i], 0, ADDRESS_BYTES,
                       ADDRESS_BYTES, &bytes, &overlapped[i]) &&
            WSAGetLastError() == ERROR_IO_PENDING;
    }
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = lab_connect(listener);
    while (seen[1] < CLIENTS && lab_take(port, LAB_SOON_MS, &packet))
        seen[1] += packet.error == 0;
    for (int i = 0; i < CLIENTS; i++) {
        closesocket(clients[i]);
        closesocket(accepted[i]);
    }
    closesocket(listener);
    CloseHandle(port);
    return seen[0] == 16 && seen[1] == 16;
}

enum { BUSY = 50 }; /* connections with a message each */

static void send_to_all(SOCKET pairs[BUSY][2])
{
    for (int i = 0; i < BUSY; i++)
        lab_send(pairs[i][1], "x");
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

static void start_all(SOCKET pairs[BUSY][2])
{
    static struct lab_operation receives[BUSY];
    for (int i = 0; i < BUSY; i++)
        lab_receive(pairs[i][0], &receives[i], 1, NULL);
}

/* 50 messages on 50 connections: with select, with a port one packet at a time,
 * and with a port in batches. */
static bool measure_5_18(long seen[])
{
    static SOCKET pairs[BUSY][2];
    HANDLE port = lab_port(0);
    struct lab_packet packet;
    for (int i = 0; i < BUSY; i++)
        lab_pair(pairs[i]);
    send_to_all(pairs);
    seen[0] = receive_with_select(pairs);
    seen[1] = BUSY;

    for (int i = 0; i < BUSY; i++)
        lab_associate(pairs[i][0], port, 0);
    start_all(pairs);
    send_to_all(pairs);
    for (long taken = 0; taken < BUSY; taken++)
        seen[3] += lab_take(port, LAB_SOON_MS, &packet);
    seen[2] = BUSY;

    start_all(pairs);
    send_to_all(pairs);
    Sleep(50);
    for (ULONG taken = 0; taken < BUSY;) {
        ULONG now = take_many(port, 64, LAB_SOON_MS);
        if (now == 0)
            break;
        taken += now;
        seen[4]++;
    }
    for (int i = 0; i < BUSY; i++)
        lab_close_pair(pairs[i]);
    CloseHandle(port);
    /* select: a call for each connection to wait; the port: 8 calls in all. */
    return seen[0] >= seen[1] && seen[2] + seen[3] <= 8;
}

static const struct lab claims[] = {
    {"5.1", HOLDS, DEPENDS, THE_VERDICT, measure_5_1,
     "Packets come out of a port first in, first out.",
     "Packets 1 to 5 are posted. One thread takes five. In which order do they "
     "come?",
     "%ld, %ld, %ld, %ld, %ld",
     "They are queued first in, first out; the page adds that they \"may be "
     "dequeued in a different order\", and does not say when. This lab posts "
     "and takes with one thread. With several workers the order in which "
     "packets are handled is another matter: claim 5.23.",
     "I/O Completion Ports"},
    {"5.2", DOES_NOT_HOLD, DOES_NOT_HOLD, 0, measure_5_2,
     "Packets can be given priorities.",
     "20 packets wait. A thread of the highest priority posts one more. How "
     "many come out before it?",
     "%ld came out before it",
     "No call takes a priority for a packet; the lab tries what is left, the "
     "priority of the thread that posts. A program that needs one has two "
     "ports, or a queue of its own behind the port.",
     "PostQueuedCompletionStatus function; I/O Completion Ports"},
    {"5.3", SINCE_WINE_10, HOLDS, 0, measure_5_3,
     "Waiting threads are released last in, first out, which saves context "
     "switches.",
     "Threads 1, 2, 3 and 4 begin to wait, in this order. Four packets come, "
     "each when the last one has been taken; then 20 more, one at a time. "
     "Which thread takes the first?",
     "the packets were taken by threads %ld, %ld, %ld, %ld; of 20 more the "
     "busiest took %ld",
     "On Windows the thread that began to wait last is released first, and so "
     "under Wine 10; Wine 8 releases the first. With little to do one thread "
     "does it all. With much to do a running thread finds the next packet when "
     "it asks, and no context switch happens, says the page; that caches stay "
     "warm is the usual other reason. This lab sees the order only.",
     "I/O Completion Ports"},
    {"5.4", NOT_HERE, HOLDS, 0, measure_5_4,
     "No more threads run than the concurrency value; one that blocks is "
     "replaced.",
     "The value is 1, and four workers wait. Four packets come. If each "
     "handler sleeps, more than one is at work. How many are at work at once "
     "if each only computes?",
     "computing: %ld at once; sleeping: %ld at once",
     "A thread that blocks elsewhere does not count as running, and the port "
     "lets the next one go. (Wine ignores the value and lets all run.)",
     "I/O Completion Ports"},
    {"5.5", NOT_HERE, HOLDS, THE_VERDICT, measure_5_5,
     "0 as the concurrency value means the number of processors.",
     "The value is 0, and there are two workers and two packets more than "
     "processors. How many handlers compute at once?",
     "%ld processors; %ld handlers at once",
     "So it is on Windows. (Wine ignores the value.)",
     "CreateIoCompletionPort function"},
    {"5.6", DOES_NOT_HOLD, DOES_NOT_HOLD, THE_VERDICT, measure_5_6,
     "The best number of workers is twice the number of processors.",
     "8 packets for each processor; each handler sleeps 80 ms. How much faster "
     "are eight workers for each processor than two?",
     "handlers that sleep: %ld ms with one worker for each processor, %ld with "
     "two, %ld with eight; handlers that compute: %ld, %ld, %ld",
     "It depends on how long handlers block. Twice the processors is a rule of "
     "thumb of Microsoft's page, and there it is the least.",
     "I/O Completion Ports"},
    {"5.7", DOES_NOT_HOLD, DOES_NOT_HOLD, 0, measure_5_7,
     "One call of GetQueuedCompletionStatus takes several packets.",
     "Ten packets wait. GetQueuedCompletionStatusEx can ask for up to 64. How "
     "many does one call of GetQueuedCompletionStatus take?",
     "the first took %ld, the second %ld",
     "It takes one. GetQueuedCompletionStatusEx takes what is there, up to "
     "ulCount.",
     "GetQueuedCompletionStatus function; GetQueuedCompletionStatusEx "
     "function"},
    {"5.8", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_5_8,
     "An operation that succeeds at once does not come through the port.",
     "FILE_SKIP_COMPLETION_PORT_ON_SUCCESS is not set. There are ten small "
     "sends, most of them done at once. How many packets come?",
     "by default %ld were done at once and %ld packets came; with "
     "skip-on-success %ld and %ld",
     "By default every operation that was started brings a packet, done at "
     "once or not. FILE_SKIP_COMPLETION_PORT_ON_SUCCESS has to be switched on "
     "for each socket. (An event in hEvent whose lowest bit is set prevents "
     "the packet of that one operation.)",
     "SetFileCompletionNotificationModes function; GetQueuedCompletionStatus "
     "function (hEvent)"},
    {"5.9", HOLDS, HOLDS, THE_VERDICT, measure_5_9,
     "Anyone can put a packet on the port with PostQueuedCompletionStatus.",
     "A thread posts 1234 bytes, key 77, and the address of an int as the "
     "OVERLAPPED. What does GetQueuedCompletionStatus get?",
     "bytes %ld, key %ld, the address: %s",
     "The three values are handed through, and nobody looks at them.",
     "PostQueuedCompletionStatus function"},
    {"5.10", HOLDS, HOLDS, 1, measure_5_10,
     "A zero-byte receive saves memory for idle connections.",
     "20 idle connections wait with a receive of no bytes. Each then gets 5 "
     "bytes. One buffer is enough to receive them all. How many bytes do the "
     "20 packets report, in all?",
     "%ld receives waited; their packets said %ld bytes; %ld messages were "
     "then received with one buffer of %ld bytes, in place of %ld bytes",
     "No buffer is needed before there is something to receive: that is what "
     "this lab shows, and it measures no memory. On Windows the pages of a "
     "buffer in flight may also be locked in memory. The price is a second "
     "call for each receive. (The packet says 0 bytes, not how many are "
     "there.)",
     "dotnet/runtime, pull request 72804"},
    {"5.11", DOES_NOT_HOLD, DOES_NOT_HOLD, 2, measure_5_11,
     "The completion key is 32 bits.",
     "The key is the address of a variable. It comes back whole; but the "
     "program keeps it in a DWORD. Is it the same then?",
     "the key has %ld bits; as it came it was the same: %s; through a DWORD: "
     "%s",
     "It is a ULONG_PTR, as wide as a pointer. Code that takes it in a DWORD "
     "was written for 32-bit programs.",
     "CreateIoCompletionPort function"},
    {"5.12", HOLDS, HOLDS, 1, measure_5_12,
     "CreateIoCompletionPort does two jobs: it creates a port, and it "
     "associates a handle with one.",
     "A socket is associated with a port. Does the call return the handle of "
     "the same port?",
     "created: %s; the second call returned the same port: %s; the third "
     "failed with %ld",
     "Given INVALID_HANDLE_VALUE it creates, given a socket and a port it "
     "associates; it can do both at once, so programs are easier to read with "
     "a function of their own for each. A handle belongs to one port until it "
     "is closed; 87 is ERROR_INVALID_PARAMETER. The port is gone when its own "
     "handle and all handles that belong to it are closed.",
     "CreateIoCompletionPort function; I/O Completion Ports"},
    {"5.13", HOLDS, HOLDS, 1, measure_5_13,
     "The OVERLAPPED and its buffer must live until the packet is dequeued.",
     "A receive is pending. Somebody believes that its buffer is free, and "
     "writes a text into it. The peer sends HELLO. Is the text overwritten?",
     "pending: %s; the text was overwritten: %s; the OVERLAPPED was written "
     "to: %s",
     "Windows writes into the buffer when bytes arrive. On a port it writes "
     "the status into the OVERLAPPED only when the packet is removed from the "
     "port (claim 5.29): so the memory must live until then, whoever believes "
     "that it is free.",
     "I/O Completion Ports; CancelIoEx function"},
    {"5.14", HOLDS, HOLDS, 1, measure_5_14,
     "AcceptEx accepts many without a thread that waits.",
     "One thread starts 16 accepts, then connects 16 clients, and only then "
     "looks at the port. How many packets does it find?",
     "%ld accepts were pending; %ld packets of accepted clients",
     "Each AcceptEx in flight is a place for one client, and the kernel fills "
     "it without any thread of ours.",
     "AcceptEx function"},
    {"5.15", HOLDS, HOLDS, 1, measure_5_15,
     "Closing a socket cancels its operations, and each still comes through "
     "the port.",
     "Four sockets have a receive pending. All four are closed. How many "
     "packets come?",
     "%ld were pending; %ld packets came, %ld of them with an error",
     "The memory is the program's again only when the packet has been taken. "
     "Which error it has differs from system to system.",
     "closesocket function"},
    {"5.16", NOT_HERE, DOES_NOT_HOLD, 0, measure_5_16,
     "A paused thread goes on only when the concurrency value leaves room.",
     "The value is 1. Thread A takes a packet and blocks, so B gets the next "
     "and computes. Then A is woken. How many run at once?",
     "%ld at once",
     "The port holds back only threads that ask it for a packet. One that "
     "blocked elsewhere goes on at once, and for a while more run than the "
     "value says. It belongs to the port all the time: until it ends, asks "
     "another port, or closes the port. (Wine ignores the value.)",
     "I/O Completion Ports"},
    {"5.17", DOES_NOT_HOLD, DOES_NOT_HOLD, 0, measure_5_17,
     "The kernel holds packets back, to deliver them in batches.",
     "A thread waits for up to 64 packets. One is posted, and no other. Does "
     "the call return?",
     "it returned: %s, with %ld packet",
     "The call returns as soon as there is one. It takes more only if they are "
     "there already. The documentation says nothing of holding back.",
     "GetQueuedCompletionStatusEx function"},
    {"5.18", DOES_NOT_HOLD, NOT_SAID, THE_VERDICT, measure_5_18,
     "1,000 connections cost 1,000 mode switches with select, and 8 with a "
     "port.",
     "50 connections have one message each. How many calls receive them with "
     "select and recv? And with WSARecv and a port?",
     "select: %ld waits and %ld calls of recv; the port: %ld calls of WSARecv "
     "and %ld waits, or %ld if a wait takes up to 64 packets",
     "One select tells of all of them. A port needs a call to start each "
     "receive, and a wait for each packet or batch. Calls are counted (those "
     "of recv and WSARecv are as the program is written); how many mode "
     "switches a call makes no page says. What grows with the number of "
     "connections is what select does inside.",
     "select function (one call for a set of sockets)"},
    {"5.19", DOES_NOT_HOLD, DOES_NOT_HOLD, 2, measure_5_19,
     "A failed GetQueuedCompletionStatus without an OVERLAPPED means that the "
     "port is broken.",
     "Nothing comes within 10 ms: FALSE, and no OVERLAPPED. A packet is "
     "posted. Can it be taken?",
     "a packet within 10 ms: %s, error %ld; after that one was posted and "
     "taken: %s; the error of a closed port is %ld",
     "A time-out looks the same. Only the error tells: 258 is WAIT_TIMEOUT.",
     "GetQueuedCompletionStatus function"},
    {"5.20", HOLDS, HOLDS, 1, measure_5_20,
     "A receive and a send can be in flight at once on one connection.",
     "A receive is started, then sends to a peer that does not read, until one "
     "is pending. Both are cancelled. How many packets come?",
     "%ld operations in flight; %ld packets",
     "Each has its own OVERLAPPED. Servers that receive while they still send "
     "do it; the memory then belongs to two operations: claim 5.22.",
     "WSASend function"},
    {"5.22", DOES_NOT_HOLD, DOES_NOT_HOLD, 2, measure_5_22,
     "When an operation of a connection fails, the connection can be freed.",
     "A receive and a send are in flight. Only the receive is cancelled, and "
     "its packet is taken. Then the rest is cancelled. How many packets come "
     "after that?",
     "the receive failed: %s; a second packet came with it: %s; packets that "
     "came when the rest was cancelled: %ld",
     "Each operation ends by itself. With two in flight the connection needs a "
     "count, and whoever takes the last packet frees it.",
     "CancelIoEx function"},
    {"5.23", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_5_23,
     "Two receives in flight on one socket are handled in their order.",
     "Two receives wait, two workers wait. Eight bytes come, four for each. "
     "The worker with the first four is held up for a moment. Which receive is "
     "handled first, 1 or 2?",
     "the buffers were filled in order: %s; handled first: receive %ld, then "
     "receive %ld",
     "Shown, not measured: the first worker is held up on purpose. Windows "
     "fills the buffers in the order of the calls, and the packets are queued "
     "in that order. Two workers then run side by side, and nobody orders "
     "them.",
     "WSARecv function; I/O Completion Ports"},
    {"5.25", DOES_NOT_HOLD, DOES_NOT_HOLD, THE_VERDICT, measure_5_25,
     "A client that reads nothing holds back a server that posts each send "
     "and, at once, the next receive.",
     "A client sends 16 MiB and reads nothing. For each receive that completes "
     "the server posts the send and, without waiting for it, the next receive, "
     "with a new buffer. What if it waits for the send first?",
     "without waiting the server received %ld KiB, and had %ld KiB of buffers "
     "in use at the end; with waiting %ld KiB, and %ld KiB",
     "The sends stay pending, the receives go on, and memory grows as long as "
     "the client sends. Receive again when the send is over, as server.c does: "
     "then the client is held back by TCP, and one buffer is enough. (See "
     "1.12.)",
     "WSASend function (WSA_IO_PENDING: the buffer is in use until the "
     "completion)"},
    {"5.26", DOES_NOT_HOLD, DOES_NOT_HOLD, 2, measure_5_26,
     "A completion port has threads of its own, and starts and stops them as "
     "the load demands.",
     "A port with the value 4 is created; a socket is associated, and 20 "
     "packets come. How many threads more has the process then?",
     "threads before: %ld; then: %ld; more: %ld",
     "A port makes no thread and ends none. Those of the program ask it, and "
     "it decides which of those that wait may go on. (A pool that makes "
     "threads as needed is another thing: page Thread Pools.)",
     "I/O Completion Ports; CreateIoCompletionPort function"},
    {"5.27", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_5_27,
     "A completion port calls you back when an operation completes.",
     "A receive completes. Its thread waits 200 ms, alertably, but not at the "
     "port. Is the packet still there after that?",
     "the wait ran something: %s; the packet was there: %s",
     "It calls nobody. A packet stays in the queue until a thread asks with "
     "GetQueuedCompletionStatus. What calls a function is a completion routine "
     "(04), or the thread pool (CreateThreadpoolIo).",
     "I/O Completion Ports"},
    {"5.28", DOES_NOT_HOLD, DOES_NOT_HOLD, 0, measure_5_28,
     "The concurrency value is the number of threads of the port.",
     "The value is 1. Four threads take a packet each, and sleep. How many "
     "handlers are at work at once?",
     "%ld handlers at once, with the value 1",
     "Any number of threads may ask a port. The value limits how many of them "
     "run at a time, and one that sleeps does not run (claim 5.4). Wine "
     "ignores the value, so under Wine this lab shows only that four threads "
     "may ask.",
     "I/O Completion Ports"},
    {"5.29", HOLDS, DOES_NOT_HOLD, 1, measure_5_29,
     "On a port, too, the OVERLAPPED tells that the operation is over, before "
     "its packet is taken.",
     "The bytes of a receive are in its buffer, and nobody has taken the "
     "packet. Does HasOverlappedIoCompleted say yes?",
     "the bytes were there: %s; over before the packet was taken: %s; after: "
     "%s",
     "Windows does not update the status until the packet is removed from the "
     "port, except when the operation fails synchronously. So who polls waits "
     "for ever, and who frees the memory before has it written to. Wine writes "
     "the status when the operation is over.",
     "I/O Completion Ports"},
};

int main(int argc, char **argv)
{
    return lab_main(argc, argv, "05 The completion port", claims,
                    sizeof claims / sizeof claims[0]);
}
