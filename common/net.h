/* net.h: the parts of Winsock that are the same in every chapter.
 *
 * Nothing here waits, receives or sends for a connection that is being served:
 * that is each chapter's own business. */
#ifndef COMMON_NET_H
#define COMMON_NET_H

#include <stdbool.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>

/* WSAStartup for Winsock 2.2. Exits with status 1 if it fails. */
void net_start(void);

/* Returns a listening socket, which the caller closes. host is a numeric IPv4
 * or IPv6 address; "::" listens on IPv4 as well. port 0 lets the system choose.
 * The socket has SO_EXCLUSIVEADDRUSE, so that no other program can take the
 * port over, and no child process inherits it. If host is not an address it
 * exits with status 2; if the port is in use or anything else fails, with
 * status 1. Says why in one line. */
SOCKET net_listen(const char *host, unsigned short port);

/* Prints the line the harness waits for, "listening ADDR:PORT", and flushes. */
void net_announce(SOCKET listener);

/* Sets what every accepted socket gets in every chapter: TCP_NODELAY, so that
 * small echoes are not held back, and one chapter is not compared with that
 * switched on and another with it off. Returns 0 or the Winsock error. */
int net_tune(SOCKET s);

/* Whether a connected socket is connected with itself: both of its ends have the
 * same address. When nobody listens on a port of the dynamic range, connect()
 * can be given that very port as its own, and TCP then connects the two ends
 * (RFC 9293, section 3.5, "simultaneous open"). Nobody is there. */
bool net_is_own_peer(SOCKET s);

/* A new socket of the kind that net_listen() made, for AcceptEx, which the
 * caller closes; or INVALID_SOCKET, with the reason as the last error. */
SOCKET net_accept_socket(void);

/* Whether sockets are real file handles, so that skip-on-success can be relied
 * on; if not, says so in one line. The provider of one socket tells for all.
 * (Documentation page "SetFileCompletionNotificationModes function"; KB
 * 2568167, on providers that the port does not work with.) */
bool net_has_ifs_handles(SOCKET s);

/* Graceful close: sends what is still queued and a FIN, so that the peer sees
 * the end of the stream. Then throws away what has already arrived, because
 * closing with unread input would reset the connection, and a reset can destroy
 * data on its way to the peer. Then closes. Does not wait for the peer: one
 * that goes on sending is reset in the end. The caller has no operation pending
 * on s, and has sent all that it owes. */
void net_close_gracefully(SOCKET s);

/* Abortive close: resets the connection (SO_LINGER on, 0 seconds). For a peer
 * that must not be waited for, or that must not take this for the end. */
void net_close_abortively(SOCKET s);

#endif
