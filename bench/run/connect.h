/* connect.h: a client's socket that waits no longer than it is told to. */
#ifndef RUN_CONNECT_H
#define RUN_CONNECT_H

#include <winsock2.h>
#include <windows.h>

/* Starts to connect a new socket to a numeric address. It is non-blocking, sends
 * small pieces at once, and no process that is started inherits it. Receives
 * into a buffer of so many bytes; 0: the system's choice. The caller closes it.
 * INVALID_SOCKET: it could not start, and WSAGetLastError() says why. */
SOCKET connect_begin(const char *host, unsigned short port,
                     int receive_buffer_bytes);

/* Waits at most timeout_ms until s is connected. Returns 0, or the Winsock
 * error: WSAETIMEDOUT when the time is over, WSAECONNREFUSED also when s is
 * connected with itself, because then nobody is there. */
int connect_end(SOCKET s, int timeout_ms);

/* Waits at most timeout_ms until s is ready for one of events (POLLRDNORM,
 * POLLWRNORM). What it is ready for, POLLERR and POLLHUP included; 0: nothing. */
int connect_poll(SOCKET s, short events, int timeout_ms);

#endif
