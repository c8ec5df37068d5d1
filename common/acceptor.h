/* acceptor.h: two ways to accept: a thread that sleeps in accept(), for the
 * models that have no way of their own to wait for a client (server.c of 01 has
 * the same thread in it), and AcceptEx, for the model that has one. */
#ifndef COMMON_ACCEPTOR_H
#define COMMON_ACCEPTOR_H

#include <winsock2.h>
#include <mswsock.h>

/* Starts the thread; it calls on_accept with each accepted socket, which then
 * belongs to on_accept. The thread goes on when accept() fails: a client has
 * left again, or memory or handles are short. Exits with status 1 if the thread
 * cannot be started. */
void acceptor_start(SOCKET listener, void (*on_accept)(SOCKET s));

/* Cancels accept() until the thread has ended, then closes the listener. After
 * that on_accept is not called any more. (No socket may be closed while another
 * thread is in a call on it: documentation page "closesocket function".) */
void acceptor_stop(void);

/* Returns a pointer to AcceptEx, asked for once. (The AcceptEx that a program
 * can link to asks for this pointer at each call: documentation page "AcceptEx
 * function".) Exits with status 1 if there is none. */
LPFN_ACCEPTEX acceptor_ex(SOCKET listener);

#endif
