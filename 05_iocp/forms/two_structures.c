/* 05, another form: the completion key is the address of the per-handle data,
 * and the OVERLAPPED lies in the per-I/O data.
 *   gcc two_structures.c -o two_structures -lws2_32
 *   cl /std:c11 two_structures.c ws2_32.lib */
#include <winsock2.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>

struct per_handle {
    SOCKET socket;
};

/* Has one operation in flight: a receive while filled_bytes is 0, then a send.
 * Until we hear of its end Windows uses this memory: do not move or free it. */
struct per_io {
    WSAOVERLAPPED overlapped;
    DWORD filled_bytes, sent_bytes;
    char buffer[4096];
};

enum { WORKERS = 4 };
static HANDLE port; /* a queue: a packet for each operation that completed */
static void start_recv(struct per_handle *h, struct per_io *p);

/* [S1] Returns a listening socket, or ends with one line that says why not. */
static SOCKET listen_on(int number)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((u_short)number),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    WSADATA data;
    if (number < 1 || number > 65535) {
        fprintf(stderr, "usage: two_structures [PORT], 1 to 65535\n");
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

static void connection_close(struct per_handle *h, struct per_io *p) /* [S8] */
{
    closesocket(h->socket);
    free(h); /* nothing is in flight: no more packets with this key */
    free(p);
}

static void end_turn(struct per_handle *h, struct per_io *p, BOOL is_over)
{
    if (is_over)
        connection_close(h, p);
    else
        start_recv(h, p);
}

/* [S4] Windows reports a completion, at once or later; none if this fails. */
static void start_recv(struct per_handle *h, struct per_io *p)
{
    WSABUF buf = {sizeof p->buffer, p->buffer};
    DWORD flags = 0;
    p->filled_bytes = p->sent_bytes = 0;
    p->overlapped = (WSAOVERLAPPED){0};
    if (WSARecv(h->socket, &buf, 1, NULL, &flags, &p->overlapped, NULL) != 0 &&
        WSAGetLastError() != WSA_IO_PENDING)
        end_turn(h, p, TRUE);
}

/* [S6] A send may take fewer bytes than it is given; this sends the rest. */
static void start_send(struct per_handle *h, struct per_io *p)
{
    WSABUF buf = {p->filled_bytes - p->sent_bytes, p->buffer + p->sent_bytes};
    p->overlapped = (WSAOVERLAPPED){0};
    if (WSASend(h->socket, &buf, 1, NULL, 0, &p->overlapped, NULL) != 0 &&
        WSAGetLastError() != WSA_IO_PENDING)
        end_turn(h, p, TRUE);
}

/* [S5] A receive of 0 bytes: the client has sent all that it wanted to send. */
static void on_complete(struct per_handle *h, struct per_io *p, DWORD error,
                        DWORD bytes)
{
    if (p->filled_bytes == 0)
        p->filled_bytes = bytes;
    else
        p->sent_bytes += bytes;
    if (error == 0 && bytes > 0 && p->sent_bytes < p->filled_bytes)
        start_send(h, p);
    else
        end_turn(h, p, error != 0 || bytes == 0);
}

/* [S3] Each packet of this socket will have the key that is given here. */
static void on_accept(SOCKET s)
{
    struct per_handle *h = calloc(1, sizeof *h);
    struct per_io *p = calloc(1, sizeof *p);
    if (h == NULL || p == NULL) {
        closesocket(s);
        free(h);
        free(p);
        return;
    }
    h->socket = s;
    if (CreateIoCompletionPort((HANDLE)s, port, (ULONG_PTR)h, 0) == NULL)
        connection_close(h, p);
    else
        start_recv(h, p);
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
        on_complete((struct per_handle *)key,
                    CONTAINING_RECORD(overlapped, struct per_io, overlapped),
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

/* Left out: a second operation at once, which would need its own per-I/O data
 * and a count before anything is freed; and all that minimal.c leaves out. */
