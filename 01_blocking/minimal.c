/* 01, the model alone: blocking sockets, a thread for each connection.
 *   gcc minimal.c -o minimal -lws2_32      cl /std:c11 minimal.c ws2_32.lib
 * minimal [PORT] listens on 127.0.0.1 and sends back what it receives. */
#include <winsock2.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>

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

/* [S6] A send may take fewer bytes than it is given. */
static BOOL send_all(SOCKET s, const char *buffer, int bytes)
{
    int sent = 0, n;
    while (sent < bytes && (n = send(s, buffer + sent, bytes - sent, 0)) > 0)
        sent += n;
    return sent == bytes;
}

/* [S5] Serves one client. recv() sleeps until bytes arrive. It returns 0 when
 * the client has sent all that it wanted, -1 when the connection broke. */
static unsigned __stdcall serve_connection(void *data)
{
    SOCKET s = (SOCKET)data;
    char buffer[4096];
    int bytes;
    while ((bytes = recv(s, buffer, sizeof buffer, 0)) > 0) /* [S4] [S7] */
        if (!send_all(s, buffer, bytes))
            break;
    closesocket(s); /* [S8] */
    return 0;
}

/* [S3] Each client gets a thread; what it has to remember is on its stack. */
static void on_accept(SOCKET s)
{
    HANDLE thread =
        (HANDLE)_beginthreadex(NULL, 0, serve_connection, (void *)s, 0, NULL);
    if (thread == NULL)
        closesocket(s); /* no thread for this one: the others go on */
    else
        CloseHandle(thread); /* the thread goes on, its handle is not needed */
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

/* Left out, and where server.c adds it: an orderly end at Ctrl+C (stop_server);
 * a limit on clients and TCP_NODELAY (roster_admit); time-outs (roster_cancel);
 * errors reported (roster_leave), also those of WSAStartup (net_start); smaller
 * stacks (on_accept); calls counted (observe.h). */
