#include "net.h"

#include <stdio.h>
#include <string.h>

#include "report.h"
#include "observe.h"

/* mingw-w64's winsock2.h lacks it; this is the definition of Microsoft's. */
#ifndef SOMAXCONN_HINT
#define SOMAXCONN_HINT(n) (-(n))
#endif

/* How many clients may wait to be accepted. */
enum { BACKLOG = 2000 };

void net_start(void)
{
    WSADATA data;
    int error = WSAStartup(MAKEWORD(2, 2), &data);
    if (error != 0)
        die("WSAStartup", (unsigned long)error);
}

static int family; /* of the listening socket: AF_INET or AF_INET6 */

/* Overlapped I/O needs WSA_FLAG_OVERLAPPED; socket() sets it too (documentation
 * page "WSASocketW function"), here it is written out. A child process that
 * inherited the socket would keep the port after the server has ended. */
SOCKET net_accept_socket(void)
{
    return WSASocketW(family, SOCK_STREAM, IPPROTO_TCP, NULL, 0,
                      WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
}

bool net_has_ifs_handles(SOCKET s)
{
    WSAPROTOCOL_INFOW protocol;
    int length = sizeof protocol;
    if (getsockopt(s, SOL_SOCKET, SO_PROTOCOL_INFOW, (char *)&protocol,
                   &length) == SOCKET_ERROR)
        die("getsockopt(SO_PROTOCOL_INFO)", (unsigned long)WSAGetLastError());
    bool has = (protocol.dwServiceFlags1 & XP1_IFS_HANDLES) != 0;
    if (!has)
        report("no skip-on-success: the Winsock provider has no IFS handles");
    return has;
}

/* The port may be busy though no program has it: the exclusive option also
 * refuses while a connection that a server accepted there is still alive, and
 * that one may be gone (documentation page "SO_EXCLUSIVEADDRUSE socket option",
 * which knows both errors). */
static _Noreturn void die_unbound(const char *host, unsigned short port,
                                  int error)
{
    bool is_busy = error == WSAEADDRINUSE || error == WSAEACCES;
    char text[512];
    error_text((unsigned long)error, text, sizeof text);
    die_saying(1, "bind to %.60s port %hu: %s (%d)%s", host, port, text, error,
               is_busy ? "; another program has this port, or connections of "
                         "the last run are still alive, which "
                         "SO_EXCLUSIVEADDRUSE refuses, too: wait a little, or "
                         "choose another port with --port"
                       : "");
}

SOCKET net_listen(const char *host, unsigned short port)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST,
                             .ai_socktype = SOCK_STREAM,
                             .ai_protocol = IPPROTO_TCP};
    struct addrinfo *address = NULL;
    char service[8];
    snprintf(service, sizeof service, "%hu", port);
    if (host[0] == '\0' || getaddrinfo(host, service, &hints, &address) != 0)
        die_saying(2,
                   "--host takes an IPv4 or IPv6 address such as 127.0.0.1, "
                   "::1, or :: for both; not \"%.60s\"",
                   host);

    family = address->ai_family;
    SOCKET s = net_accept_socket();
    if (s == INVALID_SOCKET)
        die("WSASocket", (unsigned long)WSAGetLastError());

    DWORD on = 1;
    if (setsockopt(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&on,
                   sizeof on) == SOCKET_ERROR)
        die("setsockopt(SO_EXCLUSIVEADDRUSE)",
            (unsigned long)WSAGetLastError());

    /* Windows makes an IPv6 socket deaf to IPv4 unless told otherwise. */
    DWORD off = 0;
    if (address->ai_family == AF_INET6 &&
        setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, (const char *)&off,
                   sizeof off) == SOCKET_ERROR)
        die("setsockopt(IPV6_V6ONLY)", (unsigned long)WSAGetLastError());

    if (bind(s, address->ai_addr, (int)address->ai_addrlen) == SOCKET_ERROR)
        die_unbound(host, port, WSAGetLastError());
    freeaddrinfo(address);

    /* A client that finds the queue full is refused. SOMAXCONN leaves the
     * length to the system; a hint of 200 to 65,535 can ask for more
     * (documentation page "listen function"). */
    if (listen(s, SOMAXCONN_HINT(BACKLOG)) == SOCKET_ERROR)
        die("listen", (unsigned long)WSAGetLastError());
    return s;
}

void net_announce(SOCKET listener)
{
    struct sockaddr_storage address;
    int length = sizeof address;
    char host[NI_MAXHOST];
    char service[NI_MAXSERV];
    if (getsockname(listener, (struct sockaddr *)&address, &length) ==
            SOCKET_ERROR ||
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host,
                    service, sizeof service,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        die("getsockname", (unsigned long)WSAGetLastError());
    printf(address.ss_family == AF_INET6 ? "listening [%s]:%s\n"
                                         : "listening %s:%s\n",
           host, service);
    fflush(stdout);
}

int net_tune(SOCKET s)
{
    DWORD on = 1;
    if (setsockopt(s, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof on) ==
        SOCKET_ERROR)
        return WSAGetLastError();
    return 0;
}

bool net_is_own_peer(SOCKET s)
{
    struct sockaddr_in6 here = {0}, there = {0}; /* IPv4 fits in, too */
    int here_length = sizeof here, there_length = sizeof there;
    return getsockname(s, (struct sockaddr *)&here, &here_length) == 0 &&
           getpeername(s, (struct sockaddr *)&there, &there_length) == 0 &&
           here_length == there_length &&
           memcmp(&here, &there, (size_t)here_length) == 0;
}

void net_close_gracefully(SOCKET s)
{
    enum { DISCARD_AT_MOST = 64 };
    char discarded[4096];
    u_long on = 1;

    shutdown(s, SD_SEND);
    if (ioctlsocket(s, (long)FIONBIO, &on) == 0)
        for (int i = 0; i < DISCARD_AT_MOST; i++)
            if ((recv)(s, discarded, sizeof discarded, 0) <= 0) /* no echo */
                break;
    closesocket(s);
}

void net_close_abortively(SOCKET s)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(s, SOL_SOCKET, SO_LINGER, (const char *)&linger, sizeof linger);
    closesocket(s);
}
