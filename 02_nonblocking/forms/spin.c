/* 02, another form: non-blocking sockets and no wait at all, one thread.
 *   gcc spin.c -o spin -lws2_32      cl /std:c11 spin.c ws2_32.lib
 * spin [PORT] listens on 127.0.0.1 and sends back what it receives. */
#include <winsock2.h>
#include <stdio.h>
#include <stdlib.h>

/* It waits to send while sent_bytes < filled_bytes, otherwise to receive. */
struct connection {
    SOCKET socket;
    int filled_bytes, sent_bytes;
    char buffer[4096];
};

enum { CLIENTS_AT_MOST = 1024 };
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
        fprintf(stderr, "usage: spin [PORT], a port from 1 to 65535\n");
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
    c->socket = INVALID_SOCKET; /* serve_all takes it out of the array */
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

/* [S7] Windows is not asked which sockets are ready: serve_all makes the call
 * that each connection waits for, and accept. Nearly all of these calls fail
 * with WSAEWOULDBLOCK. */
static void serve_all(SOCKET listener)
{
    for (int i = connection_count - 1; i >= 0; i--) {
        struct connection *c = &connections[i];
        if (c->sent_bytes < c->filled_bytes)
            on_writable(c);
        else
            on_readable(c);
        if (c->socket == INVALID_SOCKET) /* the last one takes its place */
            *c = connections[--connection_count];
    }
    SOCKET s = accept(listener, NULL, NULL); /* [S2] */
    if (s != INVALID_SOCKET)
        on_accept(s);
}

int main(int argc, char **argv)
{
    SOCKET listener = listen_on(argc > 1 ? atoi(argv[1]) : 7007);
    u_long on = 1; /* accept() must not wait for a client */
    ioctlsocket(listener, (long)FIONBIO, &on);
    for (;;)
        serve_all(listener);
}

/* Left out: the wait (serve_ready in minimal.c), so this keeps one processor
 * busy even when nothing happens; and all that minimal.c leaves out, except that
 * this serves over 63 clients. */
