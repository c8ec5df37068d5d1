/* 02, the model alone: non-blocking sockets and readiness, one thread.
 *   gcc minimal.c -o minimal -lws2_32      cl /std:c11 minimal.c ws2_32.lib
 * minimal [PORT] listens on 127.0.0.1 and sends back what it receives. */
#include <winsock2.h>
#include <stdio.h>
#include <stdlib.h>

/* It waits to send while sent_bytes < filled_bytes, otherwise to receive. */
struct connection {
    SOCKET socket;
    int filled_bytes, sent_bytes;
    char buffer[4096];
};

/* An fd_set holds FD_SETSIZE (64) sockets; one of them is the listener. */
enum { CLIENTS_AT_MOST = FD_SETSIZE - 1 };
static struct connection connections[CLIENTS_AT_MOST];
static int connection_count;

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
    c->socket = INVALID_SOCKET; /* serve_ready takes it out of the array */
}

/* [S6] Sends what fits; a send that would have to wait takes nothing. */
static void on_writable(struct connection *c)
{
    while (c->sent_bytes < c->filled_bytes) {
        int n = send(c->socket, c->buffer + c->sent_bytes,
                     c->filled_bytes - c->sent_bytes, 0);
        if (n == SOCKET_ERROR) {
            if (WSAGetLastError() != WSAEWOULDBLOCK)
                connection_close(c);
            return;
        }
        c->sent_bytes += n;
    }
}

/* [S4] [S5] 0 bytes: the client has sent all that it wanted to send. */
static void on_readable(struct connection *c)
{
    int bytes = recv(c->socket, c->buffer, sizeof c->buffer, 0);
    if (bytes > 0) {
        c->filled_bytes = bytes;
        c->sent_bytes = 0;
        on_writable(c); /* most likely it is writable */
    } else if (bytes == 0 || WSAGetLastError() != WSAEWOULDBLOCK) {
        connection_close(c);
    }
}

/* [S3] From here on no call on this socket waits. */
static void on_accept(SOCKET s)
{
    u_long on = 1;
    if (connection_count == CLIENTS_AT_MOST ||
        ioctlsocket(s, (long)FIONBIO, &on) != 0)
        closesocket(s);
    else
        connections[connection_count++] = (struct connection){.socket = s};
}

/* An fd_set is an array with a count; FD_SET would search it first. */
static void add_to_set(fd_set *set, SOCKET s)
{
    set->fd_array[set->fd_count++] = s;
}

/* [S7] Waits until a call on one of the sockets would do something, and makes
 * the calls. Once a second it tries all that wait to send: select() promises to
 * report a broken connection only for those that wait to receive. */
static void serve_ready(SOCKET listener)
{
    fd_set readable = {0}, writable = {0};
    static DWORD tried_ms;
    struct timeval second = {.tv_sec = 1};
    add_to_set(&readable, listener);
    for (int i = 0; i < connection_count; i++) {
        struct connection *c = &connections[i];
        add_to_set(c->sent_bytes < c->filled_bytes ? &writable : &readable,
                   c->socket);
    }
    select(0, &readable, writable.fd_count > 0 ? &writable : NULL, NULL,
           &second);
    BOOL is_time = GetTickCount() - tried_ms >= 1000;
    if (is_time)
        tried_ms = GetTickCount();
    for (int i = connection_count - 1; i >= 0; i--) {
        struct connection *c = &connections[i];
        if (FD_ISSET(c->socket, &readable))
            on_readable(c);
        else if (is_time || FD_ISSET(c->socket, &writable))
            on_writable(c);
        if (c->socket == INVALID_SOCKET) /* the last one takes its place */
            *c = connections[--connection_count];
    }
    if (FD_ISSET(listener, &readable)) {
        SOCKET s = accept(listener, NULL, NULL); /* [S2] */
        if (s != INVALID_SOCKET)
            on_accept(s);
    }
}

int main(int argc, char **argv)
{
    SOCKET listener = listen_on(argc > 1 ? atoi(argv[1]) : 7007);
    u_long on = 1; /* accept() must not wait when the client is gone again */
    ioctlsocket(listener, (long)FIONBIO, &on);
    for (;;)
        serve_ready(listener);
}

/* Left out, and where server.c adds it: an orderly end at Ctrl+C (stop_server);
 * a limit on clients and TCP_NODELAY (roster_admit); time-outs
 * (serve_ready_connections); errors reported (roster_leave), also those of
 * WSAStartup (net_start); a 64th client (FD_SETSIZE); no buffer for a silent
 * client (keep_unsent); a pause when accept() lacks memory (accept_clients);
 * WSAPoll (wait_with_poll); calls counted (observe.h). */
