/* 03, the model alone: overlapped I/O with events.
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
    DWORD place, filled_bytes, sent_bytes;
    char buffer[4096];
};

enum { PLACES = WSA_MAXIMUM_WAIT_EVENTS }; /* 64: what one wait takes */
static WSAEVENT events[PLACES];
static struct connection *volatile connections[PLACES];
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
    connections[c->place] = NULL;
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
    c->overlapped = (WSAOVERLAPPED){.hEvent = events[c->place]};
    if (WSARecv(c->socket, &buf, 1, NULL, &flags, &c->overlapped, NULL) != 0 &&
        WSAGetLastError() != WSA_IO_PENDING)
        end_turn(c, TRUE);
}

/* [S6] A send may take fewer bytes than it is given; this sends the rest. */
static void start_send(struct connection *c)
{
    WSABUF buf = {c->filled_bytes - c->sent_bytes, c->buffer + c->sent_bytes};
    c->overlapped = (WSAOVERLAPPED){.hEvent = events[c->place]};
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

/* [S3] main runs this. Once the receive has started, c is the worker's. */
static void on_accept(SOCKET s)
{
    DWORD place = 0;
    while (place < PLACES && connections[place] != NULL)
        place++;
    struct connection *c = place < PLACES ? calloc(1, sizeof *c) : NULL;
    if (c == NULL) { /* no memory, or no place: a wait takes 64 events */
        closesocket(s);
        return;
    }
    c->socket = s;
    c->place = place;
    connections[place] = c;
    start_recv(c);
}

/* [S7] The wait returns the index of the lowest signaled event, which stays so
 * until it is reset: by us here, or by the start of an operation. */
static unsigned __stdcall run_worker(void *unused)
{
    (void)unused;
    DWORD place, bytes = 0, flags = 0;
    while ((place = WSAWaitForMultipleEvents(PLACES, events, FALSE, INFINITE,
                                             FALSE)) < PLACES) {
        struct connection *c = connections[place];
        WSAResetEvent(events[place]);
        BOOL ok = WSAGetOverlappedResult(c->socket, &c->overlapped, &bytes,
                                         FALSE, &flags);
        on_complete(c, ok ? 0 : (DWORD)WSAGetLastError(), bytes);
    }
    return 0;
}

int main(int argc, char **argv)
{
    SOCKET listener = listen_on(argc > 1 ? atoi(argv[1]) : 7007);
    for (int place = 0; place < PLACES; place++)
        events[place] = WSACreateEvent();
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
 * errors reported (roster_leave); WSAStartup, events and threads checked;
 * fairness (run_worker); a 65th client (hand_over); counting (observe.h). */
