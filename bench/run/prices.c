#define FD_SETSIZE 128 /* before the first Windows header */

#include "prices.h"

#include <string.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <process.h>

#include "../../common/clock.h"
#include "../../common/net.h"

enum { MEMBERS = 128, BATCH = 16, REPEATS = 15, BYTES = 64 };

/* What all prices are measured with: pairs of connected sockets. What is sent
 * on a near one arrives at its far one. */
static struct {
    SOCKET near_end[MEMBERS];
    SOCKET far_end[MEMBERS];
    HANDLE port; /* far_end 0 to BATCH - 1 are not on it, the next are */
    int first;   /* the first pair of the batch that is measured */
    WSAEVENT events[WSA_MAXIMUM_WAIT_EVENTS];
    OVERLAPPED overlapped[BATCH];
    char buffers[BATCH][BYTES];
    int routines_run;
    double us[PRICE_COUNT];
    double clock_us; /* what reading the clock twice takes */
} bench;

/* ---- pieces -------------------------------------------------------------- */

static double now_us(void)
{
    return (double)clock_ns() / 1000;
}

static void send_to(int pair)
{
    char message[BYTES] = "price";
    send(bench.near_end[pair], message, BYTES, 0);
}

static void read_at(int pair)
{
    char message[BYTES];
    recv(bench.far_end[pair], message, BYTES, 0);
}

/* The median of what a step says it took, in us. */
static double median_of(double (*step)(void))
{
    double values[REPEATS];
    step(); /* warms up */
    for (int i = 0; i < REPEATS; i++)
        values[i] = step();
    return statistics_median(values, REPEATS).value;
}

#define TIMED(us, call)                                                        \
    do {                                                                       \
        double begun_us = now_us();                                            \
        call;                                                                  \
        (us) = now_us() - begun_us - bench.clock_us;                           \
    } while (0)

/* ---- receiving and sending ------------------------------------------------ */

static double clock_step(void)
{
    double begun_us = now_us();
    return now_us() - begun_us;
}

static double send_step(void)
{
    double us = 0;
    TIMED(us, send_to(0));
    read_at(0);
    return us;
}

static double ready_step(void)
{
    double us = 0;
    send_to(0);
    TIMED(us, read_at(0));
    return us;
}

static double in_vain_step(void)
{
    double us = 0;
    u_long on = 1;
    u_long off = 0;
    ioctlsocket(bench.far_end[0], (long)FIONBIO, &on);
    TIMED(us, read_at(0));
    ioctlsocket(bench.far_end[0], (long)FIONBIO, &off);
    return us;
}

static void start(int i, WSAEVENT event,
                  LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    WSABUF buffer = {BYTES, bench.buffers[i]};
    DWORD flags = 0;
    bench.overlapped[i] = (OVERLAPPED){.hEvent = event};
    WSARecv(bench.far_end[bench.first + i], &buffer, 1, NULL, &flags,
            &bench.overlapped[i], routine);
}

static double overlapped_step(void)
{
    double us = 0;
    send_to(0);
    TIMED(us, start(0, bench.events[0], NULL));
    return us;
}

/* The far end of a ping-pong: sends back until it is told to end. */
static unsigned __stdcall echo_thread(void *unused)
{
    char message[BYTES];
    (void)unused;
    while (recv(bench.far_end[0], message, BYTES, 0) == BYTES &&
           message[0] != 'E')
        send(bench.far_end[0], message, BYTES, 0);
    return 0;
}

/* Both ends block in recv until the other has sent. */
static double blocked_step(void)
{
    char message[BYTES] = "ping";
    double us = 0;
    TIMED(us, (send(bench.near_end[0], message, BYTES, 0),
               recv(bench.near_end[0], message, BYTES, 0)));
    return us / 2 - bench.us[PRICE_SEND];
}

static double with_thread(unsigned(__stdcall *function)(void *),
                          double (*step)(void), void (*end)(void))
{
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, function, NULL, 0, NULL);
    if (thread == NULL)
        return -1;
    double us = median_of(step);
    end();
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    return us;
}

static void end_echo(void)
{
    char message[BYTES] = "E";
    send(bench.near_end[0], message, BYTES, 0);
}

/* ---- pending, and how a thread learns of it -------------------------------- */

/* A batch of receives that pend; then data for all; then all are taken. Each
 * one's share, without the send and without the price of taking. */
static double pending(WSAEVENT *events,
                      LPWSAOVERLAPPED_COMPLETION_ROUTINE routine,
                      void (*take)(void), double taken_us)
{
    double us = 0;
    TIMED(us, {
        for (int i = 0; i < BATCH; i++)
            start(i, events != NULL ? events[i] : NULL, routine);
        for (int i = 0; i < BATCH; i++)
            send_to(bench.first + i);
        take();
    });
    return us / BATCH - bench.us[PRICE_SEND] - taken_us;
}

static void take_events(void)
{
    DWORD bytes = 0;
    DWORD flags = 0;
    for (int i = 0; i < BATCH; i++) {
        WSAWaitForMultipleEvents(1, &bench.events[i], TRUE, WSA_INFINITE,
                                 FALSE);
        WSAGetOverlappedResult(bench.far_end[i], &bench.overlapped[i], &bytes,
                               FALSE, &flags);
    }
}

static double event_step(void)
{
    return pending(bench.events, NULL, take_events,
                   bench.us[PRICE_EVENTS_1] + bench.us[PRICE_ASK]);
}

static void CALLBACK on_complete(DWORD error, DWORD bytes,
                                 OVERLAPPED *overlapped, DWORD flags)
{
    (void)error, (void)bytes, (void)overlapped, (void)flags;
    bench.routines_run++;
}

static void take_routines(void)
{
    bench.routines_run = 0;
    while (bench.routines_run < BATCH)
        SleepEx(INFINITE, TRUE);
}

static double routine_batch_step(void)
{
    return pending(NULL, on_complete, take_routines, 0);
}

static void take_packets(void)
{
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED *overlapped = NULL;
    for (int i = 0; i < BATCH; i++)
        GetQueuedCompletionStatus(bench.port, &bytes, &key, &overlapped,
                                  INFINITE);
}

static double port_step(void)
{
    bench.first = BATCH;
    double us = pending(NULL, NULL, take_packets, bench.us[PRICE_DEQUEUE]);
    bench.first = 0;
    return us;
}

/* ---- waiting -------------------------------------------------------------- */

static int members; /* of the wait that is measured; the last one is ready */

static double select_step(void)
{
    fd_set set;
    double us = 0;
    FD_ZERO(&set);
    for (int i = 0; i < members; i++)
        FD_SET(bench.far_end[i], &set);
    send_to(members - 1);
    TIMED(us, select(0, &set, NULL, NULL, NULL));
    read_at(members - 1);
    return us;
}

static double poll_step(void)
{
    WSAPOLLFD polled[MEMBERS];
    double us = 0;
    for (int i = 0; i < members; i++)
        polled[i] = (WSAPOLLFD){bench.far_end[i], POLLRDNORM, 0};
    send_to(members - 1);
    TIMED(us, WSAPoll(polled, (ULONG)members, -1));
    read_at(members - 1);
    return us;
}

static double events_step(void)
{
    double us = 0;
    for (int i = 0; i < members; i++)
        WSAResetEvent(bench.events[i]);
    WSASetEvent(bench.events[members - 1]);
    TIMED(us, WSAWaitForMultipleEvents((DWORD)members, bench.events, FALSE,
                                       WSA_INFINITE, FALSE));
    return us;
}

static void price_waits(double (*step)(void), enum price first, int largest)
{
    const int sizes[] = {1, 16, largest};
    for (int i = 0; i < 3; i++) {
        members = sizes[i];
        bench.us[first + (enum price)i] = median_of(step);
    }
}

static double reset_step(void)
{
    double us = 0;
    WSASetEvent(bench.events[0]);
    TIMED(us, WSAResetEvent(bench.events[0]));
    return us;
}

/* Of the receive that overlapped_step() has just completed. */
static double ask_step(void)
{
    DWORD bytes = 0;
    DWORD flags = 0;
    double us = 0;
    TIMED(us, WSAGetOverlappedResult(bench.far_end[0], &bench.overlapped[0],
                                     &bytes, FALSE, &flags));
    return us;
}

static double dequeue_step(void)
{
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED *overlapped = NULL;
    double us = 0;
    PostQueuedCompletionStatus(bench.port, 0, 0, NULL);
    TIMED(us, GetQueuedCompletionStatus(bench.port, &bytes, &key, &overlapped,
                                        INFINITE));
    return us;
}

static void CALLBACK run_apc(ULONG_PTR unused)
{
    (void)unused;
}

static double routine_step(void)
{
    double us = 0;
    QueueUserAPC(run_apc, GetCurrentThread(), 0);
    TIMED(us, SleepEx(INFINITE, TRUE));
    return us;
}

static double sleep_step(void)
{
    double us = 0;
    TIMED(us, SleepEx(0, TRUE));
    return us;
}

/* ---- being woken ----------------------------------------------------------- */

static HANDLE other_port;

/* Takes from one port and puts on the other, until a packet with key 1. */
static unsigned __stdcall wake_thread(void *unused)
{
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED *overlapped = NULL;
    (void)unused;
    while (GetQueuedCompletionStatus(other_port, &bytes, &key, &overlapped,
                                     INFINITE) &&
           key == 0)
        PostQueuedCompletionStatus(bench.port, 0, 0, NULL);
    return 0;
}

/* There and back: two packets put and taken, two threads woken. */
static double wake_step(void)
{
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED *overlapped = NULL;
    double put_us = 0;
    double us = 0;
    TIMED(us, {
        double begun = now_us();
        PostQueuedCompletionStatus(other_port, 0, 0, NULL);
        put_us = now_us() - begun - bench.clock_us;
        GetQueuedCompletionStatus(bench.port, &bytes, &key, &overlapped,
                                  INFINITE);
    });
    return (us - bench.clock_us) / 2 - put_us - bench.us[PRICE_DEQUEUE];
}

static void end_wake(void)
{
    PostQueuedCompletionStatus(other_port, 0, 1, NULL);
}

/* ---- all of them ----------------------------------------------------------- */

static bool make_pairs(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SOCKET listener = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    bool good =
        listener != INVALID_SOCKET &&
        bind(listener, (struct sockaddr *)&address, length) == 0 &&
        listen(listener, 8) == 0 &&
        getsockname(listener, (struct sockaddr *)&address, &length) == 0;
    for (int i = 0; i < MEMBERS; i++) {
        bench.near_end[i] = bench.far_end[i] = INVALID_SOCKET;
        if (!good)
            continue;
        bench.near_end[i] = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
        good = connect(bench.near_end[i], (struct sockaddr *)&address,
                       length) == 0;
        bench.far_end[i] = accept(listener, NULL, NULL);
        good = good && bench.far_end[i] != INVALID_SOCKET &&
               net_tune(bench.near_end[i]) == 0;
    }
    closesocket(listener);
    return good;
}

static bool make_handles(void)
{
    bool good = true;
    bench.port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    other_port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    for (int i = BATCH; i < 2 * BATCH; i++)
        good = CreateIoCompletionPort((HANDLE)bench.far_end[i], bench.port, 0,
                                      0) != NULL &&
               good;
    for (int i = 0; i < WSA_MAXIMUM_WAIT_EVENTS; i++) {
        bench.events[i] = WSACreateEvent();
        good = good && bench.events[i] != WSA_INVALID_EVENT;
    }
    return good && other_port != NULL;
}

static void measure(void)
{
    double *us = bench.us;
    bench.clock_us = median_of(clock_step);
    us[PRICE_SEND] = median_of(send_step);
    us[PRICE_RECEIVE_READY] = median_of(ready_step);
    us[PRICE_RECEIVE_IN_VAIN] = median_of(in_vain_step);
    us[PRICE_RECEIVE_BLOCKED] =
        with_thread(echo_thread, blocked_step, end_echo);
    us[PRICE_OVERLAPPED_READY] = median_of(overlapped_step);
    us[PRICE_ASK] = median_of(ask_step);
    price_waits(select_step, PRICE_SELECT_1, 128);
    price_waits(poll_step, PRICE_POLL_1, 128);
    price_waits(events_step, PRICE_EVENTS_1, 64);
    us[PRICE_RESET] = median_of(reset_step);
    us[PRICE_DEQUEUE] = median_of(dequeue_step);
    us[PRICE_ROUTINE] = median_of(routine_step);
    us[PRICE_SLEEP] = median_of(sleep_step);
    us[PRICE_WAKE] = with_thread(wake_thread, wake_step, end_wake);
    us[PRICE_PENDING_EVENT] = median_of(event_step);
    us[PRICE_PENDING_ROUTINE] = median_of(routine_batch_step);
    us[PRICE_PENDING_PORT] = median_of(port_step);
}

bool prices_measure(struct price_list *list)
{
    memset(list, 0, sizeof *list);
    list->is_known = make_pairs() && make_handles();
    if (list->is_known)
        measure();
    for (int i = 0; i < PRICE_COUNT; i++)
        list->us[i] = (struct figure){list->is_known, bench.us[i]};
    for (int i = 0; i < MEMBERS; i++) {
        closesocket(bench.near_end[i]);
        closesocket(bench.far_end[i]);
    }
    for (int i = 0; i < WSA_MAXIMUM_WAIT_EVENTS; i++)
        if (bench.events[i] != NULL)
            WSACloseEvent(bench.events[i]);
    CloseHandle(bench.port);
    CloseHandle(other_port);
    return list->is_known;
}
