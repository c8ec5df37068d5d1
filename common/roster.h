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
 * protects next and previous; socket and id do not change. Everything else
 * belongs to the thread that owns the connection; main only reads what is
 * volatile and, when it cancels, sets was_cancelled. */
struct member {
    SOCKET socket;
    long id; /* 1 for the first connection */
    struct tally tally;
    volatile DWORD active_ms;    /* GetTickCount() of the last progress */
    volatile LONG is_sending;    /* 1: not all of the echo has been sent; set
                                  * with InterlockedExchange, after active_ms */
    volatile bool was_cancelled; /* main has asked to cancel its calls */
    struct member *next;
    struct member *previous;
};

/* Lets a client in. Returns memory of that many bytes for its connection: first
 * a struct member, filled in and in the list already, then zeros. The memory is
 * freed by roster_leave(). Returns NULL when --max-clients are here already or
 * there is no memory; then it has reported the reason and closed s. Any
 * thread. */
void *roster_admit(SOCKET s, size_t bytes);

/* Takes a connection off the list, closes its socket and frees its memory. It
 * has no operation in flight, and no other thread is in a call on its socket.
 * A peer that has not got all of its echo is reset: a graceful close would tell
 * it that the echo is complete. call and error say what ended the connection;
 * that is reported unless error is 0 or main has cancelled. Any thread. */
void roster_leave(struct member *m, const char *call, DWORD error);

/* Asks Windows to cancel the calls and operations of all connections, or only
 * of those that server_timed_out() names. It only asks: each still completes,
 * cancelled or not. Between two of its calls a connection does not notice the
 * cancel, so main repeats this. */
void roster_cancel(bool all);

#endif
