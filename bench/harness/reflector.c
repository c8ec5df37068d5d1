#include "reflector.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/net.h"
#include "process.h"

enum { SOCKETS_AT_MOST = 4200 };

static WSAPOLLFD sockets[SOCKETS_AT_MOST]; /* the first one listens */
static ULONG socket_count;

static void remove_socket(ULONG index)
{
    closesocket(sockets[index].fd);
    sockets[index] = sockets[--socket_count];
}

static void accept_one(void)
{
    SOCKET s = accept(sockets[0].fd, NULL, NULL);
    if (s == INVALID_SOCKET)
        return;
    if (socket_count == SOCKETS_AT_MOST || net_tune(s) != 0) {
        closesocket(s);
        return;
    }
    sockets[socket_count++] = (WSAPOLLFD){.fd = s, .events = POLLRDNORM};
}

/* False: the connection is over. */
static bool echo(SOCKET s)
{
    static char buffer[65536];
    int bytes = recv(s, buffer, sizeof buffer, 0);
    for (int sent = 0; sent < bytes;) {
        int more = send(s, buffer + sent, bytes - sent, 0);
        if (more <= 0)
            return false;
        sent += more;
    }
    return bytes > 0;
}

static void serve_ready(void)
{
    for (ULONG i = socket_count - 1; i > 0; i--)
        if (sockets[i].revents != 0 && !echo(sockets[i].fd))
            remove_socket(i);
    if (sockets[0].revents != 0)
        accept_one();
}

/* Uses up processor time, for selftest: is it read right from outside? */
static void burn(long ms)
{
    uint64_t end_100ns = process_own_cpu_100ns() + (uint64_t)ms * 10000;
    while (process_own_cpu_100ns() < end_100ns)
        continue;
}

int reflector_run(int argc, char **argv)
{
    HANDLE stop = NULL;
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "--stop-event") == 0)
            stop = OpenEventA(SYNCHRONIZE, FALSE, argv[i + 1]);
        if (strcmp(argv[i], "--burn-ms") == 0)
            burn(strtol(argv[i + 1], NULL, 10));
    }
    if (stop == NULL) {
        fprintf(stderr, "bench: reflector is started by bench itself\n");
        return 2;
    }
    net_start();
    SOCKET listener = net_listen("127.0.0.1", 0);
    sockets[socket_count++] = (WSAPOLLFD){.fd = listener, .events = POLLRDNORM};
    net_announce(listener);
    while (WaitForSingleObject(stop, 0) == WAIT_TIMEOUT) {
        /* One look at the stop event for many looks at the sockets. */
        for (int i = 0; i < 100; i++) {
            int ready = WSAPoll(sockets, socket_count, 50);
            if (ready <= 0)
                break;
            serve_ready();
        }
    }
    while (socket_count > 0)
        remove_socket(socket_count - 1);
    CloseHandle(stop);
    WSACleanup();
    return 0;
}
