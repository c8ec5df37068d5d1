#include "connect.h"

#include <ws2tcpip.h>

#include <string.h>

#include "../../common/net.h"

/* Returns the length of the address; 0: host is none. */
static int parse_address(const char *host, unsigned short port,
                         struct sockaddr_storage *address)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return sizeof *v6;
    }
    WSASetLastError(WSAEADDRNOTAVAIL);
    return 0;
}

SOCKET connect_begin(const char *host, unsigned short port,
                     int receive_buffer_bytes)
{
    struct sockaddr_storage address;
    u_long on = 1;
    int length = parse_address(host, port, &address);
    SOCKET s =
        length == 0
            ? INVALID_SOCKET
            : WSASocketW(address.ss_family, SOCK_STREAM, IPPROTO_TCP, NULL, 0,
                         WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (s == INVALID_SOCKET)
        return s;
    ioctlsocket(s, (long)FIONBIO, &on);
    net_tune(s);
    if (receive_buffer_bytes > 0)
        setsockopt(s, SOL_SOCKET, SO_RCVBUF,
                   (const char *)&receive_buffer_bytes,
                   sizeof receive_buffer_bytes);
    if (connect(s, (struct sockaddr *)&address, length) == 0 ||
        WSAGetLastError() == WSAEWOULDBLOCK)
        return s;
    int error = WSAGetLastError();
    closesocket(s);
    WSASetLastError(error);
    return INVALID_SOCKET;
}

int connect_end(SOCKET s, int timeout_ms)
{
    /* select and not WSAPoll, which before Windows 10 2004 does not report a
     * connect that failed. */
    fd_set writable, failed;
    FD_ZERO(&writable);
    FD_ZERO(&failed);
    FD_SET(s, &writable);
    FD_SET(s, &failed);
    struct timeval wait = {.tv_sec = timeout_ms / 1000,
                           .tv_usec = timeout_ms % 1000 * 1000};
    if (select(0, NULL, &writable, &failed, &wait) <= 0)
        return WSAETIMEDOUT;
    int error = 0;
    int length = sizeof error;
    if (FD_ISSET(s, &failed))
        getsockopt(s, SOL_SOCKET, SO_ERROR, (char *)&error, &length);
    else if (net_is_own_peer(s))
        error = WSAECONNREFUSED;
    return error;
}

int connect_poll(SOCKET s, short events, int timeout_ms)
{
    WSAPOLLFD polled = {.fd = s, .events = events};
    return WSAPoll(&polled, 1, timeout_ms) > 0 ? polled.revents : 0;
}
