/* labs.c: what courses say about overlapped I/O with events, put to the test.
 *
 *   make lab-03                     all; at a terminal it asks what you expect
 *   make lab-03 CLAIM=3.6           one
 *   make lab-03 ARGS=--no-predict   it does not ask
 *
 * A function for each claim measures and says whether it holds. The table at
 * the end says what is claimed. In all of them pair[0] is the side that is
 * looked at, and pair[1] is its peer. */
#include <string.h>

#include "lab.h"

/* ---- what several of them need -------------------------------------------- */

/* A connection of which one side receives, with an event. */
struct receiver {
    SOCKET pair[2];
    HANDLE event;
    struct lab_operation o;
};

static void begin(struct receiver *r)
{
    lab_pair(r->pair);
    r->event = lab_manual_event();
    r->o.overlapped = (WSAOVERLAPPED){.hEvent = r->event};
}

/* Starts to receive. Returns 0 if it was done at once, or WSA_IO_PENDING. */
static int start_recv(struct receiver *r)
{
    return lab_receive(r->pair[0], &r->o, sizeof r->o.buffer, NULL);
}

/* Returns when the receive is over. */
static void await_end(const struct receiver *r)
{
    if (!lab_signaled(r->event, LAB_SOON_MS))
        die_saying(1, "a receive did not complete");
}

/* The byte count of the receive, which is over; -1 if it failed. */
static long result_of(struct receiver *r)
{
    DWORD bytes = 0, flags = 0;
    if (!WSAGetOverlappedResult(r->pair[0], &r->o.overlapped, &bytes, FALSE,
                                &flags))
        return -1;
    return (long)bytes;
}

/* Only when no receive is pending: until then its memory is in use. */
static void end(struct receiver *r)
{
    lab_close_pair(r->pair);
    CloseHandle(r->event);
}

/* Ends also a receive that may be pending. */
static void cancel_and_end(struct receiver *r)
{
    CancelIoEx((HANDLE)r->pair[0], &r->o.overlapped);
    await_end(r);
    end(r);
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
    lab_send(sender->socket, "hello");
    return 0;
}

/* ---- 3.1: both last arguments NULL ---------------------------------------- */

static bool measure_3_1(long seen[])
{
    SOCKET pair[2];
    char memory[16];
    WSABUF buffer = {sizeof memory, memory};
    DWORD received = 0, sent = 0, flags = 0;
    lab_pair(pair);
    struct late_sender sender = {.socket = pair[1]};
    HANDLE thread = lab_start(send_late, &sender);
    int result = WSARecv(pair[0], &buffer, 1, &received, &flags, NULL, NULL);
    seen[0] = result == 0 && sender.has_sent; /* it waited until then */
    seen[1] = (long)received;
    buffer.len = received;
    if (WSASend(pair[0], &buffer, 1, &sent, 0, NULL, NULL) == 0)
        seen[2] = (long)sent;
    lab_join(thread);
    lab_close_pair(pair);
    return seen[0] == 1 && seen[1] == 5 && seen[2] == 5;
}

/* ---- 3.2: several buffers ------------------------------------------------- */

static bool measure_3_2(long seen[])
{
    SOCKET pair[2];
    char head[] = "head", body[] = "the body", one[4], other[16];
    WSABUF out[2] = {{4, head}, {8, body}};
    WSABUF in[2] = {{sizeof one, one}, {sizeof other, other}};
    DWORD sent = 0, received = 0, flags = 0;
    lab_pair(pair);
    if (WSASend(pair[1], out, 2, &sent, 0, NULL, NULL) != 0)
        die("WSASend", (DWORD)WSAGetLastError());
    lab_await_bytes(pair[0], sent);
    if (WSARecv(pair[0], in, 2, &received, &flags, NULL, NULL) != 0)
        die("WSARecv", (DWORD)WSAGetLastError());
    seen[0] = (long)sent;
    seen[1] = (long)received;
    seen[2] = memcmp(one, head, 4) == 0;
    seen[3] = memcmp(other, body, 8) == 0;
    lab_close_pair(pair);
    return seen[0] == 12 && seen[1] == 12 && seen[2] == 1 && seen[3] == 1;
}

/* ---- 3.3 and 3.11: pending, and done at once ------------------------------ */

static bool measure_3_3(long seen[])
{
    struct receiver r;
    begin(&r);
    seen[0] = start_recv(&r);
    seen[1] = lab_signaled(r.event, 0);
    lab_send(r.pair[1], "hello");
    seen[2] = lab_signaled(r.event, LAB_SOON_MS);
    seen[3] = result_of(&r);
    end(&r);
    return seen[0] == WSA_IO_PENDING && seen[1] == 0 && seen[2] == 1 &&
           seen[3] == 5;
}

static const char was_pending[] =
    "the receive found its bytes and was pending even so";

static bool measure_3_11(long seen[])
{
    struct receiver r;
    begin(&r);
    lab_bring(r.pair, "hello");
    seen[0] = start_recv(&r);
    seen[1] = lab_signaled(r.event, seen[0] == 0 ? 0 : LAB_SOON_MS);
    seen[2] = result_of(&r);
    end(&r);
    return seen[0] != 0 ? lab_not_here(was_pending) : seen[1] == 0;
}

/* ---- 3.4: which sockets --------------------------------------------------- */

static bool measure_3_4(long seen[])
{
    struct receiver r;
    begin(&r);
    seen[0] = start_recv(&r); /* on the one from socket() */
    CancelIoEx((HANDLE)r.pair[0], NULL);
    await_end(&r);
    struct receiver accepted = {{r.pair[1], r.pair[0]}, r.event, r.o};
    seen[1] = start_recv(&accepted);
    cancel_and_end(&accepted);
    return seen[0] == WSA_IO_PENDING && seen[1] == WSA_IO_PENDING;
}

/* ---- 3.5: the wall -------------------------------------------------------- */

static bool measure_3_5(long seen[])
{
    enum { COUNT = 65 };
    WSAEVENT events[COUNT];
    for (int i = 0; i < COUNT; i++)
        events[i] = lab_manual_event();
    seen[0] = WSAWaitForMultipleEvents(64, events, FALSE, 0, FALSE) ==
              WSA_WAIT_TIMEOUT; /* it did wait: none is signaled */
    seen[1] = WSAWaitForMultipleEvents(65, events, FALSE, 0, FALSE) ==
              WSA_WAIT_FAILED;
    seen[2] = WSAGetLastError();
    for (int i = 0; i < COUNT; i++)
        CloseHandle(events[i]);
    return seen[0] == 1 && seen[1] == 1;
}

/* ---- 3.6: who is reported ------------------------------------------------- */

/* Three clients that always have sent something already. Whoever the wait
 * reports gets one byte received, and its next receive started. Each wait finds
 * all three events signaled: which one it reports is its own choice. */
static bool measure_3_6(long seen[])
{
    enum { CLIENTS = 3, TURNS = 300 };
    static struct receiver r[CLIENTS];
    WSAEVENT events[CLIENTS];
    char text[TURNS + 2];
    memset(text, 'x', TURNS + 1);
    text[TURNS + 1] = '\0';
    for (int i = 0; i < CLIENTS; i++) {
        begin(&r[i]);
        events[i] = r[i].event;
        lab_bring(r[i].pair, text);
        lab_receive(r[i].pair[0], &r[i].o, 1, NULL);
    }
    for (int turn = 0; turn < TURNS; turn++) {
        for (int i = 0; i < CLIENTS; i++)
            await_end(&r[i]);
        DWORD i = WSAWaitForMultipleEvents(CLIENTS, events, FALSE, 0, FALSE);
        WSAResetEvent(events[i]);
        seen[i]++;
        lab_receive(r[i].pair[0], &r[i].o, 1, NULL);
    }
    for (int i = 0; i < CLIENTS; i++)
        cancel_and_end(&r[i]);
    return seen[0] >= 50 && seen[1] >= 50 && seen[2] >= 50;
}

/* ---- 3.7: wait for all ---------------------------------------------------- */

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

static bool measure_3_7(long seen[])
{
    struct setter setter;
    for (setter.last = 0; setter.last < 3; setter.last++) {
        for (int i = 0; i < 3; i++)
            setter.events[i] = lab_manual_event();
        HANDLE thread = lab_start(set_in_turn, &setter);
        seen[setter.last] =
            (long)(WSAWaitForMultipleEvents(3, setter.events, TRUE, LAB_SOON_MS,
                                            FALSE) -
                   WSA_WAIT_EVENT_0);
        lab_join(thread);
        for (int i = 0; i < 3; i++)
            CloseHandle(setter.events[i]);
    }
    return seen[0] == 0 && seen[1] == 1 && seen[2] == 2;
}

/* ---- 3.8 and 3.12: to wait in WSAGetOverlappedResult ---------------------- */

static bool measure_3_8(long seen[])
{
    struct receiver r;
    DWORD bytes = 0, flags = 0;
    begin(&r);
    struct late_sender sender = {.socket = r.pair[1]};
    start_recv(&r);
    HANDLE thread = lab_start(send_late, &sender);
    BOOL ok = WSAGetOverlappedResult(r.pair[0], &r.o.overlapped, &bytes, TRUE,
                                     &flags);
    seen[0] = ok && sender.has_sent; /* it waited until then */
    seen[1] = (long)bytes;
    lab_join(thread);
    end(&r);
    return seen[0] == 1 && seen[1] == 5;
}

/* Signals an event that somebody may hang on, unless told soon that nobody
 * does. */
struct rescuer {
    HANDLE returned; /* signaled: no need */
    WSAEVENT event;
};

static unsigned __stdcall rescue(void *data)
{
    struct rescuer *rescuer = data;
    if (lab_signaled(rescuer->returned, LAB_SOON_MS))
        return 0;
    SetEvent(rescuer->event);
    return 1; /* it was needed */
}

static bool measure_3_12(long seen[])
{
    struct receiver r;
    DWORD bytes = 0, flags = 0;
    begin(&r);
    CloseHandle(r.event);
    r.event = r.o.overlapped.hEvent = lab_auto_event();
    start_recv(&r);
    lab_send(r.pair[1], "hello");
    await_end(&r); /* and now it is not signaled any more */
    struct rescuer rescuer = {lab_manual_event(), r.event};
    HANDLE thread = lab_start(rescue, &rescuer);
    WSAGetOverlappedResult(r.pair[0], &r.o.overlapped, &bytes, TRUE, &flags);
    SetEvent(rescuer.returned);
    seen[0] = (long)lab_join(thread);
    seen[1] = (long)bytes;
    CloseHandle(rescuer.returned);
    end(&r);
    if (lab_wine() != 0 && seen[0] == 0)
        return lab_not_here(
            "Wine's function looks into the OVERLAPPED first and does not wait "
            "when the operation is over. The documentation page \"OVERLAPPED "
            "structure\" warns that a program can hang there with an "
            "auto-reset event.");
    return seen[0] == 1;
}

/* ---- 3.9: who resets the event -------------------------------------------- */

static bool measure_3_9(long seen[])
{
    struct receiver r;
    begin(&r);
    WSASetEvent(r.event); /* as if left over from the operation before */
    seen[0] = start_recv(&r);
    seen[1] = lab_signaled(r.event, 0);
    cancel_and_end(&r);
    return seen[1] == 1; /* left signaled: a wait would be told a lie */
}

/* ---- 3.10: two receives on one socket ------------------------------------- */

static bool measure_3_10(long seen[])
{
    SOCKET pair[2];
    struct lab_operation first = {0}, second = {0};
    WSAEVENT events[2] = {lab_manual_event(), lab_manual_event()};
    char in_turn[2][4];
    lab_pair(pair);
    first.overlapped.hEvent = events[1]; /* the other way round */
    second.overlapped.hEvent = events[0];
    lab_receive(pair[0], &first, 4, NULL);
    lab_receive(pair[0], &second, 4, NULL);
    lab_send(pair[1], "12345678");
    WSAWaitForMultipleEvents(2, events, TRUE, LAB_SOON_MS, FALSE);
    seen[0] = memcmp(first.buffer, "1234", 4) == 0 &&
              memcmp(second.buffer, "5678", 4) == 0;
    for (int turn = 0; turn < 2; turn++) { /* as a server takes them */
        DWORD i =
            WSAWaitForMultipleEvents(2, events, FALSE, LAB_SOON_MS, FALSE);
        if (i > 1)
            die_saying(1, "a receive did not complete");
        WSAResetEvent(events[i]);
        memcpy(in_turn[turn], i == 1 ? first.buffer : second.buffer, 4);
    }
    seen[1] = memcmp(in_turn, "12345678", 8) == 0;
    CloseHandle(events[0]);
    CloseHandle(events[1]);
    lab_close_pair(pair);
    return seen[0] == 1 && seen[1] == 1;
}

/* ---- 3.13: how long the WSABUF must live ---------------------------------- */

static bool measure_3_13(long seen[])
{
    struct receiver r;
    char wrong[16] = "";
    DWORD flags = 0;
    begin(&r);
    WSABUF buffer = {sizeof r.o.buffer, r.o.buffer};
    if (WSARecv(r.pair[0], &buffer, 1, NULL, &flags, &r.o.overlapped, NULL) ==
            0 ||
        WSAGetLastError() != WSA_IO_PENDING)
        die("WSARecv", (DWORD)WSAGetLastError());
    buffer = (WSABUF){sizeof wrong, wrong}; /* while it is pending */
    lab_send(r.pair[1], "hello");
    await_end(&r);
    seen[0] = memcmp(r.o.buffer, "hello", 5) == 0;
    seen[1] = memcmp(wrong, "hello", 5) == 0;
    end(&r);
    return seen[0] == 0;
}

/* ---- 3.14: after a cancel ------------------------------------------------- */

static bool measure_3_14(long seen[])
{
    struct receiver r;
    begin(&r);
    start_recv(&r);
    seen[0] = CancelIoEx((HANDLE)r.pair[0], &r.o.overlapped) != 0;
    seen[1] = lab_signaled(r.event, LAB_SOON_MS);
    seen[2] = result_of(&r) == -1;
    seen[3] = WSAGetLastError();
    end(&r);
    return seen[1] == 0;
}

/* ---- 3.15: HasOverlappedIoCompleted --------------------------------------- */

static bool measure_3_15(long seen[])
{
    struct receiver r;
    begin(&r);
    start_recv(&r);
    seen[0] = HasOverlappedIoCompleted(&r.o.overlapped);
    lab_send(r.pair[1], "hello");
    await_end(&r);
    seen[1] = HasOverlappedIoCompleted(&r.o.overlapped);
    lab_bring(r.pair, "again");
    bool pends = start_recv(&r) != 0;
    seen[2] = HasOverlappedIoCompleted(&r.o.overlapped);
    seen[3] = (long)r.o.overlapped.InternalHigh;
    await_end(&r);
    end(&r);
    if (pends)
        return lab_not_here(was_pending);
    return seen[0] == 0 && seen[1] == 1 && seen[2] == 1 && seen[3] == 5;
}

/* ---- 3.16: blocking and overlapped ---------------------------------------- */

/* No socket here is made non-blocking. */
static bool measure_3_16(long seen[])
{
    struct receiver r;
    char buffer[5];
    begin(&r);
    struct late_sender sender = {.socket = r.pair[1]};
    seen[0] = start_recv(&r);
    lab_send(r.pair[1], "hello");
    await_end(&r);
    HANDLE thread = lab_start(send_late, &sender);
    seen[1] = recv(r.pair[0], buffer, sizeof buffer, 0) > 0 && sender.has_sent;
    lab_join(thread);
    end(&r);
    return seen[0] != WSA_IO_PENDING || seen[1] == 0;
}

static const struct lab claims[] = {
    {"3.1", HOLDS, HOLDS, 0, measure_3_1,
     "WSARecv and WSASend with neither an OVERLAPPED nor a completion routine "
     "behave like recv and send.",
     "Nothing has arrived yet. WSARecv is called with NULL for both. Does it "
     "wait until the peer has sent?",
     "WSARecv returned only after the peer had sent: %s; it received %ld "
     "bytes, and WSASend sent %ld",
     "Without an OVERLAPPED the call is synchronous, also on an overlapped "
     "socket. So overlapped does not mean non-blocking.",
     "WSARecv function; WSASend function"},
    {"3.2", HOLDS, HOLDS, 1, measure_3_2,
     "Several WSABUFs gather into one send, and scatter from one receive.",
     "WSASend is given two buffers, with 4 and 8 bytes; WSARecv two, with room "
     "for 4 and 16. How many bytes does the one receive get?",
     "one call sent %ld bytes, one received %ld; the first buffer was right: "
     "%s, the second: %s",
     "The bytes are one stream. The buffers are filled in their order, each to "
     "its end before the next; where one send ended is not kept. Each WSABUF "
     "has a len of its own: notes that set that of the second twice leave the "
     "first one's unset.",
     "WSARecv function"},
    {"3.3", HOLDS, HOLDS, 1, measure_3_3,
     "A call that cannot finish at once returns SOCKET_ERROR with "
     "WSA_IO_PENDING, and the event is signaled later.",
     "Nothing has arrived. WSARecv is called with an OVERLAPPED. What does "
     "WSAGetLastError say? And is the event signaled then?",
     "error %ld (997 is WSA_IO_PENDING); signaled then: %s; signaled after the "
     "peer had sent: %s, with %ld bytes",
     "Pending is a success: the operation has started. Any other error means "
     "that nothing has started and that no completion will come.",
     "WSARecv function"},
    {"3.4", HOLDS, HOLDS, THE_VERDICT, measure_3_4,
     "A socket from socket() supports overlapped I/O.",
     "WSARecv with an OVERLAPPED on a socket from socket(), and on one from "
     "accept(). What does WSAGetLastError say?",
     "error %ld and %ld (997 is WSA_IO_PENDING)",
     "socket() sets the overlapped attribute; WSASocket sets it only if asked, "
     "with WSA_FLAG_OVERLAPPED. An accepted socket is like its listener.",
     "WSASocketW function"},
    {"3.5", HOLDS, HOLDS, 1, measure_3_5, "One wait takes 64 events.",
     "WSAWaitForMultipleEvents is given 64 events, then 65. Does the second "
     "call fail at once?",
     "with 64 it waited: %s; with 65 it failed at once: %s, with error %ld",
     "WSA_MAXIMUM_WAIT_EVENTS is 64. The 65th is not left out: the whole wait "
     "fails, and so nobody is served. More events need more threads that wait, "
     "or the thread pool.",
     "WSAWaitForMultipleEvents function"},
    {"3.6", DOES_NOT_HOLD, DOES_NOT_HOLD, 2, measure_3_6,
     "Waiting for several events is fair.",
     "Three clients always have something to receive. Whoever the wait reports "
     "is served, 300 times. How many turns does the third get?",
     "turns of the three: %ld, %ld, %ld",
     "Of several events that are signaled the wait reports the one with the "
     "lowest index, each time. Who serves only that one starves the rest; "
     "server.c looks at all after each wait.",
     "WSAWaitForMultipleEvents function"},
    {"3.7", DOES_NOT_HOLD, DOES_NOT_HOLD, 2, measure_3_7,
     "A wait for all events returns the index of the event that was signaled "
     "last.",
     "Three events, one after the other, while a thread waits for all. The "
     "last is 0, then 1, then 2 (they are counted from 0). What is returned "
     "when it is 2?",
     "last was 0: returned %ld; last was 1: returned %ld; last was 2: returned "
     "%ld",
     "With fWaitAll TRUE the value says only that all are signaled.",
     "WSAWaitForMultipleEvents function"},
    {"3.8", HOLDS, HOLDS, 0, measure_3_8,
     "WSAGetOverlappedResult with fWait TRUE makes the operation synchronous "
     "again.",
     "A receive is pending; its bytes come 150 ms later. Does "
     "WSAGetOverlappedResult wait until then?",
     "it returned only after the peer had sent: %s, with %ld bytes",
     "It waits for the event in the OVERLAPPED, so only for operations that "
     "report by one. While it waits, this thread serves nobody else.",
     "WSAGetOverlappedResult function"},
    {"3.9", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_3_9,
     "The event must be reset by hand before the next operation.",
     "The event is still signaled. WSARecv is called with it and is pending. "
     "Is the event signaled now?",
     "error %ld (997 is WSA_IO_PENDING); still signaled: %s",
     "The call that starts an operation resets it if that stays pending. So "
     "server.c resets no connection's event before the next operation. To "
     "reset it by hand does no harm before the call. After the call it may "
     "erase a completion.",
     "WSAGetOverlappedResult function, remarks"},
    {"3.10", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_3_10,
     "With several receives in flight on one socket nobody has to care about "
     "order.",
     "Two receives of 4 bytes are in flight, and 12345678 arrives. A server "
     "takes completions as the wait reports them. Does it see the bytes in "
     "their order?",
     "the buffers were filled in the order of the calls: %s; the completions "
     "were reported in that order: %s",
     "Shown, not measured: the lab gives the first receive the event with the "
     "higher index. Windows keeps the order of the calls for the buffers, but "
     "events are reported by index. And with calls from two threads at once "
     "even the order of the calls is chance. So: one operation of a kind in "
     "flight, or a number in each.",
     "WSARecv function; WSAWaitForMultipleEvents function"},
    {"3.11", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_3_11,
     "An operation that is done at once does not signal its event.",
     "The bytes are there before WSARecv is called. It returns 0. Is the event "
     "signaled?",
     "WSARecv: %ld (0 is done at once); signaled then: %s, with %ld bytes",
     "Done at once and pending end in the same way. Whoever handles the bytes "
     "right after the call handles them a second time after the wait.",
     "WSARecv function (hEvent is signaled when the operation completes)"},
    {"3.12", NOT_HERE, DEPENDS, THE_VERDICT, measure_3_12,
     "After a wait on an auto-reset event, WSAGetOverlappedResult with fWait "
     "TRUE hangs.",
     "The wait has reported an auto-reset event, and so has reset it. Does "
     "WSAGetOverlappedResult with fWait TRUE return?",
     "it hung until it was rescued: %s; it said %ld bytes",
     "The wait took the signal, and there will be no other one. The page of "
     "OVERLAPPED warns of that. Another one, of GetOverlappedResult, says that "
     "it hangs up to Windows Vista, and that this has changed for programs "
     "whose manifest names Windows 7 or later; of WSAGetOverlappedResult none "
     "says it. Use a manual-reset event, or do not wait twice. (Wine looks "
     "into the OVERLAPPED first and does not wait.)",
     "OVERLAPPED structure, member hEvent; Synchronization and Overlapped "
     "Input and Output"},
    {"3.13", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_3_13,
     "The WSABUF must stay as it is until the operation has completed.",
     "A receive is pending. Its WSABUF is changed to point to another buffer. "
     "Do the bytes arrive in that one?",
     "in the first buffer: %s; in the other: %s",
     "The provider copies the WSABUFs before the call returns, so they may be "
     "local variables. Both pages say so among their remarks; that of WSASend "
     "also says, of its parameter, that the array must remain valid: for the "
     "buffers that is true, and so it is for the OVERLAPPED.",
     "WSARecv function, remarks; WSASend function"},
    {"3.14", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_3_14,
     "An operation that was cancelled has no completion.",
     "A receive is pending, and CancelIoEx is called. Is its event signaled?",
     "CancelIoEx found it: %s; signaled: %s; it failed: %s, with error %ld "
     "(995 is WSA_OPERATION_ABORTED)",
     "Each operation that was started completes, once: cancelled, successful "
     "after all, or with another error. Until then its memory is not ours, "
     "whatever CancelIoEx said.",
     "CancelIoEx function"},
    {"3.15", HOLDS, HOLDS, 2, measure_3_15,
     "HasOverlappedIoCompleted tells of an operation whether it is over, also "
     "of one that was done at once.",
     "It is asked while a receive is pending, after its completion, and right "
     "after a receive that was done at once. Does it say yes in the third "
     "case?",
     "pending: %s; completed: %s; done at once: %s, with %ld in InternalHigh",
     "It reads the field Internal of the OVERLAPPED, which gets the status, "
     "and InternalHigh the byte count, when a request is completed (both are "
     "ULONG_PTR, as wide as a pointer, and not DWORDs as in notes). The page "
     "of the macro allows it only after WSA_IO_PENDING. server.c asks in the "
     "third case, too, and takes the byte count of a send that was done at "
     "once from InternalHigh, so this lab must hold wherever server.c is to "
     "run.",
     "OVERLAPPED structure; HasOverlappedIoCompleted macro"},
    {"3.16", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_3_16,
     "Overlapped I/O needs non-blocking sockets.",
     "A socket is as socket() made it. WSARecv with an OVERLAPPED is pending "
     "at once, and completes. Then recv() is called on the same socket, and "
     "nothing is there. Does it wait?",
     "WSARecv: error %ld (997 is WSA_IO_PENDING); recv() waited until the peer "
     "had sent: %s",
     "An overlapped operation never blocks, so the mode of the socket does not "
     "matter to it, and it does not change the mode. FIONBIO is for recv and "
     "send.",
     "Overlapped I/O and Event Objects"},
};

int main(int argc, char **argv)
{
    return lab_main(argc, argv, "03 Overlapped I/O with events", claims,
                    sizeof claims / sizeof claims[0]);
}
