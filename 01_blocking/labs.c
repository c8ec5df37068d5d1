/* labs.c: what courses say about blocking sockets and a thread for each client,
 * put to the test.
 *
 *   make lab-01                     all; at a terminal it asks what you expect
 *   make lab-01 CLAIM=1.4           one
 *   make lab-01 ARGS=--no-predict   it does not ask
 *
 * A function for each claim measures and says whether it holds. The table at
 * the end says what is claimed. */
#include <string.h>

#include "lab.h"

/* Waits until so many threads have counted themselves. */
static void await_count(const volatile LONG *counted, LONG count)
{
    while (*counted < count)
        Sleep(1);
}

/* What recv() returns if there is something within so many milliseconds, the
 * end of the stream included; 0 if there is nothing. The blocking recv() has
 * no such limit of its own, so select() asks first: chapter 02. */
static int receive_within(SOCKET s, char *buffer, int bytes, long ms)
{
    fd_set readable;
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    FD_ZERO(&readable);
    FD_SET(s, &readable);
    if (select(0, &readable, NULL, NULL, &limit) != 1)
        return 0;
    int received = recv(s, buffer, bytes, 0);
    return received > 0 ? received : 0;
}

/* ---- 1.1: few threads, and each serves one client until it leaves --------- */

static volatile LONG is_over, accepted_count;

static unsigned __stdcall serve_in_turn(void *data)
{
    SOCKET listener = (SOCKET)data;
    for (;;) {
        SOCKET s = accept(listener, NULL, NULL);
        char buffer[100];
        int bytes;
        InterlockedIncrement(&accepted_count);
        while ((bytes = recv(s, buffer, sizeof buffer, 0)) > 0)
            send(s, buffer, bytes, 0);
        closesocket(s);
        if (is_over)
            return 0;
    }
}

/* So many threads serve, and so many clients connect and say nothing. One more
 * client comes: how many bytes of its five come back now, and how many after one
 * of the silent ones has left? */
static void serve_one_client_more(int threads, long *now, long *then)
{
    enum { THREADS = 8 };
    HANDLE thread[THREADS];
    SOCKET silent[THREADS] = {0};
    SOCKET listener = net_listen("127.0.0.1", 0);
    char echo[5];
    is_over = accepted_count = 0;
    for (int i = 0; i < threads; i++)
        thread[i] = lab_start(serve_in_turn, (void *)listener);
    for (int i = 0; i < threads; i++)
        silent[i] = lab_connect(listener);
    await_count(&accepted_count, threads); /* now each has its client */

    SOCKET late = lab_connect(listener);
    lab_send(late, "hello");
    *now = receive_within(late, echo, sizeof echo, 1000);
    closesocket(silent[0]);
    *then = receive_within(late, echo, sizeof echo, LAB_SOON_MS);

    /* Each thread gets one client more, which leaves at once. */
    InterlockedExchange(&is_over, 1);
    closesocket(late);
    for (int i = 1; i < threads; i++)
        closesocket(silent[i]);
    for (int i = 0; i < threads; i++)
        closesocket(lab_connect(listener));
    for (int i = 0; i < threads; i++)
        lab_join(thread[i]);
    closesocket(listener);
}

static bool measure_1_1(long seen[])
{
    serve_one_client_more(1, &seen[0], &seen[1]);
    serve_one_client_more(4, &seen[2], &seen[3]);
    return seen[0] == 0 && seen[1] == 5 && seen[2] == 0 && seen[3] == 5;
}

/* ---- 1.2, 1.5 and 1.7: what a thread that sleeps costs -------------------- */

struct sleeper {
    SOCKET pair[2]; /* its client, and its own end */
    HANDLE thread;
    const char *stack; /* where its stack begins */
    size_t reserved, committed;
};

/* The stack of a thread is one reservation; VirtualQuery() goes through it
 * piece by piece, and says of each whether it is committed. */
static void look_at_my_stack(struct sleeper *me)
{
    MEMORY_BASIC_INFORMATION piece = {.RegionSize = 0};
    const char *at = (const char *)&piece; /* a variable on the stack */
    VirtualQuery(at, &piece, sizeof piece);
    me->stack = piece.AllocationBase;
    for (at = me->stack; VirtualQuery(at, &piece, sizeof piece) != 0 &&
                         piece.AllocationBase == me->stack;
         at += piece.RegionSize) {
        me->reserved += piece.RegionSize;
        if (piece.State == MEM_COMMIT)
            me->committed += piece.RegionSize;
    }
}

static volatile LONG sleeper_count; /* threads that are about to sleep */

static unsigned __stdcall sleep_in_recv(void *data)
{
    struct sleeper *me = data;
    char byte;
    look_at_my_stack(me);
    InterlockedIncrement(&sleeper_count);
    while (recv(me->pair[1], &byte, 1, 0) > 0)
        ;
    closesocket(me->pair[1]);
    return 0;
}

/* As many threads as clients, and each sleeps in recv(). */
static void start_sleepers(struct sleeper *sleeper, int count)
{
    sleeper_count = 0;
    for (int i = 0; i < count; i++) {
        lab_pair(sleeper[i].pair);
        sleeper[i].thread = lab_start(sleep_in_recv, &sleeper[i]);
    }
    await_count(&sleeper_count, count);
}

/* The clients leave, recv() returns 0, the threads end. */
static void end_sleepers(struct sleeper *sleeper, int count)
{
    for (int i = 0; i < count; i++)
        closesocket(sleeper[i].pair[0]);
    for (int i = 0; i < count; i++)
        lab_join(sleeper[i].thread);
}

static bool measure_1_2(long seen[])
{
    enum { COUNT = 20 };
    static struct sleeper sleeper[COUNT];
    size_t reserved = 0, committed = 0;
    start_sleepers(sleeper, COUNT);
    end_sleepers(sleeper, COUNT);
    seen[0] = COUNT;
    for (int i = 0; i < COUNT; i++) {
        bool is_new = true;
        for (int k = 0; k < i; k++)
            is_new = is_new && sleeper[k].stack != sleeper[i].stack;
        seen[1] += is_new;
        reserved += sleeper[i].reserved;
        committed += sleeper[i].committed;
    }
    seen[2] = (long)(reserved / COUNT / 1024);
    seen[3] = (long)(committed / COUNT / 1024);
    return seen[1] == seen[0] && seen[2] >= 64;
}

static bool measure_1_5(long seen[])
{
    static struct sleeper sleeper;
    start_sleepers(&sleeper, 1);
    end_sleepers(&sleeper, 1);
    seen[0] = (long)(sleeper.reserved / 1024);
    seen[1] = (long)(sleeper.committed / 1024);
    /* Windows keeps at least a guard page that is not committed. */
    if (sleeper.committed == sleeper.reserved)
        return lab_not_here("This system commits the whole stack at once, so "
                            "the two sizes cannot be told apart. On Windows a "
                            "stack is committed as it grows (documentation "
                            "page \"Thread Stack Size\").");
    return seen[1] >= 1000;
}

/* Of three looks the least: a thread that has not come to its wait yet makes
 * the first one too much, but who never sleeps is seen in each. */
static bool measure_1_7(long seen[])
{
    enum { COUNT = 50, MS = 500 };
    static struct sleeper sleeper[COUNT];
    start_sleepers(sleeper, COUNT);
    seen[0] = COUNT;
    seen[1] = MS;
    for (int look = 0; look < 3; look++) {
        long before_ms = lab_cpu_ms();
        Sleep(MS);
        long used_ms = lab_cpu_ms() - before_ms;
        if (look == 0 || used_ms < seen[2])
            seen[2] = used_ms;
    }
    end_sleepers(sleeper, COUNT);
    return seen[2] * 10 >= seen[1]; /* a tenth of one processor, at least */
}

/* ---- 1.3: one recv() and the whole answer --------------------------------- */

static unsigned __stdcall answer_in_two_parts(void *data)
{
    const SOCKET *s = data;
    char go_on;
    lab_send(*s, "hello ");
    recv(*s, &go_on, 1, 0);
    lab_send(*s, "world");
    return 0;
}

static bool measure_1_3(long seen[])
{
    SOCKET pair[2];
    char answer[100];
    lab_pair(pair);
    HANDLE server = lab_start(answer_in_two_parts, &pair[1]);
    int bytes = recv(pair[0], answer, sizeof answer, 0), calls = 1;
    seen[0] = 11;
    seen[1] = bytes;
    lab_send(pair[0], "!");
    for (; bytes < 11; calls++) {
        int more = recv(pair[0], answer + bytes, (int)sizeof answer - bytes, 0);
        if (more <= 0)
            die("recv", (unsigned long)WSAGetLastError());
        bytes += more;
    }
    seen[2] = calls;
    lab_join(server);
    lab_close_pair(pair);
    return seen[1] == seen[0];
}

/* ---- 1.4: a send that has returned ---------------------------------------- */

static unsigned __stdcall send_hello(void *s)
{
    lab_send(*(SOCKET *)s, "hello");
    return 5;
}

static bool measure_1_4(long seen[])
{
    SOCKET pair[2];
    char buffer[5];
    lab_pair(pair);
    HANDLE thread = lab_start(send_hello, &pair[0]);
    seen[1] = lab_signaled(thread, LAB_SOON_MS);
    recv(pair[1], buffer, sizeof buffer, 0); /* if it should wait for that */
    seen[0] = (long)lab_join(thread);
    lab_close_pair(pair);
    return seen[1] == 0;
}

/* ---- 1.6: closesocket() while another thread sleeps in accept() ----------- */

struct accepting {
    SOCKET listener;
    SOCKET accepted;
    int error;
    volatile LONG begun;
};

static unsigned __stdcall accept_one(void *data)
{
    struct accepting *a = data;
    InterlockedIncrement(&a->begun);
    a->accepted = accept(a->listener, NULL, NULL);
    a->error = WSAGetLastError();
    return 0;
}

static bool measure_1_6(long seen[])
{
    static struct accepting a; /* not on the stack: the thread may stay */
    a.listener = net_listen("127.0.0.1", 0);
    HANDLE thread = lab_start(accept_one, &a);
    await_count(&a.begun, 1);
    Sleep(200); /* so that it sleeps in accept() */
    closesocket(a.listener);
    seen[0] = lab_signaled(thread, 10000) && a.accepted == INVALID_SOCKET;
    seen[1] = seen[0] ? a.error : 0;
    CloseHandle(thread);
    return seen[0] == 1;
}

/* ---- 1.8: as many recv() as send() ---------------------------------------- */

static bool measure_1_8(long seen[])
{
    SOCKET pair[2];
    char buffer[100];
    lab_pair(pair);
    lab_bring(pair, "one");
    lab_bring(pair, "two");
    seen[0] = 2;
    do {
        seen[2] += recv(pair[0], buffer, sizeof buffer, 0);
        seen[1]++;
    } while (seen[2] < 6 && seen[1] < 6);
    lab_close_pair(pair);
    return seen[1] == seen[0];
}

/* ---- 1.10: connect() without accept() ------------------------------------- */

static unsigned __stdcall connect_to(void *data)
{
    SOCKET *listener_and_client = data;
    listener_and_client[1] = lab_connect(listener_and_client[0]);
    return 0;
}

static bool measure_1_10(long seen[])
{
    SOCKET s[3] = {net_listen("127.0.0.1", 0)};
    HANDLE thread = lab_start(connect_to, s);
    seen[0] = lab_signaled(thread, LAB_SOON_MS);
    if (seen[0] == 1)
        seen[1] = send(s[1], "hello", 5, 0);
    s[2] = accept(s[0], NULL, NULL); /* if it should wait for that */
    lab_join(thread);
    for (int i = 0; i < 3; i++)
        closesocket(s[i]);
    return seen[0] == 0;
}

/* ---- 1.11: after the end of the stream ------------------------------------ */

static bool measure_1_11(long seen[])
{
    SOCKET pair[2];
    char buffer[100];
    lab_pair(pair);
    lab_send(pair[0], "hello");
    shutdown(pair[0], SD_SEND); /* no more from this side */
    seen[0] = recv(pair[1], buffer, sizeof buffer, 0);
    seen[1] = recv(pair[1], buffer, sizeof buffer, 0);
    lab_send(pair[1], "hello");
    seen[2] = receive_within(pair[0], buffer, sizeof buffer, 10000);
    lab_close_pair(pair);
    return seen[1] == 0 && seen[2] == 0;
}

/* ---- 1.12: a sender that is faster than its receiver ---------------------- */

enum { PIECE_BYTES = 65536, PIECES = 1024 };

static volatile LONG pieces_sent;

static unsigned __stdcall send_pieces(void *data)
{
    const SOCKET *s = data;
    static char piece[PIECE_BYTES];
    for (int i = 0; i < PIECES; i++) {
        if (send(*s, piece, sizeof piece, 0) != sizeof piece)
            return 0; /* the other end has been closed */
        InterlockedIncrement(&pieces_sent);
    }
    return 0;
}

/* Waits until the sender has not moved for half a second. */
static LONG pieces_when_still(void)
{
    LONG before;
    do {
        before = pieces_sent;
        Sleep(500);
    } while (pieces_sent != before);
    return before;
}

static bool measure_1_12(long seen[])
{
    SOCKET pair[2];
    static char buffer[PIECE_BYTES];
    lab_pair(pair);
    pieces_sent = 0;
    HANDLE sender = lab_start(send_pieces, &pair[0]);
    LONG before = pieces_when_still(); /* and nobody has received a byte */
    seen[0] = (long)PIECES * (PIECE_BYTES / 1024);
    seen[1] = before * (PIECE_BYTES / 1024);
    while (before < PIECES && pieces_sent == before)
        if (recv(pair[1], buffer, sizeof buffer, 0) <= 0)
            break;
    seen[2] = pieces_sent > before;
    net_close_abortively(pair[1]);
    lab_join(sender);
    closesocket(pair[0]);
    return seen[1] >= seen[0];
}

/* ---- 1.13: a call into the kernel, and a switch to another thread --------- */

struct baton {
    HANDLE there, back;
};

static unsigned __stdcall hand_back(void *data)
{
    const struct baton *baton = data;
    while (lab_signaled(baton->there, INFINITE) && !is_over)
        SetEvent(baton->back);
    return 0;
}

/* Of many tries the shortest: what else runs here can only make it longer. */
static bool measure_1_13(long seen[])
{
    enum { TRIES = 2000, CALLS = 10 };
    struct baton baton = {lab_auto_event(), lab_auto_event()};
    MEMORY_BASIC_INFORMATION piece;
    uint64_t end_ns = clock_in_ms(2000);
    is_over = 0;
    HANDLE thread = lab_start(hand_back, &baton);
    for (int i = 0; i < TRIES && clock_ns() < end_ns; i++) {
        uint64_t begun_ns = clock_ns();
        for (int call = 0; call < CALLS; call++)
            VirtualQuery(&piece, &piece, sizeof piece);
        uint64_t called_ns = clock_ns();
        SetEvent(baton.there);
        WaitForSingleObject(baton.back, INFINITE);
        long call_ns = (long)((called_ns - begun_ns) / CALLS);
        long hand_over_ns = (long)((clock_ns() - called_ns) / 2);
        if (i == 0 || call_ns < seen[0])
            seen[0] = call_ns;
        if (i == 0 || hand_over_ns < seen[1])
            seen[1] = hand_over_ns;
    }
    InterlockedExchange(&is_over, 1);
    SetEvent(baton.there);
    lab_join(thread);
    CloseHandle(baton.there);
    CloseHandle(baton.back);
    return seen[1] < 2 * seen[0];
}

static const struct lab claims[] = {
    {"1.1", HOLDS, HOLDS, 2, measure_1_1,
     "A server whose threads each serve one client until it leaves makes the "
     "next one wait.",
     "One thread accepts a client, serves it until it leaves, and then accepts "
     "the next. The first client says nothing, the second one sends five "
     "bytes. Then the same with four threads, four silent clients and a fifth. "
     "How many of the fifth one's bytes come back while the four are there?",
     "one thread: of 5 bytes of the second client %ld came back while the "
     "first was there, and %ld after it had left; four threads: of the fifth "
     "client's 5 bytes %ld, and %ld after one had left",
     "A thread in a blocking recv() belongs to its client until that call "
     "returns. The kernel has connected the next client and keeps its bytes "
     "until somebody calls accept() and recv(). A pool of N threads limits the "
     "memory and serves N clients at a time; with blocking calls it makes the "
     "next one wait.",
     "recv function (blocks while nothing is here); listen function "
     "(connections are acknowledged and queued)"},
    {"1.2", HOLDS, HOLDS, 1, measure_1_2,
     "A thread for each client costs memory for each client.",
     "Twenty clients, twenty threads, each sleeps in recv(). How large is each "
     "stack? How many stacks are there?",
     "%ld threads have %ld stacks; of each %ld KiB are reserved and %ld KiB "
     "committed",
     "Each thread has a stack of its own, also while it sleeps. Notes go on: "
     "so it does not scale to thousands. That is not measured here. In 64 bits "
     "there are addresses enough for thousands of stacks; what grows is "
     "committed memory (claim 1.5), what the kernel keeps for each thread, and "
     "the context switches when many are woken.",
     "Thread Stack Size; CreateThread function (1 MB each: at most 2,048 in 2 "
     "GB of addresses)"},
    {"1.3", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_1_3,
     "One recv() gets the whole answer.",
     "An answer has 11 bytes. The server sends \"hello \" and, when that has "
     "arrived, \"world\". The client calls recv() with room for 100. How many "
     "bytes does the first call get?",
     "of %ld bytes the first recv() got %ld; it took %ld calls to get all",
     "Shown, not measured: the server here sends in two parts. recv() returns "
     "what is here now; receive until all of the answer is there. TCP carries "
     "bytes in order and knows nothing of answers; a network may cut them "
     "anywhere.",
     "recv function"},
    {"1.4", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_1_4,
     "A blocking send() returns when the peer has received the data.",
     "The peer does not call recv(). Does send() of five bytes return?",
     "send() returned %ld, before the peer's program had received anything: %s",
     "send() returns when the kernel has taken the bytes into its buffer. "
     "Whether they arrive, and whether anybody reads them, only an answer of "
     "the peer can tell.",
     "send function; LPWSPSEND"},
    {"1.5", NOT_HERE, DOES_NOT_HOLD, THE_VERDICT, measure_1_5,
     "A thread costs 1 MB of memory.",
     "A thread with the default stack sleeps in recv(). How much of its stack "
     "is committed?",
     "%ld KiB reserved, %ld KiB committed",
     "Reserved is a range of addresses; committed is memory that the system "
     "has promised. The linker writes both into the program: 1 MB reserved is "
     "the default of Microsoft's, 2 MB of GNU ld. Windows commits pages as the "
     "stack grows, Wine the whole stack. What the kernel keeps for a thread "
     "comes on top.",
     "Thread Stack Size"},
    {"1.6", HOLDS, HOLDS, 0, measure_1_6,
     "closesocket() from another thread ends a blocked accept().",
     "A thread sleeps in accept(). Another one closes the listening socket. "
     "Does accept() return INVALID_SOCKET?",
     "accept() returned INVALID_SOCKET: %s; error %ld",
     "A provider has to cancel calls that are blocked on the socket. The "
     "danger is in the time: a thread that is just about to call accept() uses "
     "a closed number, which may belong to another socket by then. So an "
     "application must not close a socket like that.",
     "LPWSPCLOSESOCKET (cancels); closesocket function (never concurrently "
     "with another call)"},
    {"1.7", DOES_NOT_HOLD, DOES_NOT_HOLD, THE_VERDICT, measure_1_7,
     "Many waiting threads keep the processor busy.",
     "Fifty threads sleep in recv() for half a second. How much processor time "
     "does the process use in that time?",
     "%ld threads; in %ld ms the process used %ld ms of processor time",
     "A thread that sleeps is on no list of threads to run. It costs memory "
     "and, when it is woken, a context switch; while it sleeps it costs no "
     "processor time.",
     "Context Switches"},
    {"1.8", DOES_NOT_HOLD, DOES_NOT_HOLD, 1, measure_1_8,
     "Each send() arrives as one recv().",
     "Three bytes are sent, then three more. When all are there, recv() is "
     "called with room for 100. How many calls does it take to get all?",
     "%ld calls of send(), %ld of recv(), which got %ld bytes",
     "A TCP connection carries a stream of bytes. The borders between the "
     "calls of send() are not sent.",
     "recv function (as much as is available)"},
    {"1.10", DOES_NOT_HOLD, DOES_NOT_HOLD, 0, measure_1_10,
     "connect() returns when the server has called accept().",
     "A socket listens and nobody ever calls accept(). Does connect() return?",
     "connect() returned without an accept(): %s; then send() took %ld bytes",
     "The kernel completes the connection for a listening socket and puts it "
     "into the backlog. accept() only takes it from there.",
     "listen function; accept function (takes the first of the queue)"},
    {"1.11", DOES_NOT_HOLD, DOES_NOT_HOLD, 2, measure_1_11,
     "When recv() has returned 0 nothing can be sent any more.",
     "A client sends five bytes and calls shutdown(SD_SEND). The server "
     "receives until recv() returns 0, and then sends five bytes. How many of "
     "these arrive?",
     "recv() returned %ld, then %ld; of 5 bytes sent after that %ld arrived",
     "0 is the end of one direction: the peer has sent all that it wants to "
     "send. It may go on reading: half-close.",
     "shutdown function (SD_SEND ends sends only)"},
    {"1.12", DOES_NOT_HOLD, DOES_NOT_HOLD, THE_VERDICT, measure_1_12,
     "A fast sender fills the memory of a slow receiver.",
     "A thread sends as fast as it can, up to 64 MiB. Nobody receives. How "
     "much does it get rid of?",
     "of %ld KiB %ld KiB were taken, then send() slept; when the other side "
     "received it went on: %s",
     "Both kernels buffer a limited amount. When all of that is full, send() "
     "sleeps: the receiver slows the sender down. That is back-pressure. (A "
     "non-blocking or overlapped sender that keeps a queue of its own can "
     "still fill its own memory.)",
     "send function (blocks without buffer space)"},
    {"1.13", DOES_NOT_HOLD, DOES_NOT_HOLD, THE_VERDICT, measure_1_13,
     "A mode switch is a context switch: each system call saves the memory "
     "mappings and flushes the caches.",
     "A thread calls VirtualQuery, again and again; the same thread hands over "
     "to another with an event, and that one hands back. Does the first take "
     "as long as the second?",
     "ns for a call: %ld; for a hand-over to another thread: %ld",
     "A call into the kernel changes the mode of the processor; the same "
     "thread goes on, in the same process. A context switch saves the context "
     "of one thread and loads that of another, when a time slice is over, a "
     "thread of higher priority is ready, or the running one has to wait. (The "
     "times are of this system. To leave the kernel's addresses unmapped, a "
     "defence against Meltdown, makes a call dearer; it is no context switch.)",
     "Context Switches; KVA Shadow: Mitigating Meltdown on Windows (a post of "
     "Microsoft's)"},
};

int main(int argc, char **argv)
{
    return lab_main(argc, argv, "01 Blocking sockets", claims,
                    sizeof claims / sizeof claims[0]);
}
