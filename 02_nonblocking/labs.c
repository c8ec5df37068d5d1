/* labs.c: what courses say about non-blocking sockets and readiness, put to the
 * test.
 *
 *   make lab-02                     all; at a terminal it asks what you expect
 *   make lab-02 CLAIM=2.4           one
 *   make lab-02 ARGS=--no-predict   it does not ask
 *
 * A function for each claim measures and says whether it holds. The table at
 * the end says what is claimed. FD_SETSIZE is not defined here: it has its
 * default. */
#include "lab.h"

#include <stdint.h>
#include <string.h>

/* ---- sockets to try things with ------------------------------------------- */

static void set_non_blocking(SOCKET s)
{
    u_long on = 1;
    if (ioctlsocket(s, (long)FIONBIO, &on) == SOCKET_ERROR)
        die("ioctlsocket(FIONBIO)", (DWORD)WSAGetLastError());
}

/* A UDP socket that is connected to itself: a send makes it readable. */
static SOCKET socket_to_itself(void)
{
    struct sockaddr_in self = {.sin_family = AF_INET};
    int length = sizeof self;
    self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SOCKET s = socket(AF_INET, SOCK_DGRAM, 0);
    if (s == INVALID_SOCKET ||
        bind(s, (struct sockaddr *)&self, length) == SOCKET_ERROR ||
        getsockname(s, (struct sockaddr *)&self, &length) == SOCKET_ERROR ||
        connect(s, (struct sockaddr *)&self, length) == SOCKET_ERROR)
        die("making a socket", (DWORD)WSAGetLastError());
    return s;
}

static void close_all(const SOCKET sockets[], int count)
{
    for (int i = 0; i < count; i++)
        closesocket(sockets[i]);
}

/* A set of sockets with the layout of an fd_set and another length. select()
 * goes by the count, so it can be given one of these in place of an fd_set. */
enum { WIDE_SIZE = 500 };
struct wide_set {
    u_int fd_count;
    SOCKET fd_array[WIDE_SIZE];
};

static void fill_wide_set(struct wide_set *set, const SOCKET sockets[],
                          int count)
{
    set->fd_count = (u_int)count;
    memcpy(set->fd_array, sockets, (size_t)count * sizeof sockets[0]);
}

static int select_wide(struct wide_set *readable, long ms)
{
    struct timeval timeout = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    return select(0, (fd_set *)(void *)readable, NULL, NULL, &timeout);
}

/* What a wait for one socket says, after ms at most: 1 if it is ready. */
static int wait_for_one(SOCKET s, bool to_read, bool to_write, long ms)
{
    fd_set readable, writable;
    struct timeval timeout = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(s, &readable);
    FD_SET(s, &writable);
    return select(0, to_read ? &readable : NULL, to_write ? &writable : NULL,
                  NULL, &timeout);
}

/* ---- the claims ------------------------------------------------------------ */

/* A non-blocking accept with nobody there returns at once. */
static bool measure_2_1(long seen[])
{
    SOCKET listener = net_listen("127.0.0.1", 0);
    set_non_blocking(listener);
    uint64_t before_ns = clock_ns();
    SOCKET s = accept(listener, NULL, NULL);
    seen[1] = WSAGetLastError();
    seen[0] = s == INVALID_SOCKET;
    seen[2] = (long)((clock_ns() - before_ns) / 1000000);
    closesocket(listener);
    return seen[0] == 1 && seen[1] == WSAEWOULDBLOCK && seen[2] < LAB_SOON_MS;
}

/* Is what a non-blocking listener accepts non-blocking? If not, the receive
 * ends at its time limit, with WSAETIMEDOUT. */
static long error_of_first_recv(bool listener_is_non_blocking)
{
    SOCKET listener = net_listen("127.0.0.1", 0);
    SOCKET client = lab_connect(listener);
    DWORD limit_ms = 300;
    char byte;
    wait_for_one(listener, true, false, LAB_SOON_MS);
    if (listener_is_non_blocking)
        set_non_blocking(listener);
    SOCKET accepted = accept(listener, NULL, NULL);
    if (accepted == INVALID_SOCKET)
        die("accept", (DWORD)WSAGetLastError());
    setsockopt(accepted, SOL_SOCKET, SO_RCVTIMEO, (const char *)&limit_ms,
               sizeof limit_ms);
    long error =
        recv(accepted, &byte, 1, 0) == SOCKET_ERROR ? WSAGetLastError() : 0;
    close_all((SOCKET[]){accepted, client, listener}, 3);
    return error;
}

static bool measure_2_2(long seen[])
{
    seen[0] = error_of_first_recv(true);
    seen[1] = error_of_first_recv(false);
    return seen[0] == WSAEWOULDBLOCK;
}

/* Asks a silent socket for so long whether there is something, and returns how
 * many calls that took. */
enum how_to_ask { SPIN, SPIN_WITH_SLEEP, WAIT };
static long ask_while_silent(SOCKET s, enum how_to_ask how, long *cpu_ms)
{
    enum { SILENCE_MS = 250 };
    uint64_t end_ns = clock_in_ms(SILENCE_MS);
    long calls = 0, before_ms = lab_cpu_ms();
    char byte;
    do {
        calls++;
        if (how == WAIT) {
            wait_for_one(s, true, false, SILENCE_MS);
            break;
        }
        recv(s, &byte, 1, 0); /* WSAEWOULDBLOCK, each time */
        if (how == SPIN_WITH_SLEEP)
            Sleep(1);
    } while (clock_ns() < end_ns);
    *cpu_ms = lab_cpu_ms() - before_ms;
    return calls;
}

/* On a busy machine the loop may get no processor for so long: then again. */
static bool measure_2_3(long seen[])
{
    SOCKET pair[2];
    bool is_free = true;
    lab_pair(pair);
    set_non_blocking(pair[0]);
    for (int attempt = 0; attempt < 5 && is_free; attempt++) {
        seen[0] = ask_while_silent(pair[0], SPIN, &seen[1]);
        seen[2] = ask_while_silent(pair[0], SPIN_WITH_SLEEP, &seen[3]);
        seen[4] = ask_while_silent(pair[0], WAIT, &seen[5]);
        is_free = seen[0] <= 2 * seen[4];
    }
    lab_close_pair(pair);
    return is_free;
}

/* 64 is the length of an array in a header, not a limit of select(). */
static bool measure_2_4(long seen[])
{
    enum { SOCKETS = 100 };
    SOCKET sockets[SOCKETS];
    static fd_set usual;
    static struct wide_set wide;
    FD_ZERO(&usual);
    for (int i = 0; i < SOCKETS; i++) {
        sockets[i] = socket_to_itself();
        FD_SET(sockets[i], &usual);
    }
    seen[0] = FD_SETSIZE;
    seen[1] = (long)usual.fd_count;

    lab_send(sockets[SOCKETS - 1], "!");
    fill_wide_set(&wide, sockets, SOCKETS);
    seen[2] = (long)wide.fd_count;
    seen[3] = select_wide(&wide, LAB_SOON_MS);
    seen[4] = wide.fd_array[0] == sockets[SOCKETS - 1];
    close_all(sockets, SOCKETS);
    return seen[3] != 1 || seen[4] != 1;
}

/* So many connections, all busy at the same time. */
enum { MANY = 256 };
struct busy {
    int count;
    SOCKET client[MANY], server[MANY];
    struct lab_operation receive[MANY];
};

static void send_from_all(const struct busy *b)
{
    for (int i = 0; i < b->count; i++)
        lab_send(b->client[i], "e");
}

static void take_at_all(const struct busy *b)
{
    char byte;
    for (int i = 0; i < b->count; i++)
        recv(b->client[i], &byte, 1, 0);
}

/* Echoes one byte for each connection, in a loop over what is ready. Returns
 * how many calls that took. */
static long echo_by_readiness(struct busy *b)
{
    static struct wide_set ready;
    long calls = 0;
    char byte;
    send_from_all(b);
    for (int echoes = 0; echoes < b->count;) {
        fill_wide_set(&ready, b->server, b->count);
        calls++;
        if (select_wide(&ready, LAB_SOON_MS) < 1)
            die("select", (DWORD)WSAGetLastError());
        for (u_int i = 0; i < ready.fd_count; i++, echoes++) {
            if (recv(ready.fd_array[i], &byte, 1, 0) != 1 ||
                send(ready.fd_array[i], &byte, 1, 0) != 1)
                die("recv, send", (DWORD)WSAGetLastError());
            calls += 2;
        }
    }
    take_at_all(b);
    return calls;
}

/* Takes the packet of a receive. One that was cancelled brings one, too. */
static struct lab_operation *next_packet(HANDLE port)
{
    struct lab_packet packet;
    if (!lab_take(port, LAB_SOON_MS, &packet))
        die("GetQueuedCompletionStatus", packet.error);
    return CONTAINING_RECORD(packet.overlapped, struct lab_operation,
                             overlapped);
}

/* The same with a completion port, which chapter 05 explains. The receives are
 * pending before anything arrives; each is counted with its own echo. */
static long echo_by_port(struct busy *b, HANDLE port)
{
    long calls = 0;
    send_from_all(b);
    for (int i = 0; i < b->count; i++) {
        struct lab_operation *done = next_packet(port);
        SOCKET server = b->server[done - b->receive];
        if (send(server, done->buffer, 1, 0) != 1)
            die("send", (DWORD)WSAGetLastError());
        lab_receive(server, done, 1, NULL);
        calls += 3;
    }
    take_at_all(b);
    return calls;
}

/* Calls for 100 echoes on so many connections. */
static void count_calls(int count, long *readiness, long *with_port)
{
    static struct busy b;
    HANDLE port = lab_port(0);
    int rounds = count < 128 ? 128 / count : 1;
    b.count = count;
    for (int i = 0; i < count; i++) {
        SOCKET pair[2];
        lab_pair(pair);
        b.client[i] = pair[0];
        b.server[i] = pair[1];
    }
    long calls = 0;
    for (int i = 0; i < rounds; i++)
        calls += echo_by_readiness(&b);
    *readiness = calls * 100 / (rounds * count);

    for (int i = 0; i < count; i++) {
        lab_associate(b.server[i], port, 0);
        lab_receive(b.server[i], &b.receive[i], 1, NULL);
    }
    calls = 0;
    for (int i = 0; i < rounds; i++)
        calls += echo_by_port(&b, port);
    *with_port = calls * 100 / (rounds * count);

    close_all(b.server, count);
    for (int i = 0; i < count; i++)
        next_packet(port); /* until then the memory is not ours again */
    close_all(b.client, count);
    CloseHandle(port);
}

static bool measure_2_5(long seen[])
{
    count_calls(1, &seen[0], &seen[3]);
    count_calls(64, &seen[1], &seen[4]);
    count_calls(MANY, &seen[2], &seen[5]);
    return seen[2] > 10 * seen[0] || seen[5] < seen[3] / 10;
}

/* One wait, with the last of so many sockets ready. */
struct waits {
    const SOCKET *sockets;
    int count;
    HANDLE port;
};

static void wait_by_select(const struct waits *w)
{
    static struct wide_set set;
    fill_wide_set(&set, w->sockets, w->count);
    if (select_wide(&set, LAB_SOON_MS) != 1)
        die("select", (DWORD)WSAGetLastError());
}

static void wait_by_poll(const struct waits *w)
{
    static WSAPOLLFD fds[WIDE_SIZE];
    for (int i = 0; i < w->count; i++)
        fds[i] = (WSAPOLLFD){.fd = w->sockets[i], .events = POLLRDNORM};
    if (WSAPoll(fds, (ULONG)w->count, LAB_SOON_MS) != 1)
        die("WSAPoll", (DWORD)WSAGetLastError());
}

static void wait_by_port(const struct waits *w)
{
    struct lab_packet packet;
    lab_post(w->port, 0);
    if (!lab_take(w->port, LAB_SOON_MS, &packet))
        die("GetQueuedCompletionStatus", packet.error);
}

/* Nanoseconds for one wait. Of many tries the shortest: what else runs here can
 * make a try longer, but not shorter. On a busy system few are undisturbed, so
 * there are many, but no more than fit into 1.5 s. */
static long shortest_ns(void (*wait)(const struct waits *w),
                        const struct waits *w)
{
    int tries = w->count == 1 ? 1000 : 20;
    uint64_t end_ns = clock_in_ms(1500), shortest = UINT64_MAX;
    for (int i = 0; i < tries && clock_ns() < end_ns; i++) {
        uint64_t before_ns = clock_ns();
        wait(w);
        uint64_t ns = clock_ns() - before_ns;
        if (ns < shortest)
            shortest = ns;
    }
    return (long)shortest;
}

/* One of the two is enough: the other may have been disturbed in each try. */
static bool measure_2_6(long seen[])
{
    static SOCKET sockets[WIDE_SIZE];
    HANDLE port = lab_port(0);
    struct waits one = {&sockets[WIDE_SIZE - 1], 1, port};
    struct waits all = {sockets, WIDE_SIZE, port};
    for (int i = 0; i < WIDE_SIZE; i++)
        sockets[i] = socket_to_itself();
    lab_send(sockets[WIDE_SIZE - 1], "!"); /* the only one that is ready */
    seen[0] = shortest_ns(wait_by_select, &one);
    seen[1] = shortest_ns(wait_by_select, &all);
    seen[2] = shortest_ns(wait_by_poll, &one);
    seen[3] = shortest_ns(wait_by_poll, &all);
    seen[4] = shortest_ns(wait_by_port, &one);
    for (int i = 0; i < WIDE_SIZE; i++)
        lab_associate(sockets[i], port, 0);
    seen[5] = shortest_ns(wait_by_port, &all);
    close_all(sockets, WIDE_SIZE);
    CloseHandle(port);
    return seen[1] > 3 * seen[0] || seen[3] > 3 * seen[2];
}

/* Announced by an event or by a window message: where are the bytes then? */
static bool measure_2_7(long seen[])
{
    SOCKET pair[2];
    char buffer[5];
    lab_pair(pair);
    WSAEVENT event = lab_manual_event();
    if (WSAEventSelect(pair[0], event, FD_READ) == SOCKET_ERROR)
        die("WSAEventSelect", (DWORD)WSAGetLastError());
    lab_send(pair[1], "hello");
    seen[0] = lab_signaled(event, LAB_SOON_MS);
    seen[1] = (long)lab_bytes_in(pair[0]);
    seen[2] = recv(pair[0], buffer, sizeof buffer, 0);
    WSAEventSelect(pair[0], NULL, 0);
    WSACloseEvent(event);

    /* A window that is never shown, only to get messages. */
    HWND window = CreateWindowExW(0, L"STATIC", L"", 0, 0, 0, 0, 0,
                                  HWND_MESSAGE, NULL, NULL, NULL);
    if (window == NULL)
        die("CreateWindowEx", GetLastError());
    if (WSAAsyncSelect(pair[0], window, WM_USER, FD_READ) == SOCKET_ERROR)
        die("WSAAsyncSelect", (DWORD)WSAGetLastError());
    lab_send(pair[1], "hello");
    MSG message = {.lParam = 0};
    uint64_t end_ns = clock_in_ms(LAB_SOON_MS);
    while (!PeekMessageW(&message, window, WM_USER, WM_USER, PM_REMOVE) &&
           clock_ns() < end_ns)
        MsgWaitForMultipleObjects(0, NULL, FALSE, 100, QS_ALLINPUT);
    seen[3] = WSAGETSELECTEVENT(message.lParam) == FD_READ;
    seen[4] = (long)lab_bytes_in(pair[0]);
    seen[5] = recv(pair[0], buffer, sizeof buffer, 0);
    DestroyWindow(window);
    lab_close_pair(pair);
    return seen[1] == 0 && seen[4] == 0;
}

/* WSAEventSelect makes the socket non-blocking, without being asked. */
static bool measure_2_8(long seen[])
{
    SOCKET pair[2];
    u_long off = 0;
    char byte;
    lab_pair(pair);
    WSAEVENT event = lab_manual_event();
    WSAEventSelect(pair[0], event, FD_READ);
    recv(pair[0], &byte, 1, 0);
    seen[0] = WSAGetLastError();
    ioctlsocket(pair[0], (long)FIONBIO, &off); /* refused meanwhile */
    seen[1] = WSAGetLastError();
    WSACloseEvent(event);
    lab_close_pair(pair);
    return seen[0] == WSAEWOULDBLOCK;
}

/* Is FD_READ told as long as there is something to read? Each time somebody
 * waits, and takes nothing or a part. */
static bool measure_2_9(long seen[])
{
    SOCKET pair[2];
    WSANETWORKEVENTS told;
    char buffer[4];
    lab_pair(pair);
    WSAEVENT event = lab_manual_event();
    WSAEventSelect(pair[0], event, FD_READ);
    lab_send(pair[1], "0123456789");
    seen[0] = lab_signaled(event, LAB_SOON_MS);
    WSAEnumNetworkEvents(pair[0], event, &told); /* resets the event as well */
    seen[1] = lab_signaled(event, 100);          /* nothing was received */
    seen[2] = wait_for_one(pair[0], true, false, 100); /* select, meanwhile */
    recv(pair[0], buffer, sizeof buffer, 0);
    seen[3] = lab_signaled(event, LAB_SOON_MS); /* 6 bytes are left */
    WSACloseEvent(event);
    lab_close_pair(pair);
    return seen[0] == 1 && seen[1] == 1 && seen[3] == 1;
}

/* A select() for sockets, and for an event. */
static bool measure_2_10(long seen[])
{
    struct wide_set set;
    SOCKET waker = socket_to_itself();
    HANDLE event = lab_manual_event();
    SetEvent(event);
    SOCKET both[] = {waker, (SOCKET)event};
    fill_wide_set(&set, both, 2);
    seen[0] = select_wide(&set, 0);
    seen[1] = WSAGetLastError();
    lab_send(waker, "!");
    fill_wide_set(&set, both, 1);
    seen[2] = select_wide(&set, LAB_SOON_MS);
    CloseHandle(event);
    closesocket(waker);
    return seen[0] == 1;
}

/* Two silent sockets and one that is ready go in. What comes out? */
static bool measure_2_11(long seen[])
{
    SOCKET sockets[3];
    struct wide_set set;
    for (int i = 0; i < 3; i++)
        sockets[i] = socket_to_itself();
    lab_send(sockets[1], "!");
    fill_wide_set(&set, sockets, 3);
    select_wide(&set, LAB_SOON_MS);
    seen[0] = (long)set.fd_count;

    /* Not filled anew. The second wait has only that one in its set. */
    lab_send(sockets[2], "!");
    seen[1] = select_wide(&set, LAB_SOON_MS);
    fill_wide_set(&set, sockets, 3);
    seen[2] = select_wide(&set, LAB_SOON_MS);

    char byte;
    recv(sockets[1], &byte, 1, 0);
    recv(sockets[2], &byte, 1, 0);
    fill_wide_set(&set, sockets, 3);
    select_wide(&set, 50); /* a time-out */
    seen[3] = (long)set.fd_count;
    close_all(sockets, 3);
    return seen[0] == 1 && seen[1] == 1 && seen[2] == 2 && seen[3] == 0;
}

/* How many waits end within 200 ms on a connection where nothing happens? */
static long waits_in_silence(SOCKET s, bool to_write)
{
    enum { SILENCE_MS = 200 };
    uint64_t end_ns = clock_in_ms(SILENCE_MS);
    long waits = 0;
    while (clock_ns() < end_ns) {
        wait_for_one(s, true, to_write, SILENCE_MS);
        waits++;
    }
    return waits;
}

/* On a busy machine the loop may get no processor for so long: then again. */
static bool measure_2_12(long seen[])
{
    SOCKET pair[2];
    bool it_sleeps = true;
    lab_pair(pair);
    for (int attempt = 0; attempt < 5 && it_sleeps; attempt++) {
        seen[0] = waits_in_silence(pair[0], false);
        seen[1] = waits_in_silence(pair[0], true);
        it_sleeps = seen[1] <= 2 * seen[0] + 2;
    }
    lab_close_pair(pair);
    return it_sleeps;
}

static const struct lab claims[] = {
    {"2.1", HOLDS, HOLDS, THE_VERDICT, measure_2_1,
     "A non-blocking accept() with nobody waiting returns INVALID_SOCKET and "
     "WSAEWOULDBLOCK at once.",
     "A listener is made non-blocking, nobody connects, and accept() is "
     "called. What does it return, and when?",
     "INVALID_SOCKET: %s; the error was %ld, after %ld ms",
     "The call does what can be done now. Nothing can, and WSAEWOULDBLOCK "
     "(10035) says so.",
     "accept function"},
    {"2.2", HOLDS, HOLDS, THE_VERDICT, measure_2_2,
     "A socket that was accepted from a non-blocking listener is non-blocking, "
     "too.",
     "accept() on a non-blocking listener returns a socket. Nothing was sent "
     "to it. What does recv() on it do?",
     "recv: error %ld; the same after a blocking listener, with a time limit "
     "of 0.3 s: error %ld",
     "On Windows an accepted socket has the properties of its listener. 10035 "
     "is WSAEWOULDBLOCK, 10060 WSAETIMEDOUT. On Linux it is blocking, so "
     "portable code, and both sources here, say it once more for each socket.",
     "accept function; Linux manual, accept(2)"},
    {"2.3", DOES_NOT_HOLD, DOES_NOT_HOLD, 4, measure_2_3,
     "To poll non-blocking sockets in a loop is asynchronous I/O: it costs "
     "nothing while nothing happens.",
     "For 250 ms a client says nothing. One loop calls recv again and again, "
     "one with a Sleep(1) in between, and a third waits in select(). How many "
     "calls does the third make?",
     "%ld calls (%ld ms of CPU); with Sleep(1) %ld calls (%ld ms); with select "
     "%ld call (%ld ms)",
     "A loop that asks again and again is busy while it waits. With Sleep(1) "
     "it makes fewer calls, and hears of each message later. In select() the "
     "thread sleeps. None of the three is asynchronous: the loop makes the "
     "call and does the work.",
     "recv function (WSAEWOULDBLOCK); select function (it waits)"},
    {"2.4", DOES_NOT_HOLD, DOES_NOT_HOLD, 4, measure_2_4,
     "select() takes 64 sockets at most.",
     "100 sockets are put into an fd_set with FD_SET, and then into a longer "
     "array of the same layout. The last one is ready. Does select() find it?",
     "FD_SETSIZE is %ld; FD_SET kept %ld of 100; with %ld in the longer set "
     "select returned %ld, and left the right one in it: %s",
     "64 is the length of the array in the header unless FD_SETSIZE says "
     "otherwise before winsock2.h is included. FD_SET drops what does not fit "
     "and reports nothing. select() itself goes by the count.",
     "select function"},
    {"2.5", DOES_NOT_HOLD, NOT_SAID, THE_VERDICT, measure_2_5,
     "A readiness call costs up to one change into the kernel for each "
     "connection, a completion port only about one for each processor.",
     "On 1, 64 and 256 connections each client sends one byte, all at the same "
     "time. How many calls do 100 echoes take, with select() and with a port?",
     "calls for 100 echoes on 1, 64 and 256 connections: with select %ld, %ld, "
     "%ld; with a port %ld, %ld, %ld",
     "One select() asks about all sockets in one call. With one client it is "
     "three calls for an echo (select, recv, send); with many that are ready "
     "together the select is shared, and it is two. A port takes three in any "
     "number (WSARecv, a packet, send): so this program is written. Calls are "
     "counted, and not the changes into the kernel, of which no page says how "
     "many a call makes. What readiness costs is not calls but the work within "
     "one: claim 2.6. See also 5.18.",
     "select function (one call for a set of sockets)"},
    {"2.6", HOLDS, HOLDS, THE_VERDICT, measure_2_6,
     "The cost of waiting grows with the number of idle connections.",
     "One socket is ready. How much longer does a wait take when 499 idle ones "
     "are asked about, too: with select(), with WSAPoll(), with a port?",
     "ns for a wait, 1 socket and 500: select %ld and %ld, WSAPoll %ld and "
     "%ld; a packet to a port and from it, the same: %ld and %ld",
     "select() and WSAPoll() are handed all sockets and look at all, each "
     "time. A port is told of a socket once, and a wait looks only at the "
     "queue. (The times of this system; what matters is which of them grow.)",
     "openjdk/jdk, pull request 3816 (select on Windows); Winsock socket state "
     "notifications (a scalable alternative to both)"},
    {"2.7", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_2_7,
     "WSAAsyncSelect and WSAEventSelect are asynchronous I/O.",
     "5 bytes arrive, and the event is set; in a second run the window gets "
     "its message. How many bytes are still in the socket at that moment?",
     "event: %s, with %ld bytes still in the socket, and recv got %ld; "
     "message: %s, with %ld still in the socket, and recv got %ld",
     "Both announce readiness, one with an event and one with a window "
     "message. To receive is still a call of the program, as after select(). "
     "In asynchronous I/O the bytes are in the program's buffer before it is "
     "told.",
     "WSAAsyncSelect function; WSAEventSelect function"},
    {"2.8", HOLDS, HOLDS, THE_VERDICT, measure_2_8,
     "WSAEventSelect makes the socket non-blocking.",
     "A blocking socket is given to WSAEventSelect. What does recv() on it do "
     "when nothing has arrived?",
     "recv: error %ld; to make it blocking again: error %ld",
     "It does so whatever events are asked for, and so does WSAAsyncSelect. "
     "The socket can be made blocking again only after the selection has been "
     "cleared: till then ioctlsocket says WSAEINVAL (10022).",
     "WSAEventSelect function"},
    {"2.9", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_2_9,
     "WSAEventSelect reports FD_READ as long as there is something to read.",
     "10 bytes arrive and are reported. Later, 4 of them are received; but "
     "first nobody receives any. Is the event set again before the recv()?",
     "reported: %s; again without a recv: %s (select, asked then: %s); after a "
     "recv of 4 of the 10 bytes: %s",
     "What was reported is reported again only after the call that re-enables "
     "it, for FD_READ a recv(), which may fail: so one that is forgotten is "
     "never heard of again. After that call it is level-triggered: 6 bytes are "
     "left, and the event is set at once. select() says each time how things "
     "are.",
     "WSAEventSelect function"},
    {"2.10", DOES_NOT_HOLD, DOES_NOT_HOLD, THE_VERDICT, measure_2_10,
     "select() can wait for sockets and for other things: events, files, the "
     "end of a thread.",
     "An event that is signaled is put into the set beside a socket. What does "
     "select() return?",
     "with the event in the set: %ld, error %ld; with the socket alone, after "
     "a byte: %ld",
     "It takes sockets and nothing else; here it says WSAENOTSOCK (10038). So "
     "anything else must be looked at between two waits, or become a socket (a "
     "waker).",
     "select function"},
    {"2.11", HOLDS, HOLDS, 3, measure_2_11,
     "select() changes its sets: they must be filled again before each call.",
     "Three sockets are in a set, one is ready: it alone is left by select(). "
     "All three are put in again, nothing is ready, and the time is up. How "
     "many are in the set then?",
     "in the set after select: %ld; a second select with this set found %ld, "
     "with a set filled anew %ld; after a time-out in the set: %ld",
     "On return a set holds those that are ready and no others; after a "
     "time-out it is empty. A socket that is not put back is never asked about "
     "again.",
     "select function"},
    {"2.12", DOES_NOT_HOLD, DOES_NOT_HOLD, THE_VERDICT, measure_2_12,
     "It does no harm to ask for readable and writable in every wait: if there "
     "is nothing to do, the thread sleeps.",
     "A connection is silent for 200 ms. How many waits end in that time when "
     "only readable is asked for, and when writable is, too?",
     "waits that ended: %ld; with writable asked for: %ld",
     "A connected socket is writable nearly always: there is room. Whoever "
     "asks for that without having something to send does not wait at all.",
     "select function (writable: a send succeeds); pocoproject/poco, issue "
     "3378"},
};

int main(int argc, char **argv)
{
    return lab_main(argc, argv, "02 Non-blocking sockets", claims,
                    sizeof claims / sizeof claims[0]);
}
