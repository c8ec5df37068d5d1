/* 05, an exercise: what one client sends goes to all others.
 *   gcc broadcast.c -o broadcast -lws2_32   cl /std:c11 broadcast.c ws2_32.lib
 * broadcast [PORT [EVENT]] ends at Ctrl+C, or when that event is set. */
#include <winsock2.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 4, RECEIVED_BYTES = 4096, QUEUE_BYTES = 65536 };

/* A receive and a send may be in flight, and two threads may use it: the lock
 * protects what stands below it, and sending. References: one for each
 * operation until its packet has been handled. The last frees c. */
struct connection {
    WSAOVERLAPPED receiving, sending;
    SOCKET socket;
    volatile LONG references;
    struct connection *next; /* under all_lock */
    char received[RECEIVED_BYTES];
    SRWLOCK lock;
    BOOL is_over;       /* gets no new bytes; what is queued is sent */
    BOOL is_leaving;    /* nothing is started any more, count stays */
    BOOL is_sending;    /* a send is in flight */
    DWORD first, count; /* of the bytes that have not been sent: a ring */
    char queue[QUEUE_BYTES];
};

static HANDLE port, stop;
static volatile LONG dropped, live = 1; /* clients, and 1 for main */
static SRWLOCK all_lock = SRWLOCK_INIT;
static struct connection *all;

/* [S1] Returns a listening socket, or ends with one line that says why not. */
static SOCKET listen_on(int number)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((u_short)number),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
    SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (bind(s, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(s, SOMAXCONN) != 0) {
        fprintf(stderr, "port %d: error %d\n", number, WSAGetLastError());
        exit(1);
    }
    printf("listening 127.0.0.1:%d\n", number);
    fflush(stdout);
    return s;
}

/* [S8] After the last reference c is over; who reads the list may still see it.
 * Who misses bytes is reset: an orderly end tells a client that it has all. */
static void release(struct connection *c)
{
    if (InterlockedDecrement(&c->references) > 0)
        return;
    struct connection **at = &all;
    AcquireSRWLockExclusive(&all_lock);
    while (*at != NULL && *at != c)
        at = &(*at)->next;
    *at = c->next;
    ReleaseSRWLockExclusive(&all_lock);
    struct linger abortive = {c->count > 0, 0};
    setsockopt(c->socket, SOL_SOCKET, SO_LINGER, (const char *)&abortive,
               sizeof abortive);
    closesocket(c->socket);
    free(c);
    if (InterlockedDecrement(&live) == 0) /* at the stop: ends the workers */
        PostQueuedCompletionStatus(port, 0, 0, NULL);
}

/* Under c->lock. Cancelled operations complete, too: c is there until then. */
static void start_leaving(struct connection *c)
{
    c->is_over = c->is_leaving = TRUE;
    CancelIoEx((HANDLE)c->socket, NULL);
}

/* [S6] Under c->lock: one send at a time, in the order of the queue. */
static void start_send(struct connection *c)
{
    WSABUF buf = {min(c->count, QUEUE_BYTES - c->first), c->queue + c->first};
    c->is_sending = c->count > 0;
    if (!c->is_sending)
        return;
    c->sending = (WSAOVERLAPPED){0};
    InterlockedIncrement(&c->references);
    if (WSASend(c->socket, &buf, 1, NULL, 0, &c->sending, NULL) != 0 &&
        WSAGetLastError() != WSA_IO_PENDING) {
        InterlockedDecrement(&c->references); /* no packet will come */
        c->is_sending = FALSE;
        start_leaving(c);
    }
}

/* Waits for the lock, never for the client: without room c is dropped. */
static void send_later(struct connection *c, const char *data, DWORD bytes)
{
    AcquireSRWLockExclusive(&c->lock);
    if (!c->is_over && bytes > QUEUE_BYTES - c->count) {
        InterlockedIncrement(&dropped);
        start_leaving(c);
    } else if (!c->is_over) {
        for (DWORD i = 0; i < bytes; i++)
            c->queue[(c->first + c->count++) % QUEUE_BYTES] = data[i];
        if (!c->is_sending)
            start_send(c);
    }
    ReleaseSRWLockExclusive(&c->lock);
}

/* A send has completed, perhaps of fewer bytes: starts the next. */
static void on_sent(struct connection *c, BOOL ok, DWORD bytes)
{
    AcquireSRWLockExclusive(&c->lock);
    if (!ok)
        start_leaving(c);
    if (!c->is_leaving) {
        c->first = (c->first + bytes) % QUEUE_BYTES;
        c->count -= bytes;
        start_send(c);
    }
    ReleaseSRWLockExclusive(&c->lock);
}

/* [S4] First the reference: the packet may be taken before the call returns. */
static void start_recv(struct connection *c, BOOL is_over)
{
    WSABUF buf = {sizeof c->received, c->received};
    DWORD flags = 0;
    AcquireSRWLockExclusive(&c->lock);
    c->receiving = (WSAOVERLAPPED){0};
    InterlockedIncrement(&c->references);
    c->is_over =
        c->is_over || is_over ||
        (WSARecv(c->socket, &buf, 1, NULL, &flags, &c->receiving, NULL) != 0 &&
         WSAGetLastError() != WSA_IO_PENDING);
    if (c->is_over)
        InterlockedDecrement(&c->references); /* no packet will come */
    ReleaseSRWLockExclusive(&c->lock);
}

/* [S5] To all others; then receives again: so they get what it sends in order.
 * While a thread reads the list nobody goes from it. */
static void on_received(struct connection *from, BOOL ok, DWORD bytes)
{
    BOOL is_over = !ok || bytes == 0;
    AcquireSRWLockShared(&all_lock);
    for (struct connection *c = is_over ? NULL : all; c != NULL; c = c->next)
        if (c != from)
            send_later(c, from->received, bytes);
    ReleaseSRWLockShared(&all_lock);
    start_recv(from, is_over);
}

/* [S3] This thread has a reference until it is done with c, as a worker has. */
static void on_accept(SOCKET s)
{
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL ||
        CreateIoCompletionPort((HANDLE)s, port, (ULONG_PTR)c, 0) == NULL) {
        closesocket(s);
        free(c);
        return;
    }
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, (const char *)&(BOOL){TRUE},
               sizeof(BOOL)); /* a short message waits for no acknowledgement */
    c->socket = s;
    c->references = 1;
    InitializeSRWLock(&c->lock);
    InterlockedIncrement(&live);
    AcquireSRWLockExclusive(&all_lock);
    c->next = all;
    all = c;
    ReleaseSRWLockExclusive(&all_lock);
    start_recv(c, FALSE);
    release(c);
}

/* [S7] The key says whose, the OVERLAPPED which; NULL wakes the next worker. */
static unsigned __stdcall run_worker(void *unused)
{
    (void)unused;
    for (;;) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED *overlapped = NULL;
        BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped,
                                            INFINITE);
        if (overlapped == NULL)
            return !PostQueuedCompletionStatus(port, 0, 0, NULL);
        struct connection *c = (struct connection *)key;
        (overlapped == &c->sending ? on_sent : on_received)(c, ok, bytes);
        release(c);
    }
}

static unsigned __stdcall run_acceptor(void *listener)
{
    while (WaitForSingleObject(stop, 0) == WAIT_TIMEOUT) {
        SOCKET s = accept((SOCKET)listener, NULL, NULL); /* [S2] */
        if (s != INVALID_SOCKET)
            on_accept(s);
        else
            Sleep(10); /* the client has gone, or a shortage: do not spin */
    }
    return 0;
}

static BOOL WINAPI on_ctrl_c(DWORD event)
{
    (void)event;
    return SetEvent(stop);
}

int main(int argc, char **argv)
{
    SOCKET listener = listen_on(argc > 1 ? atoi(argv[1]) : 7007);
    HANDLE threads[WORKERS + 1];
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    stop = CreateEventA(NULL, TRUE, FALSE, argc > 2 ? argv[2] : NULL);
    SetConsoleCtrlHandler(NULL, FALSE); /* if it was started without Ctrl+C */
    SetConsoleCtrlHandler(on_ctrl_c, TRUE);
    for (int i = 0; i <= WORKERS; i++)
        threads[i] =
            (HANDLE)_beginthreadex(NULL, 0, i > 0 ? run_worker : run_acceptor,
                                   (void *)listener, 0, NULL);
    WaitForSingleObject(stop, INFINITE);
    while (WaitForSingleObject(threads[0], 10) == WAIT_TIMEOUT)
        CancelIoEx((HANDLE)listener, NULL); /* [S9] nobody comes any more */
    AcquireSRWLockShared(&all_lock);
    for (struct connection *c = all; c != NULL; c = c->next) {
        AcquireSRWLockExclusive(&c->lock);
        start_leaving(c);
        ReleaseSRWLockExclusive(&c->lock);
    }
    ReleaseSRWLockShared(&all_lock);
    if (InterlockedDecrement(&live) == 0)
        PostQueuedCompletionStatus(port, 0, 0, NULL);
    WaitForMultipleObjects(WORKERS + 1, threads, TRUE, INFINITE);
    for (int i = 0; i <= WORKERS; i++)
        CloseHandle(threads[i]);
    CloseHandle(port);
    closesocket(listener);
    printf("dropped=%ld\n", dropped);
    return 0;
}

/* Left out: time-outs; a limit on clients (68 KiB each); start-up looked at. */
