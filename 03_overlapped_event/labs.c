/* labs.c: what courses say about overlapped I/O with events, put to the test.
 *
 *   make lab-03                     all of them
 *   make lab-03 CLAIM=3.6           one
 *   make lab-03 ARGS="--predict"    it waits for your prediction first
 *
 * For each claim one function that measures and one that judges. The table at
 * the end says what is claimed; common/claims.md lists all claims of all
 * chapters. In all of them pair[0] is the side that is looked at, and pair[1]
 * is its peer. */
#include <process.h>
#include <string.h>

#include "lab.h"

/* ---- what several of them need ------------------------------------------ */

enum { SOON_MS = 5000 }; /* what must happen has happened by then */

static void close_pair(SOCKET pair[2])
{
    closesocket(pair[0]);
    closesocket(pair[1]);
}

static WSAEVENT create_event(void)
{
    WSAEVENT event = WSACreateEvent();
    if (event == WSA_INVALID_EVENT)
        die("WSACreateEvent", (DWORD)WSAGetLastError());
    return event;
}

/* Whether the event is signaled, or becomes so within so many milliseconds. */
static bool is_signaled(WSAEVENT event, DWORD within_ms)
{
    return WSAWaitForMultipleEvents(1, &event, FALSE, within_ms, FALSE) ==
           WSA_WAIT_EVENT_0;
}

static void send_text(SOCKET s, const char *text)
{
    if (send(s, text, (int)strlen(text), 0) != (int)strlen(text))
        die("send", (DWORD)WSAGetLastError());
}

/* Returns once so many bytes wait in the socket: a receive will find them. */
static void await_bytes(SOCKET s, u_long count)
{
    for (int ms = 0; ms < SOON_MS; ms++) {
        u_long bytes = 0;
        if (ioctlsocket(s, FIONREAD, &bytes) != 0)
            die("ioctlsocket(FIONREAD)", (DWORD)WSAGetLastError());
        if (bytes >= count)
            return;
        Sleep(1);
    }
    die_saying(1, "%lu bytes did not arrive", count);
}

/* Starts to receive into memory. Returns 0 if it was done at once, or
 * WSA_IO_PENDING. */
static int start_recv(SOCKET s, void *memory, ULONG bytes,
                      WSAOVERLAPPED *overlapped, WSAEVENT event)
{
    WSABUF buffer = {bytes, memory};
    DWORD flags = 0;
    *overlapped = (WSAOVERLAPPED){.hEvent = event};
    if (WSARecv(s, &buffer, 1, NULL, &flags, overlapped, NULL) == 0)
        return 0;
    int error = WSAGetLastError();
    if (error != WSA_IO_PENDING)
        die("WSARecv", (DWORD)error);
    return error;
}

/* The byte count of an operation that is over; -1 if it failed. */
static long result_of(SOCKET s, WSAOVERLAPPED *overlapped)
{
    DWORD bytes = 0, flags = 0;
    if (!WSAGetOverlappedResult(s, overlapped, &bytes, FALSE, &flags))
        return -1;
    return (long)bytes;
}

/* Ends an operation that may still be pending; then its memory is free. */
static void end_operation(SOCKET s, WSAOVERLAPPED *overlapped)
{
    CancelIoEx((HANDLE)s, overlapped);
    if (!is_signaled(overlapped->hEvent, SOON_MS))
        die_saying(1, "a cancelled operation did not complete");
}

static HANDLE start_thread(unsigned(__stdcall *function)(void *), void *data)
{
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, function, data, 0, NULL);
    if (thread == NULL)
        die("_beginthreadex", GetLastError());
    return thread;
}

static void join(HANDLE thread)
{
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

/* A thread that sends "hello" after a while. */
struct late_sender {
    SOCKET socket;
    volatile LONG has_sent;
};

static unsigned __stdcall send_late(void *data)
{
    struct late_sender *sender = data;
    Sleep(150);
    InterlockedExchange(&sender->has_sent, 1);
    send_text(sender->socket, "hello");
    return 0;
}

/* ---- 3.1: both last arguments NULL -------------------------------------- */

static void measure_3_1(struct lab_outcome *o)
{
    SOCKET pair[2];
    char memory[16];
    WSABUF buffer = {sizeof memory, memory};
    DWORD received = 0, sent = 0, flags = 0;
    lab_pair(pair);
    struct late_sender sender = {.socket = pair[1]};
    HANDLE thread = start_thread(send_late, &sender);
    int result = WSARecv(pair[0], &buffer, 1, &received, &flags, NULL, NULL);
    o->seen[0] = result == 0 && sender.has_sent; /* it waited until then */
    o->seen[1] = (long)received;
    buffer.len = received;
    if (WSASend(pair[0], &buffer, 1, &sent, 0, NULL, NULL) == 0)
        o->seen[2] = (long)sent;
    join(thread);
    close_pair(pair);
}

static bool holds_3_1(const long seen[])
{
    return seen[0] == 1 && seen[1] == 5 && seen[2] == 5;
}

/* ---- 3.2: several buffers ----------------------------------------------- */

static void measure_3_2(struct lab_outcome *o)
{
    SOCKET pair[2];
    char head[] = "head", body[] = "the body", one[4], other[16];
    WSABUF out[2] = {{4, head}, {8, body}};
    WSABUF in[2] = {{sizeof one, one}, {sizeof other, other}};
    DWORD sent = 0, received = 0, flags = 0;
    lab_pair(pair);
    if (WSASend(pair[1], out, 2, &sent, 0, NULL, NULL) != 0)
        die("WSASend", (DWORD)WSAGetLastError());
    await_bytes(pair[0], sent);
    if (WSARecv(pair[0], in, 2, &received, &flags, NULL, NULL) != 0)
        die("WSARecv", (DWORD)WSAGetLastError());
    o->seen[0] = (long)sent;
    o->seen[1] = (long)received;
    o->seen[2] = memcmp(one, head, 4) == 0;
    o->seen[3] = memcmp(other, body, 8) == 0;
    close_pair(pair);
}

static bool holds_3_2(const long seen[])
{
    return seen[0] == 12 && seen[1] == 12 && seen[2] == 1 && seen[3] == 1;
}

/* ---- 3.3 and 3.11: pending, and done at once ---------------------------- */

static void measure_3_3(struct lab_outcome *o)
{
    SOCKET pair[2];
    char memory[16];
    WSAOVERLAPPED overlapped;
    WSAEVENT event = create_event();
    lab_pair(pair);
    o->seen[0] = start_recv(pair[0], memory, sizeof memory, &overlapped, event);
    o->seen[1] = is_signaled(event, 0);
    send_text(pair[1], "hello");
    o->seen[2] = is_signaled(event, SOON_MS);
    o->seen[3] = result_of(pair[0], &overlapped);
    WSACloseEvent(event);
    close_pair(pair);
}

static bool holds_3_3(const long seen[])
{
    return seen[0] == WSA_IO_PENDING && seen[1] == 0 && seen[2] == 1 &&
           seen[3] == 5;
}

static void measure_3_11(struct lab_outcome *o)
{
    SOCKET pair[2];
    char memory[16];
    WSAOVERLAPPED overlapped;
    WSAEVENT event = create_event();
    lab_pair(pair);
    send_text(pair[1], "hello");
    await_bytes(pair[0], 5);
    o->seen[0] = start_recv(pair[0], memory, sizeof memory, &overlapped, event);
    o->seen[1] = is_signaled(event, o->seen[0] == 0 ? 0 : SOON_MS);
    o->seen[2] = result_of(pair[0], &overlapped);
    if (o->seen[0] != 0)
        o->not_here = "the receive found its bytes and was pending even so";
    WSACloseEvent(event);
    close_pair(pair);
}

static bool holds_3_11(const long seen[])
{
    return seen[0] == 0 && seen[1] == 0;
}

/* ---- 3.4: which sockets ------------------------------------------------- */

static void measure_3_4(struct lab_outcome *o)
{
    SOCKET pair[2]; /* one from socket(), one from accept() */
    char memory[16];
    WSAOVERLAPPED overlapped;
    WSAEVENT event = create_event();
    lab_pair(pair);
    for (int i = 0; i < 2; i++) {
        o->seen[i] =
            start_recv(pair[i], memory, sizeof memory, &overlapped, event);
        end_operation(pair[i], &overlapped);
    }
    WSACloseEvent(event);
    close_pair(pair);
}

static bool holds_3_4(const long seen[])
{
    return seen[0] == WSA_IO_PENDING && seen[1] == WSA_IO_PENDING;
}

/* ---- 3.5: the wall ------------------------------------------------------ */

static void measure_3_5(struct lab_outcome *o)
{
    enum { COUNT = 65 };
    WSAEVENT events[COUNT];
    for (int i = 0; i < COUNT; i++)
        events[i] = create_event();
    o->seen[0] = WSAWaitForMultipleEvents(64, events, FALSE, 0, FALSE) ==
                 WSA_WAIT_TIMEOUT; /* it did wait: none is signaled */
    o->seen[1] = WSAWaitForMultipleEvents(65, events, FALSE, 0, FALSE) ==
                 WSA_WAIT_FAILED;
    o->seen[2] = WSAGetLastError();
    for (int i = 0; i < COUNT; i++)
        WSACloseEvent(events[i]);
}

static bool holds_3_5(const long seen[])
{
    return seen[0] == 1 && seen[1] == 1;
}

/* ---- 3.6: who is reported ----------------------------------------------- */

/* Three clients that always have sent something already. Whoever the wait
 * reports gets one byte received, and its next receive started. Each wait finds
 * all three events signaled: which one it reports is its own choice. */
static void measure_3_6(struct lab_outcome *o)
{
    enum { CLIENTS = 3, TURNS = 300 };
    SOCKET pairs[CLIENTS][2];
    WSAEVENT events[CLIENTS];
    WSAOVERLAPPED overlapped[CLIENTS];
    char memory[CLIENTS], bytes[TURNS + 1] = "";
    for (int i = 0; i < CLIENTS; i++) {
        lab_pair(pairs[i]);
        events[i] = create_event();
        if (send(pairs[i][1], bytes, sizeof bytes, 0) != sizeof bytes)
            die("send", (DWORD)WSAGetLastError());
        await_bytes(pairs[i][0], sizeof bytes);
        start_recv(pairs[i][0], &memory[i], 1, &overlapped[i], events[i]);
    }
    for (int turn = 0; turn < TURNS; turn++) {
        if (WSAWaitForMultipleEvents(CLIENTS, events, TRUE, SOON_MS, FALSE) >=
            CLIENTS)
            die_saying(1, "a receive did not complete");
        DWORD i = WSAWaitForMultipleEvents(CLIENTS, events, FALSE, 0, FALSE);
        WSAResetEvent(events[i]);
        o->seen[i]++;
        start_recv(pairs[i][0], &memory[i], 1, &overlapped[i], events[i]);
    }
    for (int i = 0; i < CLIENTS; i++) {
        end_operation(pairs[i][0], &overlapped[i]);
        close_pair(pairs[i]);
        WSACloseEvent(events[i]);
    }
}

static bool holds_3_6(const long seen[])
{
    return seen[0] >= 50 && seen[1] >= 50 && seen[2] >= 50;
}

/* ---- 3.7: wait for all -------------------------------------------------- */

struct setter {
    WSAEVENT events[3];
    int last; /* this one is signaled after the others */
};

static unsigned __stdcall set_in_turn(void *data)
{
    struct setter *setter = data;
    for (int i = 1; i <= 3; i++) {
        Sleep(20); /* so that the wait has begun, and sees each come */
        WSASetEvent(setter->events[(setter->last + i) % 3]);
    }
    return 0;
}

static void measure_3_7(struct lab_outcome *o)
{
    struct setter setter;
    for (int i = 0; i < 3; i++)
        setter.events[i] = create_event();
    for (int last = 0; last < 3; last++) {
        setter.last = last;
        HANDLE thread = start_thread(set_in_turn, &setter);
        o->seen[last] = (long)(WSAWaitForMultipleEvents(3, setter.events, TRUE,
                                                        SOON_MS, FALSE) -
                               WSA_WAIT_EVENT_0);
        join(thread);
        for (int i = 0; i < 3; i++)
            WSAResetEvent(setter.events[i]);
    }
    for (int i = 0; i < 3; i++)
        WSACloseEvent(setter.events[i]);
}

static bool holds_3_7(const long seen[])
{
    return seen[0] == 0 && seen[1] == 1 && seen[2] == 2;
}

/* ---- 3.8 and 3.12: to wait in WSAGetOverlappedResult -------------------- */

static void measure_3_8(struct lab_outcome *o)
{
    SOCKET pair[2];
    char memory[16];
    WSAOVERLAPPED overlapped;
    DWORD bytes = 0, flags = 0;
    WSAEVENT event = create_event();
    lab_pair(pair);
    struct late_sender sender = {.socket = pair[1]};
    start_recv(pair[0], memory, sizeof memory, &overlapped, event);
    HANDLE thread = start_thread(send_late, &sender);
    BOOL ok =
        WSAGetOverlappedResult(pair[0], &overlapped, &bytes, TRUE, &flags);
    o->seen[0] = ok && sender.has_sent; /* it waited until then */
    o->seen[1] = (long)bytes;
    join(thread);
    WSACloseEvent(event);
    close_pair(pair);
}

static bool holds_3_8(const long seen[])
{
    return seen[0] == 1 && seen[1] == 5;
}

/* Signals an event that somebody may hang on, unless told soon that nobody
 * does. */
struct rescuer {
    HANDLE returned; /* signaled: no need */
    WSAEVENT event;
    volatile LONG was_needed;
};

static unsigned __stdcall rescue(void *data)
{
    struct rescuer *rescuer = data;
    if (WaitForSingleObject(rescuer->returned, SOON_MS) == WAIT_TIMEOUT) {
        InterlockedExchange(&rescuer->was_needed, 1);
        SetEvent(rescuer->event);
    }
    return 0;
}

static void measure_3_12(struct lab_outcome *o)
{
    SOCKET pair[2];
    char memory[16];
    WSAOVERLAPPED overlapped;
    DWORD bytes = 0, flags = 0;
    WSAEVENT event = CreateEventW(NULL, FALSE, FALSE, NULL); /* auto-reset */
    if (event == NULL)
        die("CreateEvent", GetLastError());
    lab_pair(pair);
    start_recv(pair[0], memory, sizeof memory, &overlapped, event);
    send_text(pair[1], "hello");
    if (!is_signaled(event, SOON_MS)) /* and now it is not any more */
        die_saying(1, "the receive did not complete");
    struct rescuer rescuer = {.returned = create_event(), .event = event};
    HANDLE thread = start_thread(rescue, &rescuer);
    WSAGetOverlappedResult(pair[0], &overlapped, &bytes, TRUE, &flags);
    SetEvent(rescuer.returned);
    join(thread);
    o->seen[0] = rescuer.was_needed;
    o->seen[1] = (long)bytes;
    if (lab_wine() != 0 && !rescuer.was_needed)
        o->not_here = "Wine's function looks into the OVERLAPPED first and "
                      "does not wait when the operation is over. The "
                      "documentation page \"OVERLAPPED structure\" warns that "
                      "a program can hang there with an auto-reset event.";
    WSACloseEvent(rescuer.returned);
    CloseHandle(event);
    close_pair(pair);
}

static bool holds_3_12(const long seen[])
{
    return seen[0] == 1;
}

/* ---- 3.9: who resets the event ------------------------------------------ */

static void measure_3_9(struct lab_outcome *o)
{
    SOCKET pair[2];
    char memory[16];
    WSAOVERLAPPED overlapped;
    WSAEVENT event = create_event();
    lab_pair(pair);
    WSASetEvent(event); /* as if left over from the operation before */
    o->seen[0] = start_recv(pair[0], memory, sizeof memory, &overlapped, event);
    o->seen[1] = is_signaled(event, 0);
    end_operation(pair[0], &overlapped);
    WSACloseEvent(event);
    close_pair(pair);
}

static bool holds_3_9(const long seen[])
{
    return seen[1] == 1; /* left signaled: a wait would be told a lie */
}

/* ---- 3.10: two receives on one socket ----------------------------------- */

static void measure_3_10(struct lab_outcome *o)
{
    SOCKET pair[2];
    char memory[2][4], in_turn[2][4];
    WSAOVERLAPPED overlapped[2];
    WSAEVENT events[2] = {create_event(), create_event()};
    lab_pair(pair);
    /* The first receive has the second event. */
    start_recv(pair[0], memory[0], 4, &overlapped[0], events[1]);
    start_recv(pair[0], memory[1], 4, &overlapped[1], events[0]);
    send_text(pair[1], "12345678");
    WSAWaitForMultipleEvents(2, events, TRUE, SOON_MS, FALSE);
    o->seen[0] = memcmp(memory, "12345678", 8) == 0;
    for (int turn = 0; turn < 2; turn++) { /* as a server takes them */
        DWORD i = WSAWaitForMultipleEvents(2, events, FALSE, SOON_MS, FALSE);
        if (i > 1)
            die_saying(1, "a receive did not complete");
        WSAResetEvent(events[i]);
        memcpy(in_turn[turn], memory[1 - i], 4);
    }
    o->seen[1] = memcmp(in_turn, "12345678", 8) == 0;
    for (int i = 0; i < 2; i++)
        WSACloseEvent(events[i]);
    close_pair(pair);
}

static bool holds_3_10(const long seen[])
{
    return seen[0] == 1 && seen[1] == 1;
}

/* ---- 3.13: how long the WSABUF must live -------------------------------- */

static void measure_3_13(struct lab_outcome *o)
{
    SOCKET pair[2];
    char memory[16] = "", wrong[16] = "";
    WSABUF buffer = {sizeof memory, memory};
    DWORD flags = 0;
    WSAOVERLAPPED overlapped = {.hEvent = create_event()};
    lab_pair(pair);
    if (WSARecv(pair[0], &buffer, 1, NULL, &flags, &overlapped, NULL) == 0 ||
        WSAGetLastError() != WSA_IO_PENDING)
        die("WSARecv", (DWORD)WSAGetLastError());
    buffer = (WSABUF){sizeof wrong, wrong}; /* while it is pending */
    send_text(pair[1], "hello");
    is_signaled(overlapped.hEvent, SOON_MS);
    o->seen[0] = memcmp(memory, "hello", 5) == 0;
    o->seen[1] = memcmp(wrong, "hello", 5) == 0;
    WSACloseEvent(overlapped.hEvent);
    close_pair(pair);
}

static bool holds_3_13(const long seen[])
{
    return seen[0] == 0;
}

/* ---- 3.14: after a cancel ----------------------------------------------- */

static void measure_3_14(struct lab_outcome *o)
{
    SOCKET pair[2];
    char memory[16];
    WSAOVERLAPPED overlapped;
    WSAEVENT event = create_event();
    lab_pair(pair);
    start_recv(pair[0], memory, sizeof memory, &overlapped, event);
    o->seen[0] = CancelIoEx((HANDLE)pair[0], &overlapped) != 0;
    o->seen[1] = is_signaled(event, SOON_MS);
    o->seen[2] = result_of(pair[0], &overlapped) == -1;
    o->seen[3] = WSAGetLastError();
    WSACloseEvent(event);
    close_pair(pair);
}

static bool holds_3_14(const long seen[])
{
    return seen[1] == 0;
}

/* ---- 3.15: HasOverlappedIoCompleted ------------------------------------- */

static void measure_3_15(struct lab_outcome *o)
{
    SOCKET pair[2];
    char memory[16];
    WSAOVERLAPPED overlapped;
    WSAEVENT event = create_event();
    lab_pair(pair);
    start_recv(pair[0], memory, sizeof memory, &overlapped, event);
    o->seen[0] = HasOverlappedIoCompleted(&overlapped);
    send_text(pair[1], "hello");
    is_signaled(event, SOON_MS);
    o->seen[1] = HasOverlappedIoCompleted(&overlapped);
    send_text(pair[1], "again");
    await_bytes(pair[0], 5);
    if (start_recv(pair[0], memory, sizeof memory, &overlapped, event) != 0)
        o->not_here = "the receive found its bytes and was pending even so";
    o->seen[2] = HasOverlappedIoCompleted(&overlapped);
    o->seen[3] = (long)overlapped.InternalHigh;
    is_signaled(event, SOON_MS);
    WSACloseEvent(event);
    close_pair(pair);
}

static bool holds_3_15(const long seen[])
{
    return seen[0] == 0 && seen[1] == 1 && seen[2] == 1 && seen[3] == 5;
}

static const struct lab claims[] = {
    {"3.1",
     "WSARecv and WSASend with neither an OVERLAPPED nor a completion routine "
     "behave like recv and send.",
     "Nothing has arrived yet. WSARecv is called with NULL for both. Does it "
     "return at once?",
     "WSARecv returned only after the peer had sent: %ld; it received %ld "
     "bytes, and WSASend sent %ld",
     "Without an OVERLAPPED the call is synchronous, also on an overlapped "
     "socket. So overlapped does not mean non-blocking.",
     measure_3_1,
     holds_3_1,
     {1, 5, 5},
     {0, 0, 5}},
    {"3.2",
     "Several WSABUFs gather into one send, and scatter from one receive.",
     "WSASend is given two buffers, with 4 and 8 bytes; WSARecv two, with room "
     "for 4 and 16. What is in the second of these?",
     "one call sent %ld bytes, one received %ld; the first buffer was right: "
     "%ld, the second: %ld",
     "The bytes are one stream. The buffers are filled in their order, each to "
     "its end before the next; where one send ended is not kept.",
     measure_3_2,
     holds_3_2,
     {12, 12, 1, 1},
     {4, 4, 1, 0}},
    {"3.3",
     "A call that cannot finish at once returns SOCKET_ERROR with "
     "WSA_IO_PENDING, and the event is signaled later.",
     "Nothing has arrived. WSARecv is called with an OVERLAPPED. What does "
     "WSAGetLastError say, and is the event signaled?",
     "error %ld (997 is WSA_IO_PENDING); signaled then: %ld; signaled after "
     "the peer had sent: %ld, with %ld bytes",
     "Pending is a success: the operation has started.",
     measure_3_3,
     holds_3_3,
     {997, 0, 1, 5},
     {997, 1, 1, 5}},
    {"3.4",
     "A socket from socket() supports overlapped I/O.",
     "WSARecv with an OVERLAPPED on a socket from socket(), and on one from "
     "accept(). What does WSAGetLastError say?",
     "error %ld and %ld (997 is WSA_IO_PENDING)",
     "socket() sets the overlapped attribute; WSASocket sets it only if asked, "
     "with WSA_FLAG_OVERLAPPED. An accepted socket is like its listener.",
     measure_3_4,
     holds_3_4,
     {997, 997},
     {10045, 997}},
    {"3.5",
     "One wait takes 64 events.",
     "WSAWaitForMultipleEvents is given 64 events, then 65. What does it "
     "return the second time?",
     "with 64 it waited: %ld; with 65 it failed at once: %ld, with error %ld",
     "WSA_MAXIMUM_WAIT_EVENTS is 64. The 65th is not left out: the whole wait "
     "fails, and so nobody is served. More events need more threads that "
     "wait, or the thread pool.",
     measure_3_5,
     holds_3_5,
     {1, 1, 87},
     {1, 0, 0}},
    {"3.6",
     "Waiting for several events is fair.",
     "Three clients always have something to receive. Whoever the wait reports "
     "is served, 300 times. How many turns does each get?",
     "turns of the three: %ld, %ld, %ld",
     "Of several events that are signaled the wait reports the one with the "
     "lowest index, each time. Who serves only that one starves the rest; "
     "server.c looks at all after each wait.",
     measure_3_6,
     holds_3_6,
     {100, 100, 100},
     {300, 0, 0}},
    {"3.7",
     "A wait for all events returns the index of the event that was signaled "
     "last.",
     "Three events, one after the other, while a thread waits for all. The "
     "last is the first, the second, the third of them. What is returned?",
     "last was 0: returned %ld; last was 1: returned %ld; last was 2: "
     "returned %ld",
     "With fWaitAll TRUE the value says only that all are signaled.",
     measure_3_7,
     holds_3_7,
     {0, 1, 2},
     {0, 0, 0}},
    {"3.8",
     "WSAGetOverlappedResult with fWait TRUE makes the operation synchronous "
     "again.",
     "A receive is pending; its bytes come 150 ms later. When does "
     "WSAGetOverlappedResult return?",
     "it returned only after the peer had sent: %ld, with %ld bytes",
     "It waits for the event in the OVERLAPPED. While it waits, this thread "
     "serves nobody else.",
     measure_3_8,
     holds_3_8,
     {1, 5},
     {0, 0}},
    {"3.9",
     "The event must be reset by hand before the next operation.",
     "The event is still signaled. WSARecv is called with it and is pending. "
     "Is the event signaled now?",
     "error %ld (997 is WSA_IO_PENDING); still signaled: %ld",
     "The call that starts the operation resets it (documentation page "
     "\"WSAGetOverlappedResult function\"). So server.c resets no connection's "
     "event before the next operation. To reset it by hand does no harm before "
     "the call. After the call it may erase a completion.",
     measure_3_9,
     holds_3_9,
     {997, 1},
     {997, 0}},
    {"3.10",
     "With several receives in flight on one socket nobody has to care about "
     "order.",
     "Two receives of 4 bytes are in flight, and 12345678 arrives. Which bytes "
     "does a server see first that takes completions as the wait reports them?",
     "the buffers were filled in the order of the calls: %ld; the completions "
     "were reported in that order: %ld",
     "Windows keeps the order of the calls for the buffers, but events are "
     "reported by index. And with calls from two threads at once even the "
     "order of the calls is chance. So: one operation of a kind in flight, or "
     "a number in each.",
     measure_3_10,
     holds_3_10,
     {1, 1},
     {1, 0}},
    {"3.11",
     "An operation that is done at once does not signal its event.",
     "The bytes are there before WSARecv is called. It returns 0. Is the event "
     "signaled?",
     "WSARecv: %ld (0 is done at once); signaled then: %ld, with %ld bytes",
     "Done at once and pending end in the same way. Whoever handles the bytes "
     "right after the call handles them a second time after the wait.",
     measure_3_11,
     holds_3_11,
     {0, 0, 5},
     {0, 1, 5}},
    {"3.12",
     "After a wait on an auto-reset event, WSAGetOverlappedResult with fWait "
     "TRUE hangs.",
     "The wait has reported an auto-reset event, and so has reset it. Does "
     "WSAGetOverlappedResult with fWait TRUE return?",
     "it hung until it was rescued: %ld; it said %ld bytes",
     "The wait took the signal, and there will be no other one. Use a "
     "manual-reset event, or do not wait twice.",
     measure_3_12,
     holds_3_12,
     {1, 5},
     {0, 5}},
    {"3.13",
     "The WSABUF must stay as it is until the operation has completed.",
     "A receive is pending. Its WSABUF is changed to point to another buffer. "
     "Where do the bytes arrive?",
     "in the first buffer: %ld; in the other: %ld",
     "Winsock copies the WSABUFs before the call returns, so they may be local "
     "variables. The buffer that they point to must live, and so must the "
     "OVERLAPPED.",
     measure_3_13,
     holds_3_13,
     {0, 1},
     {1, 0}},
    {"3.14",
     "An operation that was cancelled has no completion.",
     "A receive is pending, and CancelIoEx is called. Is its event signaled?",
     "CancelIoEx found it: %ld; signaled: %ld; it failed: %ld, with error %ld "
     "(995 is WSA_OPERATION_ABORTED)",
     "Each operation that was started completes, once. Until then its memory "
     "is not ours, whatever CancelIoEx said.",
     measure_3_14,
     holds_3_14,
     {1, 0, 0, 996},
     {1, 1, 1, 995}},
    {"3.15",
     "HasOverlappedIoCompleted tells of an operation whether it is over, also "
     "of one that was done at once.",
     "It is asked while a receive is pending, after its completion, and right "
     "after a receive that was done at once. What does it say?",
     "pending: %ld; completed: %ld; done at once: %ld, with %ld in "
     "InternalHigh",
     "It reads the field Internal of the OVERLAPPED. Its page allows it only "
     "after WSA_IO_PENDING. server.c asks in the third case, too, and takes "
     "the byte count of a send that was done at once from InternalHigh, so "
     "this lab must hold wherever server.c is to run.",
     measure_3_15,
     holds_3_15,
     {0, 1, 1, 5},
     {0, 1, 0, 0}},
};

int main(int argc, char **argv)
{
    return lab_main(argc, argv, claims, sizeof claims / sizeof claims[0]);
}
