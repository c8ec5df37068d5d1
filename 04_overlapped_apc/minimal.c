/* 04, the model alone: overlapped I/O with completion routines.
 *   gcc minimal.c -o minimal -lws2_32      cl /std:c11 minimal.c ws2_32.lib
 * minimal [PORT] listens on 127.0.0.1 and sends back what it receives. */
#include <winsock2.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>

/* Has one operation in flight: a receive while filled_bytes is 0, then a send.
 * Until we hear of its end Windows uses this memory: do not move or free it. */
struct connection {
    WSAOVERLAPPED overlapped;
    SOCKET socket;
    DWORD filled_bytes, sent_bytes;
    BOOL is_over;
    struct connection *next;
    char buffer[4096];
};

static HANDLE worker;
static struct connection *waiting; /* run_worker receives or closes them */
static void on_complete(struct connection *c, DWORD error, DWORD bytes);

/* [S1] Returns a listening socket, or ends with one line that says why not. */
static SOCKET listen_on(int number)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((u_short)number),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    WSADATA data;
    if (number < 1 || number > 65535) {
        fprintf(stderr, "usage: minimal [PORT], a port from 1 to 65535\n");
        exit(2);
    }
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

static void connection_close(struct connection *c) /* [S8] */
{
    closesocket(c->socket);
    free(c);
}

/* A routine must make no call that may block (page "closesocket function"). */
static void end_turn(struct connection *c, BOOL is_over)
{
    c->is_over = is_over;
    c->next = waiting;
    waiting = c;
}

/* Windows calls this in SleepEx, on the thread that started the operation. */
static void CALLBACK done(DWORD error, DWORD bytes, WSAOVERLAPPED *overlapped,
                          DWORD flags)
{
    (void)flags;
    on_complete(CONTAINING_RECORD(overlapped, struct connection, overlapped),
                error, bytes);
}

/* [S4] Windows reports a completion, at once or later; none if this fails. */
static void start_recv(struct connection *c)
{
    WSABUF buf = {sizeof c->buffer, c->buffer};
    DWORD flags = 0;
    c->filled_bytes = c->sent_bytes = 0;
    c->overlapped = (WSAOVERLAPPED){0};
    if (WSARecv(c->socket, &buf, 1, NULL, &flags, &c->overlapped, done) != 0 &&
        WSAGetLastError() != WSA_IO_PENDING)
        end_turn(c, TRUE);
}

/* [S6] A send may take fewer bytes than it is given; this sends the rest. */
static void start_send(struct connection *c)
{
    WSABUF buf = {c->filled_bytes - c->sent_bytes, c->buffer + c->sent_bytes};
    c->overlapped = (WSAOVERLAPPED){0};
    if (WSASend(c->socket, &buf, 1, NULL, 0, &c->overlapped, done) != 0 &&
        WSAGetLastError() != WSA_IO_PENDING)
        end_turn(c, TRUE);
}

/* [S5] A receive of 0 bytes: the client has sent all that it wanted to send. */
static void on_complete(struct connection *c, DWORD error, DWORD bytes)
{
    if (c->filled_bytes == 0)
        c->filled_bytes = bytes;
    else
        c->sent_bytes += bytes;
    if (error == 0 && bytes > 0 && c->sent_bytes < c->filled_bytes)
        start_send(c);
    else
        end_turn(c, error != 0 || bytes == 0);
}

/* An APC. The worker runs it, so that the worker starts the first receive. */
static void CALLBACK adopt(ULONG_PTR data)
{
    end_turn((struct connection *)data, FALSE);
}

/* [S3] Gives the client to the worker. */
static void on_accept(SOCKET s)
{
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
        closesocket(s);
        return;
    }
    c->socket = s;
    if (!QueueUserAPC(adopt, worker, (ULONG_PTR)c))
        connection_close(c);
}

/* [S7] TRUE makes the wait alertable: in it Windows calls adopt and done. */
static unsigned __stdcall run_worker(void *unused)
{
    (void)unused;
    do { /* no wait first: an APC may have run before this function */
        while (waiting != NULL) {
            struct connection *c = waiting;
            waiting = c->next;
            if (c->is_over)
                connection_close(c);
            else
                start_recv(c);
        }
    } while (SleepEx(INFINITE, TRUE) == WAIT_IO_COMPLETION);
    return 0;
}

int main(int argc, char **argv)
{
    SOCKET listener = listen_on(argc > 1 ? atoi(argv[1]) : 7007);
    worker = (HANDLE)_beginthreadex(NULL, 0, run_worker, NULL, 0, NULL);
    for (;;) {
        SOCKET s = accept(listener, NULL, NULL); /* [S2] */
        if (s != INVALID_SOCKET)
            on_accept(s);
        else
            Sleep(10); /* the client has gone, or a shortage: do not spin */
    }
}

/* Left out, and where server.c adds it: an orderly end at Ctrl+C (stop_server);
 * a limit on clients, time-outs, error reports (roster.h); more workers
 * (start_workers); WSAStartup and _beginthreadex checked; TCP_NODELAY. */
