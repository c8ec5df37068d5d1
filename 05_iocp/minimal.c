/* 05, the model alone: an I/O completion port.
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
    char buffer[4096];
};

enum { WORKERS = 4 };
static HANDLE port; /* a queue: a packet for each operation that completed */
static void start_recv(struct connection *c);

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

static void end_turn(struct connection *c, BOOL is_over)
{
    if (is_over)
        connection_close(c);
    else
        start_recv(c);
}

/* [S4] Windows reports a completion, at once or later; none if this fails. */
static void start_recv(struct connection *c)
{
    WSABUF buf = {sizeof c->buffer, c->buffer};
    DWORD flags = 0;
    c->filled_bytes = c->sent_bytes = 0;
    c->overlapped = (WSAOVERLAPPED){0};
    if (WSARecv(c->socket, &buf, 1, NULL, &flags, &c->overlapped, NULL) != 0 &&
        WSAGetLastError() != WSA_IO_PENDING)
        end_turn(c, TRUE);
}

/* [S6] A send may take fewer bytes than it is given; this sends the rest. */
static void start_send(struct connection *c)
{
    WSABUF buf = {c->filled_bytes - c->sent_bytes, c->buffer + c->sent_bytes};
    c->overlapped = (WSAOVERLAPPED){0};
    if (WSASend(c->socket, &buf, 1, NULL, 0, &c->overlapped, NULL) != 0 &&
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

/* [S3] Given a socket, CreateIoCompletionPort associates it with our port. */
static void on_accept(SOCKET s)
{
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
        closesocket(s);
        return;
    }
    c->socket = s;
    if (CreateIoCompletionPort((HANDLE)s, port, 0, 0) == NULL)
        connection_close(c);
    else
        start_recv(c);
}

/* [S7] Any worker takes the next packet. FALSE with an OVERLAPPED is a packet
 * too, of an operation that failed; without one, the call itself has failed. */
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
            return 1;
        on_complete(
            CONTAINING_RECORD(overlapped, struct connection, overlapped),
            ok ? 0 : GetLastError(), bytes);
    }
}

int main(int argc, char **argv)
{
    SOCKET listener = listen_on(argc > 1 ? atoi(argv[1]) : 7007);
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    for (int i = 0; i < WORKERS; i++)
        _beginthreadex(NULL, 0, run_worker, NULL, 0, NULL);
    for (;;) {
        SOCKET s = accept(listener, NULL, NULL); /* [S2] */
        if (s != INVALID_SOCKET)
            on_accept(s);
        else
            Sleep(10); /* the client has gone, or a shortage: do not spin */
    }
}

/* Left out, and where server.c adds it: an orderly end at Ctrl+C (stop_server);
 * a limit on clients and TCP_NODELAY (roster_admit); time-outs (roster_cancel);
 * errors reported (roster_leave); WSAStartup, the port and threads checked;
 * AcceptEx (start_accept); no packet for what completes synchronously
 * (on_accept); counting (observe.h). */
