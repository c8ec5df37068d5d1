/* roster.h: who is connected: a list under a lock. Through it main finds the
 * connections whose time is up and, at the end, all of them. */
#ifndef COMMON_ROSTER_H
#define COMMON_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <winsock2.h>
#include <windows.h>

#include "ledger.h"

/* The first field of every chapter's struct connection. The lock of the list
 * protects next and previous; socket and id never change. All else belongs to
 * the thread that owns the connection. Main reads active_ms and is_sending,
 * sets was_cancelled, and cancels. */
struct member {
    SOCKET socket;
    long id; /* 1 for the first connection */
    struct tally tally;
    volatile DWORD active_ms;    /* GetTickCount() of the last progress */
    volatile bool is_sending;    /* not all of the echo has been sent yet */
    volatile bool was_cancelled; /* main has asked to cancel its calls */
    struct member *next;
    struct member *previous;
};

/* Lets a client in. Returns zeroed memory for its connection, that many bytes,
 * which begins with a struct member that is filled in and in the list already;
 * roster_leave() frees it. Returns NULL when --max-clients are here already or
 * there is no memory; then the reason has been reported and s closed. Any
 * thread. */
void *roster_admit(SOCKET s, size_t bytes);

/* Takes a connection off the list, closes its socket and frees its memory. The
 * connection has no operation in flight, and no other thread is in a call on
 * its socket. A peer that has not got all of its echo is reset, because a
 * graceful close would tell it that this was all. call and error say what ended
 * it; that is reported unless error is 0 or main has cancelled. Any thread. */
void roster_leave(struct member *m, const char *call, DWORD error);

/* Asks Windows to cancel the calls and operations of all connections, or only
 * of those whose time is up (server_timed_out). It only asks: each of them
 * still completes, cancelled or not. A connection that is between two of them
 * does not notice, so main repeats this. */
void roster_cancel(bool all);

#endif
