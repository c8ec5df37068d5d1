/* labs.c: what courses say about non-blocking sockets and readiness, put to the
 * test.
 *
 *   make lab-02                     all of them
 *   make lab-02 CLAIM=2.4           one
 *   make lab-02 ARGS="--predict"    it waits for your prediction first
 *
 * For each claim one function that measures and one that judges. The table at
 * the end says what is claimed; common/claims.md lists all claims of all
 * chapters. FD_SETSIZE is not defined here: it has its default. */
#include "lab.h"

#include <stdint.h>
#include <string.h>

#include "net.h"

/* ---- sockets to try things with --------------------------------------------
 */

static void set_non_blocking(SOCKET s)
{
    u_long on = 1;
    if (ioctlsocket(s, (long)FIONBIO, &on) == SOCKET_ERROR)
        die("ioctlsocket(FIONBIO)", (DWORD)WSAGetLastError());
}

static void send_bytes(SOCKET s, const char *bytes, int count)
{
    if (send(s, bytes, count, 0) != count)
        die("send", (DWORD)WSAGetLastError());
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

/* So many connections: client[i] and server[i] are the two ends of one. */
static void connect_many(SOCKET client[], SOCKET server[], int count)
{
    SOCKET listener = net_listen("127.0.0.1", 0);
    struct sockaddr_in address;
    int length = sizeof address;
    if (getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        die("getsockname", (DWORD)WSAGetLastError());
    for (int i = 0; i < count; i++) {
        client[i] = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
        if (client[i] == INVALID_SOCKET ||
            connect(client[i], (struct sockaddr *)&address, length) != 0)
            die("connect", (DWORD)WSAGetLastError());
        server[i] = accept(listener, NULL, NULL);
        if (server[i] == INVALID_SOCKET)
            die("accept", (DWORD)WSAGetLastError());
    }
    closesocket(listener);
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

static int select_wide(struct wide_set *readable, long timeout_ms)
{
    struct timeval timeout = {.tv_sec = timeout_ms / 1000,
                              .tv_usec = timeout_ms % 1000 * 1000};
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

static bool is_signaled(WSAEVENT event, DWORD ms)
{
    return WSAWaitForMultipleEvents(1, &event, FALSE, ms, FALSE) ==
           WSA_WAIT_EVENT_0;
}

/* ---- the claims ------------------------------------------------------------
 */

/* A non-blocking accept with nobody there returns at once. */
static void measure_2_1(struct lab_outcome *o)
{
    SOCKET listener = net_listen("127.0.0.1", 0);
    set_non_blocking(listener);
    uint64_t before_ns = clock_ns();
    SOCKET s = accept(listener, NULL, NULL);
    o->seen[1] = WSAGetLastError();
    o->seen[0] = s == INVALID_SOCKET;
    o->seen[2] = (long)((clock_ns() - before_ns) / 1000000);
    closesocket(listener);
}

static bool holds_2_1(const long seen[])
{
    return seen[0] == 1 && seen[1] == WSAEWOULDBLOCK && seen[2] < 5000;
}

/* Is what a non-blocking listener accepts non-blocking? If not, the receive
 * ends at its time limit, with WSAETIMEDOUT. */
static long error_of_first_recv(bool listener_is_non_blocking)
{
    SOCKET listener = net_listen("127.0.0.1", 0);
    SOCKET client = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    struct sockaddr_in address;
    int length = sizeof address;
    DWORD limit_ms = 300;
    char byte;
    if (getsockname(listener, (struct sockaddr *)&address, &length) != 0 ||
        connect(client, (struct sockaddr *)&address, length) != 0)
        die("connect", (DWORD)WSAGetLastError());
    wait_for_one(listener, true, false, 5000);
    if (listener_is_non_blocking)
        set_non_blocking(listener);
    SOCKET accepted = accept(listener, NULL, NULL);
    if (accepted == INVALID_SOCKET)
        die("accept", (DWORD)WSAGetLastError());
    setsockopt(accepted, SOL_SOCKET, SO_RCVTIMEO, (const char *)&limit_ms,
               sizeof limit_ms);
    long error =
        recv(accepted, &byte, 1, 0) == SOCKET_ERROR ? WSAGetLastError() : 0;
    closesocket(accepted);
    closesocket(client);
    closesocket(listener);
    return error;
}

static void measure_2_2(struct lab_outcome *o)
{
    o->seen[0] = error_of_first_recv(true);
    o->seen[1] = error_of_first_recv(false);
}

static bool holds_2_2(const long seen[])
{
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

static bool holds_2_3(const long seen[])
{
    return seen[0] <= 2 * seen[4];
}

/* On a busy machine the loop may get no processor for so long: then again. */
static void measure_2_3(struct lab_outcome *o)
{
    SOCKET pair[2];
    lab_pair(pair);
    set_non_blocking(pair[0]);
    for (int attempt = 0; attempt < 5 && holds_2_3(o->seen); attempt++) {
        o->seen[0] = ask_while_silent(pair[0], SPIN, &o->seen[1]);
        o->seen[2] = ask_while_silent(pair[0], SPIN_WITH_SLEEP, &o->seen[3]);
        o->seen[4] = ask_while_silent(pair[0], WAIT, &o->seen[5]);
    }
    close_all(pair, 2);
}

/* 64 is the length of an array in a header, not a limit of select(). */
static void measure_2_4(struct lab_outcome *o)
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
    o->seen[0] = FD_SETSIZE;
    o->seen[1] = (long)usual.fd_count;

    send_bytes(sockets[SOCKETS - 1], "!", 1);
    fill_wide_set(&wide, sockets, SOCKETS);
    o->seen[2] = (long)wide.fd_count;
    o->seen[3] = select_wide(&wide, 5000);
    o->seen[4] = wide.fd_array[0] == sockets[SOCKETS - 1];
    close_all(sockets, SOCKETS);
}

static bool holds_2_4(const long seen[])
{
    return seen[3] != 1 || seen[4] != 1;
}

/* Echoes one byte for each connection, in a loop over what is ready. Returns
 * how many calls that took. */
static long echo_by_readiness(const SOCKET client[], const SOCKET server[],
                              int count)
{
    static struct wide_set ready;
    long calls = 0;
    char byte;
    for (int i = 0; i < count; i++)
        send_bytes(client[i], "e", 1);
    for (int echoes = 0; echoes < count;) {
        fill_wide_set(&ready, server, count);
        calls++;
        if (select_wide(&ready, 5000) < 1)
            die("select", (DWORD)WSAGetLastError());
        for (u_int i = 0; i < ready.fd_count; i++) {
            calls += 2;
            if (recv(ready.fd_array[i], &byte, 1, 0) != 1)
                die("recv", (DWORD)WSAGetLastError());
            send_bytes(ready.fd_array[i], &byte, 1);
            echoes++;
        }
    }
    for (int i = 0; i < count; i++)
        recv(client[i], &byte, 1, 0);
    return calls;
}

/* A connection on a port, with its one receive. */
struct receive {
    OVERLAPPED overlapped;
    SOCKET socket;
    char byte;
};

static void start_receive(struct receive *r)
{
    WSABUF buffer = {1, &r->byte};
    DWORD flags = 0;
    memset(&r->overlapped, 0, sizeof r->overlapped);
    if (WSARecv(r->socket, &buffer, 1, NULL, &flags, &r->overlapped, NULL) !=
            0 &&
        WSAGetLastError() != WSA_IO_PENDING)
        die("WSARecv", (DWORD)WSAGetLastError());
}

static struct receive *next_packet(HANDLE port)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped = NULL;
    /* A cancelled receive is a failure with an OVERLAPPED: a packet, too. */
    GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 5000);
    if (overlapped == NULL)
        die("GetQueuedCompletionStatus", GetLastError());
    return CONTAINING_RECORD(overlapped, struct receive, overlapped);
}

/* The same with a completion port, which chapter 05 explains. The receives are
 * pending before anything arrives; each is counted with its own echo. */
static long echo_by_port(HANDLE port, const SOCKET client[], int count)
{
    long calls = 0;
    char byte;
    for (int i = 0; i < count; i++)
        send_bytes(client[i], "e", 1);
    for (int i = 0; i < count; i++) {
        struct receive *r = next_packet(port);
        send_bytes(r->socket, &r->byte, 1);
        start_receive(r);
        calls += 3;
    }
    for (int i = 0; i < count; i++)
        recv(client[i], &byte, 1, 0);
    return calls;
}

enum { MANY = 256 };

/* Calls for 100 echoes on so many connections, when all of them are busy. */
static void count_calls(int count, long *readiness, long *with_port)
{
    enum { ECHOES = 128 };
    static SOCKET client[MANY], server[MANY];
    static struct receive receives[MANY];
    int rounds = count < ECHOES ? ECHOES / count : 1;
    long calls = 0;
    connect_many(client, server, count);
    for (int i = 0; i < rounds; i++)
        calls += echo_by_readiness(client, server, count);
    *readiness = calls * 100 / (rounds * count);

    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    for (int i = 0; i < count; i++) {
        if (port == NULL ||
            CreateIoCompletionPort((HANDLE)server[i], port, 0, 0) == NULL)
            die("CreateIoCompletionPort", GetLastError());
        receives[i].socket = server[i];
        start_receive(&receives[i]);
    }
    calls = 0;
    for (int i = 0; i < rounds; i++)
        calls += echo_by_port(port, client, count);
    *with_port = calls * 100 / (rounds * count);

    close_all(server, count);
    for (int i = 0; i < count; i++)
        next_packet(port); /* until then the memory is not ours again */
    close_all(client, count);
    CloseHandle(port);
}

static void measure_2_5(struct lab_outcome *o)
{
    count_calls(1, &o->seen[0], &o->seen[3]);
    count_calls(64, &o->seen[1], &o->seen[4]);
    count_calls(MANY, &o->seen[2], &o->seen[5]);
}

static bool holds_2_5(const long seen[])
{
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
    if (select_wide(&set, 5000) != 1)
        die("select", (DWORD)WSAGetLastError());
}

static void wait_by_poll(const struct waits *w)
{
    static WSAPOLLFD fds[WIDE_SIZE];
    for (int i = 0; i < w->count; i++)
        fds[i] = (WSAPOLLFD){.fd = w->sockets[i], .events = POLLRDNORM};
    if (WSAPoll(fds, (ULONG)w->count, 5000) != 1)
        die("WSAPoll", (DWORD)WSAGetLastError());
}

static void wait_by_port(const struct waits *w)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
    if (!PostQueuedCompletionStatus(w->port, 0, 0, NULL) ||
        !GetQueuedCompletionStatus(w->port, &bytes, &key, &overlapped, 5000))
        die("GetQueuedCompletionStatus", GetLastError());
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

static void measure_2_6(struct lab_outcome *o)
{
    static SOCKET sockets[WIDE_SIZE];
    struct waits one, all;
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    if (port == NULL)
        die("CreateIoCompletionPort", GetLastError());
    for (int i = 0; i < WIDE_SIZE; i++)
        sockets[i] = socket_to_itself();
    send_bytes(sockets[WIDE_SIZE - 1], "!", 1); /* the only one that is ready */
    one = (struct waits){&sockets[WIDE_SIZE - 1], 1, port};
    all = (struct waits){sockets, WIDE_SIZE, port};

    o->seen[0] = shortest_ns(wait_by_select, &one);
    o->seen[1] = shortest_ns(wait_by_select, &all);
    o->seen[2] = shortest_ns(wait_by_poll, &one);
    o->seen[3] = shortest_ns(wait_by_poll, &all);
    o->seen[4] = shortest_ns(wait_by_port, &one);
    for (int i = 0; i < WIDE_SIZE; i++)
        if (CreateIoCompletionPort((HANDLE)sockets[i], port, 0, 0) == NULL)
            die("CreateIoCompletionPort", GetLastError());
    o->seen[5] = shortest_ns(wait_by_port, &all);
    close_all(sockets, WIDE_SIZE);
    CloseHandle(port);
}

/* One of the two is enough: the other may have been disturbed in each try. */
static bool holds_2_6(const long seen[])
{
    return seen[1] > 3 * seen[0] || seen[3] > 3 * seen[2];
}

/* How many bytes wait in the socket, not yet received by anybody. */
static long bytes_in_socket(SOCKET s)
{
    u_long bytes = 0;
    if (ioctlsocket(s, (long)FIONREAD, &bytes) == SOCKET_ERROR)
        die("ioctlsocket(FIONREAD)", (DWORD)WSAGetLastError());
    return (long)bytes;
}

/* Announced by an event or by a window message: where are the bytes then? */
static void measure_2_7(struct lab_outcome *o)
{
    SOCKET pair[2];
    char buffer[5];
    lab_pair(pair);
    WSAEVENT event = WSACreateEvent();
    if (WSAEventSelect(pair[0], event, FD_READ) == SOCKET_ERROR)
        die("WSAEventSelect", (DWORD)WSAGetLastError());
    send_bytes(pair[1], "hello", 5);
    o->seen[0] = is_signaled(event, 5000);
    o->seen[1] = bytes_in_socket(pair[0]);
    o->seen[2] = recv(pair[0], buffer, sizeof buffer, 0);
    WSAEventSelect(pair[0], NULL, 0);
    WSACloseEvent(event);

    /* A window that is never shown, only to get messages. */
    HWND window = CreateWindowExW(0, L"STATIC", L"", 0, 0, 0, 0, 0,
                                  HWND_MESSAGE, NULL, NULL, NULL);
    if (window == NULL)
        die("CreateWindowEx", GetLastError());
    if (WSAAsyncSelect(pair[0], window, WM_USER, FD_READ) == SOCKET_ERROR)
        die("WSAAsyncSelect", (DWORD)WSAGetLastError());
    send_bytes(pair[1], "hello", 5);
    MSG message = {.lParam = 0};
    uint64_t end_ns = clock_in_ms(5000);
    while (!PeekMessageW(&message, window, WM_USER, WM_USER, PM_REMOVE) &&
           clock_ns() < end_ns)
        MsgWaitForMultipleObjects(0, NULL, FALSE, 100, QS_ALLINPUT);
    o->seen[3] = WSAGETSELECTEVENT(message.lParam) == FD_READ;
    o->seen[4] = bytes_in_socket(pair[0]);
    o->seen[5] = recv(pair[0], buffer, sizeof buffer, 0);
    DestroyWindow(window);
    close_all(pair, 2);
}

static bool holds_2_7(const long seen[])
{
    return seen[1] == 0 && seen[4] == 0;
}

/* WSAEventSelect makes the socket non-blocking, without being asked. */
static void measure_2_8(struct lab_outcome *o)
{
    SOCKET pair[2];
    u_long off = 0;
    char byte;
    lab_pair(pair);
    WSAEVENT event = WSACreateEvent();
    WSAEventSelect(pair[0], event, FD_READ);
    recv(pair[0], &byte, 1, 0);
    o->seen[0] = WSAGetLastError();
    ioctlsocket(pair[0], (long)FIONBIO,
                &off); /* refused while it is selected */
    o->seen[1] = WSAGetLastError();
    WSACloseEvent(event);
    close_all(pair, 2);
}

static bool holds_2_8(const long seen[])
{
    return seen[0] == WSAEWOULDBLOCK;
}

/* Is FD_READ told as long as there is something to read? Each time somebody
 * waits, and takes nothing or a part. */
static void measure_2_9(struct lab_outcome *o)
{
    SOCKET pair[2];
    WSANETWORKEVENTS told;
    char buffer[4];
    lab_pair(pair);
    WSAEVENT event = WSACreateEvent();
    WSAEventSelect(pair[0], event, FD_READ);
    send_bytes(pair[1], "0123456789", 10);
    o->seen[0] = is_signaled(event, 5000);
    WSAEnumNetworkEvents(pair[0], event, &told); /* resets the event as well */
    o->seen[1] = is_signaled(event, 100);        /* nothing was received */
    o->seen[2] =
        wait_for_one(pair[0], true, false, 100); /* select, meanwhile */
    recv(pair[0], buffer, sizeof buffer, 0);
    o->seen[3] = is_signaled(event, 5000); /* 6 bytes are left */
    WSACloseEvent(event);
    close_all(pair, 2);
}

static bool holds_2_9(const long seen[])
{
    return seen[0] == 1 && seen[1] == 1 && seen[3] == 1;
}

/* A select() for sockets, and for an event. */
static void measure_2_10(struct lab_outcome *o)
{
    struct wide_set set;
    SOCKET waker = socket_to_itself();
    HANDLE event = CreateEventW(NULL, TRUE, TRUE, NULL);
    if (event == NULL)
        die("CreateEvent", GetLastError());
    SOCKET both[] = {waker, (SOCKET)event};
    fill_wide_set(&set, both, 2);
    o->seen[0] = select_wide(&set, 0);
    o->seen[1] = WSAGetLastError();
    send_bytes(waker, "!", 1);
    fill_wide_set(&set, both, 1);
    o->seen[2] = select_wide(&set, 5000);
    CloseHandle(event);
    closesocket(waker);
}

static bool holds_2_10(const long seen[])
{
    return seen[0] == 1;
}

/* Two silent sockets and one that is ready go in. What comes out? */
static void measure_2_11(struct lab_outcome *o)
{
    SOCKET sockets[3];
    struct wide_set set;
    for (int i = 0; i < 3; i++)
        sockets[i] = socket_to_itself();
    send_bytes(sockets[1], "!", 1);
    fill_wide_set(&set, sockets, 3);
    select_wide(&set, 5000);
    o->seen[0] = (long)set.fd_count;

    /* Not filled anew. The second wait has only that one in its set. */
    send_bytes(sockets[2], "!", 1);
    o->seen[1] = select_wide(&set, 5000);
    fill_wide_set(&set, sockets, 3);
    o->seen[2] = select_wide(&set, 5000);

    char byte;
    recv(sockets[1], &byte, 1, 0);
    recv(sockets[2], &byte, 1, 0);
    fill_wide_set(&set, sockets, 3);
    select_wide(&set, 50); /* a time-out */
    o->seen[3] = (long)set.fd_count;
    close_all(sockets, 3);
}

static bool holds_2_11(const long seen[])
{
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

static bool holds_2_12(const long seen[])
{
    return seen[1] <= 2 * seen[0] + 2;
}

/* On a busy machine the loop may get no processor for so long: then again. */
static void measure_2_12(struct lab_outcome *o)
{
    SOCKET pair[2];
    lab_pair(pair);
    for (int attempt = 0; attempt < 5 && holds_2_12(o->seen); attempt++) {
        o->seen[0] = waits_in_silence(pair[0], false);
        o->seen[1] = waits_in_silence(pair[0], true);
    }
    close_all(pair, 2);
}

static const struct lab claims[] = {
    {"2.1",
     "A non-blocking accept() with nobody waiting returns INVALID_SOCKET and "
     "WSAEWOULDBLOCK at once.",
     "A listener is made non-blocking, nobody connects, and accept() is "
     "called. What does it return, and when?",
     "INVALID_SOCKET: %ld; the error was %ld, after %ld ms",
     "The call does what can be done now. Nothing can, and WSAEWOULDBLOCK "
     "(10035) says so.",
     measure_2_1,
     holds_2_1,
     {1, WSAEWOULDBLOCK, 0},
     {1, WSAEWOULDBLOCK, 9000}},
    {"2.2",
     "A socket that was accepted from a non-blocking listener is "
     "non-blocking, too.",
     "accept() on a non-blocking listener returns a socket. Nothing was sent "
     "to it. What does recv() on it do?",
     "recv: error %ld; the same after a blocking listener, with a time limit "
     "of 0.3 s: error %ld",
     "An accepted socket has the properties of its listener (documentation "
     "page \"accept function\"). 10035 is WSAEWOULDBLOCK, 10060 WSAETIMEDOUT. "
     "Other systems differ (on Linux it is blocking), so both sources say it "
     "once more for each socket.",
     measure_2_2,
     holds_2_2,
     {WSAEWOULDBLOCK, WSAETIMEDOUT},
     {WSAETIMEDOUT, WSAETIMEDOUT}},
    {"2.3",
     "To poll non-blocking sockets in a loop is asynchronous I/O: it costs "
     "nothing while nothing happens.",
     "For 250 ms a client says nothing. How many recv calls does a loop make, "
     "how many with a Sleep(1), and how many calls of select() does it take?",
     "%ld calls (%ld ms of CPU); with Sleep(1) %ld calls (%ld ms); with select "
     "%ld call (%ld ms)",
     "A loop that asks again and again is busy while it waits. With Sleep(1) "
     "it makes fewer calls, and hears of each message later. In select() the "
     "thread sleeps. None of the three is asynchronous: the loop makes the "
     "call and does the work.",
     measure_2_3,
     holds_2_3,
     {1, 0, 1, 0, 1, 0},
     {20000, 390, 300, 10, 1, 0}},
    {"2.4",
     "select() takes 64 sockets at most.",
     "100 sockets are put into an fd_set with FD_SET, and then into a longer "
     "array of the same layout. The last one is ready. Does select() find it?",
     "FD_SETSIZE is %ld; FD_SET kept %ld of 100; with %ld in the longer set "
     "select returned %ld, and left the right one in it: %ld",
     "64 is the length of the array in the header unless FD_SETSIZE says "
     "otherwise before winsock2.h is included. FD_SET drops what does not fit "
     "and reports nothing. select() itself goes by the count.",
     measure_2_4,
     holds_2_4,
     {64, 64, 100, -1, 0},
     {64, 64, 100, 1, 1}},
    {"2.5",
     "A readiness call costs up to one change into the kernel for each "
     "connection, a completion port only about one for each processor.",
     "On 1, 64 and 256 connections each client sends one byte, all at the "
     "same time. How many calls do 100 echoes take, with select() and with a "
     "port?",
     "calls for 100 echoes on 1, 64 and 256 connections: with select %ld, "
     "%ld, %ld; with a port %ld, %ld, %ld",
     "One select() asks about all sockets in one call. With one client it is "
     "three calls for an echo (select, recv, send); with many that are ready "
     "together the select is shared, and it is two. A port takes three in any "
     "number (WSARecv, a packet, send). What readiness costs is not calls but "
     "the work within one: see 2.6.",
     measure_2_5,
     holds_2_5,
     {300, 6600, 25800, 300, 5, 1},
     {300, 201, 200, 300, 300, 300}},
    {"2.6",
     "The cost of waiting grows with the number of idle connections.",
     "One socket is ready. How much longer does a wait take when 499 idle ones "
     "are asked about, too: with select(), with WSAPoll(), with a port?",
     "ns for a wait, 1 socket and 500: select %ld and %ld, WSAPoll %ld and "
     "%ld; a packet to a port and from it, the same: %ld and %ld",
     "select() and WSAPoll() are handed all sockets and look at all, each "
     "time. A port is told of a socket once, and a wait looks only at the "
     "queue. (The times of this system; what matters is which of them grow.)",
     measure_2_6,
     holds_2_6,
     {10000, 400000, 10000, 400000, 9000, 9000},
     {10000, 10500, 10000, 10500, 9000, 9000}},
    {"2.7",
     "WSAAsyncSelect and WSAEventSelect are asynchronous I/O.",
     "5 bytes arrive, and the event is set; in a second run the window gets "
     "its message. Where are the bytes at that moment?",
     "event: %ld, with %ld bytes still in the socket, and recv got %ld; "
     "message: %ld, with %ld still in the socket, and recv got %ld",
     "Both announce readiness, one with an event and one with a window "
     "message. To receive is still a call of the program, as after select(). "
     "In asynchronous I/O the bytes are in the program's buffer before it is "
     "told.",
     measure_2_7,
     holds_2_7,
     {1, 0, 5, 1, 0, 5},
     {1, 5, 5, 1, 5, 5}},
    {"2.8",
     "WSAEventSelect makes the socket non-blocking.",
     "A blocking socket is given to WSAEventSelect. What does recv() on it do "
     "when nothing has arrived?",
     "recv: error %ld; to make it blocking again: error %ld",
     "It does so whatever events are asked for, and so does WSAAsyncSelect. "
     "The socket can be made blocking again only after the selection has been "
     "cleared (documentation page \"WSAEventSelect function\"): till then "
     "ioctlsocket says WSAEINVAL (10022).",
     measure_2_8,
     holds_2_8,
     {WSAEWOULDBLOCK, WSAEINVAL},
     {WSAETIMEDOUT, 0}},
    {"2.9",
     "WSAEventSelect reports FD_READ as long as there is something to read.",
     "10 bytes arrive and are reported. Nobody receives. Is the event set "
     "again? And after a recv() of 4 bytes?",
     "reported: %ld; again without a recv: %ld (select, asked then: %ld); "
     "after a recv of 4 of the 10 bytes: %ld",
     "What was reported is reported again only after the call that re-enables "
     "it, for FD_READ a recv(): so one that is forgotten is never heard of "
     "again. After that call it is level-triggered: 6 bytes are left, and the "
     "event is set at once. select() says each time how things are.",
     measure_2_9,
     holds_2_9,
     {1, 1, 1, 1},
     {1, 0, 1, 1}},
    {"2.10",
     "select() can wait for sockets and for other things: events, files, the "
     "end of a thread.",
     "An event that is signaled is put into the set beside a socket. What does "
     "select() return?",
     "with the event in the set: %ld, error %ld; with the socket alone, after "
     "a byte: %ld",
     "It takes sockets and nothing else; here it says WSAENOTSOCK (10038). So "
     "anything else must be looked at between two waits, or become a socket "
     "(a waker).",
     measure_2_10,
     holds_2_10,
     {1, 0, 1},
     {-1, WSAENOTSOCK, 1}},
    {"2.11",
     "select() changes its sets: they must be filled again before each call.",
     "Three sockets are in a set, one is ready. How many are in it after "
     "select()? And after a wait that has timed out?",
     "in the set after select: %ld; a second select with this set found %ld, "
     "with a set filled anew %ld; after a time-out in the set: %ld",
     "On return a set holds those that are ready and no others. A socket that "
     "is not put back is never asked about again.",
     measure_2_11,
     holds_2_11,
     {1, 1, 2, 0},
     {3, 2, 2, 3}},
    {"2.12",
     "It does no harm to ask for readable and writable in every wait: if there "
     "is nothing to do, the thread sleeps.",
     "A connection is silent for 200 ms. How many waits end in that time when "
     "only readable is asked for, and when writable is, too?",
     "waits that ended: %ld; with writable asked for: %ld",
     "A connected socket is writable nearly always: there is room. Whoever "
     "asks for that without having something to send does not wait at all.",
     measure_2_12,
     holds_2_12,
     {1, 1},
     {1, 9000}},
};

int main(int argc, char **argv)
{
    return lab_main(argc, argv, claims, sizeof claims / sizeof claims[0]);
}
