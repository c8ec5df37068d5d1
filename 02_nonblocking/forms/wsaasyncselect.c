/* 02, another form: WSAAsyncSelect announces readiness by a window message.
 *   gcc wsaasyncselect.c -o wsaasyncselect -lws2_32 -luser32
 *   cl /std:c11 wsaasyncselect.c ws2_32.lib user32.lib */
#include <winsock2.h>
#include <stdio.h>
#include <stdlib.h>

/* It waits to send while sent_bytes < filled_bytes, otherwise to receive. */
struct connection {
    SOCKET socket;
    long news; /* FD_READ, FD_CLOSE: announced, no recv called since */
    int filled_bytes, sent_bytes;
    char buffer[4096];
};

/* A message queue holds 10,000 (page "PostMessageW function"): some for each. */
enum { CLIENTS_AT_MOST = 1024, NEWS = WM_APP };
static HWND window; /* never shown; it only gets the messages */
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
        fprintf(stderr, "usage: wsaasyncselect [PORT], 1 to 65535\n");
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

/* Winsock announces an event once, so c keeps what is announced while it waits
 * to send. After FD_CLOSE there may be bytes left to receive, so recv is called
 * until it returns 0. */
static void on_event(struct connection *c, long events)
{
    c->news |= events & (FD_READ | FD_CLOSE);
    on_writable(c);
    while (c->news != 0 && c->socket != INVALID_SOCKET &&
           c->sent_bytes == c->filled_bytes) {
        c->filled_bytes = c->sent_bytes = 0;
        on_readable(c); /* if more is there, FD_READ comes again */
        c->news &= c->filled_bytes > 0 ? FD_CLOSE : 0;
    }
}

/* [S3] WSAAsyncSelect makes the socket non-blocking: no call on it waits. */
static void on_accept(SOCKET s)
{
    if (connection_count == CLIENTS_AT_MOST ||
        WSAAsyncSelect(s, window, NEWS, FD_READ | FD_WRITE | FD_CLOSE) != 0)
        closesocket(s);
    else
        connections[connection_count++] = (struct connection){.socket = s};
}

/* [S7] A message may be about a socket that is closed, and a new socket may have
 * its number: so a message only says which calls to try. Once a second all that
 * wait to send are tried: after FD_CLOSE Winsock does not announce that a client
 * has broken the connection. */
static void serve_ready(SOCKET listener)
{
    MSG message;
    GetMessageW(&message, NULL, 0, 0);
    SOCKET ready = message.message == NEWS ? message.wParam : INVALID_SOCKET;
    BOOL is_time = message.message == WM_TIMER;
    for (int i = connection_count - 1; i >= 0; i--) {
        struct connection *c = &connections[i];
        if (c->socket == ready)
            on_event(c, WSAGETSELECTEVENT(message.lParam));
        else if (is_time)
            on_event(c, 0);
        if (c->socket == INVALID_SOCKET) /* the last one takes its place */
            *c = connections[--connection_count];
    }
    if (ready == listener) {
        SOCKET s = accept(listener, NULL, NULL); /* [S2] */
        if (s != INVALID_SOCKET)
            on_accept(s);
    }
}

int main(int argc, char **argv)
{
    SOCKET listener = listen_on(argc > 1 ? atoi(argv[1]) : 7007);
    window = CreateWindowExW(0, L"STATIC", NULL, 0, 0, 0, 0, 0, HWND_MESSAGE,
                             NULL, NULL, NULL);
    SetTimer(window, 1, 1000, NULL); /* a message each second */
    WSAAsyncSelect(listener, window, NEWS, FD_ACCEPT);
    for (;;)
        serve_ready(listener);
}

/* Left out: all that minimal.c leaves out; but this serves over 63 clients. */
