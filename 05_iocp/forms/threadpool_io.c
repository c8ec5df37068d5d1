/* 05, another form: the thread pool has the port and the workers.
 *   gcc threadpool_io.c -o threadpool_io -lws2_32
 *   cl /std:c11 threadpool_io.c ws2_32.lib */
#include <winsock2.h>
#include <stdio.h>
#include <stdlib.h>

/* Has one operation in flight: a receive while filled_bytes is 0, then a send.
 * Until we hear of its end Windows uses this memory: do not move or free it. */
struct connection {
    WSAOVERLAPPED overlapped;
    SOCKET socket;
    TP_IO *io; /* the thread pool knows the socket by this */
    DWORD filled_bytes, sent_bytes;
    char buffer[4096];
};

static void start_recv(struct connection *c);

/* [S1] Returns a listening socket, or ends with one line that says why not. */
static SOCKET listen_on(int number)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((u_short)number),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    WSADATA data;
    if (number < 1 || number > 65535) {
        fprintf(stderr, "usage: threadpool_io [PORT], 1 to 65535\n");
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
    if (c->io != NULL)
        CloseThreadpoolIo(c->io); /* the pool frees it, after the callback */
    free(c);
}

static void end_turn(struct connection *c, BOOL is_over)
{
    if (is_over)
        connection_close(c);
    else
        start_recv(c);
}

/* The thread pool waits for a callback after each StartThreadpoolIo: where none
 * will come, it must be told (page "StartThreadpoolIo function"). */
static void on_not_started(struct connection *c)
{
    CancelThreadpoolIo(c->io);
    end_turn(c, TRUE);
}

/* [S4] Windows reports a completion, at once or later; none if this fails. */
static void start_recv(struct connection *c)
{
    WSABUF buf = {sizeof c->buffer, c->buffer};
    DWORD flags = 0;
    c->filled_bytes = c->sent_bytes = 0;
    c->overlapped = (WSAOVERLAPPED){0};
    StartThreadpoolIo(c->io);
    if (WSARecv(c->socket, &buf, 1, NULL, &flags, &c->overlapped, NULL) != 0 &&
        WSAGetLastError() != WSA_IO_PENDING)
        on_not_started(c);
}

/* [S6] A send may take fewer bytes than it is given; this sends the rest. */
static void start_send(struct connection *c)
{
    WSABUF buf = {c->filled_bytes - c->sent_bytes, c->buffer + c->sent_bytes};
    c->overlapped = (WSAOVERLAPPED){0};
    StartThreadpoolIo(c->io);
    if (WSASend(c->socket, &buf, 1, NULL, 0, &c->overlapped, NULL) != 0 &&
        WSAGetLastError() != WSA_IO_PENDING)
        on_not_started(c);
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

/* [S7] A thread of the pool takes the next packet and calls this. */
static void CALLBACK done(PTP_CALLBACK_INSTANCE instance, void *context,
                          void *overlapped, ULONG error, ULONG_PTR bytes,
                          PTP_IO io)
{
    (void)instance, (void)overlapped, (void)io;
    on_complete(context, error, (DWORD)bytes);
}

/* [S3] CreateThreadpoolIo associates the socket with the port of the pool. */
static void on_accept(SOCKET s)
{
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
        closesocket(s);
        return;
    }
    c->socket = s;
    c->io = CreateThreadpoolIo((HANDLE)s, done, c, NULL);
    if (c->io == NULL)
        connection_close(c);
    else
        start_recv(c);
}

int main(int argc, char **argv)
{
    SOCKET listener = listen_on(argc > 1 ? atoi(argv[1]) : 7007);
    for (;;) {
        SOCKET s = accept(listener, NULL, NULL); /* [S2] */
        if (s != INVALID_SOCKET)
            on_accept(s);
        else
            Sleep(10); /* the client has gone, or a shortage: do not spin */
    }
}

/* Left out: WaitForThreadpoolIoCallbacks, before a program ends; and all that
 * minimal.c leaves out. */
