/* 05, an exercise: what one client sends goes to all others.
 *   gcc broadcast.c -o broadcast -lws2_32   cl /std:c11 broadcast.c ws2_32.lib
 * broadcast [PORT [EVENT]] listens on 127.0.0.1, and ends at Ctrl+C or when the
 * event of that name is set. */
#include <winsock2.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 4, RECEIVED_BYTES = 4096, QUEUE_BYTES = 65536 };

/* A receive and a send may be in flight, and two threads may use it: the lock
 * protects what stands below it. References: one for being on the list, one for
 * each operation until its packet has been handled. The last frees c. */
struct connection {
    WSAOVERLAPPED receiving, sending;
    SOCKET socket;
    volatile LONG references;
    struct connection *next; /* under all_lock */
    char received[RECEIVED_BYTES];
    SRWLOCK lock;
    BOOL is_leaving;    /* nothing is started any more */
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

/* [S8] Nothing is in flight and no thread uses c after the last reference. An
 * abortive close tells its peer that this may not be all. */
static void release(struct connection *c, LONG count)
{
    struct linger abortive = {1, 0};
    if (InterlockedExchangeAdd(&c->references, -count) > count)
        return;
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
    c->is_leaving = TRUE;
    CancelIoEx((HANDLE)c->socket, NULL);
}

/* [S6] Under c->lock: so no two threads send on one socket at once, and bytes
 * leave in the order of the queue (page "WSASend function"). */
static void start_send(struct connection *c)
{
    DWORD to_end = QUEUE_BYTES - c->first;
    WSABUF buf = {min(c->count, to_end), c->queue + c->first};
    c->is_sending = !c->is_leaving && c->count > 0;
    if (!c->is_sending)
        return;
    c->sending = (WSAOVERLAPPED){0};
    InterlockedIncrement(&c->references);
    if (WSASend(c->socket, &buf, 1, NULL, 0, &c->sending, NULL) != 0 &&
        WSAGetLastError() != WSA_IO_PENDING) {
        InterlockedDecrement(&c->references); /* no packet will come */
        start_leaving(c);
    }
}

/* Queues bytes for c and never waits: if there is no room, c is dropped. */
static void send_later(struct connection *c, const char *data, DWORD bytes)
{
    AcquireSRWLockExclusive(&c->lock);
    if (!c->is_leaving && bytes > QUEUE_BYTES - c->count) {
        InterlockedIncrement(&dropped);
        start_leaving(c);
    }
    if (!c->is_leaving) {
        for (DWORD i = 0; i < bytes; i++)
            c->queue[(c->first + c->count++) % QUEUE_BYTES] = data[i];
        if (!c->is_sending)
            start_send(c);
    }
    ReleaseSRWLockExclusive(&c->lock);
}

/* A send has completed, perhaps of fewer bytes: starts the next. */
static LONG on_sent(struct connection *c, BOOL ok, DWORD bytes)
{
    AcquireSRWLockExclusive(&c->lock);
    c->first = (c->first + bytes) % QUEUE_BYTES;
    c->count -= bytes;
    if (!ok)
        start_leaving(c);
    start_send(c);
    ReleaseSRWLockExclusive(&c->lock);
    return 1;
}

/* [S4] Under c->lock, so that nobody starts to leave here and misses it. With
 * no receive in flight c leaves the list, and goes with its last packet. It
 * returns how many references its caller lets go of: its own, the list's. */
static LONG start_recv(struct connection *c, BOOL is_over)
{
    WSABUF buf = {sizeof c->received, c->received};
    DWORD flags = 0;
    AcquireSRWLockExclusive(&c->lock);
    c->receiving = (WSAOVERLAPPED){0};
    InterlockedIncrement(&c->references); /* first: its packet may be quicker */
    if (is_over || c->is_leaving ||
        (WSARecv(c->socket, &buf, 1, NULL, &flags, &c->receiving, NULL) != 0 &&
         WSAGetLastError() != WSA_IO_PENDING)) {
        is_over = TRUE; /* no packet will come */
        InterlockedDecrement(&c->references);
        start_leaving(c);
    }
    ReleaseSRWLockExclusive(&c->lock);
    if (!is_over)
        return 1;
    struct connection **at = &all;
    AcquireSRWLockExclusive(&all_lock);
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    ReleaseSRWLockExclusive(&all_lock);
    return 2;
}

/* [S5] To all others; then receives again: so they get what it sends in order.
 * 0 bytes: it leaves. While a thread reads the list nobody goes from it. */
static LONG on_received(struct connection *from, BOOL ok, DWORD bytes)
{
    if (!ok)
        bytes = 0;
    AcquireSRWLockShared(&all_lock);
    for (struct connection *c = all; c != NULL; c = c->next)
        if (c != from)
            send_later(c, from->received, bytes);
    ReleaseSRWLockShared(&all_lock);
    return start_recv(from, bytes == 0);
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
    c->socket = s;
    c->references = 2;
    InitializeSRWLock(&c->lock);
    InterlockedIncrement(&live);
    AcquireSRWLockExclusive(&all_lock);
    c->next = all;
    all = c;
    ReleaseSRWLockExclusive(&all_lock);
    release(c, start_recv(c, FALSE));
}

/* [S7] The key is the connection, the OVERLAPPED says which operation. */
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
            return !PostQueuedCompletionStatus(port, 0, 0, NULL); /* the next */
        struct connection *c = (struct connection *)key;
        release(c, overlapped == &c->sending ? on_sent(c, ok, bytes)
                                             : on_received(c, ok, bytes));
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
    do /* [S9] nobody comes any more; then all leave */
        CancelIoEx((HANDLE)listener, NULL);
    while (WaitForSingleObject(threads[0], 10) == WAIT_TIMEOUT);
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

/* Left out: clients that have died silently (keep-alive, a time-out), and
 * TCP_NODELAY; results of WSAStartup, threads and events looked at. */
